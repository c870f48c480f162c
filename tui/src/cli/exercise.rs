//! `oscope exercise`: exercises to do, and to grade.

mod grade;
mod open;
mod watch;

use super::Failure;
use super::out::Out;
use crate::exercise::file::Kind;
use crate::exercise::judge::{Verdict, fill, submission};
use crate::exercise::lint::lint;
use crate::exercise::sheet::sheets;
use crate::exercise::shelf::{self, Folder};
use crate::exercise::workspace::{Workspace, handed_in, names, read, seed_of};
use crate::lang::Lang;
use crate::text::{clean, nearest, wrap};
use std::path::{Path, PathBuf};

/// The options of `oscope exercise`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// The language
    #[arg(long, global = true, value_name = "en|ko", value_parser = Lang::named)]
    lang: Option<Lang>,
    /// Exercises of your own, a folder for each, instead of those that come along
    #[arg(long, global = true, value_name = "DIR")]
    exercises: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum What {
    /// List the exercises
    #[command(after_help = "Example:\n  oscope exercise list --lang ko")]
    List,
    /// Make a folder to work in
    #[command(after_help = "Example:\n  oscope exercise new my-exercises")]
    New {
        /// The folder
        dir: PathBuf,
        /// Your name, if your questions are to be your own
        #[arg(long, value_name = "NAME", requires = "salt")]
        student: Option<String>,
        /// What your teacher gives the class
        #[arg(long, value_name = "WORD", requires = "student")]
        salt: Option<String>,
    },
    /// Check an exercise: the current one, unless another is named
    #[command(
        after_help = "Examples:\n  oscope exercise check\n  oscope exercise check zombie --json"
    )]
    Check {
        /// Its name or number, or a folder
        name: Option<String>,
        /// The workspace
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
        /// Print the verdict as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the current exercise, and check it whenever it is saved
    #[command(after_help = "Examples:\n  oscope exercise watch\n  oscope exercise watch deadlock")]
    Watch {
        /// Begin with this one: its name or number
        name: Option<String>,
        /// The workspace
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
    /// Open the run of what you have written in the screen, where it goes wrong
    #[command(
        after_help = "Examples:\n  oscope exercise open\n  oscope exercise open deadlock --dir class/kim"
    )]
    Open {
        /// Its name or number
        name: Option<String>,
        /// The workspace, or a student's folder
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
    /// The next hint, of three
    #[command(after_help = "Example:\n  oscope exercise hint")]
    Hint {
        /// Its name or number
        name: Option<String>,
        /// The workspace
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
    /// The reference solution of an exercise that you have solved
    #[command(after_help = "Example:\n  oscope exercise solution zombie")]
    Solution {
        /// Its name or number
        name: Option<String>,
        /// The workspace
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
    /// Begin an exercise of your own with a copy of one of that kind
    #[command(after_help = "Example:\n  oscope exercise template debug my-exercises/01-slow")]
    Template {
        /// trace, predict, experiment, debug, policy or program
        #[arg(value_name = "KIND", value_parser = Kind::named)]
        kind: Kind,
        /// The new folder; its name begins with a number
        dir: PathBuf,
    },
    /// Try an exercise that you have written: its starter, its solution, its wrong answers
    #[command(after_help = "Example:\n  oscope exercise lint docs/exercises/02-zombie")]
    Lint {
        /// Its folder; all that come along, unless one is named
        dir: Vec<PathBuf>,
    },
    /// Question sheets to print, as HTML: a page for each student, with questions of their own
    #[command(
        after_help = "Examples:\n  oscope exercise sheet --count 30 --salt spring --key > sheets.html\n  \
                      oscope exercise sheet --students names.txt --salt spring --only lru > lru.html"
    )]
    Sheet {
        /// A file with a name on each line
        #[arg(long, value_name = "FILE", conflicts_with = "count")]
        students: Option<PathBuf>,
        /// So many sheets, numbered
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=5000))]
        count: u32,
        /// What the questions are drawn from, besides the name
        #[arg(long, value_name = "WORD", default_value = "")]
        salt: String,
        /// Only this exercise
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
        /// The right answers on a page of their own
        #[arg(long)]
        key: bool,
    },
    /// Grade a class
    #[command(
        after_help = "Examples:\n  oscope exercise grade class/ --salt spring --hidden 7 --format csv\n  \
                      oscope exercise grade submission/ --format gradescope > results.json\n  \
                      oscope exercise grade class/ --shard 1/4 --format json > part1.json\n  \
                      oscope exercise grade --merge part*.json --summary"
    )]
    Grade(grade::GradeArgs),
    /// Judge one file, for `grade`
    #[command(hide = true)]
    Judge {
        name: String,
        #[arg(long)]
        hidden: Option<u64>,
        file: PathBuf,
    },
}

