//! Switching a machine on.

use super::config::MAX_INTERLEAVE;
use super::{Config, DiskConfig, Machine, PartitionConfig};
use crate::abi::Errno;
use crate::base::{
    Agenda, Chooser, CpuId, DeviceId, MachineId, NsId, ProcessId, RequestId, Rng, Serial, ServerId,
    ThreadId, Time,
};
use crate::context::{Calls, Cpu, Cx, Due, Engine, Live, Phase, Tables};
use crate::driver::Bus;
use crate::driver::bus::Driver;
use crate::event::{Event, EventId, Log, MachineEvent};
use crate::fs::{Fs, MiniFs, OnMedium};
use crate::hw::disk::Disk;
use crate::hw::nic::Nic;
use crate::hw::uart::Uart;
use crate::hw::{InterruptController, Memory};
use crate::io::start;
use crate::ipc::shm::Segments;
use crate::ipc::{Boards, Events, Mailboxes, PiLocks, Pipes, Tty};
use crate::mm::pressure::Replacer;
use crate::mm::{Mm, SwapArea};
use crate::net::Net;
use crate::proc::{Body, KThread, Proc, Start};
use crate::sched::Scheduler;
use crate::task::{effects, life};
use crate::trap::call::SERVERS;
use std::fmt;
use std::sync::Arc;

/// What the network draws from is not what getrandom(2) draws from.
const NETWORK: u64 = 0x6e65_7477_6f72_6b00;

/// What keeps a machine from being switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BootError {
    /// No CPU, or more than 1024.
    Cpus(u16),
    /// Too little memory to work with, or more than 2³⁰ frames.
    Frames(u32),
    /// No such scheduling policy.
    Policy(String),
    /// No such policy of page replacement.
    Replacement(String),
    /// No such policy for memory in blocks.
    Partitioning(String),
    /// Not so many frames side by side: blocks need less than all memory.
    Partition(u32),
    /// Memory in blocks, and a swap area for pages.
    PartitionWithSwap,
    /// A program could not be started.
    Program(String, Errno),
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpus(n) => write!(f, "{n} CPUs: expected 1 to 1024"),
            Self::Frames(n) => write!(f, "{n} frames of memory: expected 64 to 1073741824"),
            Self::Policy(name) => {
                let known = crate::sched::POLICIES.join(", ");
                write!(f, "no scheduling policy is called `{name}`: expected one of {known}")
            }
            Self::Replacement(name) => {
                let known = crate::mm::replace::POLICIES.join(", ");
                write!(f, "no page replacement is called `{name}`: expected one of {known}")
            }
            Self::Partitioning(name) => {
                let known = crate::mm::partition::POLICIES.join(", ");
                write!(f, "no policy for blocks is called `{name}`: expected one of {known}")
            }
            Self::Partition(frames) => {
                write!(
                    f,
                    "{frames} frames in blocks: expected at least 1, and 4 MiB less than there are"
                )
            }
            Self::PartitionWithSwap => {
                write!(f, "memory in blocks cannot be swapped: expected one or the other")
            }
            Self::Program(path, errno) => {
                write!(f, "cannot start `{path}`: {} ({})", errno.message(), errno.name())
            }
        }
    }
}

impl std::error::Error for BootError {}

