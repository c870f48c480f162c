//! What the screen knows. The view shows it and nothing else; [`crate::update`] alone changes it.

use crate::engine::MachineInfo;
use crate::theme::Theme;
use crate::trace::Trace;
use oscope_kernel::base::{Duration, Serial, Time};
use oscope_kernel::event::Record;
use oscope_kernel::machine::Snapshot;

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
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Model {
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
    /// Whether the keys are shown.
    pub help: bool,
    /// The colours.
    pub theme: Theme,
    /// Only ASCII.
    pub ascii: bool,
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
        });
        // A screen of 80 columns shows an eighth of the run.
        let wanted = until.0 / 400;
        let scale = SCALES.iter().position(|scale| scale.0 >= wanted);
        Self {
            world: crate::text::clean(world),
            until,
            now: Time::ZERO,
            reached: Time::ZERO,
            machines: machines.collect(),
            shown: 0,
            scale: scale.unwrap_or(SCALES.len() - 1),
            playing: false,
            pending: 1,
            progress: None,
            event: None,
            stuck: None,
            notice: None,
            help: false,
            theme: Theme::Sixteen,
            ascii: false,
            quit: false,
        }
    }

    /// The machine that is shown. A world has at least one.
    #[must_use]
    pub fn machine(&self) -> Option<&MachineModel> {
        self.machines.get(self.shown)
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