pub(super) fn exercise(args: &Args, seed: u64) -> Result<(), Failure> {
    let lang = args.lang.unwrap_or_else(super::screen::lang);
    let all = match &args.exercises {
        Some(path) => shelf::of_folder(path).map_err(Failure::Usage)?,
        None => shelf::all(),
    };
    match args.what.as_ref().unwrap_or(&What::List) {
        What::List => list(&all, lang),
        What::New { dir, student, salt } => {
            let own = student.as_ref().zip(salt.as_ref());
            let seed = own.map_or(seed, |(student, salt)| seed_of(salt, student));
            new(dir, &all, seed, lang)
        }
        What::Check { name, dir, json } => check(name.as_deref(), dir, *json, &all, lang),
        What::Open { name, dir } => open::open(name.as_deref(), dir, &all, (seed, lang)),
        What::Watch { name, dir } => {
            let mut workspace = workspace(dir)?;
            if let Some(name) = name {
                workspace.progress.current = Some(find(name, &all)?.name.clone());
            }
            watch::watch(&workspace, &all, lang)
        }
        What::Hint { name, dir } => hint(name.as_deref(), dir, &all, lang),
        What::Solution { name, dir } => solution(name.as_deref(), dir, &all, lang),
        What::Template { kind, dir } => template(*kind, dir, lang),
        What::Lint { dir } => judged(dir, all),
        What::Sheet { students, count, salt, only, key } => {
            let chosen = match only {
                Some(name) => vec![find(name, &all)?.clone()],
                None => all,
            };
            let names = match students {
                Some(file) => names_in(file)?,
                None => (1..=*count).map(|number| number.to_string()).collect(),
            };
            let page = sheets(&chosen, &names, (salt, *key), lang).map_err(Failure::Usage)?;
            let mut out = Out::stdout();
            out.text(page.as_bytes())?;
            out.finish()
        }
        What::Grade(more) => grade::class(more, (&all, args.exercises.as_ref()), seed, lang),
        What::Judge { name, hidden, file } => {
            grade::one(find(name, &all)?, file, (seed, *hidden), lang)
        }
    }
}

fn workspace(dir: &Path) -> Result<Workspace, Failure> {
    Workspace::open(dir).map_err(Failure::Usage)
}

/// Copies the first exercise of a kind that comes along.
fn template(kind: Kind, dir: &Path, lang: Lang) -> Result<(), Failure> {
    let carried = shelf::all();
    let of_kind = |folder: &&Folder| folder.exercise().is_ok_and(|e| e.kind == kind);
    let Some(folder) = carried.iter().find(of_kind) else {
        return Err(Failure::Run(format!("there is no exercise of the kind {}", kind.name())));
    };
    let shown = dir.display();
    let told = |error: std::io::Error| Failure::Run(format!("{shown}: {error}"));
    if dir.exists() {
        return Err(Failure::Usage(format!("{shown}: expected a folder that does not exist")));
    }
    for (name, text) in &folder.files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(dir)).map_err(told)?;
        std::fs::write(path, text).map_err(told)?;
    }
    let next = format!("oscope exercise lint {shown}");
    Out::stdout().line(&match lang {
        Lang::En => format!("{shown}: a copy of {}. Change it, then: {next}", folder.name),
        Lang::Ko => format!("{shown}: {}의 사본. 고친 다음: {next}", folder.name),
    })
}

/// The names in a file, one on each line.
fn names_in(file: &Path) -> Result<Vec<String>, Failure> {
    let text = read(file).map_err(Failure::Usage)?;
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        return Err(Failure::Usage(format!("{}: expected a name on each line", file.display())));
    }
    Ok(names)
}

/// An exercise by its name or number.
fn find<'f>(name: &str, all: &'f [Folder]) -> Result<&'f Folder, Failure> {
    let name = name.trim_end_matches('/');
    let last = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
    let meant = |folder: &&Folder| {
        folder.name == last
            || folder.slug() == last
            || name.parse().is_ok_and(|number| folder.number() == Some(number))
    };
    if let Some(folder) = all.iter().find(meant) {
        return Ok(folder);
    }
    let near = nearest(name, all.iter().map(Folder::slug));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let expected = "expected one that `oscope exercise list` names";
    Err(Failure::Usage(format!("there is no exercise `{}`; {expected}{hint}", clean(name))))
}

