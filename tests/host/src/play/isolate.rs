//! A place of its own for the tested tree: namespaces, and a file system in memory.
//!
//! The calls of a script may be anything, and whoever runs them may be root. So the tree lives in new pid, mount,
//! ipc, uts and net namespaces (namespaces(7)), in a user namespace too if that is what it takes to get them, and
//! sees no file of this machine. The pid and the mount namespace are indispensable: without them nothing is run.
//!
//! A typical sequence: [`leave`] in the program that was started; its child, which is init in the new pid
//! namespace, calls [`settle`] once and [`furnish`] for every tree.

use crate::sys::check;
use std::ffi::{CStr, CString};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// What was got, and why the rest was not.
#[derive(Default)]
pub(super) struct Isolation {
    /// Namespaces, by name.
    pub(super) namespaces: Vec<&'static str>,
    /// Those that were refused, with the reason.
    pub(super) without: Vec<(&'static str, String)>,
    /// Whether the tree runs as the machine's own root, and not as that of a user namespace.
    pub(super) root: bool,
}

impl Isolation {
    /// Whether this namespace is a new one.
    pub(super) fn has(&self, name: &str) -> bool {
        self.namespaces.contains(&name)
    }
}

fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: unshare(2) touches no memory, and this program has one thread.
    check(unsafe { libc::unshare(flags) }).map(drop)
}

/// Leaves the namespaces; the next child is the first process of the new pid namespace.
pub(super) fn leave() -> io::Result<Isolation> {
    // SAFETY: these two have no conditions.
    let user = unsafe { libc::geteuid() };
    // SAFETY: as above.
    let group = unsafe { libc::getegid() };
    let mut isolation = Isolation { root: user == 0, ..Isolation::default() };
    if user != 0 || unshare(libc::CLONE_NEWNS).is_err() {
        unshare(libc::CLONE_NEWUSER).map_err(|error| explain("user", &error))?;
        // Refused for root of an outer namespace that may map groups; it is needed for everybody else.
        let _ = fs::write("/proc/self/setgroups", "deny");
        fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
        fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
        isolation.namespaces.push("user");
        isolation.root = false;
        unshare(libc::CLONE_NEWNS).map_err(|error| explain("mount", &error))?;
    } else {
        let reason = "not needed: the tree runs as root".to_owned();
        isolation.without.push(("user", reason));
    }
    unshare(libc::CLONE_NEWPID).map_err(|error| explain("pid", &error))?;
    isolation.namespaces.extend(["mount", "pid"]);
    let rest =
        [("ipc", libc::CLONE_NEWIPC), ("uts", libc::CLONE_NEWUTS), ("net", libc::CLONE_NEWNET)];
    for (name, flag) in rest {
        match unshare(flag) {
            Ok(()) => isolation.namespaces.push(name),
            Err(error) => isolation.without.push((name, error.to_string())),
        }
    }
    Ok(isolation)
}

fn explain(name: &str, error: &io::Error) -> io::Error {
    io::Error::other(format!("this machine gives no new {name} namespace: {error}"))
}

fn text(path: &Path) -> io::Result<CString> {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

fn mount(
    source: &CStr,
    target: &Path,
    kind: &CStr,
    flags: libc::c_ulong,
    data: &CStr,
) -> io::Result<()> {
    let path = text(target)?;
    let data = data.as_ptr().cast();
    // SAFETY: all four are strings that end in zero and outlive the call.
    let result = unsafe { libc::mount(source.as_ptr(), path.as_ptr(), kind.as_ptr(), flags, data) };
    let failed = |error| io::Error::other(format!("mount on {}: {error}", target.display()));
    check(result).map(drop).map_err(failed)
}

fn detach(path: &Path) -> io::Result<()> {
    let path = text(path)?;
    // SAFETY: a string that ends in zero.
    check(unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) }).map(drop)
}

