//! The terminal: waits for keys and replies, and draws.
//!
//! Keys are read on a host thread of their own, so that one wait covers all that can happen; while the run
//! is paused nothing else wakes this program.

use crate::engine::{self, Command, Engine};
use crate::export::cast::Cast;
use crate::keys::{Action, action};
use crate::lang::Lang;
use crate::lesson::reading::Reading;
use crate::model::{Effect, LessonModel, Model, SPEEDS};
use crate::session::{self, Session};
use crate::source::Source;
use crate::theme::Theme;
use crate::update::{Message, Target, console, effects, lesson, update};
use crate::view;
use crossbeam::channel::{Receiver, after, never, select, unbounded};
use oscope_kernel::base::Time;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event,
    MouseButton, MouseEvent, MouseEventKind, read,
};
use ratatui::crossterm::execute;
use ratatui::layout::Rect;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// How the screen looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Only ASCII.
    pub ascii: bool,
    /// No colours (`NO_COLOR`).
    pub mono: bool,
    /// Leave the mouse to the terminal.
    pub no_mouse: bool,
    /// The language.
    pub lang: Lang,
}

type Hook = dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync;

/// What wakes the screen.
enum Wake {
    Terminal(Option<Event>),
    Message(Message),
    EngineGone,
    /// Somebody asked this program to end (SIGTERM, SIGHUP).
    Terminate,
}

/// What is on the screen, and what has to be known of it to understand a click.
struct Screen<'a> {
    terminal: &'a mut ratatui::DefaultTerminal,
    zones: Vec<(Rect, Target)>,
    recording: Option<Recording>,
}

/// A recording that goes on: since when, and where it goes.
struct Recording {
    cast: Cast,
    since: Instant,
    path: String,
}

/// Shows a world until somebody quits; a lesson beside it, if there is one, comes back as it was left.
///
/// # Errors
/// What keeps the world from booting, or the terminal from being used, in words.
pub fn run(
    source: Source,
    session: Session,
    look: Look,
    lesson: Option<Reading>,
) -> Result<Option<Reading>, String> {
    let (name, until) = (session.world.clone(), Time(session.until_ns));
    let script = source.script().map(Arc::clone);
    let opens = source.opens();
    let engine = engine::start_with(source, until, session.acts.clone())?;
    let mut model = Model::new(&name, until, &engine.machines);
    if let Some(plan) = script {
        model.open_script(plan.source());
    }
    model.ascii = look.ascii;
    model.lang = look.lang;
    session.restore(&mut model);
    let mut at = Time(session.at_ns);
    if let Some((time, view)) = opens.filter(|_| session.at_ns == 0) {
        (at, model.view) = (time, view);
    }
    if at > Time::ZERO {
        model.pending += 1;
        let _ = engine.commands.send(Command::Go(at));
    }
    model.origin = session;
    if let Some(reading) = lesson {
        begin(&mut model, reading, &engine);
    }
    model.mouse = !look.no_mouse;
    if look.mono {
        // With NO_COLOR set crossterm drops reverse and bold too. The theme sets no colours by itself.
        ratatui::crossterm::style::force_color_output(true);
        model.theme = Theme::Mono;
    }
    let mut terminal = open_terminal().map_err(|error| format!("the terminal: {error}"))?;
    let result = listen(true, model.mouse).and_then(|()| {
        let mut screen = Screen { terminal: &mut terminal, zones: Vec::new(), recording: None };
        let shown = show(&mut screen, &mut model, &engine);
        screen.record(&mut model, None);
        shown
    });
    // What fails here fails because the terminal is gone.
    let _ = listen(false, false);
    ratatui::restore();
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the terminal: {error}"))
        }
        _ => Ok(model.lesson.map(|lesson| lesson.reading)),
    }
}

/// Opens a lesson where somebody left it.
fn begin(model: &mut Model, reading: Reading, engine: &Engine) {
    let at = reading.at;
    model.lesson = Some(LessonModel { reading, scroll: 0, is_front: true, file: None });
    if let Some(command) = lesson::open(model, at) {
        model.pending += 1;
        let _ = engine.commands.send(command);
    }
}

