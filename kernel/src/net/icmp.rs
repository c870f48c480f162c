//! ICMP: echo, and what went wrong with a packet (RFC 792, RFC 1122 §3.2.2, RFC 1812 §4.3).

use super::Net;
use super::effect::{Datagram, Present};
use super::ip::Arrived;
use super::packet::{HEADROOM, IPV4, Packet};
use crate::abi::Errno;
use crate::base::{NsId, PortId};
use crate::event::Loss;
use smoltcp::wire::{Icmpv4Message, Icmpv4Packet, IpProtocol, Ipv4Packet};
use std::net::{Ipv4Addr, SocketAddrV4};

/// Codes of "destination unreachable".
mod unreachable {
    pub(super) const NETWORK: u8 = 0;
    pub(super) const HOST: u8 = 1;
    pub(super) const PROTOCOL: u8 = 2;
    pub(super) const PORT: u8 = 3;
    pub(super) const TOO_LONG: u8 = 4;
}

/// Bytes of an ICMP header.
const HEADER: usize = 8;
/// How much of the packet an error quotes: what fits 576 bytes (RFC 1812 §4.3.2.3).
const QUOTED: usize = 576 - IPV4 - HEADER;

impl Net {
    /// An ICMP message came.
    pub(super) fn hear_icmp(
        &mut self,
        arrived: &Arrived<'_>,
        present: &mut Present,
    ) -> Result<(), Loss> {
        let packet = Icmpv4Packet::new_checked(arrived.payload).map_err(|_| Loss::Damaged)?;
        if !packet.verify_checksum() {
            return Err(Loss::Damaged);
        }
        match packet.msg_type() {
            Icmpv4Message::EchoRequest if !arrived.destination.is_broadcast() => {
                let mut bytes = vec![0; HEADROOM];
                bytes.extend_from_slice(arrived.payload);
                finish(&mut bytes, Icmpv4Message::EchoReply, 0);
                let from = arrived.destination;
                present.outgoing.push(datagram(from, arrived.source, bytes, present));
            }
            Icmpv4Message::EchoReply => self.hear_echo(arrived, packet.echo_ident(), present),
            Icmpv4Message::DstUnreachable => {
                let error = match packet.msg_code() {
                    unreachable::NETWORK => Errno::ENETUNREACH,
                    unreachable::PROTOCOL => Errno::ENOPROTOOPT,
                    unreachable::PORT => Errno::ECONNREFUSED,
                    unreachable::TOO_LONG => Errno::EMSGSIZE,
                    _ => Errno::EHOSTUNREACH,
                };
                self.hear_error(arrived, packet.data(), error, present);
            }
            Icmpv4Message::TimeExceeded => {
                self.hear_error(arrived, packet.data(), Errno::EHOSTUNREACH, present);
            }
            _ => {}
        }
        Ok(())
    }

    /// An error came for a packet that some socket here has sent.
    fn hear_error(
        &mut self,
        arrived: &Arrived<'_>,
        quoted: &[u8],
        error: Errno,
        present: &mut Present,
    ) {
        // Only as much as is there may be looked at: the packet itself was cut.
        let Some((head, rest)) = quoted.split_at_checked(IPV4) else { return };
        let packet = Ipv4Packet::new_unchecked(head);
        let skip = usize::from(packet.header_len()).saturating_sub(IPV4);
        let Some([a, b, c, d, ..]) = rest.get(skip..) else { return };
        let local = SocketAddrV4::new(packet.src_addr(), u16::from_be_bytes([*a, *b]));
        let remote = SocketAddrV4::new(packet.dst_addr(), u16::from_be_bytes([*c, *d]));
        match packet.next_header() {
            IpProtocol::Tcp => {
                self.tcp_error(arrived.namespace, (local, remote), error, present);
            }
            IpProtocol::Udp => {
                self.udp_error(arrived.namespace, (local, remote), error, present);
            }
            _ => {}
        }
    }

    /// Nobody listens at the port of a UDP packet.
    pub(super) fn refuse_port(&mut self, arrived: &Arrived<'_>, present: &mut Present) {
        let kind = (Icmpv4Message::DstUnreachable, unreachable::PORT, 0);
        self.complain((arrived.namespace, arrived.port), kind, arrived.quote, present);
    }

