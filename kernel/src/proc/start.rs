//! A program that is started from outside, as the kernel itself starts init.

use crate::base::Time;
use crate::sched::{CpuSet, Params};

/// What is started, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Start {
    /// What the loader finds it by.
    pub path: String,
    /// Its arguments, its own name first.
    pub arguments: Vec<String>,
    /// When.
    pub time: Time,
    /// What the scheduler is asked for it.
    pub params: Params,
    /// The CPUs on which it may run.
    pub cpus: CpuSet,
    /// What speaks for it or against it when memory is out: −1000 to 1000.
    pub oom_adjust: i16,
    /// The file that it counts as, if it is another than `path`: what /proc/PID/exe says.
    pub file: Option<String>,
    /// Where it is: a path in the root; `None`: the root itself.
    pub directory: Option<String>,
    /// What is open besides the console: descriptors and paths. Of 0, 1 and 2, those that are not named are the console;
    /// standard input is opened for reading, the other two for writing, others for both.
    pub open: Vec<(u64, String)>,
    /// Whether the console may become its controlling terminal.
    pub has_terminal: bool,
}

impl Start {
    /// A program with these arguments besides its name, at boot, with nothing special.
    #[must_use]
    pub fn new(path: &str, arguments: &[&str]) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let all = std::iter::once(&name).chain(arguments);
        Self {
            path: path.to_owned(),
            arguments: all.map(|&text| text.to_owned()).collect(),
            time: Time::ZERO,
            params: Params::default(),
            cpus: CpuSet::ALL,
            oom_adjust: 0,
            file: None,
            directory: None,
            open: Vec::new(),
            has_terminal: true,
        }
    }
}
