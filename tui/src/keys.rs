//! The keys, as a table: what they do, and what the help and the hint line say about them.
//!
//! A Korean input method sends the jamo that stands on a key instead of its letter; it means the key.

use crate::model::View;
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
    /// What stands above.
    Up,
    /// What stands below.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the moment of what is chosen.
    Open,
    /// The next machine.
    NextMachine,
    /// The machine before.
    PreviousMachine,
    /// The chain of causes.
    Why,
    /// Compare two futures.
    WhatIf,
    /// Another policy from here on.
    Policy,
    /// To the next record.
    NextEvent,
    /// To the one before.
    PreviousEvent,
    /// To the next record of the same kind.
    NextKind,
    /// To the one before of the same kind.
    PreviousKind,
    /// Run until a condition holds.
    Stop,
    /// Run backwards to where a condition held last.
    Last,
    /// Show only what meets a condition.
    Filter,
    /// A command.
    Command,
    /// To a time.
    GoTo,
    /// To the start.
    Start,
    /// To the end.
    End,
    /// A quicker pace.
    Faster,
    /// A slower pace.
    Slower,
    /// Less time in a column.
    ZoomIn,
    /// More time in a column.
    ZoomOut,
    /// Idle stretches folded, or not.
    TrueTime,
    /// Mark this moment.
    Mark,
    /// To the next mark.
    NextMark,
    /// Back from a jump.
    Return,
    /// Write a file.
    Write,
    /// Copy what is chosen.
    Copy,
    /// To the next step of a lesson.
    NextStep,
    /// To the step before.
    PreviousStep,
    /// A hint.
    Hint,
    /// On in the text of a lesson.
    TextDown,
    /// Back in it.
    TextUp,
    /// The other language.
    Language,
    /// Other colours.
    Theme,
    /// Mouse on, off.
    Mouse,
    /// Explain this screen.
    Explain,
    /// Close what is open, stop what runs.
    Escape,
    /// The keys.
    Help,
    /// Leave.
    Quit,
    /// Another view.
    Show(View),
}

/// One line of the table. What it says of itself is in [`crate::lang`].
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys.
    pub keys: &'static [KeyCode],
    /// How help calls them.
    pub label: &'static str,
    /// How the hint line calls them, together with those of the opposite action.
    pub short: &'static str,
}

const fn c(c: char) -> KeyCode {
    KeyCode::Char(c)
}

const fn key(
    action: Action,
    keys: &'static [KeyCode],
    label: &'static str,
    short: &'static str,
) -> Binding {
    Binding { action, keys, label, short }
}

