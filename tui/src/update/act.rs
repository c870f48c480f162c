//! What keys, clicks and hints ask for.

use super::{console, lesson, over, prompt, shown};
use crate::calls;
use crate::engine::Command;
use crate::keys::Action;
use crate::list;
use crate::model::{Asking, Effect, MachineModel, Model, Over, SCALES, SPEEDS, View};
use crate::narrate;
use crate::trace::Doing;
use crate::why::{self, Question, Scene, Stage, Subject, ThreadName};
use oscope_kernel::base::{Serial, Time};
use oscope_kernel::event::EventId;
use oscope_kernel::sched::POLICIES;
use oscope_userland::predicate::{Predicate, kind};

/// Rows of a page.
const PAGE: i32 = 10;
/// So many moments are remembered to come back to.
const JUMPS: usize = 64;

/// Does what is asked for; what only the engine can do is returned.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Command> {
    model.notice = None;
    let machine = shown(model);
    if lesson::goes_ahead(action) && lesson::covers(model) {
        return None;
    }
    match action {
        Action::Forward | Action::NextEvent if model.at_end() => {
            model.playing = false;
            model.notice = Some(match &model.stuck {
                Some(stuck) => format!("{stuck}."),
                None => model.words().end_of_run.to_owned(),
            });
            None
        }
        Action::Forward => pause(model, step(model, true)),
        Action::Back => pause(model, step(model, false)),
        Action::NextEvent => pause(model, Command::NextEvent(machine)),
        Action::PreviousEvent => pause(model, Command::PreviousEvent(machine)),
        Action::NextKind => same_kind(model, true),
        Action::PreviousKind => same_kind(model, false),
        Action::Start => {
            model.playing = false;
            Some(jump(model, Command::Go(Time::ZERO)))
        }
        Action::End => {
            model.playing = false;
            Some(jump(model, Command::Go(Time::MAX)))
        }
        Action::Return => {
            model.playing = false;
            model.jumps.pop().map(Command::Go)
        }
        Action::NextMark => next_mark(model),
        Action::Open if model.lesson.is_some() => lesson::enter(model),
        Action::Open => open(model),
        Action::NextStep => lesson::turn(model, true),
        Action::PreviousStep => lesson::turn(model, false),
        Action::Stop => ask(model, Asking::Stop),
        Action::Last => ask(model, Asking::Last),
        Action::Filter => ask(model, Asking::Filter),
        Action::Command => ask(model, Asking::Command),
        Action::GoTo => prompt::open(model, Asking::Command, "go "),
        Action::Write => {
            let name = file_name(model);
            prompt::open(model, Asking::Command, &format!("write {name}"))
        }
        Action::Policy | Action::WhatIf => over::policies(model, action == Action::WhatIf),
        Action::Up => choose(model, -1),
        Action::Down => choose(model, 1),
        Action::PageUp => choose(model, -PAGE),
        Action::PageDown => choose(model, PAGE),
        _ => {
            look(model, action);
            None
        }
    }
}

/// What only changes how the screen looks.
fn look(model: &mut Model, action: Action) {
    match action {
        Action::Play => model.playing = !model.playing && !model.at_end(),
        Action::NextMachine => turn(model, 1),
        Action::PreviousMachine => turn(model, model.machines.len().saturating_sub(1)),
        Action::ZoomIn => model.scale = model.scale.saturating_sub(1),
        Action::ZoomOut => model.scale = (model.scale + 1).min(SCALES.len() - 1),
        Action::Faster => pace(model, (model.speed + 1).min(SPEEDS.len() - 1)),
        Action::Slower => pace(model, model.speed.saturating_sub(1)),
        Action::TrueTime => {
            model.true_time = !model.true_time;
            let words = model.words();
            let text = if model.true_time { words.true_time } else { words.folded_time };
            model.notice = Some(text.to_owned());
        }
        Action::Mark => mark(model),
        Action::Copy => copy(model),
        Action::Language => model.lang = model.lang.other(),
        Action::Mouse => mouse(model, !model.mouse),
        Action::Theme => {
            model.theme = model.theme.next();
            model.notice = Some(format!("{} {}.", model.words().colours, model.theme.word()));
        }
        Action::Why => why(model),
        Action::Explain => model.over = Some(Over::Explain),
        Action::Help => model.over = Some(Over::Help(0)),
        Action::Show(View::Lessons) if model.lesson.is_some() => lesson::front(model),
        Action::Show(view) if model.has(view) => {
            model.view = view;
            lesson::step_back(model);
        }
        Action::Hint => lesson::hint(model),
        Action::TextDown => lesson::scroll(model, true),
        Action::TextUp => lesson::scroll(model, false),
        Action::Show(_) => model.notice = Some(model.words().no_script.to_owned()),
        Action::Escape => escape(model),
        Action::Quit => model.quit = true,
        _ => {}
    }
}

