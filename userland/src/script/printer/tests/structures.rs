//! Structures, commands and results that have names, as strace 6.1 wrote them.

use super::Made;
use oscope_kernel::abi::{Errno, nr};

/// Numbers of a width as they lie in memory.
fn lay<const N: usize>(width: usize, numbers: [u64; N]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()[..width].to_vec()).collect()
}

fn call(words: &[u64]) -> Made {
    let mut all = [0; 6];
    all[..words.len()].copy_from_slice(words);
    Made::new(all)
}

const EINVAL: i64 = -(Errno::EINVAL as i64);

#[test]
fn operations_of_futex_show_what_they_take() {
    let futex =
        |words: &[u64], result| call(&[&[0x4b_b2e0], words].concat()).returns(nr::FUTEX, result);
    for (words, result, text) in [
        (&[99, 1, 2, 3, 0x1f][..], 0, "0x63 /* FUTEX_??? */, 1, 0x2, 0x3, 0x1f) = 0"),
        (&[6 | 128, 0, 0], 0, "FUTEX_LOCK_PI_PRIVATE, NULL) = 0"),
        (&[7 | 128], 0, "FUTEX_UNLOCK_PI_PRIVATE) = 0"),
        (&[2, 1], 0, "FUTEX_FD, 1) = 0"),
        (
            &[4 | 128, 1, 0x7fff_ffff, 0x10, 1],
            0,
            "FUTEX_CMP_REQUEUE_PRIVATE, 1, 2147483647, 0x10, 1) = 0",
        ),
        (&[12 | 128, 1, 1, 0x10, 5], 0, "FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 1, 0x10, 5) = 0"),
    ] {
        assert_eq!(futex(words, result), format!("futex(0x4bb2e0, {text}"));
    }
}

#[test]
fn commands_of_fcntl_decode_their_argument_and_their_result() {
    let lock = lay(8, [0, 0, 10, 77]);
    let owner = lay(4, [1, 524]);
    let fcntl =
        |command, argument, result| call(&[7, command, argument]).returns(nr::FCNTL, result);
    for (line, text) in [
        (fcntl(1, 0, 0), "F_GETFD) = 0"),
        (fcntl(1, 0, 1), "F_GETFD) = 0x1 (flags FD_CLOEXEC)"),
        (fcntl(3, 0, 0), "F_GETFL) = 0 (flags O_RDONLY)"),
        (fcntl(4, 0o6000, 0), "F_SETFL, O_RDONLY|O_APPEND|O_NONBLOCK) = 0"),
        (fcntl(11, 0, 34), "F_GETSIG) = 34 (SIGRT_2)"),
        (fcntl(11, 0, 0), "F_GETSIG) = 0"),
        (fcntl(1025, 0, 2), "F_GETLEASE) = 0x2 (F_UNLCK)"),
        (fcntl(1033, 12, 0), "F_ADD_SEALS, F_SEAL_GROW|F_SEAL_WRITE) = 0"),
        (fcntl(1034, 0, 12), "F_GET_SEALS) = 0xc (seals F_SEAL_GROW|F_SEAL_WRITE)"),
        (fcntl(1026, 0x8000_0001, 0), "F_NOTIFY, DN_ACCESS|DN_MULTISHOT) = 0"),
        (fcntl(4242, 7, EINVAL), "0x1092 /* F_??? */, 0x7) = -1 EINVAL (Invalid argument)"),
        (
            call(&[7, 5, 0x1000]).before(0x1000, &lock).after(0x1000, &lock).returns(nr::FCNTL, 0),
            "F_GETLK, {l_type=F_RDLCK, l_whence=SEEK_SET, l_start=0, l_len=10, l_pid=77}) = 0",
        ),
        (
            call(&[7, 6, 0x1000]).before(0x1000, &lock).returns(nr::FCNTL, 0),
            "F_SETLK, {l_type=F_RDLCK, l_whence=SEEK_SET, l_start=0, l_len=10}) = 0",
        ),
        (
            call(&[7, 15, 0x1000]).before(0x1000, &owner).returns(nr::FCNTL, 0),
            "F_SETOWN_EX, {type=F_OWNER_PID, pid=524}) = 0",
        ),
    ] {
        assert_eq!(line, format!("fcntl(7, {text}"));
    }
}

