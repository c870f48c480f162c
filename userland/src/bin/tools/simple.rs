//! Programs of a few lines each: `true`, `false`, `basename`, `dirname`, `pwd`, `sync`, `sleep`, `yes`, `printf`, `test`,
//! `tty`, `uname`, `hostname`, `whoami`, `id`, `date`, `env`, `logname`.

use super::names::{group_name, user_name};
use super::tool::Tool;
use crate::sh::builtin::{condition, printf};
use crate::sys::Sys;
use crate::text::date;
use oscope_kernel::base::Duration;

pub(super) async fn succeed(_: Sys) -> u64 {
    0
}

pub(super) async fn fail(_: Sys) -> u64 {
    1
}

/// The last component of a path.
fn last(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() && !path.is_empty() {
        return "/";
    }
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

/// `basename PATH [ENDING]`
pub(super) async fn basename(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "basename").await;
    let Some(path) = tool.arguments.first().cloned() else {
        tool.complain("missing operand").await;
        return 1;
    };
    let name = last(&path);
    let ending = tool.arguments.get(1).map_or("", String::as_str);
    let name = name.strip_suffix(ending).filter(|rest| !rest.is_empty()).unwrap_or(name);
    let line = format!("{name}\n");
    tool.print(&line).await;
    tool.end().await
}

/// `dirname PATH...`
pub(super) async fn dirname(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "dirname").await;
    if tool.arguments.is_empty() {
        tool.complain("missing operand").await;
        return 1;
    }
    for path in tool.arguments.clone() {
        let trimmed = path.trim_end_matches('/');
        let parent = match trimmed.rfind('/') {
            None if trimmed.is_empty() && !path.is_empty() => "/",
            None => ".",
            Some(at) => match trimmed[..at].trim_end_matches('/') {
                "" => "/",
                parent => parent,
            },
        };
        tool.print(&format!("{parent}\n")).await;
    }
    tool.end().await
}

pub(super) async fn pwd(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "pwd").await;
    match tool.sys.getcwd().await {
        Ok(path) => tool.print(&format!("{path}\n")).await,
        Err(errno) => tool.complain(errno.message()).await,
    }
    tool.end().await
}

/// `sync [FILE...]`
pub(super) async fn sync(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "sync").await;
    if tool.arguments.is_empty() {
        tool.sys.sync().await;
    }
    for path in tool.arguments.clone() {
        let Some(fd) = tool.open(&path).await else { continue };
        if let Err(errno) = tool.sys.fsync(fd).await {
            tool.complain(&format!("error syncing '{path}': {}", errno.message())).await;
        }
        tool.close(fd).await;
    }
    tool.end().await
}

/// `1`, `0.5`, `2m`: a time in seconds, minutes, hours or days.
fn interval(text: &str) -> Option<Duration> {
    let (digits, unit) = match text.char_indices().next_back()? {
        (_, c) if c.is_ascii_digit() || c == '.' => (text, 's'),
        (at, c) => (&text[..at], c),
    };
    let factor = match unit {
        's' => 1u64,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u64 =
        if whole.is_empty() && !fraction.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanoseconds = whole.checked_mul(1_000_000_000)?.checked_add(fraction.parse().ok()?)?;
    nanoseconds.checked_mul(factor).map(Duration)
}

/// `sleep TIME...`
pub(super) async fn sleep(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "sleep").await;
    if tool.arguments.is_empty() {
        tool.complain("missing operand").await;
        return 1;
    }
    let mut total = Duration::ZERO;
    for text in tool.arguments.clone() {
        match interval(&text) {
            Some(length) => total = Duration(total.0.saturating_add(length.0)),
            None => {
                tool.complain(&format!("invalid time interval '{text}'")).await;
                return 1;
            }
        }
    }
    while let Err(rest) = tool.sys.sleep(total).await {
        total = rest;
    }
    tool.end().await
}

/// `yes [WORD...]`
pub(super) async fn yes(sys: Sys) -> u64 {
    let tool = Tool::new(sys, "yes").await;
    let words = if tool.arguments.is_empty() { "y".to_owned() } else { tool.arguments.join(" ") };
    let line = format!("{words}\n");
    // Several lines at a time, as the real one does it.
    let text = line.repeat((4096 / line.len()).max(1));
    say_yes(tool.sys, text).await
}

async fn say_yes(sys: Sys, text: String) -> u64 {
    for _ in 0..64 {
        if sys.write(1, text.as_bytes()).await.is_err() {
            return 1;
        }
    }
    sys.rebase(text, say_yes).await
}

/// `printf FORMAT [ARGUMENT...]`
pub(super) async fn print(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "printf").await;
    let words = tool.arguments.clone();
    let Some((format, rest)) = words.split_first() else {
        tool.complain("missing operand").await;
        return 1;
    };
    let done = printf::format(format, rest);
    tool.put(&done.bytes).await;
    for complaint in done.complaints {
        tool.complain(&complaint).await;
    }
    tool.end().await
}

/// `test WORDS`
pub(super) async fn test(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "test").await;
    let words = tool.arguments.clone();
    match condition::test(&tool.sys, &words).await {
        Ok(is_so) => u64::from(!is_so),
        Err(message) => {
            tool.complain(&message).await;
            2
        }
    }
}

/// `[ WORDS ]`
pub(super) async fn bracket(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "[").await;
    let mut words = tool.arguments.clone();
    if words.pop().as_deref() != Some("]") {
        tool.complain("missing ']'").await;
        return 2;
    }
    match condition::test(&tool.sys, &words).await {
        Ok(is_so) => u64::from(!is_so),
        Err(message) => {
            tool.complain(&message).await;
            2
        }
    }
}

