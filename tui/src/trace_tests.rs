//! Folding, tried on stories that are short enough to check by hand.

use super::{Doing, Seen, Trace};
use oscope_kernel::base::{CpuId, Duration, Serial, Time};
use oscope_kernel::event::{Event, Leave, Record, SchedEvent, Stamp, Symbol, TaskEvent, Wait};

fn story() -> Trace {
    let mut trace = Trace::new(1);
    let mut number = 0;
    let mut tell = |time: u64, thread: u32, event: Event, name: Option<&str>| {
        number += 1;
        let stamp = Stamp { time: Time(time), thread: Serial(thread), ..Stamp::default() };
        trace.fold(&Seen {
            number,
            record: Record { stamp, event },
            name: name.map(Into::into),
            detail: None,
        });
    };
    let start = |child: u32| {
        Event::Task(TaskEvent::Start {
            child: Serial(child),
            tid: child,
            pid: child,
            name: Symbol(0),
        })
    };
    let ready =
        |thread: u32| Event::Sched(SchedEvent::Ready { thread: Serial(thread), on: CpuId(0) });
    let switch = |from: u32, to: u32, why: Leave| {
        Event::Sched(SchedEvent::Switch { from: Serial(from), to: Serial(to), why })
    };
    tell(0, 0, start(1), Some("hog"));
    tell(0, 1, ready(1), None);
    tell(0, 0, start(2), Some("bli\u{7}nk"));
    tell(0, 2, ready(2), None);
    tell(0, 0, switch(0, 1, Leave::Idle), None);
    tell(10, 1, switch(1, 2, Leave::Slice), None);
    tell(14, 2, Event::Sched(SchedEvent::Block { on: Wait::Sleep }), None);
    tell(14, 2, switch(2, 1, Leave::Blocked), None);
    tell(20, 2, ready(2), None);
    tell(22, 1, Event::Task(TaskEvent::Exit { status: 0 }), None);
    tell(22, 0, switch(0, 2, Leave::Exited), None);
    trace
}

#[test]
fn a_task_lane_tells_running_waiting_sleeping_and_the_end() {
    let trace = story();
    let tasks = trace.tasks(Time(1));
    assert_eq!(tasks.len(), 2);
    let (hog, blink) = (&tasks[0], &tasks[1]);
    assert_eq!((hog.letter, blink.letter), ('A', 'B'));
    assert_eq!(blink.name(Time(5)), "bli?nk");
    assert_eq!(hog.doing(Time(10)), Some(Doing::Run(CpuId(0))));
    assert_eq!(hog.doing(Time(11)), Some(Doing::Ready(CpuId(0))));
    assert_eq!(blink.doing(Time(16)), Some(Doing::Wait(Wait::Sleep)));
    assert_eq!(blink.doing(Time(21)), Some(Doing::Ready(CpuId(0))));
    assert_eq!(hog.doing(Time(23)), Some(Doing::Ended(0)));
    assert_eq!(hog.doing(Time(0)), None);
    assert_eq!(hog.ended(Time(23)), Some(Time(22)));
    assert_eq!(hog.ended(Time(22)), None);
}

#[test]
fn time_spent_adds_up_at_any_moment() {
    let trace = story();
    for now in 1..=30 {
        for track in trace.tasks(Time(now)) {
            let spent = track.spent(Time(now));
            let sum = spent.ran + spent.queued + spent.slept;
            let alive = track.ended(Time(now)).unwrap_or(Time(now - 1));
            assert_eq!(sum, alive.since(track.born), "{} at {now}", track.letter);
        }
    }
    let blink = trace.tasks(Time(1))[1].spent(Time(25));
    assert_eq!(blink.ran, Duration(6));
    assert_eq!(blink.queued, Duration(12));
    assert_eq!(blink.slept, Duration(6));
    assert_eq!(blink.switches, 2);
}

#[test]
fn a_cpu_lane_shows_who_had_most_of_a_column() {
    let trace = story();
    assert_eq!(trace.holder(0, Time(0)), Serial(0));
    assert_eq!(trace.holder(0, Time(1)), Serial(1));
    assert_eq!(trace.mostly(0, Time(8), Time(13)), Serial(2));
    assert_eq!(trace.mostly(0, Time(0), Time(5)), Serial(1));
    let blink = &trace.tasks(Time(1))[1];
    assert_eq!(blink.mostly(Time(13), Time(18)), Some(Doing::Run(CpuId(0))));
}
