//! The screen at fixed moments, compared with text files.
//!
//! The engine runs for real, the terminal does not: keys go into the model, replies are waited for, and
//! the view is drawn into a buffer. `OSCOPE_BLESS=1` writes the files anew.

use oscope_kernel::base::{Rng, Time};
use oscope_kernel::event::{Event, SchedEvent};
use oscope_kernel::sched::POLICIES;
use oscope_tui::engine::{self, Engine};
use oscope_tui::keys::{Action, KEYS};
use oscope_tui::model::{Model, Over, View};
use oscope_tui::source::Source;
use oscope_tui::text;
use oscope_tui::update::{Message, Target, update};
use oscope_tui::view;
use oscope_userland::scenario::WorldFile;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use std::path::PathBuf;

/// A world of these tests alone, so that the built-in ones may change.
const WORLD: &str = r#"
edition = "2026"
until = "80ms"

[machines.box]
cpus = 2
scheduler = { policy = "rr", quantum = "4ms" }
programs = [
  { command = ["hog", "20"] },
  { command = ["hog", "12"] },
  { command = ["hog", "9"] },
  { command = ["blink", "500", "4000", "10"] },
]

[machines.left]
programs = [{ command = ["init"] }]
"#;

struct Screen {
    model: Model,
    engine: Engine,
}

impl Screen {
    fn open() -> Self {
        Self::open_world(WORLD)
    }

    fn open_world(text: &str) -> Self {
        let file = WorldFile::parse("test", text).expect("a world");
        let until = file.until().expect("a time");
        let engine = engine::start(Source::World(Box::new(file)), until).expect("it boots");
        let mut model = Model::new("test", until, &engine.machines);
        model.ascii = true;
        let mut screen = Self { model, engine };
        screen.settle();
        screen
    }

    /// Waits until the engine has answered everything.
    fn settle(&mut self) {
        while self.model.pending > 0 {
            let reply = self.engine.replies.recv().expect("the engine lives");
            update(&mut self.model, Message::Reply(Box::new(reply)));
        }
    }

    fn press(&mut self, code: KeyCode) {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        if let Some(command) = update(&mut self.model, Message::Key(key)) {
            self.engine.commands.send(command).expect("the engine lives");
        }
        self.settle();
    }

    fn type_all(&mut self, keys: &str) {
        for key in keys.chars() {
            self.press(KeyCode::Char(key));
        }
    }

    /// Opens the choice of a policy and takes that one.
    fn policy(&mut self, key: &str, name: &str) {
        self.type_all(key);
        let wanted = POLICIES.iter().position(|policy| *policy == name).expect("known");
        loop {
            match self.model.over {
                Some(Over::Policies { at, .. }) if at < wanted => self.press(KeyCode::Down),
                Some(Over::Policies { at, .. }) if at > wanted => self.press(KeyCode::Up),
                _ => break,
            }
        }
        self.press(KeyCode::Enter);
    }

    fn text(&self, width: u16, height: u16) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        for (area, _) in view::draw(&self.model, &mut buffer) {
            assert!(area.right() <= width && area.bottom() <= height, "{area:?}");
        }
        text::of_buffer(&buffer)
    }
}

fn compare(name: &str, text: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "screens", name].iter().collect();
    if std::env::var_os("OSCOPE_BLESS").is_some() {
        std::fs::write(&path, text).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{name} differs; OSCOPE_BLESS=1 writes it anew\n--- expected\n{expected}--- drawn\n{text}"
    );
}

#[test]
fn the_start() {
    let screen = Screen::open();
    compare("start-80x24.txt", &screen.text(80, 24));
    compare("start-160x45.txt", &screen.text(160, 45));
}

#[test]
fn some_steps_in_with_a_task_chosen() {
    let mut screen = Screen::open();
    screen.type_all("llllllllllllll");
    screen.press(KeyCode::Down);
    screen.press(KeyCode::Down);
    compare("chosen-80x24.txt", &screen.text(80, 24));
    compare("chosen-160x45.txt", &screen.text(160, 45));
    screen.type_all("?");
    compare("help-80x24.txt", &screen.text(80, 24));
}

