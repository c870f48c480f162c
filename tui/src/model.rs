//! What the screen knows. The view shows it and nothing else; [`crate::update`] alone changes it.

use crate::console::Console;
use crate::engine::MachineInfo;
use crate::futures::Futures;
use crate::lang::{Lang, Words};
use crate::lesson::reading::Reading;
use crate::memory::MemoryPicture;
use crate::network::NetworkPicture;
use crate::picture::{Picture, Subject};
use crate::script::ScriptPicture;
use crate::session::{Act, Session};
use crate::theme::Theme;
use crate::trace::Trace;
use crate::why::Link;
use oscope_kernel::base::{Duration, MachineId, Serial, Time};
use oscope_kernel::event::Record;
use oscope_kernel::machine::{FilesView, Snapshot};
use oscope_userland::predicate::Predicate;

/// One machine.
#[derive(Clone, Debug)]
pub struct MachineModel {
    /// How it is made.
    pub info: MachineInfo,
    /// All that is known of it, also beyond the moment.
    pub trace: Trace,
    /// Its picture at the moment.
    pub snapshot: Option<Snapshot>,
    /// The task that was chosen.
    pub selected: Option<Serial>,
    /// The number of the record that was chosen; none: the newest.
    pub cursor: Option<u64>,
    /// The path of the file that was chosen.
    pub path: Option<String>,
}

/// What the screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// One request, end to end.
    Request,
    /// Who has the CPUs.
    #[default]
    Cpu,
    /// Who has which memory.
    Memory,
    /// System calls.
    Calls,
    /// Lessons.
    Lessons,
    /// Names, open files and what is cached of them.
    Files,
    /// Cables, sockets and packets.
    Network,
    /// A terminal at the machine.
    Console,
    /// All events.
    Log,
    /// A script beside the machine that plays it.
    Script,
}

impl View {
    /// The five tabs, and what stands under `0`.
    pub const ALL: [Self; 10] = [
        Self::Request,
        Self::Cpu,
        Self::Memory,
        Self::Calls,
        Self::Lessons,
        Self::Script,
        Self::Files,
        Self::Network,
        Self::Console,
        Self::Log,
    ];

    /// Its name in commands.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Calls => "calls",
            Self::Lessons => "lessons",
            Self::Script => "script",
            Self::Files => "files",
            Self::Network => "network",
            Self::Console => "console",
            Self::Log => "log",
        }
    }

    /// Whether it is for those who want to look deeper.
    #[must_use]
    pub fn is_deep(self) -> bool {
        matches!(self, Self::Files | Self::Network | Self::Console)
    }

    /// Whether it is a list of records.
    #[must_use]
    pub fn is_list(self) -> bool {
        matches!(self, Self::Calls | Self::Log)
    }
}

/// What lies over the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// The keys, from this one on.
    Help(usize),
    /// What the screen shows, and the glossary.
    Explain,
    /// A chain of events, the answer first; and which is chosen.
    Why(Vec<Link>, usize),
    /// The policies, and which is chosen; to compare only, or to change.
    Policies {
        /// The chosen one.
        at: usize,
        /// To compare only.
        what_if: bool,
    },
    /// Two futures.
    Futures(Box<Futures>),
}

/// What is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// A command.
    Command,
    /// A condition for the lists.
    Filter,
    /// A condition to stop at.
    Stop,
    /// A condition to run backwards to.
    Last,
    /// An answer to a lesson's question.
    Answer,
    /// A value that a lesson asks for.
    Change,
}

/// The line at the bottom, while something is typed into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What for.
    pub asking: Asking,
    /// The text so far.
    pub text: String,
    /// What is wrong with it, or how it could go on.
    pub note: String,
}

/// What the terminal is asked to do, besides drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Put a text onto the clipboard.
    Copy(String),
    /// Write the screen to a file: a picture if it ends in `.svg` or `.html`, otherwise text.
    WriteScreen(String),
    /// Record the screen to a file from now on, or no longer.
    Record(Option<String>),
    /// Listen to the mouse, or not.
    Mouse(bool),
}

/// Changes per second, from slow to quick.
pub const SPEEDS: [u64; 7] = [1, 2, 5, 10, 20, 50, 100];

