use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::HeaderName;
use ipnet::IpNet;

use crate::{Flaw, Presented, Secret, presented::Found};

/// Whose word is taken for who the caller is: peers that connect from known networks, or that know a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrustedPeers {
    /// Networks that the peer itself (not an address in a header) must be in.
    pub networks: Vec<IpNet>,
    /// A header field that holds a secret which only trusted peers know.
    pub secret: Option<(HeaderName, Secret)>,
}

impl TrustedPeers {
    /// Whether the request comes from a trusted peer. Where both are configured, both must hold.
    pub(crate) fn vouch(&self, presented: &Presented<'_>) -> bool {
        let in_network = self.networks.is_empty()
            || presented
                .peer
                .is_some_and(|peer| self.networks.iter().any(|network| network.contains(&plain(peer))));
        let knows_secret = match &self.secret {
            None => true,
            Some((name, secret)) => match presented.header(name) {
                Found::One(value) => verify_slices_are_equal(value.as_bytes(), secret.expose()).is_ok(),
                Found::Nothing | Found::Many => false,
            },
        };
        let configured = !self.networks.is_empty() || self.secret.is_some();
        configured && in_network && knows_secret
    }

    pub(crate) fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.networks.is_empty() && self.secret.is_none() {
            let message = "nobody is trusted: name the peers' networks or a secret that they know";
            flaws.push(Flaw::new("trusted_peers", "peers/none", message));
        }
        for network in self.networks.iter().filter(|network| is_the_world(network)) {
            let message = format!("`{network}` is everybody: any caller could be anyone");
            flaws.push(Flaw::new("trusted_peers", "peers/everybody", message));
        }
        if self.secret.as_ref().is_some_and(|(_, secret)| secret.expose().len() < 16) {
            flaws.push(Flaw::new("secret", "peers/short-secret", "the secret is shorter than 16 bytes"));
        }
        flaws
    }
}

/// Wider than any private range, so that it holds addresses of strangers.
fn is_the_world(network: &IpNet) -> bool {
    match network {
        IpNet::V4(network) => network.prefix_len() < 8,
        IpNet::V6(network) => network.prefix_len() < 7,
    }
}

/// An IPv4 address that came in IPv6 clothes is that IPv4 address.
fn plain(peer: IpAddr) -> IpAddr {
    peer.to_canonical()
}
