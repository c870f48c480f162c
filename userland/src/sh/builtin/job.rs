//! `jobs`, `fg`, `bg`, `wait`, `kill`: processes that the shell started, and others.

use super::super::jobs::{Job, status_of};
use super::super::{Flow, Shell};
use super::control::signal_by_name;
use oscope_kernel::abi::types::WaitStatus;
use oscope_kernel::abi::{Errno, Signal};

impl Shell {
    /// `jobs [-l|-p] [JOB...]`
    pub(super) async fn jobs(&mut self, arguments: &[String]) -> i32 {
        let has = |option: &str| arguments.iter().any(|word| word == option);
        let (has_pids, only_pids) = (has("-l"), has("-p"));
        self.collect().await;
        let wanted: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
        let mut numbers = Vec::new();
        for word in &wanted {
            match self.state.jobs.find(word) {
                Some(number) => numbers.push(number),
                None => return self.wrong("jobs", &format!("No such job: {word}")).await,
            }
        }
        let jobs = &self.state.jobs;
        let (mut text, mut ended) = (String::new(), Vec::new());
        // The newest first, as dash has them.
        for job in jobs.all.iter().rev() {
            if !wanted.is_empty() && !numbers.contains(&job.number) {
                continue;
            }
            if only_pids {
                text.push_str(&format!("{}\n", job.group));
                continue;
            }
            text.push_str(&jobs.line(job, has_pids));
            if job.has_ended() {
                ended.push(job.number);
            }
        }
        for number in ended {
            self.state.jobs.remove(number);
        }
        for job in &mut self.state.jobs.all {
            job.has_news = false;
        }
        self.print(&text);
        0
    }

    /// `fg [JOB]`, `bg [JOB...]`
    pub(super) async fn resume(&mut self, name: &str, arguments: &[String]) -> i32 {
        let word = arguments.first().map_or("%%", String::as_str);
        let Some(number) = self.state.jobs.find(word) else {
            let message = match word {
                "%%" => "No current job".to_owned(),
                word => format!("No such job: {word}"),
            };
            return self.wrong(name, &message).await;
        };
        if !self.state.has('m') {
            return self.wrong(name, &format!("job {word} not created under job control")).await;
        }
        let Some(job) = self.state.jobs.get_mut(number) else { return 2 };
        let (group, text) = (job.group, job.text.clone());
        for process in &mut job.processes {
            if let Some(oscope_kernel::abi::types::WaitStatus::Stopped(_)) = process.status {
                process.status = None;
            }
        }
        if name == "fg" {
            self.print(&format!("{text}\n"));
            self.flush().await;
            if let Some(terminal) = self.state.terminal {
                let _ = self.sys.tcsetpgrp(terminal, group).await;
            }
        } else {
            self.print(&format!("[{number}] {text}\n"));
        }
        let _ = self.sys.kill_group(group, Signal::CONT).await;
        if name == "bg" {
            return 0;
        }
        self.wait_for(number).await;
        self.leave_foreground(number).await;
        self.state.status
    }

    /// `wait [PROCESS|JOB...]`
    pub(super) async fn wait(&mut self, arguments: &[String]) -> Flow<i32> {
        let runs = |job: &Job| job.processes.iter().any(|process| process.status.is_none());
        if arguments.is_empty() {
            while self.state.jobs.all.iter().any(runs) {
                if let Some(status) = self.wait_interruptibly().await {
                    return Ok(status);
                }
            }
            let ended: Vec<u32> = self.state.jobs.all.iter().map(|job| job.number).collect();
            for number in ended {
                self.state.jobs.remove(number);
            }
            return Ok(0);
        }
        let mut status = 0;
        for word in arguments {
            let Some(number) = self.state.jobs.find(word) else {
                if word.starts_with('%') {
                    return Ok(self.wrong("wait", &format!("No such job: {word}")).await);
                }
                let Ok(pid) = word.parse() else {
                    return Ok(self.wrong("wait", &format!("Illegal number: {word}")).await);
                };
                status = self.state.jobs.past(pid).unwrap_or(127);
                continue;
            };
            while self.state.jobs.get_mut(number).is_some_and(|job| runs(job)) {
                if let Some(status) = self.wait_interruptibly().await {
                    return Ok(status);
                }
            }
            let job = self.state.jobs.get_mut(number);
            let outcome = job.as_ref().and_then(|job| job.outcome());
            let condition = job.map(|job| job.condition()).unwrap_or_default();
            if let Some(WaitStatus::Signaled { signal, .. }) = outcome
                && !matches!(signal, Signal::INT | Signal::PIPE)
            {
                let _ = self.sys.write(2, format!("{condition}\n").as_bytes()).await;
            }
            status = outcome.map_or(127, status_of);
            self.state.jobs.settle(number);
        }
        Ok(status)
    }

