//! The shell and the tools: scripts whose output and status are those that dash and GNU's tools have on Linux.
//!
//! Beside each script of `tests/shell` lies what dash made of it. The emulated shell must make the same. Where there is a
//! dash on the host, what is written down is checked as well; `OSCOPE_BLESS=1` writes it down anew.

use oscope_tests::files_in;
use oscope_tests::shell::{HARNESS, Ran, run_words, session};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the emulated shell makes of a script.
fn emulated(script: &str) -> String {
    let setup = format!("mkdir /tmp/w; {HARNESS}");
    let words = ["-q", "/bin/sh", "-c", &setup, "x", script, "/tmp/w", "/bin/sh"];
    let Ran { output, status } = run_words(&words, "");
    match status {
        Some(0) => output,
        other => format!("{output}--- did not end: {other:?}\n"),
    }
}

/// The host's dash, if there is one.
fn dash() -> Option<PathBuf> {
    ["/usr/bin/dash", "/bin/dash"].map(PathBuf::from).into_iter().find(|path| path.exists())
}

/// What the host's dash makes of a script, in an empty directory.
fn host(dash: &Path, name: &str, script: &str) -> String {
    let base = std::env::temp_dir().join(format!("oscope-sh-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&base);
    let (work, bin) = (base.join("w"), base.join("bin"));
    std::fs::create_dir_all(&work).expect("a directory");
    std::fs::create_dir_all(&bin).expect("a directory");
    std::os::unix::fs::symlink(dash, bin.join("sh")).expect("a link");
    let done = Command::new(dash)
        .args(["-c", HARNESS, "x", script])
        .arg(&work)
        .arg(bin.join("sh"))
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("LC_ALL", "C")
        .env("HOME", "/root")
        .stdin(Stdio::null())
        .output()
        .expect("dash runs");
    let _ = std::fs::remove_dir_all(&base);
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The first lines that differ.
fn difference(wanted: &str, found: &str) -> String {
    let (wanted, found): (Vec<&str>, Vec<&str>) =
        (wanted.lines().collect(), found.lines().collect());
    let at = wanted.iter().zip(&found).position(|(a, b)| a != b);
    let at = at.unwrap_or(wanted.len().min(found.len()));
    let line =
        |lines: &[&str]| lines.get(at).map_or("nothing".to_owned(), |line| format!("{line:?}"));
    format!("line {}: expected {}, found {}", at + 1, line(&wanted), line(&found))
}

#[test]
fn scripts_do_what_they_do_in_dash() {
    let scripts = files_in("shell", "sh");
    assert!(scripts.len() > 50, "only {} scripts", scripts.len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shell");
    let only = std::env::var("OSCOPE_SCRIPT").ok();
    let blesses = std::env::var_os("OSCOPE_BLESS").is_some();
    let dash = dash();
    if dash.is_none() {
        eprintln!("there is no dash here: what it made of the scripts is taken as written down");
    }
    let mut wrong = Vec::new();
    for (file, script) in &scripts {
        let name = file.trim_end_matches(".sh");
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let golden = folder.join(format!("{name}.out"));
        if let Some(dash) = &dash {
            let real = host(dash, name, script);
            if blesses {
                std::fs::write(&golden, &real).expect("it can be written");
            }
            let known = std::fs::read_to_string(&golden).unwrap_or_default();
            if known != real {
                wrong.push(format!("{name}, dash on this host: {}", difference(&known, &real)));
            }
        }
        let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
        let found = emulated(script);
        if found != wanted {
            wrong.push(format!("{name}: {}", difference(&wanted, &found)));
        }
        if only.is_some() {
            eprintln!("{found}");
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), scripts.len(), wrong.join("\n"));
}

#[test]
fn a_person_types_at_a_prompt_and_sees_the_echo() {
    let screen =
        session(&["echo hi\n", "x=5\n", "if true\n", "then echo $x; fi\n", "'a\n", "b'\n"]);
    assert_eq!(
        screen,
        "# echo hi\nhi\n# x=5\n# if true\n> then echo $x; fi\n5\n# 'a\n> b'\n/bin/sh: 5: a\nb: not found\n# "
    );
}

#[test]
fn control_c_ends_a_command_and_not_the_shell() {
    let screen = session(&[
        "sleep 100\n",
        "\x03",
        "echo $?\n",
        "half\x03",
        "while :; do :; done\n",
        "\x03",
        "echo on\n",
    ]);
    assert_eq!(
        screen,
        "# sleep 100\n^C\n# echo $?\n130\n# half^C\n# while :; do :; done\n^C\n# echo on\non\n# "
    );
}

#[test]
fn control_z_stops_a_job_that_fg_and_bg_take_on() {
    let screen = session(&[
        "sleep 0.1 | cat\n",
        "\x1a",
        "jobs\n",
        "bg\n",
        "sleep 50 &\n",
        "jobs\n",
        "fg %2\n",
        "\x1a",
        "kill -9 %2\n",
        "echo\n",
        "echo\n",
        "echo\n",
    ]);
    let expected = "# sleep 0.1 | cat\n^Z\n[1] + Stopped                    sleep 0.1 | cat\n# jobs\n\
        [1] + Stopped                    sleep 0.1 | cat\n# bg\n[1] sleep 0.1 | cat\n# sleep 50 &\n";
    assert!(screen.starts_with(expected), "{screen}");
    assert!(
        screen.contains("# fg %2\nsleep 50\n^Z\n[2] + Stopped                    sleep 50\n"),
        "{screen}"
    );
    assert!(screen.contains("Killed"), "{screen}");
    assert!(screen.contains("Done"), "{screen}");
}

#[test]
fn an_end_of_input_ends_the_shell() {
    let mut machine = oscope_tests::shell::machine(&["/bin/sh"]);
    let at = oscope_tests::ms(200);
    machine.type_on(oscope_kernel::base::DeviceId(0), b"(exit 3)\n\x04"[..].into(), at, 0);
    assert_eq!(oscope_tests::shell::run_to_end(&mut machine), Some(3 << 8));
}

#[test]
fn the_same_script_leaves_the_same_log() {
    let log = || {
        let mut machine = oscope_tests::shell::machine(&[
            "-q",
            "/bin/sh",
            "-c",
            "seq 5 | sort -r | tr 1 x; mktemp -u",
        ]);
        let status = oscope_tests::shell::run_to_end(&mut machine);
        (status, oscope_tests::log(&machine))
    };
    let (first, second) = (log(), log());
    assert_eq!(first.0, Some(0));
    assert!(first == second, "the logs differ");
}

#[test]
fn a_shell_that_loops_for_ever_keeps_a_short_journal() {
    // With so few answers to remember it would end soon if it remembered all.
    let script = "n=0; while [ $n -lt 20000 ]; do n=$((n+1)); done; exit 7";
    let mut config = oscope_tests::shell::config(&["-q", "/bin/sh", "-c", script]);
    config.journal_limit = 30_000;
    let mut machine = oscope_tests::boot(config);
    assert_eq!(oscope_tests::shell::run_to_end(&mut machine), Some(7 << 8));
}

#[test]
fn scripts_that_call_themselves_for_ever_are_stopped_before_the_hosts_stack_is_full() {
    let deep = "f() { if true; then { while true; do case x in x) for i in 1; do eval f; done;; esac; done; }; fi; }; f";
    let around = "x='eval \"$x\"'; eval \"$x\"";
    for script in [deep, around] {
        let Ran { output, status } = oscope_tests::shell::run(script, "");
        assert!(output.contains("depth"), "{output}");
        assert_eq!(status, Some(2 << 8), "{script}");
    }
}
