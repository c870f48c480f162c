//! Who pays for what the TLBs of other CPUs had to forget.

use crate::context::{Cx, Tables};
use crate::event::{Event, MemoryEvent};

/// Charges for the translations that other CPUs were made to forget since this was called last: the caller waited for them, and
/// each of them was interrupted in whatever it did. (Linux' `flush_tlb_mm_range`; CPUs that sleep are interrupted there as well, or look when they
/// wake.)
#[inline]
pub fn settle(t: &mut Tables, cx: &mut Cx) {
    let Some(shootdown) = t.memory.take_shootdown() else { return };
    let pages = if shootdown.whole { 0 } else { shootdown.pages };
    cx.emit(Event::Memory(MemoryEvent::Shootdown { cpus: shootdown.cpus.len() as u32, pages }));
    cx.charge(cx.costs.shootdown);
    for id in shootdown.cpus {
        if let Some(cpu) = t.cpus.get_mut(usize::from(id.0)).filter(|cpu| cpu.is_busy()) {
            cpu.clock += cx.costs.interrupt;
            cpu.interrupts += cx.costs.interrupt;
        }
    }
}