fn change_root(path: &Path) -> io::Result<()> {
    let path = text(path)?;
    // SAFETY: a string that ends in zero.
    check(unsafe { libc::chroot(path.as_ptr()) })?;
    std::env::set_current_dir("/")
}

/// Replaces this machine's files by an empty place; returns the new namespace's /proc, which nobody else can reach.
///
/// To be called by the first process of the pid namespace.
pub(super) fn settle(isolation: &Isolation) -> io::Result<File> {
    // What is mounted here must not appear elsewhere.
    mount(c"none", Path::new("/"), c"none", libc::MS_REC | libc::MS_PRIVATE, c"")?;
    // Any directory will do: it is hidden from this process alone.
    let place = Path::new("/tmp");
    mount(c"oscope", place, c"tmpfs", libc::MS_NOSUID, c"size=1m,mode=755")?;
    for name in ["old", "proc", "tree"] {
        fs::create_dir(place.join(name))?;
    }
    if !isolation.root {
        // A user namespace cannot make devices; it borrows them.
        for name in DEVICES {
            let borrowed = place.join(name.0);
            File::create(&borrowed)?;
            let source = text(&Path::new("/dev").join(name.0))?;
            mount(&source, &borrowed, c"none", libc::MS_BIND, c"")?;
        }
    }
    let guarded = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    mount(c"proc", &place.join("proc"), c"proc", guarded, c"")?;
    std::env::set_current_dir(place)?;
    // SAFETY: both are strings that end in zero.
    check(unsafe { libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c"old".as_ptr()) } as i32)?;
    std::env::set_current_dir("/")?;
    detach(Path::new("/old"))?;
    let proc = File::open("/proc")?;
    detach(Path::new("/proc"))?;
    Ok(proc)
}

/// Devices of the tree: name and minor number; the major one is 1 (mem).
const DEVICES: [(&str, u32); 2] = [("null", 3), ("zero", 5)];

/// A file that is there before the first call.
pub(super) struct Entry {
    /// From the root of the tree.
    pub(super) path: PathBuf,
    /// Permissions; the usual ones if there are none.
    pub(super) mode: Option<u32>,
    /// What it is.
    pub(super) content: Content,
}

/// What an [`Entry`] is.
pub(super) enum Content {
    /// A directory.
    Directory,
    /// A regular file.
    Bytes(Vec<u8>),
    /// A symbolic link.
    Link(PathBuf),
}

/// Makes an empty tree in place of the one before: /dev with two devices, /tmp, and what the script asked for.
pub(super) fn furnish(isolation: &Isolation, entries: &[Entry]) -> io::Result<()> {
    let tree = Path::new("/tree");
    // There is none the first time.
    let _ = detach(tree);
    // The umask must not reach what follows.
    // SAFETY: umask(2) has no conditions.
    unsafe { libc::umask(0) };
    let guarded = libc::MS_NOSUID | libc::MS_NODEV;
    mount(c"oscope", tree, c"tmpfs", guarded, c"size=64m,nr_inodes=16k,mode=755")?;
    directory(&tree.join("tmp"), 0o1777)?;
    directory(&tree.join("dev"), 0o755)?;
    if isolation.root {
        devices(&tree.join("dev"))?;
    } else {
        for (name, _) in DEVICES {
            let place = tree.join("dev").join(name);
            File::create(&place)?;
            let borrowed = text(&Path::new("/").join(name))?;
            mount(&borrowed, &place, c"none", libc::MS_BIND, c"")?;
        }
    }
    entries.iter().try_for_each(|entry| {
        let failed = |error| io::Error::other(format!("{}: {error}", entry.path.display()));
        make(tree, entry).map_err(failed)
    })
}