/// `tty [-s]`
pub(super) async fn tty(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "tty").await;
    if !tool.sys.isatty(0).await {
        tool.print("not a tty\n").await;
        tool.status = 1;
    } else {
        let name = tool.sys.readlink("/proc/self/fd/0").await;
        let name = name.unwrap_or_else(|_| "/dev/console".to_owned());
        tool.print(&format!("{name}\n")).await;
    }
    tool.end().await
}

/// `uname [-amnrsv]`
pub(super) async fn uname(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "uname").await;
    let Some(options) = tool.options("amnoprsv").await else { return 1 };
    let Ok(name) = tool.sys.uname().await else { return 1 };
    let parts = [
        ('s', name.system),
        ('n', name.node),
        ('r', name.release),
        ('v', name.version),
        ('m', name.machine),
        ('o', "GNU/Linux".to_owned()),
    ];
    let has_any = parts.iter().any(|(letter, _)| options.has(*letter)) || options.has('a');
    let is_shown = |letter| options.has('a') || options.has(letter) || !has_any && letter == 's';
    let shown: Vec<&str> = parts
        .iter()
        .filter(|(letter, _)| is_shown(*letter))
        .map(|(_, text)| text.as_str())
        .collect();
    tool.print(&format!("{}\n", shown.join(" "))).await;
    tool.end().await
}

/// `hostname`
pub(super) async fn hostname(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "hostname").await;
    let name = tool.sys.uname().await.map(|name| name.node).unwrap_or_default();
    tool.print(&format!("{name}\n")).await;
    tool.end().await
}

/// `whoami`
pub(super) async fn whoami(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "whoami").await;
    let users = tool.text_of("/etc/passwd").await;
    let uid = tool.sys.geteuid().await as u32;
    tool.print(&format!("{}\n", user_name(&users, uid))).await;
    tool.end().await
}

/// `id [-Ggnu]`
pub(super) async fn id(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "id").await;
    let Some(options) = tool.options("Ggnru").await else { return 1 };
    let (users, groups) = (tool.text_of("/etc/passwd").await, tool.text_of("/etc/group").await);
    let (uid, gid) = (tool.sys.geteuid().await as u32, tool.sys.getegid().await as u32);
    let mut others = tool.sys.getgroups().await.unwrap_or_default();
    others.retain(|group| *group != gid);
    others.insert(0, gid);
    let group = |gid: u32| match options.has('n') {
        true => group_name(&groups, gid),
        false => gid.to_string(),
    };
    let text = match options.last_of("uGg") {
        Some('u') if options.has('n') => user_name(&users, uid),
        Some('u') => uid.to_string(),
        Some('g') => group(gid),
        Some(_) => others.iter().map(|gid| group(*gid)).collect::<Vec<_>>().join(" "),
        None => {
            let named = |gid: &u32| format!("{gid}({})", group_name(&groups, *gid));
            let list: Vec<String> = others.iter().map(named).collect();
            let user = user_name(&users, uid);
            format!("uid={uid}({user}) gid={} groups={}", named(&gid), list.join(","))
        }
    };
    tool.print(&format!("{text}\n")).await;
    tool.end().await
}

/// `date [-u] [+FORMAT]`: there is one time zone, UTC.
pub(super) async fn date(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "date").await;
    let Some(options) = tool.options("ud:").await else { return 1 };
    let now = tool.sys.real_time().await;
    let mut time = (now.seconds, now.nanoseconds);
    if let Some(text) = options.value('d') {
        match text.strip_prefix('@').and_then(|digits| digits.parse().ok()) {
            Some(seconds) => time = (seconds, 0),
            None => {
                tool.complain(&format!("invalid date '{text}'")).await;
                return 1;
            }
        }
    }
    let format = match options.operands.first() {
        None => "%a %b %e %H:%M:%S UTC %Y",
        Some(text) => match text.strip_prefix('+') {
            Some(format) => format,
            None => {
                tool.complain(&format!("invalid date '{text}'")).await;
                return 1;
            }
        },
    };
    tool.print(&format!("{}\n", date::format(format, time.0, time.1))).await;
    tool.end().await
}

/// `env [-i] [-u NAME] [NAME=VALUE...] [COMMAND [ARGUMENT...]]`
pub(super) async fn env(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "env").await;
    let Some(options) = tool.options_until("iu:", true).await else { return 125 };
    let mut environment = match options.has('i') {
        true => Vec::new(),
        false => tool.sys.environment().await,
    };
    let name_of = |entry: &str| entry.split('=').next().unwrap_or(entry).to_owned();
    for gone in options.values('u') {
        environment.retain(|entry| name_of(entry) != gone);
    }
    let mut rest = options.operands.as_slice();
    while let Some((first, behind)) = rest.split_first().filter(|(first, _)| first.contains('=')) {
        environment.retain(|entry| name_of(entry) != name_of(first));
        environment.push(first.clone());
        rest = behind;
    }
    if !rest.is_empty() {
        return tool.execute_with(rest, &environment).await;
    }
    for entry in environment {
        tool.print(&format!("{entry}\n")).await;
    }
    tool.end().await
}

#[cfg(test)]
mod tests {
    use super::{interval, last};
    use oscope_kernel::base::Duration;

    #[test]
    fn times_have_units_and_fractions() {
        assert_eq!(interval("1.5"), Some(Duration::millis(1500)));
        assert_eq!(interval(".25s"), Some(Duration::millis(250)));
        assert_eq!(interval("2m"), Some(Duration::seconds(120)));
        for wrong in ["", "s", "1x", "-1", "."] {
            assert_eq!(interval(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_last_component_is_the_name() {
        assert_eq!([last("/a/b/"), last("/"), last("x"), last("")], ["b", "/", "x", ""]);
    }
}
