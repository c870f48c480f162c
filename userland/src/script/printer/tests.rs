//! Calls in strace's words, held against lines of real logs.

mod structures;

use super::call::{End, text};
use super::style::Style;
use oscope_kernel::abi::{Errno, Restart, nr};
use oscope_kernel::event::Picture;
use oscope_kernel::event::picture::{Moment, add, words};

/// A call with these words and this memory.
struct Made(Vec<u8>);

impl Made {
    fn new(arguments: [u64; 6]) -> Self {
        Self(words(&arguments).to_vec())
    }
    fn with(mut self, moment: Moment, address: u64, bytes: &[u8]) -> Self {
        add(&mut self.0, moment, address, |into| {
            into.extend_from_slice(bytes);
            true
        });
        self
    }
    fn before(self, address: u64, bytes: &[u8]) -> Self {
        self.with(Moment::Before, address, bytes)
    }
    fn after(self, address: u64, bytes: &[u8]) -> Self {
        self.with(Moment::After, address, bytes)
    }
    fn returns(&self, number: u16, result: i64) -> String {
        text(number, Picture::new(&self.0), End::Returned(result), (&Style::default(), None)).line()
    }
}

const AT_FDCWD: u64 = -100_i64 as u64;

#[test]
fn strings_are_cut_and_paths_are_not() {
    let path = [b'x'; 40];
    let call = Made::new([AT_FDCWD, 0x1000, 0o102, 0o644, 0, 0])
        .before(0x1000, &[&path[..], b"\0"].concat());
    let expected = format!("openat(AT_FDCWD, \"{}\", O_RDWR|O_CREAT, 0644) = 3", "x".repeat(40));
    assert_eq!(call.returns(nr::OPENAT, 3), expected);
    let call = Made::new([1, 0x1000, 40, 0, 0, 0]).before(0x1000, &path);
    let expected = format!("write(1, \"{}\"..., 40) = 40", "x".repeat(32));
    assert_eq!(call.returns(nr::WRITE, 40), expected);
}

#[test]
fn what_came_out_is_shown_if_the_call_did_not_fail() {
    let call = Made::new([3, 0x1000, 64, 0, 0, 0]).after(0x1000, b"hello from child\n");
    assert_eq!(call.returns(nr::READ, 17), "read(3, \"hello from child\\n\", 64) = 17");
    let call = Made::new([77, 0x7ffe_6ba0_eb90, 1, 0, 0, 0]);
    let failed = call.returns(nr::READ, Errno::EBADF.to_result());
    assert_eq!(failed, "read(77, 0x7ffe6ba0eb90, 1) = -1 EBADF (Bad file descriptor)");
    let pipe = Made::new([0x1000, 0, 0, 0, 0, 0]).after(0x1000, &[3, 0, 0, 0, 4, 0, 0, 0]);
    assert_eq!(pipe.returns(nr::PIPE2, 0), "pipe2([3, 4], 0) = 0");
    let call = Made::new([3, 0, 64, 0, 0, 0]);
    assert_eq!(call.returns(nr::READ, 0), "read(3, NULL, 64) = 0");
}

#[test]
fn wait_tells_a_status_only_of_somebody() {
    let found = Made::new([29900, 0x1000, 0, 0, 0, 0]).after(0x1000, &[0, 4, 0, 0]);
    let expected = "wait4(29900, [{WIFEXITED(s) && WEXITSTATUS(s) == 4}], 0, NULL) = 29900";
    assert_eq!(found.returns(nr::WAIT4, 29900), expected);
    let nobody = Made::new([u64::MAX, 0x1000, 1, 0, 0, 0]);
    assert_eq!(nobody.returns(nr::WAIT4, 0), "wait4(-1, 0x1000, WNOHANG, NULL) = 0");
}

#[test]
fn what_is_known_late_stands_after_the_wait() {
    let begun = |number, made: &Made| {
        let call = text(number, Picture::new(&made.0), End::None, (&Style::default(), None));
        (call.before, call.after, call.is_open)
    };
    let made = Made::new([3, 0x1000, 64, 0, 0, 0]);
    assert_eq!(begun(nr::READ, &made), ("3, ".to_owned(), "0x1000, 64".to_owned(), true));
    let sleep = Made::new([0, 0, 0x1000, 0, 0, 0])
        .before(0x1000, &[[0_u64.to_le_bytes(), 10_000_u64.to_le_bytes()].concat()].concat());
    let (before, after, _) = begun(nr::CLOCK_NANOSLEEP, &sleep);
    assert_eq!(before, "CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=10000}, ");
    assert_eq!(after, "NULL");
    let write = Made::new([1, 0, 0, 0, 0, 0]);
    assert_eq!(begun(nr::WRITE, &write), ("1, NULL, 0".to_owned(), String::new(), false));
}

