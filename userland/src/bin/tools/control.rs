//! `kill`, `nice`, `renice`, `time`, `setsid`, `nohup`: running programs otherwise, and telling them.

use super::tool::Tool;
use crate::sh::builtin::signal_by_name;
use crate::sys::Sys;
use oscope_kernel::abi::Signal;
use oscope_kernel::abi::signal::SIG_IGN;
use oscope_kernel::base::Duration;

/// `kill [-s SIGNAL|-SIGNAL] PID...`, `kill -l`
pub(super) async fn kill(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "kill").await;
    let mut words = tool.arguments.clone();
    let mut name = "TERM".to_owned();
    match words.first().map(String::as_str) {
        Some("-l") => {
            let names = (1..32).filter_map(Signal::from_number);
            let names: Vec<String> = names.map(|signal| signal.short_name()).collect();
            tool.print(&format!("{}\n", names.join("\n"))).await;
            return tool.end().await;
        }
        Some("-s") if words.len() > 1 => {
            name = words.remove(1);
            words.remove(0);
        }
        Some("--") => {
            words.remove(0);
        }
        Some(option) if option.len() > 1 && option.starts_with('-') => {
            name = option[1..].to_owned();
            words.remove(0);
        }
        _ => {}
    }
    let signal = match name.parse::<u64>() {
        Ok(0) => None,
        Ok(number) => Signal::from_number(number),
        Err(_) => signal_by_name(&name),
    };
    if signal.is_none() && name != "0" {
        tool.complain(&format!("invalid signal: '{name}'")).await;
        return 1;
    }
    if words.is_empty() {
        return tool.usage("kill [-s SIGNAL | -SIGNAL] PID...").await;
    }
    for word in words {
        let Ok(pid) = word.parse::<i64>() else {
            tool.complain(&format!("invalid process id: '{word}'")).await;
            continue;
        };
        let sent = match signal {
            Some(signal) => tool.sys.kill(pid as u64, signal).await,
            None => tool.sys.probe(pid as u64).await,
        };
        if let Err(errno) = sent {
            tool.fail(&format!("({pid})"), errno).await;
        }
    }
    tool.end().await
}

/// `nice [-n ADJUSTMENT] [COMMAND [ARGUMENT...]]`
pub(super) async fn nice(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "nice").await;
    if let Some(first) = tool.arguments.first_mut()
        && first.len() > 1
        && first[1..].trim_start_matches('-').bytes().all(|c| c.is_ascii_digit())
        && first.starts_with('-')
    {
        *first = format!("-n{}", &first[1..]);
    }
    let Some(options) = tool.options_until("n:", true).await else { return 125 };
    let now = tool.sys.getpriority(0).await.unwrap_or(0);
    if options.operands.is_empty() {
        tool.print(&format!("{now}\n")).await;
        return tool.end().await;
    }
    let by = options.value('n').unwrap_or("10").to_owned();
    let Ok(by) = by.parse::<i64>() else {
        tool.complain(&format!("invalid adjustment '{by}'")).await;
        return 125;
    };
    let new = now.saturating_add(by).clamp(-20, 19);
    if let Err(errno) = tool.sys.setpriority(0, new as i8).await {
        // The command runs all the same.
        let message = format!("nice: cannot set niceness: {}\n", errno.message());
        let _ = tool.sys.write(2, message.as_bytes()).await;
    }
    let words = options.operands.clone();
    tool.execute(&words).await
}

