//! `oscope why` and `oscope diff` as a grader calls them: text, JSON, exit codes.

use serde_json::Value;
use std::process::{Command, Output};

fn oscope(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oscope")).args(arguments).output().expect("the binary starts")
}

fn text(arguments: &[&str]) -> String {
    let output = oscope(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {message}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(arguments)).expect("one JSON document")
}

fn refuses(arguments: &[&str], words: &[&str]) {
    let output = oscope(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: `{word}` in:\n{message}");
    }
}

const INVERSION: [&str; 6] = ["why", "priority-inversion", "--at", "20ms", "--thread", "plain:4"];

#[test]
fn why_is_a_chain_in_text_and_in_json() {
    let told = text(&INVERSION);
    assert!(told.starts_with("At 20"), "{told}");
    assert!(told.contains("plain: 4 (inversion) does not run"), "{told}");
    assert!(told.contains("CPU 0 is with 3 (inversion)"), "{told}");
    let document = json(&[&INVERSION[..], &["--json"]].concat());
    assert_eq!(document["world"], "priority-inversion");
    assert_eq!(document["time_ns"], 20_000_000);
    assert_eq!(document["question"]["kind"], "thread");
    let chain = document["chain"].as_array().expect("a chain");
    assert_eq!(chain[0]["bond"], "now");
    assert_eq!(chain[0]["kind"], "sched.block");
    assert_eq!(chain[0]["text"], document["answer"]);
    for link in chain {
        assert!(link["time_ns"].is_u64() && link["event"].is_string(), "{link}");
        assert_eq!(link["machine"], "plain");
    }
}

#[test]
fn why_in_korean_is_the_same_chain() {
    let events = |lang: &str| -> Vec<Value> {
        let document = json(&[&INVERSION[..], &["--json", "--lang", lang]].concat());
        let chain = document["chain"].as_array().expect("a chain").clone();
        chain.into_iter().map(|link| link["event"].clone()).collect()
    };
    assert_eq!(events("en"), events("ko"));
    assert!(text(&[&INVERSION[..], &["--lang", "ko"]].concat()).contains("실행 중이 아님"));
}

#[test]
fn why_refuses_what_it_cannot_read_and_says_what_there_is() {
    refuses(&["why", "wire"], &["--thread"]);
    refuses(&["why", "wire", "--thread", "left:1", "--request", "1"], &["cannot be used"]);
    refuses(&["why", "wire", "--thread", "nobody:1"], &["left", "right"]);
    refuses(&["why", "wire", "--thread", "left:99"], &["no such thread", "typist"]);
    refuses(&["why", "wire", "--at", "soon", "--thread", "left:1"], &["soon", "1.25s"]);
    refuses(&["why", "wire", "--page", "left:1:page"], &["0x4000"]);
    refuses(&["why", "wire", "--lang", "fr", "--thread", "left:1"], &["en or ko"]);
    refuses(&["why", "wier", "--thread", "left:1"], &["wire"]);
}

#[test]
fn diff_shows_the_first_event_that_differs_and_both_metrics() {
    let change = ["diff", "first", "--set", "box.scheduler.policy=fifo"];
    let told = text(&change);
    assert!(told.contains("The first event that differs"), "{told}");
    assert!(told.contains("policy") && told.contains("fifo"), "{told}");
    let document = json(&[&change[..], &["--json"]].concat());
    let first = &document["first_difference"];
    assert_ne!(first["as_it_is"], first["changed"]);
    assert!(first["time_ns"].is_u64());
    let metrics = &document["metrics"];
    assert_eq!(metrics["changed"]["machines"][0]["policy"], "fifo");
    assert_ne!(metrics["as_it_is"]["machines"][0]["policy"], "fifo");
    assert_eq!(document["changes"][0]["path"], "box.scheduler.policy");
}

#[test]
fn diff_at_a_moment_parts_no_earlier() {
    let at = ["diff", "first", "--set", "box.scheduler.policy=fifo", "--at", "20ms", "--json"];
    let document = json(&at);
    assert_eq!(document["at_ns"], 20_000_000);
    let time = document["first_difference"]["time_ns"].as_u64().expect("they differ");
    assert!(time >= 20_000_000, "{time}");
}

#[test]
fn a_change_that_changes_nothing_is_no_difference() {
    let policy = json(&["run", "first", "--json"])["machines"][0]["policy"].clone();
    let same = format!("box.scheduler.policy={}", policy.as_str().expect("a policy"));
    let document = json(&["diff", "first", "--set", &same, "--json"]);
    assert_eq!(document["first_difference"], Value::Null);
    assert!(text(&["diff", "first", "--set", &same]).contains("No event differs"));
}

#[test]
fn diff_refuses_what_cannot_be_changed() {
    refuses(&["diff", "first"], &["--set"]);
    refuses(&["diff", "first", "--set", "box.cpus=2", "--at", "20ms"], &["scheduler", "box.cpus"]);
    refuses(&["diff", "first", "--set", "box.scheduler.policy=magic"], &["magic", "fifo"]);
}

#[test]
fn a_report_is_one_page_that_needs_nothing_else() {
    let page = text(&["run", "io-mix", "--report", "-"]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    for word in ["<svg", "Who has the CPUs", "Memory", "Events", "CPU 0", "scribe", "polyline"] {
        assert!(page.contains(word), "{word}");
    }
    for word in ["<script", "src=", "@import", "url("] {
        assert!(!page.contains(word), "{word}");
    }
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert_eq!(page, text(&["run", "io-mix", "--report", "-"]), "the same world, the same page");
    refuses(&["run", "first", "--report", "-", "--json"], &["--report", "--json"]);
    refuses(&["run", "first", "--report", "/nowhere/x.html"], &["/nowhere/x.html"]);
}

#[test]
fn a_session_that_is_none_is_refused() {
    let path = std::env::temp_dir().join(format!("oscope-{}-no.oscope", std::process::id()));
    std::fs::write(&path, "edition = \"2026\"\nworld = 7\n").expect("written");
    let path = path.to_str().expect("UTF-8");
    refuses(&["run", path], &[path]);
    let _ = std::fs::remove_file(path);
}
