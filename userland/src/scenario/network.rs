//! The networks of a world file: switches with an address range each, and cables between two ends.
//!
//! `[networks.lan]` is a learning switch; a machine with `networks = ["lan"]` has a cable to it and an address out of
//! its range, the next one that is free or the one that it names. `[[links]]` are cables without a switch.

use super::WorldError;
use super::machine::MachineTable;
use super::units::{self, value, wrong};
use oscope_kernel::base::{Duration, MachineId, PortId, Rng, Time};
use oscope_kernel::hw::Wire;
use oscope_kernel::hw::wire::Faults;
use oscope_kernel::machine::{Config, PortConfig};
use oscope_kernel::net::route::{Route, mask};
use oscope_kernel::world::Link;
use oscope_kernel::world::switch::SwitchConfig;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::Ipv4Addr;

/// What a cable is like, or all cables of a network.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CableTable {
    /// Of a network: its range of addresses.
    subnet: Option<String>,
    /// Of a link: its ends.
    between: Option<[String; 2]>,
    /// Of a link: the addresses of its ends, such as `"10.0.0.1/30"`.
    addresses: Option<[String; 2]>,
    latency: Option<String>,
    bandwidth: Option<String>,
    queue: Option<String>,
    loss: Option<String>,
    duplicate: Option<String>,
    reorder: Option<String>,
    jitter: Option<String>,
    /// When it is cut and when it is mended: pairs of times.
    cut: Vec<[String; 2]>,
}

/// What a machine says of its networks: their names, or their names and its addresses there.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Memberships {
    Names(Vec<String>),
    Addresses(toml::Table),
}

impl Memberships {
    fn list(&self, path: &str) -> Result<Vec<(String, Option<String>)>, WorldError> {
        match self {
            Self::Names(names) => Ok(names.iter().map(|name| (name.clone(), None)).collect()),
            Self::Addresses(table) => table
                .iter()
                .map(|(name, address)| match address {
                    toml::Value::String(address) => Ok((name.clone(), Some(address.clone()))),
                    other => Err(wrong(
                        &format!("{path}.{name}"),
                        &other.to_string(),
                        "an address such as \"10.0.0.3\"",
                    )),
                })
                .collect(),
        }
    }
}

impl CableTable {
    fn wire(&self, path: &str, random: Rng) -> Result<Wire, WorldError> {
        let at = |key: &str| format!("{path}.{key}");
        let time = "a time such as \"50us\"";
        let share = "a share such as \"1%\" or \"0.001\"";
        let latency = value(
            &at("latency"),
            self.latency.as_ref(),
            Duration::micros(50),
            units::duration,
            time,
        )?;
        let bits = value(
            &at("bandwidth"),
            self.bandwidth.as_ref(),
            1_000_000_000,
            units::bandwidth,
            "a bandwidth such as \"1Gbit\"",
        )?;
        let queue =
            value(&at("queue"), self.queue.as_ref(), 0, units::bytes, "a size such as \"64KiB\"")?;
        let faults = Faults {
            loss: value(&at("loss"), self.loss.as_ref(), 0, units::millionths, share)?,
            duplicate: value(
                &at("duplicate"),
                self.duplicate.as_ref(),
                0,
                units::millionths,
                share,
            )?,
            reorder: value(&at("reorder"), self.reorder.as_ref(), 0, units::millionths, share)?,
            jitter: value(
                &at("jitter"),
                self.jitter.as_ref(),
                Duration::ZERO,
                units::duration,
                time,
            )?,
        };
        let mut cuts = Vec::new();
        for pair in &self.cut {
            let [from, to] = pair.each_ref().map(|text| units::duration(text));
            let (Some(from), Some(to)) = (from, to) else {
                return Err(wrong(&at("cut"), &pair.join(", "), "two times"));
            };
            cuts.push((Time::ZERO + from, Time::ZERO + to));
        }
        Ok(Wire::new(latency, bits).with_queue(queue).with_faults(faults, random).with_cuts(cuts))
    }
}

