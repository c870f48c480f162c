//! The routing table: by which interface, and over which router, an address is reached (RFC 1812 §5.2.4).
//!
//! The longest prefix wins, then the smallest metric. The table is a list in that order, so a lookup takes the first
//! entry that fits. (Linux keeps a compressed trie, `net/ipv4/fib_trie.c`, because it may have a million routes; the
//! answers are the same.)

use crate::base::PortId;
use std::net::Ipv4Addr;

/// A way to some addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The addresses: those that agree with this one in the first `prefix` bits.
    pub network: Ipv4Addr,
    /// How many bits, 0 (all addresses) to 32 (one).
    pub prefix: u8,
    /// The router, unless they are on the cable itself.
    pub gateway: Option<Ipv4Addr>,
    /// The interface.
    pub port: PortId,
    /// Among equal prefixes the smallest wins.
    pub metric: u32,
}

impl Route {
    /// Whether it leads to an address.
    #[must_use]
    pub fn reaches(&self, address: Ipv4Addr) -> bool {
        mask(address, self.prefix) == self.network
    }
}

/// An address with all bits cleared but the first `prefix`.
#[must_use]
pub fn mask(address: Ipv4Addr, prefix: u8) -> Ipv4Addr {
    let bits = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    Ipv4Addr::from(u32::from(address) & bits)
}

/// The table.
#[derive(Clone, Debug, Default, Hash)]
pub struct Routes(Vec<Route>);

impl Routes {
    /// Adds a route. `false` if there is one with the same network, prefix and metric.
    pub fn add(&mut self, route: Route) -> bool {
        let route = Route { network: mask(route.network, route.prefix), ..route };
        let rank = |route: &Route| (32 - route.prefix.min(32), route.metric, route.network);
        match self.0.binary_search_by_key(&rank(&route), rank) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, route);
                true
            }
        }
    }

    /// Takes a route away. `false` if there is none like it.
    pub fn remove(&mut self, network: Ipv4Addr, prefix: u8, gateway: Option<Ipv4Addr>) -> bool {
        let network = mask(network, prefix);
        let at = self.0.iter().position(|route| {
            (route.network, route.prefix) == (network, prefix)
                && (gateway.is_none() || route.gateway == gateway)
        });
        at.map(|at| self.0.remove(at)).is_some()
    }

    /// The best way to an address.
    #[must_use]
    pub fn find(&self, address: Ipv4Addr) -> Option<&Route> {
        self.0.iter().find(|route| route.reaches(address))
    }

    /// All routes, the most particular first.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Route, Routes, mask};
    use crate::base::PortId;
    use std::net::Ipv4Addr;

    #[test]
    fn the_longest_prefix_wins_and_then_the_smallest_metric() {
        let mut routes = Routes::default();
        let route = |a: [u8; 4], prefix, port, metric| Route {
            network: a.into(),
            prefix,
            gateway: None,
            port: PortId(port),
            metric,
        };
        assert!(routes.add(route([0, 0, 0, 0], 0, 1, 0)));
        assert!(routes.add(route([10, 0, 0, 0], 8, 2, 10)));
        assert!(routes.add(route([10, 0, 0, 0], 8, 3, 5)));
        assert!(routes.add(route([10, 1, 2, 77], 24, 4, 0)), "host bits do not count");
        assert!(!routes.add(route([10, 1, 2, 0], 24, 5, 0)), "it is there");
        let port = |a: [u8; 4]| routes.find(a.into()).map(|route| route.port.0);
        assert_eq!(port([10, 1, 2, 3]), Some(4));
        assert_eq!(port([10, 9, 9, 9]), Some(3));
        assert_eq!(port([8, 8, 8, 8]), Some(1));
        assert!(routes.remove(Ipv4Addr::new(10, 1, 2, 0), 24, None));
        assert!(!routes.remove(Ipv4Addr::new(10, 1, 2, 0), 24, None));
        assert_eq!(routes.iter().count(), 3);
        assert_eq!(mask(Ipv4Addr::new(255, 255, 255, 255), 0), Ipv4Addr::UNSPECIFIED);
    }
}
