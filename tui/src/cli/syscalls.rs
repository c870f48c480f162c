//! `oscope syscalls`: every system call of Linux on riscv64, and how far oscope has it.
//!
//! It prints the table by which the kernel finds its handlers, so it cannot claim what is not there.

use super::Failure;
use super::out::Out;
use oscope_kernel::abi::call::{Call, Status, all};
use serde_json::{Value, json};

/// The options of `oscope syscalls`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Print a list of objects with number, name, status and note
    #[arg(long)]
    json: bool,
}

pub(super) fn syscalls(args: &Args) -> Result<(), Failure> {
    let mut out = Out::stdout();
    if args.json {
        let calls: Value = all().map(object).collect();
        out.line(&format!("{calls:#}"))?;
    } else {
        for call in all() {
            let line = format!("{:>3} {:<24} {}", call.number, call.name, told(call));
            out.line(&line)?;
        }
        let present = all().filter(|call| call.is_present()).count();
        out.line(&format!("{present} of {} calls are there.", all().count()))?;
    }
    out.finish()
}

/// The status in a word, and what is to be said about it.
fn parts(call: &Call) -> (&'static str, Option<&'static str>) {
    match call.status {
        Status::Supported => ("supported", None),
        Status::Partial(note) => ("partial", Some(note)),
        Status::Absent => ("absent", None),
    }
}

fn object(call: &Call) -> Value {
    let (status, note) = parts(call);
    json!({ "number": call.number, "name": call.name, "status": status, "note": note })
}

fn told(call: &Call) -> String {
    match parts(call) {
        (status, Some(note)) => format!("{status}: {note}"),
        (status, None) => status.to_owned(),
    }
}
