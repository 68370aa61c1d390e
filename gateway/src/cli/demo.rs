use std::{net::SocketAddr, process::ExitCode};

use anyhow::Context;
use clap::Args;
use serde_json::json;
use tokio::{net::TcpListener, signal};

use super::dev::ISSUER;
use crate::{
    devkey::DevKey,
    echo,
    observe::{self},
    project, revision,
    serve::{self, Running},
    source::Source,
};

/// `portreeve demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where the gateway listens; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: SocketAddr,
}

impl Demo {
    /// Serves the small project in front of an echo, until Ctrl-C.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        serve::run(self.serve())
    }

    async fn serve(self) -> anyhow::Result<ExitCode> {
        let upstream = TcpListener::bind("127.0.0.1:0").await.context("no port for the echo upstream")?;
        let behind = upstream.local_addr()?;
        let folder = Folder::make()?;
        let (address, behind) = (self.address.to_string(), behind.to_string());
        let places = [
            ("127.0.0.1:8080", address.as_str()),
            ("127.0.0.1:8000", &behind),
            ("127.0.0.1:9901", "127.0.0.1:0"),
        ];
        project::write(&folder.0, &places)?;
        let (key, _) = DevKey::in_folder(&folder.0.join(project::KEY_FOLDER))?;
        let source = Source::of(&folder.0);
        let compiled = revision::compile(&source, &revision::KeptParts::default());
        super::show(&compiled.report, &compiled.bundle);
        let revision = compiled.revision.context("the embedded project does not compile")?;
        observe::start_logging(&revision.config.log);
        tokio::spawn(echo::serve(upstream));
        let running = Running::start(source, revision).await?;
        super::print(&introduction(&running, &key)?)?;
        signal::ctrl_c().await?;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// A folder of our own that goes when the demo ends.
struct Folder(std::path::PathBuf);

impl Folder {
    fn make() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("portreeve-demo-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make `{}`", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Only what we wrote is in it; a system that does not let it go cleans its temporary files by itself.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn introduction(running: &Running, key: &DevKey) -> anyhow::Result<String> {
    let url = running.addresses().first().map(|address| format!("http://{address}")).unwrap_or_default();
    let now = jsonwebtoken::get_current_timestamp();
    let token = key.sign(&json!({
        "iss": ISSUER, "aud": project::AUDIENCE, "sub": "alice", "roles": ["user"], "iat": now, "exp": now + 3600,
    }))?;
    Ok(format!(
        "The gateway is at {url}, in front of an upstream that answers with what it got.\n\n\
         # Nobody is calling: 401\n\
         curl -i {url}/notes/1\n\n\
         # Alice may read; see the x-user-id that the upstream gets: 200\n\
         curl -i {url}/notes/1 -H 'Authorization: Bearer {token}'\n\n\
         # Alice is no editor: 403\n\
         curl -i -X DELETE {url}/notes/1 -H 'Authorization: Bearer {token}'\n\n\
         The token is for this demo and good for an hour. Metrics are at http://{}/metrics. Ctrl-C ends it.\n",
        running.admin(),
    ))
}
