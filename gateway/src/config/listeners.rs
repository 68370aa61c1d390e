use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use ipnet::IpNet;
use portreeve_diagnostics::{
    Diagnostic, Node, Report,
    read::{Fields, boolean, choice, items, text},
};
use rustls_pki_types::CertificateDer;

use super::{
    Folder,
    raw::{RawListener, RawListenerTls},
};

/// One place where requests come in.
#[derive(Clone, Debug)]
pub(crate) struct ListenerSettings {
    /// The address to bind.
    pub(crate) address: SocketAddr,
    /// TLS, or plain HTTP.
    pub(crate) tls: Option<ListenerTls>,
    /// Whether HTTP/2 is spoken in the clear to those who begin with it.
    pub(crate) h2c: bool,
    /// The peers whose `X-Forwarded-*` fields are believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// How a listener speaks TLS.
#[derive(Clone, Debug)]
pub(crate) struct ListenerTls {
    /// The certificates to choose from by the name that the client asks for; the first is for all others. Never empty.
    pub(crate) certificates: Vec<CertificateFiles>,
    /// Whose client certificates are taken.
    pub(crate) clients: Option<ClientAuthorities>,
}

/// A certificate chain and its key, read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    /// PEM, the leaf first.
    pub(crate) chain: PathBuf,
    /// PEM.
    pub(crate) key: PathBuf,
}

/// Who may vouch for clients.
#[derive(Clone, Debug)]
pub(crate) struct ClientAuthorities {
    /// The authorities.
    pub(crate) roots: Vec<CertificateDer<'static>>,
    /// Whether a client without a certificate is turned away at the handshake.
    pub(crate) required: bool,
}

/// All listeners.
pub(super) fn listeners(node: &Node, folder: &Folder, report: &mut Report) -> Vec<ListenerSettings> {
    let mut all: Vec<ListenerSettings> = Vec::new();
    for node in items(node) {
        let Some(listener) = listener(node, folder, report) else { continue };
        if let Some(other) = all.iter().find(|other| collide(other.address, listener.address)) {
            let message = match other.address == listener.address {
                true => format!("two listeners have the address `{}`", listener.address),
                false => format!("`{}` and `{}` cannot both be listened at", other.address, listener.address),
            };
            report.push(Diagnostic::error("config/tied-listeners", message).at(node.span, "the second one"));
        }
        all.push(listener);
    }
    if all.is_empty() && !report.has_errors() {
        let message = "there is no listener, so no request could come in";
        report.push(Diagnostic::error("config/no-listener", message).at(node.span, "empty"));
    }
    all
}

/// Whether whoever listens at one of these keeps others from listening at the other.
pub(super) fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let same = one.ip() == other.ip()
        || one.is_ipv4() == other.is_ipv4() && (one.ip().is_unspecified() || other.ip().is_unspecified());
    same && one.port() == other.port() && one.port() != 0
}

fn listener(node: &Node, folder: &Folder, report: &mut Report) -> Option<ListenerSettings> {
    let raw = RawListener::read(node, report)?;
    let tls = raw.tls.map(|tls| listener_tls(tls, folder, report));
    let h2c = raw.h2c.map(|h2c| boolean(h2c, "`h2c`", report));
    if let (Some(node), Some(Some(true)), Some(_)) = (raw.h2c, h2c, raw.tls) {
        let message = "with `tls`, HTTP/2 is negotiated and never spoken in the clear";
        report.push(Diagnostic::warning("config/unused-h2c", message).at(node.span, "says nothing"));
    }
    let trusted_proxies = raw.trusted_proxies.map(|list| networks(list, report)).unwrap_or_default();
    let address = address(raw.address?, report)?;
    // Without a word, HTTP/2 in the clear is spoken: gRPC clients on a private network expect it.
    Some(ListenerSettings {
        address,
        tls: tls.flatten(),
        h2c: h2c.flatten().unwrap_or(true),
        trusted_proxies,
    })
}

/// An address and a port to listen at. A bare name would have to be resolved, which can fail or change.
pub(super) fn address(node: &Node, report: &mut Report) -> Option<SocketAddr> {
    let written = text(node, "`address`", report)?;
    let parsed = written.value.parse().ok();
    if parsed.is_none() {
        let message = format!("`{}` is not an address and a port", written.value);
        report.push(
            Diagnostic::error("config/bad-address", message)
                .at(node.span, "must be like `127.0.0.1:8080` or `[::]:8080`"),
        );
    }
    parsed
}

fn listener_tls(node: &Node, folder: &Folder, report: &mut Report) -> Option<ListenerTls> {
    let raw = RawListenerTls::read(node, report)?;
    let required = raw.client_certificate.and_then(|node| {
        choice(node, "`client-certificate`", &[("required", true), ("optional", false)], report)
    });
    let clients = raw.client_ca.and_then(|node| {
        let file = text(node, "`client-ca`", report)?;
        let roots = folder.certificates(&file, report)?;
        Some(ClientAuthorities { roots, required: required.unwrap_or(true) })
    });
    if raw.client_certificate.is_some() && raw.client_ca.is_none() {
        report.push(
            Diagnostic::error("config/missing-key", "`client-certificate` needs `client-ca`")
                .at(node.span, "no authority is named that could vouch for a client"),
        );
    }
    let written = raw.certificates?;
    if items(written).is_empty() {
        let message = "`tls` has no certificate to show";
        report.push(Diagnostic::error("config/no-certificate", message).at(written.span, "empty"));
    }
    let certificates: Vec<_> =
        items(written).iter().filter_map(|node| certificate(node, folder, report)).collect();
    (!certificates.is_empty()).then_some(ListenerTls { certificates, clients })
}

fn certificate(node: &Node, folder: &Folder, report: &mut Report) -> Option<CertificateFiles> {
    let mut fields = Fields::of(node, "a certificate", report)?;
    let chain = fields.required("certificate", report).and_then(|node| text(node, "`certificate`", report));
    let key = fields.required("key", report).and_then(|node| text(node, "`key`", report));
    fields.finish(report);
    let chain = chain?;
    folder.certificates(&chain, report)?;
    let files = CertificateFiles { chain: folder.path(&chain.value), key: folder.path(&key?.value) };
    if let Err(error) = crate::listeners::read_certificate(&files) {
        let message = format!("`{}` cannot be used: {error}", chain.value);
        report.push(
            Diagnostic::error("config/unusable-certificate", message).at(node.span, "this certificate"),
        );
        return None;
    }
    Some(files)
}

/// Wider than any private range, so that it holds addresses of strangers.
fn is_the_world(net: &IpNet) -> bool {
    net.prefix_len() < if matches!(net, IpNet::V4(_)) { 8 } else { 7 }
}

/// Networks whose word is taken. Everybody is not a network.
fn networks(node: &Node, report: &mut Report) -> Vec<IpNet> {
    let mut all = Vec::new();
    for node in items(node) {
        let Some(written) = text(node, "`trusted-proxies`", report) else { continue };
        let single = || written.value.parse::<IpAddr>().ok().map(IpNet::from);
        match written.value.parse::<IpNet>().ok().or_else(single) {
            Some(net) if is_the_world(&net) => {
                let message =
                    format!("`{}` is everybody, and then anybody could say who they are", written.value);
                report.push(Diagnostic::error("config/trust-everybody", message).at(node.span, "too wide"));
            }
            Some(net) => all.push(net),
            None => {
                let message = format!("`{}` is not a network", written.value);
                let label = "must be like `10.0.0.0/8` or `192.0.2.7`";
                report.push(Diagnostic::error("config/bad-network", message).at(node.span, label));
            }
        }
    }
    all
}
