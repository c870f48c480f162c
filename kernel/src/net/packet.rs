//! Packets while they are in the stack: bytes with room in front for the headers of the layers below, and who they
//! are for.
//!
//! The wire formats themselves are read and written by smoltcp's `wire` module; here stands how this stack uses it.
//! A datagram is written once, behind [`HEADROOM`] bytes that are still empty; [`internet`] and [`ethernet`] fill
//! in their headers in place, so that a payload is copied no more than it must be. (Linux' `sk_buff` reserves
//! headroom for the same reason.)

use crate::base::RequestId;
use crate::event::EventId;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv4Repr,
};
use std::net::Ipv4Addr;

/// Bytes of an Ethernet header.
pub const ETHERNET: usize = 14;
/// Bytes of an IPv4 header without options.
pub const IPV4: usize = 20;
/// Room in front of what a transport protocol writes.
pub const HEADROOM: usize = ETHERNET + IPV4;

/// A station address (`struct ether_addr`).
pub type Mac = [u8; 6];

/// Everybody on the cable.
pub const BROADCAST: Mac = [0xff; 6];

/// A packet on its way out, with room for the headers that it does not have yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet {
    /// [`HEADROOM`] bytes, and what the transport protocol wrote.
    pub bytes: Vec<u8>,
    /// What led to it.
    pub cause: EventId,
    /// The request that it serves.
    pub request: RequestId,
}

/// What the header of an IPv4 packet is to say.
#[derive(Clone, Copy, Debug)]
pub struct Internet {
    /// From.
    pub source: Ipv4Addr,
    /// To.
    pub destination: Ipv4Addr,
    /// What is in it.
    pub protocol: IpProtocol,
    /// How many routers it may pass.
    pub hops: u8,
    /// The packet's number, by which fragments find together.
    pub ident: u16,
    /// Whether routers may not cut it into fragments.
    pub whole: bool,
}

/// Writes the IPv4 header into the headroom (RFC 791).
pub fn internet(bytes: &mut [u8], header: &Internet) {
    let payload = bytes.len().saturating_sub(HEADROOM);
    let repr = Ipv4Repr {
        src_addr: header.source,
        dst_addr: header.destination,
        next_header: header.protocol,
        payload_len: payload,
        hop_limit: header.hops,
    };
    let Some(bytes) = bytes.get_mut(ETHERNET..) else { return };
    let mut packet = Ipv4Packet::new_unchecked(bytes);
    repr.emit(&mut packet, &ChecksumCapabilities::ignored());
    packet.set_ident(header.ident);
    packet.set_dont_frag(header.whole);
    packet.fill_checksum();
}

/// Writes the Ethernet header in front of everything.
pub fn ethernet(bytes: &mut [u8], from: Mac, to: Mac, kind: EthernetProtocol) {
    let mut frame = EthernetFrame::new_unchecked(bytes);
    frame.set_src_addr(EthernetAddress(from));
    frame.set_dst_addr(EthernetAddress(to));
    frame.set_ethertype(kind);
}
