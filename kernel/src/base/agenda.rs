//! The agenda: what is going to happen on one machine, and in which order.
//!
//! Everything that happens later — a disk answers, a quantum ends, a packet arrives — is an entry
//! here: a [`Key`] that says when, and a value that says what. Entries come out in exact order of
//! key; a run is reproducible because of that, so nothing is ever rounded to a slot's boundary.
//!
//! # Layers
//!
//! From the bottom up:
//!
//! 1. **Store.** Each entry has a place in two parallel vectors: a `Node` of 16 bytes (time and
//!    list links, all that the wheel touches while it moves entries about) and a `Cell` (the rest
//!    of the key, and the value). Vacated places form a free list and carry a generation, so that a
//!    [`Ticket`] kept for too long finds nothing instead of somebody else's entry.
//! 2. **Wheel.** Time is cut into *ticks* of 1024 ns. Level 0 has 64 slots of one tick, level 1
//!    64 slots of 64 ticks, and so on until 64 bits are covered. An entry's level is the highest
//!    group of six bits in which its tick differs from the current one, its slot is the value of
//!    that group. As the current tick advances, entries keep their slots until it enters them, so
//!    time alone says where an entry is. A slot is a doubly linked list without order.
//! 3. **Due.** What lies at or before the current tick, in exact order: a *run*, sorted once when
//!    its slot is reached, and a heap of *late* entries that were inserted after that.
//! 4. **Next.** The earliest pending time, kept exact by all operations because the processor reads
//!    it on every system call.
//!
//! # A typical sequence
//!
//! `insert` puts a timer 3 ms ahead into a slot of level 1. Twenty others come and go; a `cancel`
//! unlinks its entry at once. When nothing else is due, the first occupied slot is that of our
//! timer: the wheel *settles*, which is to say that it advances to the earliest tick in that slot,
//! sorts that tick's entries into the run, and files the slot's other entries again, each at a lower
//! level. `pop` takes the end of the run, or the top of the late heap if that is earlier. If `pop`
//! empties both, the wheel settles again, so `next_time` has its answer ready.
//!
//! Settling may run far ahead of the machine: if the only timer is a second away, the current tick
//! is then that of the timer, and all that is inserted before it is late. A heap is good at that as
//! long as there is little; once it holds more than a fair share of all entries, the wheel is turned
//! *back* to the time of the last pop and everything is filed anew, at a cost which the insertions
//! in between have paid for. The same step clears away the heap's cancelled entries.
//!
//! # Where the ideas come from
//!
//! Hierarchical timing wheels are those of Varghese and Lauck (SOSP 1987, scheme 7). Level by the
//! highest differing bits and occupancy bitmaps are as in tokio's timer and (levels, bitmaps) in
//! Linux's `kernel/time/timer.c`. Both of those let a timer fire up to a slot late, which is what
//! time-outs want; here the order is exact, hence the sort at the bottom. Both move in steps of a
//! clock; here the wheel leaps straight to the next entry, as a discrete-event simulation does.

use super::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::hash::{Hash, Hasher};

#[cfg(test)]
mod tests;

/// log₂ of a tick in nanoseconds. With 10³ and 10⁵ timers in 10 ms, 6 to 12 measure within a tenth
/// of each other; 10 leaves exactly nine levels.
const TICK_BITS: u32 = 10;
/// log₂ of the slots of a level; one word of bitmap covers a level.
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = (u64::BITS - TICK_BITS).div_ceil(SLOT_BITS) as usize;
/// The end of a list.
const NIL: u32 = u32::MAX;
/// The late heap may hold this many entries, plus a quarter of all, before the wheel turns back.
const LATE_FLOOR: usize = 64;

