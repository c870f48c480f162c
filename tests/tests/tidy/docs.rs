//! What the documents point at is there.

use crate::markdown::{is_elsewhere, page};
use crate::workspace::{File, Problem, Workspace};
use std::collections::BTreeSet;

/// The word before an anchor's name; in a source it stands right behind the slashes of a comment.
const ANCHOR: &str = "DOC: ";

const CRATES: [&str; 4] = ["kernel/", "userland/", "tui/", "tests/"];

fn documents(workspace: &Workspace) -> impl Iterator<Item = &File> {
    let is_document =
        |path: &str| path.starts_with("docs/") || matches!(path, "README.md" | "README.ko.md");
    workspace.files.iter().filter(move |file| is_document(&file.path))
}

fn is_markdown(file: &&File) -> bool {
    file.path.ends_with(".md")
}

/// Links within the repository lead somewhere, and Rust files that are named exist.
pub(crate) fn references(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in documents(workspace).filter(is_markdown) {
        let page = page(&file.text);
        for (at, target) in page.links {
            if !link_exists(workspace, &file.path, &target) {
                let message = format!("link to `{target}`; expected a file in the repository");
                problems.push(file.problem(at, message));
            }
        }
        // In a fenced block a bare name may be the reader's own file.
        let is_ours = |name: &str| CRATES.iter().any(|prefix| name.starts_with(prefix));
        let spans = page.spans.iter().flat_map(|(at, text)| names(*at, text));
        let fenced = page.fenced.iter().flat_map(|(at, text)| names(*at, text));
        for (at, name) in spans.chain(fenced.filter(|(_, name)| is_ours(name))) {
            if !source_exists(workspace, &file.path, name) {
                let message = format!(
                    "`{name}`; expected the path of a source file, or the end of one (link it if it is \
                     another project's)"
                );
                problems.push(file.problem(at, message));
            }
        }
    }
    problems
}

fn link_exists(workspace: &Workspace, document: &str, target: &str) -> bool {
    let path = target.split(['#', '?']).next().unwrap_or_default();
    if is_elsewhere(target) || path.is_empty() {
        return true;
    }
    let path = path.replace("%20", " ");
    let resolved = match path.strip_prefix('/') {
        Some(from_root) => join("", from_root),
        None => join(document, &path),
    };
    resolved.is_some_and(|path| workspace.has(&path))
}

/// `relative`, seen from the file `from`; none if it leads out of the repository.
fn join(from: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The Rust files that `text` names. `<name>.rs` and the like stand for many, and name none.
fn names(at: usize, text: &str) -> impl Iterator<Item = (usize, &str)> {
    let separates = |c: char| c.is_whitespace() || "\"'`(),;=|[]│├└─".contains(c);
    text.split(separates).filter_map(move |word| {
        let name = word.trim_end_matches(['.', ':']);
        let (stem, line) = name.split_once(".rs").unwrap_or((name, "no"));
        let line = line.trim_start_matches(':');
        let is_name =
            stem.chars().any(char::is_alphanumeric) && !stem.contains(['<', '{', '$', '~', ':']);
        let end = stem.len() + ".rs".len();
        let is_source = is_name && line.chars().all(|c| c.is_ascii_digit() || c == ':');
        let name = name.get(..end).filter(|_| is_source)?;
        Some((at + (word.as_ptr().addr() - text.as_ptr().addr()), name))
    })
}

fn source_exists(workspace: &Workspace, document: &str, name: &str) -> bool {
    if join(document, name).is_some_and(|path| workspace.has(&path)) {
        return true;
    }
    let wanted: Vec<&str> = name.trim_start_matches("./").split('/').collect();
    workspace.rust_files().any(|file| {
        let parts: Vec<&str> = file.path.split('/').collect();
        let tail = &parts[parts.len().saturating_sub(wanted.len())..];
        tail.len() == wanted.len()
            && tail.iter().zip(&wanted).all(|(part, want)| matches(part, want))
    })
}

/// Whether `name` is `pattern`, in which one `*` stands for anything.
fn matches(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

/// Every anchor that a document cites is in a source.
pub(crate) fn anchors(workspace: &Workspace) -> Vec<Problem> {
    let sources = workspace.rust_files().filter(|file| file.is_crate_source());
    let defined: BTreeSet<&str> = sources.flat_map(|file| defined_anchors(&file.text)).collect();
    let mut problems = Vec::new();
    for file in documents(workspace) {
        for (at, name) in anchors_in(&file.text) {
            if !defined.contains(name) {
                let message = format!(
                    "`{ANCHOR}{name}`; expected the comment `//{ANCHOR}{name}` in a source"
                );
                problems.push(file.problem(at, message));
            }
        }
    }
    problems
}

/// The anchors in comments of their own: prose that mentions one, as `//DOC: name`, does not make one.
fn defined_anchors(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (before, comment) = line.split_once("//")?;
        let is_anchor = comment.trim_start().starts_with(ANCHOR) && !before.contains('"');
        let (_, name) = anchors_in(comment).next().filter(|_| is_anchor)?;
        Some(name)
    })
}

