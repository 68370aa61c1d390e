//! `portreeve pdp`: the decision point as a process of its own. What it answers is `portreeve-api`'s; here are its
//! files, its port and its signals.

mod keys;
mod tokens;

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use portreeve_api::pdp::{self, Config, Journal, Point, Workers, config::Listen};
use portreeve_diagnostics::{Bundle, Diagnostic, Report, render};
use portreeve_policies::{Kept, Options, PolicySet, Recompiled};
use portreeve_store::{Directory, Watch, archive, is_yaml_or_json};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use self::tokens::Verifier;

/// A decision point that has all it needs and does not answer yet.
#[derive(Debug)]
pub(crate) struct Started {
    config: Config,
    set: PolicySet,
    /// What is not to be done again when a policy changes.
    kept: Kept,
    policies: Bundle,
    directory: Directory,
    /// The policies are in an archive, which is read once.
    packed: bool,
    verifier: Verifier,
    journal: Option<Journal>,
}

impl Started {
    /// Reads the configuration and what it names. With nothing, the report says why; its places are in the bundle.
    pub(crate) fn read(file: &Path, overrides: &[String]) -> (Option<Self>, Bundle, Report) {
        let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = file.file_name().unwrap_or_default();
        let (mut bundle, mut report) = Directory::new(folder).include(name, |_| true).read();
        if report.has_errors() {
            return (None, bundle, report);
        }
        let variables = |name: &str| std::env::var(name).ok();
        let Some(config) = Config::read(&mut bundle, overrides, &variables, &mut report) else {
            return (None, bundle, report);
        };
        // Relative paths start where the process does, as Cerbos' do.
        let root = PathBuf::from(&config.storage.directory);
        let packed = archive::is_archive(&root) && root.is_file();
        if !packed && !root.is_dir() {
            report.push(not_a_folder(&config));
            return (None, bundle, report);
        }
        let verifier = match Verifier::new(&config.tokens) {
            Ok(verifier) => verifier,
            Err(diagnostic) => {
                report.push(diagnostic);
                return (None, bundle, report);
            }
        };
        let directory = Directory::new(&root).include(".", is_yaml_or_json);
        let (policies, found) = if packed { archive::read(&root, is_yaml_or_json) } else { directory.read() };
        let set = if found.has_errors() {
            Err(found)
        } else {
            compile(&policies, &config.options, &Kept::default())
        };
        let (set, kept) = match set {
            Ok((set, kept, warnings)) => {
                show(&warnings, &policies);
                (set, kept)
            }
            // Other places than those of the configuration.
            Err(found) => return (None, policies, found),
        };
        match journal(&config) {
            Ok(journal) => {
                let started = Self { config, set, kept, policies, directory, packed, verifier, journal };
                (Some(started), bundle, report)
            }
            Err(error) => {
                report.push(Diagnostic::error("pdp/audit", error.to_string()));
                (None, bundle, report)
            }
        }
    }

    /// Answers until SIGTERM or SIGINT.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let Self { config, set, kept, policies, directory, packed, verifier, journal } = self;
        let verifier = Arc::new(verifier);
        verifier.fetch().await;
        let listener = bind(&config.listen).await?;
        let address = listener.local_addr()?;
        let count = set.len();
        let point = Arc::new(Point::new(&config, set, &policies, Arc::clone(&verifier) as _, journal));
        let watch = (config.storage.watch && !packed)
            .then(|| watch(&directory, &policies.revision, &config, &point, kept));
        let refresh = tokio::spawn(Arc::clone(&verifier).refresh());
        tracing::info!(%address, policies = count, revision = %policies.revision, "answering");
        // The text is not needed any more.
        drop(policies);
        let workers = Workers::start(&point).context("no threads")?;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: the end"),
            _ = interrupt.recv() => tracing::info!("SIGINT: the end"),
            () = workers.accept(listener) => {}
        }
        // A question takes microseconds; nothing is worth waiting for but the journal.
        drop(workers);
        refresh.abort();
        drop(watch);
        point.close();
        Ok(())
    }
}

fn not_a_folder(config: &Config) -> Diagnostic {
    let directory = &config.storage.directory;
    let what =
        if Path::new(directory).exists() { "is neither a folder nor an archive" } else { "does not exist" };
    Diagnostic::error("pdp/no-folder", format!("`{directory}` {what}"))
        .at(config.storage.written, "policies were to be here")
        .help("relative paths start in the folder that the process is started in")
}

fn journal(config: &Config) -> Result<Option<Journal>, pdp::Unwritable> {
    let directory = config.storage.directory.clone();
    let directory = std::path::absolute(&directory).map_or(directory, |path| path.display().to_string());
    let open = |audit| Journal::open(audit, Path::new(""), directory);
    config.audit.clone().map(open).transpose()
}

fn compile(bundle: &Bundle, options: &Options, before: &Kept) -> Result<(PolicySet, Kept, Report), Report> {
    let files: Vec<u32> = (0u32..).zip(&bundle.files).map(|(index, _)| index).collect();
    match PolicySet::recompile(bundle, &files, options, before) {
        Recompiled { set: Some(set), report, kept, .. } if !report.has_errors() => Ok((set, kept, report)),
        Recompiled { report, .. } => Err(report),
    }
}

fn show(report: &Report, bundle: &Bundle) {
    if !report.is_empty() {
        tracing::warn!("what was found in the policies\n{}", render::terminal(report, bundle, false));
    }
}

fn watch(
    directory: &Directory,
    revision: &str,
    config: &Config,
    point: &Arc<Point>,
    mut kept: Kept,
) -> Watch {
    let (point, options) = (Arc::clone(point), config.options.clone());
    directory.watch(revision, move |bundle, report| {
        let compiled = if report.has_errors() { Err(report) } else { compile(&bundle, &options, &kept) };
        match compiled {
            Ok((set, again, warnings)) => {
                kept = again;
                show(&warnings, &bundle);
                point.replace(set, &bundle);
                tracing::info!(revision = %bundle.revision, "other policies are live");
            }
            Err(report) => {
                let report = render::terminal(&report, &bundle, false);
                tracing::error!("the policies cannot be used, those before go on being asked\n{report}");
            }
        }
    })
}

async fn bind(listen: &Listen) -> anyhow::Result<TcpListener> {
    let port = listen.port;
    let bound = match listen.host.as_str() {
        // Both families where there are both.
        "" => match TcpListener::bind((std::net::Ipv6Addr::UNSPECIFIED, port)).await {
            Ok(bound) => Ok(bound),
            Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await,
        },
        host => TcpListener::bind((host, port)).await,
    };
    bound.with_context(|| format!("cannot listen at `{}:{port}`", listen.host))
}