/// What orders entries: time, then phase, then source, then sequence.
///
/// The derived order is that of the fields. Two entries may have the same key; they come out in the
/// order in which they went in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// When, in nanoseconds of virtual time; [`Time::MAX`] means "never" and sorts last.
    pub time: Time,
    /// Which kind of thing goes first within one instant; lower is earlier.
    pub phase: u8,
    /// Who caused it; for arrivals from outside, the sender's machine and port.
    pub source: u64,
    /// The source's own count, so that its entries stay in its order.
    pub sequence: u64,
}

/// Names one pending entry of one [`Agenda`], or of a clone of it.
///
/// A ticket is stale once its entry has been popped or cancelled, and then names nothing, even if
/// the entry's storage is in use again. (After 2³² uses of the same storage the name comes round.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    index: u32,
    generation: u32,
}

/// The half of an entry that the wheel reads: when it is due, and its neighbours in its slot.
///
/// In a vacated place, `next` links the free list.
#[derive(Clone, Copy)]
struct Node {
    time: u64,
    next: u32,
    previous: u32,
}

/// The other half of an entry: what orders it within one instant, and what it carries.
#[derive(Clone)]
struct Cell<T> {
    source: u64,
    sequence: u64,
    /// Count of insertions, to keep equal keys in the order of their arrival.
    order: u64,
    /// Which of this place's entries this is; goes up when the place is vacated.
    generation: u32,
    phase: u8,
    value: Option<T>,
}

/// An entry of the run; the rest of its key is looked up only if times are equal.
#[derive(Clone, Copy)]
struct Due {
    time: u64,
    ticket: Ticket,
}

/// An entry of the late heap, in its order. It holds the whole key because a heap must not change
/// its mind: the place may belong to another entry by the time that a cancelled one surfaces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Late {
    key: Key,
    order: u64,
    ticket: Ticket,
}

/// The slots of one level, as heads of lists, and which of them have entries.
#[derive(Clone, Copy)]
struct Level {
    occupied: u64,
    heads: [u32; SLOTS],
}

impl Level {
    const EMPTY: Self = Self { occupied: 0, heads: [NIL; SLOTS] };
}

/// The pending future of one machine: values in exact order of their [`Key`]s.
///
/// Over the life of an entry, `insert`, `cancel` and `pop` take constant time on average, apart from
/// sorting it among those of the same microsecond, and among the late ones if it is late. Storage
/// grows to the largest number of entries ever pending and is reused, never returned.
///
/// A clone has the same entries under the same tickets, and copies a few flat vectors. The hash
/// covers the pending keys and values in order of popping, and nothing of the past: two agendas with
/// the same future hash alike.
#[derive(Clone)]
pub struct Agenda<T> {
    next: Time,
    pending: usize,
    /// Inserted so far.
    inserted: u64,

    nodes: Vec<Node>,
    cells: Vec<Cell<T>>,
    free: u32,

    /// The current tick: entries up to it are due, later ones are in the wheel.
    current: u64,
    /// Time of the last pop: where the wheel turns back to.
    popped: u64,
    /// Bit `l` is set if level `l` has entries.
    levels_occupied: u64,
    levels: Vec<Level>,

