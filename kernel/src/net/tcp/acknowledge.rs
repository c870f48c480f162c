//! Acknowledgements: what they free, what they measure, and what they say of losses (RFC 9293 §3.10.7.4, fifth;
//! RFC 5681, RFC 6582, RFC 6675, RFC 8985).

use super::segment::Segment;
use super::seq::Seq;
use super::{Recovery, State, Tcp};
use crate::base::{Duration, Time};
use crate::event::NetEvent;
use crate::net::effect::Present;

/// After so many duplicates a segment counts as lost (RFC 5681 §3.2).
const DUPLICATES: u32 = 3;

impl Tcp {
    //DOC: acknowledged
    /// Looks at a segment's acknowledgement. `false`: it is of no use, and the segment goes no further.
    pub(super) fn take_acknowledgement(
        &mut self,
        segment: &Segment<'_>,
        ack: Seq,
        present: &mut Present,
    ) -> bool {
        if ack.after(self.nxt) {
            // Of something that was never sent.
            self.acknowledge_now = true;
            return false;
        }
        self.probes = 0;
        let news = self.take_blocks(segment, ack, present.now);
        let old_window = self.wnd;
        self.take_window(segment, ack);
        if ack.after(self.una) {
            self.advance(ack, present);
        } else if ack == self.una
            && !self.flights.is_empty()
            && segment.length() == 0
            && (news || old_window == self.wnd)
        {
            self.duplicates += 1;
        }
        if self.recovery.is_none() && self.has_lost() {
            self.begin_recovery(present);
        }
        self.mark_lost(present);
        true
    }

    /// The peer's window, unless the segment is older than the one that told of it last.
    fn take_window(&mut self, segment: &Segment<'_>, ack: Seq) {
        let header = &segment.header;
        let (seq, last) = self.wl;
        if seq.before(header.seq) || seq == header.seq && !last.after(ack) {
            let shift = if header.flags.syn { 0 } else { self.scales.0 };
            self.wnd = u32::from(header.window) << shift;
            self.max_wnd = self.max_wnd.max(self.wnd);
            self.wl = (header.seq, ack);
        }
    }

    /// Marks what the peer has out of order. Returns whether any of it is news.
    fn take_blocks(&mut self, segment: &Segment<'_>, ack: Seq, now: Time) -> bool {
        let mut news = false;
        let mut sample = None;
        for (from, to) in segment.header.options.blocks.into_iter().flatten() {
            if !self.sack || from.before(ack) || to.after(self.nxt) || !from.before(to) {
                continue;
            }
            for flight in &mut self.flights {
                let inside = !flight.seq.before(from) && !(flight.seq + flight.length).after(to);
                if inside && !flight.sacked {
                    flight.sacked = true;
                    flight.lost = false;
                    news = true;
                    if !flight.again {
                        sample = Some(now.since(flight.sent));
                    }
                    self.delivered = self.delivered.max(flight.sent);
                }
            }
        }
        if let Some(sample) = sample {
            self.timing.measured(sample);
        }
        news
    }

    /// Bytes are acknowledged that were not before.
    fn advance(&mut self, ack: Seq, present: &mut Present) {
        let flight_size = self.nxt - self.una;
        let mut sample: Option<Duration> = None;
        let mut ambiguous = false;
        while let Some(flight) = self.flights.front_mut() {
            let end = flight.seq + flight.length;
            if end.after(ack) {
                // Part of it: what is left flies on.
                if flight.seq.before(ack) {
                    flight.length = end - ack;
                    flight.seq = ack;
                    flight.syn = false;
                }
                break;
            }
            // What was sent twice says nothing, and what came selectively earlier was measured then.
            ambiguous |= flight.again;
            if !flight.again && !flight.sacked {
                sample = Some(present.now.since(flight.sent));
            }
            self.delivered = self.delivered.max(flight.sent);
            self.flights.pop_front();
        }
        self.una = ack;
        self.free_bytes(ack);
        if let Some(sample) = sample.filter(|_| !ambiguous) {
            self.timing.measured(sample);
        }
        self.timing.backoff = 0;
        let timeout = present.now + self.timing.timeout();
        self.retransmit_at = (!self.flights.is_empty()).then_some(timeout);
        self.repaired(ack, flight_size, present);
    }

