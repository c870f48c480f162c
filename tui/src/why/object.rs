//! Why a page, a lock, a disk request, a packet or a request stands as it does.

use super::chain::{Chain, entered};
use super::scene::after;
use super::subject::Problem;
use super::{Bond, words};
use crate::text::short;
use crate::trace::{Doing, Seen};
use oscope_kernel::abi::nr;
use oscope_kernel::base::{BlockNumber, DeviceId, FrameId, MachineId, RequestId, Serial};
use oscope_kernel::event::{
    BlockEvent, CallEvent, Event, EventId, MemoryEvent, Picture, Record, Wait,
};

/// Bytes in a page, as a power of two.
const PAGE: u32 = 12;

/// So many earlier events of the same page are told.
const EARLIER: usize = 6;

/// The page of an access that the MMU refused.
fn touched(record: &Record) -> Option<u64> {
    match record.event {
        Event::Memory(
            MemoryEvent::Fault { address, .. } | MemoryEvent::Violation { address, .. },
        ) => Some(address >> PAGE),
        _ => None,
    }
}

/// Explains a page: who touched it, in which frame it is, who took that away.
pub(super) fn page(chain: &mut Chain<'_>, machine: MachineId, pid: Option<u32>, address: u64) {
    let Some(trace) = chain.scene.trace(machine) else { return };
    let belongs = |serial: Serial| {
        pid.is_none_or(|pid| trace.track(serial).is_some_and(|track| track.pid == pid))
    };
    let past = chain.scene.past(machine, chain.time);
    let all: Vec<&Seen> = past
        .iter()
        .filter(|seen| {
            touched(&seen.record) == Some(address >> PAGE) && belongs(seen.record.stamp.thread)
        })
        .collect();
    let Some(newest) = all.last().copied() else {
        let text = words::untouched(chain.lang, address);
        return chain.say(text);
    };
    let newer = past.iter().rev().take_while(|seen| seen.number != newest.number);
    let gone = match newest.record.event {
        Event::Memory(MemoryEvent::Fault { frame, .. }) => {
            newer.filter(|seen| takes(&seen.record, frame)).last()
        }
        _ => None,
    };
    match gone {
        Some(gone) => {
            chain.tell(machine, gone, Bond::Now);
            chain.causes(gone);
            chain.tell(machine, newest, Bond::Before);
        }
        None => {
            chain.tell(machine, newest, Bond::Now);
            chain.causes(newest);
        }
    }
    for seen in all.iter().rev().skip(1).take(EARLIER) {
        chain.tell(machine, seen, Bond::Before);
    }
}

/// Whether a frame is taken from its owners there.
fn takes(record: &Record, wanted: FrameId) -> bool {
    matches!(record.event, Event::Memory(MemoryEvent::Reclaim { frame, .. }) if frame == wanted)
}

/// The address of a futex call.
fn futex(seen: &Seen) -> Option<u64> {
    let (number, _) = entered(&seen.record)?;
    let detail = seen.detail.as_deref().filter(|_| number == nr::FUTEX)?;
    Some(Picture::new(detail).words()[0])
}

/// Explains a lock in memory: who waits for it, and what the first of them waits for.
pub(super) fn lock(chain: &mut Chain<'_>, machine: MachineId, address: u64) {
    let Some(trace) = chain.scene.trace(machine) else { return };
    let past = chain.scene.past(machine, chain.time);
    let calls: Vec<&Seen> = past.iter().filter(|seen| futex(seen) == Some(address)).collect();
    let Some(newest) = calls.last().copied() else {
        let text = words::quiet_lock(chain.lang, address);
        return chain.say(text);
    };
    // Who waits: a call that began, by a thread that sleeps since and has no later call.
    let waits = |seen: &&&Seen| {
        let thread = seen.record.stamp.thread;
        let asleep = trace.track(thread).and_then(|track| track.doing(after(chain.time)));
        matches!(seen.record.event, Event::Call(CallEvent::Wait { .. }))
            && asleep == Some(Doing::Wait(Wait::Futex))
            && !trace.is_over(seen.number, after(chain.time))
    };
    let waiters: Vec<&Seen> = calls.iter().filter(waits).copied().collect();
    let names: Vec<String> =
        waiters.iter().map(|seen| chain.name(machine, seen.record.stamp.thread)).collect();
    let text = words::waiters(chain.lang, address, &names);
    match waiters.first() {
        Some(first) => {
            chain.push(machine, first, Bond::Now, text);
            super::thread::explain(chain, machine, first.record.stamp.thread);
        }
        None => {
            chain.push(machine, newest, Bond::Now, text);
            chain.tell(machine, newest, Bond::Before);
            chain.causes(newest);
        }
    }
}

