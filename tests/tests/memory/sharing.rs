//! Memory that is shared on purpose, and what a machine shows of it.

use super::{
    ANONYMOUS, NO_FD, PAGE, PRIVATE, RW, SHARED, call3, checked, mmap, pages, said, say,
    status_of_child,
};
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::{Duration, Pid};
use oscope_kernel::mm::Use;
use oscope_userland::sys::{RustImage, Sys};

#[test]
fn a_forked_child_sees_stores_to_shared_memory_and_to_no_other() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let (own, shared) = (pages(&sys, 1, PRIVATE).await, pages(&sys, 2, SHARED).await);
        sys.store(own, 1).await;
        let child = sys.fork().await.expect("a child");
        if child == 0 {
            sys.store(own, 2).await;
            sys.store(shared, 2).await;
            sys.store(shared + PAGE, 3).await;
            return 0;
        }
        status_of_child(&sys, child).await;
        let seen = [own, shared, shared + PAGE];
        for at in seen {
            say(&sys, format!("{} ", sys.load(at).await)).await;
        }
        0
    }));
    assert_eq!(text, "1 2 3 ");
}

#[test]
fn memory_with_a_descriptor_is_a_file_and_an_area() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let at = sys.scratch();
        sys.poke(at, b"shm\0").await;
        let fd = call3(&sys, nr::MEMFD_CREATE, at, 1, 0).await.expect("a descriptor");
        let empty = sys.call(nr::MMAP, [0, PAGE, RW, SHARED, fd, 0]).await.expect("mapped");
        let child = sys.fork().await.expect("a child");
        if child == 0 {
            sys.store(empty, 1).await;
        }
        let bus = status_of_child(&sys, child).await;
        let _ = call3(&sys, nr::FTRUNCATE, fd, 10_000, 0).await;
        let one = mmap(&sys, [0, 3 * PAGE, RW, SHARED, fd, 0]).await.expect("mapped");
        let two = mmap(&sys, [0, PAGE, RW, PRIVATE, fd, PAGE]).await.expect("mapped");
        sys.poke(one + PAGE, b"both").await;
        let (read, stat) = (sys.peek(two, 4).await, sys.fstat(fd).await.expect("stat"));
        sys.poke(two, b"mine").await;
        let _ = sys.lseek(fd, PAGE as i64, 0).await;
        let file = sys.read(fd, 4).await.expect("bytes");
        let _ = call3(&sys, nr::FTRUNCATE, fd, PAGE + 1, 0).await;
        let _ = call3(&sys, nr::FTRUNCATE, fd, 2 * PAGE, 0).await;
        let cut = sys.peek(one + PAGE, 4).await;
        say(&sys, format!("{bus} {read:?} {} {file:?} {cut:?}", stat.size)).await;
        0
    }));
    assert_eq!(text, format!("7 {0:?} 10000 {0:?} {1:?}", b"both", b"b\0\0\0"));
}

#[test]
fn a_shared_futex_is_known_by_what_it_lies_in() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let shared = pages(&sys, 1, SHARED).await;
        let alias = sys.call(nr::MREMAP, [shared, 0, PAGE, 1, 0, 0]).await.expect("an alias");
        let child = sys.fork().await.expect("a child");
        if child == 0 {
            let waited = sys.call(nr::FUTEX, [alias, 0, 0, 0, 0, 0]).await;
            return u64::from(waited != Ok(0));
        }
        let _ = sys.sleep(Duration::millis(5)).await;
        // The private kind is known by its space and address: nobody waits there.
        let private = sys.call(nr::FUTEX, [shared, 129, 9, 0, 0, 0]).await;
        let woken = sys.call(nr::FUTEX, [shared, 1, 9, 0, 0, 0]).await;
        let status = status_of_child(&sys, child).await;
        say(&sys, format!("{private:?} {woken:?} {status}")).await;
        0
    }));
    assert_eq!(text, "Ok(0) Ok(1) 0");
}

