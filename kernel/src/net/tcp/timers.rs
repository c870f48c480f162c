//! What happens when a time has come (RFC 9293 §3.8.1 to 3.8.6, §3.10.8; RFC 6298 §5).

use super::{Recovery, State, Tcp};
use crate::abi::Errno;
use crate::event::NetEvent;
use crate::net::effect::Present;

/// How often a segment is sent again before the connection is given up (Linux' `tcp_retries2`).
const RETRIES: u32 = 15;
/// How often a SYN is sent again (`tcp_syn_retries`).
const SYN_RETRIES: u32 = 6;

impl Tcp {
    /// Looks at all timers.
    pub fn timer(&mut self, present: &mut Present) {
        let now = present.now;
        let due = |at: Option<crate::base::Time>| at.is_some_and(|at| at <= now);
        if due(self.forget_at) {
            self.end_with(None, present);
            return;
        }
        if due(self.acknowledge_at) {
            self.acknowledge_at = None;
            self.send_acknowledgement(present);
        }
        if due(self.retransmit_at) {
            self.retransmit_at = None;
            self.time_out(present);
        }
        if due(self.probe_at) {
            self.probe_at = None;
            self.probe(present);
        }
        if due(self.keep_alive_at) {
            self.keep_alive_at = None;
            self.check_alive(present);
        }
    }

    //DOC: retransmission-timeout
    /// The oldest segment was not acknowledged in time.
    fn time_out(&mut self, present: &mut Present) {
        if self.flights.is_empty() {
            return;
        }
        let limit = match self.state {
            State::SynSent | State::SynReceived => SYN_RETRIES,
            _ => RETRIES,
        };
        self.timing.backoff += 1;
        self.counts.timeouts += 1;
        present.note(NetEvent::Timeout { socket: self.serial, backoff: self.timing.backoff });
        if self.timing.backoff > limit {
            self.end_with(Some(Errno::ETIMEDOUT), present);
            return;
        }
        // Only the first timeout of a row says something about congestion (RFC 5681 §3.1).
        if !matches!(self.recovery, Some(Recovery::Timeout(_))) {
            self.congestion.timed_out(self.in_flight(), present.now);
        }
        self.recovery = Some(Recovery::Timeout(self.nxt));
        self.duplicates = 0;
        for flight in &mut self.flights {
            flight.lost = !flight.sacked;
        }
        self.note_window(present);
        // What is sacked may have been thrown away by now (RFC 2018 §8): the first one goes in any case.
        self.send_again(0, present);
        self.retransmit_at = Some(present.now + self.timing.timeout());
    }

    /// The peer's window is closed: asks whether it still is (§3.8.6.1).
    fn probe(&mut self, present: &mut Present) {
        self.probes += 1;
        self.timing.backoff = self.probes.min(RETRIES);
        if self.orphan && self.probes > RETRIES {
            self.end_with(Some(Errno::ETIMEDOUT), present);
            return;
        }
        if self.wnd > 0 {
            // A little fits: better than nothing.
            let room = self.wnd.min(u32::from(self.mss));
            let waiting = self.unsent.len() as u32 - (self.nxt - self.buffered_from);
            let length = room.min(waiting);
            if length > 0 {
                self.fly(self.nxt, length, (false, false), present);
            }
            return;
        }
        self.send_probe(present);
        self.probe_at = Some(present.now + self.timing.timeout());
    }

    /// Nothing was heard for long: asks whether anybody is there (§3.8.4).
    fn check_alive(&mut self, present: &mut Present) {
        if !self.settings.keep_alive || !self.flights.is_empty() {
            return;
        }
        let (_, interval, count) = self.settings.keep_alive_times;
        if self.probes >= count {
            self.send_reset(present);
            self.end_with(Some(Errno::ETIMEDOUT), present);
            return;
        }
        self.probes += 1;
        self.send_probe(present);
        self.keep_alive_at = Some(present.now + interval);
    }

    /// Something was heard, or keep-alive was switched: the wait begins anew.
    pub fn heard(&mut self, present: &Present) {
        self.keep_alive_at = None;
        if self.settings.keep_alive
            && matches!(self.state, State::Established | State::CloseWait | State::FinWait2)
        {
            self.keep_alive_at = Some(present.now + self.settings.keep_alive_times.0);
        }
    }
}