/// A script that is played.
#[derive(Clone, Debug, Default)]
pub struct ScriptModel {
    /// Its text.
    pub lines: Vec<String>,
    /// How its lines stand.
    pub picture: ScriptPicture,
}

/// A lesson that is read beside its machine.
#[derive(Clone, Debug)]
pub struct LessonModel {
    /// The lesson, and how far somebody has come.
    pub reading: Reading,
    /// The first line of the text that is shown.
    pub scroll: usize,
    /// On a narrow screen: whether the text stands before the machine.
    pub is_front: bool,
    /// The file in which somebody writes a script anew.
    pub file: Option<String>,
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Model {
    /// The script, if the run is one of a script.
    pub script: Option<ScriptModel>,
    /// The lesson, if one is read.
    pub lesson: Option<LessonModel>,
    /// The world's name.
    pub world: String,
    /// How long the run is.
    pub until: Time,
    /// The moment that is shown. All that happened before it is visible.
    pub now: Time,
    /// How far the run has ever got.
    pub reached: Time,
    /// The machines.
    pub machines: Vec<MachineModel>,
    /// Which of them is shown.
    pub shown: usize,
    /// The picture that the open view needs of the machine that is shown.
    pub picture: Option<Picture>,
    /// What the engine was asked for.
    pub picture_asked: Option<(MachineId, Subject)>,
    /// Whether the console has the keys.
    pub grabbed: bool,
    /// Virtual time in a column of the lanes, as a place in [`SCALES`].
    pub scale: usize,
    /// Whether it goes on by itself.
    pub playing: bool,
    /// How many commands the engine has not answered yet.
    pub pending: usize,
    /// How far a command that takes long has come.
    pub progress: Option<Time>,
    /// The record that a step by single records came to.
    pub event: Option<(u64, Record)>,
    /// Why the run cannot go on.
    pub stuck: Option<String>,
    /// Something to say once.
    pub notice: Option<String>,
    /// The view that is shown.
    pub view: View,
    /// What lies over it.
    pub over: Option<Over>,
    /// What is being typed.
    pub prompt: Option<Prompt>,
    /// What the lists show: the condition, and its text.
    pub filter: (Predicate, String),
    /// The last condition to stop at.
    pub stop: String,
    /// The pace of playing, as a place in [`SPEEDS`].
    pub speed: usize,
    /// Idle stretches have their full length.
    pub true_time: bool,
    /// Moments that were marked, in order.
    pub marks: Vec<Time>,
    /// Moments from which jumps were made.
    pub jumps: Vec<Time>,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// What the terminal is to do.
    pub effects: Vec<Effect>,
    /// The language.
    pub lang: Lang,
    /// The colours.
    pub theme: Theme,
    /// Only ASCII.
    pub ascii: bool,
    /// What was done to the world by hand, in order.
    pub acts: Vec<Act>,
    /// What the run is made of, for a session's file.
    pub origin: Session,
    /// Whether to leave.
    pub quit: bool,
}

/// Virtual time in a column, from fine to coarse.
pub const SCALES: [Duration; 25] = scales();

const fn scales() -> [Duration; 25] {
    let mut scales = [Duration(0); 25];
    let mut at = 0;
    let mut unit = 100;
    while at < scales.len() {
        let factor = [1, 2, 5][at % 3];
        scales[at] = Duration(unit * factor);
        if at % 3 == 2 {
            unit *= 10;
        }
        at += 1;
    }
    scales
}

impl Model {
    /// A model of a world whose engine has not said anything yet.
    #[must_use]
    pub fn new(world: &str, until: Time, machines: &[MachineInfo]) -> Self {
        let machines = machines.iter().map(|info| MachineModel {
            info: info.clone(),
            trace: Trace::new(info.cpus),
            snapshot: None,
            selected: None,
            cursor: None,
            path: None,
        });
        // A screen of 80 columns shows an eighth of the run.
        let wanted = until.0 / 400;
        let scale = SCALES.iter().position(|scale| scale.0 >= wanted);
        Self {
            script: None,
            lesson: None,
            world: crate::text::clean(world),
            until,
            now: Time::ZERO,
            reached: Time::ZERO,
            machines: machines.collect(),
            shown: 0,
            picture: None,
            picture_asked: None,
            grabbed: false,
            scale: scale.unwrap_or(SCALES.len() - 1),
            playing: false,
            pending: 1,
            progress: None,
            event: None,
            stuck: None,
            notice: None,
            view: View::Cpu,
            over: None,
            prompt: None,
            filter: (Predicate::Always, String::new()),
            stop: String::new(),
            speed: 2,
            true_time: false,
            marks: Vec::new(),
            jumps: Vec::new(),
            mouse: true,
            effects: Vec::new(),
            lang: Lang::En,
            theme: Theme::Sixteen,
            ascii: false,
            acts: Vec::new(),
            origin: Session::default(),
            quit: false,
        }
    }