#[test]
fn a_picture_of_memory_tells_sharing_on_purpose_from_sharing_until_a_write() {
    let machine = checked(RustImage::new("main", |sys: Sys| async move {
        let own = mmap(&sys, [0x4000_0000, 4 * PAGE, RW, PRIVATE | ANONYMOUS, NO_FD, 0]).await;
        let shared = mmap(&sys, [0x5000_0000, 2 * PAGE, RW, SHARED | ANONYMOUS, NO_FD, 0]).await;
        let (own, shared) = (own.expect("memory"), shared.expect("memory"));
        for n in 0..4 {
            sys.store(own + n * PAGE, 1).await;
        }
        sys.store(shared, 1).await;
        if sys.fork().await == Ok(0) {
            sys.store(own, 2).await;
            sys.store(shared, 2).await;
        }
        sys.pause().await.map_or(1, |_| 0)
    }));
    let pids: Vec<Pid> = machine
        .snapshot()
        .tasks
        .iter()
        .filter(|t| t.line.name == "main")
        .map(|t| t.line.pid)
        .collect();
    assert_eq!(pids.len(), 2);
    let spaces: Vec<_> = pids.iter().filter_map(|&pid| machine.space_view(pid)).collect();
    for space in &spaces {
        let area = |at| space.areas.iter().find(|area| area.vma.start == at).expect("an area");
        let (own, shared) = (area(0x4000_0000), area(0x5000_0000));
        assert_eq!((own.resident, own.shared, own.copy_on_write), (4, 3, 3), "{own:?}");
        assert_eq!((shared.resident, shared.shared, shared.copy_on_write), (1, 1, 0));
        assert_eq!(shared.letters(), "rw-s");
        let text = area(0x1_0000);
        assert_eq!((text.shared, text.letters().as_str()), (text.resident, "r-xp"));
        assert_eq!(space.rss.total(), space.areas.iter().map(|area| area.resident).sum::<u64>());
    }
    let walk = machine.walk(pids[0], 0x5000_0123).expect("a walk");
    let frame = walk.frame.expect("it is mapped");
    assert_eq!((walk.steps.len(), walk.offset), (3, 0x123));
    assert!(matches!(machine.frame_view(frame).used, Use::Object { .. }));
    let who: Vec<_> = machine.mappers(frame).iter().map(|m| (m.pid, m.address, m.writes)).collect();
    assert_eq!(who, [(pids[0], 0x5000_0000, true), (pids[1], 0x5000_0000, true)]);
    let figures = machine.memory_figures();
    let sum = figures.anonymous + figures.file + figures.buffers + figures.shared + figures.tables;
    assert_eq!(figures.total, figures.free + sum + figures.kernel);
}

#[test]
fn a_segment_lives_until_the_last_detaches_it() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let get = |key, size, flags| call3(&sys, nr::SHMGET, key, size, flags);
        let missing = get(77, PAGE, 0o600).await;
        let nothing = get(77, 0, 0o1600).await;
        let id = get(77, 3 * PAGE + 5, 0o1640).await.expect("a segment");
        let again = [
            get(77, PAGE, 0o600).await == Ok(id),
            get(77, 9 * PAGE, 0o600).await == Err(Errno::EINVAL),
            get(77, PAGE, 0o3600).await == Err(Errno::EEXIST),
        ];
        say(&sys, format!("{missing:?} {nothing:?} {again:?} ")).await;
        let at = call3(&sys, nr::SHMAT, id, 0, 0).await.expect("attached");
        sys.store(at + 3 * PAGE, 5).await;
        let child = sys.fork().await.expect("a child");
        if child == 0 {
            let _ = sys.setuid(1000).await;
            let refused = call3(&sys, nr::SHMAT, id, 0, 0).await;
            let removal = call3(&sys, nr::SHMCTL, id, 0, 0).await;
            sys.store(at, 42).await;
            say(&sys, format!("{refused:?} {removal:?} ")).await;
            let _ = sys.sleep(Duration::millis(20)).await;
            return 0;
        }
        let _ = sys.sleep(Duration::millis(5)).await;
        let place = sys.scratch();
        let _ = call3(&sys, nr::SHMCTL, id, 2, place).await;
        let attached = sys.load(place + 88).await;
        let odd = call3(&sys, nr::SHMAT, id, at + 7, 0).await;
        let taken = call3(&sys, nr::SHMAT, id, at, 0).await;
        let removed = call3(&sys, nr::SHMCTL, id, 0, 0).await;
        let found = get(77, PAGE, 0).await;
        say(&sys, format!("{attached} {odd:?} {taken:?} {removed:?} {found:?} ")).await;
        let (seen, detached) = (sys.load(at).await, call3(&sys, nr::SHMDT, at, 0, 0).await);
        let twice = call3(&sys, nr::SHMDT, at, 0, 0).await;
        let still = call3(&sys, nr::SHMCTL, id, 2, place).await;
        status_of_child(&sys, child).await;
        let gone = call3(&sys, nr::SHMCTL, id, 2, place).await;
        say(&sys, format!("{seen} {detached:?} {twice:?} {still:?} {gone:?}")).await;
        0
    }));
    let expected = [
        "Err(ENOENT) Err(EINVAL) [true, true, true]",
        "Err(EACCES) Err(EPERM)",
        "2 Err(EINVAL) Err(EINVAL) Ok(0) Err(ENOENT)",
        "42 Ok(0) Err(EINVAL) Ok(0) Err(EINVAL)",
    ];
    assert_eq!(text, expected.join(" "));
}