impl Machine {
    /// Switches a machine on: everything is in place, and nothing has run.
    ///
    /// # Errors
    /// [`BootError`].
    pub fn boot(config: Config) -> Result<Self, BootError> {
        if !(1..=1024).contains(&config.cpus) {
            return Err(BootError::Cpus(config.cpus));
        }
        if !(64..=1 << 30).contains(&config.frames) {
            return Err(BootError::Frames(config.frames));
        }
        let policy = config.scheduler.make();
        let policy = policy.ok_or_else(|| BootError::Policy(config.scheduler.policy.clone()))?;
        let replacer = Replacer::by_name(&config.replacement, config.scheduler.seed);
        let replacer =
            replacer.ok_or_else(|| BootError::Replacement(config.replacement.clone()))?;
        let mut mm = Mm::new(config.frames);
        mm.pressure.replacer = replacer;
        mm.promises.rule = config.overcommit;
        if let Some(wanted) = &config.partitions {
            partition(&mut mm, wanted, config.swap.is_some())?;
        }
        let tables = Tables {
            memory: Box::new(Memory::new(
                config.cpus,
                config.frames,
                &config.costs,
                config.journal_limit,
            )),
            cpus: vec![Cpu::default(); usize::from(config.cpus)],
            bus: Bus::default(),
            irq: InterruptController::new(config.cpus),
            wires: Vec::new(),
            sched: Scheduler::new(config.cpus, policy.as_ref()),
            mm,
            fs: Fs::new(config.cache_limit),
            net: Net::new(Rng::new(config.scheduler.seed ^ NETWORK).split(u64::from(config.id.0))),
            boxes: Mailboxes::new(SERVERS.len()),
            boards: Boards::default(),
            pi: PiLocks::default(),
            shm: Segments::default(),
            pipes: Pipes::default(),
            events: Events::default(),
            tty: Tty::default(),
            proc: Proc::default(),
            console: None,
            name: config.name.clone(),
            random: Rng::new(config.scheduler.seed).split(u64::from(config.id.0)),
        };
        let interleave = config.interleave.min(MAX_INTERLEAVE);
        let config = Arc::new(Config { interleave, ..config });
        let cx = context(&config);
        let mut machine = Self::assemble(Arc::clone(&config), tables, Calls::default(), cx);

        machine.tables.net.prefer_ports(&config.chosen_ports);
        machine.plug_devices(&config); // drivers must be there before anything is read or sent
        machine.mount(&config); // programs come from files
        machine
            .cx
            .emit(Event::Machine(MachineEvent::Boot { cpus: config.cpus, frames: config.frames }));
        let (later, at_boot): (Vec<&Start>, Vec<&Start>) =
            config.programs.iter().partition(|start| start.time > Time::ZERO);
        let (first, others) = at_boot.split_at(at_boot.len().min(1));
        for start in first {
            machine.spawn(start)?; // number 1, which inherits orphans: init, if the world is wise
        }
        machine.start_kernel_tasks(); // before anybody needs them
        for start in others {
            machine.spawn(start)?; // the world's other programs
        }
        for start in later {
            machine.plan(start)?; // and those that come later
        }
        Ok(machine)
    }

    fn plug_devices(&mut self, config: &Config) {
        let console = self.plug("ttyS0", Box::new(Uart::default()));
        self.tables.console = Some(console);
        if let Some(disk) = &config.disk {
            self.plug_disk("vda", disk);
        }
        if let Some(disk) = &config.swap {
            let slots = u32::try_from(disk.medium.blocks()).unwrap_or(u32::MAX);
            let device = self.plug_disk("vdb", disk);
            // As swapon(2) would.
            self.tables.mm.swap = Some(SwapArea::new(device, slots));
            self.tables.mm.promises.add_swap(slots);
        }
        for (n, port) in config.ports.iter().enumerate() {
            let name = format!("eth{n}");
            let device = self.plug(&name, Box::new(Nic::new(port.address)));
            let net = &mut self.tables.net;
            let id = net.attach(NsId(0), name, device, port.address);
            for (address, prefix) in &port.internet {
                net.configure(id, *address, *prefix);
            }
            self.tables.wires.push(port.wire.clone());
        }
        if let Some(stack) = self.tables.net.stack_mut(NsId(0)) {
            for route in &config.routes {
                stack.routes.add(*route);
            }
            stack.forwards = config.forwards;
        }
    }

    fn plug_disk(&mut self, name: &str, disk: &DiskConfig) -> DeviceId {
        let device = self.plug(name, Box::new(Disk::new(disk.medium.clone(), disk.timing)));
        if let Some(Driver::Block(driver)) = self.tables.bus.driver_mut(device) {
            driver.set_scheduler(disk.scheduler, Time::ZERO);
        }
        device
    }

    fn plug(&mut self, name: &str, device: Box<dyn crate::hw::Device>) -> DeviceId {
        let (t, cx) = (&mut self.tables, &mut self.cx);
        let id = t.bus.plug(name, device);
        t.irq.connect(id);
        let (bus, memory, mm) = (&mut t.bus, &mut t.memory, &mut t.mm);
        let probed = bus.probe(id, effects::on_behalf(cx), &mut memory.ram, || mm.kernel_frame());
        if let Some(probed) = probed {
            effects::apply(t, cx, id, probed);
        }
        id
    }

    /// Puts files into place: a root in memory with what the machine starts with; over it the first disk, if it has a
    /// file system; and what the kernel itself offers, where there are directories for it.
    fn mount(&mut self, config: &Config) {
        let (t, cx) = (&mut self.tables, &mut self.cx);
        crate::io::root::mount(t, cx, config.initramfs.as_deref());
        let Some(disk) = &config.disk else { return };
        // The boot loader reads the superblock before the kernel has a cache to read it into.
        let blocks = OnMedium { medium: &disk.medium, size: crate::hw::PAGE_SIZE };
        if let Ok(fs) = MiniFs::mount(&blocks) {
            crate::io::root::mount_disk(t, Box::new(fs), DeviceId(1), &blocks);
        }
    }

