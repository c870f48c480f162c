//! Holds an exercise to what it promises: the starter fails, the solution passes, and each typical wrong answer fails with
//! the sentence that is meant for it.

use super::file::{Exercise, Kind};
use super::judge::{Verdict, fill, submission};
use super::shelf::Folder;
use super::workspace::names;
use crate::lang::Lang;
use std::path::Path;

/// Students that an exercise is tried as.
const SEEDS: [u64; 2] = [0, 7];

/// What is wrong with an exercise.
#[must_use]
pub fn lint(folder: &Folder) -> Vec<String> {
    let exercise = match folder.exercise() {
        Ok(exercise) => exercise,
        Err(why) => return vec![why],
    };
    let mut faults = words(folder, &exercise);
    if faults.is_empty() {
        let varies = exercise.problem.is_some() || !exercise.vary.is_empty();
        // A program is given many seeds at once.
        let seeds = if varies && exercise.kind != Kind::Policy { &SEEDS[..] } else { &SEEDS[..1] };
        for seed in seeds {
            faults.extend(played(folder, &exercise, *seed));
        }
    }
    faults
}

fn words(folder: &Folder, exercise: &Exercise) -> Vec<String> {
    let mut faults = Vec::new();
    let mut want = |holds: bool, message: &str| {
        if !holds {
            faults.push(message.to_owned());
        }
    };
    want(folder.number().is_some(), "expected a folder's name such as 02-zombie");
    want((1..=3).contains(&exercise.level), "level: expected 1 to 3");
    want(exercise.points() > 0, "expected a check with points");
    want(exercise.wrong.len() >= 2, "expected at least two wrong answers in [wrong]");
    for texts in [&exercise.en, &exercise.ko] {
        let all = [&texts.title, &texts.summary, &texts.text, &texts.solved];
        want(
            all.iter().all(|text| !text.trim().is_empty()),
            "a text is missing: title, summary, text or solved, en or ko",
        );
        want(texts.hints.len() == 3, "expected three hints in each language");
    }
    for check in &exercise.check {
        let says = [&check.say].into_iter().chain(check.mistake.iter().map(|m| &m.say));
        let both = says.into_iter().all(|say| !say.en.is_empty() && !say.ko.is_empty());
        want(both, &format!("check `{}`: expected `say` in en and ko", check.id));
    }
    for place in ["starter", "solution"] {
        let has = folder.below(place).any(|(name, _)| names(exercise).iter().any(|n| n == name));
        want(has, &format!("expected {place}/{}", exercise.file));
    }
    for (name, _) in folder.below("wrong") {
        let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
        want(exercise.wrong.contains_key(&*stem), &format!("wrong/{name} is not in [wrong]"));
    }
    faults
}

fn played(folder: &Folder, exercise: &Exercise, seed: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let mut want = |place: &str, wanted: &str| {
        let verdict = of_file(folder, exercise, place, seed);
        let found = match &verdict {
            Err(why) => why.clone(),
            Ok(verdict) if verdict.passes() => "passes".to_owned(),
            Ok(verdict) => {
                let first = verdict.findings.first();
                let sentence = first.map_or("", |finding| finding.sentence.as_str());
                let id = first.map_or("", |finding| finding.id.as_str());
                let fails = wanted == "fails" && id != "unreadable";
                if (id == wanted || fails) && !sentence.is_empty() && !sentence.contains('…') {
                    return;
                }
                format!("{id}: {sentence}")
            }
        };
        if found != wanted {
            faults.push(format!("seed {seed}: {place}: {found}; expected `{wanted}`"));
        }
    };
    for (place, wanted) in [("starter", "fails"), ("solution", "passes")] {
        for name in names(exercise) {
            if folder.file(&format!("{place}/{name}")).is_some() {
                want(&format!("{place}/{name}"), wanted);
            }
        }
    }
    for (stem, wanted) in &exercise.wrong {
        let named = |name: &str| Path::new(name).file_stem().is_some_and(|s| s == stem.as_str());
        match folder.below("wrong").find(|(name, _)| named(name)) {
            Some((name, _)) => want(&format!("wrong/{name}"), wanted),
            None => want(&format!("wrong/{stem}"), wanted),
        }
    }
    faults
}

fn of_file(
    folder: &Folder,
    exercise: &Exercise,
    place: &str,
    seed: u64,
) -> Result<Verdict, String> {
    let text = folder.file(place).ok_or_else(|| format!("there is no {place}"))?;
    let text = match exercise.kind {
        Kind::Policy | Kind::Program => text.to_owned(),
        _ => fill(text, folder, exercise, seed, Lang::En)?,
    };
    submission(folder, exercise, (place, &text), seed, Lang::En)
}
