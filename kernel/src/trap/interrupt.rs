//! Interrupts: a device has something to say, or a time has come.

use crate::abi::flags::PollEvents;
use crate::abi::signal::{Signal, code};
use crate::base::{
    Channel, ClockTimerId, CpuId, DeviceId, Duration, PortId, ProcessId, RequestId, Serial,
    ThreadId, Time, Work,
};
use crate::context::{Cx, Due, Phase, Tables};
use crate::driver::bus::Driver;
use crate::event::{Event, EventId, InputEvent, Leave, Loss, NetEvent};
use crate::hw::WireFrame;
use crate::io::{block, start};
use crate::ipc::tty::Reaction;
use crate::proc::{Alarm, Body, KThread, SignalInfo, Woken};
use crate::task::signal::{self, Target};
use crate::task::{effects, jobs, life, network, wait};

/// How many packets are taken from a card at a time (NAPI's budget). One interrupt takes all there are: nothing
/// else could run in between yet.
const BUDGET: usize = 64;

/// The context of nobody: for what the machine itself does at `cx.now`.
pub fn as_machine(cx: &mut Cx) {
    cx.caller = ThreadId::NONE;
    cx.runner = ThreadId::NONE;
    cx.serial = Serial(0);
    cx.cause = EventId::NONE;
    cx.request = RequestId::NONE;
    cx.cpu = CpuId(0);
}

/// Something on the agenda is due at `cx.now`. Time that the kernel needs for it is taken from the CPU
/// that is interrupted.
pub fn happen(t: &mut Tables, cx: &mut Cx, due: Due) {
    as_machine(cx);
    match due {
        Due::Deadline(thread) => {
            let Some(sleeper) = t.proc.threads.get(thread).filter(|thread| thread.is_parked())
            else {
                return;
            };
            cx.cause = sleeper.cause;
            cx.cause = cx.emit(Event::Input(InputEvent::Timer));
            wait::resume(t, cx, thread, Woken::Deadline);
        }
        Due::Start(program) => {
            // That there is such a program was found out at boot; if there is no room for it now, it never comes.
            let _ = start::spawn(t, cx, &program);
        }
        Due::Boost => {
            for cpu in t.sched.boost(cx.now) {
                t.cpus[usize::from(cpu.0)].resched.get_or_insert(Leave::Preempted);
            }
            for n in 0..t.cpus.len() {
                renew_slice(t, CpuId(n as u16));
            }
            wait::plan_boost(t, cx);
        }
        Due::Ring(work) => {
            if work == Work::Reclaim && !t.mm.pressure.has_swapper {
                // It is started when it is first needed.
                t.mm.pressure.has_swapper = true;
                let _ = life::start_kernel_task(t, cx, "kswapd0", Body::Kernel(KThread::Swapper));
            }
            if work == Work::Commit && !t.fs.has_committer {
                t.fs.has_committer = true;
                let _ = life::start_kernel_task(t, cx, "jbd2", Body::Kernel(KThread::Journal));
            }
            wait::wake_all(t, cx, Channel::Work(work));
        }
        Due::ClockTimer(id) => clock_timer(t, cx, id),
        Due::Alarm(process) => alarm(t, cx, process),
        Due::Attend(device) => attend(t, cx, device),
        Due::Arrive(port, frame) => arrive(t, cx, port, frame),
        Due::Network(timer) => {
            cx.cause = cx.emit(Event::Input(InputEvent::Timer));
            network::timer(t, cx, timer);
        }
        Due::Type(device, bytes) => {
            cx.cause =
                cx.emit(Event::Input(InputEvent::Key { device, length: bytes.len() as u32 }));
            let used = effects::on_behalf(cx);
            let typed = t.bus.with(device, used, &mut t.memory.ram, |_, device, wires| {
                device.type_bytes(&bytes, wires);
            });
            if let Some(((), effects)) = typed
                && effects::apply(t, cx, device, effects)
            {
                interrupt(t, cx, device);
            }
        }
    }
}

/// The policy has been asked anew how long the running thread of a CPU may go on.
pub fn renew_slice(t: &mut Tables, on: CpuId) {
    let slice = t.sched.slice(on);
    let cpu = &mut t.cpus[usize::from(on.0)];
    if cpu.current.is_some() {
        cpu.slice_end = slice.map_or(Time::MAX, |slice| cpu.clock + slice);
    }
}

/// A timer with a descriptor goes off. If it repeats, it is only counted from now on, until somebody asks.
fn clock_timer(t: &mut Tables, cx: &mut Cx, id: ClockTimerId) {
    if let Some(timer) = t.events.timers.get_mut(id) {
        timer.go_off();
        cx.cause = cx.emit(Event::Input(InputEvent::Timer));
        wait::announce(t, cx, Channel::ClockTimer(id), 1, PollEvents::IN);
    }
}

/// ITIMER_REAL goes off: SIGALRM, and again after its interval.
fn alarm(t: &mut Tables, cx: &mut Cx, id: ProcessId) {
    let Some(alarm) = t.proc.processes.get(id).and_then(|process| process.alarm) else {
        return;
    };
    cx.cause = cx.emit(Event::Input(InputEvent::Timer));
    let again = (alarm.interval > Duration::ZERO).then(|| {
        let at = cx.now + alarm.interval;
        Alarm { at, ticket: cx.at(at, Phase::Timer, Due::Alarm(id)), ..alarm }
    });
    if let Some(process) = t.proc.processes.get_mut(id) {
        process.alarm = again;
    }
    let info = SignalInfo::new(Signal::ALRM, code::SI_KERNEL);
    signal::send_info(t, cx, Target::Process(id), info);
}

