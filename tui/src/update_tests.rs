//! The model, driven by hand: no engine, no terminal.

use super::{Message, update};
use crate::engine::{Command, MachineInfo, Reply};
use crate::model::Model;
use crate::model::Over;
use crate::trace::Seen;
use oscope_kernel::base::{Duration, MachineId, Serial, Time};
use oscope_kernel::event::{Event, Record, Stamp, Symbol, TaskEvent};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn model() -> Model {
    let machine =
        |name: &str| MachineInfo { name: name.to_owned(), cpus: 1, scheduler: Default::default() };
    let machines = [machine("left"), machine("right")];
    let mut model = Model::new("w", Time(1_000_000), &machines);
    answer(&mut model, 10, Vec::new());
    model
}

fn answer(model: &mut Model, now: u64, news: Vec<Seen>) {
    let reply = Reply {
        acts: Vec::new(),
        now: Time(now),
        reached: Time(now),
        snapshots: Vec::new(),
        until: Time(1_000_000),
        picture: None,
        script: None,
        news: vec![news, Vec::new()],
        restart: false,
        event: None,
        stuck: None,
        missed: false,
        said: None,
        futures: None,
        done: true,
    };
    update(model, Message::Reply(Box::new(reply)));
}

fn press(model: &mut Model, code: KeyCode) -> Option<Command> {
    update(model, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn born(number: u64, time: u64) -> Seen {
    let event = Event::Task(TaskEvent::Start {
        child: Serial(u32::try_from(number).expect("small")),
        tid: 1,
        pid: 1,
        name: Symbol(0),
    });
    let stamp = Stamp { time: Time(time), ..Stamp::default() };
    Seen { number, record: Record { stamp, event }, name: Some("x".into()), detail: None }
}

#[test]
fn arrows_ask_the_engine_and_do_not_wait_for_it() {
    let mut model = model();
    let right = press(&mut model, KeyCode::Right);
    assert_eq!(right, Some(Command::Forward(MachineId(0))));
    assert_eq!(model.now, Time(10), "nothing moves before the answer");
    answer(&mut model, 25, Vec::new());
    assert_eq!((model.now, model.pending), (Time(25), 0));
}

#[test]
fn a_key_held_down_does_not_outrun_the_engine() {
    let mut model = model();
    let asked = (0..1_000).filter(|_| press(&mut model, KeyCode::Right).is_some());
    assert!(asked.count() < 100);
}

#[test]
fn playing_steps_once_per_answer_and_stops_at_the_end() {
    let mut model = model();
    assert_eq!(press(&mut model, KeyCode::Char(' ')), None);
    assert!(model.playing);
    assert!(update(&mut model, Message::Tick).is_some());
    assert!(update(&mut model, Message::Tick).is_none(), "not answered yet");
    answer(&mut model, 1_000_000, Vec::new());
    assert!(update(&mut model, Message::Tick).is_none());
    assert!(!model.playing);
    assert_eq!(press(&mut model, KeyCode::Right), None);
    assert!(model.notice.is_some());
}

#[test]
fn machines_go_round() {
    let mut model = model();
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.shown, 1);
    let step = press(&mut model, KeyCode::Char('l'));
    assert_eq!(step, Some(Command::Forward(MachineId(1))));
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.shown, 0);
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.shown, 1);
}

#[test]
fn a_task_is_chosen_and_forgotten_when_it_is_not_born_any_more() {
    let mut model = model();
    answer(&mut model, 50, vec![born(1, 5), born(2, 40)]);
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Down);
    assert_eq!(model.machines[0].selected, Some(Serial(2)));
    press(&mut model, KeyCode::Down);
    assert_eq!(model.machines[0].selected, Some(Serial(2)), "the last one");
    answer(&mut model, 20, Vec::new());
    assert_eq!(model.machines[0].selected, None);
}

#[test]
fn help_swallows_the_key_that_closes_it_but_never_quit() {
    let mut model = model();
    press(&mut model, KeyCode::Char('?'));
    assert!(matches!(model.over, Some(Over::Help(_))));
    assert_eq!(press(&mut model, KeyCode::Right), None);
    assert!(model.over.is_none());
    press(&mut model, KeyCode::Char('?'));
    press(&mut model, KeyCode::Char('q'));
    assert!(model.quit);
}

#[test]
fn commands_are_typed_completed_and_corrected() {
    let mut model = model();
    let type_all = |model: &mut Model, text: &str| {
        for c in text.chars() {
            press(model, KeyCode::Char(c));
        }
    };
    type_all(&mut model, ":th");
    press(&mut model, KeyCode::Tab);
    type_all(&mut model, "m");
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.prompt.as_ref().map(|p| p.text.as_str()), Some("theme mono"));
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.theme, crate::theme::Theme::Mono);
    type_all(&mut model, ":go nowhere");
    assert_eq!(press(&mut model, KeyCode::Enter), None);
    assert!(model.prompt.as_ref().is_some_and(|p| p.note.contains("`nowhere` is no time")));
    press(&mut model, KeyCode::Esc);
    type_all(&mut model, "g7us");
    assert_eq!(press(&mut model, KeyCode::Enter), Some(Command::Go(Time(7_000))));
    assert!(model.prompt.is_none());
}

#[test]
fn marks_and_jumps_are_found_again() {
    let mut model = model();
    press(&mut model, KeyCode::Char('m'));
    answer(&mut model, 500, Vec::new());
    let jump = press(&mut model, KeyCode::Char('\''));
    assert_eq!(jump, Some(Command::Go(Time(10))));
    let back = KeyEvent::new(KeyCode::Char('o'), KeyModifiers::CONTROL);
    assert_eq!(update(&mut model, Message::Key(back)), Some(Command::Go(Time(500))));
    assert_eq!(update(&mut model, Message::Key(back)), None);
}

#[test]
fn zoom_stays_within_its_bounds() {
    let mut model = model();
    for key in ['z', 'Z'] {
        for _ in 0..100 {
            press(&mut model, KeyCode::Char(key));
            assert!(model.column() > Duration::ZERO);
        }
    }
}
