//! The machine that a script runs on, as its `@machine` lines ask for it.
//!
//! `@machine cpus=2 sched=rr quantum=10ms memory=8MiB`: the words are those of a machine's table in a world file
//! (docs/worlds.md), the scheduler's without `scheduler.` before them; `sched` is short for `policy`.

use super::compile::compile;
use super::plan::{Directive, Origin, Plan};
use super::player::{Role, ScriptImage};
use super::scene::Scene;
use crate::bin::Builtins;
use crate::scenario::{WorldError, WorldFile};
use crate::script::parse::parse;
use oscope_kernel::base::Schedule;
use oscope_kernel::world::World;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// What keeps a script's machine from being switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUpError {
    /// The words of the script that are wrong.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for SetUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}", self.message, self.expected)
    }
}

impl std::error::Error for SetUpError {}

/// A machine with all programs in its root, and one program to start: the script.
const WORLD: &str = r#"
edition = "2026"
about = "A script of system calls."
until = "1000s"
[machines.box]
memory = "64MiB"
root = "initramfs"
programs = [{ command = ["script"] }]
"#;

/// Where the numbers of the kernel's own tasks begin, out of the way of the script's.
const KERNEL_PIDS: u32 = 32_000;

/// What of a machine belongs to its scheduler.
const OF_SCHEDULER: [&str; 10] = [
    "policy",
    "quantum",
    "boost",
    "stay",
    "io_bump",
    "ageing",
    "preemptive",
    "latency",
    "granularity",
    "base_slice",
];

/// Switches on a machine for a script. `schedule` says where it shall do otherwise than it would; with it, every
/// operation is a question.
///
/// # Errors
/// [`SetUpError`] for what an `@machine` line says.
pub fn boot(plan: &Arc<Plan>, seed: u64, schedule: Option<&Schedule>) -> Result<World, SetUpError> {
    let mut changes: Vec<(String, String, Range<usize>)> = Vec::new();
    for Directive { words, range, .. } in plan.directives() {
        for (word, place) in words {
            let Some((key, value)) = word.split_once('=') else {
                return Err(SetUpError {
                    range: place.clone(),
                    message: format!("`{word}` sets nothing"),
                    expected: "words such as `cpus=2`".to_owned(),
                });
            };
            let path = match key {
                "sched" => "box.scheduler.policy".to_owned(),
                key if OF_SCHEDULER.contains(&key) => format!("box.scheduler.{key}"),
                key => format!("box.{key}"),
            };
            changes.push((path, value.trim_matches('"').to_owned(), range.clone()));
        }
    }
    let pairs: Vec<_> = changes.iter().map(|(path, to, _)| (path.clone(), to.clone())).collect();
    let made = WorldFile::parse_with("script", WORLD, &pairs).and_then(|mut file| {
        file.set_seed(seed);
        file.boot_with(Arc::new(loader(plan)), |config| {
            config.log_keep = u64::MAX;
            // A script counts its processes from 1.
            config.kernel_pids_after = Some(KERNEL_PIDS);
            if let Some(scene) = &plan.scene {
                let base = config.initramfs.take().unwrap_or_default();
                config.initramfs = Some(scene.archive(&base).into());
                config.chosen_ports = scene.ports().collect();
                for start in &mut config.programs {
                    start.directory = Some(scene.directory().to_owned());
                    start.open = scene.open();
                    start.has_terminal = !scene.is_detached();
                    start.file = scene.file().map(str::to_owned);
                }
            }
            if let Some(schedule) = schedule {
                config.explore = true;
                config.schedule = schedule.clone();
            }
        })
    });
    made.map_err(|error| {
        let range = changes.first().map_or(0..0, |(.., range)| range.clone());
        let (message, expected) = match error {
            WorldError::Value { path, found, expected } => {
                (format!("{} is `{found}`", path.replace("machines.box.", "")), expected)
            }
            WorldError::Set { path, expected } => (path.replace("box.", ""), expected),
            other => (other.to_string(), "a machine that can be switched on".to_owned()),
        };
        SetUpError { range, message, expected }
    })
}

/// All programs, and the interpreter of scripts that are files: `#!/bin/trace`.
#[must_use]
pub fn programs() -> Builtins {
    let (plan, _) = compile(&parse("").tree, Origin::Written);
    let role = Role::Interpreter;
    Builtins::default().with_image(Arc::new(ScriptImage {
        name: "trace".to_owned(),
        plan: Arc::new(plan),
        role,
    }))
}

/// All programs, and the script.
fn loader(plan: &Arc<Plan>) -> Builtins {
    let mut all = programs();
    let image = |role| ScriptImage { name: "script".to_owned(), plan: Arc::clone(plan), role };
    let first = match plan.scene.as_ref().and_then(Scene::program) {
        Some(program) => ScriptImage { name: program.to_owned(), ..image(Role::First) },
        None => image(Role::First),
    };
    all.put_instead("script", Arc::new(first));
    for path in &plan.becomes {
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        all.put_instead(path, Arc::new(ScriptImage { name, ..image(Role::GoesOn) }));
    }
    all
}
