//! The request view on the three-tier system, and a lesson beside its machine, with the engine running for real.

use oscope_tui::engine::{self, Engine};
use oscope_tui::lang::Lang;
use oscope_tui::lesson::Lesson;
use oscope_tui::lesson::reading::Reading;
use oscope_tui::lesson::shelf::Folder;
use oscope_tui::model::{LessonModel, Model, View};
use oscope_tui::source::Source;
use oscope_tui::text;
use oscope_tui::update::{Message, lesson, update};
use oscope_tui::view;
use oscope_userland::bin::steps::STEPS;
use oscope_userland::scenario::open;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

struct Screen {
    model: Model,
    engine: Engine,
}

impl Screen {
    fn of(name: &str, source: Source, until: oscope_kernel::base::Time) -> Self {
        let engine = engine::start(source, until).expect("it boots");
        let model = Model::new(name, until, &engine.machines);
        let mut screen = Self { model, engine };
        screen.settle();
        screen
    }

    fn settle(&mut self) {
        while self.model.pending > 0 {
            let reply = self.engine.replies.recv().expect("the engine lives");
            // A view that opens may need a picture.
            if let Some(command) = update(&mut self.model, Message::Reply(Box::new(reply))) {
                self.engine.commands.send(command).expect("the engine lives");
            }
        }
    }

    fn press(&mut self, code: KeyCode) {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        if let Some(command) = update(&mut self.model, Message::Key(key)) {
            self.engine.commands.send(command).expect("the engine lives");
        }
        self.settle();
    }