/// What changes memory: faults, and processes that come and go.
const MEMORY_STEP: &str = "kind=memory or kind=task.start or kind=task.exec or kind=task.reap";

/// What goes on to another line of a script.
const SCRIPT_STEP: &str = "kind=task.mark";

/// What files have to do with: calls that name or move them, blocks that come and go.
const FILES_STEP: &str = "kind=block or kind=task.exec or kind=task.reap or call=openat or call=close or call=read or call=write or call=dup or call=dup2 or call=dup3 or call=unlinkat or call=renameat2 or call=mkdirat or call=lseek or call=pipe2 or call=clone";

/// Packets and what becomes of connections.
const NETWORK_STEP: &str = "kind=net";

/// What programs mark as a step of a request; and its first one.
const REQUEST_STEP: &str = "mark>=101 mark<=121";
const REQUEST_BEGIN: &str = "mark=101";

/// A step is one visible change in the view that is open.
pub(super) fn step(model: &Model, forward: bool) -> Command {
    let machine = shown(model);
    if model.view == View::Request
        && let Ok(test) = Predicate::parse(REQUEST_STEP)
    {
        return Command::FindAny { test, forward };
    }
    let visible = match model.view {
        View::Memory => MEMORY_STEP,
        View::Script => SCRIPT_STEP,
        View::Files => FILES_STEP,
        View::Network => NETWORK_STEP,
        _ => "",
    };
    match Predicate::parse(visible) {
        Ok(test) if !visible.is_empty() => Command::Find { machine, test, forward },
        _ if forward => Command::Forward(machine),
        _ => Command::Back(machine),
    }
}

fn pause(model: &mut Model, command: Command) -> Option<Command> {
    model.playing = false;
    Some(command)
}

/// A long way: one may want to come back.
pub(super) fn jump(model: &mut Model, command: Command) -> Command {
    if model.jumps.len() == JUMPS {
        model.jumps.remove(0);
    }
    model.jumps.push(model.now);
    command
}

fn ask(model: &mut Model, asking: Asking) -> Option<Command> {
    let text = match asking {
        Asking::Command | Asking::Answer | Asking::Change => String::new(),
        Asking::Filter => model.filter.1.clone(),
        Asking::Stop | Asking::Last => model.stop.clone(),
    };
    prompt::open(model, asking, &text)
}

fn file_name(model: &Model) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let world: String = model.world.chars().map(safe).collect();
    format!("oscope-{world}-{}ns.txt", model.moment().0)
}

fn turn(model: &mut Model, by: usize) {
    let count = model.machines.len();
    if count < 2 {
        model.notice = Some(model.words().one_machine.to_owned());
        return;
    }
    model.shown = (model.shown + by) % count;
    model.event = None;
}

fn pace(model: &mut Model, speed: usize) {
    model.speed = speed;
    model.notice = Some(format!("{} {}.", model.words().pace, SPEEDS[speed]));
}

pub(super) fn mouse(model: &mut Model, on: bool) {
    model.mouse = on;
    model.effects.push(Effect::Mouse(on));
    let words = model.words();
    model.notice = Some(if on { words.mouse_on } else { words.mouse_off }.to_owned());
}

fn escape(model: &mut Model) {
    model.playing = false;
    if model.view.is_list() && model.filter.0 != Predicate::Always {
        model.filter = (Predicate::Always, String::new());
        return;
    }
    if let Some(machine) = model.machines.get_mut(model.shown) {
        machine.selected = None;
        machine.cursor = None;
        machine.path = None;
    }
}

fn mark(model: &mut Model) {
    let words = model.words();
    let said = match model.marks.binary_search(&model.now) {
        Ok(at) => {
            model.marks.remove(at);
            words.unmarked
        }
        Err(at) => {
            model.marks.insert(at, model.now);
            words.marked
        }
    };
    model.notice = Some(said.to_owned());
}

fn next_mark(model: &mut Model) -> Option<Command> {
    let after = model.marks.iter().find(|mark| **mark > model.now);
    let Some(mark) = after.or(model.marks.first()).copied() else {
        model.notice = Some(model.words().no_marks.to_owned());
        return None;
    };
    model.playing = false;
    Some(jump(model, Command::Go(mark)))
}

fn why(model: &mut Model) {
    let stages = model.machines.iter().map(|machine| Stage {
        name: &machine.info.name,
        trace: &machine.trace,
        known: model.reached,
    });
    let scene = Scene { stages: stages.collect() };
    let answer = model.machine().and_then(|machine| {
        let task = machine.selected.filter(|_| !model.view.is_list() && model.event.is_none());
        if let Some(serial) = task {
            let subject = Subject::Thread(ThreadName::Serial(serial));
            let question = Question { machine: shown(model), subject };
            return why::explain(&scene, &question, model.moment(), model.lang).ok();
        }
        let seen = list::subject(model, machine)?;
        let event = EventId::new(shown(model), seen.number);
        Some(why::explain_event(&scene, event, model.moment(), model.lang))
    });
    match answer.filter(|answer| !answer.links.is_empty()) {
        Some(answer) => model.over = Some(Over::Why(answer.links, 0)),
        None => model.notice = Some(model.words().why_nothing.to_owned()),
    }
}