/// The device and block of a record about a disk.
fn block_of(record: &Record) -> Option<(DeviceId, BlockNumber)> {
    match record.event {
        Event::Block(
            BlockEvent::Submit { device, block, .. } | BlockEvent::Done { device, block, .. },
        ) => Some((device, block)),
        _ => None,
    }
}

/// Explains a request to a disk: how long it took, and what the disk did first.
pub(super) fn disk(
    chain: &mut Chain<'_>,
    machine: MachineId,
    wanted: Option<u64>,
) -> Result<(), Problem> {
    let newest = chain.scene.last(machine, chain.time, |record| {
        block_of(record).is_some_and(|(_, block)| wanted.is_none_or(|n| block.0 == n))
    });
    let newest = newest.ok_or(Problem::Nothing)?;
    let (device, block) = block_of(&newest.record).ok_or(Problem::Nothing)?;
    let is_done = matches!(newest.record.event, Event::Block(BlockEvent::Done { .. }));
    let asked = chain.scene.last(machine, newest.record.stamp.time, |record| {
        matches!(record.event, Event::Block(BlockEvent::Submit { device: d, block: b, .. })
            if (d, b) == (device, block))
    });
    let asked = asked.unwrap_or(newest);
    let end = if is_done { newest.record.stamp.time } else { chain.time };
    let took = short(end.since(asked.record.stamp.time));
    let text = words::disk(chain.lang, block.0, is_done, &took);
    chain.push(machine, newest, Bond::Now, text);
    let past = chain.scene.past(machine, end);
    let from = past.partition_point(|s| s.record.stamp.time < asked.record.stamp.time);
    let others: Vec<(&Seen, u64)> = past[from..]
        .iter()
        .filter(|seen| seen.number != newest.number)
        .filter_map(|seen| match seen.record.event {
            Event::Block(BlockEvent::Done { device: d, block, .. }) if d == device => {
                Some((seen, block.0))
            }
            _ => None,
        })
        .collect();
    if let Some((last, _)) = others.last() {
        let blocks: Vec<u64> = others.iter().map(|(_, block)| *block).collect();
        let text = words::served_first(chain.lang, &blocks);
        chain.push(machine, last, Bond::Meanwhile, text);
    }
    if is_done && asked.number != newest.number {
        chain.tell(machine, asked, Bond::Because);
    }
    chain.causes(asked);
    Ok(())
}

/// Explains a frame of the network: the chain of what sent it.
pub(super) fn packet(
    chain: &mut Chain<'_>,
    machine: MachineId,
    number: Option<u64>,
) -> Result<(), Problem> {
    let found = match number {
        Some(number) => chain.scene.seen(EventId::new(machine, number)),
        None => chain.scene.last(machine, chain.time, |r| matches!(r.event, Event::Net(_))),
    };
    let is_packet = |seen: &&Seen| {
        matches!(seen.record.event, Event::Net(_)) && seen.record.stamp.time <= chain.time
    };
    let found = found.filter(is_packet).ok_or(Problem::Nothing)?;
    chain.tell(machine, found, Bond::Now);
    chain.causes(found);
    Ok(())
}

/// Explains a request: the newest event that served it, on whichever machine, back to its first.
pub(super) fn request(chain: &mut Chain<'_>, number: u32) -> Result<(), Problem> {
    let wanted = RequestId(number);
    let machines = (0..chain.scene.stages.len()).map(|n| MachineId(n as u16));
    let found = machines.filter_map(|machine| {
        let newest = chain.scene.last(machine, chain.time, |r| r.stamp.request == wanted)?;
        Some((machine, newest))
    });
    let (machine, newest) = found
        .max_by_key(|(machine, seen)| (seen.record.stamp.time, *machine))
        .ok_or(Problem::Nothing)?;
    chain.tell(machine, newest, Bond::Now);
    chain.causes(newest);
    Ok(())
}
