//! Addresses and networks, as expressions call them.

use crate::functions::args::no_overload;
use crate::functions::network::{self, Cidr};
use crate::functions::{Function, Outcome};
use crate::{Cx, ErrorKind, Opaque, Val};

macro_rules! of_ip {
    ($name:literal, $test:expr) => {
        Function::member(
            $name,
            |_, args| match args {
                [Val::Opaque(Opaque::Ip(ip))] => Ok(Val::Bool($test(*ip))),
                _ => no_overload(),
            },
            &[concat!("net.IP.", $name, "() -> bool")],
        )
    };
}

pub(in crate::functions) const TABLE: &[Function] = &[
    Function::both("ip", ip, &["ip(string) -> net.IP", "net.CIDR.ip() -> net.IP"]),
    Function::global("cidr", cidr, &["cidr(string) -> net.CIDR"]),
    Function::global("isIP", is_ip, &["isIP(string) -> bool"]),
    Function::global("isCIDR", is_cidr, &["isCIDR(string) -> bool"]),
    Function::global("ip.isCanonical", is_canonical, &["ip.isCanonical(string) -> bool"]),
    Function::member("family", family, &["net.IP.family() -> int"]),
    of_ip!("isUnspecified", |ip: std::net::IpAddr| ip.is_unspecified()),
    of_ip!("isLoopback", |ip: std::net::IpAddr| ip.is_loopback()),
    of_ip!("isGlobalUnicast", network::is_global_unicast),
    of_ip!("isLinkLocalMulticast", network::is_link_local_multicast),
    of_ip!("isLinkLocalUnicast", network::is_link_local_unicast),
    Function::member(
        "containsIP",
        contains_ip,
        &["net.CIDR.containsIP(net.IP) -> bool", "net.CIDR.containsIP(string) -> bool"],
    ),
    Function::member(
        "containsCIDR",
        contains_cidr,
        &["net.CIDR.containsCIDR(net.CIDR) -> bool", "net.CIDR.containsCIDR(string) -> bool"],
    ),
    Function::member("masked", masked, &["net.CIDR.masked() -> net.CIDR"]),
    Function::member("isMask", is_mask, &["net.CIDR.isMask() -> bool"]),
    Function::member("prefixLength", prefix_length, &["net.CIDR.prefixLength() -> int"]),
    Function::member("inIPAddrRange", in_range, &["string.inIPAddrRange(string) -> bool"]),
];

fn ip<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Str(text)] => {
            let ip = network::parse_ip(text).map_err(ErrorKind::message)?;
            cx.opaque(Opaque::Ip(ip))
        }
        [Val::Opaque(Opaque::Cidr(cidr))] => cx.opaque(Opaque::Ip(cidr.ip())),
        _ => no_overload(),
    }
}

fn cidr<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    let cidr = Cidr::parse(text).map_err(ErrorKind::message)?;
    cx.opaque(Opaque::Cidr(cidr))
}

fn is_ip<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    Ok(Val::Bool(network::parse_ip(text).is_ok()))
}

fn is_cidr<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    Ok(Val::Bool(Cidr::parse(text).is_ok()))
}

fn is_canonical<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    network::is_canonical(text).map(Val::Bool).map_err(ErrorKind::message)
}

fn family<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::Ip(ip))] = args else { return no_overload() };
    Ok(Val::Int(if ip.is_ipv4() { 4 } else { 6 }))
}

fn contains_ip<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Opaque(Opaque::Cidr(cidr)), Val::Opaque(Opaque::Ip(ip))] => Ok(Val::Bool(cidr.contains(*ip))),
        [Val::Opaque(Opaque::Cidr(cidr)), Val::Str(text)] => {
            network::parse_ip(text).map(|ip| Val::Bool(cidr.contains(ip))).map_err(ErrorKind::message)
        }
        _ => no_overload(),
    }
}

fn contains_cidr<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    match args {
        [Val::Opaque(Opaque::Cidr(cidr)), Val::Opaque(Opaque::Cidr(other))] => {
            Ok(Val::Bool(cidr.contains_cidr(*other)))
        }
        [Val::Opaque(Opaque::Cidr(cidr)), Val::Str(text)] => {
            Cidr::parse(text).map(|other| Val::Bool(cidr.contains_cidr(other))).map_err(ErrorKind::message)
        }
        _ => no_overload(),
    }
}

fn masked<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::Cidr(cidr))] = args else { return no_overload() };
    cx.opaque(Opaque::Cidr(cidr.masked()))
}

/// Whether no bit after the prefix is set.
fn is_mask<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::Cidr(cidr))] = args else { return no_overload() };
    Ok(Val::Bool(cidr.masked().ip() == cidr.ip()))
}

fn prefix_length<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Opaque(Opaque::Cidr(cidr))] = args else { return no_overload() };
    Ok(Val::Int(cidr.prefix_length().into()))
}

fn in_range<'a>(_: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(ip), Val::Str(range)] = args else { return no_overload() };
    network::in_range(ip, range).map(Val::Bool).map_err(ErrorKind::message)
}
