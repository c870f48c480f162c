//! /proc/sys: what can be asked and set of the kernel (proc_sys(5)).

use crate::abi::Errno;
use crate::context::Tables;
use crate::fs::Kind;
use crate::hw::PAGE_SIZE;
use crate::ipc::pipe::MAX_CAPACITY;
use crate::mm::{Overcommit, TEXT_BASE};
use crate::proc::{MAX_DESCRIPTORS, PID_MAX};

/// What is in /proc/sys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A directory.
    Directory,
    Arch,
    HostName,
    OsType,
    OsRelease,
    Version,
    PidMax,
    ThreadsMax,
    GroupsMax,
    RandomizeVaSpace,
    OvercommitMemory,
    OvercommitRatio,
    MmapMinAddr,
    MinFreeKbytes,
    PanicOnOom,
    FileNr,
    FileMax,
    NrOpen,
    PipeMaxSize,
    DentryState,
    InodeNr,
}

/// All files: directory (none for those of /proc/sys itself), name, what it is, permission bits.
const ITEMS: [(&str, &str, Item, u16); 23] = [
    ("", "fs", Item::Directory, 0o555),
    ("", "kernel", Item::Directory, 0o555),
    ("", "vm", Item::Directory, 0o555),
    ("fs", "dentry-state", Item::DentryState, 0o444),
    ("fs", "file-max", Item::FileMax, 0o444),
    ("fs", "file-nr", Item::FileNr, 0o444),
    ("fs", "inode-nr", Item::InodeNr, 0o444),
    ("fs", "nr_open", Item::NrOpen, 0o444),
    ("fs", "pipe-max-size", Item::PipeMaxSize, 0o444),
    ("kernel", "arch", Item::Arch, 0o444),
    ("kernel", "hostname", Item::HostName, 0o644),
    ("kernel", "ngroups_max", Item::GroupsMax, 0o444),
    ("kernel", "osrelease", Item::OsRelease, 0o444),
    ("kernel", "ostype", Item::OsType, 0o444),
    ("kernel", "pid_max", Item::PidMax, 0o444),
    ("kernel", "randomize_va_space", Item::RandomizeVaSpace, 0o444),
    ("kernel", "threads-max", Item::ThreadsMax, 0o444),
    ("kernel", "version", Item::Version, 0o444),
    ("vm", "min_free_kbytes", Item::MinFreeKbytes, 0o444),
    ("vm", "mmap_min_addr", Item::MmapMinAddr, 0o444),
    ("vm", "overcommit_memory", Item::OvercommitMemory, 0o644),
    ("vm", "overcommit_ratio", Item::OvercommitRatio, 0o644),
    ("vm", "panic_on_oom", Item::PanicOnOom, 0o444),
];

/// A file's item, kind and permission bits.
pub(super) fn item(index: u8) -> Option<(Item, Kind, u16)> {
    let (_, _, item, mode) = *ITEMS.get(usize::from(index))?;
    let kind = if item == Item::Directory { Kind::Directory } else { Kind::Regular };
    Some((item, kind, mode))
}

/// The files of a directory with their names; without an index those of /proc/sys.
pub(super) fn entries(directory: Option<u8>) -> impl Iterator<Item = (u8, &'static str)> {
    let name = match directory {
        None => Some(""),
        Some(index) => ITEMS.get(usize::from(index)).map(|(_, name, _, _)| *name),
    };
    let all = (0..).zip(ITEMS.iter());
    all.filter_map(move |(index, (of, file, _, _))| (name == Some(*of)).then_some((index, *file)))
}

/// What a file says.
///
/// # Errors
/// `EISDIR`.
pub(super) fn render(t: &Tables, item: Item) -> Result<String, Errno> {
    let dentries = t.fs.dentries.iter().count();
    let negative = t.fs.dentries.iter().filter(|(_, dentry)| dentry.inode.is_none()).count();
    let value = match item {
        Item::Directory => return Err(Errno::EISDIR),
        Item::Arch => "riscv64".to_owned(),
        Item::HostName => t.name.clone(),
        Item::OsType => "Linux".to_owned(),
        Item::OsRelease => super::system::RELEASE.to_owned(),
        Item::Version => super::system::VERSION.to_owned(),
        Item::PidMax | Item::ThreadsMax => PID_MAX.to_string(),
        Item::GroupsMax => "65536".to_owned(),
        // Addresses are the same every time, so that runs can be compared.
        Item::RandomizeVaSpace | Item::PanicOnOom => "0".to_owned(),
        Item::OvercommitMemory => match t.mm.promises.rule {
            Overcommit::Heuristic => "0".to_owned(),
            Overcommit::Always => "1".to_owned(),
            Overcommit::Never { .. } => "2".to_owned(),
        },
        Item::OvercommitRatio => match t.mm.promises.rule {
            Overcommit::Never { ratio } => ratio.to_string(),
            _ => DEFAULT_RATIO.to_string(),
        },
        Item::MmapMinAddr => TEXT_BASE.to_string(),
        Item::MinFreeKbytes => {
            // The least is four fifths of "low" (see `Watermarks`).
            (u64::from(t.mm.pressure.marks.low) * 4 / 5 * (PAGE_SIZE as u64 / 1024)).to_string()
        }
        Item::FileNr => format!("{}\t0\t{}", t.proc.open.len(), i64::MAX),
        Item::FileMax => i64::MAX.to_string(),
        Item::NrOpen => MAX_DESCRIPTORS.to_string(),
        Item::PipeMaxSize => MAX_CAPACITY.to_string(),
        Item::DentryState => format!("{dentries}\t{}\t45\t0\t{negative}\t0", dentries - negative),
        Item::InodeNr => format!("{}\t0", t.fs.inodes.iter().count()),
    };
    Ok(value + "\n")
}

/// The ratio of vm.overcommit_ratio before anybody has set one.
const DEFAULT_RATIO: u32 = 50;

/// Sets something.
///
/// # Errors
/// `EINVAL` for what is no number, or none that it can be; `EACCES` for what cannot be set.
pub(super) fn store(t: &mut Tables, item: Item, text: &str) -> Result<(), Errno> {
    let text = text.trim_end_matches(['\n', '\0']).trim_matches([' ', '\t']);
    let number = || text.parse::<u32>().map_err(|_| Errno::EINVAL);
    match item {
        Item::HostName => {
            // As sethostname(2): at most 64 bytes; what is longer is cut.
            t.name = text.chars().take(64).collect();
        }
        Item::OvercommitMemory => {
            t.mm.promises.rule = match (number()?, t.mm.promises.rule) {
                (0, _) => Overcommit::Heuristic,
                (1, _) => Overcommit::Always,
                (2, rule @ Overcommit::Never { .. }) => rule,
                (2, _) => Overcommit::Never { ratio: DEFAULT_RATIO },
                _ => return Err(Errno::EINVAL),
            };
        }
        Item::OvercommitRatio => {
            let new = number()?;
            // Nothing else than strict accounting has a use for it, so that it is not remembered without.
            if let Overcommit::Never { ratio } = &mut t.mm.promises.rule {
                *ratio = new;
            }
        }
        _ => return Err(Errno::EACCES),
    }
    Ok(())
}
