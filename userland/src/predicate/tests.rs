//! Conditions, read and asked.

use super::facts::Who;
use super::{Predicate, facts, time};
use oscope_kernel::base::{CpuId, Serial, Time};
use oscope_kernel::event::{Event, Leave, Record, SchedEvent, Stamp};

fn switch() -> Record {
    let event = SchedEvent::Switch { from: Serial(1), to: Serial(2), why: Leave::Slice };
    let stamp = Stamp { time: Time(5_000_000), cpu: CpuId(1), ..Stamp::default() };
    Record { stamp, event: Event::Sched(event) }
}

fn who(serial: Serial) -> Option<Who<'static>> {
    match serial.0 {
        1 => Some(Who { name: "hog", tid: 4, pid: 4 }),
        2 => Some(Who { name: "blink", tid: 7, pid: 6 }),
        _ => None,
    }
}

fn holds(text: &str) -> bool {
    let record = switch();
    let predicate = Predicate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    predicate.holds(&facts("box", 9, &record, who))
}

#[test]
fn words_side_by_side_must_all_hold() {
    assert!(holds(""));
    assert!(holds("task=hog cpu=1 kind=sched.switch time>=5ms"));
    assert!(!holds("task=hog cpu=0"));
    assert!(holds("task=blink and tid=7 and pid!=8"));
    assert!(holds("kind=sched why=slice machine=box event=9"));
    assert!(!holds("time<5ms") && holds("time<5.000001ms") && holds("time<=5000us"));
}

#[test]
fn or_not_and_parentheses() {
    assert!(holds("cpu=0 or cpu=1"));
    assert!(holds("not cpu=0") && holds("!cpu=0") && !holds("not (cpu=0 or task=hog)"));
    assert!(holds("cpu=0 task=nobody or kind=sched"), "and binds closer than or");
    assert!(!holds("cpu=0 (task=hog or kind=sched)"));
    assert!(holds("task~bli") && holds("switch") && holds("\"hog\"") && !holds("socket"));
}

#[test]
fn what_an_event_does_not_have_is_unequal() {
    assert!(!holds("call=openat") && holds("call!=openat"));
    assert!(!holds("errno=ENOENT") && !holds("result<0") && !holds("took>=0"));
}

#[test]
fn errors_say_where_and_what_was_expected() {
    let error = |text: &str| match Predicate::parse(text) {
        Ok(read) => panic!("{text}: {read:?}"),
        Err(error) => (error.column, error.message),
    };
    let (column, message) = error("cpu=1 tsk=hog");
    assert_eq!(column, 7);
    assert!(message.starts_with("`tsk` is no field; expected one of task, tid"), "{message}");
    assert_eq!(error("cpu=x"), (5, "`x` is not a CPU's number".to_owned()));
    assert_eq!(error("time>=5mx").0, 7);
    assert_eq!(error("call=opnat").0, 6);
    assert_eq!(error("errno=ENOPE").0, 7);
    assert!(error("kind=shed").1.contains("sched.switch"));
    assert_eq!(error("(cpu=1"), (7, "a parenthesis is open; expected `)`".to_owned()));
    assert_eq!(error("cpu=1)").0, 6);
    assert_eq!(error("cpu=").0, 5);
    assert_eq!(error("or cpu=1").0, 1);
    assert_eq!(error("cpu=1 and").0, 10);
    assert_eq!(error("\"x").0, 1);
    assert_eq!(error("task>hog").0, 6);
    assert_eq!(error("cpu~1").0, 5);
    assert_eq!(error("한글=1").0, 1);
    assert!(error(&"(".repeat(10_000)).1.contains("too deep"));
    assert!(error(&"!".repeat(10_000)).1.contains("too deep"));
}

#[test]
fn times_are_read_as_people_write_them() {
    assert_eq!(time("5ms"), Some(Time(5_000_000)));
    assert_eq!(time("1.5s"), Some(Time(1_500_000_000)));
    assert_eq!(time("0.25us"), Some(Time(250)));
    assert_eq!(time("70"), Some(Time(70)));
    for wrong in ["", "ms", ".5s", "5 mins", "1.2.3s", "99999999999999999999s", "-1ms", "5é"] {
        assert_eq!(time(wrong), None, "{wrong}");
    }
}

#[test]
fn places_in_memory_and_on_disks_are_numbers() {
    use oscope_kernel::abi::Access;
    use oscope_kernel::base::{BlockNumber, DeviceId, FrameId};
    use oscope_kernel::event::{BlockEvent, MemoryEvent, Repair};
    let holds = |event, text: &str| {
        let record = Record { stamp: Stamp::default(), event };
        let predicate = Predicate::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        predicate.holds(&facts("box", 1, &record, who))
    };
    let fault = Event::Memory(MemoryEvent::Fault {
        address: 0x4a10,
        access: Access::Store,
        repair: Repair::Zero,
        frame: FrameId(17),
    });
    assert!(holds(fault, "page=0x4000 frame=17") && holds(fault, "page=0x4fff address=0x4a10"));
    assert!(!holds(fault, "page=0x5000") && !holds(fault, "block=17") && holds(fault, "block!=17"));
    let device = DeviceId(1);
    let block = BlockNumber(66);
    let submit = Event::Block(BlockEvent::Submit { device, block, write: true });
    assert!(holds(submit, "block=66 kind=block") && holds(submit, "block>=0x42"));
    assert!(Predicate::parse("page=here").is_err_and(|e| e.message.contains("0x4000")));
}
