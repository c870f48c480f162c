//! `posix-fs FILE.tsv --fs tmpfs|ext2|ext3 [--json]`: plays file-system expectations on the emulated kernel.
//!
//! Exit status: 0 if all were met, 1 if not, 2 for bad input.

use oscope_tests::posix_fs::{Kind, Report, parse, run};
use std::io::IsTerminal;
use std::process::ExitCode;

const USAGE: &str = "usage: posix-fs FILE.tsv [--fs tmpfs|ext2|ext3] [--json]";

fn main() -> ExitCode {
    match go() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("posix-fs: {message}");
            ExitCode::from(2)
        }
    }
}

fn go() -> Result<bool, String> {
    let (mut file, mut kind, mut json) = (None, Kind::Tmpfs, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json = true,
            "--fs" => {
                let name = arguments.next().ok_or(USAGE)?;
                kind = Kind::by_name(&name).ok_or_else(|| {
                    format!("no file system `{name}`: expected tmpfs, ext2 or ext3\n{USAGE}")
                })?;
            }
            option if option.starts_with('-') => {
                return Err(format!("what is `{option}`?\n{USAGE}"));
            }
            path if file.is_none() => file = Some(path.to_owned()),
            extra => return Err(format!("`{extra}` is one file too many\n{USAGE}")),
        }
    }
    let path = file.ok_or(USAGE)?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let lines = parse(&text).map_err(|error| format!("{path}: {error}"))?;
    let shows = std::io::stderr().is_terminal();
    let report = run(&lines, kind, &|done| {
        if shows {
            eprint!("\r{done} of {} ", lines.len());
        }
    })?;
    if shows {
        eprintln!();
    }
    show(&report, json)?;
    Ok(report.failed == 0)
}

fn show(report: &Report, json: bool) -> Result<(), String> {
    if json {
        let text = serde_json::to_string(report).map_err(|error| error.to_string())?;
        println!("{text}");
        return Ok(());
    }
    for failure in &report.failures {
        println!(
            "{} {}: {}: expected {}, got {}",
            failure.test, failure.number, failure.call, failure.expected, failure.got
        );
    }
    println!("{} passed, {} failed, {} skipped", report.passed, report.failed, report.skipped);
    Ok(())
}
