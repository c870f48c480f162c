//! Layouts by offset, limits, and texts as strace 6.1 prints them.

use super::{
    Dirent, EpollEvent, Iovec, Itimerspec, Itimerval, PollFd, RLIM_INFINITY, Rlimit, Rusage,
    SockAddr, SockAddrIn, SockAddrLl, SockAddrUn, Stat, Timespec, Timeval, Utsname, WaitStatus,
    major, makedev, minor, print_socket_address,
};
use crate::abi::errno::Errno;
use crate::abi::signal::Signal;
use crate::base::{Duration, Time};
use core::net::Ipv4Addr;
use proptest::prelude::{any, prop, proptest};

#[test]
fn sizes_are_those_of_riscv64() {
    assert_eq!(
        (Timespec::SIZE, Timeval::SIZE, Itimerspec::SIZE, Itimerval::SIZE),
        (16, 16, 32, 32)
    );
    assert_eq!((Stat::SIZE, Rusage::SIZE, Rlimit::SIZE, Iovec::SIZE), (128, 144, 16, 16));
    assert_eq!((SockAddrIn::SIZE, SockAddrLl::SIZE, SockAddrUn::SIZE), (16, 20, 110));
    assert_eq!((Utsname::SIZE, PollFd::SIZE, EpollEvent::SIZE), (390, 8, 16));
}

#[test]
fn every_field_of_stat_has_its_place() {
    let at = |seconds| Timespec { seconds, nanoseconds: seconds + 1 };
    let stat = Stat {
        device: 1,
        inode: 2,
        mode: 0o100644,
        links: 4,
        uid: 5,
        gid: 6,
        special: 7,
        size: 54,
        block_size: 4096,
        blocks: 8,
        accessed: at(72),
        modified: at(88),
        changed: at(104),
    };
    let bytes = stat.to_bytes();
    let word = |offset: usize| bytes[offset];
    assert_eq!([word(0), word(8), word(20), word(24), word(28), word(32)], [1, 2, 4, 5, 6, 7]);
    assert_eq!(bytes[16..20], [0xa4, 0x81, 0, 0]);
    assert_eq!((word(48), bytes[56..60].to_vec(), word(64)), (54, vec![0, 16, 0, 0], 8));
    assert_eq!(
        [word(72), word(80), word(88), word(96), word(104), word(112)],
        [72, 73, 88, 89, 104, 105]
    );
    assert_eq!(bytes[120..], [0; 8]);
    assert_eq!(Stat::from_bytes(&bytes), stat);
    assert_eq!(stat.to_string(), "{st_mode=S_IFREG|0644, st_size=54, ...}");
    let null = Stat { mode: 0o020666, special: makedev(1, 3), ..Stat::default() };
    assert_eq!(null.to_string(), "{st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}");
}

#[test]
fn every_field_of_rusage_has_its_place() {
    let usage = Rusage {
        user_time: Timeval { seconds: 1, microseconds: 2 },
        system_time: Timeval { seconds: 3, microseconds: 4 },
        max_resident: 5,
        minor_faults: 6,
        major_faults: 7,
        blocks_in: 8,
        blocks_out: 9,
        voluntary_switches: 10,
        involuntary_switches: 11,
    };
    let bytes = usage.to_bytes();
    let places = [
        (0, 1),
        (8, 2),
        (16, 3),
        (24, 4),
        (32, 5),
        (64, 6),
        (72, 7),
        (88, 8),
        (96, 9),
        (128, 10),
        (136, 11),
    ];
    for (offset, value) in places {
        assert_eq!(bytes[offset], value, "at {offset}");
    }
    assert_eq!(Rusage::from_bytes(&bytes), usage);
    assert_eq!(
        usage.to_string(),
        "{ru_utime={tv_sec=1, tv_usec=2}, ru_stime={tv_sec=3, tv_usec=4}, ...}"
    );
}

#[test]
fn times_that_linux_refuses_are_refused() {
    let time = |seconds, nanoseconds| Timespec { seconds, nanoseconds };
    assert_eq!(time(0, 1_000_000_000).to_duration(), None);
    assert_eq!(time(0, -1).to_duration(), None);
    assert_eq!(time(-1, 0).to_duration(), None);
    assert_eq!(time(i64::MIN, i64::MIN).to_time(), None);
    assert_eq!(time(2, 999_999_999).to_duration(), Some(Duration(2_999_999_999)));
    assert_eq!(time(i64::MAX, 0).to_duration(), Some(Duration::MAX));
    assert_eq!(time(1, 5).to_time(), Some(Time(1_000_000_005)));
    assert_eq!(Timeval { seconds: 0, microseconds: 1_000_000 }.to_duration(), None);
    assert_eq!(
        Timeval::from(Duration(1_500_000_999)),
        Timeval { seconds: 1, microseconds: 500_000 }
    );
    assert_eq!(Timespec::from(Time::MAX).to_time(), Some(Time::MAX));
    assert_eq!(time(1, 5).to_string(), "{tv_sec=1, tv_nsec=5}");
}

#[test]
fn limits_print_as_strace_prints_them() {
    let limit = Rlimit { soft: 8192 * 1024, hard: RLIM_INFINITY };
    assert_eq!(limit.to_string(), "{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}");
    assert_eq!(Rlimit { soft: 1024, hard: 0 }.to_string(), "{rlim_cur=1024, rlim_max=0}");
    assert!(limit.is_valid());
    assert!(!Rlimit { soft: 1, hard: 0 }.is_valid());
    assert_eq!(Rlimit::from_bytes(&limit.to_bytes()), limit);
}

