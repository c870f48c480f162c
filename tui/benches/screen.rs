//! How long a frame takes to draw with 10,000 tasks: it must stay under 16 ms.

use criterion::{Criterion, criterion_group, criterion_main};
use oscope_kernel::base::{CpuId, Serial, Time};
use oscope_kernel::event::{Event, Leave, Record, SchedEvent, Stamp, Symbol, TaskEvent};
use oscope_tui::engine::MachineInfo;
use oscope_tui::model::{Model, View};
use oscope_tui::trace::Seen;
use oscope_tui::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const TASKS: u32 = 10_000;
const CPUS: u16 = 32;

/// A machine on which every task has had a CPU ten times.
fn model() -> Model {
    let info = MachineInfo {
        name: "box".to_owned(),
        cpus: usize::from(CPUS),
        scheduler: Default::default(),
    };
    let mut model = Model::new("crowd", Time(400_000_000), &[info]);
    let mut number = 0;
    let mut emit = |model: &mut Model, time: u64, cpu: u16, event: Event, name: Option<&str>| {
        number += 1;
        let stamp = Stamp { time: Time(time), cpu: CpuId(cpu), ..Stamp::default() };
        let record = Record { stamp, event };
        model.machines[0].trace.fold(&Seen {
            number,
            record,
            name: name.map(Into::into),
            detail: None,
        });
    };
    for n in 1..=TASKS {
        let start = TaskEvent::Start { child: Serial(n), tid: n, pid: n, name: Symbol(0) };
        let name = ["hog", "blink", "scribe"][n as usize % 3];
        emit(&mut model, u64::from(n), 0, Event::Task(start), Some(name));
        let ready = SchedEvent::Ready { thread: Serial(n), on: CpuId(0) };
        emit(&mut model, u64::from(n), 0, Event::Sched(ready), None);
    }
    let mut on = vec![Serial(0); usize::from(CPUS)];
    for turn in 0..TASKS * 10 {
        let cpu = turn % u32::from(CPUS);
        let from = std::mem::replace(&mut on[cpu as usize], Serial(turn % TASKS + 1));
        let switch = SchedEvent::Switch { from, to: on[cpu as usize], why: Leave::Slice };
        let cpu = u16::try_from(cpu).unwrap_or(0);
        emit(&mut model, 20_000 + u64::from(turn) * 3_000, cpu, Event::Sched(switch), None);
    }
    model.now = Time(300_000_000);
    model.reached = model.now;
    model.pending = 0;
    model
}

fn frames(c: &mut Criterion) {
    let mut model = model();
    let mut group = c.benchmark_group("frame-10000-tasks-200x60");
    for shown in [View::Cpu, View::Calls, View::Log] {
        model.view = shown;
        group.bench_function(shown.word(), |b| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
            b.iter(|| view::draw(&model, &mut buffer));
        });
    }
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
