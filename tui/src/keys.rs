//! The keys, as a table: what they do, and what the help and the hint line say about them.
//!
//! A Korean input method sends the jamo that stands on a key instead of its letter; it means the key.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To the next visible change.
    Forward,
    /// To the one before.
    Back,
    /// Go on by itself, or stop.
    Play,
    /// To the next record.
    NextEvent,
    /// To the one before.
    PreviousEvent,
    /// To the start.
    Start,
    /// To the end.
    End,
    /// The next machine.
    NextMachine,
    /// The machine before.
    PreviousMachine,
    /// The task above.
    Up,
    /// The task below.
    Down,
    /// Less time in a column.
    ZoomIn,
    /// More time in a column.
    ZoomOut,
    /// Another policy from here on.
    Policy,
    /// The keys.
    Help,
    /// Other colours.
    Theme,
    /// Close what is open, stop what runs.
    Escape,
    /// Leave.
    Quit,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys.
    pub keys: &'static [KeyCode],
    /// How help calls them.
    pub label: &'static str,
    /// What they do, for help.
    pub help: &'static str,
    /// What they do, for the hint line; empty if it has no room for them. The first come first.
    pub hint: &'static str,
}

const fn c(c: char) -> KeyCode {
    KeyCode::Char(c)
}

/// The table.
pub const KEYS: [Binding; 18] = [
    Binding {
        action: Action::Forward,
        keys: &[KeyCode::Right, c('l')],
        label: "Right l",
        help: "step: to the next visible change",
        hint: "<- -> step",
    },
    Binding {
        action: Action::Back,
        keys: &[KeyCode::Left, c('h')],
        label: "Left h",
        help: "step back: to the change before",
        hint: "",
    },
    Binding {
        action: Action::Play,
        keys: &[c(' ')],
        label: "Space",
        help: "play, pause",
        hint: "Space play",
    },
    Binding {
        action: Action::Up,
        keys: &[KeyCode::Up, c('k')],
        label: "Up k",
        help: "choose the task above",
        hint: "",
    },
    Binding {
        action: Action::Down,
        keys: &[KeyCode::Down, c('j')],
        label: "Down j",
        help: "choose the task below",
        hint: "j k task",
    },
    Binding {
        action: Action::NextMachine,
        keys: &[KeyCode::Tab],
        label: "Tab",
        help: "the next machine",
        hint: "Tab machine",
    },
    Binding {
        action: Action::PreviousMachine,
        keys: &[KeyCode::BackTab],
        label: "Shift-Tab",
        help: "the machine before",
        hint: "",
    },
    Binding {
        action: Action::Policy,
        keys: &[c('p')],
        label: "p",
        help: "another policy, from here on",
        hint: "p policy",
    },
    Binding {
        action: Action::NextEvent,
        keys: &[c('.')],
        label: ".",
        help: "to the next single event",
        hint: ", . event",
    },
    Binding {
        action: Action::PreviousEvent,
        keys: &[c(',')],
        label: ",",
        help: "to the single event before",
        hint: "",
    },
    Binding {
        action: Action::ZoomIn,
        keys: &[c('+'), c('=')],
        label: "+",
        help: "zoom in: less time in a column",
        hint: "+ - zoom",
    },
    Binding {
        action: Action::ZoomOut,
        keys: &[c('-'), c('_')],
        label: "-",
        help: "zoom out: more time in a column",
        hint: "",
    },
    Binding {
        action: Action::Start,
        keys: &[KeyCode::Home, c('g')],
        label: "Home g",
        help: "to the start",
        hint: "",
    },
    Binding {
        action: Action::End,
        keys: &[KeyCode::End, c('G')],
        label: "End G",
        help: "to the end of the run",
        hint: "",
    },
    Binding { action: Action::Theme, keys: &[c('t')], label: "t", help: "other colours", hint: "" },
    Binding {
        action: Action::Escape,
        keys: &[KeyCode::Esc],
        label: "Esc",
        help: "close this, choose no task, stop a long run",
        hint: "",
    },
    Binding {
        action: Action::Help,
        keys: &[c('?'), KeyCode::F(1)],
        label: "?",
        help: "these keys",
        hint: "? keys",
    },
    Binding {
        action: Action::Quit,
        keys: &[c('q')],
        label: "q Ctrl-C",
        help: "quit",
        hint: "q quit",
    },
];

/// The jamo on the keys of the two-set layout, from `q` on in the order of the rows; capitals are Shift.
const JAMO: &str = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ";
const LATIN: &str = "qwertyuiopasdfghjklzxcvbnmQWERTOP";

/// The key under a jamo; anything else is itself.
#[must_use]
pub fn under(jamo: char) -> char {
    let pair = JAMO.chars().zip(LATIN.chars());
    pair.into_iter().find(|(known, _)| *known == jamo).map_or(jamo, |(_, latin)| latin)
}

/// What a key asks for, if anything.
#[must_use]
pub fn action(key: &KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return matches!(key.code, KeyCode::Char('c' | 'C')).then_some(Action::Quit);
    }
    if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER) {
        return None;
    }
    let code = match key.code {
        KeyCode::Char(typed) => KeyCode::Char(under(typed)),
        other => other,
    };
    let binding = KEYS.iter().find(|binding| binding.keys.contains(&code));
    binding.map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::{Action, KEYS, action, under};
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

    fn press(code: KeyCode) -> Option<Action> {
        action(&KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn no_key_has_two_meanings() {
        let mut seen = Vec::new();
        for key in KEYS.iter().flat_map(|binding| binding.keys) {
            assert!(!seen.contains(&key), "{key:?}");
            seen.push(key);
        }
    }

    #[test]
    fn every_binding_is_explained_and_works() {
        for binding in KEYS {
            assert!(!binding.label.is_empty() && !binding.help.is_empty());
            for key in binding.keys {
                assert_eq!(press(*key), Some(binding.action));
            }
        }
    }

    #[test]
    fn a_korean_layout_means_the_key_under_the_jamo() {
        assert_eq!(under('ㅂ'), 'q');
        assert_eq!(under('ㅔ'), 'p');
        assert_eq!(under('ㅖ'), 'P');
        assert_eq!(under('ㅡ'), 'm');
        assert_eq!(press(KeyCode::Char('ㅂ')), Some(Action::Quit));
        assert_eq!(press(KeyCode::Char('ㅣ')), Some(Action::Forward));
        assert_eq!(press(KeyCode::Char('ㅎ')), Some(Action::Start));
    }

    #[test]
    fn control_c_quits_and_other_chords_do_nothing() {
        let chord = |c, m| action(&KeyEvent::new(KeyCode::Char(c), m));
        assert_eq!(chord('c', KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(chord('q', KeyModifiers::ALT), None);
        assert_eq!(chord('l', KeyModifiers::CONTROL), None);
        let mut release = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(action(&release), None);
    }
}
