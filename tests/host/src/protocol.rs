//! What is asked for on the command line and on standard input, and what is answered.

use crate::operations::{ALL, Batch, Operation, find};
use crate::sys;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, BufRead, ErrorKind, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How many batches `bench` takes the median of, and how long it goes on at most for one operation.
const BATCHES: usize = 31;
const PATIENCE: Duration = Duration::from_secs(2);

/// The argument with which the program does nothing: what `fork-exec-wait` executes.
pub(crate) const NOTHING: &str = "nothing";

pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [NOTHING] => return ExitCode::SUCCESS,
        ["list"] => list(),
        ["bench", ref names @ ..] => bench(names),
        ["batches"] => batches(false),
        ["batches", "--beside-parent"] => batches(true),
        ["play"] => play(),
        _ => {
            let expected =
                "expected `list`, `bench [NAME…]`, `batches [--beside-parent]` or `play`";
            return usage(expected);
        }
    };
    match done {
        Ok(code) => code,
        // The reader went away, which is its good right.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "oscope-host: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "oscope-host: {message}");
    ExitCode::from(2)
}

#[cfg(target_arch = "x86_64")]
fn play() -> io::Result<ExitCode> {
    crate::play::main()
}

/// Tasks are made of instructions of one architecture, and calls are translated to it.
#[cfg(not(target_arch = "x86_64"))]
fn play() -> io::Result<ExitCode> {
    writeln!(io::stdout(), "{}", json!({ "cannot": "the host is not an x86-64" }))?;
    Ok(ExitCode::from(2))
}

fn list() -> io::Result<ExitCode> {
    let mut out = io::stdout();
    for operation in ALL {
        writeln!(out, "{:<22} {}", operation.name, operation.about)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn bench(names: &[&str]) -> io::Result<ExitCode> {
    let mut chosen: Vec<&Operation> = Vec::new();
    for name in names {
        match find(name) {
            Some(operation) => chosen.push(operation),
            None => return Ok(usage(&format!("no operation `{name}`; see `oscope-host list`"))),
        }
    }
    if names.is_empty() {
        chosen = ALL.iter().collect();
    }
    sys::pin(None)?;
    for operation in chosen {
        let line = match median(operation) {
            Ok(ns) => json!({ "operation": operation.name, "host_ns": ns }),
            Err(error) => json!({ "operation": operation.name, "error": error.to_string() }),
        };
        writeln!(io::stdout(), "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn median(operation: &Operation) -> io::Result<f64> {
    let mut batch = (operation.prepare)()?;
    // The first one warms up.
    one(operation, &mut batch)?;
    let begun = Instant::now();
    let mut all = Vec::new();
    while all.len() < BATCHES && (all.len() < 3 || begun.elapsed() < PATIENCE) {
        all.push(one(operation, &mut batch)?);
    }
    all.sort_by(f64::total_cmp);
    Ok(all[all.len() / 2])
}

/// Nanoseconds for one operation, from one batch.
fn one(operation: &Operation, batch: &mut Batch) -> io::Result<f64> {
    let took = batch(operation.batch)?;
    Ok(took.as_nanos() as f64 / f64::from(operation.batch))
}

fn batches(beside_parent: bool) -> io::Result<ExitCode> {
    let parent = beside_parent.then(sys::parent);
    sys::pin(parent)?;
    let mut ready: BTreeMap<&str, Batch> = BTreeMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = answer(&mut ready, line.trim());
        let answer = answer.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(io::stdout(), "{answer}")?;
        io::stdout().flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(ready: &mut BTreeMap<&'static str, Batch>, name: &str) -> io::Result<serde_json::Value> {
    let operation = find(name).ok_or_else(|| io::Error::other(format!("no operation `{name}`")))?;
    if !ready.contains_key(operation.name) {
        let mut batch = (operation.prepare)()?;
        one(operation, &mut batch)?;
        ready.insert(operation.name, batch);
    }
    let Some(batch) = ready.get_mut(operation.name) else {
        return Err(io::Error::other("an operation was prepared and is not there"));
    };
    let ns = one(operation, batch)?;
    Ok(json!({ "operation": operation.name, "ns": ns }))
}
