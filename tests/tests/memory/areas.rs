//! mmap(2), munmap(2), mprotect(2), mremap(2), madvise(2) and their kin: arguments and errors.

use super::{ANONYMOUS, FIXED, NO_FD, PAGE, PRIVATE, R, RW, SHARED, call3, mmap, pages, said, say};
use oscope_kernel::abi::flags::process::rlimit;
use oscope_kernel::abi::types::Rlimit;
use oscope_kernel::abi::{Errno, nr};
use oscope_userland::sys::{RustImage, Sys};

type Answer = Result<u64, Errno>;

/// Runs `body`, which says what is not as expected; nothing is.
fn expect<F: Future<Output = String> + 'static>(body: fn(Sys) -> F) {
    let text = said(RustImage::new("main", move |sys: Sys| async move {
        let wrong = body(sys.clone()).await;
        say(&sys, format!("{wrong}done")).await;
        0
    }));
    assert_eq!(text, "done");
}

/// Compares and remembers what differs.
fn check(wrong: &mut String, what: &str, got: Answer, wanted: Answer) {
    if got != wanted {
        wrong.push_str(&format!("{what}: {got:?}, not {wanted:?}; "));
    }
}

#[test]
fn mmap_says_what_is_wrong_as_linux_does() {
    expect(|sys| async move {
        let mut wrong = String::new();
        let file = sys.open("/text", 0, 0).await.expect("a file");
        let directory = sys.open("/", 0o200000, 0).await.expect("a directory");
        let (pipe, _) = sys.pipe().await.expect("a pipe");
        let anonymous = PRIVATE | ANONYMOUS;
        let no_replace = 0x10_0000;
        let here = pages(&sys, 2, PRIVATE).await;
        let cases = [
            ("no length", [0, 0, RW, anonymous, NO_FD, 0], Errno::EINVAL),
            ("no kind", [0, PAGE, RW, ANONYMOUS, NO_FD, 0], Errno::EINVAL),
            ("both kinds, anonymous", [0, PAGE, RW, 3 | ANONYMOUS, NO_FD, 0], Errno::EINVAL),
            ("no such file", [0, PAGE, RW, PRIVATE, 99, 0], Errno::EBADF),
            ("odd offset", [0, PAGE, RW, PRIVATE, file, 17], Errno::EINVAL),
            ("far offset", [0, PAGE, R, PRIVATE, file, !0xfff], Errno::EOVERFLOW),
            ("a directory", [0, PAGE, R, PRIVATE, directory, 0], Errno::ENODEV),
            ("a pipe", [0, PAGE, R, PRIVATE, pipe, 0], Errno::ENODEV),
            ("shared and written, opened to read", [0, PAGE, RW, SHARED, file, 0], Errno::EACCES),
            ("unknown flag", [0, PAGE, R, 3 | 1 << 22, file, 0], Errno::EOPNOTSUPP),
            ("large", [0, 2 << 20, RW, anonymous | 0x4_0000, NO_FD, 0], Errno::ENOMEM),
            ("all there is", [0, u64::MAX, RW, anonymous, NO_FD, 0], Errno::ENOMEM),
            ("shared stack", [0, PAGE, RW, SHARED | ANONYMOUS | 0x100, NO_FD, 0], Errno::EINVAL),
            ("neither length nor file", [0, 0, RW, PRIVATE, 99, 0], Errno::EBADF),
            ("odd place", [17, PAGE, RW, anonymous | FIXED, NO_FD, 0], Errno::EINVAL),
            ("beyond the end", [1 << 40, PAGE, RW, anonymous | FIXED, NO_FD, 0], Errno::ENOMEM),
            ("longer than all", [0, 1 << 40, RW, anonymous, NO_FD, 0], Errno::ENOMEM),
            ("occupied", [here, PAGE, RW, anonymous | no_replace, NO_FD, 0], Errno::EEXIST),
            ("more than there is", [0, 1 << 30, RW, anonymous, NO_FD, 0], Errno::ENOMEM),
        ];
        for (what, arguments, errno) in cases {
            check(&mut wrong, what, mmap(&sys, arguments).await, Err(errno));
        }
        let reserve = anonymous | 0x4000;
        let huge = mmap(&sys, [0, 1 << 30, RW, reserve, NO_FD, 0]).await;
        check(&mut wrong, "without promise", huge.map(|_| 0), Ok(0));
        let hint = 0x4000_0000;
        check(
            &mut wrong,
            "hint",
            mmap(&sys, [hint, PAGE, RW, anonymous, NO_FD, 0]).await,
            Ok(hint),
        );
        let other = mmap(&sys, [hint, PAGE, RW, anonymous, NO_FD, 0]).await;
        check(&mut wrong, "hint taken", other.map(|at| u64::from(at == hint)), Ok(0));
        wrong
    });
}