/// Asks the terminal for pastes and for the mouse, or no longer.
fn listen(pastes: bool, mouse: bool) -> io::Result<()> {
    let mut out = io::stdout();
    if pastes {
        execute!(out, EnableBracketedPaste)?;
    } else {
        execute!(out, DisableBracketedPaste)?;
    }
    if mouse { execute!(out, EnableMouseCapture) } else { execute!(out, DisableMouseCapture) }
}

/// Takes the terminal over, and sees to it that a panic gives it back.
///
/// A program of an emulated machine may panic too, on the engine's thread. That is its own affair and must
/// not take the screen away; and should the engine itself panic, the screen notices and ends in order.
fn open_terminal() -> io::Result<ratatui::DefaultTerminal> {
    let plain: Arc<Hook> = Arc::from(std::panic::take_hook());
    let inner = Arc::clone(&plain);
    std::panic::set_hook(Box::new(move |info| inner(info)));
    let terminal = ratatui::try_init()?;
    let restoring = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some(engine::THREAD) {
            plain(info);
        } else {
            let _ = listen(false, false);
            restoring(info);
        }
    }));
    Ok(terminal)
}

/// Reads the terminal on a host thread of its own; `None` is its end.
fn terminal_events() -> io::Result<Receiver<Option<Event>>> {
    let (sender, receiver) = unbounded();
    std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
        loop {
            let event = read().ok();
            let is_end = event.is_none();
            if sender.send(event).is_err() || is_end {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// Tells of the signals that ask a program to end.
fn signals() -> io::Result<Receiver<()>> {
    use signal_hook::consts::{SIGHUP, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP])?;
    let (sender, receiver) = unbounded();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            if sender.send(()).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}

fn show(screen: &mut Screen<'_>, model: &mut Model, engine: &Engine) -> io::Result<()> {
    let sources = Sources { events: terminal_events()?, signals: signals()? };
    while !model.quit {
        screen.draw(model)?;
        let mut wake = Some(wait(model, engine, &sources));
        // A resize storm, a paste or a burst of replies is taken in as a whole before the next frame.
        while let Some(next) = wake {
            match next {
                Wake::Terminal(None) | Wake::Terminate => return Ok(()),
                Wake::Terminal(Some(Event::Key(key))) => {
                    if action(&key) == Some(Action::Escape) && !model.grabbed {
                        engine.cancel.store(true, Ordering::Relaxed);
                    }
                    let size = screen.terminal.size()?;
                    if fits((size.width, size.height)) || action(&key) == Some(Action::Quit) {
                        handle(model, engine, Message::Key(key));
                    }
                }
                Wake::Terminal(Some(Event::Mouse(mouse))) => {
                    if let Some(message) = screen.understand(&mouse) {
                        handle(model, engine, message);
                    }
                }
                Wake::Terminal(Some(Event::Paste(text))) => {
                    handle(model, engine, Message::Paste(text));
                }
                Wake::Terminal(Some(_)) => {}
                Wake::Message(message) => handle(model, engine, message),
                Wake::EngineGone => {
                    return Err(io::Error::other("the engine of this world broke off"));
                }
            }
            for effect in effects(model) {
                screen.perform(model, effect)?;
            }
            wake = more(engine, &sources);
        }
    }
    Ok(())
}

impl Screen<'_> {
    fn draw(&mut self, model: &Model) -> io::Result<()> {
        let (zones, recording) = (&mut self.zones, &mut self.recording);
        self.terminal.draw(|frame| {
            *zones = view::draw(model, frame.buffer_mut());
            if let Some(recording) = recording {
                recording.cast.frame(frame.buffer_mut(), recording.since.elapsed());
            }
        })?;
        Ok(())
    }

    /// Ends a recording, if one goes on, and begins another one.
    fn record(&mut self, model: &mut Model, path: Option<String>) {
        let said = self.recording.take().map(|old| written(model, &old.path, old.cast.text()));
        let begun = path.as_ref().map(|path| format!("{} {path}", model.words().recording));
        self.recording =
            path.map(|path| Recording { cast: Cast::default(), since: Instant::now(), path });
        if let Some(said) = begun.or(said) {
            update(model, Message::Said(said));
        }
    }

    /// What a mouse means: a click, the timeline dragged, or the wheel.
    fn understand(&self, mouse: &MouseEvent) -> Option<Message> {
        let target = || view::hit(&self.zones, mouse.column, mouse.row);
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => target().map(Message::Click),
            MouseEventKind::Drag(MouseButton::Left) => {
                target().filter(|target| matches!(target, Target::Moment(_))).map(Message::Click)
            }
            MouseEventKind::ScrollDown => Some(Message::Wheel(true)),
            MouseEventKind::ScrollUp => Some(Message::Wheel(false)),
            _ => None,
        }
    }

    /// Does what only a terminal can do.
    fn perform(&mut self, model: &mut Model, effect: Effect) -> io::Result<()> {
        use std::io::Write;
        match effect {
            Effect::Copy(text) => {
                // OSC 52: the terminal puts it onto the clipboard, also over ssh.
                let mut out = io::stdout();
                write!(out, "\x1b]52;c;{}\x07", base64(text.as_bytes()))?;
                out.flush()
            }
            Effect::Mouse(on) => listen(true, on),
            Effect::WriteScreen(path) => {
                let size = self.terminal.size()?;
                let is_session =
                    std::path::Path::new(&path).extension().is_some_and(|e| e == session::ENDING);
                let said = match is_session.then(|| Session::write(model)) {
                    Some(Ok(text)) => written(model, &path, &text),
                    Some(Err(error)) => error,
                    None => {
                        let text = picture_of(model, (size.width, size.height), &path);
                        written(model, &path, &text)
                    }
                };
                update(model, Message::Said(said));
                Ok(())
            }
            Effect::Record(path) => {
                self.record(model, path);
                Ok(())
            }
        }
    }
}

