//! Which world, how long, and with which changes: the options that several commands share.

use super::Failure;
use crate::source::{self, Source};
use crate::text::nearest;
use oscope_kernel::base::{Duration, Time};
use oscope_userland::scenario::{BUILTIN, WorldError, WorldFile, units};
use oscope_userland::script::play::Origin;
use std::io::Read;
use std::path::Path;

/// World files are small; whatever is larger is none.
const LARGEST: u64 = 16 << 20;

/// The options about a world.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct WorldArgs {
    /// A built-in world, a TOML file, or a script (FILE.trace)
    world: Option<String>,
    /// How long in virtual time, such as 50ms or 2s
    #[arg(long, value_name = "TIME", value_parser = duration)]
    until: Option<Duration>,
    /// Change the world, such as box.scheduler.policy=fifo (may be repeated)
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = change)]
    changes: Vec<(String, String)>,
}

fn duration(text: &str) -> Result<Duration, String> {
    units::duration(text).ok_or_else(|| "expected a time such as 400ms, 50us or 2s".to_owned())
}

fn change(text: &str) -> Result<(String, String), String> {
    let (path, value) =
        text.split_once('=').ok_or("expected PATH=VALUE, such as box.scheduler.policy=fifo")?;
    if path.is_empty() || path.split('.').any(str::is_empty) {
        return Err("expected a path such as box.scheduler.policy before the `=`".to_owned());
    }
    Ok((path.to_owned(), value.to_owned()))
}

/// A world that was read, and how long it is to run.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) until: Time,
}

impl WorldArgs {
    /// A world as it comes.
    pub(super) fn of(world: &str) -> Self {
        Self { world: Some(world.to_owned()), until: None, changes: Vec::new() }
    }

    /// The same, with another world if none was named.
    pub(super) fn or(&self, world: &str) -> Self {
        let named = self.world.clone().unwrap_or_else(|| world.to_owned());
        Self { world: Some(named), ..self.clone() }
    }

    /// The world that was named, or the first one.
    fn world(&self) -> &str {
        self.world.as_deref().unwrap_or("first")
    }

    /// How long it is to run, if that was said.
    pub(super) fn limit(&self) -> Option<Time> {
        self.until.map(|length| Time::ZERO + length)
    }

    /// Reads the world.
    pub(super) fn read(&self) -> Result<Input, Failure> {
        let invalid = |error: WorldError| match error {
            WorldError::Value { .. } => Failure::Usage(format!("{}: {error}", self.world())),
            _ => Failure::Usage(error.to_string()),
        };
        if Path::new(self.world()).extension().is_some_and(|ending| ending == "trace") {
            return self.script();
        }
        let builtin = BUILTIN.iter().find(|builtin| builtin.name == self.world());
        let file = match builtin {
            Some(builtin) => WorldFile::parse_with(builtin.name, builtin.text, &self.changes),
            None => WorldFile::parse_with(self.world(), &self.text()?, &self.changes),
        };
        let file = file.map_err(invalid)?;
        let until = match self.until {
            Some(length) => Time::ZERO + length,
            None => file.until().map_err(invalid)?,
        };
        // A world that does not boot is wrong input too, and said so before any screen is set up.
        file.boot().map_err(invalid)?;
        Ok(Input { name: self.world().to_owned(), source: Source::World(Box::new(file)), until })
    }

    /// A script, which says in its own `@machine` lines what it needs.
    fn script(&self) -> Result<Input, Failure> {
        if let Some((path, _)) = self.changes.first() {
            let message = format!("--set {path}: a script sets its machine up by `@machine` lines");
            return Err(Failure::Usage(message));
        }
        let text = super::trace::read(self.world())?;
        let plan = super::trace::plan_of(self.world(), &text, Origin::Written)?;
        super::trace::boots(self.world(), &text, &plan)?;
        let length = || source::length_of(&plan).map_err(Failure::Usage);
        let until = match self.until {
            Some(length) => Time::ZERO + length,
            None => length()?,
        };
        let name = Path::new(self.world()).file_name().unwrap_or_default().to_string_lossy();
        Ok(Input { name: name.into_owned(), source: Source::Script(plan), until })
    }

    /// The text of a world file.
    fn text(&self) -> Result<String, Failure> {
        let path = Path::new(self.world());
        let looks_like_a_path = self.world().contains(['/', '.', '\\']);
        if !looks_like_a_path && !path.exists() {
            return Err(Failure::Usage(unknown(self.world())));
        }
        let fail = |what: String| Failure::Usage(format!("{}: {what}", self.world()));
        if path.is_dir() {
            return Err(fail("is a directory; expected a world file".to_owned()));
        }
        let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
        if bytes.len() as u64 > LARGEST {
            let limit = "is larger than 16 MiB; expected a world file";
            return Err(fail(limit.to_owned()));
        }
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            fail(format!("byte {at} is not UTF-8 text; expected a world file (TOML)"))
        })
    }
}

fn unknown(name: &str) -> String {
    let error = WorldError::Unknown(crate::text::clean(name)).to_string();
    match nearest(name, BUILTIN.iter().map(|builtin| builtin.name)) {
        Some(near) => format!("{error}; did you mean `{near}`?"),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::{change, duration, unknown};

    #[test]
    fn changes_need_a_path_and_a_value() {
        let ok = ("a.b".to_owned(), "c=d".to_owned());
        assert_eq!(change("a.b=c=d"), Ok(ok));
        assert!(change("nonsense").is_err());
        assert!(change("=1").is_err());
        assert!(change("a..b=1").is_err());
    }

    #[test]
    fn times_need_a_unit_that_exists() {
        assert!(duration("2s").is_ok());
        assert!(duration("5parsecs").is_err());
        assert!(duration("-1s").is_err());
    }

    #[test]
    fn a_misspelled_world_is_answered_with_the_nearest() {
        assert!(unknown("frist").ends_with("did you mean `first`?"));
        assert!(!unknown("quantum-computer").contains("did you mean"));
    }
}
