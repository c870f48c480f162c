//! The memory system of a machine: RAM, the page-table walker, a TLB per CPU; and the loan of it to a
//! program for the time until its next trap.

use super::cost::CostModel;
use super::mmu::{self, Tlb};
use super::ram::{PAGE_SIZE, Ram, read_number, write_number};
use crate::abi::{Access, Atomic, Fault, Interruption, UserMemory, Width};
use crate::base::{CpuId, Duration, FrameId, Time};
use std::any::Any;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// Which address space a CPU uses: the contents of `satp`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Satp {
    /// The frame of the root table.
    pub root: FrameId,
    /// The number under which the TLB keeps its translations.
    pub asid: u32,
}

/// What a CPU sets up before it lends its memory to a program.
#[derive(Clone, Copy, Debug)]
pub struct Loan {
    /// The CPU whose TLB is used.
    pub cpu: CpuId,
    /// The program's address space.
    pub satp: Satp,
    /// The CPU's clock; it comes back later than it went.
    pub clock: Time,
    /// No operation starts at this time or after it.
    pub horizon: Time,
    /// How many operations may start at most: the guard against programs that use no time.
    pub fuel: u32,
    /// What is left of a computation that an earlier horizon stopped.
    pub computing: Option<Duration>,
}

/// Other CPUs that had to forget translations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shootdown {
    /// The CPUs.
    pub cpus: BTreeSet<CpuId>,
    /// How many pages, one by one.
    pub pages: u32,
    /// Whether whole spaces were forgotten.
    pub whole: bool,
}

/// RAM, walker, TLBs.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Physical memory.
    pub ram: Ram,
    /// The current loan.
    pub loan: Loan,
    tlbs: Vec<Tlb>,
    /// What other CPUs were made to forget and nobody has paid for yet.
    shootdown: Shootdown,
    operation_cost: Duration,
    miss_cost: Duration,
    journal_limit: usize,
}

impl Memory {
    /// The memory of a machine with `cpus` CPUs and `frames` frames.
    #[must_use]
    pub fn new(cpus: u16, frames: u32, costs: &CostModel, journal_limit: usize) -> Self {
        Self {
            ram: Ram::new(frames),
            loan: Loan {
                cpu: CpuId(0),
                satp: Satp::default(),
                clock: Time::ZERO,
                horizon: Time::ZERO,
                fuel: 0,
                computing: None,
            },
            tlbs: vec![Tlb::new(cpus > 1); usize::from(cpus)],
            shootdown: Shootdown::default(),
            operation_cost: costs.memory_operation,
            miss_cost: costs.tlb_miss,
            journal_limit,
        }
    }

    /// The TLB of a CPU.
    #[must_use]
    pub fn tlb(&self, cpu: CpuId) -> Option<&Tlb> {
        self.tlbs.get(usize::from(cpu.0))
    }

    /// Forgets a page of a space on every CPU: the shoot-down that must follow a mapping's change. Those who may know the space are
    /// written down; [`take_shootdown`](Self::take_shootdown) tells what that was worth.
    pub fn flush_page(&mut self, asid: u32, address: u64) {
        self.interrupt_others(asid);
        self.shootdown.pages = self.shootdown.pages.saturating_add(1);
        for tlb in &mut self.tlbs {
            tlb.flush_page(asid, address);
        }
    }

    /// Forgets a page whose rights became more. Nobody need be told: who does not know of it faults, and learns.
    pub fn forget_page(&mut self, asid: u32, address: u64) {
        for tlb in &mut self.tlbs {
            tlb.flush_page(asid, address);
        }
    }

    /// Forgets a space on every CPU, which must be told so.
    pub fn flush_space(&mut self, asid: u32) {
        self.interrupt_others(asid);
        self.shootdown.whole = true;
        self.forget_space(asid);
    }

    /// Forgets a space that nobody will use again. Its number is not given to another one, so nobody need be told.
    pub fn forget_space(&mut self, asid: u32) {
        for tlb in &mut self.tlbs {
            tlb.flush_space(asid);
        }
    }

    fn interrupt_others(&mut self, asid: u32) {
        let here = usize::from(self.loan.cpu.0);
        for (n, tlb) in self.tlbs.iter().enumerate() {
            if n != here && tlb.may_know(asid) {
                self.shootdown.cpus.insert(CpuId(n as u16));
            }
        }
    }

