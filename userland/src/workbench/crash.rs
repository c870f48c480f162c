//! Power cuts: what is on a disk after each of its writes, and whether the file system on it survives.
//!
//! A world is run once and every write to the disk is noted, and every barrier. Then the power is cut after each write in
//! turn, and also so that writes between two barriers have reached the medium in another order: all but one of them, or one
//! alone. Each disk so found is recovered with the kernel's own replay and looked at: it must fit together, and no
//! transaction may be missing that somebody had waited for.
//!
//! A typical sequence: [`record`] a world, then [`Recording::points`] calls back with each state of the disk.

use oscope_kernel::base::{DeviceId, MachineId, Time};
use oscope_kernel::event::{BlockEvent, Event};
use oscope_kernel::fs::ext2::check;
use oscope_kernel::hw::PAGE_SIZE;
use oscope_kernel::hw::disk::{Disk, Medium};
use oscope_kernel::machine::{Machine, Until, Why};
use oscope_kernel::world::{World, WorldWhy};

const SECTOR: usize = 512;

/// What happened to a disk.
#[derive(Clone, Debug)]
pub enum Step {
    /// These bytes were written, each from that place on.
    Write(Vec<(u64, Vec<u8>)>),
    /// All that was written is on the medium.
    Flush,
    /// This transaction of the journal is on the disk, and somebody may have been told so.
    Committed(u32),
}

/// A disk as it was, and what happened to it.
#[derive(Clone, Debug)]
pub struct Recording {
    before: Medium,
    steps: Vec<Step>,
}

/// A moment at which the power is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// After so many writes.
    pub writes: usize,
    /// Whether writes since the last barrier had changed their order.
    pub is_reordered: bool,
    /// The last transaction of the journal that must be there.
    pub committed: Option<u32>,
}

/// What the recovered disk at a point was like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many transactions were replayed.
    pub replayed: u32,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

/// The disk of a machine, if the device is one.
#[must_use]
pub fn medium(machine: &Machine, device: DeviceId) -> Option<&Medium> {
    let found = machine.tables().bus.device(device)?;
    Some(found.as_any().downcast_ref::<Disk>()?.medium())
}

/// Runs a world up to a time and notes what happens to a disk. `None` if there is no such disk, or the world had to be
/// stopped.
pub fn record(
    world: &mut World,
    (machine, device): (MachineId, DeviceId),
    until: Time,
) -> Option<Recording> {
    let test = move |record: &oscope_kernel::event::Record| {
        let Event::Block(event) = record.event else { return false };
        match event {
            BlockEvent::Done { device: other, .. } | BlockEvent::Flush { device: other } => {
                other == device
            }
            _ => false,
        }
    };
    let alone = world.machines().len() == 1;
    let mut last = medium(world.machines().get(usize::from(machine.0))?, device)?.clone();
    let mut recording = Recording { before: last.clone(), steps: Vec::new() };
    let (mut seen, mut committed) = (0, None);
    loop {
        let has_stopped = if alone {
            match world
                .machine_mut(machine)?
                .run(Until { event: Some(&test), ..Until::time(until) })
            {
                Why::Event(_) => false,
                why if why.is_stuck() => return None,
                _ => true,
            }
        } else {
            match world.run_to(until, &test) {
                WorldWhy::Event(_) => false,
                WorldWhy::Stuck(..) => return None,
                WorldWhy::Time | WorldWhy::Quiet => true,
            }
        };
        let found = world.machines().get(usize::from(machine.0))?;
        for (n, entry) in found.log().since(seen) {
            seen = n + 1;
            let Event::Block(event) = entry.event else { continue };
            match event {
                BlockEvent::Done { device: other, .. } if other == device => {
                    let now = medium(found, device)?;
                    let written = changes(&last, now);
                    if !written.is_empty() {
                        recording.steps.push(Step::Write(written));
                        last = now.clone();
                    }
                }
                BlockEvent::Flush { device: other } if other == device => {
                    recording.steps.push(Step::Flush);
                }
                _ => {}
            }
        }
        let supers = found.tables().fs.supers.iter().flatten();
        let log = supers.filter(|it| it.device == Some(device)).find_map(|it| it.journal.as_ref());
        let now = log.map(|log| log.committed);
        if now.is_some() && now != committed {
            committed = now;
            recording.steps.extend(now.map(Step::Committed));
        }
        if has_stopped {
            return Some(recording);
        }
    }
}

/// The sectors that are not as before.
fn changes(before: &Medium, now: &Medium) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    for page in now.changed_since(before) {
        let zeroes = [0; PAGE_SIZE];
        let old = before.block(page).unwrap_or(&zeroes);
        let new = now.block(page).unwrap_or(&zeroes);
        for (n, (old, new)) in old.chunks(SECTOR).zip(new.chunks(SECTOR)).enumerate() {
            if old != new {
                found.push((page * PAGE_SIZE as u64 + (n * SECTOR) as u64, new.to_vec()));
            }
        }
    }
    found
}

fn apply(medium: &mut Medium, write: &[(u64, Vec<u8>)]) {
    for (from, bytes) in write {
        medium.write(*from, bytes);
    }
}

impl Recording {
    /// How many writes there were.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Write(_))).count()
    }

    /// Calls back with every state in which a power cut may leave the disk.
    pub fn points(&self, mut each: impl FnMut(Point, &Medium)) {
        let mut now = self.before.clone();
        let (mut writes, mut committed) = (0, None);
        // What was on the medium at the last barrier, and what was written since.
        let mut settled = (now.clone(), committed);
        let mut since: Vec<&[(u64, Vec<u8>)]> = Vec::new();
        each(Point { writes, is_reordered: false, committed }, &now);
        for step in self.steps.iter().chain([&Step::Flush]) {
            match step {
                Step::Write(write) => {
                    apply(&mut now, write);
                    since.push(write);
                    writes += 1;
                    each(Point { writes, is_reordered: false, committed }, &now);
                }
                Step::Committed(sequence) => committed = Some(*sequence),
                Step::Flush => {
                    let point = Point { writes, is_reordered: true, committed: settled.1 };
                    if since.len() > 1 {
                        for n in 0..since.len() {
                            let (mut without, mut alone) = (settled.0.clone(), settled.0.clone());
                            let others = since.iter().enumerate().filter(|(at, _)| *at != n);
                            others.for_each(|(_, write)| apply(&mut without, write));
                            apply(&mut alone, since[n]);
                            each(point, &without);
                            each(point, &alone);
                        }
                    }
                    settled = (now.clone(), committed);
                    since.clear();
                }
            }
        }
    }
}

/// Recovers a disk as a mount would, and looks at what is on it.
#[must_use]
pub fn judge(point: Point, disk: &Medium) -> Verdict {
    let mut disk = disk.clone();
    let mut verdict = Verdict::default();
    match check::recover(&mut disk) {
        Ok((replayed, next)) => {
            verdict.replayed = replayed;
            // After a replay the next number is one more, so that it cannot be in the log already.
            let last = next.wrapping_sub(if replayed > 0 { 2 } else { 1 });
            if let Some(wanted) = point.committed
                && last.wrapping_sub(wanted).cast_signed() < 0
            {
                let problem = format!("transaction {wanted} is lost: the last one is {last}");
                verdict.problems.push(problem);
            }
        }
        Err(stop) => verdict.problems.push(format!("it cannot be recovered: {stop:?}")),
    }
    match check::check(&disk) {
        Ok(findings) => verdict.problems.extend(findings.problems),
        Err(stop) => verdict.problems.push(format!("it cannot be mounted: {stop:?}")),
    }
    verdict
}
