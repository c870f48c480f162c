//! The tables against what strace 6.1 prints; the expected texts are its output for the same words.

use super::file::{ACCESS, AT, FLOCK, OPEN, OPEN_BITS, WHENCE, print_mode, print_permissions};
use super::memory::{MAP, MEMFD, PROTECTION};
use super::network::{MESSAGE, POLL, SOCKET};
use super::process::{CLOCK, CLONE, UNSHARE, WAIT};
use super::{
    AccessMode, ConstSet, FlagSet, FutexOp, OpenFlags, number, parse_clone_flags, print_clone_flags,
};
use proptest::prelude::{any, proptest};

#[test]
fn open_flags_begin_with_the_access_mode() {
    assert_eq!(OPEN.print(0o2000000), "O_RDONLY|O_CLOEXEC");
    assert_eq!(OPEN.print(0), "O_RDONLY");
    assert_eq!(OPEN.print(0o101), "O_WRONLY|O_CREAT");
    assert_eq!(OPEN.print(3), "O_ACCMODE");
    assert_eq!(OPEN.print(0x4000_0002), "O_RDWR|0x40000000");
    assert_eq!(
        OPEN.print(0xffff_fffc),
        "O_RDONLY|O_CREAT|O_EXCL|O_NOCTTY|O_TRUNC|O_APPEND|O_NONBLOCK|O_SYNC|O_DIRECT|O_LARGEFILE\
         |O_NOFOLLOW|O_NOATIME|O_CLOEXEC|O_PATH|O_TMPFILE|FASYNC|0xff80003c"
    );
    assert_eq!(OPEN_BITS.print(0o2000001), "O_CLOEXEC|0x1");
    assert_eq!(OPEN_BITS.print(0), "0");
    assert_eq!(AccessMode::of(0o101), AccessMode::Write);
    assert_eq!((OpenFlags::CREAT | OpenFlags::EXCL).to_string(), "O_RDONLY|O_CREAT|O_EXCL");
}

#[test]
fn mappings_print_their_kind_first() {
    assert_eq!(MAP.print(0x22), "MAP_PRIVATE|MAP_ANONYMOUS");
    assert_eq!(MAP.print(0), "MAP_FILE");
    assert_eq!(MAP.print(3), "MAP_SHARED_VALIDATE");
    assert_eq!(MAP.print(0x5404_0022), "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT");
    assert_eq!(MAP.print(0x104_0022), "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|0x1000000");
    assert_eq!(
        MEMFD.print(u64::MAX),
        "MFD_CLOEXEC|MFD_ALLOW_SEALING|MFD_HUGETLB|0x3fffff8|63<<MFD_HUGE_SHIFT"
    );
    assert_eq!(PROTECTION.print(3), "PROT_READ|PROT_WRITE");
    assert_eq!(PROTECTION.print(0), "PROT_NONE");
    assert_eq!(PROTECTION.print(0x80), "0x80 /* PROT_??? */");
}

#[test]
fn sockets_and_messages() {
    assert_eq!(SOCKET.print(0o2000001), "SOCK_STREAM|SOCK_CLOEXEC");
    assert_eq!(SOCKET.print(77), "0x4d /* SOCK_??? */");
    assert_eq!(MESSAGE.print(0x4041), "MSG_OOB|MSG_DONTWAIT|MSG_NOSIGNAL");
    assert_eq!(MESSAGE.print(0), "0");
    assert_eq!(POLL.print(0x4005), "POLLIN|POLLOUT|0x4000");
}

#[test]
fn clone_ends_with_the_signal() {
    assert_eq!(print_clone_flags(0x120_0011), "CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD");
    assert_eq!(print_clone_flags(0x211), "CLONE_FS|SIGCHLD");
    assert_eq!(print_clone_flags(0), "0");
    assert_eq!(print_clone_flags(17), "SIGCHLD");
    assert!(print_clone_flags(u64::MAX).ends_with("CLONE_NEWNET|CLONE_IO|0xffffffff00400000|255"));
    assert_eq!(parse_clone_flags("CLONE_FS|SIGCHLD"), Some(0x211));
    assert_eq!(UNSHARE.print(0x11), "0x11 /* CLONE_??? */");
}

