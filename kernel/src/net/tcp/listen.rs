//! Connections that are not accepted yet: the queue of SYNs and the queue of those that are ready
//! (RFC 9293 §3.10.7.2; listen(2)).
//!
//! A SYN makes an entry in the first queue, which costs little; only the acknowledgement that completes the handshake
//! makes a socket, which then waits in the second queue for accept(2). (Linux' `request_sock`.)

use super::output::clock;
use super::segment::{Flags, Header, Options, Segment, write};
use super::seq::Seq;
use super::timing::Timing;
use super::{State, Tcp, WINDOW_SCALE};
use crate::base::{RequestId, SocketId, Time};
use crate::event::EventId;
use crate::net::effect::{Datagram, Present};
use crate::net::packet::Packet;
use smoltcp::wire::IpProtocol;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddrV4;

/// How often a SYN-ACK is sent again (Linux' `tcp_synack_retries`).
const RETRIES: u32 = 5;
/// Most entries in the queue of SYNs (`tcp_max_syn_backlog`).
const MAX_REQUESTS: usize = 1024;

/// A handshake that is half done.
#[derive(Clone, Debug, Hash)]
pub struct Request {
    /// The address that the peer called.
    pub local: SocketAddrV4,
    /// The place of the peer's SYN.
    irs: Seq,
    /// The place of this end's.
    iss: Seq,
    /// What the peer's SYN said.
    mss: Option<u16>,
    scale: Option<u8>,
    sack: bool,
    timestamp: Option<u32>,
    /// When the answer is sent again.
    again_at: Time,
    /// How often it was.
    tries: u32,
    tag: (EventId, RequestId),
}

impl Request {
    fn options(&self) -> Options {
        Options {
            mss: self.mss,
            scale: self.scale,
            sack_permitted: self.sack,
            blocks: [None; 3],
            timestamp: self.timestamp.map(|value| (value, 0)),
        }
    }
}

/// What a listening socket has.
#[derive(Clone, Debug, Default, Hash)]
pub struct Listener {
    /// How many may wait to be accepted.
    pub backlog: usize,
    /// Who waits to be accepted.
    pub ready: VecDeque<SocketId>,
    /// Handshakes that are half done, by the peer's address.
    pub requests: BTreeMap<(SocketAddrV4, SocketAddrV4), Request>,
    /// Connections that were turned away because a queue was full.
    pub overflows: u64,
}

impl Listener {
    /// When an answer is to be sent again.
    #[must_use]
    pub fn next_timer(&self) -> Option<Time> {
        self.requests.values().map(|request| request.again_at).min()
    }
}

/// What a segment to a listening socket leads to.
#[derive(Debug)]
pub enum Heard {
    /// It is dealt with.
    Done,
    /// A handshake is complete: this is the new connection's block, but for its id.
    Complete(Box<Tcp>),
}

impl Tcp {
    /// Begins to listen; changes the backlog, if it does already.
    pub fn listen(&mut self, backlog: usize, present: &mut Present) {
        self.go(State::Listen, present);
        self.listener.get_or_insert_default().backlog = backlog;
    }

    /// A segment for a listening socket.
    pub fn hear(
        &mut self,
        segment: &Segment<'_>,
        (iss, interface_mss): (Seq, u16),
        present: &mut Present,
    ) -> Heard {
        let header = &segment.header;
        if header.flags.rst {
            let key = (header.source, header.destination);
            if let Some(listener) = &mut self.listener
                && listener.requests.get(&key).is_some_and(|r| r.irs + 1 == header.seq)
            {
                listener.requests.remove(&key);
            }
            return Heard::Done;
        }
        match (header.flags.syn, header.ack) {
            (true, None) => self.hear_syn(segment, iss, interface_mss, present),
            (false, Some(ack)) => {
                return self.hear_acknowledgement(segment, ack, interface_mss, present);
            }
            _ => reset(segment, present),
        }
        Heard::Done
    }

    //DOC: handshake
    fn hear_syn(
        &mut self,
        segment: &Segment<'_>,
        iss: Seq,
        interface_mss: u16,
        present: &mut Present,
    ) {
        let header = &segment.header;
        let Some(listener) = &mut self.listener else { return };
        let key = (header.source, header.destination);
        let full = listener.ready.len() > listener.backlog
            || listener.requests.len() >= MAX_REQUESTS.max(listener.backlog);
        if full && !listener.requests.contains_key(&key) {
            // The peer will try again, and there may be room then.
            listener.overflows += 1;
            present.note(crate::event::NetEvent::Overflow { socket: self.serial });
            return;
        }
        let options = &header.options;
        let request = listener.requests.entry(key).or_insert(Request {
            local: header.destination,
            irs: header.seq,
            iss,
            mss: options.mss,
            scale: options.scale,
            sack: options.sack_permitted,
            timestamp: options.timestamp.map(|(value, _)| value),
            again_at: present.now + Timing::default().timeout(),
            tries: 0,
            tag: (present.cause, present.request),
        });
        answer(header.source, request, interface_mss, present);
    }

