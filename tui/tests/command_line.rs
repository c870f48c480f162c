//! Exit codes and messages of the command line: a contract, since graders script it.

use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

fn oscope(arguments: &[&str]) -> Output {
    let output =
        Command::new(env!("CARGO_BIN_EXE_oscope")).args(arguments).stdin(Stdio::null()).output();
    output.expect("the binary starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Exit code 2, nothing on standard output, and one message that holds all of these.
fn refuses(arguments: &[&str], words: &[&str]) {
    let output = oscope(arguments);
    let message = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: `{word}` in:\n{message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

/// A file of this test's own.
fn file(name: &str, bytes: &[u8]) -> String {
    let path = std::env::temp_dir().join(format!("oscope-{}-{name}", std::process::id()));
    std::fs::write(&path, bytes).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn misspelled_words_are_answered_with_the_nearest() {
    refuses(&["run", "frist"], &["frist", "did you mean `first`"]);
    refuses(&["rnu"], &["rnu", "run"]);
    refuses(&["run", "--untill", "2s"], &["--untill", "--until"]);
    refuses(&["run", "quantum-computer"], &["quantum-computer", "first"]);
}

#[test]
fn values_that_cannot_be_are_named_with_what_was_expected() {
    refuses(&["run", "--until", "5parsecs"], &["5parsecs", "--until", "400ms"]);
    refuses(&["run", "--until", ""], &["--until"]);
    refuses(&["run", "--set", "nonsense"], &["nonsense", "PATH=VALUE"]);
    refuses(&["run", "--set", "nobody.cpus=2"], &["nobody.cpus"]);
    refuses(&["run", "--set", "box.cpus=0"], &["cpus", "1 to 1024"]);
    refuses(&["run", "--set", "box.cpus=many"], &["cpus"]);
    refuses(&["run", "--set", "box.scheduler.policy=magic"], &["magic", "fifo"]);
    refuses(&["run", "--threads", "0"], &["--threads"]);
    refuses(&["run", "--seed", "x"], &["--seed"]);
}

#[test]
fn files_that_are_no_worlds_are_refused() {
    refuses(&["run", "no-such-file.toml"], &["no-such-file.toml"]);
    refuses(&["run", "."], &["directory"]);
    let garbage: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let path = file("garbage.toml", &garbage);
    refuses(&["run", &path], &["garbage.toml", "UTF-8"]);
    let path = file("bad.toml", b"edition = \"2026\"\n[machines\n");
    refuses(&["run", &path], &["bad.toml", "line 2"]);
    let path = file("empty.toml", b"");
    refuses(&["run", &path], &["empty.toml", "edition"]);
    refuses(&["tui", &path], &["empty.toml"]);
}

#[test]
fn outputs_that_exclude_each_other_are_refused() {
    refuses(&["run", "--json", "--events", "-"], &["--events", "--json"]);
    refuses(&["run", "--narrate", "--events", "-"], &["--narrate"]);
    refuses(&["run", "--json", "--narrate"], &["--json", "--narrate"]);
    refuses(&["run", "--events", "/no/such/place/x.jsonl"], &["/no/such/place"]);
}

#[test]
fn without_a_terminal_there_is_text() {
    let output = oscope(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).starts_with("three-tier / client: 1 CPU"));
    refuses(&["tui"], &["terminal", "oscope run"]);
}

#[test]
fn metrics_are_one_json_document() {
    let output = oscope(&["run", "first", "--until", "20ms", "--json", "--seed", "7"]);
    assert_eq!(output.status.code(), Some(0));
    let metrics: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(metrics["world"], "first");
    assert_eq!(metrics["time_ns"], 20_000_000);
    let machine = &metrics["machines"][0];
    assert_eq!(machine["name"], "box");
    assert_eq!(machine["cpus"].as_array().map(Vec::len), Some(2));
    for key in ["pid", "tid", "ppid", "name", "state", "user_ns", "system_ns", "waiting_ns"] {
        assert!(!machine["tasks"][0][key].is_null(), "{key}");
    }
    let share = machine["cpus"][0]["utilisation"].as_f64().expect("a number");
    assert!((0.0..=1.0).contains(&share));
}

#[test]
fn events_are_lines_of_json_and_threads_do_not_change_them() {
    let one = oscope(&["run", "wire", "--events", "-"]);
    let two = oscope(&["run", "wire", "--events", "-", "--threads", "2"]);
    assert_eq!(one.status.code(), Some(0));
    assert!(one.stdout == two.stdout);
    for line in stdout(&one).lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(event["time"].is_u64());
    }
    let path = file("events.jsonl", b"");
    let summary = oscope(&["run", "wire", "--events", &path]);
    assert!(stdout(&summary).contains("Stopped at"));
    assert_eq!(std::fs::read(&path).expect("written"), one.stdout);
}

#[test]
fn a_run_can_be_told_in_sentences() {
    let told = stdout(&oscope(&["run", "first", "--until", "30ms", "--narrate"]));
    assert!(told.starts_with("At the start "), "{told}");
    assert!(told.contains("went to sleep for a timer; "), "{told}");
    assert!(told.contains("because its turn came."), "{told}");
    let told = stdout(&oscope(&["run", "wire", "--narrate"]));
    assert!(told.contains("left: At ") && told.contains("right: At "), "{told}");
}

#[test]
fn worlds_are_listed_one_per_line() {
    let output = oscope(&["worlds"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.lines().count() >= 5);
    assert!(text.starts_with("first "));
    assert!(text.lines().all(|line| line.split_whitespace().count() > 3));
}

#[test]
fn every_command_has_help_with_an_example() {
    for arguments in [&["-h"][..], &["run", "-h"], &["tui", "-h"], &["worlds", "-h"]] {
        let output = oscope(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("Example"), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in [
        &["run", "first", "--events", "-"][..],
        &["run", "first", "--json"],
        &["run", "first", "--narrate"],
        &["worlds"],
        &["-h"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_oscope"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut first = [0];
        let mut pipe = child.stdout.take().expect("a pipe");
        pipe.read_exact(&mut first).expect("at least a byte");
        drop(pipe);
        let output = child.wait_with_output().expect("it ends");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {message}");
        assert!(message.is_empty(), "{arguments:?}: {message}");
    }
}

#[test]
fn a_full_device_is_said_so() {
    let Ok(mut full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let _ = full.flush();
    let output = Command::new(env!("CARGO_BIN_EXE_oscope"))
        .args(["run", "first", "--json"])
        .stdout(full)
        .output()
        .expect("the binary starts");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("standard output"), "{message}");
}

#[test]
fn every_system_call_is_listed_with_its_status() {
    let output = oscope(&["syscalls", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let calls: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let calls = calls.as_array().expect("a list");
    assert!(calls.len() > 300);
    let openat = calls.iter().find(|call| call["name"] == "openat").expect("openat");
    assert_eq!(openat["number"], 56);
    for call in calls {
        let note = call["note"].is_string();
        match call["status"].as_str() {
            Some("partial") => assert!(note, "{call}"),
            Some("supported" | "absent") => assert!(!note, "{call}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(stdout(&oscope(&["syscalls"])).contains("getpid                   supported\n"));
}

#[test]
fn shells_are_told_how_to_complete() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = oscope(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(stdout(&output).contains("oscope"), "{shell}");
    }
    refuses(&["completions", "csh"], &["csh", "zsh"]);
    refuses(&["completions"], &["SHELL"]);
}

#[test]
fn operations_are_measured() {
    let output = oscope(&["bench", "vdso-clock", "context-switch", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let figures: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let names: Vec<_> = (0..2).map(|n| figures[n]["operation"].clone()).collect();
    assert_eq!(names, ["vdso-clock", "context-switch"]);
    assert!(figures[0]["emulated_ns"].as_f64().is_some_and(|ns| ns > 0.0));
    // The host's figures are there when its program lies beside this one.
    assert_eq!(figures[0]["host_ns"].is_null(), figures[0]["ratio"].is_null());
    refuses(&["bench", "null-sycall"], &["null-sycall", "did you mean `null-syscall`"]);
    refuses(&["bench", "--fast"], &["--fast"]);
}

#[test]
fn scripts_are_printed_back_or_their_mistakes_are_shown() {
    let text = "[pid 7] read(3, \"x\\n\"..., 64) = 2 <0.000017>\nrepeat 2 {\n  close($fd)\n}\n";
    let path = file("good.trace", text.as_bytes());
    let output = oscope(&["trace", "--print", &path]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output), text);
    let path = file("bad.trace", b"getpid() = 1\nopenta 3\n");
    refuses(
        &["trace", "--print", &path],
        &["bad.trace:2:1", "2 | openta 3", "^^^^^^ expected", "did you mean `openat(", "1 mistake"],
    );
    let path = file("bytes.trace", b"getpid() = 1\n\xff\n");
    refuses(&["trace", "--print", &path], &["bytes.trace", "line 2", "UTF-8"]);
    refuses(&["trace", "--print", "no-such.trace"], &["no-such.trace"]);
    refuses(&["trace", "--print"], &["FILE"]);
}

#[test]
fn a_shell_hands_on_the_status_of_its_command() {
    let output = oscope(&["sh", "-c", "echo out; echo $((6*7)) | cat; exit 3"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stdout(&output), "out\n42\n");
    assert!(output.stderr.is_empty());
    assert_eq!(oscope(&["sh", "-c", "kill -9 $$"]).status.code(), Some(137));
    assert_eq!(oscope(&["sh", "first", "-c", "nosuch 2>/dev/null"]).status.code(), Some(127));
    let late = oscope(&["sh", "-c", "sleep 9", "--until", "1s"]);
    assert_eq!(late.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&late.stderr).contains("had not ended at 1.000"));
    refuses(&["sh", "--json", "-c", "true"], &["--json", "standard output"]);
    refuses(&["sh", "frist"], &["did you mean `first`"]);
}

#[test]
fn a_shell_reads_commands_and_data_from_a_pipe() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_oscope"))
        .arg("sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let script = b"read x\nthe data\necho \"got $x\"\nwc -c\nrest\n";
    child.stdin.take().expect("a pipe").write_all(script).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(stdout(&output), "got the data\n5\n");
    assert_eq!(output.status.code(), Some(0));
}
