//! Upstreams that are the gateway itself: each request would come in again, and again, for as long as there are
//! connections left.

use std::net::{IpAddr, SocketAddr};

use portreeve_diagnostics::{Diagnostic, Report};

use super::Config;
use crate::upstreams::Place;

/// Reports endpoints at which the gateway listens. What a name stands for is not looked up.
pub(super) fn report(config: &Config, report: &mut Report) {
    for upstream in &config.upstreams {
        let own = config
            .listeners
            .iter()
            .find(|listener| upstream.endpoints.iter().any(|place| is_itself(listener.address, place)));
        let name = config.upstream_names.iter().find(|name| *name.value == *upstream.name);
        if let (Some(listener), Some(name)) = (own, name) {
            let message = format!(
                "the upstream `{}` is the gateway itself, which listens at `{}`",
                upstream.name, listener.address
            );
            report.push(
                Diagnostic::error("config/own-listener", message)
                    .at(name.span, "requests would go round")
                    .help("give the listener another port, or name the port of the service"),
            );
        }
    }
}

fn is_itself(listener: SocketAddr, place: &Place) -> bool {
    let (own, local) = (listener.ip(), place.host == "localhost");
    let ip = place.host.parse::<IpAddr>().ok();
    let here = local || ip.is_some_and(|ip| ip.is_loopback());
    let same = ip == Some(own) || here && own.is_unspecified() || local && own.is_loopback();
    same && listener.port() == place.port && place.port != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_the_gateway_itself_where_that_is_certain() {
        for (listener, host, port, expected) in [
            ("127.0.0.1:8080", "127.0.0.1", 8080, true),
            ("127.0.0.1:8080", "localhost", 8080, true),
            ("0.0.0.0:8080", "127.0.0.1", 8080, true),
            ("[::]:8080", "127.0.0.1", 8080, true),
            ("[::]:8080", "::1", 8080, true),
            ("10.0.0.5:8080", "10.0.0.5", 8080, true),
            ("127.0.0.1:8080", "127.0.0.1", 8000, false),
            ("127.0.0.1:8080", "127.0.0.2", 8080, false),
            ("0.0.0.0:8080", "10.0.0.5", 8080, false),
            ("0.0.0.0:8080", "app", 8080, false),
            ("10.0.0.5:8080", "127.0.0.1", 8080, false),
            ("127.0.0.1:0", "127.0.0.1", 0, false),
        ] {
            let place = Place { tls: false, host: host.to_owned(), port };
            assert_eq!(is_itself(listener.parse().unwrap(), &place), expected, "{listener} {host}:{port}");
        }
    }
}
