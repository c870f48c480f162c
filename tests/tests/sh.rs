//! The shell and the tools: scripts whose output and status are those that dash and GNU's tools have on Linux.
//!
//! Beside each script of `tests/shell` lies what dash made of it. The emulated shell must make the same. Where there is a
//! dash on the host, what is written down is checked as well; `OSCOPE_BLESS=1` writes it down anew.

use oscope_tests::files_in;
use oscope_tests::shell::{HARNESS, Ran, run_words};
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
