//! A toy disk: seven registers, one request at a time, direct memory access, sectors of 512 bytes.
//!
//! Real controllers take many requests at once and tell of errors in detail; this one keeps only what a
//! driver cannot do without. The medium is shared with keyframes in chunks of 64 blocks.

use super::device::{Device, DeviceType, Timing, Wires};
use super::ram::{PAGE_SIZE, Page};
use crate::base::{Digester, Duration, FrameId};
use std::any::Any;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Register: the first sector that the next command is about.
pub const SECTOR: u16 = 0;
/// Register: the frame of RAM that is read from or written to.
pub const FRAME: u16 = 1;
/// Register: writing [`READ`] or [`WRITE`] starts a command.
pub const COMMAND: u16 = 2;
/// Register: [`IDLE`], [`BUSY`], [`DONE`] or [`ERROR`]; reading takes the interrupt back.
pub const STATUS: u16 = 3;
/// Register: how many blocks of 4096 bytes the disk has.
pub const CAPACITY: u16 = 4;
/// Register: where in the frame the next command begins, in bytes.
pub const OFFSET: u16 = 5;
/// Register: how many bytes the next command moves, within a frame.
pub const LENGTH: u16 = 6;

/// Command: from the disk to RAM.
pub const READ: u64 = 1;
/// Command: from RAM to the disk.
pub const WRITE: u64 = 2;

/// Status: nothing to tell.
pub const IDLE: u64 = 0;
/// Status: a command is being carried out.
pub const BUSY: u64 = 1;
/// Status: the last command succeeded.
pub const DONE: u64 = 2;
/// Status: the last command failed: no such block, or no such command.
pub const ERROR: u64 = 3;

const CHUNK: u64 = 64;
/// Bytes of a sector.
const SECTOR_SIZE: u64 = 512;

type Chunk = [Option<Arc<Page>>; CHUNK as usize];

/// What is on a disk: an array of blocks that costs the host only what was written.
#[derive(Clone, Debug, Default)]
pub struct Medium {
    chunks: Vec<Option<Arc<Chunk>>>,
    blocks: u64,
}

impl Medium {
    /// An empty medium; every block reads as zeroes. At most 2³² blocks (16 TiB).
    #[must_use]
    pub fn new(blocks: u64) -> Self {
        Self { chunks: Vec::new(), blocks: blocks.min(1 << 32) }
    }

    /// How many blocks of 4096 bytes it has.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The contents of a block; `None` if it was never written or does not exist.
    #[must_use]
    pub fn block(&self, number: u64) -> Option<&Page> {
        let chunk = self.chunks.get((number / CHUNK) as usize)?.as_ref()?;
        chunk[(number % CHUNK) as usize].as_deref()
    }

    /// Whether bytes from number `from` on are on the medium.
    fn has(&self, from: u64, length: usize) -> bool {
        let size = self.blocks * PAGE_SIZE as u64;
        from.checked_add(length as u64).is_some_and(|end| end <= size)
    }

    /// Reads bytes, from byte number `from` on. `false` if some are not there.
    pub fn read(&self, from: u64, into: &mut [u8]) -> bool {
        if !self.has(from, into.len()) {
            return false;
        }
        let (mut from, mut rest) = (from, into);
        while !rest.is_empty() {
            let at = (from % PAGE_SIZE as u64) as usize;
            let (part, later) = rest.split_at_mut(rest.len().min(PAGE_SIZE - at));
            match self.block(from / PAGE_SIZE as u64) {
                Some(page) => part.copy_from_slice(&page[at..at + part.len()]),
                None => part.fill(0),
            }
            from += part.len() as u64;
            rest = later;
        }
        true
    }

    /// Writes bytes, from byte number `from` on. `false`, and nothing is written, if some have no place.
    pub fn write(&mut self, from: u64, bytes: &[u8]) -> bool {
        if !self.has(from, bytes.len()) {
            return false;
        }
        let (mut from, mut rest) = (from, bytes);
        while !rest.is_empty() {
            let (number, at) = (from / PAGE_SIZE as u64, (from % PAGE_SIZE as u64) as usize);
            let (part, later) = rest.split_at(rest.len().min(PAGE_SIZE - at));
            let mut page = self.block(number).copied().unwrap_or([0; PAGE_SIZE]);
            page[at..at + part.len()].copy_from_slice(part);
            self.set_block(number, &page);
            from += part.len() as u64;
            rest = later;
        }
        true
    }

