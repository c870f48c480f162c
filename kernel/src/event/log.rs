//! The log: an append-only list of records, in segments that copies share.

use super::kinds::{Bytes, Event, Symbol};
use crate::base::{CpuId, MachineId, RequestId, Serial, Time};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Names an event in the whole world: the machine in the upper 16 bits, its number in that machine's log
/// (from 1) in the lower 48. 0 is "nothing".
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(u64);

const SEQUENCE_BITS: u32 = 48;

impl EventId {
    /// No event: a first cause.
    pub const NONE: Self = Self(0);

    /// Event number `sequence` of `machine`.
    #[must_use]
    pub const fn new(machine: MachineId, sequence: u64) -> Self {
        Self((machine.0 as u64) << SEQUENCE_BITS | sequence & ((1 << SEQUENCE_BITS) - 1))
    }
    /// The machine in whose log it stands.
    #[must_use]
    pub const fn machine(self) -> MachineId {
        MachineId((self.0 >> SEQUENCE_BITS) as u16)
    }
    /// Its number there, from 1; 0 for no event.
    #[must_use]
    pub const fn sequence(self) -> u64 {
        self.0 & ((1 << SEQUENCE_BITS) - 1)
    }
    /// Whether it names nothing.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.sequence() == 0
    }
}

impl std::fmt::Debug for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.machine().0, self.sequence())
    }
}

/// When, where, by whom and why something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// When.
    pub time: Time,
    /// The event without which this one would not have happened.
    pub cause: EventId,
    /// The thread for which the kernel acted; 0 for none.
    pub thread: Serial,
    /// The request being served.
    pub request: RequestId,
    /// The CPU.
    pub cpu: CpuId,
}

/// One entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// When, where, by whom and why.
    pub stamp: Stamp,
    /// What.
    pub event: Event,
}

/// How much is recorded. It belongs to the session, not to the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Capture {
    /// Everything.
    #[default]
    Full,
    /// Nothing; causes are lost too. For measuring what the log costs.
    Off,
}

const SEGMENT: usize = 4096;

#[derive(Clone, Debug, Default)]
struct Segment {
    records: Vec<Record>,
    arena: Vec<u8>,
}

/// A machine's log. Clones share all segments but the last, so a keyframe costs little.
#[derive(Clone, Debug)]
pub struct Log {
    machine: MachineId,
    sealed: VecDeque<Arc<Segment>>,
    tail: Segment,
    /// How many records were dropped from the front; always whole segments.
    dropped: u64,
    /// How many sealed segments are kept.
    keep: usize,
    capture: Capture,
    names: Vec<Arc<str>>,
    symbols: BTreeMap<Arc<str>, Symbol>,
}

impl Log {
    /// An empty log that keeps its last `keep` records, rounded up to whole segments.
    #[must_use]
    pub fn new(machine: MachineId, keep: u64, capture: Capture) -> Self {
        Self {
            machine,
            sealed: VecDeque::new(),
            tail: Segment::default(),
            dropped: 0,
            keep: usize::try_from(keep.div_ceil(SEGMENT as u64)).unwrap_or(usize::MAX).max(1),
            capture,
            names: Vec::new(),
            symbols: BTreeMap::new(),
        }
    }

    /// Appends a record and names it.
    #[inline]
    pub fn emit(&mut self, stamp: Stamp, event: Event) -> EventId {
        if self.capture == Capture::Off {
            return EventId::NONE;
        }
        if self.tail.records.len() == SEGMENT {
            self.seal();
        }
        self.tail.records.push(Record { stamp, event });
        EventId::new(self.machine, self.end())
    }

    #[cold]
    fn seal(&mut self) {
        // A log that has filled one segment will fill the next: make room for it at once.
        let mut next = Segment {
            records: Vec::with_capacity(SEGMENT),
            arena: Vec::with_capacity(self.tail.arena.len()),
        };
        if self.sealed.len() >= self.keep
            && let Some(oldest) = self.sealed.pop_front()
        {
            self.dropped += SEGMENT as u64;
            // Nobody else has it: its memory is used again, which saves the host's page faults.
            if let Some(Segment { mut records, mut arena }) = Arc::into_inner(oldest) {
                records.clear();
                arena.clear();
                next = Segment { records, arena };
            }
        }
        self.sealed.push_back(Arc::new(std::mem::replace(&mut self.tail, next)));
    }

    /// Whether anything is recorded.
    #[inline]
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.capture != Capture::Off
    }

    /// Keeps bytes beside the record that is emitted next.
    #[inline]
    pub fn keep(&mut self, parts: &[&[u8]]) -> Bytes {
        if self.capture == Capture::Off {
            return Bytes::default();
        }
        // The bytes must land in the segment of the record that refers to them.
        if self.tail.records.len() == SEGMENT {
            self.seal();
        }
        let offset = self.tail.arena.len();
        for part in parts {
            self.tail.arena.extend_from_slice(part);
        }
        Bytes { offset: offset as u32, length: (self.tail.arena.len() - offset) as u32 }
    }

    /// The symbol of a name; a new one if the name is new.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if let Some(symbol) = self.symbols.get(name) {
            return *symbol;
        }
        let name: Arc<str> = name.into();
        let symbol = Symbol(self.names.len() as u32);
        self.names.push(Arc::clone(&name));
        self.symbols.insert(name, symbol);
        symbol
    }

    /// The name behind a symbol.
    #[must_use]
    pub fn name(&self, symbol: Symbol) -> &str {
        self.names.get(symbol.0 as usize).map_or("", |name| name)
    }

    /// The number of the newest record; 0 if there is none. Numbers count from 1.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.dropped + (self.sealed.len() * SEGMENT + self.tail.records.len()) as u64
    }

    /// The number of the oldest record still kept.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.dropped + 1
    }

    fn segment(&self, sequence: u64) -> Option<(&Segment, usize)> {
        let at = usize::try_from(sequence.checked_sub(self.dropped + 1)?).ok()?;
        let segment = self.sealed.get(at / SEGMENT).map_or(&self.tail, |sealed| sealed);
        Some((segment, at % SEGMENT)).filter(|_| at / SEGMENT <= self.sealed.len())
    }

    /// Record number `sequence`, if it is kept.
    #[must_use]
    pub fn get(&self, sequence: u64) -> Option<&Record> {
        let (segment, at) = self.segment(sequence)?;
        segment.records.get(at)
    }

    /// The bytes that record number `sequence` refers to.
    #[must_use]
    pub fn bytes(&self, sequence: u64, bytes: Bytes) -> &[u8] {
        let Some((segment, _)) = self.segment(sequence) else {
            return &[];
        };
        let from = bytes.offset as usize;
        segment.arena.get(from..from + bytes.length as usize).unwrap_or_default()
    }

    /// The records from number `from` on, with their numbers.
    pub fn since(&self, from: u64) -> impl Iterator<Item = (u64, &Record)> {
        (from.max(self.start())..=self.end()).filter_map(|n| Some((n, self.get(n)?)))
    }

    /// Whose log this is.
    #[must_use]
    pub fn machine(&self) -> MachineId {
        self.machine
    }

    /// Changes how much is recorded from here on.
    pub fn set_capture(&mut self, capture: Capture) {
        self.capture = capture;
    }
}
