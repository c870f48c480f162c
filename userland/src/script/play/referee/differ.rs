//! Two runs of one plan side by side: the same calls with the same answers, the same signals, the same ends.

use super::explained;
use super::host::Run;
use crate::script::play::compare::Names;
use crate::script::play::compile::arguments;
use crate::script::play::observe::{Observed, Taken};
use crate::script::play::plan::{Act, Plan, What};
use crate::script::play::project::call_of;
use crate::script::play::result::Expected;
use crate::script::tree::{Kind, Node};

/// A line on which the kernels do not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its number in the source, from 1.
    pub row: u32,
    /// What the emulated kernel did.
    pub emulated: String,
    /// What the host's did.
    pub host: String,
}

/// A line that was not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCompared {
    /// Its number in the source, from 1.
    pub row: u32,
    /// Why not.
    pub why: String,
}

/// What came of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// How many calls were the same.
    pub same: u64,
    /// Those that were not.
    pub differences: Vec<Difference>,
    /// Those that were not compared.
    pub not_compared: Vec<NotCompared>,
}

const NOTHING: &str = "(the call was not made)";

impl Comparison {
    /// Compares two runs.
    pub(super) fn of(plan: &Plan, emulated: &Observed, host: &Run) -> Self {
        let mut names = Names::default();
        for (task, tid) in &emulated.tids {
            if let Some(there) = host.seen.tids.get(task) {
                names.tasks.insert(i128::from(*tid), i128::from(*there));
            }
        }
        let mut comparison = Self::default();
        if emulated.ends.get(&0).is_some_and(|status| status & 0x7f != 0)
            && !emulated.late.contains(&0)
        {
            comparison
                .leave(1, "the first process was killed, which on Linux nobody can do to init");
            return comparison;
        }
        for (line, known) in plan.lines.iter().enumerate() {
            if let Some((last, why)) = &host.stopped
                && line > *last
            {
                comparison.leave(known.row, why);
                continue;
            }
            match known.what {
                // Whether its call comes back before the script is over is nobody's business.
                What::Begin(None) if emulated.lines[line].begun.is_some() => {
                    match host.seen.lines[line].begun {
                        Some(_) => comparison.same += 1,
                        None => comparison.line(&mut names, plan, line, (emulated, host)),
                    }
                }
                What::Call | What::Begin(_) | What::Load => {
                    comparison.line(&mut names, plan, line, (emulated, host));
                }
                _ => {}
            }
        }
        comparison.tasks(&mut names, plan, (emulated, host));
        comparison
    }

    fn leave(&mut self, row: u32, why: &str) {
        self.not_compared.push(NotCompared { row, why: why.to_owned() });
    }

    fn differ(&mut self, row: u32, emulated: &str, host: &str) {
        let (emulated, host) = (emulated.to_owned(), host.to_owned());
        self.differences.push(Difference { row, emulated, host });
    }

