use std::{borrow::Cow, cmp::Ordering, net::Ipv6Addr};

/// A host that has exactly one reading: lower case, without a trailing dot, an IPv6 address in its shortest form and
/// in brackets. The port stands apart: routes are matched on the name alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host<'r> {
    name: Cow<'r, str>,
    port: Option<u16>,
}

/// Why a host is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Nothing before the port.
    #[error("the host is empty")]
    Empty,
    /// `@`, `/`, a space, a comma, an escape, a byte beyond ASCII …
    #[error("the host has a character that no host has")]
    Character,
    /// An empty label, or one longer than 63 bytes.
    #[error("the host has a label that is empty or too long")]
    Label,
    /// `[` without an IPv6 address and `]`, or with a zone.
    #[error("the host is not an IPv6 address")]
    Address,
    /// What follows the `:` is not a port.
    #[error("the host has a bad port")]
    Port,
    /// More than 253 bytes.
    #[error("the host is too long")]
    TooLong,
}

impl HostError {
    /// A stable name for the record and the metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "request/host-empty",
            Self::Character => "request/host-character",
            Self::Label => "request/host-label",
            Self::Address => "request/host-address",
            Self::Port => "request/host-port",
            Self::TooLong => "request/host-too-long",
        }
    }
}

impl<'r> Host<'r> {
    /// Reads the value of `Host` or `:authority`.
    ///
    /// # Errors
    /// When it has more than one reading, or none.
    pub fn parse(raw: &'r str) -> Result<Self, HostError> {
        if raw.starts_with('[') {
            return Self::address(raw);
        }
        let (name, port) = match raw.split_once(':') {
            Some((name, port)) => (name, Some(read_port(port)?)),
            None => (raw, None),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        check_name(name)?;
        let lower = name.bytes().all(|b| !b.is_ascii_uppercase());
        let name = if lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) };
        Ok(Self { name, port })
    }

    /// The name, for matching and for policies.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, when one was given.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The value to forward: the name, and the port unless it is the scheme's own.
    #[must_use]
    pub fn authority(&self, default_port: u16) -> Cow<'_, str> {
        match self.port {
            Some(port) if port != default_port => Cow::Owned(format!("{}:{port}", self.name)),
            _ => Cow::Borrowed(&self.name),
        }
    }

    /// Whether two hosts mean the same, given the scheme's own port.
    #[must_use]
    pub fn is_same(&self, other: &Host<'_>, default_port: u16) -> bool {
        let port = |host: &Host<'_>| host.port.unwrap_or(default_port);
        self.name == other.name && port(self) == port(other)
    }

    fn address(raw: &'r str) -> Result<Self, HostError> {
        let (address, rest) =
            raw.strip_prefix('[').and_then(|r| r.split_once(']')).ok_or(HostError::Address)?;
        let address: Ipv6Addr = address.parse().map_err(|_| HostError::Address)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(read_port(port)?),
            None if rest.is_empty() => None,
            None => return Err(HostError::Port),
        };
        let name = format!("[{address}]");
        let borrowed = raw.get(..name.len()).filter(|text| **text == *name);
        Ok(Self { name: borrowed.map_or(Cow::Owned(name.clone()), Cow::Borrowed), port })
    }
}

fn read_port(text: &str) -> Result<u16, HostError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(HostError::Port);
    }
    text.parse().map_err(|_| HostError::Port)
}

fn check_name(name: &str) -> Result<(), HostError> {
    if name.is_empty() {
        return Err(HostError::Empty);
    }
    if name.len() > 253 {
        return Err(HostError::TooLong);
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(HostError::Character);
    }
    if name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(HostError::Label);
    }
    Ok(())
}

/// Which hosts a route is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This one.
    Exact(Box<str>),
    /// `*.example.com`: every host that ends with `.example.com`, however many labels come before. Not `example.com`.
    Under(Box<str>),
    /// Every host.
    Any,
}

