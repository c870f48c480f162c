//! What happened, under the name that the script uses: a call of riscv64 as the older one that its line has.

use super::lower::alias::{self, Slot};
use crate::script::parse::parse;
use crate::script::tree::{Kind, Node, Tree};

/// The tree of one call, `name(arguments) = result`.
pub(super) fn call_of(line: &str) -> Option<Tree> {
    let parsed = parse(line);
    parsed.problems.is_empty().then_some(parsed.tree)
}

/// The call as a script with this name for it would have it. `written` are the script's own arguments: some cannot be
/// told from what the call got.
pub(super) fn project(line: &str, name: &str, written: &[Node<'_>]) -> String {
    let Some(alias) = alias::find(name) else { return line.to_owned() };
    let Some(tree) = call_of(line) else { return line.to_owned() };
    let Some(call) = tree.statements().next() else { return line.to_owned() };
    let given = super::compile::arguments(call);
    let mut arguments: Vec<String> = Vec::new();
    for (at, slot) in alias.slots.iter().enumerate() {
        let (n, text) = match *slot {
            Slot::Argument(n) => (n, given.get(at).map(|node| node.text())),
            Slot::Millis(n) | Slot::Timeval(n) | Slot::Seconds(n) | Slot::Hint(n) => {
                (n, written.get(usize::from(n)).map(|node| node.text()))
            }
            Slot::Word(_) => continue,
        };
        let Some(text) = text else { continue };
        let n = usize::from(n);
        if arguments.len() <= n {
            arguments.resize(n + 1, String::new());
        }
        text.clone_into(&mut arguments[n]);
    }
    let mut result = call.child(Kind::Result).map_or("", Node::text).to_owned();
    if let ("dup2", [from, to, ..]) = (name, written)
        && from.text() == to.text()
    {
        // That was fcntl(2), which says nothing but whether there is such a descriptor.
        arguments = vec![from.text().to_owned(), to.text().to_owned()];
        if !result.starts_with("= -1") {
            result = format!("= {}", to.text());
        }
    }
    if alias.slots.iter().any(|slot| matches!(slot, Slot::Millis(_)))
        && let (Some(from), Some(to)) = (result.find(", left {"), result.rfind("})"))
    {
        // poll(2) has no structure to say it in.
        result.replace_range(from..=to, "");
    }
    let equals = if result.is_empty() { "" } else { " " };
    format!("{name}({}){equals}{result}", arguments.join(", "))
}
