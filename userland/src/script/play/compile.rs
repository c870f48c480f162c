//! From the tree of a script to a plan: whose each line is, what it does, and which turn it waits for.
//!
//! Layers: [`survey`](super::survey) looks the whole script over first (who is whose child, which lines belong together,
//! which names get values); here the lines are gone through once more, in order, and become steps.

mod own;
mod recorded;

use super::keys::{Key, Keys};
use super::lower::{Expr, Lower, Lowered, Wrong};
use super::plan::{Act, CallStep, Line, Order, Origin, Plan, Skip, Step, Task, What};
use super::result::Expected;
use super::scene::Scene;
use super::survey::{Survey, is_fork, label_of, signal_of};
use super::{ARENA, CELLS, MOST_STEPS, SLOT, SLOTS};
use crate::script::problem::Problem;
use crate::script::tree::{Children, Kind, Node, Tree};
use oscope_kernel::abi::nr;
use recorded::faulted;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a task while its lines are gone through.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The call that has begun and not ended.
    open: Option<usize>,
    /// The call that a signal ended and that is made again, and its line.
    restarts: Option<(String, usize)>,
    /// Signals that have a handler.
    handled: BTreeSet<u8>,
    /// Handlers under way.
    depth: u32,
    /// Whether it has said that it ends.
    exits: bool,
}

/// How far above its beginning an address still belongs to a recorded heap.
const HEAP: u64 = 1 << 32;

struct Compiler<'t> {
    tree: &'t Tree,
    survey: Survey,
    plan: Plan,
    known: Vec<Known>,
    by_label: BTreeMap<String, usize>,
    mappings: Vec<(u64, u64, Key)>,
    origin: Origin,
    problems: Vec<Problem>,
    rows: Vec<usize>,
    /// Where the next word is that threads share.
    cells: u64,
    /// Where words of a recorded program are.
    words: BTreeMap<u64, u64>,
    is_too_long: bool,
}

/// Makes a plan of a script without mistakes in its grammar.
pub fn compile(tree: &Tree, origin: Origin) -> (Plan, Vec<Problem>) {
    let survey = Survey::of(tree);
    let rows = tree.source().bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    let rows = std::iter::once(0).chain(rows.map(|(at, _)| at + 1)).collect();
    let plan = Plan {
        tree: tree.clone(),
        lines: Vec::new(),
        tasks: Vec::new(),
        keys: Keys::default(),
        order: Order::Lines,
        directives: Vec::new(),
        last_ends: Vec::new(),
        turns: 0,
        becomes: BTreeSet::new(),
        scene: (origin == Origin::Recorded).then(|| Scene::of(tree)),
        again: BTreeMap::new(),
    };
    let mut compiler = Compiler {
        tree,
        survey,
        plan,
        known: Vec::new(),
        by_label: BTreeMap::new(),
        mappings: Vec::new(),
        origin,
        problems: Vec::new(),
        rows,
        cells: CELLS,
        words: BTreeMap::new(),
        is_too_long: false,
    };
    compiler.name_tasks();
    compiler.statements(tree.statements(), "");
    compiler.finish();
    (compiler.plan, compiler.problems)
}

impl<'t> Compiler<'t> {
    /// All tasks, the root first, with their keys; then the keys of variables.
    fn name_tasks(&mut self) {
        let labels = self.survey.labels.clone();
        for (at, label) in labels.iter().enumerate() {
            let name = match label.strip_prefix('$') {
                Some(_) => label.clone(),
                None if self.survey.blocks.contains(label) => format!("${label}"),
                None => Keys::task(label),
            };
            let key = self.plan.keys.intern(&name);
            let done = self.plan.keys.intern(&format!("done {label}"));
            self.plan.tasks.push(Task {
                label: label.clone(),
                steps: Vec::new(),
                key: Some(key),
                done: Some(done),
            });
            self.by_label.insert(label.clone(), at);
            self.known.push(Known::default());
        }
        self.by_label.insert(String::new(), 0);
        for (name, scope) in self.survey.defined.clone() {
            let name = if scope.is_empty() { name } else { format!("{name}@{scope}") };
            self.plan.keys.intern(&name);
        }
        let defined: BTreeSet<&str> =
            self.survey.defined.iter().map(|(name, _)| name.as_str()).collect();
        for name in self.survey.used.clone() {
            if self.plan.keys.find(&name).is_none() && !defined.contains(name.as_str()) {
                let key = self.plan.keys.intern(&name);
                self.plan.keys.set_cell(key, self.cells);
                self.cells = (self.cells + 64).min(ARENA - 64);
            }
        }
    }