    fn line(
        &mut self,
        names: &mut Names,
        plan: &Plan,
        line: usize,
        (emulated, host): (&Observed, &Run),
    ) {
        let row = plan.lines[line].row;
        let (Some(here), Some(there)) = (emulated.lines.get(line), host.seen.lines.get(line))
        else {
            return;
        };
        // A line behind one that waits for ever.
        if !emulated.finished && !here.reached && here.call.is_none() && here.begun.is_none() {
            return self.leave(row, "the emulated run did not get there");
        }
        if let Some(why) = host.skipped.get(&line) {
            return self.leave(row, why);
        }
        if host.silent.contains(&line) && there.call.is_none() && here.call.is_some() {
            return self.leave(row, "whoever made the call died or stopped before it could tell");
        }
        if here.loaded != there.loaded {
            let shown = |word: Option<u64>| word.map_or("nothing".to_owned(), |w| w.to_string());
            return self.differ(row, &shown(here.loaded), &shown(there.loaded));
        }
        // How a handler's return is told says whether a call goes on. Other lines have none.
        let mut steps = plan.tasks[plan.lines[line].task].steps.iter();
        let is_return = steps.any(|step| step.line == line && matches!(step.act, Act::Return));
        let goes_on = |text: &Option<String>| text.as_ref().map(|text| text.contains("EINTR"));
        if is_return && goes_on(&here.returned) != goes_on(&there.returned) {
            let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| NOTHING.to_owned());
            return self.differ(row, &shown(&here.returned), &shown(&there.returned));
        }
        match (&here.call, &there.call) {
            (Some(a), Some(b)) => self.call(names, row, (a, b)),
            (None, None) => {
                if here.begun.is_some() != there.begun.is_some() {
                    let shown = |begun: &Option<String>| match begun {
                        Some(begun) => format!("{begun} waits"),
                        None => NOTHING.to_owned(),
                    };
                    self.differ(row, &shown(&here.begun), &shown(&there.begun));
                } else if here.begun.is_some() {
                    self.same += 1;
                }
            }
            // Only a tracer sees that a signal without handler sent a call around once more.
            (Some(a), None) if a.contains("= ? ERESTART") => {
                self.leave(row, "what interrupted the call cannot be seen from outside");
            }
            // The end of a block, at which its task has no line of its own.
            (Some(a), None) if a.starts_with("exit") => {}
            (Some(a), None) => {
                let other = there.begun.as_ref().map(|begun| format!("{begun} waits"));
                self.differ(row, a, &other.unwrap_or_else(|| NOTHING.to_owned()));
            }
            (None, Some(b)) => {
                let other = here.begun.as_ref().map(|begun| format!("{begun} waits"));
                self.differ(row, &other.unwrap_or_else(|| NOTHING.to_owned()), b);
            }
        }
    }

    fn call(&mut self, names: &mut Names, row: u32, (a, b): (&str, &str)) {
        let interrupted = a.contains("= ? ERESTART") && !b.contains("= ? ERESTART");
        if interrupted {
            return self.leave(row, "what interrupted the call cannot be seen from outside");
        }
        let (Some(here), Some(there)) = (call_of(&timeless(a)), call_of(&timeless(b))) else {
            return if a == b { self.same += 1 } else { self.differ(row, a, b) };
        };
        let (Some(x), Some(y)) = (here.statements().next(), there.statements().next()) else {
            return;
        };
        let name = x.child(Kind::Name).map_or("", Node::text);
        let (left, right) = (Expected::of(x), Expected::of(y));
        if let Some(why) = explained::not_at_all(name) {
            return self.leave(row, why);
        }
        if let Some(why) = explained::of_the_machine(name)
            && left.errno == right.errno
        {
            return self.leave(row, why);
        }
        let values = match (left.value, right.value) {
            (Some(a), Some(b)) => names.fits(a, b),
            (None, None) => true,
            _ => false,
        };
        let same = left.errno == right.errno && values && left.told == right.told && {
            let (left, right) = (arguments(x), arguments(y));
            left.len() == right.len() && left.iter().zip(&right).all(|(a, b)| names.fits(*a, *b))
        };
        if same { self.same += 1 } else { self.differ(row, a, b) }
    }

    /// Signals that were handled, and ends.
    fn tasks(&mut self, names: &mut Names, plan: &Plan, (emulated, host): (&Observed, &Run)) {
        if host.stopped.is_some() || !host.seen.finished || !emulated.finished {
            return;
        }
        let row = |task: usize| {
            let mut rows = plan.lines.iter().filter(|line| line.task == task).map(|line| line.row);
            rows.next_back().unwrap_or(1)
        };
        for task in 0..plan.tasks.len() {
            let handled = |seen: &Observed| -> Vec<Taken> {
                let all = seen.signals.get(&task).into_iter().flatten();
                all.filter(|taken| taken.handled).cloned().collect()
            };
            let (here, there) = (handled(emulated), handled(&host.seen));
            // The host waits until everybody has taken what was sent; here some of it comes when all lines are done.
            let needed = here.iter().filter(|taken| !taken.late).count();
            let same = (needed..=here.len()).contains(&there.len())
                && here.iter().zip(&there).all(|(a, b)| signal(names, a, b));
            let texts = |all: &[Taken]| -> Vec<String> {
                all.iter().map(|taken| format!("--- {} ---", taken.info)).collect()
            };
            if !same {
                let (here, there) = (texts(&here).join(" "), texts(&there).join(" "));
                self.differ(row(task), &format!("signals: {here}"), &format!("signals: {there}"));
            }
            // Who is alive when the script is over is ended by the player, there as here.
            if emulated.late.contains(&task) {
                continue;
            }
            let how = |seen: &Observed| seen.ends.get(&task).copied();
            let (here, there) = (how(emulated), how(&host.seen));
            // The end of a block is not played there.
            if (here, there) == (Some(0), None) {
                continue;
            }
            // Whether there is a core is the host's configuration.
            let plain = |status: Option<u32>| status.map(|status| status & !0x80);
            if plain(here) != plain(there) {
                let shown = |status: Option<u32>| {
                    status.map_or("it lives".to_owned(), |status| {
                        format!("it ended with {status:#x}")
                    })
                };
                self.differ(row(task), &shown(here), &shown(there));
            }
        }
    }
}

/// A text without what a child has used of CPUs: that is the machine's affair, and waitid(2) does not even write it.
/// Nor does it tell of a core, which is the host's configuration.
fn timeless(text: &str) -> String {
    let text = text.replace(" && WCOREDUMP(s)", "").replace("CLD_DUMPED", "CLD_KILLED");
    match text.split_once(", si_utime=") {
        Some((before, after)) => match after.split_once('}') {
            Some((_, rest)) => format!("{before}}}{rest}"),
            None => before.to_owned(),
        },
        None => text,
    }
}

fn signal(names: &mut Names, a: &Taken, b: &Taken) -> bool {
    let text = |taken: &Taken| timeless(&format!("f({}) = 0", taken.info));
    let (Some(x), Some(y)) = (call_of(&text(a)), call_of(&text(b))) else {
        return a.info == b.info;
    };
    let first = |tree: &crate::script::tree::Tree, names: &mut Names, other: Node<'_>| {
        let mine = tree.statements().next().map(arguments).unwrap_or_default();
        mine.first().is_some_and(|mine| names.fits(*mine, other))
    };
    let other = y.statements().next().map(arguments).unwrap_or_default();
    a.signal == b.signal && other.first().is_some_and(|other| first(&x, names, *other))
}