impl HostPattern {
    /// Reads `api.example.com`, `*.example.com` or `*`. A port is refused: routes are matched on the name alone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let (name, under) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None if text == "*" => return Ok(Self::Any),
            None => (text, false),
        };
        let host = Host::parse(name)?;
        if host.port.is_some() || (under && name.starts_with('[')) {
            return Err(HostError::Port);
        }
        let name = host.name.into();
        Ok(if under { Self::Under(name) } else { Self::Exact(name) })
    }

    /// Whether a host, as [`Host::name`] gives it, is one of these.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => **name == *host,
            Self::Under(suffix) => host
                .strip_suffix(&**suffix)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|l| !l.is_empty()),
            Self::Any => true,
        }
    }

    /// The more specific first: exact, then the longest suffix, then any; equal ones by their text.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        let rank = |host: &Self| match host {
            Self::Exact(_) => (0, 0),
            Self::Under(suffix) => (1, usize::MAX - suffix.len()),
            Self::Any => (2, 0),
        };
        rank(self).cmp(&rank(other)).then_with(|| self.name().cmp(other.name()))
    }

    fn name(&self) -> &str {
        match self {
            Self::Exact(name) | Self::Under(name) => name,
            Self::Any => "",
        }
    }
}

impl std::fmt::Display for HostPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Under(suffix) => write!(f, "*.{suffix}"),
            Self::Any => f.write_str("*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Host, HostError, HostPattern};

    #[test]
    fn a_host_is_read_one_way() {
        for (raw, name, port) in [
            ("EXAMPLE.com", "example.com", None),
            ("example.com.", "example.com", None),
            ("example.com:443", "example.com", Some(443)),
            ("Example.com.:8443", "example.com", Some(8443)),
            ("127.0.0.1:80", "127.0.0.1", Some(80)),
            ("[::1]", "[::1]", None),
            ("[0:0:0:0:0:0:0:1]:80", "[::1]", Some(80)),
            ("my_service", "my_service", None),
        ] {
            let host = Host::parse(raw).unwrap();
            assert_eq!((host.name(), host.port()), (name, port), "{raw}");
        }
        assert_eq!(Host::parse("a.test:443").unwrap().authority(443), "a.test");
        assert_eq!(Host::parse("a.test:443").unwrap().authority(80), "a.test:443");
    }

    #[test]
    fn a_host_with_two_readings_is_refused() {
        use HostError as E;
        for (raw, why) in [
            ("", E::Empty),
            (".", E::Empty),
            (":80", E::Empty),
            ("a@b.test", E::Character),
            ("a.test/x", E::Character),
            ("a test", E::Character),
            ("a.test,b.test", E::Character),
            ("a%2etest", E::Character),
            ("b\u{fc}cher.test", E::Character),
            ("a..test", E::Label),
            ("a.test..", E::Label),
            (".a.test", E::Label),
            ("a.test:", E::Port),
            ("a.test:+80", E::Port),
            ("a.test:70000", E::Port),
            ("a.test:80:80", E::Port),
            ("::1", E::Port),
            ("[::1", E::Address),
            ("[fe80::1%25eth0]", E::Address),
            ("[::1]x", E::Port),
        ] {
            assert_eq!(Host::parse(raw).err(), Some(why), "{raw}");
        }
    }

    #[test]
    fn a_wildcard_is_for_every_host_below_and_not_for_the_name_itself() {
        let pattern = HostPattern::parse("*.Example.com").unwrap();
        assert!(pattern.matches("a.example.com"));
        assert!(pattern.matches("a.b.example.com"));
        assert!(!pattern.matches("example.com"));
        assert!(!pattern.matches("badexample.com"));
        assert!(HostPattern::parse("*").unwrap().matches("anything"));
        assert!(HostPattern::parse("a.*.com").is_err());
        assert_eq!(HostPattern::parse("a.test:80"), Err(HostError::Port));
    }
}
