//! IP addresses and networks.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads an address strictly: no zone, no leading zeros, no IPv4 address in IPv6 clothes.
///
/// # Errors
/// Says what is wrong.
pub(crate) fn parse_ip(text: &str) -> Result<IpAddr, String> {
    if text.contains('%') && text.contains(':') {
        return Err(format!("IP Address with zone value is not allowed: `{text}`"));
    }
    let failed = || format!("IP Address '{text}' parse error during conversion from string");
    match text.parse::<IpAddr>().map_err(|_| failed())? {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address is not allowed: `{text}`"))
        }
        ip => Ok(ip),
    }
}

/// Is `text` how RFC 5952 writes that address?
pub(crate) fn is_canonical(text: &str) -> Result<bool, String> {
    Ok(parse_ip(text)?.to_string() == text)
}

/// An address with the length of the network it is in. Bits after the prefix are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Reads `192.168.0.0/24` as strictly as an address.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let failed = || format!("network address parse error during conversion from string: `{text}`");
        let (address, prefix) = text.split_once('/').ok_or_else(failed)?;
        let canonical = prefix == "0" || !prefix.starts_with('0');
        let address = parse_ip(address).map_err(|_| failed())?;
        let prefix = length(prefix).filter(|n| canonical && *n <= bits(address)).ok_or_else(failed)?;
        Ok(Self { address, prefix })
    }

    pub(crate) fn ip(self) -> IpAddr {
        self.address
    }

    pub(crate) fn prefix_length(self) -> u8 {
        self.prefix
    }

    /// The network itself: every bit after the prefix is zero.
    pub(crate) fn masked(self) -> Self {
        Self { address: mask(self.address, self.prefix), prefix: self.prefix }
    }

    /// Is `ip` in the network? Addresses of the other family are not.
    pub(crate) fn contains(self, ip: IpAddr) -> bool {
        self.address.is_ipv4() == ip.is_ipv4() && mask(self.address, self.prefix) == mask(ip, self.prefix)
    }

    /// Is all of `other` in the network?
    pub(crate) fn contains_cidr(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Is `ip` in `range`? An IPv4 address in IPv6 clothes is that IPv4 address, on either side.
///
/// # Errors
/// If either text cannot be read.
pub(crate) fn in_range(ip: &str, range: &str) -> Result<bool, String> {
    let bad_ip = || format!("invalid IP address: {ip}");
    let bad_range = || format!("invalid CIDR address: {range}");
    let ip = ip.parse::<IpAddr>().map_err(|_| bad_ip())?.to_canonical();
    let (address, prefix) = range.split_once('/').ok_or_else(bad_range)?;
    let address = address.parse::<IpAddr>().map_err(|_| bad_range())?;
    let prefix = length(prefix).filter(|n| *n <= bits(address)).ok_or_else(bad_range)?;
    let network = mask(address, prefix);
    // A mapped network is an IPv4 network only if the prefix covers all of the mapping.
    let network = match network.to_canonical() {
        v4 @ IpAddr::V4(_) if address.is_ipv6() && prefix >= 96 => Cidr { address: v4, prefix: prefix - 96 },
        _ => Cidr { address: network, prefix },
    };
    Ok(network.contains(ip))
}

/// Is that a unicast address of global scope? Private addresses are, as in RFC 4291 and Go.
pub(crate) fn is_global_unicast(ip: IpAddr) -> bool {
    let special = ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || is_link_local_unicast(ip);
    !special && ip != IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// 224.0.0.0/24, or multicast of the link-local scope.
pub(crate) fn is_link_local_multicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => matches!(v4.octets(), [224, 0, 0, _]),
        IpAddr::V6(v6) => matches!(v6.octets(), [0xff, scope, ..] if scope & 0x0f == 2),
    }
}

