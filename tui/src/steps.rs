//! Visible changes: records of the scheduler and of tasks, grouped as a person sees them.
//!
//! A thread that blocks and the switch to the next one are one change to whoever looks, and so are a timer
//! that wakes a thread and the idle CPU that takes it. The grouping looks at records alone, never at how
//! far a run has got, so that the engine and the screen agree on it.

use oscope_kernel::base::{CpuId, Duration, Serial, Time};
use oscope_kernel::event::{Event, Record, SchedEvent, TaskEvent};

/// Records further apart than this are never one change.
pub const GLUE: Duration = Duration::micros(5);

/// More records than this are one change only if they share their instant.
const LONGEST: usize = 16;

/// One visible change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The numbers of its records.
    pub records: Vec<u64>,
    /// When it began.
    pub start: Time,
    /// The first moment at which all of it has happened.
    pub end: Time,
    last: Time,
    threads: Vec<Serial>,
    cpus: Vec<CpuId>,
    /// A CPU went over to somebody else, which ends a change.
    switched: bool,
}

/// All changes of a machine in their order.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    done: Vec<Step>,
    open: Option<Step>,
}

/// Whether a record changes what the view shows.
#[must_use]
pub fn is_visible(event: &Event) -> bool {
    matches!(event, Event::Sched(_) | Event::Task(TaskEvent::Start { .. } | TaskEvent::Exit { .. }))
}

/// Whom a record is about.
fn threads(record: &Record) -> Vec<Serial> {
    let mut who = vec![record.stamp.thread];
    match record.event {
        Event::Sched(SchedEvent::Switch { from, to, .. }) => who.extend([from, to]),
        Event::Sched(SchedEvent::Ready { thread, .. }) => who.push(thread),
        Event::Task(TaskEvent::Start { child, .. }) => who.push(child),
        _ => {}
    }
    who.retain(|thread| *thread != Serial(0));
    who
}

impl Step {
    fn new(number: u64, record: &Record) -> Self {
        let time = record.stamp.time;
        let mut step = Self {
            records: Vec::new(),
            start: time,
            end: time,
            last: time,
            threads: Vec::new(),
            cpus: Vec::new(),
            switched: false,
        };
        step.add(number, record);
        step
    }

    fn add(&mut self, number: u64, record: &Record) {
        self.records.push(number);
        self.last = record.stamp.time;
        self.end = self.last + Duration::nanos(1);
        self.threads.extend(threads(record));
        self.cpus.push(record.stamp.cpu);
        self.switched |= matches!(record.event, Event::Sched(SchedEvent::Switch { .. }));
    }

    fn takes(&self, record: &Record) -> bool {
        if record.stamp.time == self.last {
            return true;
        }
        let near = record.stamp.time.since(self.last) <= GLUE;
        let related = self.cpus.contains(&record.stamp.cpu)
            || threads(record).iter().any(|t| self.threads.contains(t));
        near && related && !self.switched && self.records.len() < LONGEST
    }
}

impl Steps {
    /// The next record, in the order of time.
    pub fn push(&mut self, number: u64, record: &Record) {
        if !is_visible(&record.event) {
            return;
        }
        match &mut self.open {
            Some(open) if open.takes(record) => open.add(number, record),
            _ => {
                let old = self.open.replace(Step::new(number, record));
                self.done.extend(old);
            }
        }
    }

    /// Everything before `time` is known: a change that nothing can join any more is complete.
    pub fn settle(&mut self, time: Time) {
        let over = |open: &Step| time == Time::MAX || time.since(open.last) > GLUE;
        if self.open.as_ref().is_some_and(over) {
            self.done.extend(self.open.take());
        }
    }

    /// The first complete change that ends after `time`.
    #[must_use]
    pub fn after(&self, time: Time) -> Option<&Step> {
        let at = self.done.partition_point(|step| step.end <= time);
        self.done.get(at)
    }

    /// The last complete change that ended before `time`.
    #[must_use]
    pub fn before(&self, time: Time) -> Option<&Step> {
        let at = self.done.partition_point(|step| step.end < time);
        self.done.get(at.checked_sub(1)?)
    }

    /// All changes that have ended by `time`, the newest first.
    pub fn until(&self, time: Time) -> impl Iterator<Item = &Step> {
        let at = self.done.partition_point(|step| step.end <= time);
        let open = self.open.iter().filter(move |step| step.end <= time);
        open.chain(self.done[..at].iter().rev())
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Step> {
        self.done.iter().chain(&self.open)
    }

    /// When the first one ends.
    #[must_use]
    pub fn first(&self) -> Option<Time> {
        self.done.first().map(|step| step.end)
    }
}

#[cfg(test)]
mod tests {
    use super::Steps;
    use oscope_kernel::base::{CpuId, Serial, Time};
    use oscope_kernel::event::{Event, Leave, Record, SchedEvent, Stamp, Wait};

    fn record(time: u64, thread: u32, event: SchedEvent) -> Record {
        let stamp =
            Stamp { time: Time(time), thread: Serial(thread), cpu: CpuId(0), ..Stamp::default() };
        Record { stamp, event: Event::Sched(event) }
    }

    fn switch(from: u32, to: u32) -> SchedEvent {
        SchedEvent::Switch { from: Serial(from), to: Serial(to), why: Leave::Blocked }
    }

    #[test]
    fn blocking_and_the_switch_that_follows_are_one_change() {
        let mut steps = Steps::default();
        steps.push(1, &record(1_000, 1, SchedEvent::Block { on: Wait::Sleep }));
        steps.push(2, &record(1_500, 1, switch(1, 2)));
        steps.push(3, &record(2_000, 2, SchedEvent::Block { on: Wait::Disk }));
        assert!(steps.after(Time(0)).is_some_and(|s| s.records == [1, 2]));
        assert!(steps.after(Time(1_501)).is_none(), "not known to be complete");
        steps.settle(Time(2_001));
        assert!(steps.after(Time(1_501)).is_none());
        steps.settle(Time(9_000));
        assert!(steps.after(Time(1_501)).is_some_and(|s| s.end == Time(2_001)));
        assert!(steps.before(Time(2_001)).is_some_and(|s| s.end == Time(1_501)));
        assert!(steps.before(Time(1_501)).is_none());
    }
}