#[test]
fn another_policy_and_the_end() {
    let mut screen = Screen::open();
    screen.type_all("lllllp");
    compare("policies-80x24.txt", &screen.text(80, 24));
    screen.press(KeyCode::Esc);
    screen.policy("p", "mlfq");
    compare("policy-80x24.txt", &screen.text(80, 24));
    screen.press(KeyCode::End);
    compare("end-80x24.txt", &screen.text(80, 24));
    compare("end-160x45.txt", &screen.text(160, 45));
    screen.press(KeyCode::Tab);
    compare("other-machine-80x24.txt", &screen.text(80, 24));
}

#[test]
fn every_view_in_both_languages() {
    let mut screen = Screen::open();
    screen.type_all("lllllllllllllllllllllllll");
    for (lang, key) in [("en", "L"), ("ko", "L")] {
        for (name, keys) in [("request", "1"), ("cpu", "2"), ("calls", "4"), ("log", "0")] {
            screen.type_all(keys);
            compare(&format!("{name}-{lang}-80x24.txt"), &screen.text(80, 24));
        }
        screen.type_all("!");
        compare(&format!("why-{lang}-80x24.txt"), &screen.text(80, 24));
        screen.press(KeyCode::Esc);
        screen.type_all("2i");
        compare(&format!("explain-{lang}-80x24.txt"), &screen.text(80, 24));
        screen.press(KeyCode::Esc);
        screen.type_all("?");
        compare(&format!("keys-{lang}-80x24.txt"), &screen.text(80, 24));
        screen.press(KeyCode::Esc);
        screen.type_all(key);
    }
}

/// Two processes after fork(2), and a process with threads beside a stranger.
const MEMORY: &str = r#"
edition = "2026"
until = "30ms"

[machines.forked]
memory = "1MiB"
programs = [{ command = ["splitter", "12"] }]

[machines.threads]
cpus = 2
memory = "1MiB"
programs = [{ command = ["sharers", "3", "6"] }, { command = ["hog", "12"] }]
"#;

#[test]
fn blocks_and_holes_are_seen() {
    let mut screen = Screen::open_world(include_str!("../../userland/worlds/partitions.toml"));
    screen.type_all("3g70ms");
    screen.press(KeyCode::Enter);
    compare("memory-blocks-80x24.txt", &screen.text(80, 24));
    compare("memory-blocks-160x45.txt", &screen.text(160, 45));
}

#[test]
fn memory_is_seen_by_whom() {
    let mut screen = Screen::open_world(MEMORY);
    screen.type_all("3g8ms");
    screen.press(KeyCode::Enter);
    compare("memory-cow-80x24.txt", &screen.text(80, 24));
    compare("memory-cow-200x60.txt", &screen.text(200, 60));
    screen.press(KeyCode::Right);
    screen.press(KeyCode::Down);
    compare("memory-space-80x24.txt", &screen.text(80, 24));
    screen.type_all("L");
    compare("memory-space-ko-80x24.txt", &screen.text(80, 24));
    screen.type_all("L");
    screen.press(KeyCode::Tab);
    screen.type_all("g8ms");
    screen.press(KeyCode::Enter);
    compare("memory-threads-80x24.txt", &screen.text(80, 24));
}

/// A step in this view is a page fault or a process that comes or goes, and one can be taken back.
#[test]
fn steps_of_memory_go_forth_and_back() {
    let mut screen = Screen::open_world(MEMORY);
    screen.type_all("3");
    // All but the timeline, which remembers how far one has been.
    let text =
        |screen: &Screen| screen.text(80, 24).lines().take(22).collect::<Vec<_>>().join("\n");
    let mut drawn = Vec::new();
    for _ in 0..20 {
        screen.press(KeyCode::Right);
        drawn.push(text(&screen));
    }
    drawn.pop();
    for expected in drawn.iter().rev() {
        screen.press(KeyCode::Left);
        assert_eq!(text(&screen), *expected);
    }
}

