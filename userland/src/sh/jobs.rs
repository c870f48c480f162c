//! Jobs: what the shell started, and what became of it (XCU 2.11, `jobs`, `fg`, `bg`, `wait`).

use super::Shell;
use super::start::OWN_FDS;
use oscope_kernel::abi::flags::WaitFlags;
use oscope_kernel::abi::flags::file::fcntl;
use oscope_kernel::abi::signal::SIG_IGN;
use oscope_kernel::abi::types::WaitStatus;
use oscope_kernel::abi::{Errno, Signal};

/// How many statuses are remembered of jobs that are gone.
const PAST: usize = 32;

/// Whether the shell waits for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Foreground,
    Background,
}

/// A process of a job.
#[derive(Clone, Debug, Hash)]
pub struct Process {
    /// Its number.
    pub pid: u64,
    /// What became of it; `None`: it runs.
    pub status: Option<WaitStatus>,
}

/// A pipeline that runs, or ran.
#[derive(Clone, Debug, Hash)]
pub struct Job {
    /// What the user calls it by: `%1`.
    pub number: u32,
    /// Its process group, which is the number of its first process.
    pub group: u64,
    /// Its processes in the order of the pipeline.
    pub processes: Vec<Process>,
    /// How it was written.
    pub text: String,
    /// Whether something happened to it that nobody was told of.
    pub has_news: bool,
}

/// All jobs, the oldest first. The current one, `%+`, is the last that was stopped or started in the background.
#[derive(Clone, Debug, Default, Hash)]
pub struct Jobs {
    /// By number.
    pub all: Vec<Job>,
    /// Numbers, the current job's last.
    recent: Vec<u32>,
    /// Processes that were waited for, with their statuses, the newest first: scripts may ask again.
    past: Vec<(u64, i32)>,
}

impl Job {
    /// A job of these processes.
    pub(super) fn new(group: u64, pids: &[u64], text: &str) -> Self {
        let processes = pids.iter().map(|&pid| Process { pid, status: None }).collect();
        Self { number: 0, group, processes, text: text.to_owned(), has_news: false }
    }

    /// Whether all of it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let ended = |status: WaitStatus| !matches!(status, WaitStatus::Stopped(_));
        self.processes.iter().all(|process| process.status.is_some_and(ended))
    }

    /// Whether none of it runs, and some of it is stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.processes.iter().all(|process| process.status.is_some()) && !self.has_ended()
    }

    /// What its last process came to; if it is stopped, the signal that stopped it.
    #[must_use]
    pub fn outcome(&self) -> Option<WaitStatus> {
        let stopped = |process: &&Process| matches!(process.status, Some(WaitStatus::Stopped(_)));
        match self.processes.iter().find(stopped) {
            Some(process) => process.status,
            None => self.processes.last()?.status,
        }
    }

    /// `Running`, `Stopped`, `Done(1)`, `Killed`.
    #[must_use]
    pub fn condition(&self) -> String {
        if self.processes.iter().any(|process| process.status.is_none()) {
            return "Running".to_owned();
        }
        match self.outcome() {
            Some(WaitStatus::Exited(0)) => "Done".to_owned(),
            Some(WaitStatus::Exited(code)) => format!("Done({code})"),
            Some(WaitStatus::Stopped(signal)) => describe(signal).to_owned(),
            Some(WaitStatus::Signaled { signal, core }) => {
                format!("{}{}", describe(signal), if core { " (core dumped)" } else { "" })
            }
            Some(WaitStatus::Continued) | None => "Running".to_owned(),
        }
    }
}

impl Jobs {
    /// Takes a job in under the lowest free number.
    pub fn add(&mut self, job: Job) -> u32 {
        let is_free = |number: &u32| self.all.iter().all(|job| job.number != *number);
        let number = (1..=u32::MAX).find(is_free).unwrap_or(u32::MAX);
        let at = self.all.partition_point(|job| job.number < number);
        self.all.insert(at, Job { number, ..job });
        self.make_current(number);
        number
    }

    /// Makes a job the current one.
    pub fn make_current(&mut self, number: u32) {
        self.recent.retain(|known| *known != number);
        self.recent.push(number);
    }