/// The table. The hint line shows the first ones first.
pub const KEYS: [Binding; 56] = [
    key(Action::Play, &[c(' ')], "Space", "Space"),
    key(Action::Forward, &[KeyCode::Right, c('l')], "Right l", "<- ->"),
    key(Action::Back, &[KeyCode::Left, c('h')], "Left h", ""),
    key(Action::Down, &[KeyCode::Down, c('j')], "Down j", "j k"),
    key(Action::Up, &[KeyCode::Up, c('k')], "Up k", ""),
    key(Action::PageDown, &[KeyCode::PageDown], "PageDown", ""),
    key(Action::PageUp, &[KeyCode::PageUp], "PageUp", ""),
    key(Action::Open, &[KeyCode::Enter], "Enter", ""),
    key(Action::Why, &[c('!')], "!", "!"),
    key(Action::WhatIf, &[c('f')], "f", "f"),
    key(Action::Policy, &[c('p')], "p", "p"),
    key(Action::NextMachine, &[KeyCode::Tab], "Tab", "Tab"),
    key(Action::PreviousMachine, &[KeyCode::BackTab], "Shift-Tab", ""),
    key(Action::NextEvent, &[c('.')], ".", ", ."),
    key(Action::PreviousEvent, &[c(',')], ",", ""),
    key(Action::NextKind, &[c(']')], "]", ""),
    key(Action::PreviousKind, &[c('[')], "[", ""),
    key(Action::Stop, &[c('b')], "b", ""),
    key(Action::Last, &[c('B')], "B", ""),
    key(Action::Filter, &[c('/')], "/", ""),
    key(Action::Command, &[c(':')], ":", ""),
    key(Action::GoTo, &[c('g')], "g", ""),
    key(Action::Start, &[KeyCode::Home], "Home", ""),
    key(Action::End, &[KeyCode::End, c('G')], "End G", ""),
    key(Action::ZoomIn, &[c('z')], "z", "z Z"),
    key(Action::ZoomOut, &[c('Z')], "Z", ""),
    key(Action::Faster, &[c('+'), c('=')], "+", ""),
    key(Action::Slower, &[c('-'), c('_')], "-", ""),
    key(Action::TrueTime, &[c('x')], "x", ""),
    key(Action::Mark, &[c('m')], "m", ""),
    key(Action::NextMark, &[c('\'')], "'", ""),
    key(Action::Return, &[], "Ctrl-O", ""),
    key(Action::Write, &[c('w')], "w", ""),
    key(Action::Copy, &[c('y')], "y", ""),
    key(Action::Language, &[c('L')], "L", ""),
    key(Action::Theme, &[c('t')], "t", ""),
    key(Action::NextStep, &[c('n')], "n", ""),
    key(Action::PreviousStep, &[c('P')], "P", ""),
    key(Action::Hint, &[c('H'), KeyCode::F(3)], "H F3", ""),
    key(Action::TextDown, &[c('J')], "J", ""),
    key(Action::TextUp, &[c('K')], "K", ""),
    key(Action::Mouse, &[KeyCode::F(2)], "F2", ""),
    key(Action::Show(View::Request), &[c('1')], "1", ""),
    key(Action::Show(View::Cpu), &[c('2')], "2", ""),
    key(Action::Show(View::Memory), &[c('3')], "3", ""),
    key(Action::Show(View::Calls), &[c('4')], "4", ""),
    key(Action::Show(View::Lessons), &[c('5')], "5", ""),
    key(Action::Show(View::Script), &[c('6')], "6", ""),
    key(Action::Show(View::Files), &[c('7')], "7", ""),
    key(Action::Show(View::Console), &[c('8')], "8", ""),
    key(Action::Show(View::Network), &[c('9')], "9", ""),
    key(Action::Show(View::Log), &[c('0')], "0", ""),
    key(Action::Escape, &[KeyCode::Esc], "Esc", ""),
    key(Action::Explain, &[c('i')], "i", ""),
    key(Action::Help, &[c('?'), KeyCode::F(1)], "?", "?"),
    key(Action::Quit, &[c('q')], "q Ctrl-C", "q"),
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
        return match key.code {
            KeyCode::Char('c' | 'C') => Some(Action::Quit),
            KeyCode::Char('o' | 'O') => Some(Action::Return),
            _ => None,
        };
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
    use crate::lang::Lang;
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
            assert!(!binding.label.is_empty());
            for lang in [Lang::En, Lang::Ko] {
                let words = lang.key(binding.action);
                assert!(!words.help.is_empty());
                assert!(binding.short.is_empty() || !words.hint.is_empty(), "{}", binding.label);
            }
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
        assert_eq!(press(KeyCode::Char('ㅎ')), Some(Action::GoTo));
    }

    #[test]
    fn control_c_quits_and_other_chords_do_nothing() {
        let chord = |c, m| action(&KeyEvent::new(KeyCode::Char(c), m));
        assert_eq!(chord('c', KeyModifiers::CONTROL), Some(Action::Quit));
        assert_eq!(chord('q', KeyModifiers::ALT), None);
        assert_eq!(chord('l', KeyModifiers::CONTROL), None);
        assert_eq!(chord('o', KeyModifiers::CONTROL), Some(Action::Return));
        let mut release = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(action(&release), None);
    }
}