    /// Latest first, so that popping takes from the end. Cancelled entries stay until they surface.
    run: Vec<Due>,
    /// Cancelled entries stay until they surface, or the wheel turns back.
    late: BinaryHeap<Reverse<Late>>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Agenda<T> {
    /// An agenda with nothing on it. Takes some 2.5 KiB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            next: Time::MAX,
            pending: 0,
            inserted: 0,
            nodes: Vec::new(),
            cells: Vec::new(),
            free: NIL,
            current: 0,
            popped: 0,
            levels_occupied: 0,
            levels: vec![Level::EMPTY; LEVELS],
            run: Vec::new(),
            late: BinaryHeap::new(),
        }
    }

    /// How many entries are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pending
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending == 0
    }

    /// The time of the earliest entry, exactly; [`Time::MAX`] if there is none. One load.
    #[inline]
    #[must_use]
    pub fn next_time(&self) -> Time {
        self.next
    }

    /// Adds an entry; the ticket can cancel it.
    ///
    /// Any time is allowed. One before those already popped is due at once, in its order among the
    /// other pending entries. Constant time if the entry goes to the wheel; if it is late, logarithmic
    /// in the number of late entries, averaged over the occasional turning back.
    pub fn insert(&mut self, key: Key, value: T) -> Ticket {
        let order = self.inserted;
        self.inserted += 1;
        let ticket = self.occupy(key, order, value);
        self.pending += 1;
        self.next = self.next.min(key.time);
        if key.time.0 >> TICK_BITS > self.current {
            self.link(ticket.index);
        } else {
            self.late.push(Reverse(Late { key, order, ticket }));
            if self.late.len() > LATE_FLOOR + self.pending / 4 {
                self.turn_back();
            }
        }
        ticket
    }

    /// Removes the ticket's entry and returns its value; `None` if the ticket is stale.
    ///
    /// Constant time, but for finding the new earliest entry if this was it. That moves entries down
    /// the wheel, each at most once per level, work that popping them would have done.
    pub fn cancel(&mut self, ticket: Ticket) -> Option<T> {
        if !self.is_live(ticket) {
            return None;
        }
        let time = self.nodes[ticket.index as usize].time;
        if time >> TICK_BITS > self.current {
            self.unlink(ticket.index);
        }
        let value = self.vacate(ticket.index);
        if time == self.next.0 {
            self.refresh();
        }
        value
    }

    /// The key of the earliest entry, the one that [`pop`](Self::pop) would take.
    pub fn peek(&mut self) -> Option<Key> {
        self.first().map(|(ticket, _)| self.key(ticket.index))
    }

    /// Takes the earliest entry; of those with equal keys, the one inserted first.
    pub fn pop(&mut self) -> Option<(Key, T)> {
        let (ticket, is_late) = self.first()?;
        let key = self.key(ticket.index);
        if is_late {
            self.late.pop();
        } else {
            self.run.pop();
        }
        self.popped = key.time.0;
        let value = self.vacate(ticket.index);
        self.refresh();
        value.map(|value| (key, value))
    }

    /// Takes the earliest entry if its key is below `limit`.
    ///
    /// Costs one comparison if the next time lies beyond the limit's.
    pub fn pop_before(&mut self, limit: Key) -> Option<(Key, T)> {
        if self.next > limit.time || self.peek()? >= limit {
            return None;
        }
        self.pop()
    }

    /// All pending entries, in the order of their storage: neither that of time nor of insertion.
    /// Linear in the largest number of entries ever pending.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        self.live().map(|(key, _, value)| (key, value))
    }

    /// All pending entries in order of popping.
    fn sorted(&self) -> Vec<(Key, &T)> {
        let mut entries: Vec<_> = self.live().collect();
        entries.sort_unstable_by_key(|&(key, order, _)| (key, order));
        entries.into_iter().map(|(key, _, value)| (key, value)).collect()
    }

    /// Key, order of insertion and value of each entry, as stored.
    fn live(&self) -> impl Iterator<Item = (Key, u64, &T)> {
        (0_u32..).zip(&self.cells).filter_map(|(index, cell)| {
            let value = cell.value.as_ref()?;
            Some((self.key(index), cell.order, value))
        })
    }
}

/// The store.
impl<T> Agenda<T> {
    fn occupy(&mut self, key: Key, order: u64, value: T) -> Ticket {
        let node = Node { time: key.time.0, next: NIL, previous: NIL };
        let mut index = self.free;
        let generation = self.cells.get(index as usize).map_or(0, |cell| cell.generation);
        let cell = Cell {
            source: key.source,
            sequence: key.sequence,
            order,
            generation,
            phase: key.phase,
            value: Some(value),
        };
        let place = (self.nodes.get_mut(index as usize), self.cells.get_mut(index as usize));
        if let (Some(old_node), Some(old_cell)) = place {
            self.free = old_node.next;
            *old_node = node;
            *old_cell = cell;
        } else {
            // The host runs out of memory at 2³² entries, some 200 GiB, before the index does.
            index = self.nodes.len() as u32;
            self.nodes.push(node);
            self.cells.push(cell);
        }
        Ticket { index, generation }
    }

