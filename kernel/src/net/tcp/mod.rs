//! TCP by the book, to be read beside RFC 9293.
//!
//! Layers: [`seq`] and [`segment`] are numbers and bytes; [`timing`] and [`congestion`] decide when and how much;
//! [`Tcp`] is the transmission control block, in the RFC's names; [`input`] is what happens when a segment arrives
//! (§3.10.7), [`acknowledge`] its part about acknowledgements and losses, [`receive`] about bytes and their order;
//! [`output`] is what is sent and when; [`listen`] holds connections that a program has not accepted yet.
//!
//! A typical sequence: a program's bytes are put at the end of the send buffer; `output` cuts them into segments as far
//! as both windows allow, and remembers each as a [`Flight`]; the timer is set. An acknowledgement comes: flights in
//! front of it are gone, the round trip is measured, the congestion window grows, more is sent.
//!
//! Taken from elsewhere: the split by concern and the queue of flights with their marks (sent again, selectively
//! acknowledged, lost) from Linux' `tcp_input.c` and `tcp_output.c`; that the block makes packets as values and never
//! calls into a driver from smoltcp.
//!
//! A simplification: urgent data (§3.8.5) is delivered in line, which the RFC now recommends anyway.

pub mod acknowledge;
pub mod congestion;
pub mod input;
pub mod listen;
pub mod output;
pub mod receive;
pub mod segment;
pub mod seq;
pub mod timers;
pub mod timing;

use super::effect::Present;
use crate::abi::Errno;
pub use crate::abi::types::TcpState as State;
use crate::base::{Duration, RequestId, SocketId, Time};
use crate::event::{EventId, NetEvent, Tagged};
use congestion::Congestion;
use listen::Listener;
use receive::Early;
use seq::Seq;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};
use timing::Timing;

/// How many bytes a socket takes from its program before the program must wait.
pub const SEND_BUFFER: usize = 256 << 10;
/// How many bytes a socket keeps for its program.
pub const RECEIVE_BUFFER: usize = 256 << 10;
/// The shift of the windows that this side announces.
const WINDOW_SCALE: u8 = 7;
/// What a peer takes that says nothing (RFC 9293 §3.7.1).
const DEFAULT_MSS: u16 = 536;
/// How long a closed connection is remembered: twice the maximum segment lifetime (Linux' `TCP_TIMEWAIT_LEN`).
pub const TIME_WAIT: Duration = Duration::seconds(60);

/// A segment that was sent and not acknowledged.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Flight {
    /// Its first place.
    pub seq: Seq,
    /// How much of the sequence space it takes.
    pub length: u32,
    /// Whether a SYN is in it.
    pub syn: bool,
    /// Whether a FIN is in it, after its bytes.
    pub fin: bool,
    /// When it was sent, the last time.
    pub sent: Time,
    /// Whether it was sent more than once.
    pub again: bool,
    /// Whether the peer has it, though something before it is missing.
    pub sacked: bool,
    /// Whether it counts as lost and must be sent again.
    pub lost: bool,
}

/// What is being repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recovery {
    /// A loss that duplicate acknowledgements told of, until this place is acknowledged (RFC 6582, RFC 6675).
    Fast(Seq),
    /// A timeout, until this place is acknowledged.
    Timeout(Seq),
}

/// What a program may set.
#[derive(Clone, Debug, Hash)]
pub struct Settings {
    /// TCP_NODELAY: small segments need not wait.
    pub no_delay: bool,
    /// TCP_CORK: no segment that is not full.
    pub cork: bool,
    /// TCP_QUICKACK: acknowledge at once.
    pub quick_ack: bool,
    /// SO_KEEPALIVE.
    pub keep_alive: bool,
    /// TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT.
    pub keep_alive_times: (Duration, Duration, u32),
    /// SO_LINGER: how long close(2) waits; zero resets the connection.
    pub linger: Option<Duration>,
    /// TCP_CONGESTION.
    pub congestion: &'static str,
    /// TCP_MAXSEG: no larger segments.
    pub max_segment: u16,
    /// SO_SNDBUF, in bytes.
    pub send_buffer: usize,
    /// SO_RCVBUF, in bytes.
    pub receive_buffer: usize,
    /// IP_TTL.
    pub hops: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            no_delay: false,
            cork: false,
            quick_ack: false,
            keep_alive: false,
            keep_alive_times: (Duration::seconds(7200), Duration::seconds(75), 9),
            linger: None,
            congestion: "cubic",
            max_segment: u16::MAX,
            send_buffer: SEND_BUFFER,
            receive_buffer: RECEIVE_BUFFER,
            hops: 64,
        }
    }
}