    fn statements(&mut self, statements: Children<'t>, scope: &str) {
        for node in statements {
            if self.plan.lines.len() >= MOST_STEPS {
                if let Err(wrong) = self.too_long(node) {
                    self.refuse(self.plan.lines.len() - 1, wrong);
                }
                return;
            }
            self.statement(node, scope);
        }
    }

    /// Says so once.
    fn too_long(&mut self, node: Node<'_>) -> Result<(), Wrong> {
        if std::mem::replace(&mut self.is_too_long, true) {
            return Ok(());
        }
        let expected = "at most a million lines, repetitions counted";
        Err(self.wrong_at(node, "this script does too much", expected))
    }

    fn statement(&mut self, node: Node<'t>, scope: &str) {
        let label = label_of(node).unwrap_or(scope);
        let task = self.by_label.get(label).copied().unwrap_or(0);
        let at = self.plan.lines.len();
        self.plan.lines.push(Line {
            node: node.number(),
            row: self.row(node),
            task,
            what: What::Other,
        });
        let done = match node.kind() {
            Kind::Call => self.call(at, task, node, scope),
            Kind::Unfinished => self.begin(at, task, node, scope),
            Kind::Resumed => self.resume(at, task, node),
            Kind::Signal => {
                self.signal(at, task, node);
                Ok(())
            }
            Kind::End => {
                self.end(at, task, node);
                Ok(())
            }
            Kind::Directive => self.directive(node),
            Kind::Compute => self.compute(at, task, node),
            Kind::Touch => self.touch(at, task, node, scope),
            Kind::Expect => self.expect(at, node),
            Kind::Repeat => self.repeat(node, scope),
            Kind::Process | Kind::Thread => self.block(at, task, node),
            Kind::Packet => Err(self.wrong_at(
                node,
                "packets cannot be sent or expected yet",
                "calls; the network of a script comes later",
            )),
            _ => Ok(()),
        };
        if let Err(wrong) = done {
            self.refuse(at, wrong);
        }
    }

    /// What cannot be done is a mistake in a script, and left out of a recorded log.
    fn refuse(&mut self, at: usize, wrong: Wrong) {
        if self.origin == Origin::Recorded {
            let skip = if wrong.unsupported {
                Skip::Unsupported(wrong.message)
            } else {
                Skip::NotComparable("what its arguments point to was not recorded")
            };
            self.plan.lines[at].what = What::Skipped(skip);
            return;
        }
        let Wrong { range, message, expected, .. } = wrong;
        self.problems.push(Problem { range, message, expected, help: None });
    }

    fn row(&self, node: Node<'_>) -> u32 {
        let start = node.range().start;
        self.rows.partition_point(|&row| row <= start) as u32
    }

    fn wrong_at(&self, node: Node<'_>, message: &str, expected: &str) -> Wrong {
        let (message, expected) = (message.to_owned(), expected.to_owned());
        Wrong { range: node.range(), message, expected, unsupported: false }
    }

    fn mark(&self, line: usize) -> u64 {
        (line as u64) << 32 | u64::from(self.plan.lines[line].row)
    }

    /// Adds a step that waits for its turn.
    fn step(&mut self, task: usize, line: usize, act: Act) {
        let turn = self.plan.turns;
        self.plan.turns += 1;
        let (own, mark) = (self.plan.tasks[task].key, self.mark(line));
        let mut after = std::mem::take(&mut self.plan.last_ends);
        after.retain(|key| Some(*key) != own);
        self.plan.tasks[task].steps.push(Step { line, mark, turn: Some(turn), after, act });
    }

    /// Adds a step that comes when it comes.
    fn untimed(&mut self, task: usize, line: usize, act: Act) {
        let mark = self.mark(line);
        self.plan.tasks[task].steps.push(Step { line, mark, turn: None, after: Vec::new(), act });
    }