/// Devices on a file system of their own, which is not written any more.
fn devices(place: &Path) -> io::Result<()> {
    mount(c"oscope", place, c"tmpfs", libc::MS_NOSUID, c"size=64k,mode=755")?;
    for (name, minor) in DEVICES {
        let path = text(&place.join(name))?;
        // SAFETY: a string that ends in zero.
        check(unsafe {
            libc::mknod(path.as_ptr(), libc::S_IFCHR | 0o666, libc::makedev(1, minor))
        })?;
    }
    let flags = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | libc::MS_NOSUID;
    mount(c"none", place, c"none", flags, c"")
}

fn directory(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(path)
}

fn make(tree: &Path, entry: &Entry) -> io::Result<()> {
    let inside = entry.path.strip_prefix("/").unwrap_or(&entry.path);
    if inside.components().any(|part| part.as_os_str() == "..") {
        return Err(io::Error::other("expected a path without `..`"));
    }
    let path = tree.join(inside);
    match &entry.content {
        Content::Directory => match directory(&path, 0o755) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => done?,
        },
        Content::Bytes(bytes) => {
            fs::write(&path, bytes)?;
            fs::set_permissions(&path, Permissions::from_mode(0o644))?;
        }
        Content::Link(target) => return symlink(target, &path),
    }
    match entry.mode {
        Some(mode) => fs::set_permissions(&path, Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

/// Makes the tree the root of the caller, for good, and takes the powers away with which root could reach the
/// machine through a call that the list allows.
pub(super) fn enter(root: bool) -> io::Result<()> {
    change_root(Path::new("/tree"))?;
    if root { drop_powers() } else { Ok(()) }
}

/// Capabilities that are given up (capabilities(7)): MAC_OVERRIDE to MAC_ADMIN, SYSLOG, SYS_ADMIN, SYS_BOOT,
/// SYS_MODULE, SYS_PTRACE, SYS_RAWIO, SYS_TIME.
const POWERS: u64 =
    1 << 32 | 1 << 33 | 1 << 34 | 1 << 21 | 1 << 22 | 1 << 16 | 1 << 19 | 1 << 17 | 1 << 25;

fn drop_powers() -> io::Result<()> {
    // struct __user_cap_header_struct with _LINUX_CAPABILITY_VERSION_3, and twice three sets of 32.
    let mut header = [0x2008_0522_u32, 0];
    let mut sets = [[0_u32; 3]; 2];
    let (head, data) = (header.as_mut_ptr(), sets.as_mut_ptr());
    // SAFETY: the kernel fills both halves of the sets of this version.
    check(unsafe { libc::syscall(libc::SYS_capget, head, data) } as i32)?;
    for (half, set) in sets.iter_mut().enumerate() {
        let kept = !(POWERS >> (32 * half)) as u32;
        for word in set {
            *word &= kept;
        }
    }
    let (head, data) = (header.as_mut_ptr(), sets.as_ptr());
    // SAFETY: the kernel reads both halves.
    check(unsafe { libc::syscall(libc::SYS_capset, head, data) } as i32).map(drop)
}

/// The ranges of memory that this process has, but for the heap of brk(2), which tasks do not use.
pub(super) fn mappings() -> io::Result<Vec<std::ops::Range<u64>>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let lines = maps.lines().filter(|line| !line.ends_with("[heap]"));
    let ranges = lines.filter_map(|line| {
        let (start, rest) = line.split_once('-')?;
        let end = rest.split(' ').next()?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        let start = number(start)?;
        // The stack may grow.
        let room = if line.ends_with("[stack]") { 8 << 20 } else { 0 };
        Some(start.saturating_sub(room)..number(end)?)
    });
    Ok(ranges.collect())
}

/// A file below the private /proc.
pub(super) fn open_below(directory: &File, path: &str) -> io::Result<File> {
    use std::os::fd::FromRawFd;
    let path = CString::new(path).map_err(io::Error::other)?;
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: a string that ends in zero.
    let fd = check(unsafe { libc::openat(directory.as_raw_fd(), path.as_ptr(), flags) })?;
    // SAFETY: the descriptor was just made, and nobody else owns it.
    Ok(unsafe { File::from_raw_fd(fd) })
}
