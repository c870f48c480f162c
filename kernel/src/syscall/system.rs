//! Calls on the task as a whole and the machine it runs on: prctl(2), uname(2), sysinfo(2), getrandom(2).

use super::Result;
use crate::abi::flags::process::{RandomFlags, membarrier, prctl};
use crate::abi::signal::Signal;
use crate::abi::types::{Sysinfo, Utsname};
use crate::abi::{Access, Errno};
use crate::base::Time;
use crate::context::{Cx, Tables};
use crate::hw::PAGE_SIZE;
use crate::io::user::{self, STEP_PAGES};
use crate::proc::Stop;
use crate::pseudo::system::{RELEASE, VERSION};

/// The length of a task's name with its zero (`TASK_COMM_LEN`).
const NAME: usize = 16;

/// prctl(2): names, the signal at the parent's end, and who adopts orphans.
///
/// # Errors
/// `EINVAL` for everything else, `EFAULT`.
pub fn sys_prctl([option, argument]: [u64; 2], t: &mut Tables, cx: &mut Cx) -> Result {
    match option as u32 {
        prctl::SET_NAME => set_name(argument, t, cx),
        prctl::GET_NAME => {
            let thread = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?;
            let process = t.proc.processes.get(thread.process).ok_or(Errno::ESRCH)?;
            let name = thread.name.as_ref().unwrap_or(&process.name);
            let mut bytes = [0; NAME];
            for (place, byte) in bytes.iter_mut().take(NAME - 1).zip(name.bytes()) {
                *place = byte;
            }
            user::write(t, cx, argument, &bytes)?;
            Ok(0)
        }
        prctl::SET_PDEATHSIG => {
            if argument > 64 {
                return Err(Stop::Fail(Errno::EINVAL));
            }
            let process = t.proc.process_of_mut(cx.caller).ok_or(Errno::ESRCH)?;
            process.parent_death = Signal::from_number(argument);
            Ok(0)
        }
        prctl::GET_PDEATHSIG => {
            let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
            let signal = process.parent_death.map_or(0, |signal| u32::from(signal.number()));
            user::write(t, cx, argument, &signal.to_le_bytes())?;
            Ok(0)
        }
        prctl::SET_CHILD_SUBREAPER => {
            let process = t.proc.process_of_mut(cx.caller).ok_or(Errno::ESRCH)?;
            process.subreaper = argument != 0;
            Ok(0)
        }
        prctl::GET_CHILD_SUBREAPER => {
            let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
            let reaps = u32::from(process.subreaper);
            user::write(t, cx, argument, &reaps.to_le_bytes())?;
            Ok(0)
        }
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// PR_SET_NAME: at most 15 bytes. The first thread's name is its process's.
fn set_name(place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let mut bytes = Vec::new();
    while bytes.len() < NAME - 1 {
        let mut byte = [0];
        user::read(t, cx, place.saturating_add(bytes.len() as u64), &mut byte)?;
        match byte {
            [0] => break,
            [byte] => bytes.push(byte),
        }
    }
    let name = String::from_utf8_lossy(&bytes).into_owned();
    let thread = t.proc.threads.get_mut(cx.caller).ok_or(Errno::ESRCH)?;
    let (tid, process) = (thread.tid, thread.process);
    thread.name = Some(name.clone());
    if let Some(process) = t.proc.processes.get_mut(process).filter(|process| process.pid == tid) {
        process.name = name;
    }
    Ok(0)
}

/// uname(2).
///
/// # Errors
/// `EFAULT`.
pub fn sys_uname(place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let names = Utsname {
        system: "Linux".to_owned(),
        node: t.name.clone(),
        release: RELEASE.to_owned(),
        version: VERSION.to_owned(),
        machine: "riscv64".to_owned(),
        domain: "(none)".to_owned(),
    };
    user::write(t, cx, place, &names.to_bytes())?;
    Ok(0)
}

/// sysinfo(2). There is no load average yet, and no swap.
///
/// # Errors
/// `EFAULT`.
pub fn sys_sysinfo(place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let tasks = t.proc.threads.len();
    let info = Sysinfo {
        uptime: cx.now.since(Time::ZERO).0 / 1_000_000_000,
        total_memory: u64::from(t.mm.frames.size()) * PAGE_SIZE as u64,
        free_memory: u64::from(t.mm.frames.available()) * PAGE_SIZE as u64,
        tasks: u16::try_from(tasks).unwrap_or(u16::MAX),
    };
    user::write(t, cx, place, &info.to_bytes())?;
    Ok(0)
}

/// getrandom(2): from a generator that the machine's number seeds, so that every run is the same. It must
/// not be used for secrets, and in here there are none.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_getrandom(
    [place, length, flags]: [u64; 3],
    (_, t, cx): super::transfer::Rest<'_>,
) -> Result {
    let flags = RandomFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if flags.contains(RandomFlags::RANDOM | RandomFlags::INSECURE) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let length = length.min(STEP_PAGES * PAGE_SIZE as u64);
    user::touch(t, cx, place, length, Access::Store)?;
    let mut bytes = Vec::with_capacity(length as usize + 8);
    while (bytes.len() as u64) < length {
        bytes.extend(t.random.next_u64().to_le_bytes());
    }
    bytes.truncate(length as usize);
    user::write(t, cx, place, &bytes)?;
    Ok(length)
}

/// membarrier(2): memory is sequentially consistent here, so that every barrier has happened already.
///
/// # Errors
/// `EINVAL`.
pub fn sys_membarrier(command: u64, flags: u64) -> Result {
    const HAVE: [u32; 5] = [
        membarrier::GLOBAL,
        membarrier::GLOBAL_EXPEDITED,
        membarrier::REGISTER_GLOBAL_EXPEDITED,
        membarrier::PRIVATE_EXPEDITED,
        membarrier::REGISTER_PRIVATE_EXPEDITED,
    ];
    let command = command as u32;
    match command {
        _ if flags as u32 != 0 => Err(Stop::Fail(Errno::EINVAL)),
        membarrier::QUERY => Ok(u64::from(HAVE.iter().fold(0, |all, one| all | one))),
        _ if HAVE.contains(&command) => Ok(0),
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// getcpu(2): the CPU, and node 0.
///
/// # Errors
/// `EFAULT`.
pub fn sys_getcpu(cpu: u64, node: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let here = t.proc.threads.get(cx.caller).map_or(0, |thread| u32::from(thread.cpu.0));
    for (place, number) in [(cpu, here), (node, 0)] {
        if place != 0 {
            user::write(t, cx, place, &number.to_le_bytes())?;
        }
    }
    Ok(0)
}

/// umask(2): sets the mask, and returns what it was.
///
/// # Errors
/// None.
pub fn sys_umask(mask: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let info = t.proc.fs_of_mut(cx.caller).ok_or(Errno::ESRCH)?;
    let old = std::mem::replace(&mut info.umask, mask as u16 & 0o777);
    Ok(u64::from(old))
}
