//! Segments: what TCP reads from the wire and writes to it (RFC 9293 §3.1; options: RFC 7323, RFC 2018).

use super::seq::Seq;
use crate::net::packet::HEADROOM;
use smoltcp::wire::{IpAddress, TcpOption, TcpPacket, TcpSeqNumber};
use std::net::{Ipv4Addr, SocketAddrV4};

/// Bytes of the header without options.
const HEADER: usize = 20;
/// Most bytes of options.
const MAX_OPTIONS: usize = 40;
/// The largest shift of a window (RFC 7323 §2.3).
pub const MAX_SCALE: u8 = 14;

/// The control bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Here begins a stream of bytes.
    pub syn: bool,
    /// Here it ends.
    pub fin: bool,
    /// There is no such connection.
    pub rst: bool,
    /// Hand on to the program what has come.
    pub psh: bool,
}

/// A run of bytes that came out of order: from, and up to but without.
pub type Block = (Seq, Seq);

/// What stands in a header behind its fixed part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The largest payload that the sender takes, in bytes.
    pub mss: Option<u16>,
    /// By how many bits windows are to be shifted to the left.
    pub scale: Option<u8>,
    /// Selective acknowledgement is possible.
    pub sack_permitted: bool,
    /// What has come out of order, the newest first.
    pub blocks: [Option<Block>; 3],
    /// The sender's clock, and the newest of the receiver's clock that it saw.
    pub timestamp: Option<(u32, u32)>,
}

/// A header.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    /// From.
    pub source: SocketAddrV4,
    /// To.
    pub destination: SocketAddrV4,
    /// The place of the first byte, or of the SYN.
    pub seq: Seq,
    /// The next byte that is expected; `None` only in a first SYN, and in a RST.
    pub ack: Option<Seq>,
    /// Control bits.
    pub flags: Flags,
    /// How many bytes more are welcome, not shifted yet.
    pub window: u16,
    /// Options.
    pub options: Options,
}

/// A segment that came.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Its header.
    pub header: Header,
    /// Its bytes.
    pub payload: &'a [u8],
}

impl<'a> Segment<'a> {
    /// Reads a segment. `None` if it is damaged: too short, of a wrong checksum, with options that run over the end.
    #[must_use]
    pub fn parse(bytes: &'a [u8], source: Ipv4Addr, destination: Ipv4Addr) -> Option<Self> {
        let packet = TcpPacket::new_checked(bytes).ok()?;
        let (from, to) = (IpAddress::Ipv4(source), IpAddress::Ipv4(destination));
        if !packet.verify_checksum(&from, &to) {
            return None;
        }
        let mut options = Options::default();
        let mut rest = packet.options();
        while !rest.is_empty() {
            let (next, option) = TcpOption::parse(rest).ok()?;
            match option {
                TcpOption::EndOfList => break,
                TcpOption::MaxSegmentSize(size) => options.mss = Some(size),
                TcpOption::WindowScale(shift) => options.scale = Some(shift.min(MAX_SCALE)),
                TcpOption::SackPermitted => options.sack_permitted = true,
                TcpOption::SackRange(blocks) => {
                    options.blocks = blocks.map(|block| block.map(|(a, b)| (Seq(a), Seq(b))));
                }
                TcpOption::TimeStamp { tsval, tsecr } => options.timestamp = Some((tsval, tsecr)),
                TcpOption::NoOperation | TcpOption::Unknown { .. } => {}
            }
            rest = next;
        }
        let flags =
            Flags { syn: packet.syn(), fin: packet.fin(), rst: packet.rst(), psh: packet.psh() };
        let header = Header {
            source: SocketAddrV4::new(source, packet.src_port()),
            destination: SocketAddrV4::new(destination, packet.dst_port()),
            seq: Seq(packet.seq_number().0 as u32),
            ack: packet.ack().then(|| Seq(packet.ack_number().0 as u32)),
            flags,
            window: packet.window_len(),
            options,
        };
        Some(Self { header, payload: packet.payload() })
    }

    /// How much of the sequence space it takes: its bytes, its SYN and its FIN.
    #[must_use]
    pub fn length(&self) -> u32 {
        let flags = self.header.flags;
        self.payload.len() as u32 + u32::from(flags.syn) + u32::from(flags.fin)
    }
}

