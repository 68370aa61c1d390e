//! `portreeve.yaml` taken apart: which keys are there, and where. No defaults, no judgement.

use portreeve_diagnostics::{Node, Report, read::Fields};

/// The top level.
#[derive(Debug, Default)]
pub(crate) struct Raw<'n> {
    pub(crate) listeners: Option<&'n Node>,
    pub(crate) admin: Option<&'n Node>,
    pub(crate) limits: Option<&'n Node>,
    pub(crate) log: Option<&'n Node>,
    pub(crate) upstreams: Option<&'n Node>,
    pub(crate) authenticators: Option<&'n Node>,
    pub(crate) mutators: Option<&'n Node>,
    pub(crate) answers: Option<&'n Node>,
    pub(crate) routes: Option<&'n Node>,
    pub(crate) policies: Option<&'n Node>,
    pub(crate) audit: Option<&'n Node>,
}

/// One entry of `listeners`.
#[derive(Debug)]
pub(crate) struct RawListener<'n> {
    pub(crate) address: Option<&'n Node>,
    pub(crate) tls: Option<&'n Node>,
    pub(crate) h2c: Option<&'n Node>,
    pub(crate) trusted_proxies: Option<&'n Node>,
}

/// `tls` of a listener.
#[derive(Debug)]
pub(crate) struct RawListenerTls<'n> {
    pub(crate) certificates: Option<&'n Node>,
    pub(crate) client_ca: Option<&'n Node>,
    pub(crate) client_certificate: Option<&'n Node>,
}

/// One entry of `upstreams`.
#[derive(Debug)]
pub(crate) struct RawUpstream<'n> {
    pub(crate) endpoints: Option<&'n Node>,
    pub(crate) protocol: Option<&'n Node>,
    pub(crate) host: Option<&'n Node>,
    pub(crate) tls: Option<&'n Node>,
    pub(crate) connect_timeout: Option<&'n Node>,
    pub(crate) read_timeout: Option<&'n Node>,
    pub(crate) write_timeout: Option<&'n Node>,
    pub(crate) idle_timeout: Option<&'n Node>,
    pub(crate) health: Option<&'n Node>,
}

impl<'n> Raw<'n> {
    /// Reads the keys of the file, and reports those that nobody knows and those that are missing.
    pub(crate) fn read(node: &'n Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "the configuration", report)?;
        let raw = Self {
            listeners: fields.required("listeners", report),
            admin: fields.section("admin"),
            limits: fields.section("limits"),
            log: fields.section("log"),
            upstreams: fields.required("upstreams", report),
            authenticators: fields.section("authenticators"),
            mutators: fields.section("mutators"),
            answers: fields.section("answers"),
            routes: fields.required("routes", report),
            policies: fields.required("policies", report),
            audit: fields.optional("audit"),
        };
        fields.finish(report);
        Some(raw)
    }
}

impl<'n> RawListener<'n> {
    pub(crate) fn read(node: &'n Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "a listener", report)?;
        let raw = Self {
            address: fields.required("address", report),
            tls: fields.optional("tls"),
            h2c: fields.optional("h2c"),
            trusted_proxies: fields.optional("trusted-proxies"),
        };
        fields.finish(report);
        Some(raw)
    }
}

impl<'n> RawListenerTls<'n> {
    pub(crate) fn read(node: &'n Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "`tls`", report)?;
        let raw = Self {
            certificates: fields.required("certificates", report),
            client_ca: fields.optional("client-ca"),
            client_certificate: fields.optional("client-certificate"),
        };
        fields.finish(report);
        Some(raw)
    }
}

impl<'n> RawUpstream<'n> {
    pub(crate) fn read(node: &'n Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "an upstream", report)?;
        let raw = Self {
            endpoints: fields.required("endpoints", report),
            protocol: fields.optional("protocol"),
            host: fields.optional("host"),
            tls: fields.optional("tls"),
            connect_timeout: fields.optional("connect-timeout"),
            read_timeout: fields.optional("read-timeout"),
            write_timeout: fields.optional("write-timeout"),
            idle_timeout: fields.optional("idle-timeout"),
            health: fields.optional("health"),
        };
        fields.finish(report);
        Some(raw)
    }
}
