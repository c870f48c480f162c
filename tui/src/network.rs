//! What the network view shows: the cables of the world, one machine's interfaces, sockets, neighbours and routes, and
//! its newest packets with what is in them.

use oscope_kernel::base::{MachineId, PortId, Time};
use oscope_kernel::event::{Event, Loss, NetEvent};
use oscope_kernel::machine::NetworkView;
use oscope_kernel::world::World;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetFrame, EthernetProtocol, Icmpv4Packet, IpProtocol,
    Ipv4Packet, TcpPacket, UdpPacket,
};

/// How many packets are kept for the list.
const PACKETS: usize = 200;
/// How far back in the log they are looked for.
const FAR: u64 = 20_000;

/// Where a packet was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It left, and arrives at this time.
    Out(Time),
    /// It came in.
    In,
    /// It was lost.
    Lost(Loss),
}

/// A packet, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketLine {
    /// When.
    pub time: Time,
    /// The interface.
    pub port: PortId,
    /// Where it was seen.
    pub way: Way,
    /// Bytes, headers included.
    pub length: u32,
    /// Such as `TCP`.
    pub protocol: &'static str,
    /// From and to.
    pub ends: (String, String),
    /// What is in it.
    pub about: String,
}

/// One end of a cable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CableLine {
    /// The machine or switch.
    pub name: String,
    /// Its interface or port.
    pub interface: String,
    /// Its address, of a machine.
    pub address: String,
    /// Who is at the other end.
    pub to: String,
    /// Frames carried and lost on the way there.
    pub counts: (u64, u64),
    /// Bytes that wait in front of it.
    pub waiting: u64,
    /// Whether it belongs to the machine that is shown.
    pub is_shown: bool,
}

/// The network of a world, as one machine sees it.
#[derive(Clone, Debug, Default)]
pub struct NetworkPicture {
    /// The machine's own.
    pub view: NetworkView,
    /// All cables of the world, from machines to whatever is at their other end.
    pub cables: Vec<CableLine>,
    /// The machine's newest packets, the oldest first.
    pub packets: Vec<PacketLine>,
}

impl NetworkPicture {
    /// The picture of now.
    #[must_use]
    pub fn of(world: &World, machine: MachineId) -> Self {
        let view = world
            .machines()
            .get(usize::from(machine.0))
            .map(oscope_kernel::machine::Machine::network_view)
            .unwrap_or_default();
        Self { view, cables: cables(world, machine), packets: packets(world, machine) }
    }
}

fn cables(world: &World, shown: MachineId) -> Vec<CableLine> {
    let mut lines = Vec::new();
    let count = world.machines().len();
    let name = |id: MachineId| {
        let at = usize::from(id.0);
        world.machines().get(at).map_or_else(
            || world.switches().get(at - count).map_or("?", |switch| switch.name()).to_owned(),
            |machine| machine.config().name.clone(),
        )
    };
    for (at, machine) in world.machines().iter().enumerate() {
        let id = MachineId(at as u16);
        for interface in machine.network_view().interfaces {
            let Some((to, _)) = world.other_end((id, interface.port)) else { continue };
            let wire = machine.tables().wires.get(usize::from(interface.port.0));
            let address = interface.addresses.first();
            lines.push(CableLine {
                name: name(id),
                interface: interface.name,
                address: address.map_or_else(String::new, |(own, bits)| format!("{own}/{bits}")),
                to: name(to),
                counts: wire.map_or((0, 0), |wire| wire.counts()),
                waiting: interface.waiting,
                is_shown: id == shown,
            });
        }
    }
    for (at, switch) in world.switches().iter().enumerate() {
        for (port, wire) in switch.wires().iter().enumerate() {
            let end = (MachineId((count + at) as u16), PortId(port as u16));
            let Some((to, _)) = world.other_end(end) else { continue };
            lines.push(CableLine {
                name: switch.name().to_owned(),
                interface: format!("{port}"),
                address: String::new(),
                to: name(to),
                counts: wire.counts(),
                waiting: wire.waiting(world.time()),
                is_shown: false,
            });
        }
    }
    lines
}

fn packets(world: &World, machine: MachineId) -> Vec<PacketLine> {
    let Some(machine) = world.machines().get(usize::from(machine.0)) else { return Vec::new() };
    let log = machine.log();
    let mut lines: Vec<PacketLine> = Vec::new();
    let mut lost: Option<Loss> = None;
    for n in (log.end().saturating_sub(FAR).max(log.start())..=log.end()).rev() {
        let Some(record) = log.get(n) else { continue };
        let (port, length, frame, way) = match record.event {
            Event::Net(NetEvent::Transmit { port, length, arrives, frame }) => {
                let way = lost.take().map_or(Way::Out(arrives), Way::Lost);
                (port, length, frame, way)
            }
            Event::Net(NetEvent::Receive { port, length, frame }) => {
                (port, length, frame, lost.take().map_or(Way::In, Way::Lost))
            }
            Event::Net(NetEvent::Drop { reason, .. }) => {
                lost = Some(reason);
                continue;
            }
            _ => continue,
        };
        let bytes = log.bytes(n, frame);
        let (protocol, ends, about) = decode(bytes);
        let time = record.stamp.time;
        lines.push(PacketLine { time, port, way, length, protocol, ends, about });
        if lines.len() >= PACKETS {
            break;
        }
    }
    lines.reverse();
    lines
}