/// The exercise that is meant: the one that is named, the one in whose folder somebody stands, or the current one.
fn meant<'f>(
    name: Option<&str>,
    dir: &Path,
    workspace: &Workspace,
    all: &'f [Folder],
) -> Result<Option<&'f Folder>, Failure> {
    if let Some(name) = name {
        return find(name, all).map(Some);
    }
    let here = dir.canonicalize().unwrap_or_default();
    let inside = all.iter().find(|folder| here.starts_with(workspace.path.join(&folder.name)));
    Ok(inside.or_else(|| workspace.current(all)))
}

fn list(all: &[Folder], lang: Lang) -> Result<(), Failure> {
    let mut out = Out::stdout();
    let solved = Workspace::open(Path::new(".")).map(|workspace| workspace.progress.solved);
    for folder in all {
        let exercise = folder.exercise().map_err(Failure::Usage)?;
        let texts = exercise.texts(lang);
        let is_solved = solved.as_ref().is_ok_and(|solved| solved.contains(&folder.name));
        let done = match (is_solved, lang) {
            (false, _) => "",
            (true, Lang::En) => " Solved.",
            (true, Lang::Ko) => " 해결.",
        };
        let kind = exercise.kind.name();
        out.line(&format!("{:<24} {} ({kind}){done}", folder.name, texts.summary))?;
    }
    out.finish()
}

fn new(dir: &Path, all: &[Folder], seed: u64, lang: Lang) -> Result<(), Failure> {
    let workspace = Workspace::new(dir, all, seed, lang).map_err(Failure::Usage)?;
    let mut out = Out::stdout();
    let shown = dir.display();
    let first = workspace.current(all).map_or("", |folder| folder.name.as_str());
    match lang {
        Lang::En => {
            out.line(&format!("{shown}: {} exercises, the first is {first}.", all.len()))?;
            out.line(&format!("Next: cd {shown} && oscope exercise watch"))?;
        }
        Lang::Ko => {
            out.line(&format!("{shown}: 연습문제 {}개, 첫 문제는 {first}.", all.len()))?;
            out.line(&format!("다음: cd {shown} && oscope exercise watch"))?;
        }
    }
    out.finish()
}

/// A verdict on what lies in a workspace.
pub(super) fn verdict_of(
    workspace: &Workspace,
    folder: &Folder,
    lang: Lang,
) -> Result<(Verdict, PathBuf), String> {
    let exercise = folder.exercise()?;
    let place = workspace.path.join(&folder.name);
    let file = handed_in(&place, &exercise, folder).ok_or_else(|| {
        let expected = names(&exercise).join(" or ");
        format!("{}: expected {expected}", place.display())
    })?;
    let text = read(&file)?;
    let name = file.to_string_lossy().into_owned();
    let verdict = submission(folder, &exercise, (&name, &text), workspace.progress.seed, lang)?;
    Ok((verdict, file))
}

fn check(
    name: Option<&str>,
    dir: &Path,
    json: bool,
    all: &[Folder],
    lang: Lang,
) -> Result<(), Failure> {
    let mut workspace = workspace(dir)?;
    let Some(folder) = meant(name, dir, &workspace, all)? else {
        return Out::stdout().line(all_done(lang));
    };
    let (verdict, _) = verdict_of(&workspace, folder, lang).map_err(Failure::Usage)?;
    if verdict.passes() {
        workspace.progress.solved.insert(folder.name.clone());
        workspace.progress.current = None;
        workspace.save().map_err(Failure::Run)?;
    }
    let mut out = Out::stdout();
    if json {
        out.json(&verdict)?;
    } else {
        for line in told(folder, &verdict, lang) {
            out.line(&line)?;
        }
    }
    out.finish()?;
    match verdict.findings.first() {
        None => Ok(()),
        Some(first) if verdict.unreadable => Err(Failure::Usage(first.sentence.clone())),
        Some(_) => Err(Failure::Run(match lang {
            Lang::En => format!("{} is not solved", folder.name),
            Lang::Ko => format!("{}: 아직 풀리지 않았습니다", folder.name),
        })),
    }
}

pub(super) const fn all_done(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "All exercises are solved.",
        Lang::Ko => "모든 연습문제를 풀었습니다.",
    }
}

/// How wide text is printed.
pub(super) const COLUMNS: usize = 78;

