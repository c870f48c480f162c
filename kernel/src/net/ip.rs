//! IPv4: packets out, packets in, packets on their way to somebody else (RFC 791, RFC 1122 §3, RFC 1812 §5).
//!
//! Options of received packets are skipped and never acted on.

use super::Net;
use super::effect::{Datagram, Effect, Present, Timer};
use super::fragment::Piece;
use super::packet::{BROADCAST, ETHERNET, HEADROOM, IPV4, Internet, Packet, internet};
use super::route::mask;
use crate::abi::Errno;
use crate::base::{NsId, PortId};
use crate::event::{Loss, NetEvent};
use crate::net::neighbour;
use smoltcp::wire::{EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet};
use std::net::Ipv4Addr;

/// An IPv4 packet that is for this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived<'a> {
    pub(super) port: PortId,
    pub(super) namespace: NsId,
    pub(super) source: Ipv4Addr,
    pub(super) destination: Ipv4Addr,
    pub(super) protocol: IpProtocol,
    pub(super) hops: u8,
    /// Its header, and as much of its bytes as an ICMP error quotes.
    pub(super) quote: &'a [u8],
    pub(super) payload: &'a [u8],
}

impl Net {
    /// The interface and the next hop for an address, and the address that packets there should come from.
    ///
    /// # Errors
    /// `ENETUNREACH` if no route leads there.
    pub fn route(
        &self,
        namespace: NsId,
        to: Ipv4Addr,
    ) -> Result<(PortId, Ipv4Addr, Ipv4Addr), Errno> {
        let stack = self.stacks.get(&namespace).ok_or(Errno::ENETUNREACH)?;
        if to.is_loopback() || self.is_own(namespace, to) {
            return Ok((Self::loopback(namespace), to, to));
        }
        if to.is_broadcast() {
            let card = self.interfaces.iter().find(|(_, interface)| {
                interface.namespace == namespace && interface.device.is_some()
            });
            let (port, interface) = card.ok_or(Errno::ENETUNREACH)?;
            let own = interface.addresses.first().map_or(Ipv4Addr::UNSPECIFIED, |(own, _)| *own);
            return Ok((*port, to, own));
        }
        let route = stack.routes.find(to).ok_or(Errno::ENETUNREACH)?;
        let next = route.gateway.unwrap_or(to);
        let interface = self.interfaces.get(&route.port).ok_or(Errno::ENETUNREACH)?;
        // The address in the next hop's own network, if there is one.
        let near =
            interface.addresses.iter().find(|(own, bits)| mask(*own, *bits) == mask(next, *bits));
        let own =
            near.or(interface.addresses.first()).map_or(Ipv4Addr::UNSPECIFIED, |(own, _)| *own);
        Ok((route.port, next, own))
    }

    /// Whether an address is one of this machine's.
    #[must_use]
    pub fn is_own(&self, namespace: NsId, address: Ipv4Addr) -> bool {
        address.is_loopback()
            || self.interfaces.values().any(|interface| {
                interface.namespace == namespace
                    && interface.addresses.iter().any(|(own, _)| *own == address)
            })
    }

    /// Whether packets to an address are for everybody on a cable.
    fn is_for_all(&self, port: PortId, address: Ipv4Addr) -> bool {
        let own = self.interfaces.get(&port).map_or(&[][..], |interface| &interface.addresses);
        address.is_broadcast()
            || own.iter().any(|(own, bits)| {
                *bits < 31 && u32::from(address) == u32::from(mask(*own, *bits)) | !0 >> bits
            })
    }

    /// Sends what transport protocols have made.
    pub(super) fn send_outgoing(&mut self, namespace: NsId, present: &mut Present) {
        while !present.outgoing.is_empty() {
            for datagram in std::mem::take(&mut present.outgoing) {
                self.send_datagram(namespace, datagram, present);
            }
        }
    }

