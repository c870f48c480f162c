//! The command line: one file per subcommand.
//!
//! Exit codes are a contract: 0 done, also when the reader of a pipe went away; 1 the run had to be
//! stopped; 2 wrong usage or unreadable input, with one message that says where and what was expected.

mod alloc;
mod bench;
mod cases;
mod completions;
mod crash;
mod diff;
mod disk;
mod exercise;
mod gantt;
mod image;
mod input;
mod lesson;
pub(crate) mod metrics;
mod out;
mod paging;
mod referee;
mod run;
mod sched;
mod screen;
mod sh;
mod summary;
mod syscalls;
mod trace;
mod why;
mod worlds;

use crate::text::nearest;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser, Subcommand};
use input::WorldArgs;
use std::io::IsTerminal;
use std::process::ExitCode;

/// What ends a command early.
#[derive(Debug)]
enum Failure {
    /// Wrong usage or unreadable input.
    Usage(String),
    /// The run had to be stopped, or its results could not be written.
    Run(String),
    /// The reader of our output went away, which is its good right.
    PipeClosed,
}

impl Failure {
    fn code(self) -> u8 {
        match self {
            Self::PipeClosed => 0,
            Self::Run(message) => {
                eprintln_quietly(&message);
                1
            }
            Self::Usage(message) => {
                eprintln_quietly(&message);
                2
            }
        }
    }
}

/// A message for people; that nobody may read it is no reason to panic.
fn eprintln_quietly(message: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "oscope: {message}");
}

#[derive(Parser)]
#[command(
    name = "oscope",
    version,
    about = "An operating-system kernel to look into.",
    after_help = "Examples:\n  oscope                       look at the three-tier system\n  \
                  oscope run first --narrate   the same in sentences\n  \
                  oscope worlds                which worlds there are"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where chance comes from
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    no_mouse: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Look at a world, step by step
    #[command(after_help = "Example:\n  oscope tui race --set box.cpus=4")]
    Tui(WorldArgs),
    /// Run a world and print what became of it
    #[command(after_help = "Examples:\n  oscope run first\n  \
                      oscope run first --until 50ms --set box.scheduler.policy=fifo\n  \
                      oscope run wire --events - | head\n  \
                      oscope run my-world.toml --json")]
    Run(run::Args),
    /// Open a shell on a machine, or run one command there; its exit status is the command's
    #[command(after_help = "Examples:\n  oscope sh\n  oscope sh -c 'ls -l /bin | wc -l'\n  \
                      echo 'echo $((6*7))' | oscope sh\n  \
                      oscope sh first -c ps --strace ps.strace")]
    Sh(sh::ShArgs),
    /// Solve scheduling problems with the kernel's own policies
    #[command(
        after_help = "Examples:\n  oscope sched --policy rr --quantum 2 --jobs 0:8,1:4,2:9\n  \
                      oscope sched --policy mlfq --seed 7        a problem\n  \
                      oscope sched --policy mlfq --seed 7 -c     and its solution\n  \
                      oscope sched --case cases.json --json"
    )]
    Sched(Box<sched::Args>),
    /// Solve paging problems with the kernel's own replacement policies
    #[command(
        after_help = "Examples:\n  oscope paging --policy lru --frames 3 --refs 7,0,1,2,0,3,0,4\n  \
                      oscope paging --policy clock --seed 7        a problem\n  \
                      oscope paging --policy clock --seed 7 -c     and its solution\n  \
                      oscope paging --case cases.json --json"
    )]
    Paging(paging::Args),
    /// Divide memory into blocks with the kernel's own allocators
    #[command(
        after_help = "Examples:\n  oscope alloc --policy best --size 100 --ops +10,+20,-0,+5\n  \
                      oscope alloc --policy buddy --seed 7        a problem\n  \
                      oscope alloc --policy buddy --seed 7 -c     and its solution\n  \
                      oscope alloc --case cases.json --json"
    )]
    Alloc(alloc::Args),
    /// Order the requests for a disk with the kernel's own schedulers
    #[command(
        after_help = "Examples:\n  oscope disk --policy sstf --head 53 --cylinders 200 --requests 98,183,37,122\n  \
                      oscope disk --policy scan --seed 7        a problem\n  \
                      oscope disk --policy scan --seed 7 -c     and its solution\n  \
                      oscope disk --case cases.json --json"
    )]
    Disk(disk::Args),
    /// Cut the power after every write to a disk, and see what recovery makes of it
    #[command(after_help = "Example:\n  oscope crash disk --disk box:vda")]
    Crash(crash::Args),
    /// Explain a thread, a call, a page, a lock, a disk request, a packet or a request by a chain of events
    #[command(after_help = "Examples:\n  oscope why first --at 30ms --thread 4\n  \
                      oscope why priority-inversion --at 20ms --thread plain:4\n  \
                      oscope why wire --packet right --json")]
    Why(Box<why::Args>),
    /// Run a world as it is and with changes, and show where and how they differ
    #[command(after_help = "Examples:\n  oscope diff first --set box.scheduler.policy=fifo\n  \
                      oscope diff first --set box.scheduler.quantum=1ms --at 20ms --json")]
    Diff(diff::Args),
    /// Lessons that ask before they show
    #[command(after_help = "Examples:\n  oscope lesson list\n  oscope lesson 11\n  \
                      oscope lesson 11 --lang ko --key > handout.txt\n  oscope lesson check")]
    Lesson(lesson::Args),
    /// Exercises, checked by the kernel itself
    #[command(
        after_help = "Examples:\n  oscope exercise list\n  oscope exercise new my-exercises\n  \
                      cd my-exercises && oscope exercise watch\n  oscope exercise check zombie"
    )]
    Exercise(exercise::Args),
    /// List the built-in worlds
    #[command(after_help = "Example:\n  oscope worlds")]
    Worlds,
    /// List the system calls of Linux, and which of them there are
    #[command(after_help = "Examples:\n  oscope syscalls | grep partial\n  oscope syscalls --json")]
    Syscalls(syscalls::Args),
    /// Measure operations here and on the host's own kernel
    #[command(
        after_help = "Examples:\n  oscope bench\n  oscope bench null-syscall fork-exit-wait --json"
    )]
    Bench(bench::Args),
    /// Play scripts of system calls, in the format of strace, and compare
    #[command(after_help = "Examples:\n  oscope trace zombie.trace\n  \
                      oscope trace race.trace --explore\n  \
                      oscope trace --print log.strace | diff - log.strace")]
    Trace(trace::Args),
    /// Play logs that a real strace recorded, and count what is otherwise
    #[command(after_help = "Example:\n  oscope replay log.strace --json")]
    Replay(trace::ReplayArgs),
    /// Print a script that completes command lines in a shell
    #[command(after_help = "Example:\n  source <(oscope completions bash)")]
    Completions(completions::Args),
}

