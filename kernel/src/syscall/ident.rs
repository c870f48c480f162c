//! Credentials: who the caller is, and becoming somebody else (credentials(7)).
//!
//! Each task has a real, an effective and a saved user and group. Permission checks ask for the effective
//! ones. Who is root (effective user 0) may become anybody; others only go back and forth between the three
//! that they have. A simplification: on Linux each thread has credentials of its own, and the C library
//! changes them in all threads at once; here they belong to the process.

use super::Result;
use crate::abi::Errno;
use crate::base::Cred;
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::proc::Stop;

/// "Leave it as it is", in calls that set several at once.
const UNCHANGED: u32 = u32::MAX;
/// The most supplementary groups (`NGROUPS_MAX`).
const MAX_GROUPS: usize = 65_536;

/// Users, or groups: the calls come in pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `setuid` and its kin.
    User,
    /// `setgid` and its kin.
    Group,
}

/// The real, effective and saved number.
fn three(cred: &Cred, kind: Kind) -> [u32; 3] {
    match kind {
        Kind::User => [cred.uid, cred.euid, cred.suid],
        Kind::Group => [cred.gid, cred.egid, cred.sgid],
    }
}

fn set_three(t: &mut Tables, cx: &Cx, kind: Kind, [real, effective, saved]: [u32; 3]) -> Result {
    let process = t.proc.process_of_mut(cx.caller).ok_or(Errno::ESRCH)?;
    let cred = &mut process.cred;
    let before = cred.clone();
    match kind {
        Kind::User => (cred.uid, cred.euid, cred.suid) = (real, effective, saved),
        Kind::Group => (cred.gid, cred.egid, cred.sgid) = (real, effective, saved),
    }
    if (before.euid, before.egid) != (cred.euid, cred.egid) {
        // Whoever becomes somebody else is not bound to its parent any more (prctl(2)).
        process.parent_death = None;
    }
    Ok(0)
}

fn cred<'t>(t: &'t Tables, cx: &Cx) -> std::result::Result<&'t Cred, Errno> {
    t.proc.process_of(cx.caller).map(|process| &process.cred).ok_or(Errno::ESRCH)
}

/// getuid(2) and getgid(2).
///
/// # Errors
/// None.
pub fn sys_get_real(kind: Kind, t: &Tables, cx: &Cx) -> Result {
    let [real, ..] = three(cred(t, cx)?, kind);
    Ok(u64::from(real))
}

/// geteuid(2) and getegid(2).
///
/// # Errors
/// None.
pub fn sys_get_effective(kind: Kind, t: &Tables, cx: &Cx) -> Result {
    let [_, effective, _] = three(cred(t, cx)?, kind);
    Ok(u64::from(effective))
}

/// getresuid(2) and getresgid(2).
///
/// # Errors
/// `EFAULT`.
pub fn sys_get_all(kind: Kind, places: [u64; 3], t: &mut Tables, cx: &mut Cx) -> Result {
    let numbers = three(cred(t, cx)?, kind);
    for (place, number) in places.into_iter().zip(numbers) {
        user::write(t, cx, place, &number.to_le_bytes())?;
    }
    Ok(0)
}

/// setuid(2) and setgid(2): root sets all three, others the effective one to the real or saved one.
///
/// # Errors
/// `EINVAL`, `EPERM`.
pub fn sys_set(kind: Kind, number: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let number = number as u32;
    let mine = cred(t, cx)?;
    let [real, _, saved] = three(mine, kind);
    if number == UNCHANGED {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if mine.is_root() {
        return set_three(t, cx, kind, [number; 3]);
    }
    if number != real && number != saved {
        return Err(Stop::Fail(Errno::EPERM));
    }
    set_three(t, cx, kind, [real, number, saved])
}

/// setreuid(2) and setregid(2).
///
/// # Errors
/// `EPERM`.
pub fn sys_set_two(kind: Kind, real: u64, effective: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let (new_real, new_effective) = (real as u32, effective as u32);
    let mine = cred(t, cx)?;
    let [real, effective, saved] = three(mine, kind);
    let may_real = [UNCHANGED, real, effective].contains(&new_real);
    let may_effective = [UNCHANGED, real, effective, saved].contains(&new_effective);
    if !(mine.is_root() || may_real && may_effective) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let pick = |new: u32, old: u32| if new == UNCHANGED { old } else { new };
    let (next_real, next_effective) = (pick(new_real, real), pick(new_effective, effective));
    // The saved one follows when the real one was set, or the effective one became something else.
    let follows = new_real != UNCHANGED || new_effective != UNCHANGED && new_effective != real;
    let next_saved = if follows { next_effective } else { saved };
    set_three(t, cx, kind, [next_real, next_effective, next_saved])
}

/// setresuid(2) and setresgid(2): each may become one of the three that there are.
///
/// # Errors
/// `EPERM`.
pub fn sys_set_all(kind: Kind, numbers: [u64; 3], t: &mut Tables, cx: &mut Cx) -> Result {
    let mine = cred(t, cx)?;
    let old = three(mine, kind);
    let new = numbers.map(|number| number as u32);
    let may = new.iter().all(|number| *number == UNCHANGED || old.contains(number));
    if !mine.is_root() && !may {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let [real, effective, saved] = old;
    let [new_real, new_effective, new_saved] = new;
    let pick = |new: u32, old: u32| if new == UNCHANGED { old } else { new };
    let next = [pick(new_real, real), pick(new_effective, effective), pick(new_saved, saved)];
    set_three(t, cx, kind, next)
}

/// getgroups(2): with size 0 only how many there are.
///
/// # Errors
/// `EINVAL` if they do not fit, `EFAULT`.
pub fn sys_getgroups(size: u64, list: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let size = usize::try_from(size as i32).map_err(|_| Errno::EINVAL)?;
    let groups = cred(t, cx)?.groups.clone();
    if size != 0 {
        if groups.len() > size {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        let bytes: Vec<u8> = groups.iter().flat_map(|group| group.to_le_bytes()).collect();
        user::write(t, cx, list, &bytes)?;
    }
    Ok(groups.len() as u64)
}

/// setgroups(2).
///
/// # Errors
/// `EPERM`, `EINVAL`, `EFAULT`.
pub fn sys_setgroups(size: u64, list: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    if !cred(t, cx)?.is_root() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let size = usize::try_from(size as u32).ok().filter(|&size| size <= MAX_GROUPS);
    let mut bytes = vec![0; size.ok_or(Errno::EINVAL)? * 4];
    user::read(t, cx, list, &mut bytes)?;
    let mut groups: Vec<u32> =
        bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    groups.sort_unstable();
    let process = t.proc.process_of_mut(cx.caller).ok_or(Errno::ESRCH)?;
    process.cred.groups = groups;
    Ok(0)
}
