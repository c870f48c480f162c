//! What every policy owes, and what each promises.

use super::{
    Class, CpuSet, Enqueue, Level, POLICIES, Params, Policy, Reservation, Scheduler, Settings, Task,
};
use crate::base::{Chooser, CpuId, Duration, Rng, Table, ThreadId, ThreadTag, Time};
use std::collections::{BTreeMap, BTreeSet};

fn threads(n: usize) -> Vec<ThreadId> {
    let mut table: Table<ThreadTag, ()> = Table::default();
    (0..n).map(|_| table.insert(())).collect()
}

fn policy(name: &str) -> Box<dyn Policy> {
    let levels = [4, 8, 16].map(|ms| Level { quantum: Duration::millis(ms), allotment: 2 });
    let settings = Settings {
        levels: levels.to_vec(),
        ageing: Some(Duration::millis(20)),
        boost: Duration::millis(100),
        ..Settings::default().with_policy(name)
    };
    settings.make().expect("a policy")
}

const REASONS: [Enqueue; 6] = [
    Enqueue::New,
    Enqueue::Woken,
    Enqueue::SliceOver,
    Enqueue::Preempted,
    Enqueue::Yielded,
    Enqueue::Moved,
];

/// Whatever happens in whatever order, nobody is lost, nobody is there twice, and a removal finds whom it means.
#[test]
fn nobody_is_lost_in_any_policy() {
    for name in POLICIES.into_iter().chain(["deadline", "realtime"]) {
        let mut rng = Rng::new(7);
        let ids = threads(40);
        let mut queue: Box<dyn Policy> = match name {
            "deadline" => Box::new(super::deadline::EarliestDeadline::class()),
            "realtime" => Box::new(super::realtime::RealTime::default()),
            _ => policy(name),
        };
        let mut asleep: Vec<Task> = ids.iter().map(|&id| random_task(id, &mut rng)).collect();
        let mut waiting: BTreeMap<ThreadId, Task> = BTreeMap::new();
        let mut running: Option<Task> = None;
        let mut now = Time::ZERO;
        for _ in 0..4_000 {
            now += Duration(rng.below(3_000_000));
            match rng.below(6) {
                0 | 1 if !asleep.is_empty() => {
                    let mut task = asleep.swap_remove(rng.below(asleep.len() as u64) as usize);
                    queue.enqueue(&mut task, REASONS[rng.below(2) as usize], now);
                    waiting.insert(task.thread, task);
                }
                2 if running.is_none() => {
                    running = queue.pick(now, &mut Chooser::default());
                    assert_eq!(running.is_some(), !waiting.is_empty(), "{name}");
                    if let Some(task) = &running {
                        assert!(
                            waiting.remove(&task.thread).is_some(),
                            "{name}: picked a stranger"
                        );
                        assert!(
                            queue.slice(task).is_none_or(|slice| slice > Duration::ZERO),
                            "{name}"
                        );
                    }
                }
                3 => {
                    if let Some(mut task) = running.take() {
                        let slice = queue.slice(&task).unwrap_or(Duration::millis(3));
                        queue.ran(&mut task, Duration(rng.below(slice.0) + 1));
                        if rng.below(3) == 0 {
                            queue.sleeps(&mut task);
                            queue.leaves(&task);
                            asleep.push(task);
                        } else {
                            queue.leaves(&task);
                            queue.enqueue(&mut task, REASONS[2 + rng.below(3) as usize], now);
                            waiting.insert(task.thread, task);
                        }
                    }
                }
                4 if !waiting.is_empty() => {
                    let at = rng.below(waiting.len() as u64) as usize;
                    let thread = *waiting.keys().nth(at).expect("there are so many");
                    let task = waiting.remove(&thread).expect("it waits");
                    assert!(queue.remove(&task), "{name}: cannot find who waits");
                    assert!(!queue.remove(&task), "{name}: found again");
                    asleep.push(task);
                }
                5 => {
                    if let Some(task) = queue.give_away(&|task| task.thread.index() % 2 == 0) {
                        assert_eq!(task.thread.index() % 2, 0, "{name}");
                        assert!(waiting.remove(&task.thread).is_some(), "{name}");
                        asleep.push(task);
                    }
                }
                _ => {
                    let mut moved = Vec::new();
                    queue.boost(now, running.as_mut(), &mut moved);
                    for task in moved {
                        waiting.insert(task.thread, task);
                    }
                }
            }
            assert_eq!(queue.waiting(), waiting.len(), "{name}");
            let shown: BTreeSet<ThreadId> = queue
                .queues(now)
                .iter()
                .flat_map(|queue| queue.tasks.iter().map(|queued| queued.thread))
                .collect();
            assert_eq!(shown, waiting.keys().copied().collect(), "{name} shows somebody else");
        }
    }
}

