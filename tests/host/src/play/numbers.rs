//! The calls that may be played: their numbers on riscv64, which scripts speak, and on this machine.
//!
//! A list of what is allowed and not of what is forbidden: the tasks may well be root's, and what is not known to
//! stay within the namespaces is not run at all.

/// What has to be done around a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Kind {
    /// The words are handed to the kernel as they are.
    Plain = 0,
    /// `struct stat` differs: word 1 is its address.
    Fstat,
    /// As above, word 2.
    Newfstatat,
    /// `struct sigaction` differs, and handlers are this program's own.
    Sigaction,
    /// `struct epoll_event` is packed on x86-64 alone.
    EpollCtl,
    /// As above; word 1 is the address of several.
    EpollWait,
    /// The order of words differs, and a child needs a slot.
    Clone,
    /// A child needs a slot.
    Clone3,
    /// The task ends: announced first.
    Exit,
    /// A handler returns.
    Sigreturn,
    /// No call: a load of the byte at word 0.
    Load,
    /// No call: a store of word 1's low byte to word 0.
    Store,
    /// Answered with success and not run.
    Nothing,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::Plain,
        Self::Fstat,
        Self::Newfstatat,
        Self::Sigaction,
        Self::EpollCtl,
        Self::EpollWait,
        Self::Clone,
        Self::Clone3,
        Self::Exit,
        Self::Sigreturn,
        Self::Load,
        Self::Store,
        Self::Nothing,
    ];

    /// The kind with this number; a plain call if there is none.
    pub(super) fn of(number: u32) -> Self {
        let found = Self::ALL.into_iter().find(|kind| *kind as u32 == number);
        found.unwrap_or(Self::Plain)
    }
}

/// What a call of riscv64 is here, or why it is not run.
pub(super) fn find(number: u64) -> Result<(Kind, i64), &'static str> {
    Ok(match number {
        21 => (Kind::EpollCtl, libc::SYS_epoll_ctl),
        22 => (Kind::EpollWait, libc::SYS_epoll_pwait),
        441 => (Kind::EpollWait, libc::SYS_epoll_pwait2),
        79 => (Kind::Newfstatat, libc::SYS_newfstatat),
        80 => (Kind::Fstat, libc::SYS_fstat),
        // It never fails, and would write back all that this machine has in memory.
        81 => (Kind::Nothing, libc::SYS_sync),
        93 => (Kind::Exit, libc::SYS_exit),
        94 => (Kind::Exit, libc::SYS_exit_group),
        134 => (Kind::Sigaction, libc::SYS_rt_sigaction),
        139 => (Kind::Sigreturn, libc::SYS_rt_sigreturn),
        220 => (Kind::Clone, libc::SYS_clone),
        435 => (Kind::Clone3, libc::SYS_clone3),
        221 | 281 => return Err("the program that runs the calls would be replaced"),
        97 | 268 => return Err("namespaces are what keeps the calls from the rest of the machine"),
        _ => {
            let found = PLAIN.iter().find(|(riscv, _)| *riscv == number);
            let (_, host) =
                found.ok_or("it is not on the list of calls that stay within the namespaces")?;
            (Kind::Plain, *host)
        }
    })
}