    /// Gives a packet its header, and sends it to the next hop.
    fn send_datagram(&mut self, namespace: NsId, datagram: Datagram, present: &mut Present) {
        let Datagram { source, destination, protocol, hops, whole, mut packet } = datagram;
        let length = packet.bytes.len() as u32;
        let Ok((port, next, own)) = self.route(namespace, destination) else {
            let port = Self::loopback(namespace);
            present.note(NetEvent::Drop { port, length, reason: Loss::Route });
            return;
        };
        let Some(stack) = self.stacks.get_mut(&namespace) else { return };
        stack.ident = stack.ident.wrapping_add(1);
        let source = if source.is_unspecified() { own } else { source };
        let header = Internet { source, destination, protocol, hops, ident: stack.ident, whole };
        internet(&mut packet.bytes, &header);
        self.send_whole(namespace, (port, next), packet, present);
    }

    /// Sends a packet that has its header, in fragments if it is too long.
    pub(super) fn send_whole(
        &mut self,
        namespace: NsId,
        (port, next): (PortId, Ipv4Addr),
        packet: Packet,
        present: &mut Present,
    ) {
        let mtu = self.interfaces.get(&port).map_or(1500, |interface| interface.mtu);
        let length = packet.bytes.len().saturating_sub(ETHERNET);
        if length <= mtu {
            self.send_on(namespace, (port, next), packet, present);
            return;
        }
        let Some(body) = packet.bytes.get(ETHERNET..) else { return };
        let whole = Ipv4Packet::new_unchecked(body);
        let (base, last, ident) = (whole.frag_offset(), !whole.more_frags(), whole.ident());
        let header = Internet {
            source: whole.src_addr(),
            destination: whole.dst_addr(),
            protocol: whole.next_header(),
            hops: whole.hop_limit(),
            ident,
            whole: false,
        };
        let payload = body.get(IPV4..).unwrap_or_default();
        let step = (mtu - IPV4) / 8 * 8;
        let count = payload.len().div_ceil(step);
        for (n, part) in payload.chunks(step).enumerate() {
            let mut bytes = vec![0; HEADROOM];
            bytes.extend_from_slice(part);
            internet(&mut bytes, &header);
            if let Some(body) = bytes.get_mut(ETHERNET..) {
                let mut fragment = Ipv4Packet::new_unchecked(body);
                fragment.set_frag_offset(base + (n * step) as u16);
                fragment.set_more_frags(n + 1 < count || !last);
                fragment.fill_checksum();
            }
            let part = Packet { bytes, ..packet };
            self.send_on(namespace, (port, next), part, present);
        }
    }

    fn send_on(
        &mut self,
        namespace: NsId,
        (port, next): (PortId, Ipv4Addr),
        packet: Packet,
        present: &mut Present,
    ) {
        if port == Self::loopback(namespace) {
            neighbour::transmit(port, [0; 6], [0; 6], packet, present);
        } else if self.is_for_all(port, next) {
            let own = self.interfaces.get(&port).map_or([0; 6], |interface| interface.mac);
            neighbour::transmit(port, own, BROADCAST, packet, present);
        } else {
            self.send_to_neighbour((port, next), packet, present);
        }
    }

    /// A frame came in by an interface.
    pub fn input(&mut self, port: PortId, bytes: &[u8], present: &mut Present) {
        let length = bytes.len() as u32;
        let Some(interface) = self.interfaces.get_mut(&port) else { return };
        interface.received.count(bytes.len());
        let (mac, namespace) = (interface.mac, interface.namespace);
        let Ok(frame) = EthernetFrame::new_checked(bytes) else {
            present.note(NetEvent::Drop { port, length, reason: Loss::Damaged });
            return;
        };
        let to = frame.dst_addr().0;
        if to != mac && to[0] & 1 == 0 {
            present.note(NetEvent::Drop { port, length, reason: Loss::Stranger });
            return;
        }
        match frame.ethertype() {
            EthernetProtocol::Arp => self.hear_arp(port, frame.payload(), present),
            EthernetProtocol::Ipv4 => {
                let heard = self.hear_packet((port, namespace), frame.payload(), present);
                if let Err(reason) = heard {
                    present.note(NetEvent::Drop { port, length, reason });
                }
            }
            // Frames of other protocols are for packet sockets alone.
            _ => {}
        }
        self.send_outgoing(namespace, present);
    }

