//! The screen as a pure function of the model.
//!
//! Layers: `pen` writes into cells; `lanes`, `queues` and `table` draw the CPU view, `lists` the lists of records,
//! `memory`, `memory_space` and `memory_blocks` the memory view, `files` the files view, `console` a terminal, `request` the way of a request, `lesson` a lesson's text, `foot` what every view has below, `over` what lies over them; [`draw`] gives every part its rows.
//!
//! A typical sequence: [`draw`] plans which rows go to whom for this size, then every part looks up in the
//! model what was true just before `model.now`, and writes it. Nothing is remembered between two frames.

mod console;
mod files;
mod foot;
mod lanes;
mod lesson;
mod lists;
mod memory;
mod memory_blocks;
mod memory_space;
mod network;
mod over;
mod pen;
mod queues;
mod request;
mod script;
mod table;

use crate::keys::{Action, KEYS};
use crate::model::{MachineModel, Model, View};
use crate::text::{round, width};
use crate::theme::Role;
use crate::trace::{Doing, Track};
use crate::update::Target;
use oscope_kernel::base::{Duration, ThreadId};
use oscope_kernel::sched::{Params, Task};
use pen::Pen;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Smaller screens show a message instead.
pub const SMALLEST: (u16, u16) = (60, 16);

/// Which rows belong to whom: where each part begins and how many rows it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    cpus: (u16, u16),
    tasks: (u16, u16),
    density: (u16, u16),
    legend: u16,
    queues: (u16, u16),
    table: (u16, u16),
    lately: (u16, u16),
    caption: (u16, u16),
    timeline: u16,
    hints: u16,
}

/// How many rows each part would like to have.
#[derive(Clone, Copy, Debug)]
struct Wishes {
    cpus: u16,
    lanes: u16,
    programs: u16,
    tasks: u16,
    queues: u16,
}

impl Plan {
    fn new(height: u16, wishes: Wishes) -> Self {
        let caption = if height < 28 { 2 } else { 3 };
        // Title, tabs, heading, axis, legend, timeline, hints.
        let mut left = height - 7 - caption;
        let take = |wanted: u16, left: &mut u16| {
            let got = wanted.min(*left);
            *left -= got;
            got
        };
        let cpu_rows = take(wishes.cpus.min(2.max(height / 8)), &mut left);
        let queue_rows = take((wishes.queues + 1).min(2.max(height / 6)), &mut left);
        let table_least = if height < 20 { 0 } else { 4 };
        let lane_rows = wishes.lanes.max(2).min(left.saturating_sub(table_least));
        left -= lane_rows;
        // Where lanes are missing, rows for whole programs stand in for them.
        let missing = wishes.lanes > lane_rows && wishes.lanes > MANY;
        let density_rows = if missing { wishes.programs.min(lane_rows / 2) } else { 0 };
        let task_rows = lane_rows - density_rows;
        let table_rows = take(wishes.tasks.saturating_add(2), &mut left);
        // What is left makes room around the parts, and tells of earlier changes.
        let cpus_at = 4;
        let gap = u16::from(left > 4);
        left -= 4 * gap;
        let lately = if left > 3 { left - 1 } else { 0 };
        let tasks_at = cpus_at + cpu_rows + gap;
        let density_at = tasks_at + task_rows;
        let legend = density_at + density_rows;
        let queues_at = legend + 1 + gap;
        let table_at = queues_at + queue_rows + gap;
        Self {
            cpus: (cpus_at, cpu_rows),
            tasks: (tasks_at, task_rows),
            density: (density_at, density_rows),
            legend,
            queues: (queues_at, queue_rows),
            table: (table_at, table_rows),
            lately: (table_at + table_rows + gap, lately),
            caption: (height - 2 - caption, caption),
            timeline: height - 2,
            hints: height - 1,
        }
    }
}

/// From so many columns on, all views have a tab.
const WIDE: u16 = 100;

/// From so many tasks on that have no lane, rows for programs help.
const MANY: u16 = 26;

/// Draws the whole screen; returns what can be clicked on, the uppermost last.
pub fn draw(model: &Model, buffer: &mut Buffer) -> Vec<(Rect, Target)> {
    let area = buffer.area;
    let mut pen = Pen::new(buffer, model, area);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let message = format!("oscope needs {} x {} cells", SMALLEST.0, SMALLEST.1);
        pen.put(0, 0, &message, Role::Text);
        pen.put(0, 1, "q quit", Role::Key);
        return Vec::new();
    }
    let Some(lesson) = &model.lesson else {
        return machine_screen(model, pen, false);
    };
    if area.width < lesson::WIDE {
        return machine_screen(model, pen, false);
    }
    // The text stands beside the machine that it tells of.
    let columns = (area.width * 2 / 5).clamp(46, 72);
    lesson::beside(model, lesson, columns, &mut pen);
    let rest = Rect { x: area.x + columns + 1, width: area.width - columns - 1, ..area };
    let mut zones = pen.into_zones();
    zones.extend(machine_screen(model, Pen::new(buffer, model, rest), true));
    zones
}