/// The time has come that a device asked for.
fn attend(t: &mut Tables, cx: &mut Cx, device: DeviceId) {
    let used = effects::on_behalf(cx);
    let attended = t.bus.with(device, used, &mut t.memory.ram, |_, device, wires| {
        device.attend(wires);
    });
    if let Some(((), effects)) = attended
        && effects::apply(t, cx, device, effects)
    {
        interrupt(t, cx, device);
    }
}

/// A frame is at the end of the cable.
fn arrive(t: &mut Tables, cx: &mut Cx, port: PortId, frame: WireFrame) {
    (cx.cause, cx.request) = (frame.cause, frame.request);
    let length = frame.bytes.len() as u32;
    let Some(device) = t.net.interface(port).and_then(|interface| interface.device) else {
        return;
    };
    let bytes = cx.engine.log.keep(&[&frame.bytes]);
    let cause = cx.emit(Event::Net(NetEvent::Receive { port, length, frame: bytes }));
    cx.cause = cause;
    let used = effects::on_behalf(cx);
    let received = t.bus.with(device, used, &mut t.memory.ram, |_, device, wires| {
        device.receive(WireFrame { cause, ..frame }, wires);
    });
    let Some(((), effects)) = received else {
        return;
    };
    if effects::apply(t, cx, device, effects) {
        interrupt(t, cx, device);
    } else {
        if let Some(interface) = t.net.interface_mut(port) {
            interface.received.dropped += 1;
        }
        cx.emit(Event::Net(NetEvent::Drop { port, length, reason: Loss::Ring }));
    }
}

/// A device raises its line: the top half asks the driver what there is, the bottom half hands it on.
fn interrupt(t: &mut Tables, cx: &mut Cx, device: DeviceId) {
    let cpu = t.irq.raise(device);
    cx.cpu = cpu;
    let begun = cx.now;
    let was_busy = t.cpus[usize::from(cpu.0)].is_busy();
    cx.cause = cx.emit(Event::Input(InputEvent::Interrupt { device }));
    cx.charge(cx.costs.interrupt);
    let used = effects::on_behalf(cx);
    let (mut blocks, mut packets, mut typed) = (Vec::new(), Vec::new(), Vec::new());
    let served =
        t.bus.with(device, used, &mut t.memory.ram, |driver, device, wires| match driver {
            Some(Driver::Block(driver)) => driver.interrupt(device, wires, &mut blocks),
            Some(Driver::Net(driver)) => {
                while driver.receive(BUDGET, device, wires, &mut packets) {}
            }
            Some(Driver::Char(driver)) => {
                typed.resize(driver.waiting(device), 0);
                let count = driver.read(&mut typed, device);
                typed.truncate(count);
            }
            None => {}
        });
    if let Some(((), effects)) = served {
        effects::apply(t, cx, device, effects);
    }
    let cause = cx.cause;
    for done in blocks {
        block::finish(t, cx, device, done);
    }
    for packet in packets {
        deliver(t, cx, device, &packet);
    }
    cx.cause = cause;
    if !typed.is_empty() {
        listen(t, cx, device, &typed);
    }
    // The CPU that was interrupted lost this time, whoever had it.
    let cpu = &mut t.cpus[usize::from(cpu.0)];
    let lost = cx.now.since(begun);
    cpu.clock = if was_busy { cpu.clock + lost } else { cpu.clock.max(cx.now) };
    cpu.interrupts += lost;
}

/// Hands a packet to the packet sockets that want it, and to the network stack.
fn deliver(t: &mut Tables, cx: &mut Cx, device: DeviceId, packet: &WireFrame) {
    let Some(port) = t.net.port_of(device) else {
        return;
    };
    cx.charge(cx.costs.packet);
    (cx.cause, cx.request) = (packet.cause, packet.request);
    for socket in t.net.tap(port, packet) {
        wait::announce(t, cx, Channel::Socket(socket), 1, PollEvents::IN | PollEvents::RDNORM);
    }
    network::input(t, cx, port, &packet.bytes);
}

/// Hands what was typed to the terminal: it shows it, signals the process group in the foreground, and
/// wakes readers when there is something to read.
fn listen(t: &mut Tables, cx: &mut Cx, device: DeviceId, typed: &[u8]) {
    for &byte in typed {
        let Reaction { echo, signal } = t.tty.feed(byte);
        effects::using(t, cx, device, |driver, device, wires| {
            if let Some(Driver::Char(driver)) = driver {
                driver.write(&echo, device, wires);
            }
        });
        if let Some(signal) = signal.filter(|_| t.tty.session.is_some()) {
            let foreground = t.tty.foreground;
            jobs::signal_group(t, cx, foreground, signal);
        }
    }
    if t.tty.is_readable() {
        let came = PollEvents::IN | PollEvents::RDNORM;
        wait::announce(t, cx, Channel::Console(device), 1, came);
    }
}
