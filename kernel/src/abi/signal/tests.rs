//! Signals against what strace 6.1 prints and what the headers say.

use super::{
    ACTION_FLAGS, ActionFlags, DefaultAction, SIG_IGN, SigAction, Signal, SignalSet, code,
};
use proptest::prelude::{any, proptest};

#[test]
fn names_are_those_of_strace() {
    assert_eq!(Signal::HUP.to_string(), "SIGHUP");
    assert_eq!(Signal::SYS.to_string(), "SIGSYS");
    assert_eq!(Signal::RTMIN.to_string(), "SIGRTMIN");
    assert_eq!(Signal::MAX.to_string(), "SIGRT_32");
}

#[test]
fn every_signal_is_found_by_name_and_number() {
    for signal in SignalSet::FULL.iter() {
        assert_eq!(Signal::from_name(&signal.to_string()), Some(signal));
        assert_eq!(Signal::from_name(&signal.short_name()), Some(signal));
        assert_eq!(Signal::from_number(u64::from(signal.number())), Some(signal));
    }
    assert_eq!(Signal::from_number(0), None);
    assert_eq!(Signal::from_number(65), None);
    assert_eq!(Signal::from_number(u64::MAX), None);
    assert_eq!(Signal::from_name("SIGRT_33"), None);
    assert_eq!(Signal::from_name(""), None);
}

#[test]
fn default_actions_follow_signal_7() {
    assert_eq!(Signal::SEGV.default_action(), DefaultAction::Core);
    assert_eq!(Signal::CHLD.default_action(), DefaultAction::Ignore);
    assert_eq!(Signal::TSTP.default_action(), DefaultAction::Stop);
    assert_eq!(Signal::CONT.default_action(), DefaultAction::Continue);
    assert_eq!(Signal::MAX.default_action(), DefaultAction::Terminate);
    assert_eq!(SignalSet::FULL.iter().filter(|s| !s.is_catchable()).count(), 2);
}

#[test]
fn sets_print_as_strace_prints_them() {
    let set: SignalSet = [Signal::CHLD, Signal::INT].into_iter().collect();
    assert_eq!(set.to_string(), "[INT CHLD]");
    assert_eq!(SignalSet::EMPTY.to_string(), "[]");
    assert_eq!(SignalSet::FULL.to_string(), "~[]");
    assert_eq!(SignalSet(0x1_8000_0000).to_string(), "[RTMIN RT_1]");
    assert_eq!(SignalSet(!0x1_8000_0000).to_string(), "~[RTMIN RT_1]");
    assert!(SignalSet((1 << 41) - 1).to_string().starts_with("[HUP"));
    assert!(SignalSet((1 << 42) - 1).to_string().starts_with("~[RT_11 "));
}

#[test]
fn first_is_the_lowest() {
    assert_eq!(SignalSet::EMPTY.first(), None);
    assert_eq!(SignalSet(1 << 63).first(), Some(Signal::MAX));
    assert_eq!(SignalSet::FULL.first(), Some(Signal::HUP));
    assert_eq!(SignalSet::UNBLOCKABLE.to_string(), "[KILL STOP]");
}

#[test]
fn actions_have_the_layout_of_riscv64() {
    let action = SigAction {
        handler: 0x1_0002_0003,
        flags: ActionFlags::RESTART.bits() | 1,
        mask: SignalSet::of(Signal::INT),
    };
    let bytes = action.to_bytes();
    assert_eq!(bytes.len(), 24);
    assert_eq!(bytes[0..8], [3, 0, 2, 0, 1, 0, 0, 0]);
    assert_eq!(bytes[8..16], [1, 0, 0, 0x10, 0, 0, 0, 0]);
    assert_eq!(bytes[16..24], [2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(SigAction::from_bytes(&bytes), action);
    assert_eq!(
        ACTION_FLAGS.print(0xfbff_ffff),
        "SA_ONSTACK|SA_RESTART|SA_INTERRUPT|SA_NODEFER|SA_RESETHAND|SA_SIGINFO|SA_NOCLDSTOP\
         |SA_NOCLDWAIT|0x3fffff8"
    );
    let ignore = SigAction { handler: SIG_IGN, ..SigAction::default() };
    assert_eq!(ignore.to_string(), "{sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}");
    assert_eq!(
        action.to_string(),
        "{sa_handler=0x100020003, sa_mask=[INT], sa_flags=SA_RESTART|SA_NOCLDSTOP}"
    );
}

#[test]
fn codes_have_names() {
    assert_eq!(code::name(Signal::CHLD, code::CLD_EXITED), Some("CLD_EXITED"));
    assert_eq!(code::name(Signal::SEGV, 1), Some("SEGV_MAPERR"));
    assert_eq!(code::name(Signal::USR1, code::SI_TKILL), Some("SI_TKILL"));
    assert_eq!(code::name(Signal::USR1, 1), None);
}

proptest! {
    #[test]
    fn printing_a_set_can_be_undone(bits in any::<u64>()) {
        let set = SignalSet(bits);
        assert_eq!(SignalSet::parse(&set.to_string()), Some(set));
        assert_eq!(set.iter().collect::<SignalSet>(), set);
    }

    #[test]
    fn reading_a_set_never_fails_badly(text in ".{0,40}") {
        let _ = SignalSet::parse(&text);
        let _ = Signal::from_name(&text);
    }
}
