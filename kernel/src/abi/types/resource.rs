//! What a process has used and may use: `struct rusage`, `struct rlimit64` (linux/resource.h).

use super::{Reader, Timeval, Writer};
use std::fmt;

/// What a process, a thread or all ended children have used: `struct rusage`. Linux keeps the
/// fields that are missing here at zero: shared, data and stack sizes, swaps, messages and signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rusage {
    /// Time spent in the program (`ru_utime`).
    pub user_time: Timeval,
    /// Time spent in the kernel (`ru_stime`).
    pub system_time: Timeval,
    /// Most memory ever resident, in KiB (`ru_maxrss`).
    pub max_resident: i64,
    /// Page faults that needed no disk (`ru_minflt`).
    pub minor_faults: i64,
    /// Page faults that read from disk (`ru_majflt`).
    pub major_faults: i64,
    /// Blocks of 512 bytes read (`ru_inblock`).
    pub blocks_in: i64,
    /// Blocks of 512 bytes written (`ru_oublock`).
    pub blocks_out: i64,
    /// Context switches because it waited (`ru_nvcsw`).
    pub voluntary_switches: i64,
    /// Context switches because it was preempted (`ru_nivcsw`).
    pub involuntary_switches: i64,
}

impl Rusage {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 144;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        let user_time = Timeval::from_bytes(&reader.bytes());
        let system_time = Timeval::from_bytes(&reader.bytes());
        let max_resident = reader.i64();
        let _shared_data_stack: [u8; 24] = reader.bytes();
        let minor_faults = reader.i64();
        let major_faults = reader.i64();
        let _swaps = reader.i64();
        let blocks_in = reader.i64();
        let blocks_out = reader.i64();
        let _sent_received_signals: [u8; 24] = reader.bytes();
        Self {
            user_time,
            system_time,
            max_resident,
            minor_faults,
            major_faults,
            blocks_in,
            blocks_out,
            voluntary_switches: reader.i64(),
            involuntary_switches: reader.i64(),
        }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new()
            .bytes(&self.user_time.to_bytes())
            .bytes(&self.system_time.to_bytes())
            .i64(self.max_resident)
            .bytes(&[0; 24]) // ru_ixrss, ru_idrss, ru_isrss
            .i64(self.minor_faults)
            .i64(self.major_faults)
            .i64(0) // ru_nswap
            .i64(self.blocks_in)
            .i64(self.blocks_out)
            .bytes(&[0; 24]) // ru_msgsnd, ru_msgrcv, ru_nsignals
            .i64(self.voluntary_switches)
            .i64(self.involuntary_switches)
            .finish()
    }
}

/// As strace prints it without `-v`: the two times and dots.
impl fmt::Display for Rusage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{ru_utime={}, ru_stime={}, ...}}", self.user_time, self.system_time)
    }
}

/// "No limit" (`RLIM64_INFINITY`).
pub const RLIM_INFINITY: u64 = u64::MAX;

/// What times(2) tells: `struct tms`, in ticks of a hundredth of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tms {
    /// Time in the program (`tms_utime`).
    pub user: u64,
    /// Time in the kernel (`tms_stime`).
    pub system: u64,
    /// The same of children that were waited for (`tms_cutime`).
    pub children_user: u64,
    /// (`tms_cstime`).
    pub children_system: u64,
}

impl Tms {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 32;
    /// Ticks in a second (`USER_HZ`), in which all times that programs see as ticks are counted.
    pub const TICKS: u64 = 100;

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let own = Writer::new().u64(self.user).u64(self.system);
        own.u64(self.children_user).u64(self.children_system).finish()
    }
}

/// What sysinfo(2) tells: `struct sysinfo`. Loads, shared and buffered memory and swap are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sysinfo {
    /// Seconds since boot.
    pub uptime: u64,
    /// Bytes of memory.
    pub total_memory: u64,
    /// Bytes of it that are free.
    pub free_memory: u64,
    /// Threads.
    pub tasks: u16,
}

impl Sysinfo {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 112;

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let head = Writer::new().u64(self.uptime).bytes(&[0; 24]); // loads
        let memory = head.u64(self.total_memory).u64(self.free_memory);
        let swap = memory.bytes(&[0; 32]); // sharedram, bufferram, totalswap, freeswap
        swap.u16(self.tasks).bytes(&[0; 22]).u32(1).finish() // pad, totalhigh, freehigh; mem_unit
    }
}

/// A limit of prlimit64(2): `struct rlimit64`, which on riscv64 is also `struct rlimit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rlimit {
    /// What holds now (`rlim_cur`); at most the hard limit, or EINVAL.
    pub soft: u64,
    /// How far the soft limit may be raised (`rlim_max`).
    pub hard: u64,
}

impl Rlimit {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 16;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self { soft: reader.u64(), hard: reader.u64() }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().u64(self.soft).u64(self.hard).finish()
    }

    /// Would prlimit64(2) take it? If not, EINVAL.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.soft <= self.hard
    }
}

/// As strace prints it: `{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}`.
impl fmt::Display for Rlimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let print = |limit: u64| match limit {
            RLIM_INFINITY => "RLIM64_INFINITY".to_owned(),
            // strace shows whole KiB as a product, from 1025 on.
            n if n > 1024 && n.is_multiple_of(1024) => format!("{}*1024", n / 1024),
            n => n.to_string(),
        };
        write!(f, "{{rlim_cur={}, rlim_max={}}}", print(self.soft), print(self.hard))
    }
}
