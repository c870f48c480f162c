//! The emulated kernel and the host's own on the same scripts.
//!
//! Where the host cannot play (no namespaces, no x86-64, `oscope-host` not built), nothing is compared and the
//! tests say so. `cargo test --workspace` builds it.

use oscope_tests::referee::{Bench, Case};
use oscope_userland::script::play::referee::{Comparison, explained_calls};
use std::fs;
use std::path::{Path, PathBuf};

fn bench() -> Option<Bench> {
    Bench::new().map_err(|error| eprintln!("skipped: {error}")).ok()
}

fn told(comparison: &Comparison) -> String {
    let differences = comparison.differences.iter().map(|difference| {
        let (row, here, there) = (difference.row, &difference.emulated, &difference.host);
        format!("line {row}\n  oscope: {here}\n  host:   {there}\n")
    });
    differences.collect()
}

/// Scripts that are not held against Linux yet: their tasks end or are signalled while they wait for a turn, or in a
/// block that has no line for it (docs/referee.md). And what is about the machine's own mounts.
const LEFT_OUT: [&str; 6] = [
    "exit-group.trace",
    "lost-update.trace",
    "pdeathsig.trace",
    "vfork.trace",
    "pi-lock.trace",
    "statfs.trace",
];

#[test]
fn scripts_of_the_library_run_on_linux_as_here() {
    let Some(mut bench) = bench() else { return };
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    let mut files: Vec<PathBuf> = fs::read_dir(library)
        .expect("the library")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let (mut same, mut wrong) = (0, String::new());
    for file in files {
        let name = file.display();
        if LEFT_OUT.iter().any(|left| file.ends_with(left)) {
            continue;
        }
        let script = fs::read_to_string(&file).expect("a script is text");
        if script.contains("@order free") {
            continue;
        }
        let comparison = bench.play(&script).unwrap_or_else(|error| panic!("{name}: {error}"));
        if !comparison.differences.is_empty() {
            wrong.push_str(&format!("{name}\n{}", told(&comparison)));
        }
        same += comparison.same;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(same > 50, "only {same} calls were compared");
}

#[test]
fn random_calls_do_on_linux_as_here() {
    let Some(mut bench) = bench() else { return };
    let mut same = 0;
    let mut seed = 0;
    while same < 2000 {
        let case = Case::generate(seed, 40, bench.is_root());
        let played = bench.play(&case.script());
        let comparison = played.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        if !comparison.differences.is_empty() {
            let short = bench.shrink(&case);
            panic!("seed {seed}:\n{}\n{}", short.script(), told(&comparison));
        }
        same += comparison.same;
        seed += 1;
    }
}

#[test]
fn random_calls_on_files_do_on_linux_as_here() {
    let Some(mut bench) = bench().filter(Bench::is_root) else { return };
    let (mut same, mut seed) = (0, 0);
    while same < 4000 {
        let case = Case::generate_files(seed, 40);
        let played = bench.play(&case.script());
        let comparison = played.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        if !comparison.differences.is_empty() {
            let short = bench.shrink(&case);
            panic!("seed {seed}:\n{}\n{}", short.script(), told(&comparison));
        }
        same += comparison.same;
        seed += 1;
    }
}

/// A script that does nothing would be the same everywhere: most calls must do something.
#[test]
fn random_scripts_succeed_more_often_than_not() {
    let all: Vec<Case> = (0..50).map(|seed| Case::generate(seed, 40, true)).collect();
    assert_eq!(all[7], Case::generate(7, 40, true), "a seed makes the same script");
    let (mut good, mut bad) = (0, 0);
    for case in &all {
        let (plan, world) =
            oscope_tests::referee::emulated(&case.script()).expect("it is a script");
        let played = oscope_userland::script::play::Played::of(&plan, &world);
        for line in played.text(&plan).lines() {
            good += u64::from(line.contains(" = ") && !line.contains("= -1 "));
            bad += u64::from(line.contains("= -1 "));
        }
    }
    assert!(good > 2 * bad, "{good} calls succeeded and {bad} failed");
}

#[test]
fn what_is_told_to_be_different_is_told_to_people() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/referee.md");
    let page = fs::read_to_string(page).expect("the page");
    for name in explained_calls() {
        assert!(page.contains(&format!("`{name}`")), "docs/referee.md says nothing of {name}");
    }
}
