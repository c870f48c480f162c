//! How many tasks of a program want a CPU, over time: one row on the screen stands for thousands of tasks.

use crate::trace::Doing;
use oscope_kernel::base::Time;
use std::collections::BTreeMap;

/// One program's count.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// How many of its tasks there have been.
    pub tasks: usize,
    /// From when on how many wanted a CPU.
    wanting: Vec<(Time, u32)>,
}

/// All programs by name.
#[derive(Clone, Debug, Default)]
pub struct Density {
    programs: BTreeMap<String, Program>,
}

/// Whether a task that does this runs or could run.
fn wants(doing: Option<Doing>) -> bool {
    matches!(doing, Some(Doing::Run(_) | Doing::Ready(_)))
}

impl Program {
    fn add(&mut self, time: Time, more: bool) {
        let now = self.wanting.last().map_or(0, |(_, count)| *count);
        let count = if more { now.saturating_add(1) } else { now.saturating_sub(1) };
        match self.wanting.last_mut() {
            Some((last, old)) if *last == time => *old = count,
            _ => self.wanting.push((time, count)),
        }
    }

    /// The most that wanted a CPU at some time between two moments.
    #[must_use]
    pub fn most(&self, from: Time, to: Time) -> u32 {
        let first = self.wanting.partition_point(|(time, _)| *time <= from).saturating_sub(1);
        let end = self.wanting.partition_point(|(time, _)| *time < to);
        let within = self.wanting.get(first..end).unwrap_or_default();
        within.iter().map(|(_, count)| *count).max().unwrap_or(0)
    }
}

impl Density {
    fn program(&mut self, name: &str) -> &mut Program {
        if !self.programs.contains_key(name) {
            self.programs.insert(name.to_owned(), Program::default());
        }
        self.programs.entry(name.to_owned()).or_default()
    }

    /// A task of this name was born.
    pub(crate) fn born(&mut self, name: &str) {
        self.program(name).tasks += 1;
    }

    /// A task of this name does something else.
    pub(crate) fn changed(&mut self, name: &str, time: Time, old: Option<Doing>, new: Doing) {
        let (before, after) = (wants(old), wants(Some(new)));
        if before != after {
            self.program(name).add(time, after);
        }
    }

    /// A task that does this has another name now.
    pub(crate) fn renamed(&mut self, old: &str, new: &str, time: Time, doing: Option<Doing>) {
        if old == new {
            return;
        }
        let program = self.program(old);
        program.tasks = program.tasks.saturating_sub(1);
        if wants(doing) {
            program.add(time, false);
            self.program(new).add(time, true);
        }
        self.program(new).tasks += 1;
    }

    /// The programs, those with the most tasks first.
    #[must_use]
    pub fn programs(&self) -> Vec<(&str, &Program)> {
        let mut all: Vec<(&str, &Program)> =
            self.programs.iter().map(|(name, program)| (name.as_str(), program)).collect();
        all.sort_by_key(|(_, program)| std::cmp::Reverse(program.tasks));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::Density;
    use crate::trace::Doing;
    use oscope_kernel::base::{CpuId, Time};
    use oscope_kernel::event::Wait;

    #[test]
    fn those_who_run_and_those_who_could_are_counted() {
        let mut density = Density::default();
        let (ready, run) = (Doing::Ready(CpuId(0)), Doing::Run(CpuId(0)));
        density.born("hog");
        density.changed("hog", Time(10), None, ready);
        density.changed("hog", Time(20), None, ready);
        density.changed("hog", Time(30), Some(ready), run);
        density.changed("hog", Time(40), Some(run), Doing::Wait(Wait::Disk));
        density.renamed("hog", "blink", Time(50), Some(ready));
        let programs = density.programs();
        let hog = programs.iter().find(|(name, _)| *name == "hog").expect("known").1;
        assert_eq!(hog.most(Time(0), Time(10)), 0);
        assert_eq!(hog.most(Time(0), Time(21)), 2);
        assert_eq!(hog.most(Time(41), Time(45)), 1);
        assert_eq!(hog.most(Time(60), Time(99)), 0);
        assert_eq!((programs[0].0, programs[0].1.tasks), ("blink", 1));
    }
}