    /// The blocks that are not those of another medium, of which this one was a copy: at the cost of what differs.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<u64> {
        let mut found = Vec::new();
        for (n, chunk) in self.chunks.iter().enumerate() {
            let Some(chunk) = chunk else { continue };
            let old = before.chunks.get(n).and_then(Option::as_ref);
            if old.is_some_and(|old| Arc::ptr_eq(old, chunk)) {
                continue;
            }
            for (at, page) in chunk.iter().enumerate() {
                let was = old.and_then(|old| old[at].as_ref());
                let is_same = match (was, page) {
                    (Some(was), Some(page)) => Arc::ptr_eq(was, page),
                    (None, None) => true,
                    _ => false,
                };
                if !is_same {
                    found.push(n as u64 * CHUNK + at as u64);
                }
            }
        }
        found
    }

    /// Writes a block. `false` if there is no such block.
    pub fn set_block(&mut self, number: u64, page: &Page) -> bool {
        if number >= self.blocks {
            return false;
        }
        let at = (number / CHUNK) as usize;
        if at >= self.chunks.len() {
            self.chunks.resize(at + 1, None);
        }
        let chunk =
            self.chunks[at].get_or_insert_with(|| Arc::new([const { None }; CHUNK as usize]));
        Arc::make_mut(chunk)[(number % CHUNK) as usize] = Some(Arc::new(*page));
        true
    }
}

impl Hash for Medium {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.blocks.hash(state);
        for number in 0..self.chunks.len() as u64 * CHUNK {
            if let Some(page) = self.block(number) {
                number.hash(state);
                state.write(page);
            }
        }
    }
}

/// The toy disk.
#[derive(Clone, Debug, Hash)]
pub struct Disk {
    medium: Medium,
    seek: Duration,
    per_kib: Duration,
    sector: u64,
    frame: u64,
    offset: u64,
    length: u64,
    command: u64,
    status: u64,
}

impl Disk {
    /// What the bus knows it by.
    pub const TYPE: DeviceType = DeviceType { vendor: 0x05c0, model: 0x0001 };

    /// A disk with this medium. `timing` says what any access costs, and what a KiB adds.
    #[must_use]
    pub fn new(medium: Medium, timing: Timing) -> Self {
        Self {
            medium,
            seek: timing.fixed,
            per_kib: timing.per_kib,
            sector: 0,
            frame: 0,
            offset: 0,
            length: 0,
            command: 0,
            status: IDLE,
        }
    }

    /// The medium as it stands.
    #[must_use]
    pub fn medium(&self) -> &Medium {
        &self.medium
    }

    fn carry_out(&mut self, wires: &mut Wires<'_>) -> u64 {
        let Some(from) = self.sector.checked_mul(SECTOR_SIZE) else { return ERROR };
        let frame = FrameId(self.frame as u32);
        let (start, end) = (self.offset as usize, self.offset.saturating_add(self.length) as usize);
        let is_done = match self.command {
            READ => match wires.ram.page_mut(frame).get_mut(start..end) {
                Some(bytes) => self.medium.read(from, bytes),
                None => false,
            },
            WRITE => match wires.ram.page(frame).get(start..end) {
                Some(bytes) => self.medium.write(from, bytes),
                None => false,
            },
            _ => false,
        };
        if is_done { DONE } else { ERROR }
    }
}

impl Device for Disk {
    fn device_type(&self) -> DeviceType {
        Self::TYPE
    }

    fn read(&mut self, register: u16) -> u64 {
        match register {
            SECTOR => self.sector,
            FRAME => self.frame,
            OFFSET => self.offset,
            LENGTH => self.length,
            STATUS => {
                let status = self.status;
                if status != BUSY {
                    self.status = IDLE;
                }
                status
            }
            CAPACITY => self.medium.blocks(),
            _ => 0,
        }
    }

    fn write(&mut self, register: u16, value: u64, wires: &mut Wires<'_>) {
        match register {
            SECTOR => self.sector = value,
            FRAME => self.frame = value,
            OFFSET => self.offset = value,
            LENGTH => self.length = value,
            COMMAND if self.status != BUSY => {
                self.command = value;
                self.status = BUSY;
                let timing = Timing { fixed: self.seek, per_kib: self.per_kib };
                wires.attend_at =
                    Some(wires.now + timing.of((self.length as usize).min(PAGE_SIZE)));
            }
            _ => {}
        }
    }

    fn attend(&mut self, wires: &mut Wires<'_>) {
        if self.status == BUSY {
            self.status = self.carry_out(wires);
            wires.interrupt = true;
        }
    }

    fn clone_device(&self) -> Box<dyn Device> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
