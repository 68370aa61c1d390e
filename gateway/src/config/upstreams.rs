use http::HeaderValue;
use portreeve_diagnostics::{
    Diagnostic, Entry, Node, Report, Span,
    read::{Fields, choice, duration, items, positive_duration, text, wrong_type},
};
use rustls_pki_types::ServerName;

use super::{Folder, authenticators::shared::set_duration, compile::no_name, raw::RawUpstream};
use crate::upstreams::{Health, Place, Protocol, Tls, UpstreamSettings};

/// All upstreams.
pub(super) fn upstreams(node: &Node, folder: &Folder, report: &mut Report) -> Vec<UpstreamSettings> {
    let Some(entries) = node.as_map() else {
        report.push(wrong_type(node, "`upstreams`", "a mapping from names to upstreams"));
        return Vec::new();
    };
    entries.iter().filter_map(|entry| upstream(entry, folder, report)).collect()
}

fn upstream(entry: &Entry, folder: &Folder, report: &mut Report) -> Option<UpstreamSettings> {
    let raw = RawUpstream::read(&entry.value, report)?;
    let places = raw.endpoints.map(|node| places(node, report)).unwrap_or_default();
    if entry.key.value.trim().is_empty() {
        report.push(no_name(entry));
    }
    let mut upstream = UpstreamSettings::plain(&entry.key.value, places);
    for (node, name, slot) in [
        (raw.connect_timeout, "`connect-timeout`", &mut upstream.connect_timeout),
        (raw.read_timeout, "`read-timeout`", &mut upstream.read_timeout),
        (raw.write_timeout, "`write-timeout`", &mut upstream.write_timeout),
    ] {
        set_duration(slot, node, name, positive_duration, report);
    }
    // Nothing is how not to keep connections.
    set_duration(&mut upstream.idle_timeout, raw.idle_timeout, "`idle-timeout`", duration, report);
    let encrypted = upstream.endpoints.iter().any(|place| place.tls);
    upstream.protocol = match raw.protocol {
        Some(node) => {
            let words =
                [("http1", Protocol::Http1), ("http2", Protocol::Http2), ("either", Protocol::Either)];
            choice(node, "`protocol`", &words, report)?
        }
        None if encrypted => Protocol::Either,
        None => Protocol::Http1,
    };
    upstream.host = raw.host.and_then(|node| host(node, report));
    upstream.health = raw.health.and_then(|node| health(node, report));
    if let Some(node) = raw.tls {
        upstream.tls = tls(node, folder, report)?;
        if !encrypted {
            let message =
                format!("upstream `{}` has no `https://` endpoint, so `tls` says nothing", upstream.name);
            report.push(Diagnostic::warning("config/unused-tls", message).at(node.span, "never used"));
        }
    }
    named(&upstream, entry.value.span, report);
    (!upstream.endpoints.is_empty()).then_some(upstream)
}

fn places(node: &Node, report: &mut Report) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for node in items(node) {
        let Some(written) = text(node, "an endpoint", report) else { continue };
        match Place::parse(&written.value) {
            Ok(place) if places.contains(&place) => {
                let message = format!("the endpoint `{}` is there twice", written.value);
                report.push(Diagnostic::warning("config/repeated-endpoint", message).at(node.span, "again"));
            }
            Ok(place) => places.push(place),
            Err(why) => {
                let message = format!("the endpoint `{}` {why}", written.value);
                report.push(
                    Diagnostic::error("config/bad-endpoint", message)
                        .at(node.span, "must be like `http://127.0.0.1:8000`"),
                );
            }
        }
    }
    if places.is_empty() && !report.has_errors() {
        let message = "an upstream needs at least one endpoint";
        report.push(Diagnostic::error("config/no-endpoint", message).at(node.span, "empty"));
    }
    places
}

/// With TLS, what the endpoint is called must be something that a certificate can be for.
fn named(upstream: &UpstreamSettings, span: Span, report: &mut Report) {
    for place in upstream.endpoints.iter().filter(|place| place.tls) {
        let name = upstream.server_name(place);
        if ServerName::try_from(name.clone()).is_err() {
            let message = format!("`{name}` is not a name that a certificate can be for");
            report.push(
                Diagnostic::error("config/bad-server-name", message)
                    .at(span, "this upstream")
                    .help("say `tls: { server-name: … }`"),
            );
        }
    }
}

fn host(node: &Node, report: &mut Report) -> Option<HeaderValue> {
    let written = text(node, "`host`", report)?;
    let has_port = |host: &http::uri::Authority| host.as_str() == host.host() || host.port_u16().is_some();
    let sound = written.value.parse::<http::uri::Authority>().ok();
    let sound = sound.filter(|host| !host.as_str().contains('@') && has_port(host));
    if sound.is_none() {
        let message = format!("`{}` is not a host", written.value);
        report.push(Diagnostic::error("config/bad-host", message).at(node.span, "must be like `app.test`"));
    }
    HeaderValue::from_str(sound?.as_str()).ok()
}

fn tls(node: &Node, folder: &Folder, report: &mut Report) -> Option<Tls> {
    let mut fields = Fields::of(node, "`tls`", report)?;
    let ca = fields.optional("ca");
    let name = fields.optional("server-name");
    fields.finish(report);
    let server_name = name.and_then(|node| text(node, "`server-name`", report)).map(|name| name.value);
    let authorities = match ca {
        Some(node) => {
            let file = text(node, "`ca`", report)?;
            let found = folder.certificates(&file, report)?;
            Some(found.iter().map(|der| der.to_vec()).collect())
        }
        None => None,
    };
    Some(Tls { authorities, server_name })
}

fn health(node: &Node, report: &mut Report) -> Option<Health> {
    let mut fields = Fields::of(node, "`health`", report)?;
    let interval = fields.required("interval", report);
    let timeout = fields.optional("timeout");
    fields.finish(report);
    let interval = positive_duration(interval?, "`interval`", report)?;
    let timeout = timeout.and_then(|node| positive_duration(node, "`timeout`", report)).unwrap_or(interval);
    Some(Health { interval, timeout })
}