    /// The job with a number.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut Job> {
        self.all.iter_mut().find(|job| job.number == number)
    }

    /// Forgets a job whose end the script knows, but for its status.
    pub fn settle(&mut self, number: u32) {
        let job = self.all.iter().find(|job| job.number == number);
        let last = job.and_then(|job| Some((job.processes.last()?.pid, job.outcome()?)));
        if let Some((pid, status)) = last {
            self.past.truncate(PAST - 1);
            self.past.insert(0, (pid, status_of(status)));
        }
        self.remove(number);
    }

    /// The status of a process that was waited for before.
    #[must_use]
    pub fn past(&self, pid: u64) -> Option<i32> {
        self.past.iter().find(|(known, _)| *known == pid).map(|(_, status)| *status)
    }

    /// Forgets a job.
    pub fn remove(&mut self, number: u32) {
        self.all.retain(|job| job.number != number);
        self.recent.retain(|known| *known != number);
    }

    /// `+` for the current job, `-` for the one before it.
    #[must_use]
    pub fn mark(&self, number: u32) -> char {
        match self.recent.iter().rev().position(|known| *known == number) {
            Some(0) => '+',
            Some(1) => '-',
            _ => ' ',
        }
    }

    /// The job that `%1`, `%%`, `%-`, `%text` or a process's number means.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        let nth = |n: usize| self.recent.iter().rev().nth(n).copied();
        let Some(name) = text.strip_prefix('%') else {
            let pid: u64 = text.parse().ok()?;
            let has = |job: &&Job| job.processes.last().is_some_and(|process| process.pid == pid);
            return self.all.iter().find(has).map(|job| job.number);
        };
        match name {
            "" | "%" | "+" => nth(0),
            "-" => nth(1).or_else(|| nth(0)),
            _ => match name.parse::<u32>() {
                Ok(number) => {
                    self.all.iter().find(|job| job.number == number).map(|job| job.number)
                }
                Err(_) => {
                    let begins = |job: &&Job| match name.strip_prefix('?') {
                        Some(part) => job.text.contains(part),
                        None => job.text.starts_with(name),
                    };
                    self.all.iter().find(begins).map(|job| job.number)
                }
            },
        }
    }

    /// Writes down what became of a process.
    pub fn note(&mut self, pid: u64, status: WaitStatus) {
        for job in &mut self.all {
            if let Some(process) = job.processes.iter_mut().find(|process| process.pid == pid) {
                process.status = (status != WaitStatus::Continued).then_some(status);
                job.has_news = true;
                if let WaitStatus::Stopped(_) = status {
                    let number = job.number;
                    self.make_current(number);
                }
                return;
            }
        }
    }

    /// A line of `jobs`; with `-l`, a line for each process, with its number.
    #[must_use]
    pub fn line(&self, job: &Job, has_pids: bool) -> String {
        let mut head = format!("[{}] {} ", job.number, self.mark(job.number));
        if has_pids {
            head.push_str(&format!("{} ", job.group));
        }
        head.push_str(&job.condition());
        format!("{head:<33}{}\n", job.text)
    }
}

/// `$?` for what became of a process.
pub(super) fn status_of(status: WaitStatus) -> i32 {
    match status {
        WaitStatus::Exited(code) => i32::from(code),
        WaitStatus::Signaled { signal, .. } | WaitStatus::Stopped(signal) => {
            128 + i32::from(signal.number())
        }
        WaitStatus::Continued => 0,
    }
}

/// A signal in words, as strsignal(3) has them.
pub(crate) fn describe(signal: Signal) -> &'static str {
    match signal {
        Signal::HUP => "Hangup",
        Signal::INT => "Interrupt",
        Signal::QUIT => "Quit",
        Signal::ILL => "Illegal instruction",
        Signal::TRAP => "Trace/breakpoint trap",
        Signal::ABRT => "Aborted",
        Signal::BUS => "Bus error",
        Signal::FPE => "Floating point exception",
        Signal::KILL => "Killed",
        Signal::USR1 => "User defined signal 1",
        Signal::SEGV => "Segmentation fault",
        Signal::USR2 => "User defined signal 2",
        Signal::PIPE => "Broken pipe",
        Signal::ALRM => "Alarm clock",
        Signal::TERM => "Terminated",
        Signal::STOP => "Stopped (signal)",
        Signal::TSTP => "Stopped",
        Signal::TTIN => "Stopped (tty input)",
        Signal::TTOU => "Stopped (tty output)",
        Signal::XCPU => "CPU time limit exceeded",
        Signal::XFSZ => "File size limit exceeded",
        _ => "Unknown signal",
    }
}

impl Shell {
    /// Waits for a job that has the terminal, and sets the status.
    pub(super) async fn wait_in_foreground(&mut self, group: u64, pids: Vec<u64>, text: &str) {
        let monitors = self.state.has('m');
        let text = if monitors { text } else { "" };
        let number = self.state.jobs.add(Job::new(group, &pids, text));
        self.wait_for(number).await;
        self.leave_foreground(number).await;
    }

