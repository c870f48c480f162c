//! The screen at fixed moments, compared with text files.
//!
//! The engine runs for real, the terminal does not: keys go into the model, replies are waited for, and
//! the view is drawn into a buffer. `OSCOPE_BLESS=1` writes the files anew.

use oscope_kernel::base::Time;
use oscope_tui::engine::{self, Engine};
use oscope_tui::model::Model;
use oscope_tui::update::{Message, update};
use oscope_tui::view;
use oscope_userland::scenario::WorldFile;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
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
        let engine = engine::start(file, until).expect("it boots");
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

    fn text(&self, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a buffer");
        let drawn = terminal.draw(|frame| view::draw(&self.model, frame.buffer_mut()));
        let buffer = drawn.expect("drawn").buffer.clone();
        let mut text = String::new();
        for y in 0..height {
            let row: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
            text.push_str(row.trim_end());
            text.push('\n');
        }
        text
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
    while screen.model.machines[0]
        .snapshot
        .as_ref()
        .is_some_and(|snapshot| snapshot.policy != "fifo")
    {
        screen.type_all("p");
    }
    compare("policy-80x24.txt", &screen.text(80, 24));
    screen.press(KeyCode::End);
    compare("end-80x24.txt", &screen.text(80, 24));
    compare("end-160x45.txt", &screen.text(160, 45));
    screen.press(KeyCode::Tab);
    compare("other-machine-80x24.txt", &screen.text(80, 24));
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
    while screen.model.machines[0]
        .snapshot
        .as_ref()
        .is_some_and(|snapshot| snapshot.policy != "fifo")
    {
        screen.type_all("p");
    }
    screen.type_all("llllllll");
    let (then, picture) = (screen.model.now, screen.text(160, 45));
    screen.type_all("g");
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
        for key in "llGhhg-----------------------+l.,pG".chars() {
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
        screen.type_all("+");
        screen.text(80, 24);
    }
    for _ in 0..60 {
        screen.type_all("-");
        screen.text(80, 24);
    }
    assert!(screen.text(40, 10).starts_with("oscope needs 60 x 16 cells"));
    assert_eq!(screen.model.machines[0].trace.tasks(Time::ZERO).len(), 0);
}
