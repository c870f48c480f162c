//! `oscope trace`: scripts of system calls, in the format of strace.

use super::Failure;
use super::out::Out;
use crate::text::nearest;
use oscope_kernel::abi::call::all;
use oscope_userland::script::{Parsed, Problem, parse};
use std::io::Read;

/// The options of `oscope trace`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Scripts, or logs of strace; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Only read them, and print them back byte for byte
    #[arg(long, required = true)]
    print: bool,
}

/// The largest file that is read.
const LARGEST: u64 = 1 << 30;

pub(super) fn trace(args: &Args) -> Result<(), Failure> {
    debug_assert!(args.print, "nothing else can be asked for yet");
    let mut out = Out::stdout();
    for file in &args.files {
        let text = read(file)?;
        let Parsed { tree, problems } = parse(&text);
        if !problems.is_empty() {
            // What other files have said comes before what is wrong with this one.
            out.flush()?;
            return Err(Failure::Usage(told(file, &text, &problems)));
        }
        out.text(tree.render().as_bytes())?;
    }
    out.finish()
}

fn read(file: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::Usage(format!("{file}: {error}"));
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let opened = std::fs::File::open(file).map_err(failed)?;
        opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::Usage(format!("{file}: larger than 1 GiB; expected a script")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Failure::Usage(format!("{file}: line {line} is not UTF-8; expected a text"))
    })
}

/// All problems of a file.
fn told(file: &str, text: &str, problems: &[Problem]) -> String {
    let shown = problems.iter().map(|problem| helped(problem, text).show(file, text));
    let count = problems.len();
    let s = if count == 1 { "" } else { "s" };
    let all = shown.collect::<Vec<_>>().join("\n");
    format!("{file} is no script: {count} mistake{s}\n{}", all.trim_end())
}

/// The problem with the name of the call that was perhaps meant.
fn helped(problem: &Problem, text: &str) -> Problem {
    let word = text.get(problem.range.clone()).unwrap_or_default();
    let is_word = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let near = nearest(word, all().map(|call| call.name)).filter(|_| is_word && word.len() > 2);
    let help = problem.help.clone().or(near.map(|near| format!("did you mean `{near}(…)`?")));
    Problem { help, ..problem.clone() }
}