    /// The shell takes the terminal back, and says what happened unless that is obvious.
    pub(super) async fn leave_foreground(&mut self, number: u32) {
        if self.state.has('m')
            && let Some(terminal) = self.state.terminal
        {
            let own = self.sys.getpgid(0).await.unwrap_or(0);
            let _ = self.sys.tcsetpgrp(terminal, own).await;
        }
        let Some(job) = self.state.jobs.get_mut(number) else { return };
        let (outcome, has_ended) = (job.outcome(), job.has_ended());
        job.has_news = false;
        self.state.status = outcome.map_or(127, status_of);
        let condition = job.condition();
        if has_ended {
            self.state.jobs.remove(number);
        }
        let message = match outcome {
            Some(WaitStatus::Signaled { signal: Signal::INT, .. }) if self.state.is_interactive => {
                "\n".to_owned()
            }
            Some(WaitStatus::Signaled { signal: Signal::INT | Signal::PIPE, .. }) => return,
            Some(WaitStatus::Signaled { .. }) => format!("{condition}\n"),
            Some(WaitStatus::Stopped(_)) => {
                let jobs = &self.state.jobs;
                let job = jobs.all.iter().find(|job| job.number == number);
                let line = job.map(|job| jobs.line(job, false));
                format!("\n{}", line.unwrap_or_default())
            }
            _ => return,
        };
        let _ = self.sys.write(2, message.as_bytes()).await;
    }

    /// Waits until no process of a job runs.
    pub(super) async fn wait_for(&mut self, number: u32) {
        loop {
            let runs = |job: &Job| job.processes.iter().any(|process| process.status.is_none());
            if !self.state.jobs.get_mut(number).is_some_and(|job| runs(job)) {
                return;
            }
            match self.wait_once(true).await {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => {
                    // Somebody else has taken the news.
                    if let Some(job) = self.state.jobs.get_mut(number) {
                        for process in &mut job.processes {
                            process.status.get_or_insert(WaitStatus::Exited(127));
                        }
                    }
                }
            }
        }
    }

    /// Takes one piece of news about children; `false` if there is none and nobody is to wait.
    ///
    /// # Errors
    /// `ECHILD`, `EINTR`.
    pub(super) async fn wait_once(&mut self, waits: bool) -> crate::sys::Result<bool> {
        let mut options = WaitFlags::empty();
        if self.state.has('m') {
            options |= WaitFlags::STOPPED;
        }
        if !waits {
            options |= WaitFlags::NOHANG;
        }
        match self.sys.wait4(-1, options).await? {
            Some(news) => {
                self.state.jobs.note(news.pid, news.status);
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Takes all news that there are.
    pub(super) async fn collect(&mut self) {
        while matches!(self.wait_once(false).await, Ok(true)) {}
    }

    /// Before a prompt: jobs that ended or stopped in the background.
    pub(super) async fn tell_of_jobs(&mut self) {
        self.collect().await;
        let jobs = &self.state.jobs;
        let news: Vec<&Job> = jobs.all.iter().filter(|job| job.has_news).collect();
        let ready = |job: &&&Job| job.has_ended() || job.is_stopped();
        let text: String = news.iter().filter(ready).map(|job| jobs.line(job, false)).collect();
        let ended = news.iter().filter(|job| job.has_ended()).map(|job| job.number);
        let ended: Vec<u32> = ended.collect();
        for number in ended {
            self.state.jobs.remove(number);
        }
        for job in &mut self.state.jobs.all {
            job.has_news &= !(job.has_ended() || job.is_stopped());
        }
        if !text.is_empty() {
            let _ = self.sys.write(2, text.as_bytes()).await;
        }
    }

    /// A shell on a terminal becomes the leader of a process group of its own, waits until it is in the foreground, and
    /// is not stopped by what it does to others (glibc manual, "Initializing the shell").
    pub(super) async fn start_job_control(&mut self) -> bool {
        let mut found = None;
        for fd in [2, 1, 0] {
            if self.sys.isatty(fd).await {
                found = self.sys.fcntl(fd, fcntl::DUPFD_CLOEXEC, OWN_FDS).await.ok();
                break;
            }
        }
        let Some(terminal) = found else { return false };
        loop {
            let own = self.sys.getpgid(0).await.unwrap_or(0);
            match self.sys.tcgetpgrp(terminal).await {
                Ok(group) if group == own => break,
                Ok(_) => {
                    if self.sys.kill_group(own, Signal::TTIN).await.is_err() {
                        return false;
                    }
                }
                Err(_) => {
                    let _ = self.sys.close(terminal).await;
                    return false;
                }
            }
        }
        for signal in [Signal::TSTP, Signal::TTOU, Signal::TTIN] {
            let _ = self.sys.sigaction(signal, SIG_IGN, 0).await;
        }
        let own = self.sys.getpid().await;
        let _ = self.sys.setpgid(0, own).await;
        let _ = self.sys.tcsetpgrp(terminal, own).await;
        self.state.terminal = Some(terminal);
        self.state.switch('m', true);
        true
    }
}
