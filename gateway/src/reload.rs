//! Another revision while the gateway runs: files that change, SIGHUP, certificates that are renewed.
//!
//! A revision is taken whole or not at all. One that is not leaves the one before serving, is logged as a person would
//! be shown it, counted, and told by the admin listener.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use portreeve_diagnostics::render;
use portreeve_enforce::Live;
use portreeve_identity::Readiness;
use portreeve_store::Watch;
use tokio::{
    signal::unix::Signal,
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    beside::Beside,
    config::{Config, Kept},
    listeners::Certificates,
    revision::{self, Compiled, KeptParts, Revision},
    serve::Shared,
    source::{Named, Source},
    upstreams::Upstreams,
};

/// How often certificates are looked at without being told.
const CERTIFICATES_EVERY: Duration = Duration::from_secs(30);

/// How often secrets and the like are looked at.
const BESIDE_EVERY: Duration = Duration::from_secs(3);

/// How long after a reload the files are looked at once more. They may have changed between being seen and being read,
/// and back to what was seen.
const AGAIN: Duration = Duration::from_secs(1);

/// Whoever makes new revisions live.
#[derive(Debug)]
pub(crate) struct Reloader {
    source: Source,
    shared: Shared,
    live: Arc<Live>,
    certificates: Vec<Arc<Certificates>>,
    kept: KeptParts,
    /// What cannot be changed while the gateway runs, as it was at the start.
    fixed: String,
    /// The revision that was read last, taken or not.
    read: Arc<str>,
    report: mpsc::Sender<()>,
    changes: mpsc::Receiver<()>,
    /// What is watched, and the watch.
    watch: Option<(Named, Watch)>,
    /// What is read and is no part of a revision.
    beside: Beside,
}

impl Reloader {
    /// Continues from a first revision, `served`, that is live.
    pub(crate) fn new(
        source: Source,
        shared: Shared,
        live: Arc<Live>,
        certificates: Vec<Arc<Certificates>>,
        config: &Config,
        kept: KeptParts,
        served: &str,
    ) -> Self {
        let (report, changes) = mpsc::channel(1);
        let (fixed, beside) = (fixed(config), Beside::new(source.folder().clone()));
        let mut reloader = Self {
            source,
            shared,
            live,
            certificates,
            kept,
            fixed,
            read: Arc::from(served),
            report,
            changes,
            watch: None,
            beside,
        };
        reloader.watch(Named::by(config), served);
        reloader
    }

    /// Reloads whenever there is a reason to, SIGHUP among them, until `stop` says true.
    pub(crate) async fn run(mut self, mut hangups: Signal, mut stop: watch::Receiver<bool>) {
        let mut renewals = tokio::time::interval(CERTIFICATES_EVERY);
        let mut looks = tokio::time::interval(BESIDE_EVERY);
        let mut again = None;
        loop {
            tokio::select! {
                () = told_to(&mut stop) => return,
                Some(()) = self.changes.recv() => {
                    self.reload("files changed").await;
                    again = Some(Instant::now() + AGAIN);
                }
                () = until(again) => again = self.look_again().await,
                Some(()) = hangups.recv() => {
                    self.reload("SIGHUP").await;
                    self.renew();
                }
                _ = renewals.tick() => self.renew(),
                _ = looks.tick() => if self.beside.changed() {
                    self.reload("secrets or authorities changed").await;
                },
            }
        }
    }

    /// Reloads if the files are not what was read last, and says when to look the next time.
    async fn look_again(&mut self) -> Option<Instant> {
        let source = self.source.clone();
        let now = tokio::task::spawn_blocking(move || source.read().bundle.revision).await.ok()?;
        if now == self.read {
            return None;
        }
        self.reload("files changed").await;
        Some(Instant::now() + AGAIN)
    }

    async fn reload(&mut self, why: &'static str) {
        let (source, before) = (self.source.clone(), self.kept.clone());
        let compiled = tokio::task::spawn_blocking(move || revision::compile(&source, &before)).await;
        let Ok(compiled) = compiled else {
            tracing::error!("compiling a revision broke off; the one before goes on serving");
            self.shared.metrics.reloaded(false);
            return;
        };
        self.read = Arc::clone(&compiled.bundle.revision);
        // Taken or not: what makes a bad revision good can be in a folder that none before it named. What a
        // configuration names that cannot be used is not known; but it is watched itself.
        if let Some(named) = compiled.named.clone() {
            self.watch(named, &compiled.bundle.revision);
        }
        match compiled.revision {
            Some(revision) => self.take(revision, why).await,
            None => self.refuse(&compiled),
        }
    }

    async fn take(&mut self, revision: Revision, why: &'static str) {
        let id = Arc::clone(revision.snapshot.revision());
        if fixed(&revision.config) != self.fixed {
            tracing::warn!("`listeners`, `admin`, `limits`, `log` and `audit` change with a restart only");
        }
        prepare(&revision.kept.authenticators).await;
        // First where requests may go, then the routes that send them there.
        let upstreams = Upstreams::start(revision.config.upstreams.clone(), &self.shared.upstreams.load());
        self.shared.upstreams.store(Arc::new(upstreams));
        self.shared.answers.store(Arc::new(revision.answers));
        self.live.replace(revision.snapshot);
        self.kept = revision.kept;
        self.shared.metrics.reloaded(true);
        self.shared.revisions.went_live(Arc::clone(&id), self.kept.checkers());
        self.shared.metrics.watch_caches(self.kept.checkers());
        tracing::info!(revision = %id, why, "a new revision is live");
    }

    fn refuse(&self, compiled: &Compiled) {
        let id = &compiled.bundle.revision;
        let report = render::terminal(&compiled.report, &compiled.bundle, false);
        tracing::error!("revision {id} cannot be used, the one before goes on serving\n{report}");
        self.shared.metrics.reloaded(false);
        self.shared.revisions.failed(Arc::clone(id), report);
    }

    /// Watches what a configuration names from now on. `read` is the revision that is known: what has changed since it
    /// was read, before anybody watched, is a change too.
    fn watch(&mut self, named: Named, read: &str) {
        if self.watch.as_ref().is_some_and(|(before, _)| *before == named) {
            return;
        }
        self.beside.look_after(&named.beside);
        let report = self.report.clone();
        // A full channel has a reload waiting already, which will see this change too.
        let watch = self.source.directory(&named).watch(read, move |_, _| {
            let _ = report.try_send(());
        });
        self.watch = Some((named, watch));
    }

    fn renew(&self) {
        for certificates in &self.certificates {
            match certificates.refresh() {
                Ok(true) => tracing::info!("certificates were renewed"),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "certificates cannot be renewed; those before go on being served")
                }
            }
        }
    }
}

/// Lets authenticators fetch what they need before the first request has to wait for it. One that cannot does not keep
/// the gateway from serving.
pub(crate) async fn prepare(authenticators: &[Kept]) {
    let now = SystemTime::now();
    futures_util::future::join_all(authenticators.iter().map(|kept| kept.authenticator.prepare(now))).await;
    for Kept { authenticator, .. } in authenticators {
        if let Readiness::Waiting(why) | Readiness::Stale(why) = authenticator.readiness() {
            tracing::warn!(authenticator = %authenticator.name(), why, "an authenticator is not ready");
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

async fn told_to(stop: &mut watch::Receiver<bool>) {
    // Whoever could say it being gone is as good.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What cannot be changed while the gateway runs. Only ever compared.
fn fixed(config: &Config) -> String {
    format!("{:?}", (&config.listeners, config.admin, config.limits, &config.log, &config.audit))
}
