//! The command line of the screen: what can be typed after `:`, and how it is completed.

use crate::lang::Lang;
use crate::model::View;
use crate::text::nearest;
use crate::theme::Theme;
use oscope_kernel::base::Time;
use oscope_kernel::sched::POLICIES;
use oscope_userland::predicate::{Predicate, time};

/// What was typed, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing.
    Nothing,
    /// Go to a moment.
    Go(Time),
    /// Change the policy.
    Policy(&'static str),
    /// Compare with another policy.
    WhatIf(&'static str),
    /// Show only what meets a condition.
    Filter(Predicate, String),
    /// Run until a condition holds.
    Stop(Predicate, String),
    /// Run backwards to where a condition held last.
    Last(Predicate, String),
    /// Record the screen to a file, or no longer.
    Record(Option<String>),
    /// Another view.
    View(View),
    /// Other colours.
    Theme(Theme),
    /// Another language.
    Lang(Lang),
    /// Write a file.
    Write(String),
    /// Mouse on or off.
    Mouse(bool),
    /// The keys.
    Help,
    /// Leave.
    Quit,
}

/// The commands, with what stands behind them.
pub const COMMANDS: [(&str, &str); 14] = [
    ("back", "CONDITION"),
    ("filter", "CONDITION"),
    ("go", "TIME"),
    ("help", ""),
    ("if", "POLICY"),
    ("lang", "en|ko"),
    ("mouse", "on|off"),
    ("policy", "POLICY"),
    ("quit", ""),
    ("record", "FILE.cast|off"),
    ("stop", "CONDITION"),
    ("theme", "NAME"),
    ("view", "NAME"),
    ("write", "FILE.txt|FILE.svg|FILE.html|FILE.jsonl|FILE.oscope"),
];

/// Understands a command.
///
/// # Errors
/// What is wrong, and what was expected.
pub fn parse(text: &str) -> Result<Typed, String> {
    let text = text.trim();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let one_of = |words: &[&str]| format!("expected one of {}", words.join(", "));
    Ok(match name {
        "" => Typed::Nothing,
        "go" => Typed::Go(moment(rest)?),
        "policy" => Typed::Policy(policy(rest)?),
        "if" => Typed::WhatIf(policy(rest)?),
        "filter" => Typed::Filter(condition(rest)?, rest.to_owned()),
        "stop" if rest.is_empty() => return Err("expected a condition such as cpu=1".to_owned()),
        "stop" => Typed::Stop(condition(rest)?, rest.to_owned()),
        "back" if rest.is_empty() => {
            return Err("expected a condition such as page=0x4000".to_owned());
        }
        "back" => Typed::Last(condition(rest)?, rest.to_owned()),
        "record" if rest.is_empty() => return Err("expected FILE.cast or off".to_owned()),
        "record" => Typed::Record((rest != "off").then(|| rest.to_owned())),
        "view" => {
            let view = View::ALL.into_iter().find(|view| view.word() == rest);
            Typed::View(view.ok_or_else(|| one_of(&View::ALL.map(View::word)))?)
        }
        "theme" => {
            let theme = Theme::ALL.into_iter().find(|theme| theme.word() == rest);
            Typed::Theme(theme.ok_or_else(|| one_of(&Theme::ALL.map(Theme::word)))?)
        }
        "lang" => Typed::Lang(match rest {
            "en" => Lang::En,
            "ko" => Lang::Ko,
            _ => return Err(one_of(&["en", "ko"])),
        }),
        "mouse" => Typed::Mouse(match rest {
            "on" => true,
            "off" => false,
            _ => return Err(one_of(&["on", "off"])),
        }),
        "write" if rest.is_empty() => return Err("expected the name of a file".to_owned()),
        "write" => Typed::Write(rest.to_owned()),
        "help" => Typed::Help,
        "quit" | "q" => Typed::Quit,
        _ => {
            let names = COMMANDS.map(|(name, _)| name);
            return Err(match nearest(name, names) {
                Some(near) => format!("`{name}` is no command; `{near}` is"),
                None => format!("`{name}` is no command; {}", one_of(&names)),
            });
        }
    })
}

fn moment(text: &str) -> Result<Time, String> {
    time(text).ok_or_else(|| format!("`{text}` is no time; expected one such as 24ms or 1.5s"))
}

fn policy(text: &str) -> Result<&'static str, String> {
    let known = POLICIES.iter().find(|policy| **policy == text).copied();
    known.ok_or_else(|| format!("`{text}` is no policy; expected one of {}", POLICIES.join(", ")))
}

fn condition(text: &str) -> Result<Predicate, String> {
    Predicate::parse(text).map_err(|error| error.to_string())
}

/// How the text could go on: whole lines.
#[must_use]
pub fn completions(text: &str) -> Vec<String> {
    let Some((name, rest)) = text.split_once(' ') else {
        let names = COMMANDS.iter().filter(|(name, _)| name.starts_with(text));
        let space = |arguments: &str| if arguments.is_empty() { "" } else { " " };
        return names.map(|(name, arguments)| format!("{name}{}", space(arguments))).collect();
    };
    let words: Vec<&str> = match name {
        "policy" | "if" => POLICIES.to_vec(),
        "view" => View::ALL.map(View::word).to_vec(),
        "theme" => Theme::ALL.map(Theme::word).to_vec(),
        "lang" => vec!["en", "ko"],
        "mouse" => vec!["on", "off"],
        _ => Vec::new(),
    };
    let words = words.into_iter().filter(|word| word.starts_with(rest.trim_start()));
    words.map(|word| format!("{name} {word}")).collect()
}

/// The text as far as all completions agree.
#[must_use]
pub fn complete(text: &str) -> String {
    let all = completions(text);
    let Some(first) = all.first() else {
        return text.to_owned();
    };
    let mut common = first.clone();
    while !all.iter().all(|line| line.starts_with(&common)) {
        common.pop();
    }
    if common.len() > text.len() { common } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Typed, complete, completions, parse};
    use oscope_kernel::base::Time;

    #[test]
    fn commands_are_understood() {
        assert_eq!(parse(" go 24ms "), Ok(Typed::Go(Time(24_000_000))));
        assert_eq!(parse("policy cfs"), Ok(Typed::Policy("cfs")));
        assert_eq!(parse(""), Ok(Typed::Nothing));
        assert_eq!(parse("q"), Ok(Typed::Quit));
        for wrong in ["go", "go x", "policy best", "stop", "filter cpu=", "view x", "write", "lang"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse("pilocy rr"), Err("`pilocy` is no command; `policy` is".to_owned()));
    }

    #[test]
    fn every_command_is_completed_and_known() {
        for (name, _) in COMMANDS {
            assert!(completions(&name[..1]).iter().any(|line| line.trim_end() == name));
            assert!(!parse(name).is_err_and(|error| error.contains("is no command")));
        }
        assert_eq!(complete("po"), "policy ");
        assert_eq!(complete("policy ee"), "policy eevdf");
        assert_eq!(complete("policy s"), "policy s", "sjf, stcf, stride");
        assert_eq!(complete("nothing like it"), "nothing like it");
    }
}