fn random_task(thread: ThreadId, rng: &mut Rng) -> Task {
    let mut params = Params::with_nice(rng.below(40) as i8 - 20);
    params.tickets = 1 + rng.below(300) as u32;
    params.length = (rng.below(2) == 0).then(|| Duration::millis(rng.below(50)));
    if rng.below(2) == 0 {
        let period = Duration::millis(1 + rng.below(50));
        params.reservation =
            Reservation { runtime: Duration(1 + period.0 / 3), deadline: period, period };
    }
    Task::new(thread, params)
}

/// Lets tasks that only compute compete for one CPU; returns how long each ran.
fn compete(name: &str, params: &[Params], length: Duration) -> Vec<Duration> {
    let ids = threads(params.len());
    let policy = policy(name);
    let mut sched = Scheduler::new(1, policy.as_ref());
    let mut chooser = Chooser::default();
    let mut ran = vec![Duration::ZERO; params.len()];
    let mut now = Time::ZERO;
    for (&id, &params) in ids.iter().zip(params) {
        sched.add(id, params, CpuId(0));
        sched.ready(id, Enqueue::New, now);
    }
    while now < Time::ZERO + length {
        let id = sched.next(CpuId(0), now, &mut chooser).expect("somebody");
        let slice = sched.slice(CpuId(0)).expect("a slice");
        now += slice;
        ran[id.index()] += slice;
        sched.leave(CpuId(0), now, true);
        sched.ready(id, Enqueue::SliceOver, now);
    }
    ran
}

#[test]
fn shares_are_in_proportion_to_weights() {
    let nice = [-5, 0, 5].map(Params::with_nice);
    let total: u64 = nice.iter().map(Params::weight).sum();
    for (name, percent) in [("cfs", 2), ("eevdf", 1), ("stride", 1), ("lottery", 12)] {
        let ran = compete(name, &nice, Duration::seconds(60));
        let all: u64 = ran.iter().map(|ran| ran.0).sum();
        for (params, ran) in nice.iter().zip(&ran) {
            let fair = all / total * params.weight();
            let off = ran.0.abs_diff(fair) * 100 / fair;
            assert!(off <= percent, "{name}: {off} % off for nice {}", params.nice);
        }
    }
}

#[test]
fn equals_get_the_same() {
    for name in ["rr", "cfs", "eevdf", "stride", "mlfq", "priority"] {
        let ran = compete(name, &[Params::default(); 7], Duration::seconds(30));
        let (least, most) = (ran.iter().min(), ran.iter().max());
        let apart = most.zip(least).map(|(most, least)| *most - *least);
        assert!(apart <= Some(Duration::millis(40)), "{name}: {ran:?}");
    }
}

#[test]
fn with_ageing_nobody_starves() {
    let mut params = [Params::default(); 3];
    (params[0].priority, params[1].priority, params[2].priority) = (1, 1, 30);
    let ran = compete("priority", &params, Duration::seconds(10));
    assert!(ran[2] > Duration::ZERO, "the least urgent runs too");
    assert!(ran[0] > ran[2] * 5, "but seldom");
}

/// Two tasks that need 3 of 8 and 9 of 16 ms: 94 % in all, which EDF must manage (Liu, Layland, theorem 7).
#[test]
fn edf_keeps_every_deadline_up_to_full_load() {
    let promise = |runtime, period| {
        let (runtime, period) = (Duration::millis(runtime), Duration::millis(period));
        let reservation = Reservation { runtime, deadline: period, period };
        Params { reservation, ..Params::default() }
    };
    let params = [promise(3, 8), promise(9, 16)];
    let ids = threads(2);
    let mut sched = Scheduler::new(1, policy("edf").as_ref());
    for (&id, &params) in ids.iter().zip(&params) {
        sched.add(id, params, CpuId(0));
    }
    let mut left = [Duration::ZERO; 2];
    let mut due = [Time::ZERO; 2];
    let mut current: Option<ThreadId> = None;
    for ms in 0..800 {
        let now = Time::ZERO + Duration::millis(ms);
        if let Some(id) = current.take() {
            left[id.index()] = left[id.index()] - Duration::millis(1);
            let goes_on = left[id.index()] > Duration::ZERO;
            sched.leave(CpuId(0), now, goes_on);
            if goes_on {
                sched.ready(id, Enqueue::Preempted, now);
            }
        }
        for (n, params) in params.iter().enumerate() {
            if now.0.is_multiple_of(params.reservation.period.0) {
                assert_eq!(left[n], Duration::ZERO, "task {n} missed {}", due[n]);
                (left[n], due[n]) = (params.reservation.runtime, now + params.reservation.period);
                sched.ready(ids[n], Enqueue::Woken, now);
            }
        }
        current = sched.next(CpuId(0), now, &mut Chooser::default());
    }
}

