//! The world file: TOML, with docker-compose's words where they fit.

use super::machine::{MachineTable, Only, machine};
use super::network::{self, CableTable};
use super::units::{self, wrong};
use crate::bin::Builtins;
use oscope_kernel::abi::program::Image;
use oscope_kernel::base::{DeviceId, MachineId, Time};
use oscope_kernel::hypervisor::GuestMachine;
use oscope_kernel::machine::{Config, Machine};
use oscope_kernel::world::{Input, World, WorldConfig};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// The format's edition: a file says which one it was written for.
pub const EDITION: &str = "2026";

/// What is wrong with a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// There is no built-in world of that name.
    Unknown(String),
    /// The text is not a world file: where, and what was expected.
    Syntax {
        /// The file.
        file: String,
        /// The parser's words, with the place.
        message: String,
    },
    /// A value that cannot be: the path to it, what it is, what was expected.
    Value {
        /// Such as `machines.box.cpus`.
        path: String,
        /// What stands there.
        found: String,
        /// What should.
        expected: String,
    },
    /// A `--set` that names nothing.
    Set {
        /// The path.
        path: String,
        /// What was expected.
        expected: String,
    },
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let names: Vec<&str> = super::BUILTIN.iter().map(|builtin| builtin.name).collect();
                let known = names.join(", ");
                write!(f, "no world is called `{name}`: expected one of {known}, or a TOML file")
            }
            Self::Syntax { file, message } => write!(f, "{file}: {}", message.trim_end()),
            Self::Value { path, found, expected } => {
                write!(f, "{path} is `{found}`: expected {expected}")
            }
            Self::Set { path, expected } => write!(f, "--set {path}: expected {expected}"),
        }
    }
}

impl std::error::Error for WorldError {}

/// Programs that a world's machines can run besides those that come along.
#[derive(Clone, Default)]
pub struct Extra(Vec<Arc<dyn Image>>);

impl Extra {
    /// Adds one.
    pub fn add(&mut self, image: Arc<dyn Image>) {
        self.0.push(image);
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|image| image.name())).finish()
    }
}

/// A world file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    #[serde(skip)]
    name: String,
    #[serde(skip)]
    seed: u64,
    #[serde(skip)]
    is_typed: bool,
    #[serde(skip)]
    extra: Extra,
    edition: String,
    /// One sentence.
    #[serde(default)]
    about: String,
    /// How long a run of it is, unless told otherwise.
    #[serde(default = "default_until")]
    until: String,
    #[serde(deserialize_with = "in_order")]
    machines: Vec<(String, MachineTable)>,
    #[serde(default)]
    guests: BTreeMap<String, MachineTable>,
    /// Switches with their address ranges.
    #[serde(default, deserialize_with = "in_order")]
    networks: Vec<(String, CableTable)>,
    #[serde(default)]
    links: Vec<CableTable>,
    #[serde(default)]
    inputs: Vec<InputTable>,
    /// Where the screen opens.
    opens: Option<OpensTable>,
}

/// A table as a list: machines are numbered in the order in which the file has them.
fn in_order<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<(String, T)>, D::Error> {
    struct InOrder<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
        type Value = Vec<(String, T)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of tables")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(entry) = map.next_entry()? {
                list.push(entry);
            }
            Ok(list)
        }
    }
    from.deserialize_map(InOrder(PhantomData))
}

fn default_until() -> String {
    "1s".to_owned()
}

/// What a machine without a network knows of others.
const LONELY: &str = "127.0.0.1\tlocalhost\n";

/// Where the screen opens: at which moment, and with which view.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpensTable {
    at: String,
    view: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputTable {
    machine: String,
    time: String,
    text: String,
}

impl WorldFile {
    /// Reads a world file. `name` is the world's name, and what messages call the file.
    ///
    /// # Errors
    /// [`WorldError::Syntax`], [`WorldError::Value`].
    pub fn parse(name: &str, text: &str) -> Result<Self, WorldError> {
        Self::parse_with(name, text, &[])
    }