/// 169.254.0.0/16 or fe80::/10.
pub(crate) fn is_link_local_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// A prefix length: digits only.
fn length(text: &str) -> Option<u8> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn mask(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix.into())).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly_and_written_canonically() {
        for (text, written) in [
            ("192.168.0.1", Some("192.168.0.1")),
            ("2001:DB8:0:0:0:0:0:1", Some("2001:db8::1")),
            ("::1.2.3.4", Some("::102:304")),
            ("1:0:0:2:0:0:0:3", Some("1:0:0:2::3")),
            ("1:2:3:4:5:6:7::", Some("1:2:3:4:5:6:7:0")),
            ("::", Some("::")),
            ("1.2.3", None),
            ("01.2.3.4", None),
            ("1.2.3.4.5", None),
            ("::ffff:1.2.3.4", None),
            ("fe80::1%eth0", None),
            ("1::2::3", None),
            ("1:2:3:4:5:6:7:8::", None),
            ("::12345", None),
            (" 1.2.3.4", None),
        ] {
            assert_eq!(parse_ip(text).ok().map(|ip| ip.to_string()).as_deref(), written, "{text}");
        }
        assert_eq!(is_canonical("2001:db8::1"), Ok(true));
        assert_eq!(is_canonical("2001:DB8::1"), Ok(false));
    }

    #[test]
    fn networks_are_read_strictly() {
        for (text, valid) in [
            ("192.168.0.1/24", true),
            ("::/0", true),
            ("::/128", true),
            ("1.2.3.4/33", false),
            ("1.2.3.4/08", false),
            ("1.2.3.4/+8", false),
            ("1.2.3.4/", false),
            ("1.2.3.4", false),
            ("::ffff:1.2.3.4/100", false),
            ("::/129", false),
            ("fe80::1%eth0/64", false),
        ] {
            assert_eq!(Cidr::parse(text).is_ok(), valid, "{text}");
        }
        assert_eq!(
            Cidr::parse("192.168.0.1/24").map(|c| c.masked().to_string()).as_deref(),
            Ok("192.168.0.0/24")
        );
    }

    #[test]
    fn networks_contain_addresses_and_smaller_networks() {
        let cidr = |text| Cidr::parse(text).expect("a network");
        let ip = |text| parse_ip(text).expect("an address");
        assert!(cidr("192.168.0.0/24").contains(ip("192.168.0.255")));
        assert!(!cidr("192.168.0.0/24").contains(ip("192.168.1.0")));
        assert!(!cidr("0.0.0.0/0").contains(ip("::1")));
        assert!(cidr("10.0.0.0/8").contains_cidr(cidr("10.1.0.0/16")));
        assert!(cidr("192.168.0.5/24").contains_cidr(cidr("192.168.0.0/24")));
        assert!(!cidr("10.0.0.0/8").contains_cidr(cidr("0.0.0.0/0")));
        assert!(!cidr("::/0").contains_cidr(cidr("10.0.0.0/8")));
    }

    #[test]
    fn ranges_see_through_mapped_addresses() {
        for (ip, range, expected) in [
            ("192.168.0.5", "192.168.0.0/24", Some(true)),
            ("::ffff:192.168.0.5", "192.168.0.0/24", Some(true)),
            ("::ffff:c0a8:5", "192.168.0.0/24", Some(true)),
            ("192.168.0.5", "::ffff:192.168.0.0/120", Some(true)),
            ("192.168.0.5", "::ffff:192.168.0.0/90", Some(false)),
            ("192.168.0.5", "192.168.0.7/024", Some(true)),
            ("::ffff:192.168.0.5", "::/0", Some(false)),
            ("192.168.0.5", "::/0", Some(false)),
            ("3001:fff::", "2001:db8::/48", Some(false)),
            ("2001:db8::1", "2001:db8::/48", Some(true)),
            ("test", "192.168.0.0/24", None),
            ("192.168.0.05", "192.168.0.0/24", None),
            ("fe80::1%eth0", "fe80::/10", None),
            ("192.168.0.5", "192.168.0.7", None),
            ("192.168.0.5", "192.168.0.7/033", None),
            ("192.168.0.5", "192.168.0.7/+24", None),
            ("fe80::1", "fe80::1%eth0/64", None),
            ("1.2.3.4", "1.2.3.4/", None),
        ] {
            assert_eq!(in_range(ip, range).ok(), expected, "{ip} {range}");
        }
    }

    #[test]
    fn scopes_are_those_of_the_rfcs() {
        for (text, global, multicast, unicast) in [
            ("10.0.0.1", true, false, false),
            ("169.254.1.1", false, false, true),
            ("0.0.0.0", false, false, false),
            ("::", false, false, false),
            ("127.5.5.5", false, false, false),
            ("::1", false, false, false),
            ("224.0.0.255", false, true, false),
            ("224.0.1.1", false, false, false),
            ("255.255.255.255", false, false, false),
            ("ff02::1", false, true, false),
            ("ff12::1", false, true, false),
            ("fe80::1", false, false, true),
            ("fd00::1", true, false, false),
        ] {
            let ip = parse_ip(text).expect(text);
            assert_eq!(
                (is_global_unicast(ip), is_link_local_multicast(ip), is_link_local_unicast(ip)),
                (global, multicast, unicast),
                "{text}"
            );
        }
    }
}
