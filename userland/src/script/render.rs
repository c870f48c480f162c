//! A tree as text: what strace, or whoever wrote the script, has written.

use super::tree::{Node, Tree};

impl Tree {
    /// Prints the tree: every leaf, and between them what separates them.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(self.source().len());
        let mut done = 0;
        for statement in self.statements() {
            self.gap(&mut out, done..statement.range().start);
            self.node(&mut out, statement);
            done = statement.range().end;
        }
        self.gap(&mut out, done..self.source().len());
        out
    }

    fn node(&self, out: &mut String, node: Node<'_>) {
        let mut done = node.range().start;
        for child in node.children() {
            self.gap(out, done..child.range().start);
            self.node(out, child);
            done = child.range().end;
        }
        self.gap(out, done..node.range().end);
    }

    /// Text that belongs to no child.
    fn gap(&self, out: &mut String, range: std::ops::Range<usize>) {
        out.push_str(self.source().get(range).unwrap_or_default());
    }
}