    /// The same, with values replaced as `--set PATH=VALUE` says: `box.scheduler.policy=fifo` means the
    /// machine `box`.
    ///
    /// # Errors
    /// [`WorldError::Syntax`], [`WorldError::Value`], [`WorldError::Set`].
    pub fn parse_with(
        name: &str,
        text: &str,
        changes: &[(String, String)],
    ) -> Result<Self, WorldError> {
        let syntax = |message: String| WorldError::Syntax { file: name.to_owned(), message };
        // Read as it stands first, so that a message names the place in the file.
        let file: Self = toml::from_str(text).map_err(|error| syntax(error.to_string()))?;
        let mut file = if changes.is_empty() {
            file
        } else {
            let mut table: toml::Table =
                toml::from_str(text).map_err(|error| syntax(error.to_string()))?;
            for (path, to) in changes {
                set(&mut table, path, to)?;
            }
            table.try_into().map_err(|error: toml::de::Error| WorldError::Set {
                path: changes.iter().map(|(p, v)| format!("{p}={v}")).collect::<Vec<_>>().join(" "),
                expected: format!("a value that fits: {}", error.message()),
            })?
        };
        file.name = name.to_owned();
        if file.edition != EDITION {
            return Err(wrong("edition", &file.edition, &format!("\"{EDITION}\"")));
        }
        if file.machines.is_empty() {
            return Err(wrong("machines", "", "at least one machine"));
        }
        file.until()?;
        file.opens()?;
        Ok(file)
    }

    /// What it is about, in a sentence.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Where chance comes from in this world.
    pub fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// Its machines can run these programs too.
    pub fn add_programs(&mut self, more: &Extra) {
        self.extra.0.extend(more.0.iter().cloned());
    }

    /// Somebody types at its first machine: programs that are for runs only are left out.
    pub fn set_typed(&mut self) {
        self.is_typed = true;
    }

    /// What the shell of `oscope sh` does before it reads, if the first machine says so.
    #[must_use]
    pub fn before_shell(&self) -> Option<&str> {
        self.machines.first()?.1.before_shell.as_deref()
    }

    /// How long a run of it is.
    ///
    /// # Errors
    /// [`WorldError::Value`].
    pub fn until(&self) -> Result<Time, WorldError> {
        let read = units::duration(&self.until);
        let length = read.ok_or_else(|| wrong("until", &self.until, "a time such as \"400ms\""))?;
        Ok(Time::ZERO + length)
    }

    /// Where the screen opens: at which moment, and with which view.
    ///
    /// # Errors
    /// [`WorldError::Value`].
    pub fn opens(&self) -> Result<Option<(Time, &str)>, WorldError> {
        let Some(OpensTable { at, view }) = &self.opens else { return Ok(None) };
        let read = units::duration(at);
        let length = read.ok_or_else(|| wrong("opens.at", at, "a time such as \"400ms\""))?;
        Ok(Some((Time::ZERO + length, view)))
    }

    /// Switches all machines on, and plans the inputs.
    ///
    /// # Errors
    /// [`WorldError::Value`] for whatever does not fit.
    pub fn boot(&self) -> Result<World, WorldError> {
        let mut programs = crate::script::play::programs();
        for image in &self.extra.0 {
            programs.add_image(Arc::clone(image));
        }
        self.boot_with(Arc::new(programs), |_| {})
    }

    /// What its machines know of each other: the text of /etc/hosts.
    ///
    /// # Errors
    /// [`WorldError::Value`] for networks that do not fit together.
    pub fn hosts(&self) -> Result<String, WorldError> {
        Ok(network::plan(&self.machines, &self.networks, &self.links)?.hosts)
    }