    /// The third segment of a handshake.
    //DOC: accept-queue
    fn hear_acknowledgement(
        &mut self,
        segment: &Segment<'_>,
        ack: Seq,
        interface_mss: u16,
        present: &mut Present,
    ) -> Heard {
        let header = &segment.header;
        let key = (header.source, header.destination);
        let settings = self.settings.clone();
        let Some(listener) = &mut self.listener else { return Heard::Done };
        let found = listener.requests.get(&key).filter(|r| ack == r.iss + 1);
        let Some(request) = found else {
            reset(segment, present);
            return Heard::Done;
        };
        if header.seq != request.irs + 1 {
            // Its bytes are not the first: what was lost in between comes again.
            let again = request.clone();
            answer(header.source, &again, interface_mss, present);
            return Heard::Done;
        }
        if listener.ready.len() > listener.backlog {
            // As if it had been lost: the peer's bytes will come again.
            listener.overflows += 1;
            present.note(crate::event::NetEvent::Overflow { socket: self.serial });
            return Heard::Done;
        }
        let Some(request) = listener.requests.remove(&key) else { return Heard::Done };
        let mut tcp = Tcp::new(SocketId::NONE, 0);
        tcp.settings = settings;
        tcp.local = header.destination;
        tcp.remote = header.source;
        tcp.tag = request.tag;
        tcp.start(request.iss, interface_mss);
        tcp.timestamps = true;
        tcp.sack = true;
        tcp.settle(&request.options());
        tcp.irs = request.irs;
        tcp.expected = request.irs + 1;
        // The answer to the SYN promised this much, and the first bytes may come with its acknowledgement.
        tcp.announced = tcp.expected + u32::from(u16::MAX);
        tcp.una = request.iss;
        tcp.nxt = request.iss + 1;
        tcp.state = State::SynReceived;
        Heard::Complete(Box::new(tcp))
    }

    /// Sends answers again that were not acknowledged, and gives up on those that never are.
    pub fn repeat_answers(&mut self, interface_mss: u16, present: &mut Present) {
        let Some(listener) = &mut self.listener else { return };
        let mut late = Vec::new();
        for (key, request) in &mut listener.requests {
            if request.again_at > present.now {
                continue;
            }
            request.tries += 1;
            let timing = Timing { backoff: request.tries, ..Timing::default() };
            request.again_at = present.now + timing.timeout();
            if request.tries > RETRIES {
                late.push(*key);
            } else {
                answer(key.0, request, interface_mss, present);
            }
        }
        for key in late {
            listener.requests.remove(&key);
        }
    }
}

/// Sends a SYN-ACK.
fn answer(to: SocketAddrV4, request: &Request, interface_mss: u16, present: &mut Present) {
    let options = Options {
        mss: Some(interface_mss),
        scale: request.scale.map(|_| WINDOW_SCALE),
        sack_permitted: request.sack,
        blocks: [None; 3],
        timestamp: request.timestamp.map(|value| (clock(present.now), value)),
    };
    let header = Header {
        source: request.local,
        destination: to,
        seq: request.iss,
        ack: Some(request.irs + 1),
        flags: Flags { syn: true, ..Flags::default() },
        window: u16::MAX,
        options,
    };
    send(&header, request.tag.1, present);
}

/// Answers a segment for which there is no connection (§3.10.7.1).
pub fn reset(segment: &Segment<'_>, present: &mut Present) {
    let header = &segment.header;
    if header.flags.rst {
        return;
    }
    let (seq, ack) = match header.ack {
        Some(ack) => (ack, None),
        None => (Seq(0), Some(header.seq + segment.length())),
    };
    let answer = Header {
        source: header.destination,
        destination: header.source,
        seq,
        ack,
        flags: Flags { rst: true, ..Flags::default() },
        window: 0,
        options: Options::default(),
    };
    send(&answer, present.request, present);
}

fn send(header: &Header, request: RequestId, present: &mut Present) {
    present.outgoing.push(Datagram {
        source: *header.source.ip(),
        destination: *header.destination.ip(),
        protocol: IpProtocol::Tcp,
        hops: 64,
        whole: true,
        packet: Packet { bytes: write(header, 0, |_| {}), cause: present.cause, request },
    });
}