    fn type_line(&mut self, text: &str) {
        for c in text.chars() {
            self.press(KeyCode::Char(c));
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

#[test]
fn one_request_is_followed_through_all_machines() {
    let file = open("three-tier").expect("a built-in world");
    let source = Source::World(Box::new(file.clone()));
    let (rest, view) = source.opens().expect("it says where the screen opens");
    let until = file.until().expect("a time");
    let mut screen = Screen::of("three-tier", source, until);
    screen.model.view = view;
    screen.engine.commands.send(engine::Command::Go(rest)).expect("the engine lives");
    screen.model.pending += 1;
    screen.settle();
    let words = Lang::En.request();
    assert!(screen.text(80, 24).contains(words.enter), "{}", screen.text(80, 24));
    // The first request that needs the database and misses its cache: all steps, each once or more, in their order.
    let miss = loop {
        screen.press(KeyCode::Enter);
        let mut seen = vec![1];
        while !screen.text(80, 24).contains(" 21/21") {
            screen.press(KeyCode::Right);
            let text = screen.text(160, 45);
            let caption = text.lines().find_map(|line| line.strip_prefix("> ")?.split_once("/21"));
            let (number, _) = caption.expect("a caption");
            seen.push(number.trim().parse().expect("a step's number"));
            assert!(text.contains('@'), "somebody has it: {text}");
            if number.trim() == "21" {
                break;
            }
        }
        if seen.contains(&12) {
            break seen;
        }
    };
    let mut rest = miss.iter();
    for (at, (_, caption)) in STEPS.iter().enumerate() {
        assert!(rest.any(|number| *number == at + 1), "not in its place: {caption} in {miss:?}");
    }
    let text = screen.text(160, 45);
    assert!(text.contains("SELECT id, name, price") && text.contains("disk 9"), "{text}");
    screen.press(KeyCode::Left);
    assert!(screen.text(160, 45).contains("> 20/21"), "{}", screen.text(160, 45));
    for (width, height) in [(60, 16), (80, 24), (111, 30), (112, 30), (200, 60)] {
        screen.text(width, height);
    }
}

/// A lesson of these tests alone.
const LESSON: &str = r#"+++
edition = "2026"
title = "Two spaces"
goal = "Count what a fork copies."
minutes = 1
world = "cow"
view = "memory"
source = ["x#y"]

[values]
copies = { count = "kind=memory.fault", where = { repair = "copy" } }
forked = { time = "call=clone" }
frames = { memory = "frames", at = "start" }
+++

## Look

It forks at {forked}, with {frames} frames.

```run
to = "call=clone"
```

## How many copies?

```predict
answer = "copies"
wrong = { "400" = "So many frames there are not." }
hints = ["Look up.", "Look down.", "Look at the cells."]
right = "One for each page."
```

```run
to = "call=clone"
```

## More memory

```change
ask = "Give it more."
set = "box.memory"
goal = "frames > 300"
reference = "2MiB"
wrong = "1MiB"
say = "There are no more frames."
```

## Last question

```predict
choices = [
  { label = "before", when = "forked > 1000000000" },
  { label = "after", when = "forked < 1000000000", say = "" },
]
hints = ["a", "b", "c"]
right = "So it is."
```
"#;

fn lesson_screen() -> Screen {
    let folder = Folder {
        name: "99-test".to_owned(),
        files: [("en.md".to_owned(), LESSON.to_owned())].into(),
    };
    let (lesson, faults) = Lesson::read(&folder, Lang::En, 0);
    assert_eq!(faults, []);
    let (source, until) = lesson.plan.source(&(Vec::new(), None)).expect("a world");
    let mut screen = Screen::of("cow", source, until);
    let reading = Reading::open(lesson, Lang::En).expect("a lesson");
    screen.model.lesson = Some(LessonModel { reading, scroll: 0, is_front: true, file: None });
    let command = lesson::open(&mut screen.model, 0).expect("the machine goes somewhere");
    screen.engine.commands.send(command).expect("the engine lives");
    screen.model.pending += 1;
    screen.settle();
    screen
}

fn reading(screen: &Screen) -> &Reading {
    &screen.model.lesson.as_ref().expect("a lesson").reading
}

#[test]
fn a_lesson_asks_before_it_shows() {
    let mut screen = lesson_screen();
    assert_eq!(screen.model.view, View::Memory);
    let wide = screen.text(160, 45);
    assert!(wide.contains("Two spaces") && wide.contains("who sees which frames"), "{wide}");
    assert!(wide.contains("with 256 frames"), "figures are those of the run: {wide}");
    let narrow = screen.text(80, 24);
    assert!(narrow.contains("It forks at") && !narrow.contains("who sees"), "{narrow}");
    // Enter goes on to the question; until it is answered the machine stays where it is.
    screen.press(KeyCode::Enter);
    let now = screen.model.now;
    for key in [KeyCode::Right, KeyCode::Char('.'), KeyCode::Char(' '), KeyCode::End] {
        screen.press(key);
        assert_eq!(screen.model.now, now, "{key:?} shows what comes");
    }
    screen.press(KeyCode::Enter);
    screen.type_line("400");
    assert!(screen.text(80, 24).contains("So many frames there are not."));
    for said in ["Look up.", "Look down.", "Look at the cells."] {
        screen.press(KeyCode::Char('H'));
        assert!(screen.text(80, 24).contains(said), "{}", screen.text(80, 24));
    }
    assert!(reading(&screen).waits());
    screen.press(KeyCode::Enter);
    screen.type_line("6");
    assert!(screen.text(80, 24).contains("One for each page."), "{}", screen.text(80, 24));
    screen.press(KeyCode::Right);
    assert!(screen.model.now > now, "the future is open");
}

#[test]
fn a_change_is_judged_by_a_run_of_its_own() {
    let mut screen = lesson_screen();
    screen.type_line("nn"); // n is a key here; Enter opens the prompt of the change
    screen.type_line("1MiB");
    assert!(screen.text(80, 24).contains("There are no more frames."), "{}", screen.text(80, 24));
    screen.press(KeyCode::Enter);
    screen.type_line("lots");
    assert!(reading(&screen).waits() && !reading(&screen).said.clone().expect("said").0);
    screen.press(KeyCode::Enter);
    screen.type_line("2MiB");
    assert!(!reading(&screen).waits(), "{}", screen.text(80, 24));
    screen.press(KeyCode::Enter);
    screen.press(KeyCode::Enter);
    screen.type_line("z");
    assert!(screen.text(80, 24).contains("expected a letter from a to b"));
    screen.press(KeyCode::Enter);
    screen.type_line("b");
    assert!(screen.text(80, 24).contains("So it is."), "{}", screen.text(80, 24));
    screen.press(KeyCode::Char('P'));
    assert_eq!(reading(&screen).at, 2);
    // On a narrow screen 5 turns between the text and the machine.
    screen.press(KeyCode::Char('5'));
    assert!(screen.text(80, 24).contains("who sees"), "{}", screen.text(80, 24));
}
