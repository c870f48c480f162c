//! A world on several host threads, with the same result.
//!
//! Each host thread owns some of the machines for the length of the run: it revives them from keyframes,
//! because a machine's programs cannot cross threads, runs them window by window, and gives keyframes back
//! at the end. Only frames and times pass between threads.

use super::{End, World, WorldWhy, deliver};
use crate::base::{MachineId, PortId, Time};
use crate::context::Outgoing;
use crate::machine::{Keyframe, Machine, Until, Why};
use crossbeam::channel::{Receiver, Sender, unbounded};

/// What a host thread is told.
enum Order {
    /// Take these frames in, then run to this time.
    Run(Time, Vec<(End, MachineId, PortId, Outgoing)>),
    /// Give the machines back.
    Finish,
}

/// What a host thread reports after a window.
struct Report {
    next: Time,
    sent: Vec<(MachineId, Outgoing)>,
    stuck: Option<(MachineId, Why)>,
}

/// Runs the machines of one host thread.
fn work(
    machines: &[(usize, Keyframe)],
    orders: &Receiver<Order>,
    reports: &Sender<Report>,
) -> Vec<(usize, Keyframe)> {
    let mut own: Vec<(usize, Machine)> =
        machines.iter().map(|(at, keyframe)| (*at, Machine::restore(keyframe))).collect();
    while let Ok(Order::Run(end, frames)) = orders.recv() {
        for (from, to, port, out) in frames {
            if let Some((_, machine)) = own.iter_mut().find(|(at, _)| *at == usize::from(to.0)) {
                deliver(machine, from, port, out);
            }
        }
        let mut report = Report { next: Time::MAX, sent: Vec::new(), stuck: None };
        for (at, machine) in &mut own {
            let id = MachineId(*at as u16);
            let why = machine.run(Until::time(end));
            if why.is_stuck() {
                report.stuck.get_or_insert((id, why));
            }
            report.next = report.next.min(machine.next_time());
            report.sent.extend(machine.take_outbox().into_iter().map(|out| (id, out)));
        }
        if reports.send(report).is_err() {
            break;
        }
    }
    own.into_iter().map(|(at, mut machine)| (at, machine.keyframe())).collect()
}

impl World {
    /// As [`World::run`], on `threads` host threads; with fewer than two, on this one.
    pub fn run_on(&mut self, threads: usize, time: Time) -> WorldWhy {
        let threads = threads.min(self.machines.len());
        if threads < 2 {
            return self.run(time);
        }
        let mut shares: Vec<Vec<(usize, Keyframe)>> = vec![Vec::new(); threads];
        for (at, machine) in self.machines.iter_mut().enumerate() {
            shares[at % threads].push((at, machine.keyframe()));
        }
        let mut next = self.next_time();
        let mut stuck = None;
        let returned = crossbeam::thread::scope(|scope| {
            let mut workers = Vec::new();
            for share in &shares {
                let (orders, receiver) = unbounded();
                let (reports, inbox) = unbounded();
                let worker = scope.spawn(move |_| work(share, &receiver, &reports));
                workers.push((orders, inbox, worker));
            }
            let mut on_the_way: Vec<(MachineId, Outgoing)> = Vec::new();
            while self.time < time && stuck.is_none() {
                let end = (next + self.lookahead).min(time);
                let mut loads: Vec<Vec<_>> = workers.iter().map(|_| Vec::new()).collect();
                for (sender, out) in on_the_way.drain(..) {
                    let from = (sender, out.port);
                    match self.routes.get(&from) {
                        Some(&(to, port)) if usize::from(to.0) < self.machines.len() => {
                            loads[usize::from(to.0) % threads].push((from, to, port, out));
                        }
                        // Switches run on this thread: they are quick.
                        Some(_) => self.hand_over(sender, out),
                        None => {}
                    }
                }
                for ((orders, ..), load) in workers.iter().zip(loads) {
                    let _ = orders.send(Order::Run(end, load));
                }
                next = Time::MAX;
                // In the order of the workers, so that nothing depends on who is faster. One that is gone reports
                // nothing, and nobody waits for it.
                for report in workers.iter().filter_map(|(_, inbox, _)| inbox.recv().ok()) {
                    next = next.min(report.next);
                    // Of several, the first machine counts.
                    stuck = stuck.into_iter().chain(report.stuck).min_by_key(|(id, _)| *id);
                    on_the_way.extend(report.sent);
                }
                for (at, switch) in self.switches.iter_mut().enumerate() {
                    let id = MachineId((self.machines.len() + at) as u16);
                    on_the_way.extend(switch.run(end).into_iter().map(|out| (id, out)));
                    next = next.min(switch.next_time());
                }
                // A frame on its way is the next thing to happen too, when it arrives.
                next = on_the_way.iter().fold(next, |next, (_, out)| next.min(out.arrives));
                self.time = end;
            }
            let mut returned = Vec::new();
            for (orders, _, worker) in workers {
                let _ = orders.send(Order::Finish);
                if let Ok(machines) = worker.join() {
                    returned.extend(machines);
                }
            }
            (returned, on_the_way)
        });
        if let Ok((returned, on_the_way)) = returned {
            for (at, keyframe) in returned {
                self.machines[at] = Machine::restore(&keyframe);
            }
            for (sender, out) in on_the_way {
                self.hand_over(sender, out);
            }
        }
        match stuck {
            Some((machine, why)) => WorldWhy::Stuck(machine, why),
            None if self.next_time() == Time::MAX => WorldWhy::Quiet,
            None => WorldWhy::Time,
        }
    }
}