    fn call(&mut self, at: usize, task: usize, node: Node<'t>, scope: &str) -> Result<(), Wrong> {
        self.plan.lines[at].what = What::Call;
        let Some(name) = node.child(Kind::Name) else { return Ok(()) };
        let arguments = arguments(node);
        let expected = Expected::of(node);
        match name.text() {
            "load" | "store" | "join" => {
                return self.pseudo(at, task, (name, &arguments, expected), scope);
            }
            "rt_sigreturn" | "sigreturn" => {
                self.known[task].depth = self.known[task].depth.saturating_sub(1);
                if expected.errno == Some("EINTR") {
                    self.known[task].restarts = None;
                }
                self.step(task, at, Act::Return);
                return Ok(());
            }
            "restart_syscall" => {
                if let Some((_, line)) = self.known[task].restarts.take() {
                    self.plan.again.insert(line, at);
                }
                self.step(task, at, Act::Turn);
                return Ok(());
            }
            text if self.is_again(task, text, at) => {
                if expected.restarts() {
                    self.known[task].restarts = Some((text.to_owned(), at));
                }
                self.step(task, at, Act::Turn);
                return Ok(());
            }
            _ => {}
        }
        self.make_call(at, task, (node, name, &arguments, expected), scope)
    }

    /// Whether a line is the call again that a signal had ended.
    fn is_again(&mut self, task: usize, name: &str, at: usize) -> bool {
        let again = self.known[task].restarts.take_if(|(ended, _)| ended == name);
        self.plan.again.extend(again.iter().map(|(_, line)| (*line, at)));
        again.is_some()
    }