/// The screen about the machine, in its part of the terminal.
fn machine_screen(model: &Model, mut pen: Pen<'_>, is_beside: bool) -> Vec<(Rect, Target)> {
    let height = pen.height;
    title(model, &mut pen);
    tabs(model, &mut pen);
    let Some(machine) = model.machine() else {
        return pen.into_zones();
    };
    let caption = if height < 28 { 2 } else { 3 };
    let foot = (height - 2 - caption, caption);
    let room = (2, foot.0 - 2);
    match model.lesson.as_ref().filter(|lesson| lesson.is_front && !is_beside) {
        // Where there is no room beside the machine, the text stands in its place.
        Some(lesson) => lesson::instead(model, lesson, room, &mut pen),
        None => machine_view(model, machine, room, &mut pen),
    }
    foot::caption(model, machine, foot, &mut pen);
    foot::timeline(model, machine, height - 2, &mut pen);
    match &model.prompt {
        Some(prompt) => foot::prompt(prompt, height - 1, &mut pen),
        None => foot::hints(model, height - 1, &mut pen),
    }
    if let Some(over) = &model.over {
        over::draw(model, over, &mut pen);
    }
    pen.into_zones()
}

fn machine_view(model: &Model, machine: &MachineModel, room: (u16, u16), pen: &mut Pen<'_>) {
    match model.view {
        View::Cpu => cpu(model, machine, pen),
        View::Calls | View::Log => lists::draw(model, machine, room, pen),
        View::Memory => memory::draw(model, machine, room, pen),
        View::Files => files::draw(model, machine, room, pen),
        View::Network => network::draw(model, room, pen),
        View::Console => console::draw(model, room, pen),
        View::Script => script::draw(model, machine, room, pen),
        View::Lessons => lesson::shelf(model, room, pen),
        View::Request => request::draw(model, room, pen),
    }
}

/// What a click meets: the uppermost of the zones there.
#[must_use]
pub fn hit(zones: &[(Rect, Target)], column: u16, row: u16) -> Option<Target> {
    let at = ratatui::layout::Position::new(column, row);
    zones.iter().rev().find(|(area, _)| area.contains(at)).map(|(_, target)| *target)
}

fn cpu(model: &Model, machine: &MachineModel, pen: &mut Pen<'_>) {
    let window = lanes::Window::new(model, machine, pen.width);
    let tasks = lanes::visible(model, machine, &window);
    let rows = |n: usize| u16::try_from(n).unwrap_or(u16::MAX / 4);
    let wishes = Wishes {
        cpus: rows(machine.trace.cpus()),
        lanes: rows(tasks.len()),
        programs: rows(machine.trace.density.programs().len()),
        tasks: rows(machine.trace.tasks(model.now).len()),
        queues: rows(queues::count(machine)),
    };
    let plan = Plan::new(pen.height, wishes);
    heading(model, machine, pen);
    lanes::axis(model, &window, 3, pen);
    lanes::cpus(model, machine, &window, plan.cpus, pen);
    let hidden = lanes::tasks(model, machine, &window, (&tasks, plan.tasks), pen);
    lanes::density(model, machine, &window, plan.density, pen);
    lanes::legend(model, hidden, plan.legend, pen);
    queues::draw(model, machine, plan.queues, pen);
    table::draw(model, machine, plan.table, pen);
    table::lately(model, machine, plan.lately, pen);
}

fn title(model: &Model, pen: &mut Pen<'_>) {
    let words = model.words();
    let name = model.machine().map_or("", |machine| &machine.info.name);
    let state = match (model.playing, model.at_end()) {
        (true, _) => words.playing,
        (_, true) => words.at_end,
        _ => words.paused,
    };
    let mut left = format!(" oscope  {} / {name}", model.world);
    if model.machines.len() > 1 {
        let of = format!(" ({}/{})", model.shown + 1, model.machines.len());
        left.push_str(&of);
    }
    let step = match (model.view, model.event.is_some()) {
        (View::Memory, _) => words.step_memory,
        (View::Script, _) => words.step_script,
        (View::Files, _) => words.step_files,
        (View::Network, _) => words.step_network,
        (_, true) => words.step_event,
        (_, false) => words.step_change,
    };
    let time = model.progress.unwrap_or(model.moment());
    let other = if model.ascii && !words.other.is_ascii() { "Korean: L" } else { words.other };
    let right = format!("{state}  t={time}  {step}  {other} ");
    pen.row(0, &left, &right, Role::Title);
    let length = u16::try_from(width(other) + 1).unwrap_or(0);
    let from = pen.width.saturating_sub(length);
    pen.zone(0, from..pen.width, Target::Act(Action::Language));
    let length = u16::try_from(width(&right)).unwrap_or(0);
    let from = pen.width.saturating_sub(length);
    let until = from + u16::try_from(width(state)).unwrap_or(0);
    pen.zone(0, from..until, Target::Act(Action::Play));
}