/// `renice [-n] PRIORITY [-p|-g|-u] NUMBER...`
pub(super) async fn renice(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "renice").await;
    let mut words = tool.arguments.clone();
    if words.first().is_some_and(|word| word == "-n") {
        words.remove(0);
    }
    let new = words.first().and_then(|text| text.parse::<i64>().ok());
    let (Some(new), true) = (new, words.len() > 1) else {
        return tool.usage("renice [-n] PRIORITY [-p | -g | -u] NUMBER...").await;
    };
    let new = new.clamp(-20, 19);
    let (mut letter, mut what) = ('p', "process ID");
    for word in &words[1..] {
        match word.as_str() {
            "-p" => (letter, what) = ('p', "process ID"),
            "-g" => (letter, what) = ('g', "process group ID"),
            "-u" => (letter, what) = ('u', "user ID"),
            word => {
                let Ok(number) = word.parse::<u64>() else {
                    tool.complain(&format!("bad {what} value: {word}")).await;
                    continue;
                };
                let target = match letter {
                    'g' => (1, number),
                    'u' => (2, number),
                    _ => (0, number),
                };
                let old = tool.sys.getpriority_of(target).await;
                let set = tool.sys.setpriority_of(target, new).await;
                match (old, set) {
                    (Ok(old), Ok(_)) => {
                        let line =
                            format!("{number} ({what}) old priority {old}, new priority {new}\n");
                        tool.print(&line).await;
                    }
                    (Err(errno), _) => {
                        tool.fail(&format!("failed to get priority for {number} ({what})"), errno)
                            .await;
                    }
                    (_, Err(errno)) => {
                        tool.fail(&format!("failed to set priority for {number} ({what})"), errno)
                            .await;
                    }
                }
            }
        }
    }
    tool.end().await
}

/// `1.25` seconds.
fn seconds(time: Duration) -> String {
    format!("{}.{:02}", time.0 / 1_000_000_000, time.0 / 10_000_000 % 100)
}

/// `time [-p] COMMAND [ARGUMENT...]`: how long it took, as POSIX has it.
pub(super) async fn time(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "time").await;
    let Some(options) = tool.options_until("p", true).await else { return 125 };
    if options.operands.is_empty() {
        return tool.usage("time [-p] COMMAND").await;
    }
    let began = tool.sys.now().await;
    let status = match tool.run(&options.operands).await {
        Ok(status) => status,
        Err(errno) => {
            tool.fail("fork", errno).await;
            return 125;
        }
    };
    let passed = tool.sys.now().await.since(began);
    let usage = tool.sys.getrusage(u64::MAX).await.unwrap_or_default();
    let part = |time: oscope_kernel::abi::types::Timeval| {
        Duration(
            time.seconds.max(0) as u64 * 1_000_000_000 + time.microseconds.max(0) as u64 * 1000,
        )
    };
    let text = format!(
        "real {}\nuser {}\nsys {}\n",
        seconds(passed),
        seconds(part(usage.user_time)),
        seconds(part(usage.system_time)),
    );
    let _ = tool.sys.write(2, text.as_bytes()).await;
    status
}

/// `setsid [-w] COMMAND [ARGUMENT...]`: in a session of its own.
pub(super) async fn setsid(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "setsid").await;
    let Some(options) = tool.options_until("cw", true).await else { return 1 };
    if options.operands.is_empty() {
        return tool.usage("setsid [-w] COMMAND").await;
    }
    // The leader of a group cannot found a session; its child can.
    if tool.sys.getpgid(0).await.ok() == Some(tool.sys.getpid().await) {
        match tool.sys.fork().await {
            Ok(0) => {}
            Ok(child) if options.has('w') => {
                let (_, word) = tool.sys.wait(child as i64).await.unwrap_or_default();
                return u64::from(word >> 8 & 0xff);
            }
            Ok(_) => return 0,
            Err(errno) => {
                tool.fail("fork", errno).await;
                return 1;
            }
        }
    }
    let _ = tool.sys.setsid().await;
    if options.has('c') {
        let _ = tool.sys.steal_terminal(0).await;
    }
    let words = options.operands.clone();
    tool.execute(&words).await
}

/// `nohup COMMAND [ARGUMENT...]`: it lives on when the terminal is gone.
pub(super) async fn nohup(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "nohup").await;
    let words = tool.arguments.clone();
    if words.is_empty() {
        tool.complain("missing operand").await;
        return 125;
    }
    if tool.sys.isatty(1).await {
        tool.complain("ignoring input and appending output to 'nohup.out'").await;
        match tool.sys.open("nohup.out", 0o2101, 0o600).await {
            Ok(fd) => {
                let _ = tool.sys.dup2(fd, 1).await;
                let _ = tool.sys.close(fd).await;
            }
            Err(errno) => {
                tool.fail("nohup.out", errno).await;
                return 125;
            }
        }
    }
    let _ = tool.sys.sigaction(Signal::HUP, SIG_IGN, 0).await;
    tool.execute(&words).await
}