#[test]
fn two_futures_are_compared_and_nothing_changes() {
    let mut screen = Screen::open();
    screen.type_all("lllll");
    let before = screen.text(80, 24);
    screen.policy("f", "fifo");
    compare("futures-80x24.txt", &screen.text(80, 24));
    let Some(Over::Futures(futures)) = &screen.model.over else {
        panic!("futures are shown");
    };
    assert_eq!((futures.left.0, futures.right.0), ("rr", "fifo"));
    assert!(futures.right.1.switches < futures.left.1.switches, "no slices, fewer switches");
    assert!(futures.differs.is_some_and(|time| time >= screen.model.now));
    screen.press(KeyCode::Esc);
    assert_eq!(screen.text(80, 24), before);
    screen.policy("f", "rr");
    let same = screen.model.over.as_ref();
    assert!(matches!(same, Some(Over::Futures(f)) if f.left.1.turnaround == f.right.1.turnaround));
}

#[test]
fn conditions_filter_and_stop() {
    let mut screen = Screen::open();
    screen.type_all("b");
    screen.type_all("task=blink kind=sched.block");
    screen.press(KeyCode::Enter);
    let (_, record) = screen.model.event.expect("it stopped");
    assert!(matches!(record.event, Event::Sched(SchedEvent::Block { .. })));
    let stopped = screen.model.now;
    screen.type_all("]");
    assert!(screen.model.now > stopped, "the next one of its kind");
    screen.type_all("[");
    assert_eq!(screen.model.now, stopped);
    screen.type_all("/cpu=");
    screen.press(KeyCode::Enter);
    compare("wrong-filter-80x24.txt", &screen.text(80, 24));
    screen.type_all("1 why=slice");
    screen.press(KeyCode::Enter);
    screen.press(KeyCode::End);
    compare("filter-80x24.txt", &screen.text(80, 24));
    screen.type_all(":go 33ms");
    screen.press(KeyCode::Enter);
    assert_eq!(screen.model.now, Time(33_000_000));
    screen.type_all(":stop call=openat");
    screen.press(KeyCode::Enter);
    assert_eq!(screen.model.notice.as_deref(), Some("No such event on this machine in this run."));
}

#[test]
fn clicks_do_what_keys_do() {
    let mut screen = Screen::open();
    screen.type_all("llllllll");
    let click = |screen: &mut Screen, wanted: &dyn Fn(Target) -> bool| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        let zones = view::draw(&screen.model, &mut buffer);
        let (area, _) = zones.iter().find(|(_, target)| wanted(*target)).expect("on the screen");
        let target = view::hit(&zones, area.x, area.y).expect("a target");
        if let Some(command) = update(&mut screen.model, Message::Click(target)) {
            screen.engine.commands.send(command).expect("the engine lives");
        }
        screen.settle();
    };
    click(&mut screen, &|target| matches!(target, Target::Task(_)));
    assert!(screen.model.machines[0].selected.is_some());
    click(&mut screen, &|target| target == Target::Tab(View::Log));
    assert_eq!(screen.model.view, View::Log);
    click(&mut screen, &|target| matches!(target, Target::Record(_)));
    assert!(screen.model.machines[0].cursor.is_some());
    click(&mut screen, &|target| matches!(target, Target::Moment(time) if time > Time(30_000_000)));
    assert!(screen.model.now > Time(30_000_000));
    click(&mut screen, &|target| target == Target::Act(Action::Help));
    assert!(matches!(screen.model.over, Some(Over::Help(_))));
}

/// Any keys, clicks, wheels and sizes, in any order.
#[test]
fn nothing_that_anybody_does_panics_or_leaves_the_screen() {
    let mut rng = Rng::new(7);
    for round in 0..6 {
        let mut screen = Screen::open();
        for _ in 0..250 {
            let key = KEYS[rng.below(KEYS.len() as u64) as usize].keys.first().copied();
            let typed = char::from_u32(32 + rng.below(95) as u32).unwrap_or(' ');
            let code = match rng.below(4) {
                0 => KeyCode::Char(typed),
                1 => KeyCode::Enter,
                _ => key.unwrap_or(KeyCode::Esc),
            };
            let writes = screen.model.prompt.as_ref().is_some_and(|p| p.text.starts_with('w'));
            let code = if writes { KeyCode::Esc } else { code };
            screen.press(code);
            let (width, height) = (rng.below(170) as u16 + 1, rng.below(60) as u16 + 1);
            let mut buffer = Buffer::empty(Rect::new(3, 2, width, height));
            let zones = view::draw(&screen.model, &mut buffer);
            if round % 2 == 0 && !zones.is_empty() {
                let (_, target) = zones[rng.below(zones.len() as u64) as usize];
                if let Some(command) = update(&mut screen.model, Message::Click(target)) {
                    screen.engine.commands.send(command).expect("the engine lives");
                }
                screen.settle();
            }
        }
    }
}

