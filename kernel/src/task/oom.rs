//! The OOM killer: memory is out, and the process goes whose memory helps most.
//!
//! A process' badness is what it has in memory, in the swap area and in page tables, in pages, plus a thousandth of all memory for
//! each point of its `oom_score_adj`; −1000 means never (Linux' `oom_badness`, proc(5)).

use super::signal::{self, Target};
use crate::abi::signal::{Signal, code};
use crate::base::ProcessId;
use crate::context::{Cx, Tables};
use crate::event::{Event, MemoryEvent};
use crate::proc::{Process, SignalInfo};

/// The adjustment that protects a process (`OOM_SCORE_ADJ_MIN`).
pub const NEVER: i16 = -1000;

/// What speaks against a process; `None` if it must not be killed: it has no memory, is protected, or is init.
#[must_use]
pub fn badness(t: &Tables, process: &Process) -> Option<i64> {
    let id = process.space?;
    let space = t.mm.space(id)?;
    if process.oom_adjust <= NEVER || process.pid.0 == 1 {
        return None;
    }
    let (tables, _) = t.mm.count_tables(id, &t.memory);
    let pages = space.resident() + space.rss().swapped + tables;
    let swap = t.mm.swap.as_ref().map_or(0, |swap| swap.size());
    let all = i64::from(t.mm.frames.size()) + i64::from(swap);
    Some((pages as i64).saturating_add(i64::from(process.oom_adjust) * all / 1000))
}

/// Kills the worst process; among equals the one with the lowest number. If somebody is on his way out already, that must do.
/// `false` if there is nobody.
pub fn kill(t: &mut Tables, cx: &mut Cx) -> bool {
    let dying = t.proc.processes.iter().any(|(_, process)| {
        let killed = process.exit.is_some() || process.pending.contains(Signal::KILL);
        killed && process.space.is_some()
    });
    if dying {
        return true;
    }
    let mut candidates: Vec<(i64, u32, ProcessId)> = Vec::new();
    for (id, process) in t.proc.processes.iter() {
        if let Some(points) = badness(t, process) {
            candidates.push((points, process.pid.0, id));
        }
    }
    candidates.sort_by_key(|&(points, pid, _)| (std::cmp::Reverse(points), pid));
    for &(points, pid, id) in &candidates {
        let space = t.proc.processes.get(id).and_then(|process| process.space);
        let resident =
            space.and_then(|space| t.mm.space(space)).map_or(0, |space| space.resident());
        cx.emit(Event::Memory(MemoryEvent::Candidate { pid, points, resident }));
    }
    let Some(&(points, pid, id)) = candidates.first() else { return false };
    cx.cause = cx.emit(Event::Memory(MemoryEvent::Kill { pid, points }));
    t.mm.pressure.counters.killed += 1;
    let info = SignalInfo::new(Signal::KILL, code::SI_KERNEL);
    signal::send_info(t, cx, Target::Process(id), info);
    true
}
