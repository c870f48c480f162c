//! Disk images: files of the host that a machine has as its disk, and what a machine leaves on one.

use super::Failure;
use crate::source::Source;
use oscope_kernel::base::{DeviceId, Duration};
use oscope_kernel::fs::{Content, OnMedium, State, Txn, txn};
use oscope_kernel::hw::disk::Medium;
use oscope_kernel::hw::{PAGE_SIZE, Timing};
use oscope_kernel::machine::{DiskConfig, Machine};
use oscope_kernel::world::World;
use oscope_userland::workbench::crash;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;

/// The largest image that is read: 4 GiB.
const LARGEST: u64 = 4 << 30;

/// A disk of a machine, and the file that has its image.
#[derive(Clone, Debug)]
pub(super) struct Named {
    machine: String,
    device: String,
    path: String,
}

/// Reads `MACHINE:DEVICE=IMAGE`.
pub(super) fn named(text: &str) -> Result<Named, String> {
    let expected = "expected MACHINE:DEVICE=IMAGE, as in box:vda=disk.img";
    let (place, path) = text.split_once('=').ok_or(expected)?;
    let (machine, device) = place.split_once(':').ok_or(expected)?;
    if path.is_empty() {
        return Err(expected.to_owned());
    }
    Ok(Named { machine: machine.into(), device: device.into(), path: path.into() })
}

/// Boots a world whose machines have these images as their disks.
pub(super) fn boot(source: &Source, disks: &[Named]) -> Result<World, Failure> {
    if disks.is_empty() {
        return source.boot().map_err(Failure::Usage);
    }
    let Source::World(file) = source else {
        return Err(Failure::Usage("--disk: a script has no disk".to_owned()));
    };
    let mut images = Vec::new();
    for disk in disks {
        if disk.device != "vda" {
            let message = format!("--disk: no disk is called `{}`: expected vda", disk.device);
            return Err(Failure::Usage(message));
        }
        images.push((disk.machine.as_str(), read(&disk.path)?));
    }
    let timing = Timing { fixed: Duration::micros(100), per_kib: Duration::ZERO };
    let programs = Arc::new(oscope_userland::script::play::programs());
    let world = file.boot_with(programs, |config| {
        for (_, medium) in images.iter().filter(|(machine, _)| *machine == config.name) {
            let timing = config.disk.as_ref().map_or(timing, |disk| disk.timing);
            config.disk = Some(DiskConfig::new(medium.clone(), timing));
        }
    });
    let world = world.map_err(|error| Failure::Usage(error.to_string()))?;
    match images.iter().find(|(machine, _)| world.by_name(machine).is_none()) {
        Some((machine, _)) => {
            Err(Failure::Usage(format!("--disk: no machine is called `{machine}`")))
        }
        None => Ok(world),
    }
}

fn read(path: &str) -> Result<Medium, Failure> {
    let wrong = |error: std::io::Error| Failure::Usage(format!("{path}: {error}"));
    let mut file = File::open(path).map_err(wrong)?;
    let length = file.metadata().map_err(wrong)?.len();
    if length > LARGEST || length < PAGE_SIZE as u64 {
        let message = format!("{path}: {length} bytes; expected a disk of 4 KiB to 4 GiB");
        return Err(Failure::Usage(message));
    }
    let mut medium = Medium::new(length / PAGE_SIZE as u64);
    let mut page = [0; PAGE_SIZE];
    for number in 0..medium.blocks() {
        file.read_exact(&mut page).map_err(wrong)?;
        if page.iter().any(|byte| *byte != 0) {
            medium.set_block(number, &page);
        }
    }
    Ok(medium)
}

/// Writes the disks of a world to files. `power_cut`: as the medium stands, and not as after sync and unmount.
pub(super) fn save(world: &World, disks: &[Named], power_cut: bool) -> Result<(), Failure> {
    for disk in disks {
        let found = world.by_name(&disk.machine);
        let machine = found.and_then(|id| world.machines().get(usize::from(id.0)));
        let medium = machine.and_then(|machine| {
            let bus = &machine.tables().bus;
            let device = (0..bus.len())
                .map(|n| DeviceId(n as u16))
                .find(|&id| bus.name(id) == disk.device)?;
            let medium = crash::medium(machine, device)?.clone();
            Some(if power_cut { medium } else { unmounted(machine, device, medium) })
        });
        let medium = medium.ok_or_else(|| {
            let (machine, device) = (&disk.machine, &disk.device);
            Failure::Usage(format!("--save-disk: there is no disk {machine}:{device}"))
        })?;
        write(&disk.path, &medium)?;
    }
    Ok(())
}

/// What would be on a disk after sync and unmount.
fn unmounted(machine: &Machine, device: DeviceId, mut medium: Medium) -> Medium {
    let t = machine.tables();
    for (_, entry) in t.fs.cache.iter() {
        let is_newer = matches!(entry.state, State::Dirty | State::Writing { .. });
        let Some(home) = entry.home.filter(|home| is_newer && home.device == device) else {
            continue;
        };
        for (number, from, length) in home.runs() {
            let bytes = &t.memory.ram.page(entry.frame)[from..from + length];
            medium.write(number.0 * home.size as u64, bytes);
        }
    }
    let size = t.fs.block_size(device);
    for found in t.fs.supers.iter().flatten().filter(|found| found.device == Some(device)) {
        let Content::Stored(fs) = &found.content else { continue };
        let mut fs = fs.clone_fs();
        let blocks = OnMedium { medium: &medium, size };
        let mut ending = Txn::new(&blocks, machine.time().into());
        let orphans = t.fs.inodes.orphans();
        let own = orphans.filter(|inode| t.fs.device_of(*inode) == Some(device));
        for inode in own {
            let _ = fs.forget(&mut ending, inode.number);
        }
        if fs.end(&mut ending).is_ok() {
            let changes = ending.finish();
            txn::put(&mut medium, size, &changes);
        }
        if let Some(mut log) = found.journal.clone()
            && let Some(first) = log.place.block(0)
        {
            let tail = log.tail(false);
            medium.write(first.0 * size as u64, &tail);
        }
    }
    medium
}

fn write(path: &str, medium: &Medium) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::Run(format!("{path}: {error}"));
    let mut file = File::create(path).map_err(wrong)?;
    file.set_len(medium.blocks() * PAGE_SIZE as u64).map_err(wrong)?;
    // What is all zeroes stays a hole.
    for number in 0..medium.blocks() {
        if let Some(page) = medium.block(number).filter(|page| page.iter().any(|byte| *byte != 0)) {
            file.seek(SeekFrom::Start(number * PAGE_SIZE as u64)).map_err(wrong)?;
            file.write_all(page).map_err(wrong)?;
        }
    }
    Ok(())
}
