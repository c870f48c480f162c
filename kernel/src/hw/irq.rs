//! The interrupt controller: which CPU takes a device's interrupt, and how many it has taken.

use crate::base::{CpuId, DeviceId};

/// Routes interrupt lines to CPUs, and counts (the figures of /proc/interrupts).
#[derive(Clone, Debug, Hash)]
pub struct InterruptController {
    cpus: u16,
    /// Per device: which CPU takes it.
    affinity: Vec<CpuId>,
    /// Per device, per CPU.
    counts: Vec<Vec<u64>>,
}

impl InterruptController {
    /// A controller for `cpus` CPUs, which must be at least one. Lines go to the CPUs in turn.
    #[must_use]
    pub fn new(cpus: u16) -> Self {
        Self { cpus: cpus.max(1), affinity: Vec::new(), counts: Vec::new() }
    }

    /// Connects a device's line.
    pub fn connect(&mut self, device: DeviceId) {
        let n = usize::from(device.0) + 1;
        while self.affinity.len() < n {
            self.affinity.push(CpuId(self.affinity.len() as u16 % self.cpus));
            self.counts.push(vec![0; usize::from(self.cpus)]);
        }
    }

    /// A device raises its line: the CPU that takes it.
    pub fn raise(&mut self, device: DeviceId) -> CpuId {
        let at = usize::from(device.0);
        let cpu = self.affinity.get(at).copied().unwrap_or_default();
        if let Some(count) = self.counts.get_mut(at).and_then(|c| c.get_mut(usize::from(cpu.0))) {
            *count += 1;
        }
        cpu
    }

    /// How often each CPU has taken the device's interrupt.
    #[must_use]
    pub fn counts(&self, device: DeviceId) -> &[u64] {
        self.counts.get(usize::from(device.0)).map_or(&[], |counts| counts)
    }
}
