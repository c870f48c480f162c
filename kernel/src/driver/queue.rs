//! The requests that wait for a device, in the order that an elevator gives them.

use super::BlockRequest;
use super::elevator::{self, Elevator, Pending};
use crate::base::{Digester, Time};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// Requests that wait, and who chooses among them.
pub struct RequestQueue {
    elevator: Box<dyn Elevator>,
    requests: BTreeMap<u64, BlockRequest>,
    next_ticket: u64,
    /// Where the head is: behind the last request that was handed out.
    head: u64,
    last: u64,
}

impl RequestQueue {
    /// An empty queue of a disk with so many sectors: first come, first served.
    #[must_use]
    pub fn new(sectors: u64) -> Self {
        Self {
            elevator: Box::new(elevator::Fifo::default()),
            requests: BTreeMap::new(),
            next_ticket: 0,
            head: 0,
            last: sectors.saturating_sub(1),
        }
    }

    /// Who chooses.
    #[must_use]
    pub fn scheduler(&self) -> &'static str {
        self.elevator.name()
    }

    /// Another one chooses from now on, also among those who wait. `false` if there is none of that name.
    pub fn set_scheduler(&mut self, name: &str, now: Time) -> bool {
        let Some(mut other) = elevator::by_name(name, self.last, true) else { return false };
        let mut waiting = self.elevator.waiting(self.head, now);
        waiting.sort_unstable_by_key(|pending| pending.ticket);
        for pending in waiting {
            other.add(pending);
        }
        self.elevator = other;
        true
    }

    /// A request comes.
    pub fn add(&mut self, request: BlockRequest, now: Time) {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let position = request.sector.min(self.last);
        self.elevator.add(Pending { ticket, position, write: request.write, since: now });
        self.requests.insert(ticket, request);
    }

    /// The request that goes next, taken out.
    pub fn next(&mut self, now: Time) -> Option<BlockRequest> {
        let choice = self.elevator.next(self.head, now)?;
        let request = self.requests.remove(&choice.request.ticket)?;
        let sectors = u64::from(request.length) / super::SECTOR as u64;
        self.head = choice.request.position.saturating_add(sectors).min(self.last);
        Some(request)
    }

    /// Where the head is, in sectors.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head
    }

    /// Those who wait, in the order in which they would go.
    #[must_use]
    pub fn waiting(&self, now: Time) -> Vec<BlockRequest> {
        let order = self.elevator.waiting(self.head, now);
        order.iter().filter_map(|pending| self.requests.get(&pending.ticket)).copied().collect()
    }
}

impl Default for RequestQueue {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Clone for RequestQueue {
    fn clone(&self) -> Self {
        Self { elevator: self.elevator.clone_elevator(), requests: self.requests.clone(), ..*self }
    }
}

impl Hash for RequestQueue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digester = Digester::default();
        self.elevator.digest(&mut digester);
        (self.elevator.name(), digester.finish(), &self.requests).hash(state);
        (self.next_ticket, self.head, self.last).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::RequestQueue;
    use crate::base::{FrameId, RequestId, Time};
    use crate::driver::BlockRequest;
    use crate::event::EventId;

    fn request(sector: u64) -> BlockRequest {
        BlockRequest {
            sector,
            frame: FrameId(0),
            offset: 0,
            length: 512,
            write: false,
            cause: EventId::NONE,
            request: RequestId::NONE,
        }
    }

    #[test]
    fn another_scheduler_takes_over_those_who_wait() {
        let mut queue = RequestQueue::new(1_000);
        for sector in [500, 100, 900, 100] {
            queue.add(request(sector), Time::ZERO);
        }
        assert_eq!(queue.next(Time::ZERO).map(|r| r.sector), Some(500));
        assert!(!queue.set_scheduler("lift", Time::ZERO));
        assert!(queue.set_scheduler("clook", Time::ZERO));
        let order: Vec<u64> = queue.waiting(Time::ZERO).iter().map(|r| r.sector).collect();
        assert_eq!(order, [900, 100, 100]);
        let copy = queue.clone();
        while queue.next(Time::ZERO).is_some() {}
        assert_eq!(copy.waiting(Time::ZERO).len(), 3);
        assert_eq!(queue.head(), 101);
    }
}
