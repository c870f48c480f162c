//! What processes have used and may use: getrusage(2), times(2), prlimit64(2).

use super::Result;
use super::process::process_by_number;
use crate::abi::Errno;
use crate::abi::flags::process::{rlimit, rusage as who_is};
use crate::abi::types::{Rlimit, Rusage, Timeval, Tms};
use crate::base::{Duration, ProcessId, Time};
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::proc::{MAX_DESCRIPTORS, Stop, Usage};

/// How many KiB a page has.
const PAGE_KIB: u64 = 4;

/// A usage as `struct rusage`.
#[must_use]
pub(super) fn rusage(usage: &Usage) -> Rusage {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Rusage {
        user_time: Timeval::from(usage.user),
        system_time: Timeval::from(usage.system),
        max_resident: count(usage.resident.saturating_mul(PAGE_KIB)),
        minor_faults: count(usage.minor_faults),
        major_faults: count(usage.major_faults),
        voluntary_switches: count(usage.voluntary),
        involuntary_switches: count(usage.involuntary),
        ..Rusage::default()
    }
}

/// What a process has used, with the time of the caller's call so far, and the memory that it has now.
fn usage_now(t: &Tables, id: ProcessId) -> Usage {
    let mut usage = t.proc.usage(id);
    let space = t.proc.processes.get(id).and_then(|process| process.space);
    let resident =
        space.and_then(|space| t.mm.space(space)).map_or(0, |space| space.most_resident());
    usage.resident = usage.resident.max(resident);
    usage
}

/// getrusage(2).
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_getrusage(who: u64, place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let thread = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?;
    let process = t.proc.processes.get(thread.process).ok_or(Errno::ESRCH)?;
    let usage = match who as u32 {
        who_is::SELF => usage_now(t, thread.process),
        who_is::CHILDREN => process.children_usage,
        who_is::THREAD => {
            let resident = usage_now(t, thread.process).resident;
            Usage { resident, ..Usage::from(thread.times) }
        }
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    user::write(t, cx, place, &rusage(&usage).to_bytes())?;
    Ok(0)
}

fn ticks(length: Duration) -> u64 {
    length.0 / (1_000_000_000 / Tms::TICKS)
}

/// times(2): the four times of a process, and how many ticks have passed since the start of the world.
///
/// # Errors
/// `EFAULT`.
pub fn sys_times(place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    if place != 0 {
        let id = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
        let own = t.proc.usage(id);
        let children = t.proc.processes.get(id).map_or_else(Usage::default, |p| p.children_usage);
        let times = Tms {
            user: ticks(own.user),
            system: ticks(own.system),
            children_user: ticks(children.user),
            children_system: ticks(children.system),
        };
        user::write(t, cx, place, &times.to_bytes())?;
    }
    Ok(ticks(cx.now.since(Time::ZERO)))
}

/// prlimit64(2): reads and sets the limits of a process.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EPERM` for limits of others, or for a higher hard limit, without privileges;
/// `EFAULT`.
pub fn sys_prlimit64([pid, resource, new, old]: [u64; 4], t: &mut Tables, cx: &mut Cx) -> Result {
    let resource = resource as u32;
    let mut bytes = [0; Rlimit::SIZE];
    if new != 0 {
        user::read(t, cx, new, &mut bytes)?;
    }
    let wanted = (new != 0).then(|| Rlimit::from_bytes(&bytes));
    let target = process_by_number(t, cx, pid)?;
    let me = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let process = t.proc.processes.get(target).ok_or(Errno::ESRCH)?;
    let (mine, theirs) = (&me.cred, &process.cred);
    let same = [theirs.uid, theirs.euid, theirs.suid].iter().all(|&uid| uid == mine.uid)
        && [theirs.gid, theirs.egid, theirs.sgid].iter().all(|&gid| gid == mine.gid);
    if me.pid != process.pid && !same && !mine.is_root() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let before = process.limits.get(resource).ok_or(Errno::EINVAL)?;
    if let Some(limit) = wanted {
        if !limit.is_valid() {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        let too_many = resource == rlimit::NOFILE && limit.hard > MAX_DESCRIPTORS as u64;
        if too_many || limit.hard > before.hard && !mine.is_root() {
            return Err(Stop::Fail(Errno::EPERM));
        }
    }
    if old != 0 {
        user::write(t, cx, old, &before.to_bytes())?;
    }
    if let (Some(limit), Some(process)) = (wanted, t.proc.processes.get_mut(target)) {
        process.limits.set(resource, limit);
    }
    Ok(0)
}
