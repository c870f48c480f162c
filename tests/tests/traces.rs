//! The library of scripts: each passes, prints itself, and does so every time.

use oscope_tests::files_in;
use oscope_userland::script::parse;
use oscope_userland::script::play::{Order, Origin, Plan, Played, boot, compile, explore, report};
use std::sync::Arc;

fn plan(name: &str, text: &str) -> Arc<Plan> {
    let parsed = parse(text);
    let told = |problems: &[oscope_userland::script::Problem]| {
        problems.iter().map(|problem| problem.show(name, text)).collect::<String>()
    };
    assert!(parsed.problems.is_empty(), "{}", told(&parsed.problems));
    let (plan, problems) = compile(&parsed.tree, Origin::Written);
    assert!(problems.is_empty(), "{}", told(&problems));
    Arc::new(plan)
}

fn play(plan: &Arc<Plan>) -> (Played, u64) {
    let mut world = boot(plan, 0, None).expect("a machine");
    world.run(report::LIMIT);
    let digest = world.digest();
    (Played::of(plan, &world), digest)
}

/// What is wrong with a script, as people see it.
fn failures(name: &str, text: &str) -> String {
    let plan = plan(name, text);
    let (played, _) = play(&plan);
    let problems = report::problems(&plan, &played);
    problems.iter().map(|problem| problem.show(name, text)).collect()
}

#[test]
fn every_script_of_the_library_passes_and_prints_itself() {
    let scripts = files_in("traces", "trace");
    assert!(scripts.len() >= 40, "only {} scripts", scripts.len());
    for (name, text) in scripts {
        let plan = plan(&name, &text);
        let (played, digest) = play(&plan);
        assert!(played.passes(), "{}", failures(&name, &text));
        assert_eq!(played.text(&plan), text, "{name} does not print itself");
        assert_eq!(play(&plan).1, digest, "{name} went another way the second time");
    }
}

#[test]
fn a_wrong_line_is_found_where_it_is() {
    let text = "pipe2([3, 4], 0) = 0\nwrite(4, \"x\", 1) = 2\nread(3, \"y\", 8) = 1\n";
    let shown = failures("wrong.trace", text);
    assert!(shown.contains("wrong.trace:2:18"), "{shown}");
    assert!(shown.contains("expected = 2"), "{shown}");
    assert!(shown.contains("happened = 1"), "{shown}");
    assert!(shown.contains("wrong.trace:3:9"), "{shown}");
    assert!(shown.contains("happened \"x\""), "{shown}");
}

#[test]
fn a_call_that_waits_for_ever_ends_the_run_and_says_so() {
    let text = "pipe2([3, 4], 0) = 0\nread(3, \"x\", 1) = 1\nwrite(4, \"x\", 1) = 1\n";
    let shown = failures("stuck.trace", text);
    assert!(shown.contains("stuck.trace:2:17"), "{shown}");
    assert!(shown.contains("has not returned"), "{shown}");
    assert!(shown.contains("<unfinished ...>"), "{shown}");
    assert_eq!(shown.matches("error").count(), 1, "the rest follows from it: {shown}");
}

#[test]
fn a_result_that_is_left_out_is_filled_in() {
    let text = "getpid()\npipe2([$r, $w], 0) = ?\nwrite($w, \"abc\", 3)\n";
    let plan = plan("open.trace", text);
    let (played, _) = play(&plan);
    assert!(played.passes());
    let expected = "getpid()                                = 1\n\
                    pipe2([3, 4], 0)                        = 0\n\
                    write(4, \"abc\", 3)                      = 3\n";
    assert_eq!(played.text(&plan), expected);
}

#[test]
fn expectations_that_fail_say_what_is_so() {
    let text = "fork() = 2\n[pid 2] exit_group(0) = ?\nexpect state 2 is running\n\
                expect 3 kind=task.exit\nexpect metric calls < 1\n";
    let shown = failures("expect.trace", text);
    assert!(shown.contains("happened 2 is zombie"), "{shown}");
    assert!(shown.contains("happened 1 such event so far"), "{shown}");
    assert!(shown.contains("happened calls is 2"), "{shown}");
}

#[test]
fn exploring_finds_the_order_that_loses_an_update() {
    let (name, text) = files_in("traces", "trace")
        .into_iter()
        .find(|(name, _)| name == "lost-update-free.trace")
        .expect("the script");
    let plan = plan(&name, &text);
    assert_eq!(plan.order(), Order::Free);
    let found = explore(&plan, 0, 1000);
    let failing = found.failing().expect("an order that breaks it");
    let wrong: Vec<u32> = failing.failures().map(|outcome| outcome.row).collect();
    let last = text.lines().count() as u32;
    assert_eq!(wrong, [last], "the sum is wrong and nothing else");
}

#[test]
fn exploring_says_when_all_orders_hold() {
    let text = "@order free\nstore($x, 0)\nthread a {\n  store($x, 7)\n}\njoin(a)\nload($x) = 7\n";
    let found = explore(&plan("holds.trace", text), 0, 100_000);
    assert!(found.failing().is_none());
    assert!(found.complete, "{} runs were not all", found.runs);
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    for (text, column, expected) in [
        ("opent(\"/x\", O_RDONLY) = 3\n", 1, "the name of a system call"),
        ("close(3, 4) = 0\n", 10, "`close(fd)`"),
        ("kill(1, SIGTREM) = 0\n", 9, "a name such as SIGTERM"),
        ("pipe2([3, 4], O_NONBLOK) = 0\n", 15, "names such as"),
        ("compute soon\n", 1, "a time: `compute 5ms`"),
        ("expect state 2 is asleep\n", 19, "zombie"),
        ("@machin cpus=1\n", 2, "`@machine …`"),
        ("<... read resumed>\"x\", 1) = 1\n", 1, "<unfinished ...>"),
        ("join(nobody) = 0\n", 6, "the name of a block"),
    ] {
        let parsed = parse(text);
        assert!(parsed.problems.is_empty(), "{text}");
        let (_, problems) = compile(&parsed.tree, Origin::Written);
        let [problem] = &problems[..] else { panic!("{text}: {problems:?}") };
        let shown = problem.show("x", text);
        assert!(shown.contains(&format!("x:1:{column}\n")), "{shown}");
        assert!(shown.contains(expected), "{shown}");
    }
    let plan = plan("x", "@machine cpus=many\ngetpid() = 1\n");
    let error = boot(&plan, 0, None).err().expect("no machine");
    assert_eq!(error.range, 0..18);
}

#[test]
fn scripts_do_not_run_for_ever() {
    let plan = plan("long.trace", "repeat 3000 {\n  getpid() = 1\n}\n");
    assert_eq!(plan.len(), 3001);
    let (played, _) = play(&plan);
    assert!(played.passes());
    let parsed = parse(&format!("{}getpid()\n{}", "repeat 1000 {\n".repeat(9), "}\n".repeat(9)));
    let (_, problems) = compile(&parsed.tree, Origin::Written);
    assert_eq!(problems.len(), 1, "{problems:?}");
}