#[test]
fn limits_bind() {
    expect(|sys| async move {
        let mut wrong = String::new();
        let limit = |pages| Rlimit { soft: pages * PAGE, hard: u64::MAX };
        let _ = sys.setrlimit(rlimit::DATA, limit(100)).await;
        let anonymous = PRIVATE | ANONYMOUS;
        let got = mmap(&sys, [0, 100 * PAGE, RW, anonymous, NO_FD, 0]).await;
        check(&mut wrong, "data", got, Err(Errno::ENOMEM));
        let got = mmap(&sys, [0, 100 * PAGE, R, anonymous, NO_FD, 0]).await;
        check(&mut wrong, "no data", got.map(|_| 0), Ok(0));
        let top = sys.call(nr::BRK, [0; 6]).await.expect("a break");
        let got = call3(&sys, nr::BRK, top + 200 * PAGE, 0, 0).await;
        check(&mut wrong, "brk", got, Ok(top));
        let _ = sys.setrlimit(rlimit::AS, limit(200)).await;
        let got = mmap(&sys, [0, 200 * PAGE, R, anonymous, NO_FD, 0]).await;
        check(&mut wrong, "space", got, Err(Errno::ENOMEM));
        wrong
    });
}

#[test]
fn munmap_cuts_an_area_in_two_and_mprotect_in_three() {
    expect(|sys| async move {
        let mut wrong = String::new();
        let at = pages(&sys, 8, PRIVATE).await;
        for n in 0..8 {
            sys.store(at + n * PAGE, n).await;
        }
        let unmap = |address, length| call3(&sys, nr::MUNMAP, address, length, 0);
        let protect = |address, length, how| call3(&sys, nr::MPROTECT, address, length, how);
        check(&mut wrong, "odd", unmap(at + 1, PAGE).await, Err(Errno::EINVAL));
        check(&mut wrong, "nothing", unmap(at, 0).await, Err(Errno::EINVAL));
        check(&mut wrong, "middle", unmap(at + 3 * PAGE, 2 * PAGE).await, Ok(0));
        check(&mut wrong, "again", unmap(at + 3 * PAGE, 2 * PAGE).await, Ok(0));
        check(&mut wrong, "hole", protect(at, 8 * PAGE, R).await, Err(Errno::ENOMEM));
        check(&mut wrong, "odd", protect(at + 5, PAGE, R).await, Err(Errno::EINVAL));
        check(&mut wrong, "unknown", protect(at, PAGE, 0x40).await, Err(Errno::EINVAL));
        check(&mut wrong, "both ways", protect(at, PAGE, 0x300_0000).await, Err(Errno::EINVAL));
        check(&mut wrong, "nothing", protect(at, 0, R).await, Ok(0));
        // What lies before the hole was changed all the same.
        let written = sys.call(nr::GETRANDOM, [at, 8, 0, 0, 0, 0]).await;
        check(&mut wrong, "before the hole", written, Err(Errno::EFAULT));
        check(&mut wrong, "back", protect(at, PAGE, RW).await, Ok(0));
        check(&mut wrong, "kept", Ok(sys.load(at + 2 * PAGE).await), Ok(2));
        sys.store(at, 70).await;
        check(&mut wrong, "none", protect(at, PAGE, 0).await, Ok(0));
        check(&mut wrong, "and back", protect(at, PAGE, RW).await, Ok(0));
        check(&mut wrong, "kept", Ok(sys.load(at).await), Ok(70));
        check(&mut wrong, "above", Ok(sys.load(at + 7 * PAGE).await), Ok(7));
        wrong
    });
}