    /// An IPv4 packet came in.
    fn hear_packet(
        &mut self,
        (port, namespace): (PortId, NsId),
        bytes: &[u8],
        present: &mut Present,
    ) -> Result<(), Loss> {
        let packet = Ipv4Packet::new_checked(bytes).map_err(|_| Loss::Damaged)?;
        let header = usize::from(packet.header_len());
        if packet.version() != 4 || header < IPV4 || !packet.verify_checksum() {
            return Err(Loss::Damaged);
        }
        let whole = bytes.get(..usize::from(packet.total_len())).ok_or(Loss::Damaged)?;
        let body = whole.get(header..).ok_or(Loss::Damaged)?;
        let (source, destination) = (packet.src_addr(), packet.dst_addr());
        if source.is_broadcast() || source.is_multicast() {
            return Err(Loss::Damaged);
        }
        let for_me = self.is_own(namespace, destination) || self.is_for_all(port, destination);
        if !for_me {
            let forwards = self.stacks.get(&namespace).is_some_and(|stack| stack.forwards);
            if !forwards || destination.is_multicast() {
                return Err(Loss::Stranger);
            }
            return self.forward(namespace, port, (whole, header), present);
        }
        let mut arrived = Arrived {
            port,
            namespace,
            source,
            destination,
            protocol: packet.next_header(),
            hops: packet.hop_limit(),
            quote: whole,
            payload: body,
        };
        if !packet.more_frags() && packet.frag_offset() == 0 {
            return self.hear(&arrived, present);
        }
        let key = (source, destination, u8::from(packet.next_header()), packet.ident());
        let offset = usize::from(packet.frag_offset());
        let piece = Piece { offset, more: packet.more_frags(), bytes: body };
        let stack = self.stacks.get_mut(&namespace).ok_or(Loss::Stranger)?;
        let complete = stack.fragments.take(key, piece, (present.now, present.cause));
        if let Some(at) = stack.fragments.next_timer() {
            present.effects.push(Effect::Plan(Timer::Fragments(namespace), at));
        }
        match complete {
            Some(payload) => {
                arrived.payload = &payload;
                self.hear(&arrived, present)
            }
            None => Ok(()),
        }
    }

    /// Hands a packet to the protocol above.
    fn hear(&mut self, arrived: &Arrived<'_>, present: &mut Present) -> Result<(), Loss> {
        let raw = self.hear_raw(arrived, present);
        match arrived.protocol {
            IpProtocol::Tcp => self.hear_tcp(arrived, present),
            IpProtocol::Udp => self.hear_udp(arrived, present),
            IpProtocol::Icmp => self.hear_icmp(arrived, present),
            _ if raw => Ok(()),
            _ => {
                self.refuse_protocol(arrived, present);
                Err(Loss::Socket)
            }
        }
    }

    /// Sends a packet on that is for somebody else (RFC 1812 §5.3.1).
    fn forward(
        &mut self,
        namespace: NsId,
        port: PortId,
        (whole, header): (&[u8], usize),
        present: &mut Present,
    ) -> Result<(), Loss> {
        let packet = Ipv4Packet::new_unchecked(whole);
        if packet.hop_limit() <= 1 {
            self.refuse_hops(namespace, port, whole, present);
            return Err(Loss::Hops);
        }
        let Ok((out, next, _)) = self.route(namespace, packet.dst_addr()) else {
            self.refuse_route(namespace, port, whole, present);
            return Err(Loss::Route);
        };
        let mtu = self.interfaces.get(&out).map_or(1500, |interface| interface.mtu);
        if whole.len() > mtu && (packet.dont_frag() || header != IPV4) {
            self.refuse_length(namespace, port, (whole, mtu), present);
            return Err(Loss::Route);
        }
        let mut bytes = vec![0; ETHERNET];
        bytes.extend_from_slice(whole);
        if let Some(body) = bytes.get_mut(ETHERNET..) {
            let mut packet = Ipv4Packet::new_unchecked(body);
            packet.set_hop_limit(packet.hop_limit() - 1);
            packet.fill_checksum();
        }
        let packet = Packet { bytes, cause: present.cause, request: present.request };
        self.send_whole(namespace, (out, next), packet, present);
        Ok(())
    }
}
