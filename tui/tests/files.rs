//! The files view and the console, compared with text files; typing on a console.

use oscope_kernel::base::Time;
use oscope_tui::engine::{self, Command, Engine};
use oscope_tui::model::{Model, View};
use oscope_tui::source::Source;
use oscope_tui::text;
use oscope_tui::update::{Message, update};
use oscope_tui::view;
use oscope_userland::scenario::WorldFile;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use std::path::PathBuf;

/// A script that leaves files open: before a fork, after it, and a pipe. Of these tests alone.
const WORLD: &str = r#"
edition = "2026"
until = "100ms"

[machines.box]
memory = "64MiB"
root = "initramfs"
programs = [
  { command = ["sh", "-c", "seq 400 >/tmp/numbers; exec 3</tmp/numbers; head -n 2 <&3 >/dev/null; (exec 4</tmp/numbers; sleep 9; cat </tmp/numbers) | sleep 9; ls /no/such"] },
]
"#;

struct Screen {
    model: Model,
    engine: Engine,
}

impl Screen {
    fn open() -> Self {
        let file = WorldFile::parse("test", WORLD).expect("a world");
        let until = file.until().expect("a time");
        let engine = engine::start(Source::World(Box::new(file)), until).expect("it boots");
        let mut model = Model::new("test", until, &engine.machines);
        model.ascii = true;
        let mut screen = Self { model, engine };
        screen.settle();
        screen
    }

    fn settle(&mut self) {
        while self.model.pending > 0 {
            let reply = self.engine.replies.recv().expect("the engine lives");
            update(&mut self.model, Message::Reply(Box::new(reply)));
        }
    }

    fn tell(&mut self, message: Message) -> Option<Command> {
        let command = update(&mut self.model, message);
        if let Some(command) = command.clone() {
            self.engine.commands.send(command).expect("the engine lives");
        }
        self.settle();
        command
    }

    fn press(&mut self, code: KeyCode) {
        self.tell(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn control(&mut self, c: char) {
        self.tell(Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
    }

    fn text(&self, width: u16, height: u16) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        for (area, _) in view::draw(&self.model, &mut buffer) {
            assert!(area.right() <= width && area.bottom() <= height, "{area:?}");
        }
        text::of_buffer(&buffer)
    }

    /// Types a line, and lets the machine answer.
    fn line(&mut self, text: &str) {
        self.tell(Message::Paste(format!("{text}\n")));
        for _ in 0..4 {
            self.tell(Message::Tick);
        }
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
fn who_shares_an_open_file_with_whom() {
    let mut screen = Screen::open();
    screen.press(KeyCode::End);
    screen.press(KeyCode::Char('7'));
    let files = screen.model.files().expect("a picture");
    let numbers: Vec<_> = files.open.iter().filter(|open| open.name == "/tmp/numbers").collect();
    assert_eq!(numbers.len(), 2, "opened once before the fork and once after it: {numbers:#?}");
    let [shared, own] = [numbers[0], numbers[1]];
    assert!(shared.holders.len() > own.holders.len());
    assert!(shared.offset > 0 && own.offset == 0, "head has read through the shared one");
    let missing = files.names.iter().find(|name| name.path == "/tmp/numbers").expect("looked up");
    assert_eq!(missing.attributes.expect("in memory").size, 1492);
    compare("files-80x24.txt", &screen.text(80, 24));
    compare("files-160x45.txt", &screen.text(160, 45));
    screen.press(KeyCode::PageDown);
    screen.press(KeyCode::Char('L'));
    compare("files-ko-80x24.txt", &screen.text(80, 24));
}

#[test]
fn the_console_has_a_shell_and_the_keys_go_to_it() {
    let mut screen = Screen::open();
    screen.press(KeyCode::End);
    screen.press(KeyCode::Char('8'));
    compare("console-80x24.txt", &screen.text(80, 24));
    screen.press(KeyCode::Enter);
    assert!(screen.model.grabbed);
    screen.line("echo $((6*7)) | tr 4 5");
    screen.line("sleep 100");
    screen.control('c');
    for _ in 0..4 {
        screen.tell(Message::Tick);
    }
    screen.line("echo q is no quit: $?");
    let text = screen.text(80, 24);
    assert!(!screen.model.quit);
    compare("console-typed-80x24.txt", &text);
    assert!(text.contains("\n52") && text.contains("no quit: 130"), "{text}");
    screen.control(']');
    assert!(!screen.model.grabbed);
    screen.press(KeyCode::Char('2'));
    assert_eq!(screen.model.view, View::Cpu);
}

#[test]
fn typing_in_the_past_makes_another_future() {
    let mut screen = Screen::open();
    screen.press(KeyCode::End);
    screen.press(KeyCode::Char('8'));
    screen.press(KeyCode::Enter);
    screen.line("echo first");
    let end = screen.model.now;
    screen.control(']');
    screen.tell(Message::Tick);
    screen.press(KeyCode::Home);
    assert!(screen.model.now < end);
    let before = screen.text(80, 24);
    assert!(!before.contains("first"), "{before}");
    screen.press(KeyCode::End);
    assert!(screen.text(80, 24).contains("first"), "what was typed is part of the run");
    assert!(screen.model.now >= end.max(Time(1)));
}
