//! Which world, how long, and with which changes: the options that several commands share.

use super::Failure;
use crate::session::{self, Session};
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
    /// A built-in world, a TOML file, a script (FILE.trace) or a session (FILE.oscope)
    world: Option<String>,
    /// How long in virtual time, such as 50ms or 2s
    #[arg(long, value_name = "TIME", value_parser = duration)]
    until: Option<Duration>,
    /// Change the world, such as box.scheduler.policy=fifo (may be repeated)
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = change)]
    changes: Vec<(String, String)>,
    /// Where chance comes from: the option of all commands.
    #[arg(skip)]
    pub(super) seed: u64,
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
    /// The same as the beginning of a session, or the session that was named.
    pub(super) session: Session,
}

impl WorldArgs {
    /// A world as it comes.
    pub(super) fn of(world: &str) -> Self {
        Self { world: Some(world.to_owned()), until: None, changes: Vec::new(), seed: 0 }
    }

    /// The same, with another world if none was named.
    pub(super) fn or(&self, world: &str) -> Self {
        let named = self.world.clone().unwrap_or_else(|| world.to_owned());
        Self { world: Some(named), ..self.clone() }
    }

    /// What `--set` changes.
    pub(super) fn changes(&self) -> &[(String, String)] {
        &self.changes
    }

    /// The same without the changes.
    pub(super) fn unchanged(&self) -> Self {
        Self { changes: Vec::new(), ..self.clone() }
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
        let is_session = Path::new(self.world()).extension().is_some_and(|e| e == session::ENDING);
        if is_session {
            return self.session();
        }
        let builtin = BUILTIN.iter().find(|builtin| builtin.name == self.world());
        let text = match builtin {
            Some(builtin) => builtin.text.to_owned(),
            None => self.text()?,
        };
        let mut file =
            WorldFile::parse_with(self.world(), &text, &self.changes).map_err(invalid)?;
        file.set_seed(self.seed);
        let until = match self.until {
            Some(length) => Time::ZERO + length,
            None => file.until().map_err(invalid)?,
        };
        let session = self.beginning(self.world(), text, until);
        // A world that does not boot is wrong input too, and said so before any screen is set up.
        file.boot().map_err(invalid)?;
        Ok(Input {
            name: self.world().to_owned(),
            source: Source::World(Box::new(file)),
            until,
            session,
        })
    }

    /// A session in which nothing has been done.
    fn beginning(&self, world: &str, text: String, until: Time) -> Session {
        let set = self.changes.iter().map(|(path, value)| format!("{path}={value}"));
        Session {
            edition: session::EDITION.to_owned(),
            world: world.to_owned(),
            set: set.collect(),
            until_ns: until.0,
            seed: self.seed,
            text,
            ..Session::default()
        }
    }

    /// A session that somebody wrote.
    fn session(&self) -> Result<Input, Failure> {
        let wrong = |what: String| Failure::Usage(format!("{}: {what}", self.world()));
        let session = Session::read(&self.text()?).map_err(wrong)?;
        let name = session.world.clone();
        let source = if Path::new(&name).extension().is_some_and(|ending| ending == "trace") {
            Source::Script(super::trace::plan_of(&name, &session.text, Origin::Written)?)
        } else {
            let set = session.set.iter().map(|text| change(text)).collect::<Result<Vec<_>, _>>();
            let changes = [set.map_err(wrong)?, self.changes.clone()].concat();
            let file = WorldFile::parse_with(&name, &session.text, &changes);
            let mut file = file.map_err(|error| wrong(error.to_string()))?;
            file.set_seed(session.seed);
            Source::World(Box::new(file))
        };
        source.boot().map_err(wrong)?;
        let until = self.limit().unwrap_or(Time(session.until_ns));
        Ok(Input { name, source, until, session: Session { until_ns: until.0, ..session } })
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
        let session = self.beginning(&name, text, until);
        Ok(Input { name: name.into_owned(), source: Source::Script(plan), until, session })
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