    /// Acknowledged bytes leave the send buffer; who waits for room is told.
    fn free_bytes(&mut self, ack: Seq) {
        let freed = (ack - self.buffered_from).min(self.unsent.len() as u32);
        if freed > 0 {
            self.unsent.take(freed as usize);
            self.buffered_from += freed;
            self.counts.bytes_acked += u64::from(freed);
        }
    }

    /// What a new acknowledgement means for the congestion window and for what is being repaired.
    fn repaired(&mut self, ack: Seq, flight_size: u32, present: &mut Present) {
        let round_trip = self.timing.smoothed.unwrap_or_default();
        let gained = flight_size - (self.nxt - self.una).min(flight_size);
        match self.recovery {
            Some(Recovery::Fast(until) | Recovery::Timeout(until)) if !ack.before(until) => {
                self.recovery = None;
                self.duplicates = 0;
                self.note_window(present);
            }
            Some(Recovery::Fast(_)) => {
                // A partial acknowledgement: the next segment is missing, too (RFC 6582 §3.2).
                let segments = gained.div_ceil(u32::from(self.mss).max(1));
                self.duplicates = self.duplicates.saturating_sub(segments);
                if !self.sack
                    && let Some(first) = self.flights.front_mut()
                    && !first.again
                {
                    first.lost = true;
                }
            }
            Some(Recovery::Timeout(_)) => {
                self.congestion.acknowledged(gained, present.now, round_trip);
            }
            None => {
                self.duplicates = 0;
                self.congestion.acknowledged(gained, present.now, round_trip);
            }
        }
    }

    /// Whether there is reason to think that the first flight is lost.
    fn has_lost(&self) -> bool {
        let sacked = self.flights.iter().filter(|flight| flight.sacked).count() as u32;
        self.duplicates >= DUPLICATES || sacked >= DUPLICATES
    }

    fn begin_recovery(&mut self, present: &mut Present) {
        let flight = self.nxt - self.una;
        self.recovery = Some(Recovery::Fast(self.nxt));
        self.congestion.lost(flight, present.now);
        if let Some(first) = self.flights.front_mut()
            && !first.sacked
        {
            first.lost = true;
        }
        self.note_window(present);
    }

    /// Marks flights as lost: those with three segments behind them that have arrived (RFC 6675 `IsLost`), and those
    /// sent again, when something sent well after that has arrived (RFC 8985).
    fn mark_lost(&mut self, present: &Present) {
        if !self.sack || self.recovery.is_none() {
            return;
        }
        let round_trip = self.timing.shortest.or(self.timing.smoothed).unwrap_or_default();
        let patience = Duration(round_trip.0 / 4);
        let delivered = self.delivered;
        let mut behind = 0;
        for flight in self.flights.iter_mut().rev() {
            if flight.sacked {
                behind += 1;
            } else if flight.again {
                flight.lost |= flight.sent + patience < delivered && present.now > flight.sent;
            } else {
                flight.lost |= behind >= DUPLICATES;
            }
        }
    }

    /// The SYN of this end is acknowledged, or its FIN: other states follow (§3.10.7.4, fifth).
    pub(super) fn follow_acknowledgement(&mut self, present: &mut Present) {
        let all = self.una == self.nxt && self.finished && self.flights.is_empty();
        match self.state {
            State::FinWait1 if all => {
                self.go(State::FinWait2, present);
                if self.orphan {
                    self.forget_at = Some(present.now + super::TIME_WAIT);
                }
            }
            State::Closing if all => self.enter_time_wait(present),
            State::LastAck if all => self.end_with(None, present),
            _ => {}
        }
        if self.is_writable() {
            present.wake(self.id, false, true);
        }
    }

    /// Says how large the congestion window is now.
    pub(super) fn note_window(&self, present: &mut Present) {
        present.note(NetEvent::Congestion {
            socket: self.serial,
            window: self.congestion.window(),
            threshold: self.congestion.threshold(),
        });
    }
}
