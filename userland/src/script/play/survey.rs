//! A first look over a whole script: whose lines are whose, which lines belong together, which names get values.

use super::result::Expected;
use crate::script::tree::{Children, Kind, Node, Tree};
use oscope_kernel::abi::Signal;
use std::collections::{BTreeMap, BTreeSet};

/// What a script has in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Survey {
    /// All tasks by their labels, the root first.
    pub(super) labels: Vec<String>,
    /// The names of blocks.
    pub(super) blocks: Vec<String>,
    /// Variables that something gives a value, with the block in which alone they mean it.
    pub(super) defined: BTreeSet<(String, String)>,
    /// All variables.
    pub(super) used: BTreeSet<String>,
    /// For the beginning of a call the node of its end.
    ends: BTreeMap<usize, usize>,
    /// Statements after which their task only ends.
    last: BTreeSet<usize>,
    /// Statements after which their task makes more calls.
    followed: BTreeSet<usize>,
}

/// Whether a call makes a task.
pub(super) fn is_fork(name: &str) -> bool {
    matches!(name, "fork" | "vfork" | "clone" | "clone3")
}

/// The task that stands before a line, if one does.
pub(super) fn label_of(node: Node<'_>) -> Option<&str> {
    let pid = node.child(Kind::Pid)?.text();
    let pid = pid.strip_prefix("[pid").unwrap_or(pid).trim_start();
    let end = pid.find(['<', ']', ' ']).unwrap_or(pid.len());
    pid.get(..end)
}

/// The signal of a line that says that one is taken; `None` for `--- stopped by … ---`.
pub(super) fn signal_of(node: Node<'_>) -> Option<u8> {
    let word = node.children().find(|child| !is_leader(child.kind()))?;
    let name = match word.kind() {
        Kind::Chain => word.children().next()?.text(),
        _ => word.text(),
    };
    Signal::from_name(name).filter(|_| name.starts_with("SIG")).map(Signal::number)
}

fn is_leader(kind: Kind) -> bool {
    matches!(kind, Kind::Pid | Kind::Time | Kind::Elapsed | Kind::Tag)
}

/// A line with the task whose it is.
struct Found<'t> {
    node: Node<'t>,
    label: &'t str,
}

impl Survey {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut survey = Self::default();
        let mut lines = Vec::new();
        survey.gather(tree.statements(), "", &mut lines);
        let mut children = BTreeSet::new();
        for Found { node, .. } in &lines {
            let name = node.child(Kind::Name).map_or("", Node::text);
            if matches!(node.kind(), Kind::Call | Kind::Resumed) && is_fork(name) {
                children.extend(survey.child(&Expected::of(*node)));
            }
            children.extend(attached(*node).map(str::to_owned));
        }
        survey.name(&lines, &children);
        // Lines that say nothing of whose they are are the root's.
        let root = survey.labels.first().cloned().unwrap_or_default();
        for line in lines.iter_mut().filter(|line| line.label.is_empty()) {
            line.label = &root;
        }
        survey.pair_up(&lines);
        survey
    }

    /// All lines, blocks included, in the order of the text.
    fn gather<'t>(&mut self, nodes: Children<'t>, scope: &'t str, lines: &mut Vec<Found<'t>>) {
        for node in nodes {
            match node.kind() {
                Kind::Process | Kind::Thread => {
                    let name = node.child(Kind::Word).map_or("", Node::text);
                    if !name.is_empty() && !self.blocks.iter().any(|block| block == name) {
                        self.blocks.push(name.to_owned());
                        self.defined.insert((format!("${name}"), String::new()));
                    }
                    self.gather(node.children(), name, lines);
                }
                Kind::Repeat => self.gather(node.children(), scope, lines),
                _ => {
                    self.variables(node, scope);
                    lines.push(Found { node, label: label_of(node).unwrap_or(scope) });
                }
            }
        }
    }

    fn variables(&mut self, node: Node<'_>, scope: &str) {
        fn walk(node: Node<'_>, defines: bool, see: &mut impl FnMut(&str, bool)) {
            for child in node.children() {
                match child.kind() {
                    Kind::Variable => see(child.text(), defines),
                    Kind::Array => walk(child, true, see),
                    Kind::Result => walk(child, true, see),
                    _ => walk(child, false, see),
                }
            }
        }
        walk(node, false, &mut |name, defines| {
            self.used.insert(name.to_owned());
            if defines && !self.defined.contains(&(name.to_owned(), String::new())) {
                self.defined.insert((name.to_owned(), scope.to_owned()));
            }
        });
    }

    /// Finds what belongs together.
    fn pair_up(&mut self, lines: &[Found<'_>]) {
        let mut open: BTreeMap<&str, Node<'_>> = BTreeMap::new();
        let mut newest: BTreeMap<&str, Vec<Node<'_>>> = BTreeMap::new();
        for Found { node, label } in lines {
            match node.kind() {
                Kind::Unfinished => {
                    open.insert(label, *node);
                }
                Kind::Resumed => {
                    if let Some(begun) = open.remove(label) {
                        self.ends.insert(begun.number(), node.number());
                    }
                }
                _ => {}
            }
            let acts = matches!(node.kind(), Kind::Call | Kind::Unfinished);
            let waiting = newest.entry(label).or_default();
            match node.kind() {
                Kind::Call | Kind::Unfinished | Kind::Resumed | Kind::Signal => {
                    if acts {
                        self.followed.extend(waiting.drain(..).map(Node::number));
                    }
                    waiting.push(*node);
                }
                Kind::End => self.last.extend(waiting.drain(..).map(Node::number)),
                _ => {}
            }
        }
    }

    /// The label of the task that a call made.
    pub(super) fn child(&self, expected: &Expected<'_>) -> Option<String> {
        match expected.variable() {
            Some(name) => Some(name.to_owned()),
            None => expected.number().filter(|number| *number > 0).map(|number| number.to_string()),
        }
    }

    /// The tasks in the order in which they appear. The first that nobody made is the root.
    fn name(&mut self, lines: &[Found<'_>], children: &BTreeSet<String>) {
        let is_root = |label: &&str| {
            !label.is_empty()
                && !children.contains(*label)
                && !self.blocks.iter().any(|b| b == label)
        };
        let root = lines.iter().map(|line| line.label).find(is_root).unwrap_or("1");
        let mut labels = vec![root.to_owned()];
        let found = lines.iter().map(|line| line.label.to_owned());
        for label in found.chain(children.iter().cloned()).chain(self.blocks.iter().cloned()) {
            if !label.is_empty() && !labels.contains(&label) {
                labels.push(label);
            }
        }
        self.labels = labels;
    }

    /// The end of a call that begins here.
    pub(super) fn end_of(&self, node: Node<'_>) -> Option<usize> {
        self.ends.get(&node.number()).copied()
    }

    /// Whether a task only ends after this.
    pub(super) fn is_last(&self, node: Node<'_>) -> bool {
        self.last.contains(&node.number())
    }

    /// Whether a task makes calls after this.
    pub(super) fn goes_on(&self, node: Node<'_>) -> bool {
        self.followed.contains(&node.number())
    }
}

/// The task of `strace: Process 7 attached`.
fn attached(node: Node<'_>) -> Option<&str> {
    let text = match node.kind() {
        Kind::Message => node.text(),
        _ => node.child(Kind::Arguments)?.child(Kind::Message)?.text(),
    };
    text.strip_prefix("strace: Process ")?.strip_suffix(" attached")
}