    fn start_kernel_tasks(&mut self) {
        let (t, cx) = (&mut self.tables, &mut self.cx);
        let apart = self.config.kernel_pids_after.map(|after| t.proc.number_after(after));
        if self.config.disk.is_some() {
            let _ = life::start_kernel_task(t, cx, "flusher", Body::Kernel(KThread::Flusher));
        }
        if self.config.swap.is_some() {
            t.mm.pressure.has_swapper = true;
            let _ = life::start_kernel_task(t, cx, "kswapd0", Body::Kernel(KThread::Swapper));
        }
        if cx.structure == crate::context::Structure::Microkernel {
            for (n, name) in SERVERS.iter().enumerate() {
                let body = Body::Server(ServerId(n as u8));
                if let Ok(task) = life::start_kernel_task(t, cx, name, body) {
                    cx.servers.push(task);
                }
            }
        }
        if let Some(last) = apart {
            self.tables.proc.number_after(last);
        }
    }

    /// Starts a program as the kernel starts init: without fork, and with the console as its standard
    /// input, output and error.
    ///
    /// # Errors
    /// [`BootError::Program`].
    pub fn spawn(&mut self, start: &Start) -> Result<ProcessId, BootError> {
        let fail = |errno| BootError::Program(start.path.clone(), errno);
        let (t, cx) = (&mut self.tables, &mut self.cx);
        crate::trap::interrupt::as_machine(cx);
        cx.now = self.time;
        start::spawn(t, cx, start).map_err(fail)
    }

    /// Puts a program on the agenda.
    fn plan(&mut self, start: &Start) -> Result<(), BootError> {
        let fail = |errno| BootError::Program(start.path.clone(), errno);
        self.cx.loader.load(&start.path, &[]).map_err(fail)?;
        self.cx.at(start.time, Phase::Arrival, Due::Start(Arc::new(start.clone())));
        Ok(())
    }

    /// Takes a guest in: a task of this machine becomes its virtual CPU.
    ///
    /// # Errors
    /// [`BootError::Program`] if there is no number left for the task.
    pub fn add_guest(
        &mut self,
        name: &str,
        guest: Box<dyn crate::abi::program::Guest>,
    ) -> Result<crate::base::GuestId, BootError> {
        let id = self.cx.live.add_guest(guest);
        crate::trap::interrupt::as_machine(&mut self.cx);
        self.cx.now = self.time;
        life::start_kernel_task(&mut self.tables, &mut self.cx, name, Body::Vcpu(id, 0))
            .map_err(|errno| BootError::Program(name.to_owned(), errno))?;
        Ok(id)
    }
}

/// Sets memory aside that is handed out in blocks.
fn partition(mm: &mut Mm, wanted: &PartitionConfig, has_swap: bool) -> Result<(), BootError> {
    if has_swap {
        return Err(BootError::PartitionWithSwap);
    }
    mm.partition(&wanted.policy, wanted.frames).map_err(|errno| match errno {
        Errno::EINVAL => BootError::Partitioning(wanted.policy.clone()),
        _ => BootError::Partition(wanted.frames),
    })
}

/// The context of a machine that has just been switched on.
pub(super) fn context(config: &Config) -> Cx {
    let chooser = if config.explore {
        Chooser::recording(config.schedule.clone())
    } else {
        Chooser::with(config.schedule.clone())
    };
    Cx {
        now: Time::ZERO,
        caller: ThreadId::NONE,
        runner: ThreadId::NONE,
        serial: Serial(0),
        cpu: CpuId(0),
        cause: EventId::NONE,
        request: RequestId::NONE,
        left: false,
        disturbed: false,
        engine: Engine {
            agenda: Agenda::new(),
            next_sequence: 0,
            log: Log::new(config.id, config.log_keep, config.capture),
            chooser,
            outbox: Vec::new(),
            sent: 0,
            calls: 0,
            last_request: 0,
        },
        live: Live::default(),
        check_parks: config.check_parks,
        harm: None,
        machine: MachineId(config.id.0),
        costs: config.costs.clone(),
        dialect: config.dialect,
        structure: config.structure,
        servers: Vec::new(),
        loader: Arc::clone(&config.loader),
    }
}