#[test]
fn device_numbers_come_apart_again() {
    assert_eq!(makedev(8, 1), 0x801);
    for (high, low) in [(0, 0), (8, 1), (259, 65_537), (u32::MAX, u32::MAX)] {
        let device = makedev(high, low);
        assert_eq!((major(device), minor(device)), (high, low));
    }
}

#[test]
fn addresses_have_their_layout() {
    let web = SockAddrIn { port: 80, address: Ipv4Addr::new(10, 0, 0, 1) };
    assert_eq!(web.to_bytes(), [2, 0, 0, 80, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(SockAddr::from_bytes(&web.to_bytes()), Ok(SockAddr::In(web)));
    assert_eq!(
        SockAddr::In(web).to_string(),
        "{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"10.0.0.1\")}"
    );
    let link = SockAddrLl {
        protocol: 0x806,
        interface: 2,
        hardware: 1,
        packet_type: 1,
        length: 6,
        address: [2, 0, 0, 0, 0, 1, 0, 0],
    };
    assert_eq!(link.to_bytes()[..12], [17, 0, 8, 6, 2, 0, 0, 0, 1, 0, 1, 6]);
    assert_eq!(SockAddr::from_bytes(&link.to_bytes()), Ok(SockAddr::Ll(link)));
    assert_eq!(
        SockAddr::Ll(link).to_string(),
        "{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ARP), sll_ifindex=2, \
         sll_hatype=ARPHRD_ETHER, sll_pkttype=PACKET_BROADCAST, sll_halen=6, \
         sll_addr=[0x2, 00, 00, 00, 00, 0x1]}"
    );
    for name in [
        SockAddrUn::Unnamed,
        SockAddrUn::Path(b"/run/log".to_vec()),
        SockAddrUn::Abstract(b"x".to_vec()),
    ] {
        assert_eq!(SockAddr::from_bytes(&name.to_bytes()), Ok(SockAddr::Un(name)));
    }
    assert_eq!(SockAddr::from_bytes(&[2]), Err(Errno::EINVAL));
    assert_eq!(SockAddr::from_bytes(&[2, 0, 0, 80]), Err(Errno::EINVAL));
    assert_eq!(SockAddr::from_bytes(&[99, 0, 0, 80]), Err(Errno::EAFNOSUPPORT));
    assert_eq!(print_socket_address(&[]), "NULL");
    assert_eq!(print_socket_address(b"\x63\0ab"), "{sa_family=0x63 /* AF_??? */, sa_data=\"ab\"}");
    assert_eq!(print_socket_address(b"\x01\0\0ab\x02"), "{sa_family=AF_UNIX, sun_path=@\"ab\\2\"}");
}

#[test]
fn system_names_are_cut_and_padded() {
    let name = Utsname { system: "Linux".into(), node: "x".repeat(100), ..Utsname::default() };
    let read = Utsname::from_bytes(&name.to_bytes());
    assert_eq!((read.system.as_str(), read.node.len()), ("Linux", 64));
    assert_eq!(name.to_bytes()[..6], *b"Linux\0");
}

#[test]
fn directory_entries_follow_each_other() {
    let entry = Dirent { inode: 7, next: 1, kind: 8, name: b"notes.txt".to_vec() };
    let mut buffer = Vec::new();
    assert!(entry.append_to(&mut buffer));
    assert!(entry.append_to(&mut buffer));
    assert_eq!(buffer.len(), 2 * 32);
    assert_eq!(buffer[16..19], [32, 0, 8]);
    let (first, rest) = Dirent::take_from(&buffer).expect("one entry");
    assert_eq!(first, entry);
    assert_eq!(Dirent::take_from(rest), Some((entry.clone(), &[][..])));
    let long = Dirent { name: vec![b'x'; 70_000], ..entry };
    assert!(!long.append_to(&mut buffer));
    assert_eq!(buffer.len(), 64);
}

#[test]
fn wait_statuses_print_as_strace_prints_them() {
    let exited = WaitStatus::Exited(3);
    assert_eq!(exited.to_word(), 0x300);
    assert_eq!(WaitStatus::print(0x300), "[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]");
    assert_eq!(
        WaitStatus::print(0x8b),
        "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]"
    );
    assert_eq!(WaitStatus::print(0x137f), "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}]");
    assert_eq!(WaitStatus::print(0xffff), "[{WIFCONTINUED(s)}]");
    assert_eq!(WaitStatus::print(0x7f), "[0x7f]");
    let killed = WaitStatus::Signaled { signal: Signal::KILL, core: false };
    assert_eq!(killed.to_word(), 9);
}

proptest! {
    #[test]
    fn wait_statuses_survive_both_ways(word in any::<u32>(), small in 0..0x1_0000u32) {
        for word in [word, small] {
            if let Some(status) = WaitStatus::from_word(word) {
                assert_eq!(status.to_word(), word);
                assert_eq!(WaitStatus::parse(&WaitStatus::print(word)), Some(status));
            }
        }
    }

    #[test]
    fn no_bytes_make_reading_fail_badly(bytes in prop::collection::vec(any::<u8>(), 0..150)) {
        if let Ok(address) = SockAddr::from_bytes(&bytes) {
            let _ = address.to_string();
        }
        let _ = (print_socket_address(&bytes), Dirent::take_from(&bytes));
    }

    #[test]
    fn durations_survive_both_ways(nanos in any::<u64>()) {
        let length = Duration(nanos);
        assert_eq!(Timespec::from(length).to_duration(), Some(length));
    }
}