/// Writes a segment with room in front for the headers below. `fill` writes the payload of `length` bytes.
#[must_use]
pub fn write(header: &Header, length: usize, fill: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut options = [0; MAX_OPTIONS];
    let used = write_options(header, &mut options);
    let start = HEADER + used;
    let mut bytes = vec![0; HEADROOM + start + length];
    let Some(body) = bytes.get_mut(HEADROOM..) else { return bytes };
    let mut packet = TcpPacket::new_unchecked(&mut body[..]);
    packet.set_src_port(header.source.port());
    packet.set_dst_port(header.destination.port());
    packet.set_seq_number(TcpSeqNumber(header.seq.0 as i32));
    packet.set_ack_number(TcpSeqNumber(header.ack.unwrap_or_default().0 as i32));
    packet.clear_flags();
    packet.set_header_len(start as u8);
    packet.set_syn(header.flags.syn);
    packet.set_fin(header.flags.fin);
    packet.set_rst(header.flags.rst);
    packet.set_psh(header.flags.psh);
    packet.set_ack(header.ack.is_some());
    packet.set_window_len(header.window);
    packet.set_urgent_at(0);
    packet.options_mut()[..used].copy_from_slice(&options[..used]);
    fill(packet.payload_mut());
    let (from, to) = (header.source.ip(), header.destination.ip());
    packet.fill_checksum(&IpAddress::Ipv4(*from), &IpAddress::Ipv4(*to));
    bytes
}

/// Writes the options in Linux' order, filled up to whole words with "no operation" in front of what is odd.
fn write_options(header: &Header, into: &mut [u8; MAX_OPTIONS]) -> usize {
    let mut used = 0;
    let mut put = |option: TcpOption<'_>| {
        let length = option.buffer_len();
        if let Some(place) = into.get_mut(used..used + length) {
            option.emit(place);
            used += length;
        }
    };
    let options = &header.options;
    if let Some(size) = options.mss {
        put(TcpOption::MaxSegmentSize(size));
    }
    match (options.sack_permitted, options.timestamp) {
        (true, None) => {
            put(TcpOption::NoOperation);
            put(TcpOption::NoOperation);
            put(TcpOption::SackPermitted);
        }
        (true, Some((tsval, tsecr))) => {
            put(TcpOption::SackPermitted);
            put(TcpOption::TimeStamp { tsval, tsecr });
        }
        (false, Some((tsval, tsecr))) => {
            put(TcpOption::NoOperation);
            put(TcpOption::NoOperation);
            put(TcpOption::TimeStamp { tsval, tsecr });
        }
        (false, None) => {}
    }
    if let Some(shift) = options.scale {
        put(TcpOption::NoOperation);
        put(TcpOption::WindowScale(shift));
    }
    if options.blocks.iter().any(Option::is_some) {
        put(TcpOption::NoOperation);
        put(TcpOption::NoOperation);
        put(TcpOption::SackRange(options.blocks.map(|b| b.map(|(from, to)| (from.0, to.0)))));
    }
    used
}

#[cfg(test)]
mod tests {
    use super::{Flags, HEADROOM, Header, Options, Segment, write};
    use crate::net::tcp::seq::Seq;
    use std::net::{Ipv4Addr, SocketAddrV4};

    #[test]
    fn what_is_written_is_read() {
        let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let options = Options {
            mss: Some(1460),
            scale: Some(7),
            sack_permitted: true,
            blocks: [None; 3],
            timestamp: Some((1, 2)),
        };
        let sack = Options {
            blocks: [Some((Seq(5), Seq(9))), None, None],
            timestamp: Some((3, 4)),
            ..Options::default()
        };
        for options in [Options::default(), options, sack] {
            let header = Header {
                source: SocketAddrV4::new(a, 80),
                destination: SocketAddrV4::new(b, 4000),
                seq: Seq(u32::MAX),
                ack: Some(Seq(77)),
                flags: Flags { psh: true, ..Flags::default() },
                window: 501,
                options,
            };
            let mut bytes = write(&header, 3, |place| place.copy_from_slice(b"abc"));
            let read = Segment::parse(&bytes[HEADROOM..], a, b).expect("it is whole");
            assert_eq!((read.payload, read.header.options), (&b"abc"[..], options));
            assert_eq!((read.header.seq, read.header.ack), (Seq(u32::MAX), Some(Seq(77))));
            assert_eq!((read.header.flags, read.header.window), (header.flags, 501));
            *bytes.last_mut().expect("a byte") ^= 1;
            assert!(Segment::parse(&bytes[HEADROOM..], a, b).is_none(), "the checksum notices");
        }
    }
}
