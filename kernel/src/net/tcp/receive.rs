//! Bytes that arrive: in order to the program, out of order aside (RFC 9293 §3.10.7.4, seventh and eighth; RFC 2018).

use super::segment::{Block, Segment};
use super::seq::Seq;
use super::{State, TIME_WAIT, Tcp};
use crate::base::RequestId;
use crate::event::EventId;
use crate::net::effect::Present;

/// Most runs of bytes that wait for a gap to be filled: more are dropped, and will be sent again.
const MAX_EARLY: usize = 256;

/// A run of bytes that came before its time.
#[derive(Clone, Debug, Hash)]
pub struct Early {
    /// The place of its first byte.
    pub seq: Seq,
    /// The bytes.
    pub bytes: Vec<u8>,
    tag: (EventId, RequestId),
    /// How many runs had come when it did: the newest is reported first.
    order: u64,
}

impl Early {
    fn end(&self) -> Seq {
        self.seq + self.bytes.len() as u32
    }
}

impl Tcp {
    /// Takes a segment's bytes and its FIN.
    pub(super) fn take_payload(&mut self, segment: &Segment<'_>, present: &mut Present) {
        let header = &segment.header;
        let listens = matches!(self.state, State::Established | State::FinWait1 | State::FinWait2);
        if !listens {
            return;
        }
        if header.flags.fin {
            self.end = Some(header.seq + segment.payload.len() as u32);
        }
        if !segment.payload.is_empty() {
            self.take_bytes(header.seq, segment.payload, present);
        }
        if self.end == Some(self.expected) && !self.ended {
            self.take_end(present);
        }
    }

    fn take_bytes(&mut self, seq: Seq, bytes: &[u8], present: &mut Present) {
        // Trimmed to what is new and within the window.
        let skip = (self.expected - seq) as usize;
        let seq = seq.max(self.expected);
        let bytes = bytes.get(skip..).unwrap_or_default();
        let welcome = (self.announced - seq) as usize;
        let bytes = &bytes[..bytes.len().min(welcome)];
        if bytes.is_empty() {
            self.acknowledge_now = true;
            return;
        }
        if seq != self.expected {
            self.acknowledge_now = true;
            self.keep_early(seq, bytes, present);
            return;
        }
        let filled = !self.early.is_empty();
        self.accept(bytes, (present.cause, present.request));
        while let Some(next) = self.early.first()
            && !next.seq.after(self.expected)
        {
            let next = self.early.remove(0);
            let old = (self.expected - next.seq) as usize;
            self.accept(next.bytes.get(old..).unwrap_or_default(), next.tag);
        }
        // Every second full segment, and whatever fills a gap, is acknowledged at once (RFC 5681 §4.2).
        let full = 2 * u32::from(self.mss);
        if filled || self.settings.quick_ack || self.unacknowledged >= full {
            self.acknowledge_now = true;
        }
        present.wake(self.id, true, false);
    }

    fn accept(&mut self, bytes: &[u8], (cause, request): (EventId, RequestId)) {
        self.expected += bytes.len() as u32;
        self.unacknowledged += bytes.len() as u32;
        self.counts.bytes_received += bytes.len() as u64;
        if !self.read_shut {
            self.received.push(bytes, cause, request);
        }
    }

    /// Keeps bytes until those before them come. Runs do not overlap.
    fn keep_early(&mut self, mut seq: Seq, mut bytes: &[u8], present: &Present) {
        if self.early.len() >= MAX_EARLY {
            return;
        }
        let tag = (present.cause, present.request);
        let order = self.early.iter().map(|run| run.order).max().map_or(0, |order| order + 1);
        let mut at = 0;
        while !bytes.is_empty() {
            match self.early.get(at) {
                Some(run) if !run.end().after(seq) => at += 1,
                Some(run) if !run.seq.after(seq) => {
                    // Its beginning is there already.
                    let known = (run.end() - seq) as usize;
                    bytes = bytes.get(known..).unwrap_or_default();
                    seq += known as u32;
                    at += 1;
                }
                next => {
                    let free = next.map_or(bytes.len(), |run| (run.seq - seq) as usize);
                    let (now, later) = bytes.split_at(free.min(bytes.len()));
                    self.early.insert(at, Early { seq, bytes: now.to_vec(), tag, order });
                    seq += now.len() as u32;
                    bytes = later;
                    at += 1;
                }
            }
        }
    }

    /// What to report as received out of order: the run that grew last first, as the RFC demands.
    pub(super) fn blocks(&self) -> [Option<Block>; 3] {
        let mut runs: Vec<(u64, Block)> = Vec::new();
        for run in &self.early {
            match runs.last_mut() {
                Some((order, (_, end))) if *end == run.seq => {
                    *end = run.end();
                    *order = run.order.max(*order);
                }
                _ => runs.push((run.order, (run.seq, run.end()))),
            }
        }
        runs.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
        let mut blocks = [None; 3];
        for (place, (_, block)) in blocks.iter_mut().zip(runs) {
            *place = Some(block);
        }
        blocks
    }

    /// The peer's stream is at its end (§3.10.7.4, eighth).
    fn take_end(&mut self, present: &mut Present) {
        self.ended = true;
        self.expected += 1;
        self.acknowledge_now = true;
        match self.state {
            State::SynReceived | State::Established => self.go(State::CloseWait, present),
            // Had the FIN of this end been acknowledged, the state would be FIN-WAIT-2 by now.
            State::FinWait1 => self.go(State::Closing, present),
            State::FinWait2 => self.enter_time_wait(present),
            _ => {}
        }
        present.wake(self.id, true, true);
    }

    /// All is said; late segments are answered for a while.
    pub(super) fn enter_time_wait(&mut self, present: &mut Present) {
        self.go(State::TimeWait, present);
        self.retransmit_at = None;
        self.probe_at = None;
        self.keep_alive_at = None;
        self.forget_at = Some(present.now + TIME_WAIT);
    }
}