    /// Waits for news; the status if a signal with a trap, or `^C`, ended that.
    async fn wait_interruptibly(&mut self) -> Option<i32> {
        match self.wait_once(true).await {
            Ok(_) => None,
            Err(Errno::EINTR) => self.trapped().await.map(|signal| 128 + i32::from(signal)),
            Err(_) => Some(127),
        }
    }

    /// `kill [-s SIGNAL|-SIGNAL] PROCESS...`, `kill -l [STATUS]`
    pub(super) async fn kill(&mut self, arguments: &[String]) -> i32 {
        let (mut signal, mut rest) = (Some(Signal::TERM), arguments);
        match arguments.first().map(String::as_str) {
            Some("-l") => return self.list_signals(arguments.get(1)).await,
            Some("-s") => {
                let name = arguments.get(1).map_or("", String::as_str);
                match number_or_name(name) {
                    Some(found) => signal = found,
                    None => {
                        return self
                            .wrong("kill", &format!("invalid signal number or name: {name}"))
                            .await;
                    }
                }
                rest = arguments.get(2..).unwrap_or_default();
            }
            Some("--") => rest = &arguments[1..],
            Some(option) if option.starts_with('-') => {
                let name = &option[1..];
                match number_or_name(name) {
                    Some(found) => signal = found,
                    None => {
                        return self
                            .wrong(
                                "kill",
                                &format!("Illegal option -{}", name.chars().next().unwrap_or('-')),
                            )
                            .await;
                    }
                }
                rest = &arguments[1..];
                if rest.first().is_some_and(|word| word == "--") {
                    rest = &rest[1..];
                }
            }
            _ => {}
        }
        if rest.is_empty() {
            let usage = "Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]";
            return self.wrong("kill", usage).await;
        }
        let mut status = 0;
        for word in rest {
            let target = if word.starts_with('%') {
                let jobs = &mut self.state.jobs;
                let group = jobs.find(word).and_then(|number| jobs.get_mut(number));
                match group.map(|job| (job.group, job.processes.last().map_or(0, |last| last.pid)))
                {
                    Some((group, _)) if self.state.has('m') => Some(group.wrapping_neg()),
                    Some((_, pid)) => Some(pid),
                    None => return self.wrong("kill", &format!("No such job: {word}")).await,
                }
            } else {
                word.parse::<i64>().ok().map(|pid| pid as u64)
            };
            let Some(target) = target else {
                status = self.wrong("kill", &format!("Illegal number: {word}")).await;
                continue;
            };
            let sent = match signal {
                Some(signal) => self.sys.kill(target, signal).await,
                None => self.sys.probe(target).await,
            };
            if let Err(errno) = sent {
                self.complain(&format!("kill: {}", errno.message())).await;
                status = 1;
            }
        }
        status
    }

    /// All names, or that of the signal in a status.
    async fn list_signals(&mut self, status: Option<&String>) -> i32 {
        let Some(text) = status else {
            let names =
                (1..32).filter_map(Signal::from_number).map(|signal| signal.short_name() + "\n");
            let text: String = names.collect();
            self.print(&text);
            return 0;
        };
        let number =
            text.parse::<u64>().ok().map(|number| if number > 128 { number - 128 } else { number });
        match number.and_then(Signal::from_number) {
            Some(signal) => {
                self.print(&format!("{}\n", signal.short_name()));
                0
            }
            None => {
                self.wrong("kill", &format!("invalid signal number or exit status: {text}")).await
            }
        }
    }
}

/// A signal, `None` in it for 0, which only asks whether the process is there.
fn number_or_name(text: &str) -> Option<Option<Signal>> {
    match text.parse::<u64>() {
        Ok(0) => Some(None),
        Ok(number) => Signal::from_number(number).map(Some),
        Err(_) => signal_by_name(text).map(Some),
    }
}