    fn make_call(
        &mut self,
        at: usize,
        task: usize,
        (node, name, arguments, expected): (Node<'t>, Node<'t>, &[Node<'t>], Expected<'t>),
        scope: &str,
    ) -> Result<(), Wrong> {
        let is_first = task == 0 && self.plan.tasks[0].steps.is_empty();
        if name.text() == "execve" && is_first && !expected.fails() {
            self.plan.lines[at].what =
                What::Skipped(Skip::NotComparable("the player is the program that is executed"));
            return Ok(());
        }
        if self.is_foreign(name, arguments) {
            self.plan.lines[at].what =
                What::Skipped(Skip::NotComparable("it is memory of the program that was recorded"));
            return Ok(());
        }
        let mut step = self.lowered(task, name, arguments, expected, scope)?;
        if is_fork(name.text())
            && let Some(label) = self.survey.child(&expected)
        {
            step.child = self.by_label.get(&label).copied();
            step.result = step.child.and_then(|child| self.plan.tasks[child].key);
            if let Some(child) = step.child {
                self.known[child].handled = self.known[task].handled.clone();
            }
        }
        if self.origin == Origin::Recorded && step.lowered.number == nr::FUTEX {
            self.prepare_word(at, task, &mut step, arguments, &expected);
        }
        step.hands_over |= expected.restarts();
        if expected.restarts() {
            self.known[task].restarts = Some((name.text().to_owned(), at));
        }
        self.note_handlers(task, name, arguments, &expected);
        if matches!(step.lowered.number, nr::EXIT | nr::EXIT_GROUP) {
            self.known[task].exits = true;
        }
        if step.lowered.number == nr::EXECVE && !expected.fails() {
            self.known[task].handled.clear();
            if let Some(path) = arguments.first().filter(|_| self.survey.goes_on(node)) {
                step.becomes = true;
                let path = super::lower::unquote(path.text()).map(|(bytes, _)| bytes);
                let path = path.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                self.plan.becomes.extend(path);
            } else {
                self.known[task].exits = true;
            }
        }
        self.step(task, at, Act::Call(Box::new(step)));
        Ok(())
    }

    fn lowered(
        &mut self,
        task: usize,
        name: Node<'t>,
        arguments: &[Node<'t>],
        expected: Expected<'t>,
        scope: &str,
    ) -> Result<CallStep, Wrong> {
        let mut lowered = self.lower(task, scope, |lower| {
            lower.faults = expected.errno == Some("EFAULT");
            lower.call(name, arguments)
        })?;
        // A beginning that has no end says nothing of what would have come.
        if arguments.len() < 3 && matches!(lowered.number, nr::READ | nr::WRITE) {
            lowered.words[1] = Expr::of(self.slot(task));
            lowered.words[2] = Expr::of(4096);
        }
        let mut result = expected.variable().map(|name| self.key(name, scope));
        let maps = matches!(lowered.number, nr::MMAP | nr::BRK | nr::MREMAP | nr::SHMAT);
        if let Some(base) = expected.number().filter(|_| maps)
            && let Ok(base) = u64::try_from(base)
        {
            let key = self.plan.keys.intern(&format!("mapping {}", self.mappings.len()));
            let length = match lowered.number {
                nr::MMAP => lowered.words[1].base,
                nr::MREMAP => lowered.words[2].base,
                // A log tells where the heap began: what follows lies in it.
                nr::BRK if self.origin == Origin::Recorded && lowered.words[0] == Expr::of(0) => {
                    HEAP
                }
                // Of the break only where it is; what lies below has names of its own.
                _ => 1,
            };
            // A break that was moved is no other place.
            let moved = lowered.number == nr::BRK && length == 1;
            if moved && self.origin == Origin::Recorded {
                return Ok(CallStep { lowered, result, ..CallStep::default() });
            }
            self.mappings.push((base, length, key));
            result = result.or(Some(key));
        }
        Ok(CallStep { lowered, result, ..CallStep::default() })
    }

    fn lower<T>(&mut self, task: usize, scope: &str, with: impl FnOnce(&mut Lower<'_>) -> T) -> T {
        let slot = self.slot(task);
        with(&mut Lower {
            keys: &mut self.plan.keys,
            scope,
            area: slot..slot + SLOT,
            next: slot,
            mappings: &self.mappings,
            faults: false,
            done: Lowered::default(),
        })
    }

    /// A task's part of the arena.
    fn slot(&self, task: usize) -> u64 {
        ARENA + task as u64 % SLOTS * SLOT
    }

    fn key(&mut self, name: &str, scope: &str) -> Key {
        let scoped = self.plan.keys.find(&format!("{name}@{scope}"));
        scoped.unwrap_or_else(|| self.plan.keys.intern(name))
    }

    /// Which signals have handlers from here on.
    fn note_handlers(
        &mut self,
        task: usize,
        name: Node<'t>,
        arguments: &[Node<'t>],
        expected: &Expected<'t>,
    ) {
        let [signal, action, ..] = arguments else { return };
        if !matches!(name.text(), "rt_sigaction" | "sigaction") || expected.fails() {
            return;
        }
        let Some(signal) = oscope_kernel::abi::Signal::from_name(signal.text()) else { return };
        let handler = action.text();
        if handler.contains("SIG_DFL") || handler.contains("SIG_IGN") {
            self.known[task].handled.remove(&signal.number());
        } else if handler != "NULL" {
            self.known[task].handled.insert(signal.number());
        }
    }

    fn begin(&mut self, at: usize, task: usize, node: Node<'t>, scope: &str) -> Result<(), Wrong> {
        self.plan.lines[at].what = What::Begin(None);
        let Some(name) = node.child(Kind::Name) else { return Ok(()) };
        self.known[task].open = Some(at);
        let end = self.survey.end_of(node).map(|number| self.tree.at(number));
        let mut all = arguments(node);
        let mut expected = Expected::default();
        if let Some(end) = end {
            all.extend(resumed(end));
            expected = Expected::of(end);
        }
        if matches!(name.text(), "rt_sigreturn" | "sigreturn") {
            // It never waits: another task's line came between.
            self.known[task].depth = self.known[task].depth.saturating_sub(1);
            self.step(task, at, Act::Return);
            return Ok(());
        }
        // The kernel makes it again while the task is in no position to ask for a turn.
        if self.is_again(task, name.text(), at) {
            return Ok(());
        }
        self.make_call(at, task, (node, name, &all, expected), scope)?;
        if let Some(Step { act: Act::Call(call), .. }) = self.plan.tasks[task].steps.last_mut() {
            call.hands_over = true;
        }
        Ok(())
    }

    fn resume(&mut self, at: usize, task: usize, node: Node<'t>) -> Result<(), Wrong> {
        let Some(begun) = self.known[task].open.take() else {
            return Err(self.wrong_at(
                node,
                "no call of this task has begun",
                "a line of this task that ends in `<unfinished ...>` before this one",
            ));
        };
        self.plan.lines[at].what = What::Resume(begun);
        let begin = &mut self.plan.lines[begun].what;
        if let What::Skipped(skip) = begin {
            self.plan.lines[at].what = What::Skipped(skip.clone());
            return Ok(());
        }
        *begin = What::Begin(Some(at));
        let expected = Expected::of(node);
        // A task that died in the call does not come back to have a turn, nor one whose call a signal ended.
        if expected.is_open() {
            self.known[task].exits = true;
        } else if !expected.restarts() {
            self.step(task, at, Act::Turn);
        }
        Ok(())
    }

    fn signal(&mut self, at: usize, task: usize, node: Node<'t>) {
        self.plan.lines[at].what = What::Signal;
        let Some(number) = signal_of(node) else { return };
        let known = &self.known[task];
        let handled = known.handled.contains(&number);
        let in_call = known.open.is_some() || known.restarts.is_some();
        if self.origin == Origin::Recorded
            && let Some(address) = faulted(node)
        {
            // No line says what the program did there.
            self.step(task, at, Act::Touch(Expr::of(address)));
        }
        if handled {
            self.known[task].depth += 1;
            self.step(task, at, Act::Signal { number, handled });
        } else if !in_call && !self.survey.is_last(node) {
            self.step(task, at, Act::Signal { number, handled });
        }
    }

    fn end(&mut self, at: usize, task: usize, node: Node<'t>) {
        self.plan.lines[at].what = What::End;
        self.end_of(at, task, node);
        // Whoever does something in a later line does it when this has happened.
        self.plan.last_ends.extend(self.plan.tasks[task].key.filter(|_| task != 0));
    }

    fn end_of(&mut self, at: usize, task: usize, node: Node<'t>) {
        if self.known[task].exits {
            return;
        }
        self.known[task].exits = true;
        let words: Vec<&str> = node.text().split_whitespace().collect();
        let in_call = self.known[task].open.is_some() || self.known[task].restarts.is_some();
        if in_call {
            return;
        }
        match words.iter().position(|word| *word == "with") {
            Some(with) => {
                let code = words.get(with + 1).and_then(|code| code.parse().ok()).unwrap_or(0);
                let lowered = exit(nr::EXIT_GROUP, code);
                self.step(
                    task,
                    at,
                    Act::Call(Box::new(CallStep { lowered, ..CallStep::default() })),
                );
            }
            None => self.untimed(task, at, Act::Rest),
        }
    }

    /// In free order there are no turns.
    fn finish(&mut self) {
        if self.plan.order == Order::Free {
            for step in self.plan.tasks.iter_mut().flat_map(|task| &mut task.steps) {
                step.turn = None;
                step.after.clear();
            }
        }
    }
}

/// The arguments that the end of a call names. The first may be the rest of one that began in the line before:
/// `clone3({…} <unfinished ...>`, `<... clone3 resumed> => {…}, 88) = 7`.
pub(super) fn resumed(end: Node<'_>) -> Vec<Node<'_>> {
    let first = end.child(Kind::Arguments).and_then(|arguments| arguments.children().next());
    let goes_on = first.is_some_and(|first| first.text() == "=>");
    arguments(end).into_iter().skip(usize::from(goes_on)).collect()
}

/// What stands between a call's parentheses.
pub(super) fn arguments(node: Node<'_>) -> Vec<Node<'_>> {
    let Some(arguments) = node.child(Kind::Arguments) else { return Vec::new() };
    let is_value = |node: &Node<'_>| {
        !matches!(node.kind(), Kind::Mark | Kind::Message | Kind::Note | Kind::Operator)
    };
    arguments.children().filter(is_value).collect()
}

fn exit(number: u16, code: u64) -> Lowered {
    let mut lowered = Lowered { number, ..Lowered::default() };
    lowered.words[0] = Expr::of(code);
    lowered
}
