//! The console: while it has the keys, they go to the machine, `^C` and `^Z` too.

use super::shown;
use crate::engine::Command;
use crate::model::Model;
use oscope_kernel::base::Duration;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Virtual time that passes between two looks while a command runs, and the time on the host's clock as well: a console is live.
pub const LIVE: Duration = Duration::millis(50);
/// The same while a shell waits for a line: background jobs may still be at work.
pub const CALM: Duration = Duration::millis(500);
/// The longest piece that is typed at once; a line discipline holds 4096 bytes.
const LONGEST_PASTE: usize = 4000;

/// Enter in the console's view: the console gets the keys, and a shell if there is nobody to read them.
pub(super) fn grab(model: &mut Model) -> Option<Command> {
    let has_session = model.console()?.has_session;
    model.playing = false;
    model.grabbed = true;
    if has_session { None } else { Some(Command::Shell(shown(model))) }
}

/// A key while the console has the keys.
pub(super) fn key(model: &mut Model, key: &KeyEvent) -> Option<Command> {
    if is_release(key) {
        model.grabbed = false;
        return None;
    }
    let bytes = bytes_of(key)?;
    Some(Command::Type(shown(model), bytes))
}

/// Text that was pasted.
pub(super) fn paste(model: &Model, text: &str) -> Option<Command> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let bytes: Vec<u8> = text.bytes().take(LONGEST_PASTE).collect();
    (model.grabbed && !bytes.is_empty()).then(|| Command::Type(shown(model), bytes))
}

/// A live console lets time pass.
pub(super) fn tick(model: &Model) -> Option<Command> {
    (model.pending == 0).then(|| Command::Pass(pace(model)))
}

/// How much time passes with each tick.
#[must_use]
pub fn pace(model: &Model) -> Duration {
    if model.console().is_some_and(|console| console.is_read) { CALM } else { LIVE }
}

/// `Ctrl-]`, as with telnet(1): some terminals send it as `Ctrl-5`. F12 for keyboards that have no bracket.
fn is_release(key: &KeyEvent) -> bool {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char(']' | '5') => is_control,
        KeyCode::F(12) => true,
        _ => false,
    }
}

/// What a terminal sends for a key (the sequences of a VT100, as in console_codes(4)).
fn bytes_of(key: &KeyEvent) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if key.modifiers.contains(KeyModifiers::ALT) {
        out.push(0x1b);
    }
    match key.code {
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => {
            let upper = c.to_ascii_uppercase();
            out.push(match upper {
                '@'..='_' => upper as u8 & 0x1f,
                ' ' | '2' => 0,
                '4' => 0x1c,
                '6' => 0x1e,
                '7' | '/' => 0x1f,
                _ => return None,
            });
        }
        KeyCode::Char(c) => {
            let mut buffer = [0; 4];
            out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
        KeyCode::Enter => out.push(b'\r'),
        KeyCode::Tab => out.push(b'\t'),
        KeyCode::Backspace => out.push(0x7f),
        KeyCode::Esc => out.push(0x1b),
        KeyCode::Up => out.extend_from_slice(b"\x1b[A"),
        KeyCode::Down => out.extend_from_slice(b"\x1b[B"),
        KeyCode::Right => out.extend_from_slice(b"\x1b[C"),
        KeyCode::Left => out.extend_from_slice(b"\x1b[D"),
        KeyCode::Home => out.extend_from_slice(b"\x1b[H"),
        KeyCode::End => out.extend_from_slice(b"\x1b[F"),
        KeyCode::Delete => out.extend_from_slice(b"\x1b[3~"),
        _ => return None,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{bytes_of, is_release};
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    fn control(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
    }

    #[test]
    fn control_keys_are_control_characters() {
        assert_eq!(bytes_of(&control('c')), Some(vec![3]));
        assert_eq!(bytes_of(&control('Z')), Some(vec![26]));
        assert_eq!(bytes_of(&control('\\')), Some(vec![0x1c]));
        assert_eq!(bytes_of(&KeyEvent::from(KeyCode::Char('한'))), Some("한".into()));
        assert_eq!(bytes_of(&KeyEvent::from(KeyCode::Enter)), Some(vec![b'\r']));
        assert_eq!(bytes_of(&KeyEvent::from(KeyCode::F(5))), None);
    }

    #[test]
    fn one_key_gives_the_keys_back() {
        assert!(is_release(&control(']')));
        assert!(is_release(&KeyEvent::from(KeyCode::F(12))));
        assert!(!is_release(&KeyEvent::from(KeyCode::Char(']'))));
        assert!(!is_release(&KeyEvent::from(KeyCode::Esc)));
    }
}
