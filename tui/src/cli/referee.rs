//! `oscope trace --referee`: scripts on the emulated kernel and on this machine's own.

use super::Failure;
use super::out::Out;
use super::trace::{plan_of, read, run};
use oscope_userland::script::play::Origin;
use oscope_userland::script::play::referee::{
    Comparison, HostError, Refereed, Runner, referee as play,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Plays each file on both, and prints the host's runs. Differences are told on standard error.
pub(super) fn referee(files: &[String], as_json: bool, seed: u64) -> Result<(), Failure> {
    let mut runner = start()?;
    let kernel = runner.kernel();
    let mut out = Out::stdout();
    let (mut documents, mut failed) = (Vec::new(), Vec::new());
    for file in files {
        let text = read(file)?;
        let plan = plan_of(file, &text, Origin::Written)?;
        let world = run(file, &text, &plan, seed, None)?;
        let Refereed { comparison, host } =
            play(&plan, &world, &mut runner).map_err(|error| cannot(file, &error))?;
        if as_json {
            documents.push(document(file, &kernel, &comparison));
        } else {
            out.text(host.text(&plan).as_bytes())?;
            out.flush()?;
            super::eprintln_quietly(told(file, &kernel, &comparison).trim_end());
        }
        if !comparison.differences.is_empty() {
            failed.push(file.as_str());
        }
    }
    if as_json {
        let document = match documents.len() {
            1 => documents.remove(0),
            _ => Value::Array(documents),
        };
        out.line(&format!("{document:#}"))?;
    }
    out.finish()?;
    match failed[..] {
        [] => Ok(()),
        _ => Err(Failure::Run(format!("not as on {kernel}: {}", failed.join(", ")))),
    }
}

/// The runner that lies beside this program.
fn start() -> Result<Runner, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::Usage(format!("where is this program? {error}")))?;
    let path = own.with_file_name(format!("oscope-host{}", std::env::consts::EXE_SUFFIX));
    Runner::start(&path).map_err(|error| Failure::Usage(error.to_string()))
}

fn cannot(file: &str, error: &HostError) -> Failure {
    Failure::Usage(format!("{file}: {error}"))
}

/// The comparison in words.
fn told(file: &str, kernel: &str, comparison: &Comparison) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for difference in &comparison.differences {
        let (row, here, there) = (difference.row, &difference.emulated, &difference.host);
        let _ = writeln!(
            text,
            "{file}:{row}: the kernels do not agree\n  oscope: {here}\n  {kernel}: {there}"
        );
    }
    for left in &comparison.not_compared {
        let _ = writeln!(text, "{file}:{}: not compared, because {}", left.row, left.why);
    }
    let (same, different) = (comparison.same, comparison.differences.len());
    let left = comparison.not_compared.len();
    let _ = writeln!(text, "{file}: {same} as on {kernel}, {different} not, {left} not compared");
    text
}

fn document(file: &str, kernel: &str, comparison: &Comparison) -> Value {
    let differences = comparison.differences.iter().map(|difference| {
        json!({ "line": difference.row, "emulated": difference.emulated, "host": difference.host })
    });
    let left =
        comparison.not_compared.iter().map(|left| json!({ "line": left.row, "why": left.why }));
    json!({
        "file": file,
        "host": kernel,
        "same": comparison.same,
        "differences": differences.collect::<Vec<_>>(),
        "not_comparable": left.collect::<Vec<_>>(),
    })
}
