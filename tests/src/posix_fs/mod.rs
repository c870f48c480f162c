//! File-system expectations, played on the emulated kernel.
//!
//! A file of expectations has a line per call: group, number, working directory, what is expected as a regular
//! expression, and the call. Every group starts in a fresh file system of root's at `/mnt`; every line runs in a process
//! of its own, with the credentials and umask that it names.
//!
//! Layers: [`parse`] reads such a file; `play` is the program that makes a line's calls; [`run`] boots a machine per group
//! and compares.
//!
//! A typical sequence: [`parse`] a text, [`run`] it on a [`Kind`] of file system, and print the [`Report`].

mod play;

use oscope_kernel::base::Duration;
use oscope_kernel::fs::ext2::Making;
use oscope_userland::sys::RustImage;
use regex::Regex;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The group.
    pub group: String,
    /// The number in the group.
    pub number: u32,
    /// The working directory.
    pub directory: String,
    /// What is expected: a regular expression.
    pub expected: String,
    /// Options and calls.
    pub call: String,
}

/// What kind of file system is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// tmpfs.
    Tmpfs,
    /// ext2 on a disk of 64 MiB, with blocks of 1 KiB.
    Ext2,
    /// The same with a journal.
    Ext3,
}

impl Kind {
    /// The kind of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "tmpfs" => Some(Self::Tmpfs),
            "ext2" => Some(Self::Ext2),
            "ext3" => Some(Self::Ext3),
            _ => None,
        }
    }
}

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The group.
    pub test: String,
    /// The number in the group.
    pub number: u32,
    /// The call.
    pub call: String,
    /// What was expected.
    pub expected: String,
    /// What came instead.
    pub got: String,
}

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Expectations met.
    pub passed: usize,
    /// Expectations not met.
    pub failed: usize,
    /// Lines with calls that are not known.
    pub skipped: usize,
    /// The failures, in order.
    pub failures: Vec<Failure>,
}

/// Reads a file of expectations: columns are separated by tabs, the first line has their names.
///
/// # Errors
/// Which line is not understood, and what was expected there.
pub fn parse(text: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for (n, line) in text.lines().enumerate().skip(1) {
        if line.is_empty() {
            continue;
        }
        let columns: Vec<&str> = line.split('\t').collect();
        let [group, number, directory, expected, call] = columns[..] else {
            let n = n + 1;
            return Err(format!("line {n} has {} columns: expected 5, with tabs", columns.len()));
        };
        let bad = |_| format!("line {}: expected a number, found `{number}`", n + 1);
        lines.push(Line {
            group: group.to_owned(),
            number: number.parse().map_err(bad)?,
            directory: directory.to_owned(),
            expected: expected.to_owned(),
            call: call.to_owned(),
        });
    }
    Ok(lines)
}

/// Plays expectations. `progress` is told after each group how many lines are done.
///
/// # Errors
/// A message, if a machine does not boot or a pattern is none.
pub fn run(lines: &[Line], kind: Kind, progress: &dyn Fn(usize)) -> Result<Report, String> {
    let mut report = Report::default();
    let mut done = 0;
    for group in lines.chunk_by(|a, b| a.group == b.group) {
        judge(group, &play(group, kind)?, kind != Kind::Tmpfs, &mut report)?;
        done += group.len();
        progress(done);
    }
    Ok(report)
}

/// Plays a group on a fresh machine; what came of each line.
fn play(group: &[Line], kind: Kind) -> Result<Vec<Option<String>>, String> {
    let lines: Arc<[Line]> = group.into();
    let image = RustImage::new("posix-fs", move |sys| play::body(sys, Arc::clone(&lines), kind));
    let mut config = crate::config(vec![image]);
    if kind != Kind::Tmpfs {
        let journal = if kind == Kind::Ext3 { 1024 } else { 0 };
        let making = Making { block_size: 1024, journal, ..Making::default() };
        config.disk = Some(crate::ext2_disk(16_384, &making));
    }
    let mut machine = crate::boot_or_tell(config)?;
    // As long as it takes: a day of virtual time is far more than any group needs.
    crate::run_for(&mut machine, Duration::seconds(86_400));
    let mut results = vec![None; group.len()];
    for line in crate::shown(&machine).lines() {
        let Some((number, result)) = line.trim_end().split_once('\t') else { continue };
        if let Some(place) = number.parse().ok().and_then(|n: usize| results.get_mut(n)) {
            *place = Some(result.to_owned());
        }
    }
    Ok(results)
}