#[test]
fn mremap_grows_shrinks_and_moves() {
    expect(|sys| async move {
        let mut wrong = String::new();
        let remap = |words: [u64; 5]| {
            let [a, b, c, d, e] = words;
            sys.call(nr::MREMAP, [a, b, c, d, e, 0])
        };
        let at = pages(&sys, 4, PRIVATE).await;
        for n in 0..4 {
            sys.store(at + n * PAGE, 100 + n).await;
        }
        check(&mut wrong, "odd", remap([at + 1, PAGE, PAGE, 0, 0]).await, Err(Errno::EINVAL));
        check(&mut wrong, "to nothing", remap([at, PAGE, 0, 0, 0]).await, Err(Errno::EINVAL));
        check(&mut wrong, "flags", remap([at, PAGE, PAGE, 2, 0]).await, Err(Errno::EINVAL));
        let wild = remap([0x7000_0000, PAGE, PAGE * 2, 1, 0]).await;
        check(&mut wrong, "nothing there", wild, Err(Errno::EFAULT));
        check(&mut wrong, "shrink", remap([at, 4 * PAGE, 2 * PAGE, 0, 0]).await, Ok(at));
        check(&mut wrong, "grow", remap([at, 2 * PAGE, 4 * PAGE, 0, 0]).await, Ok(at));
        check(&mut wrong, "fresh", Ok(sys.load(at + 3 * PAGE).await), Ok(0));
        check(
            &mut wrong,
            "across",
            remap([at, 9 * PAGE, 10 * PAGE, 1, 0]).await,
            Err(Errno::EFAULT),
        );
        let inner = remap([at, PAGE, 2 * PAGE, 0, 0]).await;
        check(&mut wrong, "no room", inner, Err(Errno::ENOMEM));
        let twin = remap([at, 0, PAGE, 1, 0]).await;
        check(&mut wrong, "a twin of private memory", twin, Err(Errno::EINVAL));
        check(&mut wrong, "unknown", remap([at, PAGE, PAGE, 8, 0]).await, Err(Errno::EINVAL));
        let keep = remap([at, PAGE, 2 * PAGE, 5, 0]).await;
        check(&mut wrong, "keep and grow", keep, Err(Errno::EINVAL));
        let moved = remap([at, 2 * PAGE, 600 * PAGE, 1, 0]).await.expect("moved");
        check(&mut wrong, "moved", Ok(sys.load(moved + PAGE).await), Ok(101));
        let target = 0x5000_0000;
        check(&mut wrong, "fixed", remap([moved, 600 * PAGE, PAGE, 3, target]).await, Ok(target));
        check(&mut wrong, "there", Ok(sys.load(target).await), Ok(100));
        let over = remap([target, PAGE, PAGE, 3, target]).await;
        check(&mut wrong, "onto itself", over, Err(Errno::EINVAL));
        wrong
    });
}