#[test]
fn clone_prints_its_stack_first_and_only_the_words_that_it_uses() {
    // CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD
    let fork = Made::new([0x120_0011, 0, 0, 0, 0x7fdb_5250_ea10, 0]);
    assert_eq!(
        fork.returns(nr::CLONE, 29897),
        "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, \
         child_tidptr=0x7fdb5250ea10) = 29897"
    );
    let call = text(nr::CLONE, Picture::new(&fork.0), End::None, (&Style::default(), None));
    assert!(call.before.ends_with("SIGCHLD"), "{}", call.before);
}

#[test]
fn futexes_show_the_words_of_their_operation() {
    let wait = Made::new([0x4b_d340, 128, 2, 0, 7, 7]);
    assert_eq!(wait.returns(nr::FUTEX, 0), "futex(0x4bd340, FUTEX_WAIT_PRIVATE, 2, NULL) = 0");
    let wake = Made::new([0x4b_d340, 129, 1, 9, 7, 7]);
    assert_eq!(wake.returns(nr::FUTEX, 1), "futex(0x4bd340, FUTEX_WAKE_PRIVATE, 1) = 1");
    let join = Made::new([0x7fdb_5250_d990, 9 | 256, 29901, 0, 0, 0xffff_ffff]);
    assert_eq!(
        join.returns(nr::FUTEX, 0),
        "futex(0x7fdb5250d990, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 29901, NULL, \
         FUTEX_BITSET_MATCH_ANY) = 0"
    );
}

#[test]
fn a_program_is_started_with_its_words() {
    let list: Vec<u8> = [0x2000_u64, 0x2008, 0].iter().flat_map(|w| w.to_le_bytes()).collect();
    let call = Made::new([0x1000, 0x3000, 0x4000, 0, 0, 0])
        .before(0x1000, b"/bin/echo\0")
        .before(0x3000, &list)
        .before(0x2000, b"echo\0")
        .before(0x2008, b"hello\0")
        .before(0x4000, &[0; 8]);
    let expected = "execve(\"/bin/echo\", [\"echo\", \"hello\"], 0x4000 /* 0 vars */) = 0";
    assert_eq!(call.returns(nr::EXECVE, 0), expected);
}

#[test]
fn an_interrupted_wait_shows_what_the_kernel_meant() {
    let made = Made::new([u64::MAX, 0x1000, 0, 0, 0, 0]);
    let shown =
        |number, end| text(number, Picture::new(&made.0), end, (&Style::default(), None)).result;
    assert_eq!(
        shown(nr::WAIT4, End::Interrupted(Restart::ERESTARTSYS)),
        "? ERESTARTSYS (To be restarted if SA_RESTART is set)"
    );
    let eintr = Errno::EINTR.to_result();
    assert_eq!(
        shown(nr::NANOSLEEP, End::Ended(Restart::ERESTARTNOHAND, eintr)),
        "? ERESTART_RESTARTBLOCK (Interrupted by signal)"
    );
    assert_eq!(
        shown(nr::EPOLL_PWAIT, End::Ended(Restart::ERESTARTNOHAND, eintr)),
        "-1 EINTR (Interrupted system call)"
    );
}

proptest::proptest! {
    /// Whatever stands beside a record, there is a text for it.
    #[test]
    fn any_bytes_are_printed(
        number in 0_u16..500,
        arguments in proptest::array::uniform6(proptest::prelude::any::<u64>()),
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
        result in -4200_i64..5000,
    ) {
        let small = arguments.map(|word| word % 0x2000);
        for words in [arguments, small] {
            let mut made = Made::new(words);
            for word in words {
                made = made.before(word & !(1 << 63), &bytes).after(word & !(1 << 63), &bytes);
            }
            let line = made.returns(number, result);
            proptest::prop_assert!(!line.contains('\n'));
            let short = made.0.len() / 2;
            text(number, Picture::new(&made.0[..short]), End::None, (&Style::default(), None));
        }
    }
}