/// The views; the one that is shown stands in brackets.
fn tabs(model: &Model, pen: &mut Pen<'_>) {
    let mut x = 0;
    for view in View::ALL.into_iter().filter(|view| model.has(*view)) {
        // What is not for the first minute has no room on a narrow screen unless it is shown.
        if view.is_deep() && model.view != view && pen.width < WIDE {
            continue;
        }
        let key = KEYS.iter().find(|binding| binding.action == Action::Show(view));
        let key = key.map_or("", |binding| binding.label);
        let chosen = model.view == view;
        let name = match view {
            View::Log if !chosen => model.words().more,
            _ => model.lang.view(view).name,
        };
        let (open, close) = if chosen { ("[", "]") } else { (" ", " ") };
        let from = x;
        x = pen.put(x, 1, open, Role::Heading);
        x = pen.put(x, 1, key, Role::Key);
        let role = if chosen { Role::Heading } else { Role::Text };
        x = pen.put(x, 1, &format!(" {name}"), role);
        x = pen.put(x, 1, close, Role::Heading);
        pen.zone(1, from..x, Target::Tab(view));
    }
    let text = model.lang.key(Action::Explain).hint;
    let from = pen.width.saturating_sub(u16::try_from(width(text) + 3).unwrap_or(0));
    if from > x {
        let next = pen.put(from, 1, "i", Role::Key);
        pen.put(next, 1, &format!(" {text}"), Role::Text);
        pen.zone(1, from..pen.width, Target::Act(Action::Explain));
    }
}

fn heading(model: &Model, machine: &MachineModel, pen: &mut Pen<'_>) {
    let words = model.words();
    let policy = machine.snapshot.as_ref().map_or("", |s| s.policy);
    let policy = match slice(machine) {
        Some(slice) => format!("{policy}, {} {}", words.slice, round(slice)),
        None => policy.to_owned(),
    };
    pen.rule(2, words.who_has, &format!("{}: {policy}", words.policy));
    pen.zone(2, pen.width / 2..pen.width, Target::Act(Action::Policy));
}

/// How long a slice is under the policy that rules now, if it has slices.
fn slice(machine: &MachineModel) -> Option<Duration> {
    let name = machine.snapshot.as_ref()?.policy;
    let policy = machine.info.scheduler.with_policy(name).make()?;
    policy.slice(&Task::new(ThreadId::NONE, Params::default()))
}

/// The glyph of what a task does, in its lane.
fn glyph(track: &Track, doing: Option<Doing>) -> (char, Role) {
    use oscope_kernel::event::Wait;
    match doing {
        None | Some(Doing::Ended(_)) => (' ', Role::Text),
        Some(Doing::Run(_)) => (track.letter, Role::Run(colour(track))),
        Some(Doing::Ready(_)) => ('.', Role::Ready),
        Some(Doing::Wait(Wait::Disk)) => ('d', Role::Disk),
        Some(Doing::Wait(Wait::Sleep)) => ('s', Role::Asleep),
        Some(Doing::Wait(_)) => ('w', Role::Asleep),
        Some(Doing::Stopped) => ('t', Role::Asleep),
    }
}

/// The number that gives a task its colour.
fn colour(track: &Track) -> usize {
    track.serial.0.wrapping_sub(1) as usize
}

#[cfg(test)]
mod tests {
    use super::{Plan, Wishes};

    #[test]
    fn no_two_parts_share_a_row_at_any_size() {
        for height in 16..=120 {
            for (cpus, tasks) in [(1, 0), (1, 1), (2, 10), (64, 1000)] {
                let wishes =
                    Wishes { cpus, lanes: tasks / 2, programs: 3, tasks, queues: cpus + 1 };
                let plan = Plan::new(height, wishes);
                let ends = [
                    (plan.cpus.0 + plan.cpus.1, plan.tasks.0),
                    (plan.tasks.0 + plan.tasks.1, plan.density.0),
                    (plan.density.0 + plan.density.1, plan.legend),
                    (plan.legend + 1, plan.queues.0),
                    (plan.queues.0 + plan.queues.1, plan.table.0),
                    (plan.table.0 + plan.table.1, plan.lately.0),
                    (plan.lately.0 + plan.lately.1, plan.caption.0),
                    (plan.caption.0 + plan.caption.1, plan.timeline),
                    (plan.timeline + 1, plan.hints),
                ];
                for (end, next) in ends {
                    assert!(end <= next, "{height} {cpus} {tasks}: {plan:?}");
                }
                assert!(plan.cpus.1 > 0 && plan.hints < height);
            }
        }
    }
}