/// What a connection has counted, for TCP_INFO and for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Segments sent, those sent again included.
    pub segments_out: u64,
    /// Segments received.
    pub segments_in: u64,
    /// Bytes of payload that were acknowledged.
    pub bytes_acked: u64,
    /// Bytes of payload received in order.
    pub bytes_received: u64,
    /// Segments sent again.
    pub retransmitted: u64,
    /// How often the retransmission timer went off.
    pub timeouts: u64,
}

/// A transmission control block: all that one end knows of a connection.
#[derive(Clone, Debug, Hash)]
pub struct Tcp {
    /// The socket that it belongs to.
    pub id: SocketId,
    /// The socket's name in the log.
    pub serial: u32,
    /// The state.
    pub state: State,
    /// This end. The address is unspecified until it is known.
    pub local: SocketAddrV4,
    /// The other end.
    pub remote: SocketAddrV4,
    /// What the program has set.
    pub settings: Settings,
    /// What was counted.
    pub counts: Counts,

    /// The first place of this end's stream (ISS).
    pub iss: Seq,
    /// The oldest place that is not acknowledged (SND.UNA).
    pub una: Seq,
    /// The next place to send (SND.NXT).
    pub nxt: Seq,
    /// How much the peer takes from `una` on, in bytes (SND.WND).
    pub wnd: u32,
    /// The segment that said so: its place and its acknowledgement (SND.WL1, SND.WL2).
    wl: (Seq, Seq),
    /// The largest window that the peer ever announced.
    max_wnd: u32,
    /// Bytes from the program, from the place `sent_from` on.
    pub unsent: Tagged,
    /// The place of the first byte in the send buffer.
    buffered_from: Seq,
    /// Segments on their way, in order.
    pub flights: VecDeque<Flight>,
    /// The program sends no more: a FIN follows the last byte.
    pub finished: bool,
    /// The end of the last segment that was not full (Minshall's variant of Nagle's algorithm, as Linux has it).
    small_until: Seq,
    /// The largest payload of a segment.
    pub mss: u16,
    /// What both ends can do: selective acknowledgement, timestamps.
    pub sack: bool,
    /// Whether segments carry timestamps.
    pub timestamps: bool,
    /// By how much windows are shifted: the peer's, this end's.
    scales: (u8, u8),

    /// The first place of the peer's stream (IRS).
    pub irs: Seq,
    /// The next place that is expected (RCV.NXT).
    pub expected: Seq,
    /// The right edge of the window that was announced last.
    announced: Seq,
    /// Bytes for the program.
    pub received: Tagged,
    /// Runs of bytes that came too early.
    pub early: Vec<Early>,
    /// Where the peer's stream ends, once that is known.
    end: Option<Seq>,
    /// Whether the peer's FIN was reached.
    pub ended: bool,
    /// The program reads no more (shutdown(2)).
    pub read_shut: bool,
    /// The peer's clock, as it is to be echoed (TS.Recent).
    ts_recent: u32,

    /// Bytes received since the last acknowledgement was sent.
    unacknowledged: u32,
    /// An acknowledgement must go out at once.
    acknowledge_now: bool,
    /// Duplicate acknowledgements in a row.
    duplicates: u32,
    /// What is being repaired.
    pub recovery: Option<Recovery>,
    /// When the newest segment was sent that the peer is known to have (RFC 8985).
    delivered: Time,
    /// Round trips.
    pub timing: Timing,
    /// The congestion window.
    pub congestion: Box<dyn Congestion>,

    /// When the oldest flight is sent again.
    pub retransmit_at: Option<Time>,
    /// When a closed window is probed.
    pub probe_at: Option<Time>,
    /// When an acknowledgement goes out that waits for company.
    pub acknowledge_at: Option<Time>,
    /// When an idle connection is probed.
    pub keep_alive_at: Option<Time>,
    /// When the connection is forgotten.
    pub forget_at: Option<Time>,
    /// Probes of either kind without an answer.
    pub probes: u32,

    /// No descriptor has the socket any more.
    pub orphan: bool,
    /// What went wrong, for the next call (SO_ERROR).
    pub error: Option<Errno>,
    /// Whether the next receiving call is told of the error instead of the stream's end.
    pub reset: bool,
    /// Who waits to be accepted.
    pub listener: Option<Box<Listener>>,
    /// For whom the connection was opened: tags of what has no bytes of its own.
    pub tag: (EventId, RequestId),
}