fn anchors_in(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices(ANCHOR).filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + ANCHOR.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
        let name = &rest[..end.unwrap_or(rest.len())];
        let is_word = !before.is_some_and(char::is_alphanumeric);
        (is_word && !name.is_empty()).then_some((at, name))
    })
}

/// Decisions say what was decided, whether it still holds, why, and what follows.
pub(crate) fn decisions(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &workspace.files {
        let Some(name) = file.path.strip_prefix("docs/decisions/") else {
            continue;
        };
        let is_numbered = name.len() > 5 && name.bytes().take(4).all(|b| b.is_ascii_digit());
        if !(is_numbered && name.as_bytes()[4] == b'-' && name.ends_with(".md")) {
            continue;
        }
        if !file.text.starts_with("# ") {
            problems.push(Problem::new(&file.path, 1, "no title; expected `# ` first"));
        }
        let has = |accept: &dyn Fn(&str) -> bool| file.text.lines().any(accept);
        let mut missing = Vec::new();
        if !has(&|line| line.starts_with("Status:")) {
            missing.push("a line `Status: …`");
        }
        for section in ["## Context", "## Decision", "## Consequences"] {
            if !has(&|line| line.trim_end() == section) {
                missing.push(section);
            }
        }
        for part in missing {
            let message = format!("incomplete; expected {part}");
            problems.push(Problem::new(&file.path, file.text.lines().count(), message));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{anchors, decisions, references};
    use crate::workspace::{Problem, Workspace};

    fn wrong(rule: fn(&Workspace) -> Vec<Problem>, path: &str, text: &str) -> Vec<String> {
        let files = [
            (path, text),
            ("README.md", ""),
            ("docs/book/one.md", ""),
            ("kernel/src/machine/boot.rs", "//DOC: boot-list\n//! `//DOC: other`\n"),
            ("kernel/src/mm/tests.rs", "x(); // DOC: cow_fork\nf(\"//DOC: text\");\n"),
        ];
        let workspace = Workspace::new(files.map(|(p, t)| (p.to_owned(), t.to_owned())));
        rule(&workspace).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn links_lead_somewhere() {
        let good = "[a](book/one.md#b) [c](../README.md) [d](#e) [f](https://g.org/h) [i](book/) [j](/README.md)";
        assert_eq!(wrong(references, "docs/a.md", good), [""; 0]);
        let bad = "[a](one.md)\n[b](../../README.md)\n![c](/no.png)\n";
        let problems = wrong(references, "docs/a.md", bad);
        assert_eq!(problems.len(), 3);
        assert_eq!(problems[0], "docs/a.md:1: link to `one.md`; expected a file in the repository");
    }

    #[test]
    fn sources_that_are_named_exist() {
        let good = "`machine/boot.rs:12` `boot.rs` `kernel/src/mm/tests.rs` `mm/*.rs` `<name>.rs` `docs.rs.md`\n\
                    prose.rs\n```\nrustc mine.rs\nls kernel/src/machine/boot.rs\n```\n";
        assert_eq!(wrong(references, "docs/a.md", good), [""; 0]);
        let bad = "`oot.rs` `mm/boot.rs` `cat kernel/boot.rs`\n```\nkernel/src/no.rs\n```\n";
        let problems = wrong(references, "docs/a.md", bad);
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(problems[3].starts_with("docs/a.md:3:"), "{problems:?}");
    }

    #[test]
    fn anchors_that_are_cited_exist() {
        let good = "See `DOC: boot-list`, DOC: cow_fork. `DOC: <name>`";
        assert_eq!(wrong(anchors, "docs/a.md", good), [""; 0]);
        assert_eq!(wrong(anchors, "docs/a.toml", "at = \"DOC: other\" # DOC: text").len(), 2);
    }

    #[test]
    fn decisions_are_complete() {
        let good = "# T\n\nStatus: accepted\n\n## Context\n\n## Decision\n\n## Consequences\n";
        assert_eq!(wrong(decisions, "docs/decisions/0001-a.md", good), [""; 0]);
        assert_eq!(wrong(decisions, "docs/decisions/0001-a.md", "T\n").len(), 5);
        assert_eq!(wrong(decisions, "docs/decisions/README.md", "T\n").len(), 0);
    }
}
