//! What a run is made of: a world, or a script with the machine that it asks for.

use crate::model::View;
use oscope_kernel::base::Time;
use oscope_kernel::event::Event;
use oscope_kernel::world::World;
use oscope_userland::scenario::WorldFile;
use oscope_userland::script::play::{Origin, Plan, boot, compile, report};
use oscope_userland::script::{Parsed, Problem, check, parse};
use std::sync::Arc;

/// What can be switched on, as often as one likes.
#[derive(Clone, Debug)]
pub enum Source {
    /// A world file.
    World(Box<WorldFile>),
    /// A script.
    Script(Arc<Plan>),
}

impl Source {
    /// Reads a script. `name` is what messages call it.
    ///
    /// # Errors
    /// The first mistake, with its line and what was expected there.
    pub fn of_script(name: &str, text: &str) -> Result<Self, String> {
        let told = |problems: &[Problem]| {
            let Problem { range, message, expected, .. } = problems.first()?;
            let line = text.get(..range.start).unwrap_or(text).matches('\n').count() + 1;
            Some(format!("{name}:{line}: {message}; expected {expected}"))
        };
        let Parsed { tree, problems, .. } = parse(text);
        if let Some(message) = told(&problems) {
            return Err(message);
        }
        if let Some(message) = told(&check(&tree).first) {
            return Err(message);
        }
        let (plan, problems) = compile(&tree, Origin::Written);
        match told(&problems) {
            Some(message) => Err(message),
            None => Ok(Self::Script(Arc::new(plan))),
        }
    }

    /// Switches it on.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn boot(&self) -> Result<World, String> {
        match self {
            Self::World(file) => file.boot().map_err(|error| error.to_string()),
            Self::Script(plan) => boot(plan, 0, None).map_err(|error| error.to_string()),
        }
    }

    /// Where the screen opens, if the world says so: at which moment, and with which view.
    #[must_use]
    pub fn opens(&self) -> Option<(Time, View)> {
        let Self::World(file) = self else { return None };
        let (time, view) = file.opens().ok()??;
        Some((time, View::ALL.into_iter().find(|known| known.word() == view)?))
    }

    /// The script, if it is one.
    #[must_use]
    pub fn script(&self) -> Option<&Arc<Plan>> {
        match self {
            Self::World(_) => None,
            Self::Script(plan) => Some(plan),
        }
    }
}

/// How long a script's run is: until the last thing that a task does.
///
/// # Errors
/// As [`Source::boot`].
pub fn length_of(plan: &Arc<Plan>) -> Result<Time, String> {
    let mut world = Source::Script(Arc::clone(plan)).boot()?;
    world.run(report::LIMIT);
    let logs = world.logs();
    let records = logs.iter().flat_map(|log| log.since(0));
    let tasks = records.filter(|(_, record)| matches!(record.event, Event::Task(_)));
    let last = tasks.map(|(_, record)| record.stamp.time.0).max().unwrap_or(0);
    Ok(Time(last + 1))
}