/// Calls whose words and structures are the same on both machines.
const PLAIN: &[(u64, i64)] = &[
    // Files and directories.
    (17, libc::SYS_getcwd),
    (56, libc::SYS_openat),
    (437, libc::SYS_openat2),
    (57, libc::SYS_close),
    (436, libc::SYS_close_range),
    (63, libc::SYS_read),
    (64, libc::SYS_write),
    (62, libc::SYS_lseek),
    (65, libc::SYS_readv),
    (66, libc::SYS_writev),
    (67, libc::SYS_pread64),
    (68, libc::SYS_pwrite64),
    (69, libc::SYS_preadv),
    (70, libc::SYS_pwritev),
    (286, libc::SYS_preadv2),
    (287, libc::SYS_pwritev2),
    (23, libc::SYS_dup),
    (24, libc::SYS_dup3),
    (59, libc::SYS_pipe2),
    (82, libc::SYS_fsync),
    (83, libc::SYS_fdatasync),
    (45, libc::SYS_truncate),
    (46, libc::SYS_ftruncate),
    (47, libc::SYS_fallocate),
    (223, libc::SYS_fadvise64),
    (61, libc::SYS_getdents64),
    (49, libc::SYS_chdir),
    (50, libc::SYS_fchdir),
    (51, libc::SYS_chroot),
    (33, libc::SYS_mknodat),
    (34, libc::SYS_mkdirat),
    (35, libc::SYS_unlinkat),
    (36, libc::SYS_symlinkat),
    (37, libc::SYS_linkat),
    (276, libc::SYS_renameat2),
    (78, libc::SYS_readlinkat),
    (291, libc::SYS_statx),
    (43, libc::SYS_statfs),
    (44, libc::SYS_fstatfs),
    (48, libc::SYS_faccessat),
    (439, libc::SYS_faccessat2),
    (52, libc::SYS_fchmod),
    (53, libc::SYS_fchmodat),
    (452, libc::SYS_fchmodat2),
    (55, libc::SYS_fchown),
    (54, libc::SYS_fchownat),
    (88, libc::SYS_utimensat),
    (166, libc::SYS_umask),
    (279, libc::SYS_memfd_create),
    (285, libc::SYS_copy_file_range),
    (71, libc::SYS_sendfile),
    (76, libc::SYS_splice),
    (77, libc::SYS_tee),
    (32, libc::SYS_flock),
    (5, libc::SYS_setxattr),
    (6, libc::SYS_lsetxattr),
    (7, libc::SYS_fsetxattr),
    (8, libc::SYS_getxattr),
    (9, libc::SYS_lgetxattr),
    (10, libc::SYS_fgetxattr),
    (11, libc::SYS_listxattr),
    (12, libc::SYS_llistxattr),
    (13, libc::SYS_flistxattr),
    (14, libc::SYS_removexattr),
    (15, libc::SYS_lremovexattr),
    (16, libc::SYS_fremovexattr),
    // Waiting for descriptors.
    (25, libc::SYS_fcntl),
    (29, libc::SYS_ioctl),
    (73, libc::SYS_ppoll),
    (72, libc::SYS_pselect6),
    (20, libc::SYS_epoll_create1),
    (19, libc::SYS_eventfd2),
    (74, libc::SYS_signalfd4),
    (85, libc::SYS_timerfd_create),
    (86, libc::SYS_timerfd_settime),
    (87, libc::SYS_timerfd_gettime),
    (26, libc::SYS_inotify_init1),
    (27, libc::SYS_inotify_add_watch),
    (28, libc::SYS_inotify_rm_watch),
    // Processes and signals.
    (260, libc::SYS_wait4),
    (95, libc::SYS_waitid),
    (96, libc::SYS_set_tid_address),
    (434, libc::SYS_pidfd_open),
    (424, libc::SYS_pidfd_send_signal),
    (272, libc::SYS_kcmp),
    (167, libc::SYS_prctl),
    (129, libc::SYS_kill),
    (130, libc::SYS_tkill),
    (131, libc::SYS_tgkill),
    (132, libc::SYS_sigaltstack),
    (135, libc::SYS_rt_sigprocmask),
    (136, libc::SYS_rt_sigpending),
    (133, libc::SYS_rt_sigsuspend),
    (137, libc::SYS_rt_sigtimedwait),
    (138, libc::SYS_rt_sigqueueinfo),
    (240, libc::SYS_rt_tgsigqueueinfo),
    // Who a process is.
    (172, libc::SYS_getpid),
    (173, libc::SYS_getppid),
    (178, libc::SYS_gettid),
    (155, libc::SYS_getpgid),
    (154, libc::SYS_setpgid),
    (156, libc::SYS_getsid),
    (157, libc::SYS_setsid),
    (174, libc::SYS_getuid),
    (175, libc::SYS_geteuid),
    (176, libc::SYS_getgid),
    (177, libc::SYS_getegid),
    (148, libc::SYS_getresuid),
    (150, libc::SYS_getresgid),
    (146, libc::SYS_setuid),
    (144, libc::SYS_setgid),
    (145, libc::SYS_setreuid),
    (143, libc::SYS_setregid),
    (147, libc::SYS_setresuid),
    (149, libc::SYS_setresgid),
    (151, libc::SYS_setfsuid),
    (152, libc::SYS_setfsgid),
    (158, libc::SYS_getgroups),
    (159, libc::SYS_setgroups),
    (90, libc::SYS_capget),
    (160, libc::SYS_uname),
    (179, libc::SYS_sysinfo),
    // What it may use.
    (261, libc::SYS_prlimit64),
    (163, libc::SYS_getrlimit),
    (164, libc::SYS_setrlimit),
    (165, libc::SYS_getrusage),
    (141, libc::SYS_getpriority),
    (140, libc::SYS_setpriority),
    (31, libc::SYS_ioprio_get),
    (30, libc::SYS_ioprio_set),
    (119, libc::SYS_sched_setscheduler),
    (120, libc::SYS_sched_getscheduler),
    (118, libc::SYS_sched_setparam),
    (121, libc::SYS_sched_getparam),
    (274, libc::SYS_sched_setattr),
    (275, libc::SYS_sched_getattr),
    (122, libc::SYS_sched_setaffinity),
    (123, libc::SYS_sched_getaffinity),
    (125, libc::SYS_sched_get_priority_max),
    (126, libc::SYS_sched_get_priority_min),
    (127, libc::SYS_sched_rr_get_interval),
    (124, libc::SYS_sched_yield),
    (168, libc::SYS_getcpu),
    (283, libc::SYS_membarrier),
    // Memory.
    (214, libc::SYS_brk),
    (222, libc::SYS_mmap),
    (215, libc::SYS_munmap),
    (216, libc::SYS_mremap),
    (226, libc::SYS_mprotect),
    (227, libc::SYS_msync),
    (233, libc::SYS_madvise),
    (232, libc::SYS_mincore),
    (228, libc::SYS_mlock),
    (284, libc::SYS_mlock2),
    (229, libc::SYS_munlock),
    (230, libc::SYS_mlockall),
    (231, libc::SYS_munlockall),
    (194, libc::SYS_shmget),
    (196, libc::SYS_shmat),
    (197, libc::SYS_shmdt),
    (190, libc::SYS_semget),
    (193, libc::SYS_semop),
    (192, libc::SYS_semtimedop),
    (186, libc::SYS_msgget),
    (189, libc::SYS_msgsnd),
    (188, libc::SYS_msgrcv),
    // Time.
    (101, libc::SYS_nanosleep),
    (115, libc::SYS_clock_nanosleep),
    (113, libc::SYS_clock_gettime),
    (114, libc::SYS_clock_getres),
    (169, libc::SYS_gettimeofday),
    (153, libc::SYS_times),
    (102, libc::SYS_getitimer),
    (103, libc::SYS_setitimer),
    (107, libc::SYS_timer_create),
    (110, libc::SYS_timer_settime),
    (108, libc::SYS_timer_gettime),
    (109, libc::SYS_timer_getoverrun),
    (111, libc::SYS_timer_delete),
    // Locks in memory.
    (98, libc::SYS_futex),
    (449, libc::SYS_futex_waitv),
    (99, libc::SYS_set_robust_list),
    (100, libc::SYS_get_robust_list),
    // Sockets, in a network of their own.
    (198, libc::SYS_socket),
    (199, libc::SYS_socketpair),
    (200, libc::SYS_bind),
    (201, libc::SYS_listen),
    (202, libc::SYS_accept),
    (242, libc::SYS_accept4),
    (203, libc::SYS_connect),
    (204, libc::SYS_getsockname),
    (205, libc::SYS_getpeername),
    (206, libc::SYS_sendto),
    (207, libc::SYS_recvfrom),
    (211, libc::SYS_sendmsg),
    (212, libc::SYS_recvmsg),
    (208, libc::SYS_setsockopt),
    (209, libc::SYS_getsockopt),
    (210, libc::SYS_shutdown),
];
