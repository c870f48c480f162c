//! What is sent, and when (RFC 9293 §3.10.2 to 3.10.4, 3.8).

use super::segment::{Flags, Header, Options, write};
use super::{Flight, Recovery, State, Tcp, WINDOW_SCALE};
use crate::base::{Duration, Time};
use crate::event::NetEvent;
use crate::net::effect::{Datagram, Present};
use crate::net::packet::Packet;
use crate::net::tcp::seq::Seq;
use smoltcp::wire::IpProtocol;

/// Bytes of the timestamps in every segment.
const TIMESTAMPS: u16 = 12;
/// How long an acknowledgement waits for company (Linux' `TCP_DELACK_MIN`; RFC 1122 allows half a second).
const DELAY: Duration = Duration::millis(40);

/// The clock that timestamps show: milliseconds.
pub(super) const fn clock(now: Time) -> u32 {
    (now.0 / 1_000_000) as u32
}

impl Tcp {
    /// Opens a connection: sends the SYN (§3.10.1).
    pub fn connect(&mut self, iss: Seq, interface_mss: u16, present: &mut Present) {
        self.tag = (present.cause, present.request);
        self.start(iss, interface_mss);
        // Offered; the answer says what the other end can do.
        self.timestamps = true;
        self.sack = true;
        self.scales = (0, WINDOW_SCALE);
        self.go(State::SynSent, present);
        self.fly(iss, 1, (true, false), present);
    }

    /// Sets all numbers to their beginning.
    pub(super) fn start(&mut self, iss: Seq, interface_mss: u16) {
        self.iss = iss;
        self.una = iss;
        self.nxt = iss;
        self.small_until = iss;
        self.buffered_from = iss + 1;
        self.mss = interface_mss.min(self.settings.max_segment);
        self.set_controller();
    }

    /// Starts congestion control over, for segments of this size.
    pub(super) fn set_controller(&mut self) {
        let mss = u32::from(self.mss);
        if let Some(controller) = super::congestion::by_name(self.settings.congestion, mss) {
            self.congestion = controller;
        }
    }

    /// The program has chosen another controller: it begins where the old one stands only if nothing was sent yet.
    pub fn change_controller(&mut self) {
        self.set_controller();
    }

    /// What both SYNs said settles the size of segments.
    pub(super) fn settle(&mut self, peer: &Options) {
        let offered = peer.mss.unwrap_or(super::DEFAULT_MSS).max(88);
        self.mss = self.mss.min(offered);
        self.sack &= peer.sack_permitted;
        self.timestamps &= peer.timestamp.is_some();
        if self.timestamps {
            self.mss -= TIMESTAMPS;
            self.ts_recent = peer.timestamp.map_or(0, |(value, _)| value);
        }
        self.scales = peer.scale.map_or((0, 0), |scale| (scale, WINDOW_SCALE));
        self.set_controller();
    }

    /// The program sends no more: a FIN goes out behind its last byte (§3.10.4).
    pub fn finish(&mut self, present: &mut Present) {
        self.finished = true;
        match self.state {
            State::SynReceived | State::Established => self.go(State::FinWait1, present),
            State::CloseWait => self.go(State::LastAck, present),
            _ => {}
        }
        self.output(present);
    }

    /// Sends all that may be sent now.
    pub fn output(&mut self, present: &mut Present) {
        if matches!(self.state, State::Closed | State::Listen | State::SynSent | State::SynReceived)
        {
            return;
        }
        self.repair(present);
        while self.send_next(present) {}
        self.watch_window(present);
        if self.acknowledge_now {
            self.send_acknowledgement(present);
        } else if self.unacknowledged > 0 && self.acknowledge_at.is_none() {
            self.acknowledge_at = Some(present.now + DELAY);
        }
    }

    /// Sends again what is lost, as far as the congestion window allows.
    fn repair(&mut self, present: &mut Present) {
        if self.recovery.is_none() {
            return;
        }
        for at in 0..self.flights.len() {
            if !self.flights[at].lost {
                continue;
            }
            let one = u32::from(self.mss);
            if self.in_flight() + one > self.congestion.window().max(one) {
                return;
            }
            self.send_again(at, present);
        }
    }