    /// Which other CPUs had to be interrupted since this was asked last, and for what; `None` if none.
    #[inline]
    pub fn take_shootdown(&mut self) -> Option<Shootdown> {
        if self.shootdown.cpus.is_empty() {
            (self.shootdown.pages, self.shootdown.whole) = (0, false);
            return None;
        }
        Some(std::mem::take(&mut self.shootdown))
    }

    /// Translates for the program that holds the loan.
    #[inline]
    fn translate(&mut self, address: u64, access: Access) -> Result<FrameId, Fault> {
        let Loan { cpu, satp, .. } = self.loan;
        let tlb = &mut self.tlbs[usize::from(cpu.0)];
        if let Some(frame) = tlb.lookup(satp.asid, address, access) {
            return Ok(frame);
        }
        self.translate_slowly(address, access)
    }

    #[cold]
    fn translate_slowly(&mut self, address: u64, access: Access) -> Result<FrameId, Fault> {
        let Loan { cpu, satp, .. } = self.loan;
        let tlb = &mut self.tlbs[usize::from(cpu.0)];
        if let Some(frame) = tlb.lookup_large(satp.asid, address, access) {
            return Ok(frame);
        }
        self.loan.clock += self.miss_cost;
        let found = mmu::walk(&mut self.ram, satp.root, address, access)?;
        tlb.fill(satp.asid, address, found);
        Ok(found.0.frame())
    }

    /// The frame behind a user address of any space, for the kernel, with user mode's rights.
    ///
    /// # Errors
    /// The fault that the user's own access would have caused.
    pub fn user_frame(
        &mut self,
        satp: Satp,
        address: u64,
        access: Access,
    ) -> Result<FrameId, Fault> {
        let tlb = &mut self.tlbs[usize::from(self.loan.cpu.0)];
        if let Some(frame) = tlb.lookup(satp.asid, address, access) {
            return Ok(frame);
        }
        let found = mmu::walk(&mut self.ram, satp.root, address, access)?;
        tlb.fill(satp.asid, address, found);
        Ok(found.0.frame())
    }

    /// Appends what stands at a user address to `bytes`, to the end of its page and at most `limit` bytes,
    /// for somebody who watches: no translation is remembered and no accessed bit set. Returns how many; 0 if the
    /// page is not there or the user may not read it.
    pub fn peek(&self, satp: Satp, address: u64, limit: usize, bytes: &mut Vec<u8>) -> usize {
        let Some(frame) = mmu::peek(&self.ram, satp.root, address) else {
            return 0;
        };
        let start = address as usize % PAGE_SIZE;
        let length = limit.min(PAGE_SIZE - start);
        bytes.extend_from_slice(&self.ram.page(frame)[start..start + length]);
        length
    }

    /// Copies bytes out of a user space. Pages are checked one by one, from the first.
    ///
    /// # Errors
    /// The first fault; what lies before it has been copied.
    pub fn copy_in(&mut self, satp: Satp, address: u64, into: &mut [u8]) -> Result<(), Fault> {
        for (at, offset, length) in pages(address, into.len()) {
            let frame = self.user_frame(satp, at, Access::Load)?;
            let start = at as usize % PAGE_SIZE;
            into[offset..offset + length]
                .copy_from_slice(&self.ram.page(frame)[start..start + length]);
        }
        Ok(())
    }

    /// Copies bytes into a user space.
    ///
    /// # Errors
    /// The first fault; what lies before it has been copied.
    pub fn copy_out(&mut self, satp: Satp, address: u64, bytes: &[u8]) -> Result<(), Fault> {
        for (at, offset, length) in pages(address, bytes.len()) {
            let frame = self.user_frame(satp, at, Access::Store)?;
            let start = at as usize % PAGE_SIZE;
            self.ram.page_mut(frame)[start..start + length]
                .copy_from_slice(&bytes[offset..offset + length]);
        }
        Ok(())
    }

    /// Whether an operation may start; counts it.
    #[inline]
    fn begin(&mut self) -> Result<(), Interruption> {
        if self.loan.clock >= self.loan.horizon || self.loan.fuel == 0 {
            return Err(Interruption::Horizon);
        }
        self.loan.fuel -= 1;
        Ok(())
    }
}

/// A loan lasts for a poll; what is left of the last one is no state.
impl Hash for Memory {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ram.hash(state);
        self.tlbs.hash(state);
    }
}