/// What is chosen, as text.
fn copy(model: &mut Model) {
    let text = model.machine().and_then(|machine| {
        let seen = list::subject(model, machine)?;
        let call = calls::line(&seen.record, seen.detail.as_deref());
        let told = || narrate::tell_event(model.lang, &machine.trace, seen.number, &seen.record);
        Some(call.unwrap_or_else(told))
    });
    if let Some(text) = text {
        model.effects.push(Effect::Copy(text));
        model.notice = Some(model.words().copied.to_owned());
    }
}

/// To the next event like the one under the cursor.
fn same_kind(model: &mut Model, forward: bool) -> Option<Command> {
    model.playing = false;
    let machine = model.machine()?;
    let task = machine.selected.and_then(|s| machine.trace.track(s)).map(|track| track.tid);
    let seen = list::subject(model, machine);
    let call = seen.and_then(|seen| calls::name(&seen.record));
    let text = match (model.view, task, call) {
        (View::Calls, _, Some(name)) => format!("call={name}"),
        (View::Calls, ..) => "kind=call".to_owned(),
        (View::Cpu, Some(tid), _) => format!("kind=sched tid={tid}"),
        _ => format!("kind={}", seen.map_or("sched", |seen| kind(&seen.record.event))),
    };
    let test = Predicate::parse(&text).ok()?;
    Some(Command::Find { machine: shown(model), test, forward })
}

/// Goes to what is chosen.
fn open(model: &mut Model) -> Option<Command> {
    if model.view == View::Console {
        return console::grab(model);
    }
    if model.view == View::Request {
        model.playing = false;
        let test = Predicate::parse(REQUEST_BEGIN).ok()?;
        return Some(Command::FindAny { test, forward: true });
    }
    let machine = model.machine()?;
    if model.view.is_list() {
        let number = list::current(model, machine)?.number;
        model.playing = false;
        return Some(jump(model, Command::Show(shown(model), number)));
    }
    let task = machine.selected.and_then(|serial| machine.trace.track(serial));
    let Some(tid) = task.map(|track| track.tid) else {
        model.notice = Some(model.words().choose_first.to_owned());
        return None;
    };
    let text = format!("tid={tid}");
    model.filter = (Predicate::parse(&text).unwrap_or(Predicate::Always), text);
    model.view = View::Calls;
    None
}

/// The tasks that can be chosen: those that live, or ended a moment ago.
fn choice(machine: &MachineModel, now: Time) -> Vec<Serial> {
    let tasks = machine.trace.tasks(now).iter();
    tasks
        .filter(|track| {
            machine.selected == Some(track.serial)
                || !matches!(track.doing(now), Some(Doing::Ended(_)))
        })
        .map(|track| track.serial)
        .collect()
}

fn choose(model: &mut Model, rows: i32) -> Option<Command> {
    if model.view.is_list() {
        let machine = model.machine()?;
        let next = list::step(model, machine, rows)?.number;
        model.machines.get_mut(model.shown)?.cursor = Some(next);
        return None;
    }
    if model.view == View::Files {
        choose_name(model, rows);
        return None;
    }
    let now = model.now;
    let machine = model.machines.get_mut(model.shown)?;
    let tasks = choice(machine, now);
    let last = tasks.len().checked_sub(1)?;
    let at = machine.selected.and_then(|chosen| tasks.iter().position(|task| *task == chosen));
    let far = rows.unsigned_abs() as usize;
    let next = match at {
        None if rows > 0 => 0,
        None => last,
        Some(at) if rows > 0 => (at + far).min(last),
        Some(at) => at.saturating_sub(far),
    };
    machine.selected = tasks.get(next).copied();
    None
}

/// Another name in the tree of files.
fn choose_name(model: &mut Model, rows: i32) {
    let Some(files) = model.files() else { return };
    let chosen = model.machine().and_then(|machine| machine.path.as_deref());
    let at = chosen.and_then(|path| files.names.iter().position(|name| name.path == path));
    let far = rows.unsigned_abs() as usize;
    let last = files.names.len().saturating_sub(1);
    let next = match at {
        None if rows > 0 => 0,
        None => last,
        Some(at) if rows > 0 => (at + far).min(last),
        Some(at) => at.saturating_sub(far),
    };
    let path = files.names.get(next).map(|name| name.path.clone());
    if let Some(machine) = model.machines.get_mut(model.shown) {
        machine.path = path;
    }
}

/// The policy that rules, as a place in the list.
pub(super) fn policy_now(model: &Model) -> Option<usize> {
    let policy = model.machine()?.snapshot.as_ref()?.policy;
    POLICIES.iter().position(|known| *known == policy)
}