impl Tcp {
    /// A closed one.
    #[must_use]
    pub fn new(id: SocketId, serial: u32) -> Self {
        let nowhere = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        Self {
            id,
            serial,
            state: State::Closed,
            local: nowhere,
            remote: nowhere,
            settings: Settings::default(),
            counts: Counts::default(),
            iss: Seq(0),
            una: Seq(0),
            nxt: Seq(0),
            wnd: 0,
            wl: (Seq(0), Seq(0)),
            max_wnd: 0,
            unsent: Tagged::default(),
            buffered_from: Seq(0),
            flights: VecDeque::new(),
            finished: false,
            small_until: Seq(0),
            mss: DEFAULT_MSS,
            sack: false,
            timestamps: false,
            scales: (0, 0),
            irs: Seq(0),
            expected: Seq(0),
            announced: Seq(0),
            received: Tagged::default(),
            early: Vec::new(),
            end: None,
            ended: false,
            read_shut: false,
            ts_recent: 0,
            unacknowledged: 0,
            acknowledge_now: false,
            duplicates: 0,
            recovery: None,
            delivered: Time::ZERO,
            timing: Timing::default(),
            congestion: Box::new(congestion::Reno::new(u32::from(DEFAULT_MSS))),
            retransmit_at: None,
            probe_at: None,
            acknowledge_at: None,
            keep_alive_at: None,
            forget_at: None,
            probes: 0,
            orphan: false,
            error: None,
            reset: false,
            listener: None,
            tag: (EventId::NONE, RequestId::NONE),
        }
    }

    /// Goes to another state, and says so.
    pub(super) fn go(&mut self, state: State, present: &mut Present) {
        if self.state != state {
            let (from, socket) = (self.state, self.serial);
            self.state = state;
            present.note(NetEvent::State { socket, from, to: state });
        }
    }

    /// Whether bytes can go out, now or later.
    #[must_use]
    pub fn can_send(&self) -> bool {
        matches!(self.state, State::Established | State::CloseWait) && !self.finished
    }

    /// How many more bytes the send buffer takes.
    #[must_use]
    pub fn room(&self) -> usize {
        self.settings.send_buffer.saturating_sub(self.unsent.len())
    }

    /// Whether a program that waits for room is to be told of it: a third is free (Linux' `sk_stream_is_writeable`).
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.room() * 3 >= self.settings.send_buffer
    }

    /// Whether a receiving call would return at once.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        if let Some(listener) = &self.listener {
            return !listener.ready.is_empty();
        }
        !self.received.is_empty()
            || self.ended
            || self.read_shut
            || self.error.is_some()
            || self.state == State::Closed
    }

    /// Whether both directions are over.
    #[must_use]
    pub fn is_hung_up(&self) -> bool {
        matches!(self.state, State::Closed | State::LastAck | State::Closing | State::TimeWait)
            || (self.ended && self.finished)
    }

    /// The connection is over; what went wrong, if anything, is for the program to learn.
    pub(super) fn end_with(&mut self, error: Option<Errno>, present: &mut Present) {
        self.go(State::Closed, present);
        self.error = self.error.or(error);
        self.reset |= error.is_some();
        self.unsent.clear();
        self.flights.clear();
        self.early.clear();
        self.retransmit_at = None;
        self.probe_at = None;
        self.acknowledge_at = None;
        self.keep_alive_at = None;
        self.forget_at = None;
        present.wake(self.id, true, true);
    }

    /// The connection is over, and nobody is to be told.
    pub fn end_quietly(&mut self, present: &mut Present) {
        self.end_with(None, present);
    }

    /// The connection cannot be opened.
    pub fn fail(&mut self, error: Errno, present: &mut Present) {
        self.end_with(Some(error), present);
    }

    /// The next time at which it wants to be looked at.
    #[must_use]
    pub fn next_timer(&self) -> Option<Time> {
        let own = [
            self.retransmit_at,
            self.probe_at,
            self.acknowledge_at,
            self.keep_alive_at,
            self.forget_at,
            self.listener.as_ref().and_then(|listener| listener.next_timer()),
        ];
        own.into_iter().flatten().min()
    }

    /// Bytes that are on their way: sent, and neither acknowledged in any way nor known to be lost ("pipe" of RFC 6675).
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        if self.recovery.is_none() && self.duplicates == 0 {
            return self.nxt - self.una;
        }
        let counts = |flight: &&Flight| !flight.sacked && !flight.lost;
        let bytes: u32 = self.flights.iter().filter(counts).map(|flight| flight.length).sum();
        if self.sack {
            return bytes;
        }
        // Every duplicate acknowledgement says that a segment has left the network (RFC 5681 §3.2).
        bytes.saturating_sub(self.duplicates.saturating_mul(u32::from(self.mss)))
    }
}