/// Reads `10.0.0.1/24`.
fn cidr(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    let prefix = prefix.parse().ok().filter(|prefix| (1..=30).contains(prefix))?;
    Some((address.parse().ok()?, prefix))
}

/// A machine's place in a network.
struct Membership {
    machine: usize,
    network: usize,
    address: Ipv4Addr,
    prefix: u8,
}

/// Who is in which network, under which address.
pub(super) struct Plan {
    memberships: Vec<Membership>,
    networks: Vec<String>,
    /// The lines of /etc/hosts.
    pub(super) hosts: String,
}

/// Gives every machine its addresses.
pub(super) fn plan(
    machines: &[(String, MachineTable)],
    networks: &[(String, CableTable)],
    links: &[CableTable],
) -> Result<Plan, WorldError> {
    let mut taken: BTreeSet<Ipv4Addr> = BTreeSet::new();
    let mut asked: Vec<(usize, usize, Option<Ipv4Addr>)> = Vec::new();
    let names: Vec<String> = networks.iter().map(|(name, _)| name.clone()).collect();
    for (at, (name, table)) in machines.iter().enumerate() {
        let path = format!("machines.{name}.networks");
        let Some(list) = &table.networks else { continue };
        for (network, address) in list.list(&path)? {
            let known = names.iter().position(|known| *known == network);
            let number = known
                .ok_or_else(|| wrong(&path, &network, "the name of a network of this world"))?;
            let address = address
                .map(|text| {
                    text.parse()
                        .map_err(|_| wrong(&path, &text, "an IPv4 address such as \"10.0.0.3\""))
                })
                .transpose()?;
            if let Some(address) = address
                && !taken.insert(address)
            {
                return Err(wrong(&path, &address.to_string(), "an address that nobody else has"));
            }
            asked.push((at, number, address));
        }
    }
    let mut memberships = Vec::new();
    for (machine, network, address) in asked {
        let path = format!("networks.{}.subnet", names[network]);
        let default = format!("10.{}.0.0/24", network.min(255));
        let text = networks[network].1.subnet.clone().unwrap_or(default);
        let (range, prefix) = cidr(&text)
            .ok_or_else(|| wrong(&path, &text, "a range of addresses such as \"10.0.0.0/24\""))?;
        let first = u32::from(mask(range, prefix));
        let count = 1u32 << (32 - u32::from(prefix));
        let mut free = (1..count - 1).map(|n| Ipv4Addr::from(first + n));
        let address = match address {
            Some(address) if mask(address, prefix) != mask(range, prefix) => {
                return Err(wrong(&path, &address.to_string(), &format!("an address of {text}")));
            }
            Some(address) => address,
            None => free
                .find(|address| !taken.contains(address))
                .ok_or_else(|| wrong(&path, &text, "a range with an address for everybody"))?,
        };
        taken.insert(address);
        memberships.push(Membership { machine, network, address, prefix });
    }
    let mut hosts = "127.0.0.1\tlocalhost\n".to_owned();
    for Membership { machine, address, .. } in &memberships {
        let _ = writeln!(hosts, "{address}\t{}", machines[*machine].0);
    }
    for link in links {
        for (name, end) in link.between.iter().flatten().zip(link.addresses.iter().flatten()) {
            if let Some((address, _)) = cidr(end) {
                let _ = writeln!(hosts, "{address}\t{name}");
            }
        }
    }
    Ok(Plan { memberships, networks: names, hosts })
}