    /// Sends a flight once more.
    //DOC: send-again
    pub(super) fn send_again(&mut self, at: usize, present: &mut Present) {
        let Some(flight) = self.flights.get_mut(at) else { return };
        flight.lost = false;
        flight.again = true;
        flight.sent = present.now;
        let flight = *flight;
        self.counts.retransmitted += 1;
        present.note(NetEvent::Retransmit {
            socket: self.serial,
            sequence: flight.seq - self.iss,
            length: flight.length,
            after_timeout: matches!(self.recovery, Some(Recovery::Timeout(_)) | None),
        });
        self.send(flight.seq, flight.length, (flight.syn, flight.fin), present);
        if self.retransmit_at.is_none() {
            self.retransmit_at = Some(present.now + self.timing.timeout());
        }
    }

    /// Sends one new segment, if there is one to send. `false`: nothing more for now.
    fn send_next(&mut self, present: &mut Present) -> bool {
        let fin_place = self.buffered_from + self.unsent.len() as u32;
        // Behind the FIN nothing comes.
        if self.nxt.after(fin_place) {
            return false;
        }
        let waiting = fin_place - self.nxt;
        let window = self.wnd.min(self.congestion.window().saturating_add(self.una_gap()));
        let usable = (self.una + window) - self.nxt;
        let congested = self.congestion.window().saturating_sub(self.in_flight());
        let usable = usable.min(if self.recovery.is_some() { congested } else { usable });
        let mss = u32::from(self.mss);
        let length = waiting.min(usable).min(mss);
        let last = length == waiting;
        let with_fin = last && self.finished && !self.fin_is_out();
        if length == 0 {
            return with_fin && waiting == 0 && self.fly(self.nxt, 1, (false, true), present);
        }
        if length < mss && !with_fin && !self.may_be_small(length, last) {
            return false;
        }
        if length < mss {
            self.small_until = self.nxt + length;
        }
        self.fly(self.nxt, length + u32::from(with_fin), (false, with_fin), present)
    }

    /// By how much more may be on its way than the congestion window says: what is acknowledged selectively is not.
    fn una_gap(&self) -> u32 {
        if self.recovery.is_none() && self.duplicates == 0 {
            return 0;
        }
        (self.nxt - self.una).saturating_sub(self.in_flight())
    }

    /// Whether a segment that is not full may go (RFC 9293 §3.8.6.2.1, Nagle's algorithm §3.7.4).
    fn may_be_small(&self, length: u32, last: bool) -> bool {
        if !last {
            // The window cut it: wait, unless it is half of the largest window there ever was.
            return length >= self.max_wnd / 2;
        }
        if self.settings.cork {
            return false;
        }
        self.settings.no_delay || !self.small_until.after(self.una)
    }

    fn fin_is_out(&self) -> bool {
        self.flights.back().is_some_and(|flight| flight.fin)
            || self.nxt.after(self.buffered_from + self.unsent.len() as u32)
    }

    /// Sends a new segment and remembers it.
    pub(super) fn fly(
        &mut self,
        seq: Seq,
        length: u32,
        (syn, fin): (bool, bool),
        present: &mut Present,
    ) -> bool {
        let sent = present.now;
        let flight =
            Flight { seq, length, syn, fin, sent, again: false, sacked: false, lost: false };
        self.flights.push_back(flight);
        self.nxt = seq + length;
        if self.retransmit_at.is_none() {
            self.retransmit_at = Some(present.now + self.timing.timeout());
        }
        self.send(seq, length, (syn, fin), present);
        true
    }

    /// Sends an acknowledgement without anything else.
    pub fn send_acknowledgement(&mut self, present: &mut Present) {
        self.send(self.nxt, 0, (false, false), present);
    }

    /// Sends a byte that the peer has, to make it answer (keep-alive and window probes).
    pub(super) fn send_probe(&mut self, present: &mut Present) {
        self.send(Seq(self.una.0.wrapping_sub(1)), 0, (false, false), present);
    }

    /// Says that there is no connection (any more).
    pub fn send_reset(&mut self, present: &mut Present) {
        let header = self.header(self.nxt, Flags { rst: true, ..Flags::default() }, present.now);
        let bytes = write(&header, 0, |_| {});
        self.push(bytes, present.request, present);
    }

