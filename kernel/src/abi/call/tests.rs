//! The table against itself, against `nr`, and against the headers of Linux where they are
//! installed.

use super::kind::Length;
use super::{Direction, Kind, ResultKind, Server, Status, all, by_name, lookup, nr};
use std::collections::BTreeSet;

#[test]
fn numbers_rise_and_names_are_unique() {
    assert!(nr::ALL.windows(2).all(|pair| pair[0].1 < pair[1].1));
    let names: BTreeSet<&str> = all().map(|call| call.name).collect();
    assert_eq!(names.len(), all().count());
    assert!(all().map(|call| call.number).is_sorted());
}

#[test]
fn the_table_has_every_number_under_its_name() {
    assert_eq!(all().count(), nr::ALL.len());
    for &(name, number) in nr::ALL {
        let call = lookup(number).unwrap_or_else(|| panic!("{name} is not in the table"));
        assert_eq!(call.name.to_uppercase(), name);
        assert_eq!(call.number, number);
        assert_eq!(by_name(call.name), Some(call));
    }
    assert_eq!(lookup(38), None, "renameat is not there on riscv64");
    assert_eq!(lookup(u16::MAX), None);
    assert_eq!(by_name("fork"), None);
}

#[test]
fn some_numbers_that_everybody_knows() {
    for (number, name) in [
        (56, "openat"),
        (63, "read"),
        (64, "write"),
        (93, "exit"),
        (98, "futex"),
        (101, "nanosleep"),
        (172, "getpid"),
        (220, "clone"),
        (221, "execve"),
        (222, "mmap"),
        (260, "wait4"),
    ] {
        assert_eq!(lookup(number).map(|call| call.name), Some(name));
    }
}

#[test]
fn arguments_fit_registers_and_refer_to_each_other() {
    for call in all() {
        assert!(call.arguments.len() <= 6, "{}", call.name);
        let exists = |index: u8| usize::from(index) < call.arguments.len();
        for argument in call.arguments {
            let refers_well = match argument.kind {
                Kind::Buffer { length, .. }
                | Kind::SocketAddress { length, .. }
                | Kind::SocketValue { length, .. }
                | Kind::GroupList { length, .. } => match length {
                    Length::Argument(index) => exists(index),
                    Length::Pointee(index) => {
                        exists(index)
                            && call.arguments[usize::from(index)].kind == Kind::SocketLength
                    }
                    Length::Result => matches!(call.result, ResultKind::Bytes | ResultKind::Count),
                },
                Kind::Iovec { count, .. } => {
                    exists(count)
                        && matches!(
                            call.arguments[usize::from(count)].kind,
                            Kind::UnsignedLong | Kind::Size
                        )
                }
                Kind::CreateMode { flags } => {
                    exists(flags)
                        && matches!(call.arguments[usize::from(flags)].kind, Kind::Flags(_))
                }
                Kind::Device { mode } => {
                    exists(mode) && call.arguments[usize::from(mode)].kind == Kind::FileMode
                }
                _ => true,
            };
            assert!(refers_well, "{} of {}", argument.name, call.name);
        }
    }
}

#[test]
fn what_comes_out_is_decoded_on_success_alone() {
    let read = by_name("read").expect("read");
    assert!(read.arguments[1].kind.decoded_on_success());
    assert_eq!(by_name("write").expect("write").arguments[1].kind.direction(), Direction::In);
    assert!(!Kind::SocketLength.decoded_on_success());
    assert!(Kind::WaitStatus.decoded_on_success());
}

#[test]
fn what_is_there_has_a_server_or_a_reason() {
    for name in ["read", "clone", "futex", "rt_sigreturn", "recvfrom"] {
        assert!(by_name(name).is_some_and(|call| call.is_present()), "{name}");
    }
    assert!(!by_name("ptrace").is_some_and(|call| call.is_present()));
    for call in all() {
        if let Status::Partial(because) = call.status {
            assert!(!because.is_empty() && !because.ends_with('.'), "{}", call.name);
        }
    }
    assert_eq!(by_name("openat").and_then(|call| call.server), Some(Server::File));
    assert_eq!(by_name("sched_yield").and_then(|call| call.server), None);
}
