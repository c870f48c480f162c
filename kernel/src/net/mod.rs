//! Layer 5: networking, from the frame to the socket.
//!
//! Layers: [`packet`] is bytes with room for headers; [`neighbour`] (ARP), [`route`], [`ip`] with [`fragment`], and
//! [`icmp`] get packets from machine to machine; [`datagram`] (UDP, ping, raw) and [`stream`] over [`tcp`] get them
//! from program to program, through [`ports`]; [`local`] are sockets within a machine (unix(7)), [`tap`] those that
//! see whole frames (packet(7)); [`socket`] is what all of them have in common.
//!
//! A typical sequence: the interrupt's bottom half hands a frame to [`Net::input`]. IP finds that it is for this
//! machine, TCP finds the connection, puts the bytes into the socket's buffer and makes an acknowledgement; IP gives
//! that a header, ARP a station address. What the kernel must do about it all comes out as a list of
//! [`effect::Effect`]s: frames to transmit, sockets to wake, timers to plan. The stack never calls anybody.
//!
//! Everything belongs to a network namespace: its addresses, routes, neighbours and ports are a [`Stack`].
//!
//! Taken from elsewhere: packets and time as arguments, effects as values from smoltcp; delivery to all matching taps
//! from Linux' `net/packet/af_packet.c`; separate tables for connections and listeners from its `inet_hashtables.c`
//! (here ordered maps, because the order of a hash table would be chance).

pub mod datagram;
pub mod effect;
pub mod fragment;
pub mod icmp;
pub mod ip;
pub mod local;
pub mod neighbour;
pub mod packet;
pub mod ports;
pub mod route;
pub mod socket;
pub mod stream;
pub mod tap;
pub mod tcp;

pub use effect::{Effect, Present, Timer};
pub use socket::{Kind, Socket};

use crate::base::{DeviceId, NsId, PortId, Rng, SocketId, SocketTag, Table};
use fragment::Fragments;
use local::Names;
use neighbour::Neighbour;
use packet::Mac;
use ports::Ports;
use route::{Route, Routes};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Frames and bytes that went one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Traffic {
    /// Frames.
    pub frames: u64,
    /// Bytes, headers included.
    pub bytes: u64,
    /// Frames that were lost.
    pub dropped: u64,
}

impl Traffic {
    /// One more.
    pub fn count(&mut self, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
    }
}

/// A network interface.
#[derive(Clone, Debug, Hash)]
pub struct Interface {
    /// The network namespace that it is in.
    pub namespace: NsId,
    /// Such as `eth0`.
    pub name: String,
    /// The device behind it; `None` for a loopback.
    pub device: Option<DeviceId>,
    /// Its station address.
    pub mac: Mac,
    /// The longest IP packet, in bytes.
    pub mtu: usize,
    /// Its addresses, and how many bits of each name the network.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// What came in.
    pub received: Traffic,
    /// What went out.
    pub sent: Traffic,
}

/// What an Ethernet carries (RFC 894).
const ETHERNET_MTU: usize = 1500;
/// What a loopback carries, as on Linux.
const LOOPBACK_MTU: usize = 65_536 - packet::IPV4;

/// What a network namespace has of its own.
#[derive(Clone, Debug, Hash)]
pub struct Stack {
    /// Its routes.
    pub routes: Routes,
    /// Whether it sends packets on that are for others (net.ipv4.ip_forward).
    pub forwards: bool,
    /// Its neighbours.
    pub neighbours: BTreeMap<(PortId, Ipv4Addr), Neighbour>,
    fragments: Fragments,
    /// Which sockets have which ports.
    pub(super) ports: Ports,
    /// Connections by both ends: this one first.
    connections: BTreeMap<(SocketAddrV4, SocketAddrV4), SocketId>,
    /// Names of local sockets that are in no file system.
    pub(super) names: Names,
    ident: u16,
    random: Rng,
}

