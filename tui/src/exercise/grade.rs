//! Grades a class: each submission in a process of its own, so that one that crashes or never ends stops nobody else.
//!
//! The grade depends on the submission, the seed and the salt alone: neither on the order in which submissions are judged nor
//! on how many at a time.

use super::child::{Limits, limited, run_into};
use super::judge::Verdict;
use super::shelf::Folder;
use super::workspace::{PROGRESS, handed_in, seed_of};
use crate::lang::Lang;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What one submission may use. The machine that it runs on is the emulator's, and that is bounded too.
const LIMITS: Limits = Limits { time: Duration::from_secs(40), memory_kib: 8 << 20 };

/// A student with what was handed in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Graded {
    /// The name of the folder.
    pub student: String,
    /// Points in all.
    pub points: u32,
    /// Points that there are.
    pub max: u32,
    /// By exercise.
    pub exercises: Vec<Verdict>,
}

/// How a class is graded.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The seed of questions, if there is no salt.
    pub seed: u64,
    /// Each student's own questions.
    pub salt: Option<String>,
    /// More problems for programs, that nobody has seen.
    pub hidden: Option<u64>,
    /// Exercises of the teacher's own.
    pub shelf: Option<PathBuf>,
    /// The language.
    pub lang: Lang,
    /// Which part of the class: the how-manieth from 0, of how many.
    pub shard: (usize, usize),
}

/// Where what was handed in for an exercise lies: in a folder of that name; or, if only one exercise is graded, perhaps
/// right in the student's folder, as those submit who submit one file.
fn place(dir: &Path, folder: &Folder) -> PathBuf {
    let inside = dir.join(&folder.name);
    if inside.is_dir() { inside } else { dir.to_owned() }
}

/// The students' folders: one that holds exercises is a student's, of another the folders in it are.
///
/// # Errors
/// What cannot be read.
pub fn students(dirs: &[PathBuf], all: &[Folder]) -> Result<Vec<PathBuf>, String> {
    let is_one = |dir: &Path| {
        let bare = match all {
            [folder] => folder.exercise().is_ok_and(|e| handed_in(dir, &e, folder).is_some()),
            _ => false,
        };
        bare || dir.join(PROGRESS).is_file()
            || all.iter().any(|folder| dir.join(&folder.name).is_dir())
    };
    let mut found = Vec::new();
    for dir in dirs {
        let dir = dir.canonicalize().map_err(|error| format!("{}: {error}", dir.display()))?;
        if is_one(&dir) {
            found.push(dir);
            continue;
        }
        let entries =
            std::fs::read_dir(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let mut inside: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        inside.sort();
        if inside.is_empty() {
            return Err(format!(
                "{}: expected a student's folder, or folders of students",
                dir.display()
            ));
        }
        found.extend(inside);
    }
    Ok(found)
}

/// A student's name: the folder's.
fn name(dir: &Path) -> String {
    dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Grades all students of a shard.
#[must_use]
pub fn grade(students: &[PathBuf], all: &[Folder], rules: &Rules) -> Vec<Graded> {
    let (index, of) = rules.shard;
    let mine = students.iter().enumerate().filter(|(at, _)| at % of.max(1) == index);
    let mine: Vec<&PathBuf> = mine.map(|(_, dir)| dir).collect();
    let jobs: Vec<(usize, &Folder)> = (0..mine.len())
        .flat_map(|student| all.iter().map(move |folder| (student, folder)))
        .collect();
    let next = AtomicUsize::new(0);
    let verdicts: Mutex<BTreeMap<usize, Verdict>> = Mutex::default();
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (next, verdicts, jobs, mine) = (&next, &verdicts, &jobs, &mine);
            scope.spawn(move || {
                while let Some((student, folder)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(dir) = mine.get(*student) else { return };
                    let verdict = one(dir, folder, rules, worker);
                    let place = student * all.len()
                        + all.iter().position(|f| f.name == folder.name).unwrap_or(0);
                    if let Ok(mut verdicts) = verdicts.lock() {
                        verdicts.insert(place, verdict);
                    }
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().unwrap_or_default();
    let mut graded: Vec<Graded> =
        mine.iter().map(|dir| Graded { student: name(dir), ..Graded::default() }).collect();
    for (place, verdict) in verdicts {
        if let Some(student) = graded.get_mut(place / all.len().max(1)) {
            student.points += verdict.points;
            student.max += verdict.max;
            student.exercises.push(verdict);
        }
    }
    graded
}

fn one(dir: &Path, folder: &Folder, rules: &Rules, worker: usize) -> Verdict {
    let Ok(exercise) = folder.exercise() else { return Verdict::default() };
    let nothing = |id: &str, en: &str, ko: &str| {
        let sentence = if rules.lang == Lang::Ko { ko } else { en };
        Verdict::nothing(&folder.name, exercise.points(), id, sentence.to_owned())
    };
    let Some(file) = handed_in(&place(dir, folder), &exercise, folder) else {
        return nothing("not-handed-in", "Nothing was handed in.", "제출한 것이 없습니다.");
    };
    let seed = rules.salt.as_deref().map_or(rules.seed, |salt| seed_of(salt, &name(dir)));
    let out = std::env::temp_dir().join(format!("oscope-verdict-{}-{worker}", std::process::id()));
    let verdict = judged(&file, folder, (seed, rules), &out);
    let _ = std::fs::remove_file(&out);
    verdict.unwrap_or_else(|| {
        nothing(
            "crashed",
            "Judging this took too long or too much memory, and was stopped.",
            "채점이 너무 오래 걸리거나 메모리를 너무 많이 써서 멈추었습니다.",
        )
    })
}

/// The verdict that a process of its own has come to, if it did.
fn judged(
    file: &Path,
    folder: &Folder,
    (seed, rules): (u64, &Rules),
    out: &Path,
) -> Option<Verdict> {
    let program = std::env::current_exe().ok()?;
    let (seed, hidden) = (seed.to_string(), rules.hidden.map(|hidden| hidden.to_string()));
    let lang = if rules.lang == Lang::Ko { "ko" } else { "en" };
    let mut arguments: Vec<&OsStr> =
        ["exercise", "judge", &folder.name, "--seed", &seed, "--lang", lang]
            .map(OsStr::new)
            .to_vec();
    if let Some(hidden) = &hidden {
        arguments.extend([OsStr::new("--hidden"), OsStr::new(hidden)]);
    }
    if let Some(shelf) = &rules.shelf {
        arguments.extend([OsStr::new("--exercises"), shelf.as_os_str()]);
    }
    arguments.extend([OsStr::new("--"), file.as_os_str()]);
    let command = limited(LIMITS, &std::env::temp_dir(), program.as_os_str(), &arguments);
    let stdout = std::fs::File::create(out).ok()?;
    run_into(command, LIMITS, stdout.into()).ok()?;
    serde_json::from_str(&std::fs::read_to_string(out).ok()?).ok()
}

/// How many students have which finding first, by exercise.
#[must_use]
pub fn summary(class: &[Graded]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for verdict in class.iter().flat_map(|student| &student.exercises) {
        let id = verdict.findings.first().map_or("solved", |finding| finding.id.as_str());
        *counts.entry((verdict.exercise.clone(), id.to_owned())).or_insert(0) += 1;
    }
    counts
}
