//! Logs of a real strace: each is read whole and printed back byte for byte. And texts that are no logs, which must
//! do no harm.

use oscope_userland::script::{Kind, Node, Tree, parse};
use proptest::prelude::{ProptestConfig, Strategy, any, proptest};
use std::fs;
use std::path::{Path, PathBuf};

/// Logs that come with the tests, and, where they are, those that lie beside the project.
fn logs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut logs = Vec::new();
    for directory in ["data/strace", "../../shared/oracles/strace"] {
        let Ok(entries) = fs::read_dir(root.join(directory)) else { continue };
        let paths = entries.flatten().map(|entry| entry.path());
        logs.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "strace")));
    }
    logs.sort();
    logs
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a log is text")
}

/// Every node lies in its parent and behind its elder siblings, on whole characters.
fn check(tree: &Tree) {
    fn inside(node: Node<'_>, from: usize, to: usize) {
        let range = node.range();
        assert!(from <= range.start && range.start <= range.end && range.end <= to, "{range:?}");
        assert!(tree_text(node), "{range:?} cuts a character");
        let mut from = range.start;
        for child in node.children() {
            inside(child, from, range.end);
            from = child.range().end;
        }
    }
    fn tree_text(node: Node<'_>) -> bool {
        node.text().len() == node.range().len()
    }
    let mut from = 0;
    for statement in tree.statements() {
        inside(statement, from, tree.source().len());
        from = statement.range().end;
    }
}

#[test]
fn real_logs_are_read_whole_and_printed_back() {
    let logs = logs();
    assert!(logs.len() >= 8, "the logs are not where they were");
    for path in logs {
        let text = read(&path);
        let parsed = parse(&text);
        for problem in &parsed.problems {
            eprintln!("{}", problem.show(&path.to_string_lossy(), &text));
        }
        assert!(parsed.problems.is_empty(), "{}", path.display());
        check(&parsed.tree);
        assert!(parsed.tree.render() == text, "{}", path.display());
    }
}

#[test]
fn every_call_of_a_log_is_found() {
    for path in logs() {
        let text = read(&path);
        let tree = parse(&text).tree;
        let is_call = |kind: Kind| matches!(kind, Kind::Call | Kind::Unfinished | Kind::Resumed);
        for node in tree.statements().filter(|node| is_call(node.kind())) {
            let name = node.child(Kind::Name).map(Node::text).unwrap_or_default();
            let lower =
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            let is_continuation = node.text().trim_start().starts_with("<unfinished ...>");
            assert!(is_continuation || (!name.is_empty() && lower), "{}: `{name}`", path.display());
            assert!(is_continuation || node.child(Kind::Arguments).is_some(), "{}", node.text());
        }
        // Nothing that looks like a call was taken for something else.
        let broken = tree.statements().filter(|node| {
            !is_call(node.kind())
                && node.text().contains(") = ")
                && !matches!(node.kind(), Kind::Message | Kind::Frame)
        });
        assert_eq!(broken.map(Node::text).next(), None, "{}", path.display());
    }
}

/// Reads a text in which there may be anything. Returns how many nodes it made.
fn harmless(text: &str) {
    let parsed = parse(text);
    check(&parsed.tree);
    assert_eq!(parsed.tree.render(), text);
    for problem in &parsed.problems {
        assert!(!problem.show("x", text).is_empty());
    }
}

/// Pieces of the language, put together at random: deeper than random bytes ever get.
fn pieces() -> impl Strategy<Value = String> {
    const PIECES: [&str; 40] = [
        "read",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "<",
        ">",
        "\"",
        "\\",
        "=",
        " = ",
        ",",
        " ",
        "\n",
        "|",
        "&&",
        "=>",
        "-1",
        "0x7f",
        "ENOENT",
        "...",
        "<unfinished ...>",
        "<... ",
        " resumed>",
        "--- ",
        "+++ ",
        "[pid 7] ",
        "7 ",
        "12:00:00 ",
        "strace: Process 7 attached\n",
        "/*",
        "*/",
        "repeat 2 {\n",
        "}\n",
        "$x",
        "~[",
        "\u{e9}",
        "\u{ac00}",
    ];
    proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..60)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        harmless(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn pieces_of_the_language_are_harmless(text in pieces()) {
        harmless(&text);
    }

    #[test]
    fn logs_with_a_byte_changed_are_harmless(at in any::<u32>(), byte in 0u8..128, length in 1usize..2_000) {
        let path = logs().swap_remove(0);
        let mut bytes = read(&path).into_bytes();
        bytes.truncate(length.min(bytes.len()));
        let at = at as usize % bytes.len();
        bytes[at] = byte;
        harmless(&String::from_utf8_lossy(&bytes));
    }
}

/// Work must grow with the text and no faster. Counting nodes or steps would count what is meant to be bounded, so
/// these are texts of a size at which anything quadratic would not come to an end.
#[test]
fn long_lines_of_one_kind_come_to_an_end() {
    let n = 300_000;
    for (before, piece, after) in [
        ("f(", "[1], ", ")"),
        ("f(", "1|", "1)"),
        ("f(", "a ", ")"),
        ("f(1<", "\\\"", ""),
        ("f() = 0 (", "\"\\", ""),
        ("f(", "{a=", ""),
        ("f(", "<", ""),
        ("f(", "/* */", ")"),
        ("f(", "strace: Process 7 attached\n", ")"),
        ("", "strace", ": Process 7"),
        ("--- ", "(", ""),
        ("", "{", ""),
        ("", "repeat 1 {\n", ""),
        ("", "\n", ""),
        ("", "f(\n", ""),
    ] {
        harmless(&format!("{before}{}{after}", piece.repeat(n)));
    }
}