#[test]
fn advice_is_checked_and_followed() {
    expect(|sys| async move {
        let mut wrong = String::new();
        let at = pages(&sys, 3, PRIVATE).await;
        let advise = |address, length, how| call3(&sys, nr::MADVISE, address, length, how);
        sys.store(at, 5).await;
        check(&mut wrong, "unknown", advise(at, PAGE, 7).await, Err(Errno::EINVAL));
        check(&mut wrong, "odd", advise(at + 3, PAGE, 4).await, Err(Errno::EINVAL));
        check(&mut wrong, "nothing", advise(at, 0, 4).await, Ok(0));
        check(&mut wrong, "hole", advise(at, 1 << 30, 4).await, Err(Errno::ENOMEM));
        check(&mut wrong, "gone", Ok(sys.load(at).await), Ok(0));
        let place = sys.scratch();
        let core = |length| call3(&sys, nr::MINCORE, at, length, place);
        check(&mut wrong, "write", advise(at + PAGE, PAGE, 23).await, Ok(0));
        check(&mut wrong, "mincore", core(3 * PAGE).await, Ok(0));
        let bits = sys.peek(place, 3).await;
        check(&mut wrong, "in memory", Ok(u64::from(bits[1]) * 10 + u64::from(bits[2])), Ok(10));
        check(&mut wrong, "mincore too far", core(1 << 20).await, Err(Errno::ENOMEM));
        let _ = call3(&sys, nr::MLOCK, at, PAGE, 0).await;
        check(&mut wrong, "locked", advise(at, PAGE, 4).await, Err(Errno::EINVAL));
        check(
            &mut wrong,
            "lock a hole",
            call3(&sys, nr::MLOCK, at, 1 << 30, 0).await,
            Err(Errno::ENOMEM),
        );
        check(&mut wrong, "no lock", call3(&sys, nr::MLOCKALL, 0, 0, 0).await, Err(Errno::EINVAL));
        check(&mut wrong, "lock all", call3(&sys, nr::MLOCKALL, 3, 0, 0).await, Ok(0));
        check(&mut wrong, "unlock all", call3(&sys, nr::MUNLOCKALL, 0, 0, 0).await, Ok(0));
        check(
            &mut wrong,
            "lock all there is",
            call3(&sys, nr::MLOCK, at, u64::MAX, 0).await,
            Ok(0),
        );
        check(
            &mut wrong,
            "unlock a hole",
            call3(&sys, nr::MUNLOCK, 0x7000_0000, PAGE, 0).await,
            Err(Errno::ENOMEM),
        );
        check(
            &mut wrong,
            "lock how",
            call3(&sys, nr::MLOCK2, at, PAGE, 2).await,
            Err(Errno::EINVAL),
        );
        let none = call3(&sys, nr::MADVISE, 0x7000_0000, PAGE, 22).await;
        check(&mut wrong, "bring a hole", none, Err(Errno::ENOMEM));
        let shared = pages(&sys, 1, SHARED).await;
        check(&mut wrong, "free shared", advise(shared, PAGE, 8).await, Err(Errno::EINVAL));
        check(&mut wrong, "wipe shared", advise(shared, PAGE, 18).await, Err(Errno::EINVAL));
        sys.store(shared, 5).await;
        check(&mut wrong, "remove", advise(shared, PAGE, 9).await, Ok(0));
        check(&mut wrong, "removed", Ok(sys.load(shared).await), Ok(0));
        let sync = |flags| call3(&sys, nr::MSYNC, at, PAGE, flags);
        check(&mut wrong, "sync both ways", sync(5).await, Err(Errno::EINVAL));
        check(&mut wrong, "sync flags", sync(8).await, Err(Errno::EINVAL));
        check(&mut wrong, "sync", sync(4).await, Ok(0));
        wrong
    });
}

#[test]
fn populated_and_locked_pages_are_there_at_once() {
    expect(|sys| async move {
        let mut wrong = String::new();
        let place = sys.scratch();
        for (what, flag) in [("populate", 0x8000), ("locked", 0x2000), ("neither", 0)] {
            let flags = PRIVATE | ANONYMOUS | flag;
            let at = mmap(&sys, [0, 40 * PAGE, RW, flags, NO_FD, 0]).await.expect("memory");
            let _ = call3(&sys, nr::MINCORE, at, 40 * PAGE, place).await;
            let there: u64 = sys.peek(place, 40).await.iter().map(|&byte| u64::from(byte)).sum();
            check(&mut wrong, what, Ok(there), Ok(if flag == 0 { 0 } else { 40 }));
        }
        wrong
    });
}
