//! Layout of files, and what is not to be in them.

use crate::tokens::{Kind, Token, paths};
use crate::workspace::{File, Problem, Workspace};

const LONGEST: usize = 600;

/// Text that people write; what programs printed is kept as it was printed.
const WRITTEN: [&str; 5] = [".rs", ".toml", ".md", ".yml", ".ci/run"];

/// Length, opening and whitespace.
pub(crate) fn layout(workspace: &Workspace) -> Vec<Problem> {
    workspace.files.iter().flat_map(layout_of).collect()
}

fn layout_of(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |line: usize, message: String| {
        problems.push(Problem::new(&file.path, line, message));
    };
    let text = &file.text;
    let length = text.lines().count();
    if file.is_rust() && length > LONGEST {
        wrong(length, format!("{length} lines; expected at most {LONGEST}: split by meaning"));
    }
    let first = text.lines().find(|line| !line.trim().is_empty());
    if file.is_crate_source() && !first.is_some_and(|line| line.starts_with("//!")) {
        wrong(1, "does not say what it is for; expected `//!` first".to_owned());
    }
    if !WRITTEN.iter().any(|end| file.path.ends_with(end)) {
        return problems;
    }
    for (index, line) in text.split('\n').enumerate() {
        if line.ends_with(char::is_whitespace) {
            wrong(index + 1, "trailing whitespace; expected none".to_owned());
        }
        if file.is_rust() && line.contains('\t') {
            wrong(index + 1, "tab; expected spaces, or \\t in a string".to_owned());
        }
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        wrong(length, "the end of the file; expected exactly one newline".to_owned());
    }
    problems
}

/// Nothing that differs between hosts or runs may reach the kernel.
pub(crate) fn deterministic(workspace: &Workspace) -> Vec<Problem> {
    let kernel = workspace.rust_files().filter(|file| file.path.starts_with("kernel/src/"));
    kernel.flat_map(deterministic_file).collect()
}

fn deterministic_file(file: &File) -> Vec<Problem> {
    let tokens = file.tokens();
    let may_spawn = file.path == "kernel/src/world/parallel.rs";
    let mut problems = Vec::new();
    for token in &tokens {
        let expected = match token.text {
            _ if token.kind == Kind::Float => "integers: floats differ between hosts",
            "f32" | "f64" => "integers: floats differ between hosts",
            "HashMap" => "BTreeMap or base::id::Table: the order of a HashMap is chance",
            "HashSet" => "BTreeSet: the order of a HashSet is chance",
            "Instant" | "SystemTime" => "base::Time: the host's clock is not the machine's",
            _ => continue,
        };
        let message = format!("`{}`; expected {expected}", token.text);
        problems.push(file.problem(token.at, message));
    }
    for path in paths(&tokens) {
        let expected = match path.segments[..] {
            ["std", "thread", ..] | ["crossbeam" | "crossbeam_utils", "thread" | "scope", ..] => {
                if may_spawn {
                    continue;
                }
                "no host threads outside of kernel/src/world/parallel.rs"
            }
            // Addresses are plain values.
            ["std", "net", "Ipv4Addr" | "SocketAddrV4", ..] => continue,
            ["std", "net" | "fs" | "env", ..] => "no way out of the emulation",
            ["rand", ..] => "base::Rng, which is seeded",
            _ => continue,
        };
        let message = format!("`{}`; expected {expected}", path.segments.join("::"));
        problems.push(file.problem(path.at, message));
    }
    problems
}

/// Marks of unfinished work, in any text. Taken apart, lest they be found here.
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Nothing is left unfinished, unused, unsafe or unexplained.
pub(crate) fn finished(workspace: &Workspace) -> Vec<Problem> {
    workspace.rust_files().flat_map(finished_file).collect()
}

fn finished_file(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    for mark in MARKS {
        for at in words(&file.text, mark) {
            problems
                .push(file.problem(at, format!("`{mark}`; expected finished work, or an issue")));
        }
    }
    let tokens = file.tokens();
    let in_test = file.tests(&tokens);
    let may_be_unsafe = file.path.starts_with("tests/host/");
    for (i, token) in tokens.iter().enumerate() {
        let is_followed_by = |next: &[&str]| follows(&tokens[i + 1..], next);
        let message = match token.text {
            "todo" | "unimplemented" | "dbg" if is_followed_by(&["!"]) => {
                format!("`{}!`; expected finished work", token.text)
            }
            "dead_code" => "`dead_code` allowed; expected that the code is used or gone".to_owned(),
            "unsafe" if !may_be_unsafe => "`unsafe`; expected safe Rust".to_owned(),
            "unwrap" if is_followed_by(&["(", ")"]) && i > 0 && tokens[i - 1].text == "." => {
                if in_test(token.at) {
                    continue;
                }
                "`.unwrap()`; expected an error, or `expect` with the reason why it cannot fail"
                    .to_owned()
            }
            _ => continue,
        };
        problems.push(file.problem(token.at, message));
    }
    problems
}

fn follows(tokens: &[Token<'_>], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.text == *text)
}

/// Where `word` stands in `text` as a whole word.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let found = text.match_indices(word).map(|(at, _)| at);
    found.filter(move |&at| {
        let after = text[at + word.len()..].chars().next();
        is_edge(text[..at].chars().next_back()) && is_edge(after)
    })
}

/// Paths on a machine that readers do not have.
const ELSEWHERE: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// A neighbour of the checkout that need not be there.
const NEIGHBOUR: &str = concat!("../sha", "red");

/// What is written can be followed by whoever has this repository and nothing else.
pub(crate) fn self_contained(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &workspace.files {
        for place in ELSEWHERE {
            for (at, _) in file.text.match_indices(place) {
                // `/a/b/` within `https://host/a/b/` or `$HOME/a/b/` is no absolute path.
                let before = file.text[..at].chars().next_back();
                if !before.is_some_and(|c| c.is_alphanumeric() || "_-.~/}".contains(c)) {
                    let message = format!("`{place}…`; expected a path within the repository");
                    problems.push(file.problem(at, message));
                }
            }
        }
        // Tests may read what lies there and do without it.
        if file.path == ".ci/run" || file.path.starts_with("tests/") {
            continue;
        }
        for (at, _) in file.text.match_indices(NEIGHBOUR) {
            let message = format!("`{NEIGHBOUR}`; expected a path within the repository");
            problems.push(file.problem(at, message));
        }
    }
    problems
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
