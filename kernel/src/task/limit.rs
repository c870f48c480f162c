//! Limits that are watched while a thread runs: RLIMIT_CPU.

use super::signal::{self, Target};
use crate::abi::flags::process::rlimit;
use crate::abi::signal::{Signal, code};
use crate::abi::types::RLIM_INFINITY;
use crate::base::ThreadId;
use crate::context::{Cx, Tables};
use crate::proc::SignalInfo;

const SECOND: u64 = 1_000_000_000;

/// Looks how much CPU time a thread's process has used: SIGXCPU from the soft limit on, once a second, and
/// SIGKILL at the hard one. It is called when the thread has to give the CPU back, so that a process may be
/// ahead of its limit by a slice; Linux looks at every tick.
pub fn watch_cpu(t: &mut Tables, cx: &mut Cx, id: ThreadId) {
    let Some(process) = t.proc.process_of(id) else {
        return;
    };
    let (soft, warned) = (process.limits.soft(rlimit::CPU), process.cpu_warned);
    let hard = process.limits.get(rlimit::CPU).map_or(RLIM_INFINITY, |limit| limit.hard);
    if soft == RLIM_INFINITY && hard == RLIM_INFINITY {
        return;
    }
    let Some(owner) = t.proc.threads.get(id).map(|thread| thread.process) else {
        return;
    };
    let used = t.proc.usage(owner).cpu().0 / SECOND;
    let signal = match used {
        _ if used >= hard => Signal::KILL,
        _ if used >= soft && used > warned => Signal::XCPU,
        _ => return,
    };
    if let Some(process) = t.proc.processes.get_mut(owner) {
        process.cpu_warned = used;
    }
    signal::send_info(t, cx, Target::Process(owner), SignalInfo::new(signal, code::SI_KERNEL));
}
