//! Answers that nobody here made up: the published simulators' results and textbook tables, against the kernel.
//!
//! `data/oracles/` holds them: `sched.json` and `mlfq.json` are results of the simulators that go with
//! *Operating Systems: Three Easy Pieces*, `textbook-sched.json` worked examples of *Operating System Concepts*;
//! `alloc.json`, `paging.json`, `textbook-paging.json` and `textbook-disk.json` likewise, Belady's anomaly among them.
//! (`posix-fs.tsv` has a test of its own.)

use oscope_userland::workbench::sched::Problem;
use oscope_userland::workbench::{alloc, disk, paging};

/// Solves all cases of a file, and says which come out otherwise.
fn differences(name: &str, text: &str) -> Vec<String> {
    let cases: Vec<Problem> = serde_json::from_str(text).expect("a list of cases");
    assert!(!cases.is_empty(), "{name}");
    let mut all = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        let answer = case.solve(0).unwrap_or_else(|error| panic!("{name}, case {n}: {error}"));
        let expect = case.expect.as_ref().expect("an expectation");
        all.extend(
            answer.differences(expect).iter().map(|what| format!("{name}, case {n}: {what}")),
        );
    }
    all
}

#[test]
fn the_simulators_of_three_easy_pieces_schedule_the_same_way() {
    let none: Vec<String> = Vec::new();
    assert_eq!(differences("sched", include_str!("../data/oracles/sched.json")), none);
    assert_eq!(differences("mlfq", include_str!("../data/oracles/mlfq.json")), none);
}

#[test]
fn the_tables_of_operating_system_concepts_come_out() {
    let none: Vec<String> = Vec::new();
    let text = include_str!("../data/oracles/textbook-sched.json");
    assert_eq!(differences("textbook-sched", text), none);
}

/// Solves all cases of a file of paging problems, and says which come out otherwise.
fn paging_differences(name: &str, text: &str) -> Vec<String> {
    let cases: Vec<paging::Problem> = serde_json::from_str(text).expect("a list of cases");
    assert!(!cases.is_empty(), "{name}");
    let mut all = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        let answer = case.solve(0).unwrap_or_else(|error| panic!("{name}, case {n}: {error}"));
        let expect = case.expect.as_ref().expect("an expectation");
        all.extend(
            answer.differences(expect).iter().map(|what| format!("{name}, case {n}: {what}")),
        );
    }
    all
}

#[test]
fn pages_are_replaced_as_the_simulators_and_the_books_do() {
    let none: Vec<String> = Vec::new();
    assert_eq!(paging_differences("paging", include_str!("../data/oracles/paging.json")), none);
    let text = include_str!("../data/oracles/textbook-paging.json");
    assert_eq!(paging_differences("textbook-paging", text), none);
}

#[test]
fn a_wrong_expectation_of_pages_is_noticed() {
    let text = r#"[{"policy":"fifo","frames":1,"refs":[1,2],
        "expect":{"faults":1,"hits":0,"hit":[false],"evicted":[null,2]}}]"#;
    assert_eq!(paging_differences("wrong", text).len(), 3);
}

#[test]
fn the_arm_of_a_disk_moves_as_in_the_book() {
    let text = include_str!("../data/oracles/textbook-disk.json");
    let cases: Vec<disk::Problem> = serde_json::from_str(text).expect("a list of cases");
    assert_eq!(cases.len(), 8);
    for (n, case) in cases.iter().enumerate() {
        let answer = case.solve().unwrap_or_else(|error| panic!("case {n}: {error}"));
        let differences = answer.differences(case.expect.as_ref().expect("an expectation"));
        assert!(differences.is_empty(), "case {n}: {differences:?}");
    }
}

fn alloc_differences(name: &str, text: &str) -> Vec<String> {
    let cases: Vec<alloc::Problem> = serde_json::from_str(text).expect("a list of cases");
    assert!(!cases.is_empty(), "{name}");
    let mut all = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        let answer = case.solve().unwrap_or_else(|error| panic!("{name}, case {n}: {error}"));
        let expect = case.expect.as_ref().expect("an expectation");
        all.extend(
            answer.differences(expect).iter().map(|what| format!("{name}, case {n}: {what}")),
        );
    }
    all
}

#[test]
fn blocks_are_found_where_the_simulator_finds_them() {
    let none: Vec<String> = Vec::new();
    assert_eq!(alloc_differences("alloc", include_str!("../data/oracles/alloc.json")), none);
}

#[test]
fn a_wrong_expectation_of_blocks_is_noticed() {
    let text = r#"[{"policy":"first","size":9,"ops":["+4","+9","-0"],"expect":[
        {"op":"+4","address":null,"searched":2},{"op":"+9","address":null,"free":[]},{"op":"-1"}]}]"#;
    assert_eq!(alloc_differences("wrong", text).len(), 4);
}

/// With more frames, LRU and OPT never have more faults; OPT never has more than anybody else.
#[test]
fn nobody_beats_the_optimal_policy() {
    for seed in 0..40 {
        let faults = |policy: &str, frames| {
            let problem = paging::Problem::random(policy, seed, frames, 200, 12);
            problem.solve(seed).expect("an answer").faults
        };
        for frames in 1..8 {
            let best = faults("opt", frames);
            for policy in paging::policies() {
                assert!(faults(policy, frames) >= best, "{policy} {frames} {seed}");
            }
            for stack in ["opt", "lru"] {
                assert!(faults(stack, frames + 1) <= faults(stack, frames), "{stack} {seed}");
            }
        }
    }
}

#[test]
fn a_wrong_expectation_is_noticed() {
    let text = r#"[{"policy":"fifo","jobs":[{"length":3}],"expect":{"jobs":[{"turnaround":4}],"average":{"wat":1}}}]"#;
    assert_eq!(differences("wrong", text).len(), 2);
}

/// Silberschatz, §5.3.4: priority scheduling with round robin among equals, quantum 2.
#[test]
fn priorities_with_turns_give_the_books_gantt_chart() {
    let text = r#"{"policy":"priority","quantum":2,"priorities":[3,2,2,1,3],
        "jobs":[{"length":4},{"length":5},{"length":8},{"length":7},{"length":3}]}"#;
    let case: Problem = serde_json::from_str(text).expect("a case");
    let slices = case.solve(0).expect("an answer").slices;
    let chart: Vec<String> =
        slices.iter().map(|slice| format!("P{} {}", slice.job + 1, slice.to)).collect();
    let book = "P4 7, P2 9, P3 11, P2 13, P3 15, P2 16, P3 20, P1 22, P5 24, P1 26, P5 27";
    assert_eq!(chart.join(", "), book);
}

/// A job is preempted at the very moment at which its quantum ends: no sliver of it is left, on whatever level.
#[test]
fn a_quantum_that_ends_in_a_preemption_is_used_up() {
    let case = r#"{"policy":"mlfq","quantum":2,"jobs":[{"arrival":0,"length":11},{"arrival":0,"length":11},{"arrival":10,"length":7}]}"#;
    let case: Problem = serde_json::from_str(case).expect("a case");
    let answer = case.solve(0).expect("an answer");
    let text = serde_json::to_string(&answer.slices).expect("JSON");
    assert!(!text.contains('.'), "only whole units: {text}");
    let order: Vec<usize> = answer.slices.iter().map(|slice| slice.job).collect();
    assert_eq!(order, [0, 1, 0, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 1]);
}