#[test]
fn requests_of_ioctl_take_numbers_structures_or_nothing() {
    let mut modes = lay(4, [0o2400, 5, 0o277, 0o105_073]);
    modes.extend([0; 20]);
    let terminal = "{c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, \
                    c_cflag=B38400|CS8|CREAD, \
                    c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...}";
    let ioctl = |request, argument| call(&[9, request, argument]);
    for (line, text) in [
        (ioctl(0x5401, 0x1000).after(0x1000, &modes), format!("TCGETS, {terminal}")),
        (
            ioctl(0x5402, 0x1000).before(0x1000, &modes),
            format!("SNDCTL_TMR_START or TCSETS, {terminal}"),
        ),
        (ioctl(0x5421, 0x1000).before(0x1000, &[1, 0, 0, 0]), "FIONBIO, [1]".to_owned()),
        (ioctl(0x8004_5430, 0x1000).after(0x1000, &[5, 0, 0, 0]), "TIOCGPTN, [5]".to_owned()),
        (ioctl(0x540e, 0), "TIOCSCTTY, 0".to_owned()),
        (ioctl(0x5422, 0), "TIOCNOTTY".to_owned()),
        (ioctl(0x5451, 0), "FIOCLEX".to_owned()),
        (ioctl(0x540b, 2), "TCFLSH, TCIOFLUSH".to_owned()),
        (ioctl(0x540a, 1), "TCXONC, TCOON".to_owned()),
        (ioctl(0x1234_5678, 0x55), "_IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0x55".to_owned()),
    ] {
        assert_eq!(line.returns(nr::IOCTL, 0), format!("ioctl(9, {text}) = 0"));
    }
}

#[test]
fn a_structure_of_clone3_shows_what_its_flags_ask_for() {
    let plain = lay(8, [0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0]);
    let line = call(&[0x1000, 88]).before(0x1000, &plain).returns(nr::CLONE3, 529);
    assert_eq!(line, "clone3({flags=0, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 88) = 529");
    let asks = lay(8, [0x130_1000, 0xcdc, 0xd38, 0xd3c, 17, 0, 0, 0, 0, 0, 0]);
    let line = call(&[0x1000, 88])
        .before(0x1000, &asks)
        .after(0xcdc, &[3, 0, 0, 0])
        .after(0xd3c, &530_u32.to_le_bytes());
    assert_eq!(
        line.returns(nr::CLONE3, 530),
        "clone3({flags=CLONE_PIDFD|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID, \
         pidfd=0xcdc, child_tid=0xd38, parent_tid=0xd3c, exit_signal=SIGCHLD, stack=NULL, \
         stack_size=0} => {pidfd=[3], parent_tid=[530]}, 88) = 530"
    );
    assert_eq!(
        call(&[0x1000, 4]).before(0x1000, &[0; 4]).returns(nr::CLONE3, EINVAL),
        "clone3(0x1000, 4) = -1 EINVAL (Invalid argument)"
    );
}

#[test]
fn attributes_of_scheduling_leave_out_what_stays_as_it_is() {
    let mut attributes = lay(4, [48, 0]);
    attributes.extend(lay(8, [1]));
    attributes.extend(lay(4, [3, 0]));
    attributes.extend(lay(8, [0, 0, 0, 0]));
    let show = |attributes: &[u8]| {
        call(&[0, 0x1000, 0]).before(0x1000, attributes).returns(nr::SCHED_SETATTR, 0)
    };
    assert_eq!(
        show(&attributes),
        "sched_setattr(0, {size=48, sched_policy=SCHED_OTHER, \
         sched_flags=SCHED_FLAG_RESET_ON_FORK, sched_nice=3, sched_priority=0, sched_runtime=0, \
         sched_deadline=0, sched_period=0}, 0) = 0"
    );
    attributes[8..10].copy_from_slice(&0x1ff_u16.to_le_bytes());
    assert_eq!(
        show(&attributes),
        "sched_setattr(0, {size=48, sched_flags=SCHED_FLAG_RESET_ON_FORK|SCHED_FLAG_RECLAIM|\
         SCHED_FLAG_DL_OVERRUN|SCHED_FLAG_KEEP_POLICY|SCHED_FLAG_KEEP_PARAMS|\
         SCHED_FLAG_UTIL_CLAMP_MIN|SCHED_FLAG_UTIL_CLAMP_MAX|0x180}, 0) = 0"
    );
    let policy = call(&[0, 0x4000_0003, 0x1000]).before(0x1000, &[0; 4]);
    assert_eq!(
        policy.returns(nr::SCHED_SETSCHEDULER, 0),
        "sched_setscheduler(0, 0x40000003 /* SCHED_??? */, [0]) = 0"
    );
}