/// Plugs cables into machines and switches.
pub(super) fn connect(
    plan: &Plan,
    (names, networks, links): (&[&String], &[(String, CableTable)], &[CableTable]),
    machines: &mut [Config],
    seed: u64,
) -> Result<(Vec<SwitchConfig>, Vec<Link>), WorldError> {
    let chance = Rng::new(seed ^ 0x63_6162_6c65);
    let mut cables = 0;
    let mut random = || {
        cables += 1;
        chance.split(cables)
    };
    let mut switches: Vec<SwitchConfig> = plan
        .networks
        .iter()
        .map(|name| SwitchConfig { name: name.clone(), wires: Vec::new() })
        .collect();
    let mut joined = Vec::new();
    let count = machines.len();
    let plug = |machine: &mut Config, at: usize, internet: Vec<(Ipv4Addr, u8)>, wire: Wire| {
        let port = machine.ports.len() as u16;
        let address = [2, 0, 0, (at >> 8) as u8, at as u8, port as u8];
        machine.ports.push(PortConfig { address, internet, wire });
        (MachineId(at as u16), PortId(port))
    };
    for Membership { machine, network, address, prefix } in &plan.memberships {
        let (name, table) = &networks[*network];
        let path = format!("networks.{name}");
        let wire = table.wire(&path, random())?;
        let internet = vec![(*address, *prefix)];
        let a = plug(&mut machines[*machine], *machine, internet, wire);
        let switch = &mut switches[*network];
        let b = (MachineId((count + network) as u16), PortId(switch.wires.len() as u16));
        switch.wires.push(table.wire(&path, random())?);
        joined.push(Link { a, b });
    }
    for (n, link) in links.iter().enumerate() {
        let path = format!("links[{n}]");
        let expected = "two names of machines or networks";
        let between =
            link.between.as_ref().ok_or_else(|| wrong(&format!("{path}.between"), "", expected))?;
        let mut ends = [(MachineId(0), PortId(0)); 2];
        for (side, name) in between.iter().enumerate() {
            let wire = link.wire(&path, random())?;
            if let Some(at) = names.iter().position(|known| *known == name) {
                let mut internet = Vec::new();
                if let Some(text) = link.addresses.as_ref().map(|ends| &ends[side]) {
                    let expected = "an address such as \"10.0.0.1/24\"";
                    let at = format!("{path}.addresses");
                    internet.push(cidr(text).ok_or_else(|| wrong(&at, text, expected))?);
                }
                ends[side] = plug(&mut machines[at], at, internet, wire);
            } else if let Some(at) = plan.networks.iter().position(|known| known == name) {
                let switch = &mut switches[at];
                ends[side] = (MachineId((count + at) as u16), PortId(switch.wires.len() as u16));
                switch.wires.push(wire);
            } else {
                let at = format!("{path}.between");
                return Err(wrong(&at, name, "the name of a machine"));
            }
        }
        joined.push(Link { a: ends[0], b: ends[1] });
    }
    Ok((switches, joined))
}

/// The routes of a machine besides those to its own networks.
pub(super) fn routes(
    path: &str,
    table: &MachineTable,
    config: &Config,
) -> Result<Vec<Route>, WorldError> {
    let mut routes = Vec::new();
    let texts = table.routes.iter().map(|(to, over)| (to.clone(), over.clone()));
    let gateway = table.gateway.iter().map(|over| ("0.0.0.0/0".to_owned(), over.clone()));
    for (to, over) in gateway.chain(texts) {
        let network = match to.as_str() {
            "0.0.0.0/0" | "default" => Some((Ipv4Addr::UNSPECIFIED, 0)),
            text => cidr(text).or_else(|| Some((text.parse().ok()?, 32))),
        };
        let at = format!("{path}.routes");
        let (network, prefix) = network
            .ok_or_else(|| wrong(&at, &to, "a range of addresses such as \"10.0.0.0/24\""))?;
        let gateway: Ipv4Addr = over
            .parse()
            .map_err(|_| wrong(&at, &over, "a router's address such as \"10.0.0.1\""))?;
        let port = config.ports.iter().position(|port| {
            port.internet.iter().any(|(own, bits)| mask(*own, *bits) == mask(gateway, *bits))
        });
        let port =
            port.ok_or_else(|| wrong(&at, &over, "a router in one of the machine's own networks"))?;
        let (gateway, port) = (Some(gateway), PortId(port as u16));
        routes.push(Route { network, prefix, gateway, port, metric: 0 });
    }
    Ok(routes)
}