#[test]
fn a_policy_can_be_changed_while_everybody_waits_runs_or_sleeps() {
    let ids = threads(12);
    let mut rng = Rng::new(3);
    let mut sched = Scheduler::new(2, policy("rr").as_ref());
    let (mut now, mut chooser) = (Time::ZERO, Chooser::default());
    for &id in &ids {
        sched.add(id, random_task(id, &mut rng).params, CpuId(0));
    }
    for &id in &ids[..9] {
        sched.ready(id, Enqueue::New, now);
    }
    for round in 0..200 {
        for cpu in [CpuId(0), CpuId(1)] {
            now += Duration::millis(2);
            if let Some(id) = sched.running(cpu) {
                sched.leave(cpu, now, true);
                sched.ready(id, Enqueue::SliceOver, now);
            }
        }
        let name = POLICIES[rng.below(POLICIES.len() as u64) as usize];
        sched.switch_policy(policy(name).as_ref(), now);
        assert_eq!(sched.policy_name(), name);
        let waiting = sched.waiting(CpuId(0)) + sched.waiting(CpuId(1));
        assert_eq!(waiting, 9, "round {round}");
        for id in &ids {
            if sched.remove(*id) {
                sched.ready(*id, Enqueue::Moved, now);
            }
        }
        let here = sched.waiting(CpuId(0)) > 0;
        assert_eq!(sched.next(CpuId(0), now, &mut chooser).is_some(), here || waiting > 1);
    }
}

#[test]
fn who_may_not_run_on_a_cpu_does_not() {
    let ids = threads(6);
    let mut sched = Scheduler::new(3, policy("rr").as_ref());
    let only = sched.sets().number(CpuSet::NONE.with(CpuId(2))).expect("room");
    for &id in &ids {
        sched.add(id, Params { affinity: only, ..Params::default() }, CpuId(0));
        let place = sched.ready(id, Enqueue::New, Time::ZERO);
        assert_eq!(place.cpu, CpuId(2));
    }
    let mut chooser = Chooser::default();
    assert_eq!(sched.next(CpuId(0), Time::ZERO, &mut chooser), None, "nothing to pull");
    assert_eq!(sched.next(CpuId(2), Time::ZERO, &mut chooser), Some(ids[0]));
    assert_eq!(sched.next(CpuId(0), Time::ZERO, &mut chooser), None, "still nothing");
}

/// Everybody who waits on a CPU, in the order in which they would run.
fn drain(sched: &mut Scheduler, now: Time) -> Vec<usize> {
    let mut order = Vec::new();
    while let Some(id) = sched.next(CpuId(0), now, &mut Chooser::default()) {
        sched.leave(CpuId(0), now, false);
        order.push(id.index());
    }
    order
}

#[test]
fn another_real_time_priority_is_another_line() {
    let ids = threads(4);
    let urgent = |priority| Params {
        class: Class::RealTime { priority, takes_turns: false },
        ..Params::default()
    };
    let mut sched = Scheduler::new(1, policy("rr").as_ref());
    for (n, &id) in ids.iter().enumerate() {
        sched.add(id, urgent(if n < 2 { 10 } else { 20 }), CpuId(0));
        sched.ready(id, Enqueue::New, Time::ZERO);
    }
    sched.change(ids[0], urgent(20), Time(1));
    assert!(sched.remove(ids[0]));
    sched.forget(ids[0]);
    assert_eq!(drain(&mut sched, Time(2)), [2, 3, 1]);
}

/// What is asked for a thread that runs or sleeps is no reason to take somebody else off the queue.
#[test]
fn a_change_concerns_nobody_else() {
    for name in POLICIES {
        for sleeps in [false, true] {
            let ids = threads(5);
            let mut sched = Scheduler::new(1, policy(name).as_ref());
            let (mut now, mut chooser) = (Time::ZERO, Chooser::default());
            for &id in &ids {
                sched.add(id, Params::default(), CpuId(0));
                sched.ready(id, Enqueue::New, now);
            }
            let who = sched.next(CpuId(0), now, &mut chooser).expect("somebody");
            if sleeps {
                now += Duration::millis(1);
                sched.leave(CpuId(0), now, false);
                sched.next(CpuId(0), now, &mut chooser);
            }
            now = Time::ZERO + Duration::millis(100);
            sched.boost(now);
            sched.switch_policy(policy(name).as_ref(), now);
            let before = sched.waiting(CpuId(0));
            sched.change(who, Params::with_nice(3), now);
            assert_eq!(sched.waiting(CpuId(0)), before, "{name}");
            sched.leave(CpuId(0), now, false);
            let left = drain(&mut sched, now);
            assert!(left.len() == before && !left.contains(&who.index()), "{name}: {left:?}");
        }
    }
}