/// The verdict in words, with the picture of the first failure and the command that opens the run.
pub(super) fn told(folder: &Folder, verdict: &Verdict, lang: Lang) -> Vec<String> {
    let points = format!("{}/{}", verdict.points, verdict.max);
    let mut lines = Vec::new();
    let exercise = folder.exercise().unwrap_or_default();
    let Some(first) = verdict.findings.first() else {
        lines.push(match lang {
            Lang::En => format!("{}: solved, {points} points.", folder.name),
            Lang::Ko => format!("{}: 해결, {points}점.", folder.name),
        });
        lines.extend(wrap(exercise.texts(lang).solved.trim(), COLUMNS));
        return lines;
    };
    if verdict.unreadable {
        // The message goes where messages go.
        return lines;
    }
    lines.push(match lang {
        Lang::En => format!("{}: not yet, {points} points.", folder.name),
        Lang::Ko => format!("{}: 아직입니다, {points}점.", folder.name),
    });
    lines.push(String::new());
    lines.extend(wrap(&first.sentence, COLUMNS));
    if !first.picture.is_empty() {
        lines.push(String::new());
        lines.extend(first.picture.iter().cloned());
    }
    let more = verdict.findings.len().saturating_sub(1);
    if more > 0 {
        lines.push(match lang {
            Lang::En => format!("And {more} more after that."),
            Lang::Ko => format!("그 밖에 {more}가지가 더 있습니다."),
        });
    }
    if !exercise.kind.has_run() {
        return lines;
    }
    let look = format!("oscope exercise open {}", folder.slug());
    lines.push(String::new());
    lines.push(match lang {
        Lang::En => format!("Look at it: {look}"),
        Lang::Ko => format!("직접 보기: {look}"),
    });
    lines
}

fn hint(name: Option<&str>, dir: &Path, all: &[Folder], lang: Lang) -> Result<(), Failure> {
    let mut workspace = workspace(dir)?;
    let mut out = Out::stdout();
    let Some(folder) = meant(name, dir, &workspace, all)? else {
        out.line(all_done(lang))?;
        return out.finish();
    };
    for line in next_hint(&mut workspace, folder, lang)? {
        out.line(&line)?;
    }
    out.finish()
}

/// The next hint; the last stays.
pub(super) fn next_hint(
    workspace: &mut Workspace,
    folder: &Folder,
    lang: Lang,
) -> Result<Vec<String>, Failure> {
    let exercise = folder.exercise().map_err(Failure::Usage)?;
    let hints = &exercise.texts(lang).hints;
    let asked = workspace.progress.hints.entry(folder.name.clone()).or_default();
    *asked = (*asked + 1).min(hints.len());
    let at = *asked;
    workspace.save().map_err(Failure::Run)?;
    let text = hints.get(at.saturating_sub(1)).map_or("", String::as_str);
    Ok(wrap(&format!("{} {at}/{}: {}", folder.name, hints.len(), text.trim()), COLUMNS))
}

fn solution(name: Option<&str>, dir: &Path, all: &[Folder], lang: Lang) -> Result<(), Failure> {
    let workspace = workspace(dir)?;
    let named = name.map(|name| find(name, all)).transpose()?;
    let solved = &workspace.progress.solved;
    let Some(folder) = named.or_else(|| all.iter().rev().find(|f| solved.contains(&f.name))) else {
        return Err(Failure::Run("no exercise is solved yet".to_owned()));
    };
    if !solved.contains(&folder.name) {
        return Err(Failure::Run(match lang {
            Lang::En => format!("{} is not solved yet; `oscope exercise hint` helps", folder.name),
            Lang::Ko => {
                format!("{}: 아직 풀지 않았습니다. `oscope exercise hint`를 써 보세요", folder.name)
            }
        }));
    }
    let exercise = folder.exercise().map_err(Failure::Usage)?;
    let mut out = Out::stdout();
    for (name, text) in folder.below("solution") {
        let text = match exercise.kind {
            Kind::Policy | Kind::Program => text.to_owned(),
            _ => fill(text, folder, &exercise, workspace.progress.seed, lang)
                .map_err(Failure::Usage)?,
        };
        out.line(&format!("# {}/{name}", folder.name))?;
        out.text(text.as_bytes())?;
    }
    out.finish()
}

fn judged(dirs: &[PathBuf], all: Vec<Folder>) -> Result<(), Failure> {
    let folders = match dirs {
        [] => all,
        dirs => {
            let read = dirs.iter().map(|dir| Folder::on_disk(dir));
            read.collect::<Result<_, _>>().map_err(Failure::Usage)?
        }
    };
    let mut out = Out::stdout();
    let mut count = 0;
    for folder in &folders {
        let faults = lint(folder);
        let verdict = match faults.len() {
            0 => "right".to_owned(),
            wrong => format!("{wrong} wrong"),
        };
        out.line(&format!("{:<28} {verdict}", folder.name))?;
        out.flush()?;
        for fault in &faults {
            out.line(&format!("  {fault}"))?;
        }
        count += faults.len();
    }
    out.finish()?;
    match count {
        0 => Ok(()),
        1 => Err(Failure::Run("1 mistake".to_owned())),
        _ => Err(Failure::Run(format!("{count} mistakes"))),
    }
}
