//! A machine's table in a world file.

use super::WorldError;
use super::initramfs::initramfs;
use super::network::Memberships;
use super::units::{self, value, wrong};
use crate::bin::Builtins;
use oscope_kernel::abi::program::Loader;
use oscope_kernel::base::{CpuId, Duration, Time};
use oscope_kernel::context::{Dialect, Structure};
use oscope_kernel::driver::elevator;
use oscope_kernel::fs::MiniFs;
use oscope_kernel::fs::ext2::Making;
use oscope_kernel::hw::disk::Medium;
use oscope_kernel::hw::{CostModel, Timing};
use oscope_kernel::machine::{Config, DiskConfig, PartitionConfig, Start};
use oscope_kernel::mm::frames::MAX_ORDER;
use oscope_kernel::mm::{Overcommit, partition, replace};
use oscope_kernel::sched::{Class, CpuSet, Level, POLICIES, Params, Reservation, Settings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A machine, or a guest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MachineTable {
    cpus: Option<u16>,
    memory: Option<String>,
    scheduler: SchedulerTable,
    costs: Option<String>,
    structure: Option<String>,
    dialect: Option<String>,
    interleave: Option<String>,
    disk: Option<DiskTable>,
    /// What the root directory has without a disk.
    root: Option<String>,
    swap: Option<DiskTable>,
    partitions: Option<PartitionTable>,
    overcommit: Option<String>,
    replacement: Option<String>,
    programs: Vec<ProgramTable>,
    /// What the shell of `oscope sh` does before it reads.
    pub(super) before_shell: Option<String>,
    pub(super) guests: Vec<String>,
    pub(super) networks: Option<Memberships>,
    /// The router for everything that is in no network of the machine.
    pub(super) gateway: Option<String>,
    /// Routers for ranges of addresses.
    pub(super) routes: BTreeMap<String, String>,
    /// Whether it sends packets on that are for others.
    forwarding: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SchedulerTable {
    policy: Option<String>,
    quantum: Option<OneOrMore>,
    allotment: Vec<u32>,
    boost: Option<String>,
    stay: bool,
    io_bump: bool,
    ageing: Option<String>,
    preemptive: Option<bool>,
    latency: Option<String>,
    granularity: Option<String>,
    base_slice: Option<String>,
}

/// A time, or one for each level.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DiskTable {
    size: String,
    #[serde(default)]
    seek: Option<String>,
    #[serde(default)]
    per_kib: Option<String>,
    #[serde(default)]
    filesystem: Option<String>,
    #[serde(default)]
    scheduler: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartitionTable {
    policy: String,
    size: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramTable {
    command: Vec<String>,
    /// Only in runs (`run`), or only where somebody types (`sh`).
    only: Option<Only>,
    /// How many of them.
    count: Option<u16>,
    at: Option<String>,
    #[serde(default)]
    nice: i8,
    class: Option<String>,
    priority: Option<i32>,
    tickets: Option<u32>,
    length: Option<String>,
    #[serde(default)]
    oom_score_adj: i16,
    reservation: Option<ReservationTable>,
    cpus: Option<Vec<u16>>,
}

impl MachineTable {
    /// Leaves out the programs that are not for this.
    pub(super) fn keep_for(&mut self, what: Only) {
        self.programs.retain(|program| program.only.is_none_or(|only| only == what));
    }
}

/// When a program is started at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Only {
    /// Where nobody types: `oscope run`, the screen.
    Run,
    /// Under `oscope sh`.
    Sh,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReservationTable {
    runtime: String,
    #[serde(default)]
    deadline: Option<String>,
    period: String,
}

/// How many levels a feedback queue may have.
const MOST_LEVELS: usize = 1000;

const TIME: &str = "a time such as \"10ms\"";

/// The configuration of one machine.
pub(super) fn machine(
    path: &str,
    name: &str,
    table: &MachineTable,
    (loader, hosts): (&Arc<Builtins>, &str),
    seed: u64,
) -> Result<Config, WorldError> {
    let at = |key: &str| format!("{path}.{key}");
    let mut config = Config::new(name, Arc::clone(loader) as Arc<dyn Loader>);
    config.cpus = table.cpus.unwrap_or(1);
    if config.cpus == 0 || config.cpus > 1024 {
        return Err(wrong(&at("cpus"), &config.cpus.to_string(), "1 to 1024"));
    }
    let expected = "a size from \"256KiB\" to \"4096GiB\"";
    let memory = value(&at("memory"), table.memory.as_ref(), 16 << 20, units::bytes, expected)?;
    config.frames = u32::try_from(memory / 4096)
        .ok()
        .filter(|frames| (64..=1 << 30).contains(frames))
        .ok_or_else(|| wrong(&at("memory"), &memory.to_string(), expected))?;
    config.scheduler = scheduler(&at("scheduler"), &table.scheduler, seed)?;
    if let Some(name) = &table.dialect {
        let known = Dialect::ALL.map(|dialect| dialect.name).join(", ");
        config.dialect = Dialect::by_name(name)
            .ok_or_else(|| wrong(&at("dialect"), name, &format!("one of {known}")))?;
    }
    let interleave = table.interleave.as_ref();
    config.interleave =
        value(&at("interleave"), interleave, config.interleave, units::duration, TIME)?;
    let presets = "`zero`, `teaching` or `realistic`";
    config.costs =
        value(&at("costs"), table.costs.as_ref(), config.costs, CostModel::by_name, presets)?;
    config.structure = match table.structure.as_deref() {
        None | Some("monolith") => Structure::Monolith,
        Some("microkernel") => Structure::Microkernel,
        Some(other) => {
            return Err(wrong(&at("structure"), other, "`monolith` or `microkernel`"));
        }
    };
    config.initramfs = match table.root.as_deref() {
        None | Some("bare") => None,
        Some("initramfs") => Some(initramfs(name, hosts, loader).into()),
        Some(other) => return Err(wrong(&at("root"), other, "`bare` or `initramfs`")),
    };
    config.forwards = table.forwarding;
    if let Some(table) = &table.disk {
        config.disk = Some(disk(&at("disk"), table, Some(loader))?);
    }
    if let Some(table) = &table.swap {
        config.swap = Some(disk(&at("swap"), table, None)?);
    }
    if let Some(table) = &table.partitions {
        if config.swap.is_some() {
            let expected = "no `partitions` beside it, as only pages can be swapped";
            return Err(wrong(&at("swap"), "a disk", expected));
        }
        config.partitions = Some(partitions(&at("partitions"), table, config.frames)?);
    }
    config.overcommit = match table.overcommit.as_deref() {
        None | Some("heuristic") => Overcommit::Heuristic,
        Some("always") => Overcommit::Always,
        Some("never") => Overcommit::Never { ratio: 50 },
        Some(other) => {
            return Err(wrong(&at("overcommit"), other, "`heuristic`, `always` or `never`"));
        }
    };
    if let Some(name) = &table.replacement {
        if !replace::POLICIES.contains(&name.as_str()) {
            let known = replace::POLICIES.join(", ");
            return Err(wrong(&at("replacement"), name, &format!("one of {known}")));
        }
        config.replacement.clone_from(name);
    }
    for (n, table) in table.programs.iter().enumerate() {
        let start = program(&at(&format!("programs[{n}]")), table, loader)?;
        for _ in 0..table.count.unwrap_or(1) {
            config.programs.push(start.clone());
        }
    }
    Ok(config)
}

/// Memory that is handed out in whole blocks.
fn partitions(
    path: &str,
    table: &PartitionTable,
    frames: u32,
) -> Result<PartitionConfig, WorldError> {
    if !partition::POLICIES.contains(&table.policy.as_str()) {
        let known = partition::POLICIES.join(", ");
        return Err(wrong(&format!("{path}.policy"), &table.policy, &format!("one of {known}")));
    }
    // The first and the last of the buddy allocator's largest blocks are not to be had whole.
    let most = (frames >> MAX_ORDER).saturating_sub(1) << MAX_ORDER;
    let size = units::bytes(&table.size).and_then(|size| u32::try_from(size / 4096).ok());
    let size = size.filter(|size| (1..=most).contains(size)).ok_or_else(|| {
        let expected = match most >> 8 {
            0 => "more `memory`: at least 8MiB".to_owned(),
            most => format!("a size from \"4KiB\" to \"{most}MiB\", which leaves the kernel 4 MiB"),
        };
        wrong(&format!("{path}.size"), &table.size, &expected)
    })?;
    Ok(PartitionConfig { policy: table.policy.clone(), frames: size })
}

/// A policy with its figures.
fn scheduler(path: &str, table: &SchedulerTable, seed: u64) -> Result<Settings, WorldError> {
    let mut settings =
        Settings { seed, stay: table.stay, io_bump: table.io_bump, ..Settings::default() };
    if let Some(policy) = &table.policy {
        if !POLICIES.contains(&policy.as_str()) {
            let known = POLICIES.join(", ");
            return Err(wrong(&format!("{path}.policy"), policy, &format!("one of {known}")));
        }
        settings.policy.clone_from(policy);
    }
    let time = |key: &str, text: &Option<String>, default: Duration| {
        value(&format!("{path}.{key}"), text.as_ref(), default, units::duration, TIME)
    };
    let positive = |text: &String| {
        let path = format!("{path}.quantum");
        let length = units::duration(text).ok_or_else(|| wrong(&path, text, TIME))?;
        if length == Duration::ZERO {
            return Err(wrong(&path, text, "a time longer than nothing"));
        }
        Ok(length)
    };
    let allotment = |level: usize| table.allotment.get(level).copied().unwrap_or(1);
    match &table.quantum {
        None if !table.allotment.is_empty() => {
            let path = format!("{path}.allotment");
            return Err(wrong(&path, "a list", "a list of quanta beside it, one for each level"));
        }
        None => {}
        Some(OneOrMore::One(text)) => settings.quantum = Some(positive(text)?),
        Some(OneOrMore::More(texts)) => {
            if texts.len() > MOST_LEVELS {
                let found = format!("{} levels", texts.len());
                return Err(wrong(&format!("{path}.quantum"), &found, "at most 1000 levels"));
            }
            for (level, text) in texts.iter().enumerate() {
                let quantum = positive(text)?;
                settings.quantum.get_or_insert(quantum);
                settings.levels.push(Level { quantum, allotment: allotment(level) });
            }
        }
    }
    settings.boost = time("boost", &table.boost, settings.boost)?;
    settings.ageing =
        table.ageing.as_ref().map(|_| time("ageing", &table.ageing, Duration::ZERO)).transpose()?;
    settings.preemptive = table.preemptive.unwrap_or(true);
    settings.latency = time("latency", &table.latency, settings.latency)?;
    settings.granularity = time("granularity", &table.granularity, settings.granularity)?;
    settings.base_slice = time("base_slice", &table.base_slice, settings.base_slice)?;
    Ok(settings)
}

/// A program to start.
fn program(path: &str, table: &ProgramTable, loader: &Builtins) -> Result<Start, WorldError> {
    let command = format!("{path}.command");
    let Some(first) = table.command.first() else {
        return Err(wrong(&command, "[]", "a program and its arguments"));
    };
    if loader.load(first, &[]).is_err() {
        let names: Vec<&str> = loader.names().collect();
        return Err(wrong(&command, first, &format!("one of {}", names.join(", "))));
    }
    let time = |key: &str, text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => match units::duration(text) {
            Some(time) => Ok(Some(time)),
            None => Err(wrong(&format!("{path}.{key}"), text, TIME)),
        },
    };
    if !(-20..=19).contains(&table.nice) {
        return Err(wrong(&format!("{path}.nice"), &table.nice.to_string(), "-20 to 19"));
    }
    if !(-1000..=1000).contains(&table.oom_score_adj) {
        let found = table.oom_score_adj.to_string();
        return Err(wrong(&format!("{path}.oom_score_adj"), &found, "-1000 to 1000"));
    }
    let mut params = Params::with_nice(table.nice);
    if let Some(class) = &table.class {
        params.class = self::class(class).ok_or_else(|| {
            let expected = "`fifo:1` to `fifo:99`, `rr:1` to `rr:99`, `normal`, `batch`, `idle`";
            wrong(&format!("{path}.class"), class, expected)
        })?;
    }
    params.priority = table.priority.unwrap_or(params.priority);
    params.tickets = table.tickets.unwrap_or(params.tickets);
    params.length = time("length", &table.length)?;
    if let Some(reserved) = &table.reservation {
        let need = |key: &str, text: &String| {
            let path = format!("{path}.reservation.{key}");
            units::duration(text).ok_or_else(|| wrong(&path, text, TIME))
        };
        let period = need("period", &reserved.period)?;
        let deadline = reserved.deadline.as_ref().map(|text| need("deadline", text)).transpose()?;
        let runtime = need("runtime", &reserved.runtime)?;
        let reservation = Reservation { runtime, deadline: deadline.unwrap_or(period), period };
        if !reservation.is_possible() {
            let expected = "0 < runtime ≤ deadline ≤ period";
            return Err(wrong(&format!("{path}.reservation"), &reserved.runtime, expected));
        }
        params.reservation = reservation;
    }
    let cpus = match &table.cpus {
        None => CpuSet::ALL,
        Some(list) => list.iter().fold(CpuSet::NONE, |set, &cpu| set.with(CpuId(cpu))),
    };
    if cpus.is_empty() {
        return Err(wrong(&format!("{path}.cpus"), "[]", "at least one CPU, from 0 to 1023"));
    }
    Ok(Start {
        path: first.clone(),
        arguments: table.command.clone(),
        time: Time::ZERO + time("at", &table.at)?.unwrap_or(Duration::ZERO),
        params,
        cpus,
        oom_adjust: table.oom_score_adj,
        file: None,
        directory: None,
        open: Vec::new(),
        has_terminal: true,
    })
}

/// A scheduling class, as world files write it.
fn class(text: &str) -> Option<Class> {
    let urgent = |priority: &str, takes_turns| {
        let priority = priority.parse().ok().filter(|priority| (1..=99).contains(priority))?;
        Some(Class::RealTime { priority, takes_turns })
    };
    match text.split_once(':') {
        Some(("fifo", priority)) => urgent(priority, false),
        Some(("rr", priority)) => urgent(priority, true),
        _ => match text {
            "normal" => Some(Class::Normal),
            "batch" => Some(Class::Batch),
            "idle" => Some(Class::Idle),
            _ => None,
        },
    }
}

/// A disk; with the programs of `loader` on it, or with nothing, to be swapped to.
fn disk(
    path: &str,
    table: &DiskTable,
    loader: Option<&Arc<Builtins>>,
) -> Result<DiskConfig, WorldError> {
    let expected = "a size from \"64KiB\" to \"128MiB\"";
    let size = units::bytes(&table.size)
        .filter(|size| (64 << 10..=128 << 20).contains(size))
        .ok_or_else(|| wrong(&format!("{path}.size"), &table.size, expected))?;
    let time = "a time such as \"4ms\"";
    let seek = table.seek.as_ref();
    let fixed = value(&format!("{path}.seek"), seek, Duration::millis(4), units::duration, time)?;
    let per_kib = table.per_kib.as_ref();
    let per_kib =
        value(&format!("{path}.per_kib"), per_kib, Duration::micros(10), units::duration, time)?;
    let mut medium = Medium::new(size / 4096);
    let timing = Timing { fixed, per_kib };
    let scheduler = match table.scheduler.as_deref() {
        None => elevator::POLICIES[0],
        Some(name) => {
            let known = elevator::POLICIES.into_iter().find(|known| *known == name);
            let expected = format!("one of {}", elevator::POLICIES.join(", "));
            known.ok_or_else(|| wrong(&format!("{path}.scheduler"), name, &expected))?
        }
    };
    let made = |medium| DiskConfig { medium, timing, scheduler };
    let Some(loader) = loader else { return Ok(made(medium)) };
    let journal = match table.filesystem.as_deref() {
        None | Some("minifs") => None,
        Some("ext2") => Some(0),
        // As mke2fs does: a twentieth or so, and no less than 1024 blocks.
        Some("ext3") => Some((size / 1024 / 16).clamp(1024, 16_384) as u32),
        Some(other) => {
            let place = format!("{path}.filesystem");
            return Err(wrong(&place, other, "`minifs`, `ext2` or `ext3`"));
        }
    };
    if let Some(journal) = journal {
        let making = Making { block_size: 1024, journal, ..Making::default() };
        making
            .make(&mut medium, &[])
            .map_err(|errno| wrong(&format!("{path}.size"), &table.size, errno.message()))?;
        return Ok(made(medium));
    }
    let files = loader.files_on_disks();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, contents)| (path.as_str(), contents.as_slice())).collect();
    MiniFs::make(&mut medium, &files)
        .map_err(|errno| wrong(&format!("{path}.size"), &table.size, errno.message()))?;
    Ok(made(medium))
}