/// Writes a file; what to say of it.
fn written(model: &Model, path: &str, text: &str) -> String {
    match std::fs::write(path, text) {
        Ok(()) => format!("{} {path}", model.words().written),
        Err(error) => format!("{path}: {error}"),
    }
}

/// The screen as the file's name asks for it: a picture, or plain text.
fn picture_of(model: &Model, (width, height): (u16, u16), path: &str) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view::draw(model, &mut buffer);
    let title = format!("oscope: {}", model.world);
    match std::path::Path::new(path).extension().and_then(std::ffi::OsStr::to_str) {
        Some("svg") => crate::export::screen::svg(&buffer, &title),
        Some("html") => crate::export::screen::html(&buffer, &title),
        _ => crate::text::of_buffer(&buffer),
    }
}

/// Base64 as in RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let byte = |n: usize| u32::from(group.get(n).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4 {
            let digit = (bits >> (18 - 6 * n) & 63) as usize;
            out.push(if n <= group.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    out
}

/// Whether the screen is large enough to be used.
fn fits((width, height): (u16, u16)) -> bool {
    width >= view::SMALLEST.0 && height >= view::SMALLEST.1
}

fn handle(model: &mut Model, engine: &Engine, message: Message) {
    if let Some(command) = update(model, message) {
        // Should the engine be gone, its end of the other channel says so.
        let _ = engine.commands.send(command);
    }
}

/// Where wake-ups come from, besides the engine.
struct Sources {
    events: Receiver<Option<Event>>,
    signals: Receiver<()>,
}

/// Sleeps until something happens.
fn wait(model: &Model, engine: &Engine, sources: &Sources) -> Wake {
    let tick = if model.playing && model.pending == 0 {
        let pace = SPEEDS.get(model.speed).copied().unwrap_or(1).max(1);
        after(std::time::Duration::from_millis(1_000 / pace))
    } else if model.grabbed && model.pending == 0 {
        after(std::time::Duration::from_nanos(console::pace(model).0))
    } else {
        never()
    };
    select! {
        recv(sources.events) -> event => Wake::Terminal(event.unwrap_or(None)),
        recv(sources.signals) -> _ => Wake::Terminate,
        recv(engine.replies) -> reply => match reply {
            Ok(reply) => Wake::Message(Message::Reply(Box::new(reply))),
            Err(_) => Wake::EngineGone,
        },
        recv(tick) -> _ => Wake::Message(Message::Tick),
    }
}

/// What has happened already, without waiting.
fn more(engine: &Engine, sources: &Sources) -> Option<Wake> {
    if sources.signals.try_recv().is_ok() {
        return Some(Wake::Terminate);
    }
    if let Ok(event) = sources.events.try_recv() {
        return Some(Wake::Terminal(event));
    }
    let reply = engine.replies.try_recv().ok()?;
    Some(Wake::Message(Message::Reply(Box::new(reply))))
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_as_in_rfc_4648() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (text, encoded) in vectors {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