#[test]
fn a_siginfo_shows_what_its_code_gives_a_meaning_to() {
    let info = |signal: u32, error: u32, code: i32, rest: [u64; 3]| {
        let mut bytes = lay(4, [signal.into(), error.into(), code as u64, 0]);
        bytes.extend(lay(8, rest));
        bytes.resize(48, 0);
        let line = call(&[1, 10, 0x1000]).before(0x1000, &bytes).returns(nr::RT_SIGQUEUEINFO, 0);
        let start = line.find('{').unwrap_or(0);
        line[start..].trim_end_matches(") = 0").to_owned()
    };
    let who = 1 | 2 << 32;
    for (shown, expected) in [
        (info(10, 0, -1, [who, 0, 0]), "SIGUSR1, si_code=SI_QUEUE, si_pid=1, si_uid=2"),
        (
            info(10, 0, -1, [who, u64::MAX, 0]),
            "SIGUSR1, si_code=SI_QUEUE, si_pid=1, si_uid=2, si_int=-1, si_ptr=0xffffffffffffffff",
        ),
        (info(10, 0, 0, [who, 5, 0]), "SIGUSR1, si_code=SI_USER, si_pid=1, si_uid=2"),
        (
            info(10, 0, -2, [who, 5, 0]),
            "SIGUSR1, si_code=SI_TIMER, si_timerid=0x1, si_overrun=2, si_int=5, si_ptr=0x5",
        ),
        (info(10, 0, -5, [who, 5, 0]), "SIGUSR1, si_code=SI_SIGIO, si_band=8589934593, si_fd=5"),
        (info(10, 0, 0x80, [0, 0, 0]), "SIGUSR1, si_code=SI_KERNEL"),
        (
            info(10, 3, 0x80, [1, 7, 0]),
            "SIGUSR1, si_code=SI_KERNEL, si_errno=ESRCH, si_pid=1, si_uid=0, si_int=7, si_ptr=0x7",
        ),
        (info(11, 0, 0x80, [0, 0, 0]), "SIGSEGV, si_code=SI_KERNEL, si_addr=NULL"),
        (
            info(17, 0, 1, [who, 9, 4]),
            "SIGCHLD, si_code=CLD_EXITED, si_pid=1, si_uid=2, si_status=9, si_utime=4, si_stime=0",
        ),
        (
            info(17, 0, 2, [who, 9, 0]),
            "SIGCHLD, si_code=CLD_KILLED, si_pid=1, si_uid=2, si_status=SIGKILL, si_utime=0, \
             si_stime=0",
        ),
        (info(29, 0, 1, [who, 9, 0]), "SIGIO, si_code=POLL_IN, si_band=8589934593, si_fd=9"),
    ] {
        assert_eq!(shown, format!("{{si_signo={expected}}}"));
    }
}

#[test]
fn small_calls_with_names_of_their_own() {
    let name = b"a very long nam";
    for (line, expected) in [
        (call(&[3]).returns(nr::PRCTL, 1), "prctl(PR_GET_DUMPABLE) = 1 (SUID_DUMP_USER)"),
        (call(&[4, 0]).returns(nr::PRCTL, 0), "prctl(PR_SET_DUMPABLE, SUID_DUMP_DISABLE) = 0"),
        (
            call(&[15, 0x1000]).before(0x1000, name).returns(nr::PRCTL, 0),
            "prctl(PR_SET_NAME, \"a very long nam\"...) = 0",
        ),
        (
            call(&[0x1000, 1]).returns(nr::PIPE2, EINVAL),
            "pipe2(0x1000, 0x1 /* O_??? */) = -1 EINVAL (Invalid argument)",
        ),
        (
            call(&[7, 0x1000, 1]).before(0x1000, &[0; 16]).returns(nr::WRITEV, 0),
            "writev(7, [{iov_base=NULL, iov_len=0}], 1) = 0",
        ),
        (
            call(&[7, 0x1000, 0, 0]).after(0x1000, &[]).returns(nr::PREADV, 0),
            "preadv(7, [], 0, 0) = 0",
        ),
        (call(&[7, 0, 5]).returns(nr::READ, 0), "read(7, NULL, 5) = 0"),
        (
            call(&[1, 2, 3, 4, 5, 6]).returns(0x309, -(Errno::ENOSYS as i64)),
            "syscall_0x309(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)",
        ),
        (
            call(&[4, 0x10, 0, 0, 0x20, 0x1000])
                .before(0x10, &[8, 0, 0, 0, 0, 0, 0, 0])
                .after(0x10, &[8, 0, 0, 0, 0, 0, 0, 0])
                .before(0x20, &lay(8, [3, 10]))
                .after(0x20, &lay(8, [2, 5]))
                .before(0x1000, &lay(8, [0x2000, 8]))
                .before(0x2000, &[0; 8])
                .returns(nr::PSELECT6, 1),
            "pselect6(4, [3], NULL, NULL, {tv_sec=3, tv_nsec=10}, {sigmask=[], sigsetsize=8}) = 1 \
             (in [3], left {tv_sec=2, tv_nsec=5})",
        ),
    ] {
        assert_eq!(line, expected);
    }
}
