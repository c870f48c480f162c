//! POSIX shared memory, and how much a file system in memory holds.

use super::{PAGE, RW, SHARED, checked, mmap, said, say, status_of_child};
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys};

const CREATE: u32 = 0o100;
const EXCLUSIVE: u32 = 0o200;
const READ_WRITE: u32 = 2;

/// Two processes that do not inherit the memory, but find it by its name.
#[test]
fn two_processes_meet_by_a_name() {
    let machine = checked(RustImage::new("main", |sys: Sys| async move {
        let child = sys.fork().await.expect("a child");
        let flags = if child == 0 { READ_WRITE } else { READ_WRITE | CREATE | EXCLUSIVE };
        let fd = loop {
            match sys.shm_open("/table", flags, 0o600).await {
                Ok(fd) if sys.fstat(fd).await.is_ok_and(|stat| child > 0 || stat.size > 0) => {
                    break fd;
                }
                Ok(fd) => drop(sys.close(fd).await),
                Err(errno) => assert_eq!(errno, Errno::ENOENT),
            }
            let _ = sys.sleep(Duration::millis(1)).await;
        };
        if child > 0 {
            sys.ftruncate(fd, 2 * PAGE).await.expect("a size");
        }
        let at = mmap(&sys, [0, 2 * PAGE, RW, SHARED, fd, 0]).await.expect("mmap");
        sys.close(fd).await.expect("close");
        if child == 0 {
            sys.store(at + PAGE, 42).await;
            return u64::from(sys.shm_unlink("table").await.is_err());
        }
        let status = status_of_child(&sys, child).await;
        let seen = sys.load(at + PAGE).await;
        let gone = sys.shm_open("/table", READ_WRITE, 0).await;
        let flags = sys.stat("/dev/shm").await.expect("stat").mode;
        say(&sys, format!("{status} {seen} {gone:?} {flags:o}")).await;
        0
    }));
    assert_eq!(oscope_tests::shown(&machine), "0 42 Err(ENOENT) 41777");
}

/// As the C library has it on Linux.
#[test]
fn names_of_shared_memory() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let mut all = Vec::new();
        for name in ["", "/", "//", "a/b", "..", "."] {
            let opened = sys.shm_open(name, READ_WRITE | CREATE, 0o600).await;
            all.push((opened.err(), sys.shm_unlink(name).await.err()));
        }
        let long = "x".repeat(256);
        all.push((sys.shm_open(&long, READ_WRITE | CREATE, 0o600).await.err(), None));
        let fd = sys.shm_open(&long[..255], READ_WRITE | CREATE, 0o600).await.expect("a name");
        all.push((sys.fcntl(fd, 1, 0).await.err(), None));
        sys.symlink("/text", "/dev/shm/link").await.expect("a link");
        all.push((sys.shm_open("link", 0, 0).await.err(), None));
        let close_on_exec = sys.fcntl(fd, 1, 0).await;
        let names = |(a, b): &(Option<Errno>, Option<Errno>)| {
            let name = |errno: &Option<Errno>| errno.map_or("-", |errno| errno.name());
            format!("{} {}", name(a), name(b))
        };
        let all: Vec<String> = all.iter().map(names).collect();
        say(&sys, format!("{}; {close_on_exec:?}", all.join(", "))).await;
        0
    }));
    let wanted = "EINVAL ENOENT, EINVAL ENOENT, EINVAL ENOENT, EINVAL ENOENT, EINVAL EISDIR, EINVAL EISDIR, \
                  ENAMETOOLONG -, - -, ELOOP -; Ok(1)";
    assert_eq!(text, wanted);
}

/// A file system of four pages and six inodes.
#[test]
fn a_full_file_system_in_memory() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        sys.mkdir("/tmp/small", 0o755).await.expect("a directory");
        let options = "size=16k,nr_inodes=6,mode=700";
        sys.mount(("none", "/tmp/small", "tmpfs"), 0, options).await.expect("mount");
        let flags = READ_WRITE | CREATE;
        let fd = sys.open("/tmp/small/file", flags, 0o600).await.expect("a file");
        let bytes = vec![1; 4096];
        let mut written = Vec::new();
        for _ in 0..6 {
            written.push(sys.write(fd, &bytes).await.err().map(|errno| errno.name()));
        }
        let size = sys.fstat(fd).await.expect("stat").size;
        let full = sys.statfs("/tmp/small").await.expect("statfs");
        let again = sys.pwrite(fd, 0x4000_0000, 1, 0).await.is_err();
        sys.ftruncate(fd, PAGE).await.expect("truncate");
        let free = sys.statfs("/tmp/small").await.expect("statfs");
        // Three are free: four more are too many, for fallocate(2) and for a store through a mapping.
        let large = sys.call(nr::FALLOCATE, [fd, 0, PAGE, 4 * PAGE, 0, 0]).await;
        sys.ftruncate(fd, 5 * PAGE).await.expect("truncate");
        let map = mmap(&sys, [0, 5 * PAGE, RW, SHARED, fd, 0]).await.expect("mmap");
        let child = sys.fork().await.expect("a child");
        if child == 0 {
            for n in 0..5 {
                sys.store(map + n * PAGE, n).await;
            }
            return 0;
        }
        let status = status_of_child(&sys, child).await;
        let mut made = 0;
        let last = loop {
            match sys.open(&format!("/tmp/small/{made}"), flags, 0o600).await {
                Ok(_) => made += 1,
                Err(errno) => break errno,
            }
        };
        sys.unlink("/tmp/small/0").await.expect("unlink");
        let directory = sys.mkdir("/tmp/small/d", 0o700).await;
        say(
            &sys,
            format!(
                "{written:?} {size} | {} {} {} {} | {} {} | {large:?} {status} | {made} {last:?} {directory:?}",
                full.blocks, full.free, full.files, full.free_files, free.free, again
            ),
        )
        .await;
        0
    }));
    let wanted = "[None, None, None, None, Some(\"ENOSPC\"), Some(\"ENOSPC\")] 16384 | 4 0 6 4 | 3 true | \
                  Err(ENOSPC) 7 | 4 ENOSPC Err(ENOSPC)";
    assert_eq!(text, wanted);
}
