//! What a machine shows of its network: interfaces, sockets, neighbours, routes.

use super::Machine;
use crate::abi::types::TcpState;
use crate::base::{Duration, NsId, PortId};
use crate::net::neighbour::Neighbour;
use crate::net::ports::Protocol;
use crate::net::route::Route;
use crate::net::{Kind, Net, Traffic};
use std::net::{Ipv4Addr, SocketAddrV4};

/// An interface, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceView {
    /// Which.
    pub port: PortId,
    /// The number by which programs name it.
    pub index: i32,
    /// Such as `eth0`.
    pub name: String,
    /// Its station address.
    pub mac: [u8; 6],
    /// The longest IP packet, in bytes.
    pub mtu: usize,
    /// Its addresses, and how many bits of each name the network.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// What came in.
    pub received: Traffic,
    /// What went out.
    pub sent: Traffic,
    /// How many bytes wait in front of the cable.
    pub waiting: u64,
}

/// A connection or another socket, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketView {
    /// Its name in the log.
    pub serial: u32,
    /// `tcp`, `udp`, `icmp`, `raw`, `packet`, `unix`.
    pub kind: &'static str,
    /// The state, of TCP.
    pub state: Option<TcpState>,
    /// This end.
    pub local: String,
    /// The other end.
    pub remote: String,
    /// Bytes that wait to be read (of a listening socket: connections), and bytes that are not acknowledged (the
    /// most connections that may wait).
    pub queues: (usize, usize),
    /// What TCP counts and estimates.
    pub tcp: Option<TcpView>,
    /// Whether no descriptor has it any more.
    pub orphan: bool,
}

/// What TCP counts and estimates, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpView {
    /// The congestion window, in bytes.
    pub congestion_window: u32,
    /// Where slow start ends, in bytes.
    pub threshold: u32,
    /// How much the peer takes, in bytes.
    pub send_window: u32,
    /// Bytes on their way.
    pub in_flight: u32,
    /// The smoothed round-trip time.
    pub round_trip: Option<Duration>,
    /// How long to wait before sending again.
    pub timeout: Duration,
    /// Segments sent again.
    pub retransmitted: u64,
    /// The congestion control.
    pub controller: &'static str,
}

/// A machine's network, for showing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkView {
    /// Its interfaces: cards first.
    pub interfaces: Vec<InterfaceView>,
    /// Its sockets.
    pub sockets: Vec<SocketView>,
    /// Who answers for which address; `None`: it was asked for.
    pub neighbours: Vec<(PortId, Ipv4Addr, Option<[u8; 6]>)>,
    /// Its routes, the most particular first.
    pub routes: Vec<Route>,
}

impl Machine {
    /// The interfaces by name: cards first.
    pub fn interfaces(&self) -> impl Iterator<Item = (PortId, &str)> {
        self.tables.net.interfaces().map(|(port, interface)| (port, &*interface.name))
    }

    /// The first network namespace as it is now.
    #[must_use]
    pub fn network_view(&self) -> NetworkView {
        let namespace = NsId(0);
        let net = &self.tables.net;
        let interfaces = net.interfaces().filter(|(_, i)| i.namespace == namespace);
        let interfaces = interfaces.map(|(port, interface)| InterfaceView {
            port,
            index: Net::index_of(port),
            name: interface.name.clone(),
            mac: interface.mac,
            mtu: interface.mtu,
            addresses: interface.addresses.clone(),
            received: interface.received,
            sent: interface.sent,
            waiting: self
                .tables
                .wires
                .get(usize::from(port.0))
                .map_or(0, |wire| wire.waiting(self.time())),
        });
        let sockets = net.sockets().filter(|(_, socket)| socket.namespace == namespace);
        let mut view = NetworkView {
            interfaces: interfaces.collect(),
            sockets: sockets.map(|(_, socket)| show(net, socket)).collect(),
            ..NetworkView::default()
        };
        if let Some(stack) = net.stack(namespace) {
            view.routes = stack.routes.iter().copied().collect();
            let known = stack.neighbours.iter().map(|((port, address), neighbour)| {
                let mac = match neighbour {
                    Neighbour::Known { mac, .. } => Some(*mac),
                    Neighbour::Asked { .. } => None,
                };
                (*port, *address, mac)
            });
            view.neighbours = known.collect();
        }
        view
    }
}

fn show(net: &Net, socket: &crate::net::Socket) -> SocketView {
    let nobody = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
    let mut view = SocketView {
        serial: socket.serial,
        kind: "tcp",
        state: None,
        local: String::new(),
        remote: String::new(),
        queues: (0, 0),
        tcp: None,
        orphan: false,
    };
    match &socket.kind {
        Kind::Stream(tcp) => {
            view.state = Some(tcp.state);
            view.local = tcp.local.to_string();
            view.remote = tcp.remote.to_string();
            view.orphan = tcp.orphan;
            view.queues = match &tcp.listener {
                Some(listener) => (listener.ready.len(), listener.backlog),
                None => (tcp.received.len(), tcp.unsent.len()),
            };
            view.tcp = Some(TcpView {
                congestion_window: tcp.congestion.window(),
                threshold: tcp.congestion.threshold(),
                send_window: tcp.wnd,
                in_flight: tcp.in_flight(),
                round_trip: tcp.timing.smoothed,
                timeout: tcp.timing.timeout(),
                retransmitted: tcp.counts.retransmitted,
                controller: tcp.congestion.name(),
            });
        }
        Kind::Datagram(datagram) => {
            view.kind = match datagram.protocol {
                Protocol::Udp | Protocol::Tcp => "udp",
                Protocol::Ping => "icmp",
                Protocol::Raw => "raw",
            };
            view.local = datagram.local.to_string();
            view.remote = datagram.remote.unwrap_or(nobody).to_string();
            view.queues = (datagram.queued(), 0);
        }
        Kind::Local(local) => {
            view.kind = "unix";
            view.local = name(local.name.as_ref());
            let peer = local.peer.and_then(|peer| net.local(peer));
            view.remote = name(peer.and_then(|peer| peer.name.as_ref()));
            view.queues = (local.queued(), 0);
        }
        Kind::Tap(_) => view.kind = "packet",
    }
    view
}

fn name(name: Option<&crate::net::local::Name>) -> String {
    use crate::net::local::Name;
    match name {
        None => "*".to_owned(),
        Some(Name::Path(_, path)) => String::from_utf8_lossy(path).into_owned(),
        Some(Name::Abstract(name)) => format!("@{}", String::from_utf8_lossy(name)),
    }
}