    fn vacate(&mut self, index: u32) -> Option<T> {
        self.nodes[index as usize].next = self.free;
        self.free = index;
        self.pending -= 1;
        let cell = &mut self.cells[index as usize];
        cell.generation = cell.generation.wrapping_add(1);
        cell.value.take()
    }

    fn is_live(&self, ticket: Ticket) -> bool {
        let cell = self.cells.get(ticket.index as usize);
        cell.is_some_and(|cell| cell.generation == ticket.generation && cell.value.is_some())
    }

    fn key(&self, index: u32) -> Key {
        let cell = &self.cells[index as usize];
        Key {
            time: Time(self.nodes[index as usize].time),
            phase: cell.phase,
            source: cell.source,
            sequence: cell.sequence,
        }
    }
}

/// The wheel.
impl<T> Agenda<T> {
    /// Level and slot of a time beyond the current tick.
    fn slot_of(&self, time: u64) -> (usize, usize) {
        let tick = time >> TICK_BITS;
        let level = (tick ^ self.current).ilog2() / SLOT_BITS;
        let slot = (tick >> (level * SLOT_BITS)) as usize % SLOTS;
        (level as usize, slot)
    }

    /// Puts an entry that lies beyond the current tick into its slot.
    fn link(&mut self, index: u32) {
        let (level, slot) = self.slot_of(self.nodes[index as usize].time);
        let Level { occupied, heads } = &mut self.levels[level];
        *occupied |= 1 << slot;
        self.levels_occupied |= 1 << level;
        let head = std::mem::replace(&mut heads[slot], index);
        let node = &mut self.nodes[index as usize];
        node.next = head;
        node.previous = NIL;
        if head != NIL {
            self.nodes[head as usize].previous = index;
        }
    }

    /// Takes an entry that lies beyond the current tick out of its slot.
    fn unlink(&mut self, index: u32) {
        let Node { time, next, previous } = self.nodes[index as usize];
        if next != NIL {
            self.nodes[next as usize].previous = previous;
        }
        if previous != NIL {
            self.nodes[previous as usize].next = next;
            return;
        }
        let (level, slot) = self.slot_of(time);
        self.levels[level].heads[slot] = next;
        if next == NIL {
            self.mark_empty(level, slot);
        }
    }

    fn mark_empty(&mut self, level: usize, slot: usize) {
        self.levels[level].occupied &= !(1 << slot);
        if self.levels[level].occupied == 0 {
            self.levels_occupied &= !(1 << level);
        }
    }

    /// Empties the earliest occupied slot and returns the head of its list, `NIL` if there is none.
    ///
    /// Entries of a lower level share more leading bits with the current tick than those of a higher
    /// one, so all of them are earlier; within a level, the slot's number is the order.
    fn take_first_slot(&mut self) -> u32 {
        if self.levels_occupied == 0 {
            return NIL;
        }
        let level = self.levels_occupied.trailing_zeros() as usize;
        let slot = self.levels[level].occupied.trailing_zeros() as usize;
        self.mark_empty(level, slot);
        std::mem::replace(&mut self.levels[level].heads[slot], NIL)
    }

    /// Advances to the earliest tick of the wheel and makes its entries due.
    ///
    /// To be called when nothing is due. Leaping to the earliest tick instead of the slot's first one
    /// reads the list twice, but spares the entries the levels between.
    fn settle(&mut self) {
        let head = self.take_first_slot();
        if head == NIL {
            return;
        }
        let mut earliest = u64::MAX;
        let mut index = head;
        while index != NIL {
            let node = &self.nodes[index as usize];
            earliest = earliest.min(node.time);
            index = node.next;
        }
        self.current = earliest >> TICK_BITS;
        index = head;
        while index != NIL {
            let next = self.nodes[index as usize].next;
            self.file(index);
            index = next;
        }
        self.sort_run();
    }

