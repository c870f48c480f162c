//! A segment arrives (RFC 9293 §3.10.7; RFC 5961 on segments that somebody else made up).

use super::output::clock;
use super::segment::Segment;
use super::{State, Tcp};
use crate::abi::Errno;
use crate::net::effect::Present;

/// How far a timestamp may lie back (RFC 7323 §5).
fn is_older(timestamp: u32, than: u32) -> bool {
    (timestamp.wrapping_sub(than) as i32) < 0
}

impl Tcp {
    /// Handles a segment for this connection, in any state but LISTEN.
    pub fn input(&mut self, segment: &Segment<'_>, present: &mut Present) {
        self.counts.segments_in += 1;
        match self.state {
            State::Closed | State::Listen => return,
            State::SynSent => self.answered(segment, present),
            _ => self.arrived(segment, present),
        }
        self.output(present);
        self.heard(present);
    }

    /// In SYN-SENT (§3.10.7.3).
    fn answered(&mut self, segment: &Segment<'_>, present: &mut Present) {
        let header = &segment.header;
        if let Some(ack) = header.ack
            && (!ack.after(self.iss) || ack.after(self.nxt))
        {
            if !header.flags.rst {
                self.refuse(segment, present);
            }
            return;
        }
        if header.flags.rst {
            if header.ack.is_some() {
                self.end_with(Some(Errno::ECONNREFUSED), present);
            }
            return;
        }
        if !header.flags.syn {
            return;
        }
        self.irs = header.seq;
        self.expected = header.seq + 1;
        // What the SYN promised.
        self.announced = self.expected + u32::from(u16::MAX);
        self.settle(&header.options);
        self.wl = (header.seq, header.ack.unwrap_or(self.iss));
        self.wnd = u32::from(header.window);
        self.max_wnd = self.wnd;
        match header.ack {
            Some(ack) => {
                self.go(State::Established, present);
                self.take_acknowledgement(segment, ack, present);
                self.acknowledge_now = true;
                present.wake(self.id, true, true);
            }
            None => {
                // Both ends have opened at once: the SYN goes again, with an acknowledgement.
                self.go(State::SynReceived, present);
                self.send_again(0, present);
            }
        }
    }

    /// In a state in which both streams have begun (§3.10.7.4).
    fn arrived(&mut self, segment: &Segment<'_>, present: &mut Present) {
        let header = &segment.header;
        if let (true, Some((value, _))) = (self.timestamps, header.options.timestamp)
            && is_older(value, self.ts_recent)
            && !header.flags.rst
        {
            // Protection against wrapped sequence numbers (RFC 7323 §5).
            self.acknowledge_now = true;
            return;
        }
        if !self.is_acceptable(segment) {
            if !header.flags.rst {
                self.acknowledge_now = true;
                if self.state == State::TimeWait {
                    self.forget_at = Some(present.now + super::TIME_WAIT);
                    self.send_acknowledgement(present);
                }
            }
            return;
        }
        if header.flags.rst {
            if header.seq == self.expected {
                self.aborted(present);
            } else {
                // Within the window, but not exactly: the real peer will repeat it (RFC 5961 §3).
                self.acknowledge_now = true;
            }
            return;
        }
        if header.flags.syn {
            self.acknowledge_now = true;
            if self.state == State::SynReceived {
                self.send_again(0, present);
            }
            if self.state != State::SynReceived || header.ack.is_none() {
                return;
            }
        }
        let Some(ack) = header.ack else {
            return;
        };
        if self.state == State::SynReceived {
            if !ack.after(self.una) || ack.after(self.nxt) {
                self.refuse(segment, present);
                return;
            }
            self.go(State::Established, present);
            self.wl = (header.seq, ack);
            self.wnd = u32::from(header.window) << self.scales.0;
            present.wake(self.id, true, true);
            if self.finished {
                self.go(State::FinWait1, present);
            }
        }
        if let Some((value, _)) = header.options.timestamp
            && !header.seq.after(self.expected)
            && self.timestamps
        {
            self.ts_recent = value;
        }
        if !self.take_acknowledgement(segment, ack, present) {
            return;
        }
        self.follow_acknowledgement(present);
        if self.state == State::Closed {
            return;
        }
        if self.orphan && !segment.payload.is_empty() && self.state != State::TimeWait {
            // Nobody will ever read this (RFC 1122 §4.2.2.13).
            self.send_reset(present);
            self.end_with(None, present);
            return;
        }
        self.take_payload(segment, present);
    }

    /// Whether any of the segment lies in the window (§3.10.7.4, first).
    fn is_acceptable(&self, segment: &Segment<'_>) -> bool {
        let (seq, length) = (segment.header.seq, segment.length());
        let window = self.announced - self.expected;
        let edge = self.expected + window.max(1);
        if window == 0 && length > 0 {
            // Only an acknowledgement can be of use, and a FIN that stands exactly here.
            return seq == self.expected && segment.payload.is_empty();
        }
        if length == 0 {
            return seq == self.expected || seq.is_within(self.expected, edge);
        }
        let last = seq + (length - 1);
        seq.is_within(self.expected, edge) || last.is_within(self.expected, edge)
    }

    /// The peer has reset the connection.
    fn aborted(&mut self, present: &mut Present) {
        let error = match self.state {
            State::SynReceived => Some(Errno::ECONNREFUSED),
            State::CloseWait => Some(Errno::EPIPE),
            State::Closing | State::LastAck | State::TimeWait => None,
            _ => Some(Errno::ECONNRESET),
        };
        self.end_with(error, present);
    }

    /// Answers a segment that cannot be meant for this connection.
    fn refuse(&mut self, segment: &Segment<'_>, present: &mut Present) {
        super::listen::reset(segment, present);
    }

    /// The value of this end's clock, for choosing the next connection's first place.
    #[must_use]
    pub fn clock_of(present: &Present) -> u32 {
        clock(present.now)
    }
}
