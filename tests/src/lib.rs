//! Shared by the integration tests: machines with programs written on the spot.

pub mod host_tools;
pub mod posix_fs;
pub mod referee;
pub mod shell;

use oscope_kernel::base::{DeviceId, Duration, Time};
use oscope_kernel::event::codec::json_lines;
use oscope_kernel::event::{Event, Record, TaskEvent};
use oscope_kernel::fs::MiniFs;
use oscope_kernel::fs::ext2::Making;
use oscope_kernel::hw::Timing;
use oscope_kernel::hw::disk::{Disk, Medium};
use oscope_kernel::hw::uart::Uart;
use oscope_kernel::machine::{Config, DiskConfig, Machine, Start, Until, Why};
use oscope_userland::bin::{Builtins, file_of};
use oscope_userland::sys::RustImage;
use std::sync::Arc;

/// A configuration whose programs are the built-in ones and `images`, the first of which runs from the
/// start.
#[must_use]
pub fn config(images: Vec<RustImage>) -> Config {
    let mut loader = Builtins::default();
    let first = images.first().map(name);
    for image in images {
        loader.add(image);
    }
    let mut config = Config::new("box", Arc::new(loader));
    config.programs = first.iter().map(|name| Start::new(name, &[])).collect();
    config
}

fn name(image: &RustImage) -> String {
    oscope_kernel::abi::program::Image::name(image).to_owned()
}

/// A disk of 8 MiB whose blocks take 1 ms, with these files and the named programs in /bin.
#[must_use]
pub fn disk(files: &[(&str, &[u8])], programs: &[&str]) -> DiskConfig {
    let programs: Vec<(String, Vec<u8>)> =
        programs.iter().map(|name| (format!("/bin/{name}"), file_of(name))).collect();
    let mut all: Vec<(&str, &[u8])> =
        programs.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    all.extend_from_slice(files);
    let mut medium = Medium::new(2048);
    MiniFs::make(&mut medium, &all).expect("the files fit");
    DiskConfig::new(medium, Timing { fixed: Duration::millis(1), per_kib: Duration::ZERO })
}

/// A disk of so many pages with an empty ext2 on it, whose blocks take 100 µs.
#[must_use]
pub fn ext2_disk(pages: u64, making: &Making) -> DiskConfig {
    let mut medium = Medium::new(pages);
    making.make(&mut medium, &[]).expect("it fits");
    on_disk(medium)
}

/// A disk with this medium, whose blocks take 100 µs.
#[must_use]
pub fn on_disk(medium: Medium) -> DiskConfig {
    DiskConfig::new(medium, Timing { fixed: Duration::micros(100), per_kib: Duration::ZERO })
}

/// What is on the machine's first disk now.
#[must_use]
pub fn medium(machine: &Machine) -> &Medium {
    let device = machine.tables().bus.device(DeviceId(1)).expect("the disk");
    device.as_any().downcast_ref::<Disk>().expect("it is a disk").medium()
}

/// Boots a machine that must boot.
#[must_use]
pub fn boot(config: Config) -> Machine {
    Machine::boot(config).expect("it boots")
}

/// Boots a machine, or says why it does not.
///
/// # Errors
/// What keeps it from being switched on.
pub fn boot_or_tell(config: Config) -> Result<Machine, String> {
    Machine::boot(config).map_err(|error| error.to_string())
}

/// Boots a machine with one program and runs it for a virtual second.
#[must_use]
pub fn run(images: Vec<RustImage>) -> Machine {
    let mut machine = boot(config(images));
    run_for(&mut machine, Duration::seconds(1));
    machine
}

/// Lets virtual time pass.
pub fn run_for(machine: &mut Machine, length: Duration) -> Why {
    let end = machine.time() + length;
    let why = machine.run(Until::time(end));
    assert_eq!(machine.audit(), [], "every frame has the owners that use it");
    why
}

/// What was written to the console.
#[must_use]
pub fn shown(machine: &Machine) -> String {
    let device = machine.tables().bus.device(DeviceId(0)).expect("the console");
    let uart = device.as_any().downcast_ref::<Uart>().expect("it is a serial port");
    String::from_utf8(uart.shown()).expect("text")
}

/// The events for which `test` holds.
pub fn events<'a>(
    machine: &'a Machine,
    test: impl Fn(&Record) -> bool + 'a,
) -> impl Iterator<Item = (u64, &'a Record)> {
    machine.log().since(0).filter(move |(_, record)| test(record))
}

/// The wait statuses of all threads that ended, in order.
#[must_use]
pub fn exits(machine: &Machine) -> Vec<u32> {
    let exit = |record: &Record| match record.event {
        Event::Task(TaskEvent::Exit { status }) => Some(status),
        _ => None,
    };
    machine.log().since(0).filter_map(|(_, record)| exit(record)).collect()
}

/// The log as bytes.
#[must_use]
pub fn log(machine: &Machine) -> String {
    json_lines(machine.log())
}

/// A moment in milliseconds.
#[must_use]
pub fn ms(n: u64) -> Time {
    Time::ZERO + Duration::millis(n)
}

/// This process's resident memory in KiB; 0 where the host does not tell.
#[must_use]
pub fn resident() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Names and texts of all files in a folder of `tests/` whose names end so, by name.
#[must_use]
pub fn files_in(folder: &str, extension: &str) -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let found = std::fs::read_dir(&folder).expect("the folder is there");
    let paths = found.map(|entry| entry.expect("an entry").path());
    let paths = paths.filter(|path| path.extension().is_some_and(|ending| ending == extension));
    let mut files: Vec<(String, String)> = paths
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    files.sort();
    files
}
