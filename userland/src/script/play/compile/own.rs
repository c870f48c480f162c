//! Lines that only people write: set-up, time, memory, assertions, blocks.

use super::{Compiler, exit};
use crate::predicate;
use crate::script::expect::Expectation;
use crate::script::play::lower::{Expr, Lowered, Wrong};
use crate::script::play::plan::{Act, CallStep, Directive, Order, What};
use crate::script::play::result::Expected;
use crate::script::play::{MOST_STEPS, SLOT};
use crate::script::tree::{Kind, Node};
use oscope_kernel::abi::nr;
use oscope_kernel::base::Duration;

impl<'t> Compiler<'t> {
    /// What only scripts have: memory that threads share, and waiting for one of them.
    pub(super) fn pseudo(
        &mut self,
        at: usize,
        task: usize,
        (name, arguments, expected): (Node<'t>, &[Node<'t>], Expected<'t>),
        scope: &str,
    ) -> Result<(), Wrong> {
        let usage = match name.text() {
            "load" => "`load($word) = 5`",
            "store" => "`store($word, 5) = 0`",
            _ => "`join(name) = 0`",
        };
        let wanted = if name.text() == "store" { 2 } else { 1 };
        if arguments.len() != wanted {
            let message = format!("`{}` takes {wanted} argument(s)", name.text());
            return Err(self.wrong_at(name, &message, usage));
        }
        let act = match name.text() {
            "join" => {
                self.plan.lines[at].what = What::Other;
                let label = arguments[0].text().trim_start_matches('$');
                let Some(&child) = self.by_label.get(label).filter(|_| !label.is_empty()) else {
                    let blocks = self.survey.blocks.join(", ");
                    let expected = format!("the name of a block: {blocks}");
                    return Err(self.wrong_at(arguments[0], "nobody is called so", &expected));
                };
                match self.plan.tasks[child].done {
                    Some(done) => Act::Join(done),
                    None => return Ok(()),
                }
            }
            "load" => {
                self.plan.lines[at].what = What::Load;
                let key = expected.variable().map(|name| self.key(name, scope));
                Act::Load(self.lower(task, scope, |lower| lower.address(arguments[0]))?, key)
            }
            _ => {
                self.plan.lines[at].what = What::Other;
                let place = self.lower(task, scope, |lower| lower.address(arguments[0]))?;
                Act::Store(place, self.lower(task, scope, |lower| lower.plain(arguments[1]))?)
            }
        };
        self.step(task, at, act);
        Ok(())
    }

    pub(super) fn directive(&mut self, node: Node<'t>) -> Result<(), Wrong> {
        let Some(name) = node.child(Kind::Name) else { return Ok(()) };
        let words: Vec<_> =
            node.children().skip(1).map(|word| (word.text().to_owned(), word.range())).collect();
        match name.text() {
            "order" => match words.first().map(|(word, _)| word.as_str()) {
                Some("lines") => self.plan.order = Order::Lines,
                Some("free") => self.plan.order = Order::Free,
                _ => {
                    return Err(self.wrong_at(
                        node,
                        "this is no order",
                        "`@order lines` or `@order free`",
                    ));
                }
            },
            "machine" => self.plan.directives.push(Directive {
                name: name.text().to_owned(),
                words,
                range: node.range(),
            }),
            other => {
                let message = format!("`@{other}` sets nothing up");
                return Err(self.wrong_at(name, &message, "`@machine …` or `@order …`"));
            }
        }
        Ok(())
    }

    pub(super) fn compute(&mut self, at: usize, task: usize, node: Node<'t>) -> Result<(), Wrong> {
        let text = node.children().find(|child| child.kind() == Kind::Integer).map(Node::text);
        match text.and_then(predicate::time) {
            Some(time) => {
                self.step(task, at, Act::Compute(Duration(time.0)));
                Ok(())
            }
            None => Err(self.wrong_at(node, "how long?", "a time: `compute 5ms`")),
        }
    }

    pub(super) fn touch(
        &mut self,
        at: usize,
        task: usize,
        node: Node<'t>,
        scope: &str,
    ) -> Result<(), Wrong> {
        let Some(address) = node.children().find(|child| child.kind() != Kind::Pid) else {
            return Err(self.wrong_at(node, "what is touched?", "an address: `touch $memory`"));
        };
        let address = self.lower(task, scope, |lower| lower.address(address))?;
        self.step(task, at, Act::Touch(address));
        Ok(())
    }

    pub(super) fn expect(&mut self, at: usize, node: Node<'t>) -> Result<(), Wrong> {
        let text = node.text();
        // A leader may stand before the word.
        let start = text.find("expect").map_or(0, |at| at + "expect".len());
        let body = text.get(start..).unwrap_or_default();
        match Expectation::parse(body) {
            Ok(expectation) => {
                self.plan.lines[at].what = What::Expect(expectation);
                Ok(())
            }
            Err(error) => {
                let place = (node.range().start + start + error.at).min(node.range().end);
                Err(Wrong {
                    range: place..node.range().end.max(place),
                    message: error.message,
                    expected: error.expected,
                    unsupported: false,
                })
            }
        }
    }

    pub(super) fn repeat(&mut self, node: Node<'t>, scope: &str) -> Result<(), Wrong> {
        let mut children = node.children();
        let count = children.next().and_then(Node::integer).and_then(|n| u32::try_from(n).ok());
        let Some(count) = count else {
            return Err(self.wrong_at(node, "how often?", "a number: `repeat 3 {`"));
        };
        for _ in 0..count {
            self.statements(children.clone(), scope);
            if self.plan.lines.len() >= MOST_STEPS {
                return self.too_long(node);
            }
        }
        Ok(())
    }

    /// `process name { … }`: the task makes a child, whose lines these are.
    pub(super) fn block(&mut self, at: usize, task: usize, node: Node<'t>) -> Result<(), Wrong> {
        let mut children = node.children();
        let Some(name) = children.by_ref().find(|child| child.kind() == Kind::Word) else {
            return Err(self.wrong_at(node, "this block has no name", "`process reader {`"));
        };
        let label = name.text().to_owned();
        let Some(&child) = self.by_label.get(&label) else { return Ok(()) };
        let is_thread = node.kind() == Kind::Thread;
        // CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD, CLONE_SYSVSEM; SIGCHLD.
        let flags = if is_thread { 0x5_0f00 } else { 17 };
        let stack = if is_thread { self.slot(child) + SLOT } else { 0 };
        let mut lowered = Lowered { number: nr::CLONE, ..Lowered::default() };
        (lowered.words[0], lowered.words[1]) = (Expr::of(flags), Expr::of(stack));
        let result = self.plan.tasks[child].key;
        self.known[child].handled = self.known[task].handled.clone();
        let step = CallStep { lowered, result, child: Some(child), ..CallStep::default() };
        self.step(task, at, Act::Call(Box::new(step)));
        self.statements(children, &label);
        if !self.known[child].exits {
            self.known[child].exits = true;
            let lowered = exit(if is_thread { nr::EXIT } else { nr::EXIT_GROUP }, 0);
            let step = CallStep { lowered, ..CallStep::default() };
            self.untimed(child, at, Act::Call(Box::new(step)));
        }
        Ok(())
    }
}