    /// Makes the segment and hands it to IP.
    fn send(&mut self, seq: Seq, length: u32, (syn, fin): (bool, bool), present: &mut Present) {
        let payload = length.saturating_sub(u32::from(syn) + u32::from(fin)) as usize;
        let from = (seq - self.buffered_from) as usize;
        let ends = from + payload == self.unsent.len();
        let flags = Flags { syn, fin, rst: false, psh: payload > 0 && ends };
        let header = self.header(seq, flags, present.now);
        let writer = if payload > 0 { self.unsent.writer(from) } else { None };
        let bytes = write(&header, payload, |place| {
            self.unsent.copy(from, place);
        });
        let request = writer.map_or(present.request, |(_, request)| request);
        let request = if syn { self.tag.1 } else { request };
        self.push(bytes, request, present);
        // Whatever goes out acknowledges.
        self.unacknowledged = 0;
        self.acknowledge_now = false;
        self.acknowledge_at = None;
    }

    fn push(&mut self, bytes: Vec<u8>, request: crate::base::RequestId, present: &mut Present) {
        self.counts.segments_out += 1;
        present.outgoing.push(Datagram {
            source: *self.local.ip(),
            destination: *self.remote.ip(),
            protocol: IpProtocol::Tcp,
            hops: self.settings.hops,
            whole: true,
            packet: Packet { bytes, cause: present.cause, request },
        });
    }

    fn header(&mut self, seq: Seq, flags: Flags, now: Time) -> Header {
        let mut options = Options::default();
        let first = flags.syn && self.state == State::SynSent;
        if flags.syn {
            options.mss = Some(self.mss + if !first && self.timestamps { TIMESTAMPS } else { 0 });
            options.sack_permitted = self.sack;
            options.scale = (first || self.scales.1 > 0).then_some(WINDOW_SCALE);
        } else if self.sack {
            options.blocks = self.blocks();
        }
        options.timestamp = (self.timestamps && !flags.rst)
            .then(|| (clock(now), if first { 0 } else { self.ts_recent }));
        let window = self.announce();
        let shift = if flags.syn { 0 } else { self.scales.1 };
        Header {
            source: self.local,
            destination: self.remote,
            seq,
            ack: (!first).then_some(self.expected),
            flags,
            window: u16::try_from(window >> shift).unwrap_or(u16::MAX),
            options,
        }
    }

    /// How much is welcome. The right edge never moves back, and forward only by a worthwhile step, against silly
    /// windows (§3.8.6.2.2).
    fn announce(&mut self) -> u32 {
        let limit = self.settings.receive_buffer;
        let free = limit.saturating_sub(self.received.len()) as u32;
        // What the shift cannot express is not promised.
        let free = free.min(u32::from(u16::MAX) << self.scales.1);
        let free = free >> self.scales.1 << self.scales.1;
        let edge = self.expected + free;
        if edge.after(self.announced) {
            let gain = edge - self.announced;
            let worthwhile = u32::from(self.mss).min((limit / 2) as u32);
            if gain >= worthwhile || self.announced == self.expected && free >= worthwhile {
                self.announced = edge;
            }
        }
        self.announced - self.expected
    }

    /// The program has read: tells the peer, if that opens the window by two segments or half the buffer.
    pub fn window_opened(&mut self, present: &mut Present) {
        if !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2) {
            return;
        }
        let before = self.announced - self.expected;
        let free = self.settings.receive_buffer.saturating_sub(self.received.len()) as u32;
        let free = free.min(u32::from(u16::MAX) << self.scales.1);
        let half = (self.settings.receive_buffer / 2) as u32;
        if free.saturating_sub(before) >= half.min(2 * u32::from(self.mss)).max(1) && before < half
        {
            self.send_acknowledgement(present);
        }
    }

    /// Plans a probe while the peer's window keeps bytes back and nothing else would bring news.
    fn watch_window(&mut self, present: &mut Present) {
        let waits = self.nxt.before(self.buffered_from + self.unsent.len() as u32);
        if waits
            && self.flights.is_empty()
            && self.wnd < u32::from(self.mss).min(self.max_wnd.max(1))
        {
            if self.probe_at.is_none() {
                self.probe_at = Some(present.now + self.timing.timeout());
            }
        } else {
            self.probe_at = None;
        }
    }
}