/// Compares what came with what was expected. Labels stand for inode numbers, which some file systems give out again.
fn judge(
    group: &[Line],
    results: &[Option<String>],
    reuses: bool,
    report: &mut Report,
) -> Result<(), String> {
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (line, result) in group.iter().zip(results) {
        let got = result.as_deref().unwrap_or("nothing: the machine did not get there");
        if got == play::UNKNOWN {
            report.skipped += 1;
            continue;
        }
        if is_as_expected(line, got, reuses, &mut labels)? {
            report.passed += 1;
            continue;
        }
        report.failed += 1;
        report.failures.push(Failure {
            test: line.group.clone(),
            number: line.number,
            call: line.call.clone(),
            expected: line.expected.clone(),
            got: got.to_owned(),
        });
    }
    Ok(())
}

fn is_as_expected(
    line: &Line,
    got: &str,
    reuses: bool,
    labels: &mut BTreeMap<String, String>,
) -> Result<bool, String> {
    let is_label = |part: &str| {
        part.strip_prefix('i').is_some_and(|rest| !rest.is_empty() && rest.parse::<u32>().is_ok())
    };
    let (mut wanted, mut found) = (Vec::new(), Vec::new());
    let (expected, parts): (Vec<&str>, Vec<&str>) =
        (line.expected.split(',').collect(), got.split(',').collect());
    if expected.len() == parts.len() && expected.iter().any(|part| is_label(part)) {
        for (expected, part) in expected.into_iter().zip(parts) {
            if !is_label(expected) {
                wanted.push(expected);
                found.push(part);
                continue;
            }
            let other = labels.iter().find(|(_, number)| *number == part).map(|(label, _)| label);
            match labels.get(expected) {
                Some(number) if number != part => return Ok(false),
                Some(_) => {}
                None if other.is_some() && !reuses => return Ok(false),
                None => {
                    // The number was another inode's, which is gone.
                    let gone = other.cloned();
                    gone.and_then(|label| labels.remove(&label));
                    labels.insert(expected.to_owned(), part.to_owned());
                }
            }
        }
    } else {
        (wanted, found) = (expected, parts);
    }
    let pattern = format!("^(?:{})$", wanted.join(","));
    let pattern = Regex::new(&pattern).map_err(|error| format!("{}: {error}", line.group))?;
    Ok(pattern.is_match(&found.join(",")))
}

#[cfg(test)]
mod tests {
    use super::{Kind, parse, run};

    fn outcome(lines: &str) -> (usize, usize, usize) {
        let text = format!("test\tnumber\tcwd\texpected\tcall\n{lines}");
        let report = run(&parse(&text).expect("a table"), Kind::Tmpfs, &|_| {}).expect("it runs");
        (report.passed, report.failed, report.skipped)
    }

    #[test]
    fn what_is_met_what_is_not_and_what_is_unknown_are_counted() {
        let lines = "a\t1\t/mnt\t0\tmkdir n0 0755\na\t2\t/mnt\tENOENT\tmkdir n0 0755\n\
                     a\t3\t/mnt\t0|EEXIST\tmkdir n0 0755\na\t4\t/mnt\t0\tfrobnicate n0\n";
        assert_eq!(outcome(lines), (2, 1, 1));
    }

    #[test]
    fn groups_start_afresh_and_labels_tell_inodes_apart() {
        let lines = "a\t1\t/mnt\t0\tcreate n0 0644\na\t2\t/mnt\t0\tlink n0 n1\n\
                     a\t3\t/mnt\ti1\tstat n0 inode\na\t4\t/mnt\ti1\tstat n1 inode\n\
                     a\t5\t/mnt\t0\tcreate n2 0644\na\t6\t/mnt\ti1\tstat n2 inode\n\
                     a\t7\t/mnt\ti2,regular\tstat n2 inode,type\nb\t1\t/mnt\tENOENT\tstat n0 type\n";
        assert_eq!(outcome(lines), (7, 1, 0));
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let error = parse("test\tnumber\na\t1\n").expect_err("two columns");
        assert!(error.contains("line 2"), "{error}");
    }
}