    /// Nobody here speaks the protocol.
    pub(super) fn refuse_protocol(&mut self, arrived: &Arrived<'_>, present: &mut Present) {
        let kind = (Icmpv4Message::DstUnreachable, unreachable::PROTOCOL, 0);
        self.complain((arrived.namespace, arrived.port), kind, arrived.quote, present);
    }

    /// A packet has passed too many routers.
    pub(super) fn refuse_hops(
        &mut self,
        namespace: NsId,
        port: PortId,
        packet: &[u8],
        present: &mut Present,
    ) {
        self.complain((namespace, port), (Icmpv4Message::TimeExceeded, 0, 0), packet, present);
    }

    /// No route leads on.
    pub(super) fn refuse_route(
        &mut self,
        namespace: NsId,
        port: PortId,
        packet: &[u8],
        present: &mut Present,
    ) {
        let kind = (Icmpv4Message::DstUnreachable, unreachable::NETWORK, 0);
        self.complain((namespace, port), kind, packet, present);
    }

    /// It is too long for the next cable, and may not be cut (RFC 1191).
    pub(super) fn refuse_length(
        &mut self,
        namespace: NsId,
        port: PortId,
        (packet, mtu): (&[u8], usize),
        present: &mut Present,
    ) {
        let kind = (Icmpv4Message::DstUnreachable, unreachable::TOO_LONG, mtu as u16);
        self.complain((namespace, port), kind, packet, present);
    }

    /// A packet could not be sent because nobody answers for its next hop: its sender learns of it, who may be here.
    pub(super) fn unreachable_here(
        &mut self,
        namespace: NsId,
        packet: &Packet,
        present: &mut Present,
    ) {
        let Some(body) = packet.bytes.get(super::packet::ETHERNET..) else { return };
        let kind = (Icmpv4Message::DstUnreachable, unreachable::HOST, 0);
        self.complain((namespace, Self::loopback(namespace)), kind, body, present);
        self.send_outgoing(namespace, present);
    }

    /// Sends an error about a packet to its sender; never about another error, a fragment other than the first, or
    /// something that was for everybody (RFC 1122 §3.2.2).
    fn complain(
        &mut self,
        (namespace, port): (NsId, PortId),
        (kind, code, extra): (Icmpv4Message, u8, u16),
        about: &[u8],
        present: &mut Present,
    ) {
        let Ok(packet) = Ipv4Packet::new_checked(about) else { return };
        let (source, destination) = (packet.src_addr(), packet.dst_addr());
        let echo = [u8::from(Icmpv4Message::EchoRequest), u8::from(Icmpv4Message::EchoReply)];
        let is_error = packet.next_header() == IpProtocol::Icmp
            && about.get(usize::from(packet.header_len())).is_none_or(|kind| !echo.contains(kind));
        let for_all = destination.is_broadcast() || destination.is_multicast();
        if is_error || for_all || packet.frag_offset() != 0 || source.is_unspecified() {
            return;
        }
        let own = self.interfaces.get(&port).and_then(|i| i.addresses.first()).map(|(own, _)| *own);
        let from = if self.is_own(namespace, destination) { Some(destination) } else { own };
        let mut bytes = vec![0; HEADROOM + HEADER];
        bytes.extend_from_slice(about.get(..about.len().min(QUOTED)).unwrap_or_default());
        if let Some(field) = bytes.get_mut(HEADROOM + 6..HEADROOM + 8) {
            field.copy_from_slice(&extra.to_be_bytes());
        }
        finish(&mut bytes, kind, code);
        let from = from.unwrap_or(Ipv4Addr::UNSPECIFIED);
        present.outgoing.push(datagram(from, source, bytes, present));
    }
}

/// Sets type, code and checksum of a message.
fn finish(bytes: &mut [u8], kind: Icmpv4Message, code: u8) {
    if let Some(body) = bytes.get_mut(HEADROOM..) {
        let mut packet = Icmpv4Packet::new_unchecked(body);
        packet.set_msg_type(kind);
        packet.set_msg_code(code);
        packet.fill_checksum();
    }
}

fn datagram(source: Ipv4Addr, to: Ipv4Addr, bytes: Vec<u8>, present: &Present) -> Datagram {
    Datagram {
        source,
        destination: to,
        protocol: IpProtocol::Icmp,
        hops: 64,
        whole: false,
        packet: Packet { bytes, cause: present.cause, request: present.request },
    }
}