    /// The run is one of a script with this text: that is what one wants to see first.
    pub fn open_script(&mut self, text: &str) {
        let lines = text.lines().map(str::to_owned).collect();
        self.script = Some(ScriptModel { lines, ..ScriptModel::default() });
        self.view = View::Script;
    }

    /// Whether a view has anything to show in this run.
    #[must_use]
    pub fn has(&self, view: View) -> bool {
        view != View::Script || self.script.is_some()
    }

    /// The machine that is shown. A world has at least one.
    #[must_use]
    pub fn machine(&self) -> Option<&MachineModel> {
        self.machines.get(self.shown)
    }

    /// What the engine has to make a picture of.
    #[must_use]
    pub fn picture_wanted(&self) -> Option<(MachineId, Subject)> {
        let shown = MachineId(u16::try_from(self.shown).unwrap_or(u16::MAX));
        let subject = match self.view {
            View::Memory => Subject::Memory,
            View::Files => Subject::Files,
            View::Network => Subject::Network,
            View::Console => Subject::Console,
            _ => return None,
        };
        Some((shown, subject))
    }

    /// The memory of the machine that is shown, if its view is open.
    #[must_use]
    pub fn memory(&self) -> Option<&MemoryPicture> {
        match &self.picture {
            Some(Picture::Memory(picture)) => Some(picture),
            _ => None,
        }
    }

    /// The files of the machine that is shown, if their view is open.
    #[must_use]
    pub fn files(&self) -> Option<&FilesView> {
        match &self.picture {
            Some(Picture::Files(picture)) => Some(picture),
            _ => None,
        }
    }

    /// The network as the machine that is shown sees it, if its view is open.
    #[must_use]
    pub fn network(&self) -> Option<&NetworkPicture> {
        match &self.picture {
            Some(Picture::Network(picture)) => Some(picture),
            _ => None,
        }
    }

    /// The console of the machine that is shown, if its view is open.
    #[must_use]
    pub fn console(&self) -> Option<&Console> {
        match &self.picture {
            Some(Picture::Console(picture)) => Some(picture),
            _ => None,
        }
    }

    /// The texts in the language of the screen.
    #[must_use]
    pub fn words(&self) -> &'static Words {
        self.lang.words()
    }

    /// Virtual time in a column.
    #[must_use]
    pub fn column(&self) -> Duration {
        SCALES[self.scale.min(SCALES.len() - 1)]
    }

    /// The moment in figures: that of the last thing that is visible.
    #[must_use]
    pub fn moment(&self) -> Time {
        if self.at_end() { self.now } else { Time(self.now.0.saturating_sub(1)) }
    }

    /// Whether the run is at its end.
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.now >= self.until || (self.stuck.is_some() && self.now >= self.reached)
    }
}

#[cfg(test)]
mod tests {
    use super::{Model, SCALES};
    use oscope_kernel::base::{Duration, Time};

    #[test]
    fn scales_are_round_and_grow() {
        assert_eq!(SCALES[0], Duration::nanos(100));
        assert_eq!(SCALES[4], Duration::micros(2));
        assert!(SCALES.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn the_first_scale_suits_the_length_of_the_run() {
        let model = |until| Model::new("w", Time(until), &[]);
        assert_eq!(model(400_000_000).column(), Duration::millis(1));
        assert_eq!(model(0).column(), Duration::nanos(100));
        assert_eq!(model(u64::MAX).column(), SCALES[SCALES.len() - 1]);
    }
}
