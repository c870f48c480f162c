//! Random system calls on the emulated kernel and on the host's own, until they differ.
//!
//! `cargo run -p oscope-tests --bin referee -- [--files] [CALLS [SEED]]` (100,000 from seed 0; `--files`: calls on files): scripts of about 40 calls each, the
//! first from SEED, the next from SEED+1 and so on. A script on which the kernels do not agree is made as short as
//! possible and printed, with both answers. Exit 0: no differences; 1: some; 2: the host cannot play.

use oscope_tests::referee::{Bench, Case};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Calls in one script.
const LENGTH: usize = 40;
/// After so many scripts that differ, enough is known.
const ENOUGH: usize = 20;

fn main() -> ExitCode {
    let files = std::env::args().any(|argument| argument == "--files");
    let numbers = std::env::args().skip(1).filter(|argument| argument != "--files");
    let numbers: Result<Vec<u64>, _> = numbers.map(|text| text.parse()).collect();
    let Ok(numbers) = numbers else {
        eprintln!("referee: expected numbers: how many calls, and the seed");
        return ExitCode::from(2);
    };
    let calls = numbers.first().copied().unwrap_or(100_000);
    let seed = numbers.get(1).copied().unwrap_or(0);
    let mut bench = match Bench::new() {
        Ok(bench) => bench,
        Err(error) => {
            eprintln!("referee: {error}");
            return ExitCode::from(2);
        }
    };
    let (mut same, mut script, mut found) = (0, seed, 0);
    let mut left: BTreeMap<String, u64> = BTreeMap::new();
    while same < calls && found < ENOUGH {
        let case = if files {
            Case::generate_files(script, LENGTH)
        } else {
            Case::generate(script, LENGTH, bench.is_root())
        };
        match bench.play(&case.script()) {
            Ok(comparison) if comparison.differences.is_empty() => {
                same += comparison.same;
                for one in comparison.not_compared {
                    *left.entry(one.why).or_default() += 1;
                }
            }
            Ok(_) => {
                found += 1;
                let short = bench.shrink(&case);
                println!("seed {script}:\n{}", short.script());
                for difference in bench.play(&short.script()).unwrap_or_default().differences {
                    println!("  oscope, line {}: {}", difference.row, difference.emulated);
                    println!("  the host:       {}\n", difference.host);
                }
            }
            Err(message) => {
                eprintln!("referee: seed {script}: {message}\n{}", case.script());
                return ExitCode::from(2);
            }
        }
        script += 1;
    }
    println!(
        "{same} calls as on {}, {found} scripts that differ, seeds {seed} to {}",
        bench.kernel(),
        script - 1
    );
    for (why, count) in left {
        println!("  {count} not compared, because {why}");
    }
    if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
