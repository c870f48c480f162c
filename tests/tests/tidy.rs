//! The style of this repository, as far as a program can tell.
//!
//! Each test holds one rule over all files and fails with a list of `file:line: what is wrong; what is
//! expected`. The idea is from rust-analyzer's and TigerBeetle's tests of the same name: what a test says
//! needs not be said in a review.
//!
//! `strip` blanks comments and literals, `tokens` cuts what is left into words and paths, and the rules are in
//! `layers`, `words` and `docs`. None of it is a parser: code that sets out to deceive a rule will.

#[path = "tidy/docs.rs"]
mod docs;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/markdown.rs"]
mod markdown;
#[path = "tidy/strip.rs"]
mod strip;
#[path = "tidy/tokens.rs"]
mod tokens;
#[path = "tidy/words.rs"]
mod words;
#[path = "tidy/workspace.rs"]
mod workspace;

use std::path::Path;
use std::sync::LazyLock;
use workspace::{Problem, Workspace};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Workspace::read(&root)
});

/// Fails with all that `rule` finds.
fn hold(rule: fn(&Workspace) -> Vec<Problem>) {
    // Were the files somewhere else, every rule would hold.
    assert!(WORKSPACE.has("kernel/src/lib.rs"), "the sources are not where they were");
    let problems = rule(&WORKSPACE);
    let lines: Vec<_> = problems.iter().map(|problem| format!("  {problem}\n")).collect();
    assert!(lines.is_empty(), "{} found:\n{}", lines.len(), lines.concat());
}

#[test]
fn kernel_modules_import_from_lower_layers_only() {
    hold(layers::kernel);
}

#[test]
fn programs_import_the_abi_alone() {
    hold(layers::userland);
}

#[test]
fn files_are_short_introduced_and_clean() {
    hold(words::layout);
}

#[test]
fn nothing_in_the_kernel_depends_on_the_host() {
    hold(words::deterministic);
}

#[test]
fn nothing_is_left_unfinished() {
    hold(words::finished);
}

#[test]
fn documents_point_at_what_exists() {
    hold(docs::references);
}

#[test]
fn anchors_in_documents_exist() {
    hold(docs::anchors);
}

#[test]
fn decisions_have_their_sections() {
    hold(docs::decisions);
}

#[test]
fn everything_needed_is_in_the_repository() {
    hold(words::self_contained);
}