/// Interfaces, stacks and sockets of a machine.
#[derive(Clone, Debug, Hash)]
pub struct Net {
    pub(super) interfaces: BTreeMap<PortId, Interface>,
    pub(super) stacks: BTreeMap<NsId, Stack>,
    pub(super) sockets: Table<SocketTag, Socket>,
    /// Packet sockets, which look at every frame.
    taps: Vec<SocketId>,
    last_serial: u32,
}

impl Net {
    /// The first namespace, with its loopback. `random` is where first sequence numbers and free ports come from.
    #[must_use]
    pub fn new(random: Rng) -> Self {
        let mut net = Self {
            interfaces: BTreeMap::new(),
            stacks: BTreeMap::new(),
            sockets: Table::default(),
            taps: Vec::new(),
            last_serial: 0,
        };
        net.add_namespace(NsId(0), random);
        net
    }

    /// Makes a namespace: nothing but a loopback is in it.
    pub fn add_namespace(&mut self, namespace: NsId, random: Rng) {
        let stack = Stack {
            routes: Routes::default(),
            forwards: false,
            neighbours: BTreeMap::new(),
            fragments: Fragments::default(),
            ports: Ports::default(),
            connections: BTreeMap::new(),
            names: Names::default(),
            ident: 0,
            random,
        };
        self.stacks.insert(namespace, stack);
        let loopback = Interface {
            namespace,
            name: "lo".to_owned(),
            device: None,
            mac: [0; 6],
            mtu: LOOPBACK_MTU,
            addresses: vec![(Ipv4Addr::LOCALHOST, 8)],
            received: Traffic::default(),
            sent: Traffic::default(),
        };
        self.interfaces.insert(Self::loopback(namespace), loopback);
    }

    /// The loopback of a namespace.
    #[must_use]
    pub const fn loopback(namespace: NsId) -> PortId {
        PortId(u16::MAX - namespace.0 as u16)
    }

    /// The number by which programs name an interface (if_nametoindex(3)): 1 is a loopback.
    #[must_use]
    pub const fn index_of(port: PortId) -> i32 {
        if port.0 >= 0x8000 { 1 } else { port.0 as i32 + 2 }
    }

    /// The interface of that number.
    #[must_use]
    pub fn by_index(&self, namespace: NsId, index: i32) -> Option<PortId> {
        let mut ports = self.interfaces.iter().filter(|(_, i)| i.namespace == namespace);
        ports.find(|(port, _)| Self::index_of(**port) == index).map(|(port, _)| *port)
    }

    /// The ports that the first namespace gives to those who leave the choice to it: for TCP or UDP, and which; 0: by chance.
    pub fn prefer_ports(&mut self, chosen: &[(bool, u16)]) {
        if let Some(stack) = self.stacks.get_mut(&NsId(0)) {
            for &(is_tcp, port) in chosen {
                let protocol = if is_tcp { ports::Protocol::Tcp } else { ports::Protocol::Udp };
                stack.ports.prefer(protocol, port);
            }
        }
    }

    /// Adds a card's interface, without an address.
    pub fn attach(&mut self, namespace: NsId, name: String, device: DeviceId, mac: Mac) -> PortId {
        let port = PortId(self.interfaces.values().filter(|i| i.device.is_some()).count() as u16);
        let interface = Interface {
            namespace,
            name,
            device: Some(device),
            mac,
            mtu: ETHERNET_MTU,
            addresses: Vec::new(),
            received: Traffic::default(),
            sent: Traffic::default(),
        };
        self.interfaces.insert(port, interface);
        port
    }

    /// Gives an interface an address, and routes to the network that the address is in.
    pub fn configure(&mut self, port: PortId, address: Ipv4Addr, prefix: u8) {
        let Some(interface) = self.interfaces.get_mut(&port) else { return };
        interface.addresses.push((address, prefix));
        if let Some(stack) = self.stacks.get_mut(&interface.namespace) {
            let route = Route { network: address, prefix, gateway: None, port, metric: 0 };
            stack.routes.add(route);
        }
    }

    /// The interface.
    #[must_use]
    pub fn interface(&self, port: PortId) -> Option<&Interface> {
        self.interfaces.get(&port)
    }

