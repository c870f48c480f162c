//! A sweep in which nobody waits for too long.

use super::{Choice, Elevator, Pending, Turn};
use crate::base::{Digester, Duration, Time};
use std::collections::BTreeMap;
use std::hash::Hash;

/// How long reads and writes may wait before they go first (`read_expire`, `write_expire`).
const EXPIRE: [Duration; 2] = [Duration::millis(500), Duration::millis(5_000)];
/// How many requests a batch has (`fifo_batch`).
const BATCH: u32 = 16;
/// How many batches of reads may pass writes that wait (`writes_starved`).
const STARVED: u32 = 2;

/// Requests of one direction.
#[derive(Clone, Debug, Default, Hash)]
struct Side {
    by_position: BTreeMap<(u64, u64), Pending>,
    by_ticket: BTreeMap<u64, Pending>,
}

impl Side {
    fn expired(&self, expire: Duration, now: Time) -> Option<Pending> {
        let (_, oldest) = self.by_ticket.first_key_value()?;
        (oldest.since + expire <= now).then_some(*oldest)
    }

    /// The next one upwards from a position.
    fn from(&self, position: u64) -> Option<Pending> {
        self.by_position.range((position, 0)..).next().map(|(_, request)| *request)
    }

    fn take(&mut self, request: Pending) -> Choice {
        self.by_position.remove(&(request.position, request.ticket));
        self.by_ticket.remove(&request.ticket);
        Choice { request, turn: Turn::None }
    }
}

/// Deadline: batches of requests in the order of positions, upwards; reads before writes, because somebody waits for a read; but who
/// has waited for too long begins the next batch, and writes are not passed for ever.
#[derive(Clone, Debug, Default, Hash)]
pub struct Deadline {
    /// Reads, and writes.
    sides: [Side; 2],
    /// Which side the batch is of.
    batch: usize,
    /// How many of it are left.
    left: u32,
    /// Where it goes on.
    from: u64,
    /// How many batches of reads have passed writes.
    starved: u32,
}

impl Deadline {
    /// The side of the next batch. One of them has requests.
    fn choose_side(&mut self) -> usize {
        let [reads, writes] = &self.sides;
        let has_writes = !writes.by_ticket.is_empty();
        if reads.by_ticket.is_empty() || (has_writes && self.starved >= STARVED) {
            self.starved = 0;
            return 1;
        }
        self.starved += u32::from(has_writes);
        0
    }
}

impl Elevator for Deadline {
    fn name(&self) -> &'static str {
        "deadline"
    }

    fn add(&mut self, request: Pending) {
        let side = &mut self.sides[usize::from(request.write)];
        side.by_position.insert((request.position, request.ticket), request);
        side.by_ticket.insert(request.ticket, request);
    }

    fn next(&mut self, _: u64, now: Time) -> Option<Choice> {
        if self.left > 0
            && let Some(request) = self.sides[self.batch].from(self.from)
        {
            self.left -= 1;
            self.from = request.position;
            return Some(self.sides[self.batch].take(request));
        }
        if self.sides.iter().all(|side| side.by_ticket.is_empty()) {
            return None;
        }
        self.batch = self.choose_side();
        let side = &mut self.sides[self.batch];
        // Who has waited for too long, or the next one on the way, or the lowest.
        let request = side
            .expired(EXPIRE[self.batch], now)
            .or_else(|| side.from(self.from))
            .or_else(|| side.from(0))?;
        self.left = BATCH - 1;
        self.from = request.position;
        Some(side.take(request))
    }

    fn clone_elevator(&self) -> Box<dyn Elevator> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
