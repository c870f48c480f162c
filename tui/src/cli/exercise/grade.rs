//! `oscope exercise grade`, and the judging of one submission in a process of its own.

use super::super::Failure;
use super::super::out::Out;
use crate::exercise::grade::{Graded, Rules, grade, students};
use crate::exercise::judge::graded;
use crate::exercise::report::{Format, class_summary};
use crate::exercise::shelf::Folder;
use crate::exercise::workspace::read;
use crate::lang::Lang;
use std::path::{Path, PathBuf};

/// The options of `grade`.
#[derive(clap::Args)]
pub(super) struct GradeArgs {
    /// Folders of students, or folders in which those are
    #[arg(required_unless_present = "merge")]
    dirs: Vec<PathBuf>,
    /// text, json, gradescope, exercism, junit or csv
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = Format::named)]
    format: Format,
    /// Only this exercise
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Each student's own questions: as `new --salt` made them, by the name of the folder
    #[arg(long, value_name = "WORD")]
    salt: Option<String>,
    /// More problems for programs, which nobody has seen
    #[arg(long, value_name = "N")]
    hidden: Option<u64>,
    /// Only this part of the class: 1/4, or /4 with the index that Slurm or Kubernetes gives
    #[arg(long, value_name = "I/N")]
    shard: Option<String>,
    /// Join what shards have written with --format json
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["dirs", "shard"])]
    merge: Vec<PathBuf>,
    /// Which exercise, which misconception, how many students: as CSV
    #[arg(long)]
    summary: bool,
}

/// Which part of the class, from 0, and of how many.
fn shard(
    text: Option<&str>,
    variable: impl Fn(&str) -> Option<usize>,
) -> Result<(usize, usize), String> {
    let Some(text) = text else { return Ok((0, 1)) };
    let wrong = || {
        format!("--shard {text}: expected I/N with I from 1 to N, or /N where a job array counts")
    };
    let (index, of) = text.split_once('/').ok_or_else(wrong)?;
    let of: usize = of.parse().ok().filter(|of| *of > 0).ok_or_else(wrong)?;
    let index = match index {
        "" => {
            let first = variable("SLURM_ARRAY_TASK_MIN").unwrap_or(0);
            let slurm = variable("SLURM_ARRAY_TASK_ID").map(|id| id.saturating_sub(first));
            slurm.or_else(|| variable("JOB_COMPLETION_INDEX")).ok_or_else(wrong)?
        }
        index => {
            index.parse::<usize>().ok().and_then(|index| index.checked_sub(1)).ok_or_else(wrong)?
        }
    };
    if index < of { Ok((index, of)) } else { Err(wrong()) }
}

pub(super) fn class(
    args: &GradeArgs,
    (all, shelf): (&[Folder], Option<&PathBuf>),
    seed: u64,
    lang: Lang,
) -> Result<(), Failure> {
    let class = if args.merge.is_empty() {
        let chosen = match &args.only {
            Some(name) => vec![super::find(name, all)?.clone()],
            None => all.to_vec(),
        };
        let variable = |name: &str| std::env::var(name).ok()?.parse().ok();
        let rules = Rules {
            seed,
            salt: args.salt.clone(),
            hidden: args.hidden,
            shelf: shelf.map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())),
            lang,
            shard: shard(args.shard.as_deref(), variable).map_err(Failure::Usage)?,
        };
        let students = students(&args.dirs, &chosen).map_err(Failure::Usage)?;
        grade(&students, &chosen, &rules)
    } else {
        merged(&args.merge).map_err(Failure::Usage)?
    };
    let text = if args.summary { class_summary(&class) } else { args.format.write(&class) };
    let mut out = Out::stdout();
    out.text(text.as_bytes())?;
    out.finish()
}

fn merged(files: &[PathBuf]) -> Result<Vec<Graded>, String> {
    #[derive(serde::Deserialize)]
    struct Part {
        students: Vec<Graded>,
    }
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let part: Part = serde_json::from_str(&text).map_err(|error| {
            format!("{}: {error}; expected what --format json writes", file.display())
        })?;
        all.extend(part.students);
    }
    all.sort_by(|a, b| a.student.cmp(&b.student));
    Ok(all)
}

/// Judges one file and prints the verdict as JSON, whatever it is.
pub(super) fn one(
    folder: &Folder,
    file: &Path,
    (seed, hidden): (u64, Option<u64>),
    lang: Lang,
) -> Result<(), Failure> {
    let exercise = folder.exercise().map_err(Failure::Usage)?;
    let text = read(file).map_err(Failure::Usage)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let verdict = graded(folder, &exercise, (&name, &text), (seed, hidden), lang);
    let mut out = Out::stdout();
    out.json(&verdict.map_err(Failure::Usage)?)?;
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::shard;

    #[test]
    fn a_shard_comes_from_the_option_or_from_the_job_array() {
        let none = |_: &str| None;
        assert_eq!(shard(None, none), Ok((0, 1)));
        assert_eq!(shard(Some("2/4"), none), Ok((1, 4)));
        for wrong in ["0/4", "5/4", "/4", "1", "a/b", "1/0"] {
            assert!(shard(Some(wrong), none).is_err(), "{wrong}");
        }
        let slurm = |name: &str| match name {
            "SLURM_ARRAY_TASK_ID" => Some(3),
            "SLURM_ARRAY_TASK_MIN" => Some(1),
            _ => None,
        };
        assert_eq!(shard(Some("/4"), slurm), Ok((2, 4)));
        let kubernetes = |name: &str| (name == "JOB_COMPLETION_INDEX").then_some(3);
        assert_eq!(shard(Some("/4"), kubernetes), Ok((3, 4)));
    }
}