/// The parts of a range that lie on one page each: address, offset from the start, length.
/// A range that would wrap around the end of the address space stops there.
fn pages(address: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done >= length {
            return None;
        }
        let at = address.saturating_add(done as u64);
        let part = (PAGE_SIZE - at as usize % PAGE_SIZE).min(length - done);
        done += part;
        Some((at, done - part, part))
    })
}

/// Whether an access of `width` bytes stays on one page.
#[inline]
const fn on_one_page(address: u64, width: Width) -> bool {
    address as usize % PAGE_SIZE + width.bytes() as usize <= PAGE_SIZE
}

impl UserMemory for Memory {
    #[inline]
    fn load(&mut self, address: u64, width: Width) -> Result<u64, Interruption> {
        if !on_one_page(address, width) {
            let mut bytes = [0; 8];
            self.read(address, &mut bytes[..width.bytes() as usize])?;
            return Ok(u64::from_le_bytes(bytes));
        }
        self.begin()?;
        let frame = self.translate(address, Access::Load).map_err(Interruption::Fault)?;
        self.loan.clock += self.operation_cost;
        Ok(read_number(self.ram.page(frame), address as usize % PAGE_SIZE, width.bytes() as usize))
    }

    #[inline]
    fn store(&mut self, address: u64, width: Width, value: u64) -> Result<(), Interruption> {
        if !on_one_page(address, width) {
            return self.write(address, &value.to_le_bytes()[..width.bytes() as usize]);
        }
        self.begin()?;
        let frame = self.translate(address, Access::Store).map_err(Interruption::Fault)?;
        self.loan.clock += self.operation_cost;
        let page = self.ram.page_mut(frame);
        write_number(page, address as usize % PAGE_SIZE, width.bytes() as usize, value);
        Ok(())
    }

    fn atomic(
        &mut self,
        address: u64,
        width: Width,
        operation: Atomic,
    ) -> Result<u64, Interruption> {
        if !address.is_multiple_of(width.bytes()) {
            // RISC-V traps on misaligned AMOs, and Linux answers with SIGBUS.
            return Err(Interruption::Fault(Fault { address, access: Access::Misaligned }));
        }
        self.begin()?;
        let frame = self.translate(address, Access::Store).map_err(Interruption::Fault)?;
        self.loan.clock += self.operation_cost;
        let (at, bytes) = (address as usize % PAGE_SIZE, width.bytes() as usize);
        let old = read_number(self.ram.page(frame), at, bytes);
        let new = match operation {
            Atomic::Add(n) => old.wrapping_add(n),
            Atomic::Swap(n) => n,
            Atomic::CompareExchange { expected, new } if expected == old => new,
            Atomic::CompareExchange { .. } => return Ok(old),
        };
        write_number(self.ram.page_mut(frame), at, bytes, new);
        Ok(old)
    }

    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Interruption> {
        self.begin()?;
        for (at, offset, length) in pages(address, into.len()) {
            let frame = self.translate(at, Access::Load).map_err(Interruption::Fault)?;
            let start = at as usize % PAGE_SIZE;
            into[offset..offset + length]
                .copy_from_slice(&self.ram.page(frame)[start..start + length]);
        }
        self.loan.clock += self.operation_cost * into.len().div_ceil(8) as u64;
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Interruption> {
        self.begin()?;
        for (at, offset, length) in pages(address, bytes.len()) {
            let frame = self.translate(at, Access::Store).map_err(Interruption::Fault)?;
            let start = at as usize % PAGE_SIZE;
            self.ram.page_mut(frame)[start..start + length]
                .copy_from_slice(&bytes[offset..offset + length]);
        }
        self.loan.clock += self.operation_cost * bytes.len().div_ceil(8) as u64;
        Ok(())
    }

    fn compute(&mut self, length: Duration) -> Result<(), Interruption> {
        let left = self.loan.computing.take().unwrap_or(length);
        // A computation of no length is not held up by the horizon, but does use fuel.
        if self.loan.fuel == 0 || left > Duration::ZERO && self.loan.clock >= self.loan.horizon {
            self.loan.computing = Some(left);
            return Err(Interruption::Horizon);
        }
        self.loan.fuel -= 1;
        let room = self.loan.horizon.since(self.loan.clock);
        if left > room {
            self.loan.clock = self.loan.horizon;
            self.loan.computing = Some(left - room);
            return Err(Interruption::Horizon);
        }
        self.loan.clock += left;
        Ok(())
    }

    fn clock(&self) -> Time {
        self.loan.clock
    }

    fn journal_limit(&self) -> usize {
        self.journal_limit
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