    /// Puts an entry into the wheel, or at the end of the run, which is to be sorted later.
    fn file(&mut self, index: u32) {
        let time = self.nodes[index as usize].time;
        if time >> TICK_BITS > self.current {
            self.link(index);
        } else {
            let generation = self.cells[index as usize].generation;
            self.run.push(Due { time, ticket: Ticket { index, generation } });
        }
    }

    /// Returns to the tick of the last pop and files everything anew; see the module's description.
    ///
    /// Linear in the entries pending. Leaves the late heap empty, so at least a quarter of the
    /// entries will have been inserted before this happens again.
    fn turn_back(&mut self) {
        let mut all: Vec<u32> = Vec::with_capacity(self.pending);
        let due = self.run.iter().map(|due| due.ticket);
        let late = self.late.iter().map(|Reverse(late)| late.ticket);
        all.extend(due.chain(late).filter(|&ticket| self.is_live(ticket)).map(|t| t.index));
        loop {
            let mut index = self.take_first_slot();
            if index == NIL {
                break;
            }
            while index != NIL {
                all.push(index);
                index = self.nodes[index as usize].next;
            }
        }
        self.run.clear();
        self.late.clear();
        self.current = self.popped.min(self.next.0) >> TICK_BITS;
        for index in all {
            self.file(index);
        }
        self.sort_run();
    }
}

/// What is due.
impl<T> Agenda<T> {
    fn sort_run(&mut self) {
        let cells = &self.cells;
        let rest = |due: &Due| {
            let cell = &cells[due.ticket.index as usize];
            (cell.phase, cell.source, cell.sequence, cell.order)
        };
        self.run.sort_unstable_by(|a, b| b.time.cmp(&a.time).then_with(|| rest(b).cmp(&rest(a))));
    }

    /// The earliest entry, and whether it is in the late heap.
    fn first(&mut self) -> Option<(Ticket, bool)> {
        self.surface();
        match (self.run.last(), self.late.peek()) {
            (None, None) => None,
            (Some(due), None) => Some((due.ticket, false)),
            (None, Some(Reverse(late))) => Some((late.ticket, true)),
            (Some(due), Some(Reverse(late))) => {
                let is_late = late.key.time.0 < due.time
                    || late.key.time.0 == due.time && {
                        let index = due.ticket.index;
                        let order = self.cells[index as usize].order;
                        (late.key, late.order) < (self.key(index), order)
                    };
                Some((if is_late { late.ticket } else { due.ticket }, is_late))
            }
        }
    }

    /// Brings the earliest pending entry to the front of what is due: forgets the cancelled ones there,
    /// and settles the wheel if nothing else is due.
    fn surface(&mut self) {
        while self.run.last().is_some_and(|due| !self.is_live(due.ticket)) {
            self.run.pop();
        }
        while self.late.peek().is_some_and(|Reverse(late)| !self.is_live(late.ticket)) {
            self.late.pop();
        }
        if self.run.is_empty() && self.late.is_empty() {
            self.settle();
        }
    }

    /// Finds the next time again after the earliest entry has gone.
    fn refresh(&mut self) {
        self.surface();
        let run = self.run.last().map_or(u64::MAX, |due| due.time);
        let late = self.late.peek().map_or(u64::MAX, |Reverse(late)| late.key.time.0);
        self.next = Time(run.min(late));
    }
}

impl<T: Hash> Hash for Agenda<T> {
    /// Sorts the entries, so costs far more than a pop: for comparing states, not for every step.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sorted().hash(state);
    }
}

/// The entries in order of popping.
impl<T: fmt::Debug> fmt::Debug for Agenda<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.sorted()).finish()
    }
}
