//! What things cost, in virtual nanoseconds: the only place where durations are made up.
//!
//! Everything takes time in three presets. `zero` is a textbook's world in which only computing takes
//! time; `teaching` has round figures of the right order, so that a student can add them up; `realistic`
//! follows measurements of Linux 6.x on x86-64 servers of the 2020s: lmbench-style figures for system
//! calls, context switches, faults and fork (the host figures of docs/ARCHITECTURE.md), 5–10 µs for an
//! NVMe interrupt path and 80 µs for a flash read.

use crate::base::Duration;

/// The price list. All figures are charged to the CPU that does the work, in addition to the time that
/// programs spend computing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CostModel {
    /// Entering the kernel and leaving it again for a system call.
    pub mode_switch: Duration,
    /// Going from one thread to another.
    pub context_switch: Duration,
    /// The additional price when the address space changes.
    pub space_switch: Duration,
    /// One load, store or atomic operation of a program.
    pub memory_operation: Duration,
    /// Walking the page tables.
    pub tlb_miss: Duration,
    /// Taking and repairing a page fault.
    pub page_fault: Duration,
    /// fork(2), without its pages.
    pub fork: Duration,
    /// fork(2), for each page table of the lowest level that is shared with the child. Sharing 512 of them, for 1 GiB, took about 0.1 ms
    /// in "On-demand-fork" (Zhao, Gong and Fonseca, EuroSys 2021).
    pub fork_table: Duration,
    /// Copying an entry of a page table: fork(2) where tables are not shared, and the first store to a shared table. Linux'
    /// fork(2) takes about 6.5 ms for 262,144 of them (the same paper).
    pub fork_page: Duration,
    /// Looking at a page that may be taken away, and taking it out of the tables that map it (Linux' `shrink_folio_list` with `try_to_unmap`;
    /// about a microsecond a page when kswapd is profiled on servers).
    pub reclaim_page: Duration,
    /// Having other CPUs forget translations: an interrupt to each, and the wait for the slowest. Several microseconds (Amit, "Optimizing the
    /// TLB Shootdown Algorithm with Page Access Tracking", USENIX ATC 2017). Those who are interrupted pay for the interrupt.
    pub shootdown: Duration,
    /// Making a thread.
    pub thread_create: Duration,
    /// Copying a KiB between user and kernel, or within the kernel.
    pub copy_kib: Duration,
    /// Copying a page.
    pub copy_page: Duration,
    /// Taking an interrupt: the top half.
    pub interrupt: Duration,
    /// Handing one packet through the receive path.
    pub packet: Duration,
    /// A message between a client and a server of a microkernel, one way.
    pub message: Duration,
    /// Leaving a virtual CPU and entering it again.
    pub vm_exit: Duration,
}

impl CostModel {
    /// Only computing takes time.
    #[must_use]
    pub const fn zero() -> Self {
        Self {
            mode_switch: Duration::ZERO,
            context_switch: Duration::ZERO,
            space_switch: Duration::ZERO,
            memory_operation: Duration::ZERO,
            tlb_miss: Duration::ZERO,
            page_fault: Duration::ZERO,
            fork: Duration::ZERO,
            fork_table: Duration::ZERO,
            fork_page: Duration::ZERO,
            reclaim_page: Duration::ZERO,
            shootdown: Duration::ZERO,
            thread_create: Duration::ZERO,
            copy_kib: Duration::ZERO,
            copy_page: Duration::ZERO,
            interrupt: Duration::ZERO,
            packet: Duration::ZERO,
            message: Duration::ZERO,
            vm_exit: Duration::ZERO,
        }
    }

    /// Round figures of the right order.
    #[must_use]
    pub const fn teaching() -> Self {
        Self {
            mode_switch: Duration(200),
            context_switch: Duration(1_000),
            space_switch: Duration(500),
            memory_operation: Duration(1),
            tlb_miss: Duration(50),
            page_fault: Duration(1_000),
            fork: Duration(20_000),
            fork_table: Duration(500),
            fork_page: Duration(50),
            reclaim_page: Duration(1_000),
            shootdown: Duration(2_000),
            thread_create: Duration(5_000),
            copy_kib: Duration(100),
            copy_page: Duration(500),
            interrupt: Duration(1_000),
            packet: Duration(2_000),
            message: Duration(500),
            vm_exit: Duration(2_000),
        }
    }

    /// Figures as measured on servers of the 2020s.
    #[must_use]
    pub const fn realistic() -> Self {
        Self {
            mode_switch: Duration(87),
            context_switch: Duration(653),
            space_switch: Duration(300),
            memory_operation: Duration(1),
            tlb_miss: Duration(30),
            page_fault: Duration(1_300),
            fork: Duration(40_000),
            fork_table: Duration(200),
            fork_page: Duration(25),
            reclaim_page: Duration(1_000),
            shootdown: Duration(4_000),
            thread_create: Duration(8_000),
            copy_kib: Duration(60),
            copy_page: Duration(250),
            interrupt: Duration(1_500),
            packet: Duration(1_200),
            message: Duration(400),
            vm_exit: Duration(1_200),
        }
    }

    /// A preset by name: `zero`, `teaching`, `realistic`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "zero" => Self::zero(),
            "teaching" => Self::teaching(),
            "realistic" => Self::realistic(),
            _ => return None,
        })
    }
}