/// What a frame says: the protocol, from and to, and the rest in one line, as tcpdump(8) would.
#[must_use]
pub fn decode(bytes: &[u8]) -> (&'static str, (String, String), String) {
    let Ok(frame) = EthernetFrame::new_checked(bytes) else {
        return ("?", Default::default(), String::new());
    };
    let ends = (frame.src_addr().to_string(), frame.dst_addr().to_string());
    match frame.ethertype() {
        EthernetProtocol::Arp => {
            let packet = ArpPacket::new_checked(frame.payload());
            let about = packet.and_then(|packet| ArpRepr::parse(&packet));
            let about = about.map_or_else(|_| String::new(), |repr| arp(&repr));
            ("ARP", ends, about)
        }
        EthernetProtocol::Ipv4 => match Ipv4Packet::new_checked(frame.payload()) {
            Ok(packet) => internet(&packet),
            Err(_) => ("IP", ends, "damaged".to_owned()),
        },
        other => ("Ethernet", ends, other.to_string()),
    }
}

fn arp(repr: &ArpRepr) -> String {
    let ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr,
        source_protocol_addr,
        target_protocol_addr,
        ..
    } = repr
    else {
        return String::new();
    };
    match operation {
        ArpOperation::Request => {
            format!("who has {target_protocol_addr}? tell {source_protocol_addr}")
        }
        _ => format!("{source_protocol_addr} is at {source_hardware_addr}"),
    }
}

fn internet(packet: &Ipv4Packet<&[u8]>) -> (&'static str, (String, String), String) {
    let (from, to) = (packet.src_addr(), packet.dst_addr());
    let plain = (from.to_string(), to.to_string());
    let payload = packet.payload();
    if packet.frag_offset() > 0 {
        let about = format!("fragment at {} of packet {}", packet.frag_offset(), packet.ident());
        return ("IP", plain, about);
    }
    match packet.next_header() {
        IpProtocol::Tcp => match TcpPacket::new_checked(payload) {
            Ok(tcp) => {
                let ends =
                    (format!("{from}:{}", tcp.src_port()), format!("{to}:{}", tcp.dst_port()));
                ("TCP", ends, segment(&tcp))
            }
            Err(_) => ("TCP", plain, "damaged".to_owned()),
        },
        IpProtocol::Udp => match UdpPacket::new_checked(payload) {
            Ok(udp) => {
                let ends =
                    (format!("{from}:{}", udp.src_port()), format!("{to}:{}", udp.dst_port()));
                ("UDP", ends, format!("{} bytes", udp.payload().len()))
            }
            Err(_) => ("UDP", plain, "damaged".to_owned()),
        },
        IpProtocol::Icmp => match Icmpv4Packet::new_checked(payload) {
            Ok(icmp) => ("ICMP", plain, icmp.msg_type().to_string()),
            Err(_) => ("ICMP", plain, "damaged".to_owned()),
        },
        other => ("IP", plain, other.to_string()),
    }
}

fn segment(tcp: &TcpPacket<&[u8]>) -> String {
    let flags = [
        (tcp.syn(), "SYN"),
        (tcp.fin(), "FIN"),
        (tcp.rst(), "RST"),
        (tcp.psh(), "PSH"),
        (tcp.ack(), "ACK"),
    ];
    let flags: Vec<&str> =
        flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
    let length = tcp.payload().len();
    let seq = tcp.seq_number().0 as u32;
    let mut text = format!("{} seq {seq}", flags.join("+"));
    if length > 0 {
        text += &format!(" +{length}");
    }
    if tcp.ack() {
        text += &format!(" ack {}", tcp.ack_number().0 as u32);
    }
    text += &format!(" win {}", tcp.window_len());
    if let Ok(blocks) = tcp.selective_ack_ranges()
        && !tcp.syn()
    {
        for (from, to) in blocks.into_iter().flatten() {
            text += &format!(" sack {from}-{to}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn rubbish_is_no_packet() {
        for length in 0..80 {
            for byte in [0, 0x45, 0xff] {
                let mut bytes = vec![byte; length];
                for (at, value) in [(12, 8), (13, 0), (14, 0x45), (23, 6)] {
                    if let Some(place) = bytes.get_mut(at) {
                        *place = value;
                    }
                }
                let _ = decode(&bytes);
            }
        }
    }
}