#[test]
fn waiting_and_looking() {
    assert_eq!(WAIT.print(0x4000_0001), "WNOHANG|__WALL");
    assert_eq!(WAIT.print(0x10), "0x10 /* W??? */");
    assert_eq!(WAIT.print(2), "WSTOPPED");
    assert_eq!(ACCESS.print(0), "F_OK");
    assert_eq!(ACCESS.print(5), "R_OK|X_OK");
    assert_eq!(ACCESS.print(64), "0x40 /* ?_OK */");
    assert_eq!(AT.print(0x901), "AT_SYMLINK_NOFOLLOW|AT_NO_AUTOMOUNT|0x1");
    // Linux takes 32 bits for an int, whatever the register holds.
    assert_eq!(
        FLOCK.print(u64::MAX),
        "LOCK_SH|LOCK_EX|LOCK_NB|LOCK_UN|LOCK_MAND|LOCK_RW|0xffffff10"
    );
}

#[test]
fn numbers_with_names() {
    assert_eq!(WHENCE.print(1), "SEEK_CUR");
    assert_eq!(WHENCE.print(9), "0x9 /* SEEK_??? */");
    assert_eq!(CLOCK.print((-6i32).cast_unsigned()), "0xfffffffa /* CLOCK_??? */");
    assert_eq!(WHENCE.parse("0x9 /* SEEK_??? */"), Some(9));
    assert_eq!(WHENCE.parse("SEEK_END"), Some(2));
    assert_eq!(WHENCE.parse("-1"), Some(u32::MAX));
    assert_eq!(WHENCE.parse("SEEK_SIDEWAYS"), None);
}

#[test]
fn futex_operations() {
    assert_eq!(FutexOp(128).to_string(), "FUTEX_WAIT_PRIVATE");
    assert_eq!(
        FutexOp(9 | 128 | 256).to_string(),
        "FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME"
    );
    assert_eq!(FutexOp(0x55).to_string(), "0x55 /* FUTEX_??? */");
    assert_eq!(FutexOp(0x401).to_string(), "0x401 /* FUTEX_??? */");
    assert_eq!(FutexOp(1).arguments(), [2]);
    assert_eq!(FutexOp(0x189).arguments(), [2, 3, 5]);
}

#[test]
fn modes() {
    assert_eq!(print_mode(0o100644), "S_IFREG|0644");
    assert_eq!(print_mode(0o060600), "S_IFBLK|0600");
    assert_eq!(print_mode(0o7777), "S_ISUID|S_ISGID|S_ISVTX|0777");
    assert_eq!(print_permissions(0), "000");
    assert_eq!(print_permissions(1), "001");
    assert_eq!(print_permissions(0o22), "022");
    assert_eq!(print_permissions(0o644), "0644");
    assert_eq!(print_permissions(0o7755), "07755");
}

#[test]
fn numbers_are_read_as_c_reads_them() {
    assert_eq!(number("0x1f"), Some(31));
    assert_eq!(number("0755"), Some(0o755));
    assert_eq!(number("0"), Some(0));
    for bad in ["", "0x", "+1", "-1", "0x+1", "089", "1e3"] {
        assert_eq!(number(bad), None, "{bad}");
    }
}

/// Every table with a name, for the properties below.
const SETS: [&FlagSet; 8] = [&OPEN, &MAP, &MEMFD, &PROTECTION, &SOCKET, &MESSAGE, &WAIT, &CLONE];
const CONSTANTS: [&ConstSet; 2] = [&WHENCE, &CLOCK];

proptest! {
    #[test]
    fn printing_flags_can_be_undone(word in any::<u64>(), small in 0..0x1000u64) {
        for set in SETS {
            for value in [word & set.width, small] {
                assert_eq!(set.parse(&set.print(value)), Some(value), "{}", set.print(value));
            }
        }
        assert_eq!(parse_clone_flags(&print_clone_flags(word)), Some(word));
    }

    #[test]
    fn printing_numbers_can_be_undone(word in any::<u32>()) {
        for set in CONSTANTS {
            assert_eq!(set.parse(&set.print(word)), Some(word));
        }
        assert_eq!(FutexOp::parse(&FutexOp(word).to_string()), Some(FutexOp(word)));
        assert_eq!(FutexOp::parse(&FutexOp(word & 0x18f).to_string()), Some(FutexOp(word & 0x18f)));
    }

    #[test]
    fn reading_never_fails_badly(text in ".{0,40}") {
        for set in SETS {
            let _ = set.parse(&text);
        }
        let _ = (WHENCE.parse(&text), FutexOp::parse(&text), parse_clone_flags(&text));
    }
}