#[test]
fn going_back_shows_what_was_there() {
    let mut screen = Screen::open();
    let mut pictures = vec![(screen.model.now, screen.text(80, 24))];
    for _ in 0..25 {
        screen.type_all("l");
        pictures.push((screen.model.now, screen.text(80, 24)));
    }
    assert!(pictures.windows(2).all(|pair| pair[0].0 < pair[1].0), "each step moves on");
    // What the timeline knows of the future is the only thing that may differ.
    let without_timeline = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.remove(22);
        lines
    };
    for (time, picture) in pictures.iter().rev().skip(1) {
        screen.type_all("h");
        assert_eq!(screen.model.now, *time);
        assert_eq!(without_timeline(&screen.text(80, 24)), without_timeline(picture));
    }
}

#[test]
fn a_changed_policy_is_part_of_the_past_when_one_comes_by_again() {
    let mut screen = Screen::open();
    screen.type_all("lllll");
    screen.policy("p", "fifo");
    screen.type_all("llllllll");
    let (then, picture) = (screen.model.now, screen.text(160, 45));
    screen.press(KeyCode::Home);
    assert_eq!(screen.model.machines[0].snapshot.as_ref().map(|s| s.policy), Some("rr"));
    while screen.model.now < then {
        screen.type_all("l");
    }
    // The notice is gone, and nothing else has changed.
    assert_eq!(screen.text(160, 45), picture);
}

#[test]
fn single_events_go_forth_and_back() {
    let mut screen = Screen::open();
    screen.type_all("...");
    let (_, record) = screen.model.event.expect("an event is shown");
    assert!(record.stamp.time < screen.model.now);
    let forth = screen.text(80, 24);
    screen.type_all(".,");
    assert_eq!(screen.text(80, 24).lines().nth(20), forth.lines().nth(20));
    for _ in 0..50 {
        screen.type_all(",");
    }
    assert!(screen.model.event.is_some_and(|(number, _)| number == 1));
}

#[test]
fn runs_of_no_length_and_of_centuries_can_be_drawn() {
    for until in ["0ns", "1ns", "7ns", "18446744073s"] {
        // Without `init`, which would wake up every second, for centuries.
        let text = WORLD.replace("80ms", until).replace("\"init\"", "\"hog\", \"1\"");
        let text = text.replace("{ command = [\"hog\", \"20\"] },", "");
        let mut screen = Screen::open_world(&text);
        for key in "llGhhZZZZZZZZZZZZZZZZZZZZZZZzl.,G4G0h2xl".chars() {
            screen.type_all(&key.to_string());
            screen.text(80, 24);
            screen.text(200, 60);
        }
    }
}

#[test]
fn every_size_and_scale_can_be_drawn() {
    let mut screen = Screen::open();
    screen.type_all("llllllllll");
    for key in ["", "?"] {
        screen.type_all(key);
        for (width, height) in (1..100).zip((1..60).cycle()).chain([(500, 3), (3, 500), (300, 200)])
        {
            screen.text(width, height);
        }
    }
    screen.type_all("q");
    for _ in 0..30 {
        screen.type_all("z");
        screen.text(80, 24);
    }
    for _ in 0..60 {
        screen.type_all("Z");
        screen.text(80, 24);
    }
    assert!(screen.text(40, 10).starts_with("oscope needs 60 x 16 cells"));
    assert_eq!(screen.model.machines[0].trace.tasks(Time::ZERO).len(), 0);
}