    /// The same with other programs, and with configurations changed in ways that no file can ask for.
    ///
    /// # Errors
    /// [`WorldError::Value`] for whatever does not fit.
    pub fn boot_with(
        &self,
        loader: Arc<Builtins>,
        adapt: impl Fn(&mut Config),
    ) -> Result<World, WorldError> {
        let names: Vec<&String> = self.machines.iter().map(|(name, _)| name).collect();
        let place = |path: &str, name: &String| {
            let at = names.iter().position(|known| *known == name);
            at.ok_or_else(|| wrong(path, name, "the name of a machine"))
        };
        let plan = network::plan(&self.machines, &self.networks, &self.links)?;
        let mut machines = Vec::new();
        for (name, table) in &self.machines {
            let path = format!("machines.{name}");
            let mut table = table.clone();
            table.keep_for(if self.is_typed { Only::Sh } else { Only::Run });
            let mut config = machine(&path, name, &table, (&loader, &plan.hosts), self.seed)?;
            adapt(&mut config);
            machines.push(config);
        }
        let parts = (&names[..], &self.networks[..], &self.links[..]);
        let (switches, links) = network::connect(&plan, parts, &mut machines, self.seed)?;
        for ((name, table), config) in self.machines.iter().zip(&mut machines) {
            config.routes = network::routes(&format!("machines.{name}"), table, config)?;
        }
        let config = WorldConfig { name: self.name.clone(), machines, switches, links };
        let mut world = World::boot(config).map_err(|(machine, error)| WorldError::Value {
            path: format!("machines.{machine}"),
            found: "this".to_owned(),
            expected: format!("a machine that boots; {error}"),
        })?;
        for (at, (name, table)) in self.machines.iter().enumerate() {
            for guest in &table.guests {
                self.add_guest(&mut world, (at, name), guest, &loader)?;
            }
        }
        for (n, input) in self.inputs.iter().enumerate() {
            let path = format!("inputs[{n}]");
            let time = units::duration(&input.time)
                .ok_or_else(|| wrong(&format!("{path}.time"), &input.time, "a time"))?;
            let machine = place(&format!("{path}.machine"), &input.machine)?;
            world.input(Input {
                time: Time::ZERO + time,
                machine: MachineId(machine as u16),
                device: DeviceId(0),
                bytes: input.text.as_bytes().into(),
            });
        }
        Ok(world)
    }

    fn add_guest(
        &self,
        world: &mut World,
        (at, host): (usize, &str),
        guest: &str,
        loader: &Arc<Builtins>,
    ) -> Result<(), WorldError> {
        let path = format!("machines.{host}.guests");
        let table =
            self.guests.get(guest).ok_or_else(|| wrong(&path, guest, "a table [guests.NAME]"))?;
        let config =
            machine(&format!("guests.{guest}"), guest, table, (loader, LONELY), self.seed)?;
        if config.cpus != 1 {
            let found = config.cpus.to_string();
            return Err(wrong(
                &format!("guests.{guest}.cpus"),
                &found,
                "1: a guest has one CPU so far",
            ));
        }
        if let Some(inner) = table.guests.first() {
            let path = format!("guests.{guest}.guests");
            return Err(wrong(&path, inner, "nothing: guests have no guests so far"));
        }
        let machine = Machine::boot(config)
            .map_err(|error| wrong(&format!("guests.{guest}"), "this", &error.to_string()))?;
        let guest_machine = Box::new(GuestMachine::new(machine));
        let host = world.machine_mut(MachineId(at as u16));
        match host.map(|host| host.add_guest(guest, guest_machine)) {
            Some(Ok(_)) => Ok(()),
            _ => Err(wrong(&path, guest, "a guest that its host can start")),
        }
    }
}

/// Replaces a value in the table of a world file.
fn set(table: &mut toml::Table, path: &str, to: &str) -> Result<(), WorldError> {
    let fail =
        |expected: &str| WorldError::Set { path: path.to_owned(), expected: expected.to_owned() };
    let mut parts: Vec<&str> = path.split('.').collect();
    let last = parts.pop().unwrap_or("");
    let machines = table.get("machines").and_then(toml::Value::as_table);
    let is_machine =
        parts.first().is_some_and(|first| machines.is_some_and(|m| m.contains_key(*first)));
    if is_machine {
        parts.insert(0, "machines");
    } else if !parts.first().is_none_or(|first| table.contains_key(*first)) {
        let names: Vec<&String> = machines.map(|m| m.keys().collect()).unwrap_or_default();
        return Err(fail(&format!(
            "a path that begins with a machine ({names:?}) or a part of the file"
        )));
    }
    let mut at = table;
    for part in parts {
        let next = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = next.as_table_mut().ok_or_else(|| fail(&format!("`{part}` to be a table")))?;
    }
    // What reads as a number or truth value is one; anything else is text.
    let parsed =
        toml::from_str::<toml::Table>(&format!("v = {to}")).ok().and_then(|mut t| t.remove("v"));
    at.insert(last.to_owned(), parsed.unwrap_or_else(|| toml::Value::String(to.to_owned())));
    Ok(())
}