    /// The interface, to change.
    pub fn interface_mut(&mut self, port: PortId) -> Option<&mut Interface> {
        self.interfaces.get_mut(&port)
    }

    /// All interfaces: cards first.
    pub fn interfaces(&self) -> impl Iterator<Item = (PortId, &Interface)> {
        self.interfaces.iter().map(|(port, interface)| (*port, interface))
    }

    /// A namespace's stack.
    #[must_use]
    pub fn stack(&self, namespace: NsId) -> Option<&Stack> {
        self.stacks.get(&namespace)
    }

    /// A namespace's stack, to change.
    pub fn stack_mut(&mut self, namespace: NsId) -> Option<&mut Stack> {
        self.stacks.get_mut(&namespace)
    }

    /// The interface behind which a device is.
    #[must_use]
    pub fn port_of(&self, device: DeviceId) -> Option<PortId> {
        let mut found = self.interfaces.iter().filter(|(_, i)| i.device == Some(device));
        found.next().map(|(port, _)| *port)
    }

    /// A socket, to look at.
    #[must_use]
    pub fn socket(&self, socket: SocketId) -> Option<&Socket> {
        self.sockets.get(socket)
    }

    /// A socket.
    pub fn socket_mut(&mut self, socket: SocketId) -> Option<&mut Socket> {
        self.sockets.get_mut(socket)
    }

    /// All sockets.
    pub fn sockets(&self) -> impl Iterator<Item = (SocketId, &Socket)> {
        self.sockets.iter()
    }

    /// How many sockets there are, those included that no program has open any more.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Whether there is no socket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// Makes a socket.
    pub fn open(&mut self, namespace: NsId, kind: impl FnOnce(SocketId, u32) -> Kind) -> SocketId {
        self.last_serial += 1;
        let serial = self.last_serial;
        let id = self.sockets.next_id();
        let kind = kind(id, serial);
        if matches!(kind, Kind::Tap(_)) {
            self.taps.push(id);
        }
        self.sockets.insert(Socket::new(namespace, serial, kind))
    }

    /// The last descriptor of a socket is closed. A connection may live on until all is said.
    pub fn close(&mut self, id: SocketId, present: &mut Present) {
        let Some(socket) = self.sockets.get(id) else { return };
        match &socket.kind {
            Kind::Stream(_) => self.close_stream(id, present),
            Kind::Local(_) => self.close_local(id, present),
            Kind::Datagram(_) | Kind::Tap(_) => self.forget(id),
        }
    }

    /// A socket is no more.
    pub(super) fn forget(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.remove(id) else { return };
        let Some(stack) = self.stacks.get_mut(&socket.namespace) else { return };
        match socket.kind {
            Kind::Stream(tcp) => {
                stack.ports.release(ports::Protocol::Tcp, tcp.local.port(), id);
                stack.connections.remove(&(tcp.local, tcp.remote));
            }
            Kind::Datagram(datagram) => {
                stack.ports.release(datagram.protocol, datagram.local.port(), id);
            }
            Kind::Tap(_) => self.taps.retain(|tap| *tap != id),
            Kind::Local(_) => {}
        }
    }

    /// A time has come.
    pub fn timer(&mut self, timer: Timer, present: &mut Present) {
        match timer {
            Timer::Socket(id) => self.stream_timer(id, present),
            Timer::Neighbour(namespace, port, address) => {
                self.neighbour_timer(namespace, (port, address), present);
            }
            Timer::Fragments(namespace) => {
                if let Some(stack) = self.stacks.get_mut(&namespace) {
                    let lost = stack.fragments.give_up(present.now);
                    if let Some(at) = stack.fragments.next_timer() {
                        present.effects.push(Effect::Plan(timer, at));
                    }
                    for _ in 0..lost {
                        let port = Self::loopback(namespace);
                        let reason = crate::event::Loss::Fragment;
                        present.note(crate::event::NetEvent::Drop { port, length: 0, reason });
                    }
                }
            }
        }
    }
}
