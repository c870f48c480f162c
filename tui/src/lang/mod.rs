//! Every text of the screen, once per language.
//!
//! [`Words`] has one field per text, and what a key does is a `match` over all actions: a text that is missing
//! in one language does not compile.

mod en;
mod files;
mod ko;
mod lesson;
mod memory;
mod network;
mod request;

use crate::keys::Action;
use crate::model::View;
pub use files::{ConsoleWords, FilesWords};
pub use lesson::LessonWords;
pub use memory::MemoryWords;
pub use network::NetworkWords;
use oscope_kernel::event::Loss;
use oscope_userland::bin::steps::Step;
pub use request::RequestWords;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// What a key does: for help, and for the hint line (empty: it has no place there).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyWords {
    /// For help.
    pub help: &'static str,
    /// For the hint line, without the key.
    pub hint: &'static str,
}

/// A view's name, what it will show if it is not there yet, and what it explains of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewWords {
    /// Its name on the tab.
    pub name: &'static str,
    /// What there is to see, for `i`: one paragraph per line.
    pub about: &'static [&'static str],
}

/// The texts.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The language that `L` switches to, in itself.
    pub other: &'static str,
    /// In the title line.
    pub playing: &'static str,
    /// In the title line.
    pub paused: &'static str,
    /// In the title line.
    pub at_end: &'static str,
    /// In the title line: what a step is.
    pub step_change: &'static str,
    /// In the title line: what a step is in the memory view.
    pub step_memory: &'static str,
    /// In the title line: what a step is in the files view.
    pub step_files: &'static str,
    /// The same for packets.
    pub step_network: &'static str,
    /// In the title line: what a step is in the script view.
    pub step_script: &'static str,
    /// The script view's title.
    pub script: &'static str,
    /// Behind the number of lines that are wrong.
    pub wrong_lines: &'static str,
    /// What a line says.
    pub expected: &'static str,
    /// What happened instead.
    pub happened: &'static str,
    /// There is no script to look at.
    pub no_script: &'static str,
    /// In the title line: what a step is.
    pub step_event: &'static str,
    /// Behind the tabs.
    pub more: &'static str,
    /// Heading of the lanes.
    pub who_has: &'static str,
    /// Before the policy's name.
    pub policy: &'static str,
    /// Before the slice's length.
    pub slice: &'static str,
    /// Behind what is left of a slice.
    pub left: &'static str,
    /// At the playhead.
    pub now: &'static str,
    /// In the future.
    pub covered: &'static str,
    /// Before the length of time in a column.
    pub column: &'static str,
    /// Nobody has the CPU.
    pub idle: &'static str,
    /// Heading of the queues.
    pub who_next: &'static str,
    /// Beside it.
    pub front_first: &'static str,
    /// A queue with nobody in it.
    pub empty: &'static str,
    /// Who runs without a slice.
    pub until_waits: &'static str,
    /// Between used and whole slice.
    pub of: &'static str,
    /// Who is asleep.
    pub asleep: &'static str,
    /// Nobody is asleep.
    pub nobody: &'static str,
    /// Heading of the table.
    pub so_far: &'static str,
    /// The table's columns.
    pub columns: [&'static str; 7],
    /// The machine's figures: utilisation, throughput, fairness, switches.
    pub figures: [&'static str; 4],
    /// Heading of earlier changes.
    pub before_that: &'static str,
    /// Beside it.
    pub newest_first: &'static str,
    /// The legend: has a CPU, ready, disk, timer, other wait, idle.
    pub legend: [&'static str; 6],
    /// Tasks for which there was no room.
    pub hidden: &'static str,
    /// No lane.
    pub no_task: &'static str,
    /// Heading of the list of calls.
    pub calls: &'static str,
    /// No calls yet.
    pub no_calls: &'static str,
    /// Heading of one call opened up.
    pub one_call: &'static str,
    /// Where the descent begins and ends.
    pub enters: &'static str,
    /// Where the descent ends.
    pub returns: &'static str,
    /// Heading of the log.
    pub log: &'static str,
    /// Nothing passes the filter.
    pub nothing: &'static str,
    /// Before a filter.
    pub filter: &'static str,
    /// Title of help.
    pub keys: &'static str,
    /// At the end of a window.
    pub any_key: &'static str,
    /// At the end of a list.
    pub choose: &'static str,
    /// Title of "why?".
    pub why: &'static str,
    /// The first cause.
    pub first_cause: &'static str,
    /// Nothing to explain.
    pub why_nothing: &'static str,
    /// Title of the choice of a policy.
    pub which_policy: &'static str,
    /// Title of the choice of another future.
    pub what_if: &'static str,
    /// The rows of two futures.
    pub future_rows: [&'static str; 8],
    /// The first difference.
    pub first_difference: &'static str,
    /// Both futures are the same.
    pub no_difference: &'static str,
    /// While the engine runs.
    pub running: &'static str,
    /// Behind it.
    pub esc_stops: &'static str,
    /// Before anything is known.
    pub boots: &'static str,
    /// A machine that has done nothing.
    pub nothing_yet: &'static str,
    /// The end of the run.
    pub end_of_run: &'static str,
    /// There is one machine only.
    pub one_machine: &'static str,
    /// Nothing was found.
    pub missed: &'static str,
    /// Copied.
    pub copied: &'static str,
    /// Written.
    pub written: &'static str,
    /// A mark was set.
    pub marked: &'static str,
    /// A mark was taken away.
    pub unmarked: &'static str,
    /// There are no marks.
    pub no_marks: &'static str,
    /// Mouse on.
    pub mouse_on: &'static str,
    /// Mouse off.
    pub mouse_off: &'static str,
    /// Before the pace.
    pub pace: &'static str,
    /// Before a theme's name.
    pub colours: &'static str,
    /// True time.
    pub true_time: &'static str,
    /// Folded time.
    pub folded_time: &'static str,
    /// The screen is being recorded to a file.
    pub recording: &'static str,
    /// What came later is forgotten.
    pub forgotten: &'static str,
    /// A choice has to be made first.
    pub choose_first: &'static str,
    /// The glossary's title.
    pub glossary: &'static str,
    /// Terms and what they mean.
    pub terms: &'static [(&'static str, &'static str)],
}

impl Lang {
    /// The language of that short name.
    ///
    /// # Errors
    /// The names that there are.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "en" => Ok(Self::En),
            "ko" => Ok(Self::Ko),
            _ => Err("expected en or ko".to_owned()),
        }
    }

    /// The texts.
    #[must_use]
    pub fn words(self) -> &'static Words {
        match self {
            Self::En => &en::WORDS,
            Self::Ko => &ko::WORDS,
        }
    }

    /// What a key does.
    #[must_use]
    pub fn key(self, action: Action) -> KeyWords {
        let (help, hint) = match self {
            Self::En => en::key(action),
            Self::Ko => ko::key(action),
        };
        KeyWords { help, hint }
    }

    /// The texts of the files view.
    #[must_use]
    pub fn files(self) -> &'static FilesWords {
        match self {
            Self::En => &files::EN,
            Self::Ko => &files::KO,
        }
    }

    /// The texts of the network view.
    #[must_use]
    pub fn network(self) -> &'static NetworkWords {
        match self {
            Self::En => &network::EN,
            Self::Ko => &network::KO,
        }
    }

    /// The texts of the request view.
    #[must_use]
    pub fn request(self) -> &'static RequestWords {
        match self {
            Self::En => &request::EN,
            Self::Ko => &request::KO,
        }
    }

    /// The caption of a step of a request.
    #[must_use]
    pub fn step(self, step: Step) -> &'static str {
        request::caption(step, self == Self::Ko)
    }

    /// The texts around lessons.
    #[must_use]
    pub fn lesson(self) -> &'static LessonWords {
        match self {
            Self::En => &lesson::EN,
            Self::Ko => &lesson::KO,
        }
    }

    /// Why a frame was thrown away.
    #[must_use]
    pub fn loss(self, reason: Loss) -> &'static str {
        match self {
            Self::En => crate::narrate::network::loss_en(reason),
            Self::Ko => crate::narrate::network::loss_ko(reason),
        }
    }

    /// The texts of the console.
    #[must_use]
    pub fn console(self) -> &'static ConsoleWords {
        match self {
            Self::En => &files::CONSOLE_EN,
            Self::Ko => &files::CONSOLE_KO,
        }
    }

    /// The texts of the memory view.
    #[must_use]
    pub fn memory(self) -> &'static MemoryWords {
        match self {
            Self::En => &memory::EN,
            Self::Ko => &memory::KO,
        }
    }

    /// A view's texts.
    #[must_use]
    pub fn view(self, view: View) -> ViewWords {
        match self {
            Self::En => en::view(view),
            Self::Ko => ko::view(view),
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::En => Self::Ko,
            Self::Ko => Self::En,
        }
    }

    /// The language of a locale as in `LANG`: `ko_KR.UTF-8`. English unless it is Korean.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        if locale.starts_with("ko") { Self::Ko } else { Self::En }
    }
}
