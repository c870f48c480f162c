//! The terminal: waits for keys and replies, and draws.
//!
//! Keys are read on a host thread of their own, so that one wait covers all that can happen; while the run
//! is paused nothing else wakes this program.

use crate::engine::{self, Engine};
use crate::keys::{Action, action};
use crate::model::Model;
use crate::theme::Theme;
use crate::update::{Message, update};
use crate::view;
use crossbeam::channel::{Receiver, after, never, select, unbounded};
use oscope_kernel::base::Time;
use oscope_userland::scenario::WorldFile;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event, read};
use ratatui::crossterm::execute;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How long a visible change stays while the run plays, in milliseconds of the host.
const PACE: u64 = 180;

/// How the screen looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Only ASCII.
    pub ascii: bool,
    /// No colours (`NO_COLOR`).
    pub mono: bool,
}

type Hook = dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync;

/// What wakes the screen.
enum Wake {
    Terminal(Option<Event>),
    Message(Message),
    EngineGone,
}

/// Shows a world until somebody quits.
///
/// # Errors
/// What keeps the world from booting, or the terminal from being used, in words.
pub fn run(name: &str, file: WorldFile, until: Time, look: Look) -> Result<(), String> {
    let engine = engine::start(file, until)?;
    let mut model = Model::new(name, until, &engine.machines);
    model.ascii = look.ascii;
    if look.mono {
        // With NO_COLOR set crossterm drops reverse and bold too. The theme sets no colours by itself.
        ratatui::crossterm::style::force_color_output(true);
        model.theme = Theme::Mono;
    }
    let mut terminal = open_terminal().map_err(|error| format!("the terminal: {error}"))?;
    let result = execute!(io::stdout(), EnableBracketedPaste)
        .and_then(|()| show(&mut terminal, &mut model, &engine));
    // What fails here fails because the terminal is gone.
    let _ = execute!(io::stdout(), DisableBracketedPaste);
    ratatui::restore();
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the terminal: {error}"))
        }
        _ => Ok(()),
    }
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
            let _ = execute!(io::stdout(), DisableBracketedPaste);
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

fn show(
    terminal: &mut ratatui::DefaultTerminal,
    model: &mut Model,
    engine: &Engine,
) -> io::Result<()> {
    let events = terminal_events()?;
    while !model.quit {
        terminal.draw(|frame| view::draw(model, frame.buffer_mut()))?;
        let mut wake = Some(wait(model, engine, &events));
        // A resize storm, a paste or a burst of replies is taken in as a whole before the next frame.
        while let Some(next) = wake {
            match next {
                Wake::Terminal(None) => return Ok(()),
                Wake::Terminal(Some(Event::Key(key))) => {
                    if action(&key) == Some(Action::Escape) {
                        engine.cancel.store(true, Ordering::Relaxed);
                    }
                    let size = terminal.size()?;
                    if fits((size.width, size.height)) || action(&key) == Some(Action::Quit) {
                        handle(model, engine, Message::Key(key));
                    }
                }
                Wake::Terminal(Some(_)) => {}
                Wake::Message(message) => handle(model, engine, message),
                Wake::EngineGone => {
                    return Err(io::Error::other("the engine of this world broke off"));
                }
            }
            wake = more(engine, &events);
        }
    }
    Ok(())
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

/// Sleeps until something happens.
fn wait(model: &Model, engine: &Engine, events: &Receiver<Option<Event>>) -> Wake {
    let tick = if model.playing && model.pending == 0 {
        after(std::time::Duration::from_millis(PACE))
    } else {
        never()
    };
    select! {
        recv(events) -> event => Wake::Terminal(event.unwrap_or(None)),
        recv(engine.replies) -> reply => match reply {
            Ok(reply) => Wake::Message(Message::Reply(Box::new(reply))),
            Err(_) => Wake::EngineGone,
        },
        recv(tick) -> _ => Wake::Message(Message::Tick),
    }
}

/// What has happened already, without waiting.
fn more(engine: &Engine, events: &Receiver<Option<Event>>) -> Option<Wake> {
    if let Ok(event) = events.try_recv() {
        return Some(Wake::Terminal(event));
    }
    let reply = engine.replies.try_recv().ok()?;
    Some(Wake::Message(Message::Reply(Box::new(reply))))
}