impl Command {
    /// The world that it runs, if it runs one.
    fn world(&mut self) -> Option<&mut WorldArgs> {
        match self {
            Self::Tui(world) => Some(world),
            Self::Run(args) => Some(&mut args.world),
            Self::Sh(args) => Some(&mut args.run.world),
            Self::Crash(args) => Some(&mut args.world),
            Self::Why(args) => Some(&mut args.world),
            Self::Diff(args) => Some(&mut args.world),
            _ => None,
        }
    }
}

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    let mut cli = Cli::try_parse().unwrap_or_else(|error| with_suggestion(error).exit());
    if let Some(world) = cli.command.as_mut().and_then(Command::world) {
        world.seed = cli.seed;
    }
    if let Some(Command::Sh(args)) = &cli.command {
        return sh::sh(args).map_or_else(|failure| ExitCode::from(failure.code()), ExitCode::from);
    }
    let done = match &cli.command {
        None => bare(&cli),
        Some(Command::Tui(args)) => screen::tui(args, cli.ascii, cli.no_mouse),
        Some(Command::Run(args)) => run::run(args),
        // Its exit status is a command's, which was seen to above.
        Some(Command::Sh(_)) => Ok(()),
        Some(Command::Sched(args)) => sched::sched(args, cli.seed),
        Some(Command::Paging(args)) => paging::paging(args, cli.seed),
        Some(Command::Alloc(args)) => alloc::alloc(args, cli.seed),
        Some(Command::Disk(args)) => disk::disk(args, cli.seed),
        Some(Command::Crash(args)) => crash::crash(args),
        Some(Command::Why(args)) => why::why(args),
        Some(Command::Diff(args)) => diff::diff(args),
        Some(Command::Lesson(args)) => lesson::lesson(args, cli.seed, (cli.ascii, cli.no_mouse)),
        Some(Command::Exercise(args)) => exercise::exercise(args, cli.seed),
        Some(Command::Worlds) => worlds::worlds(),
        Some(Command::Syscalls(args)) => syscalls::syscalls(args),
        Some(Command::Bench(args)) => bench::bench(args),
        Some(Command::Trace(args)) => trace::trace(args, cli.seed),
        Some(Command::Replay(args)) => trace::replay(args, cli.seed),
        Some(Command::Completions(args)) => completions::completions(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.code()),
    }
}

/// The parser misses swapped letters in short words; we do not.
fn with_suggestion(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
        && error.get(ContextKind::SuggestedSubcommand).is_none()
    {
        let command = Cli::command();
        let known = command.get_subcommands().map(clap::Command::get_name);
        if let Some(near) = nearest(word, known) {
            let near = ContextValue::Strings(vec![near.to_owned()]);
            error.insert(ContextKind::SuggestedSubcommand, near);
        }
    }
    error
}

/// Without a subcommand: the screen, or where there is none, a summary of a short run.
fn bare(cli: &Cli) -> Result<(), Failure> {
    let args = WorldArgs::of("three-tier");
    if is_terminal() {
        screen::tui(&args, cli.ascii, cli.no_mouse)
    } else {
        summary::short_run(&args)
    }
}

fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_an_example() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        assert!(command.render_help().to_string().contains("Example"));
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let help = sub.get_after_help().map(ToString::to_string);
            assert!(help.is_some_and(|help| help.contains("oscope ")), "{}", sub.get_name());
        }
    }
}
