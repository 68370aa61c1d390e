use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::Ipv6Addr,
    sync::Arc,
    time::Duration,
};

use http::HeaderValue;

/// How one service is reached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UpstreamSettings {
    /// The name that routes know it by.
    pub(crate) name: Arc<str>,
    /// Where it is. Never empty.
    pub(crate) endpoints: Vec<Place>,
    /// What it speaks.
    pub(crate) protocol: Protocol,
    /// The `Host` that it is told, instead of the one that the client asked for.
    pub(crate) host: Option<HeaderValue>,
    /// How it proves that it is who it is.
    pub(crate) tls: Tls,
    /// How long connecting may take; with TLS, twice that in all.
    pub(crate) connect_timeout: Duration,
    /// How long it may be silent, WebSockets included.
    pub(crate) read_timeout: Duration,
    /// How long it may refuse to take more.
    pub(crate) write_timeout: Duration,
    /// How long a connection is kept for the next request.
    pub(crate) idle_timeout: Duration,
    /// Whether and how it is tried without being asked for.
    pub(crate) health: Option<Health>,
}

/// One endpoint as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// `https`.
    pub(crate) tls: bool,
    /// A name or an address; IPv6 without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
}

/// What an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, in the clear with prior knowledge.
    Http2,
    /// HTTP/2 where TLS negotiates it, HTTP/1.1 otherwise.
    Either,
}

/// How an upstream proves itself. Verification cannot be switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Tls {
    /// The authorities (DER) that are trusted; those of the system when none are named.
    pub(crate) authorities: Option<Vec<Vec<u8>>>,
    /// The name in its certificate, where it is not the endpoint's host.
    pub(crate) server_name: Option<String>,
}

/// How an endpoint is tried: by opening a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Health {
    /// How often.
    pub(crate) interval: Duration,
    /// How long it may take.
    pub(crate) timeout: Duration,
}

impl UpstreamSettings {
    /// Everything as it is when nothing is said about it.
    pub(crate) fn plain(name: &str, endpoints: Vec<Place>) -> Self {
        let protocol = Protocol::Http1;
        Self {
            name: name.into(),
            endpoints,
            protocol,
            host: None,
            tls: Tls::default(),
            connect_timeout: Duration::from_secs(2),
            read_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
            health: None,
        }
    }

    /// The name that the endpoint's certificate must be for.
    pub(crate) fn server_name(&self, place: &Place) -> String {
        self.tls.server_name.clone().unwrap_or_else(|| place.host.clone())
    }

    /// Equal only for upstreams whose connections may be used for one another.
    pub(crate) fn pool_key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.name, &self.tls, self.protocol).hash(&mut hasher);
        hasher.finish()
    }
}

impl Place {
    /// Reads `http://host:port` or `https://host:port`. Nothing else may be in it but a single `/` at its end.
    ///
    /// # Errors
    /// What is wrong with it, in words that fit after `the endpoint`.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = url::Url::parse(text).map_err(|_| "is not a URL")?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err("must start with `http://` or `https://`"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold credentials");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(
                "must end after the port: what is forwarded is what was judged, so no path is put before it",
            );
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("has no host")?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or("has no port")?;
        Ok(Self { tls, host, port })
    }

    /// `host:port` as a `Host` field has it: the scheme's own port left out, IPv6 in brackets.
    pub(crate) fn authority(&self) -> String {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.clone(),
        };
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_scheme_a_host_and_a_port() {
        for (text, expected) in [
            ("http://127.0.0.1:8000", Ok((false, "127.0.0.1", 8000, "127.0.0.1:8000"))),
            ("https://app.test", Ok((true, "app.test", 443, "app.test"))),
            ("http://[::1]:80/", Ok((false, "::1", 80, "[::1]"))),
            ("http://app.test/base", Err("must end after the port")),
            ("http://app.test?x", Err("must end after the port")),
            ("http://u:p@app.test", Err("must not hold credentials")),
            ("ftp://app.test", Err("must start with")),
            ("app.test:80", Err("must start with")),
            ("127.0.0.1", Err("is not a URL")),
            ("http://app.test:0", Err("has no port")),
        ] {
            match (Place::parse(text), expected) {
                (Ok(place), Ok((tls, host, port, authority))) => {
                    assert_eq!((place.tls, &*place.host, place.port), (tls, host, port), "{text}");
                    assert_eq!(place.authority(), authority);
                }
                (Err(why), Err(start)) => assert!(why.starts_with(start), "{text}: {why}"),
                (read, _) => panic!("{text}: {read:?}"),
            }
        }
    }

    #[test]
    fn connections_are_shared_only_under_the_same_trust() {
        let a = UpstreamSettings::plain("a", Vec::new());
        let mut b = a.clone();
        b.tls.authorities = Some(vec![vec![1]]);
        assert_ne!(a.pool_key(), b.pool_key());
        assert_eq!(a.pool_key(), a.clone().pool_key());
    }
}
