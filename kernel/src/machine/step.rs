//! A CPU at work: giving way, picking, and one step of whatever has it.

use super::Machine;
use crate::abi::program::{Answer, GuestExit, Trap};
use crate::abi::signal::{Signal, code};
use crate::abi::{Fault, UserMemory, probe};
use crate::base::{Channel, Choice, CpuId, Duration, GuestId, ServerId, ThreadId, Time};
use crate::event::{Event, Leave, MachineEvent, MemoryEvent, SchedEvent, TaskEvent, Wait};
use crate::hw::{Loan, Memory};
use crate::io::tlb;
use crate::kthread;
use crate::proc::{Body, Interruptible, KThread, State, WaitFor, Woken};
use crate::sched::Enqueue;
use crate::task::{files, life, limit, signal, wait};
use crate::trap::call;
use crate::trap::page_fault::{self, Unrepaired};

/// How many operations on memory a program may do in one go: the guard against programs that use no
/// virtual time.
const FUEL: u32 = 1 << 20;

impl Machine {
    /// Runs a CPU until its clock reaches `horizon`, it falls idle, or something happens that others must
    /// know of first.
    pub(super) fn run_cpu(&mut self, cpu: CpuId, horizon: Time) {
        let at = usize::from(cpu.0);
        self.cx.disturbed = false;
        loop {
            if self.explore && self.cx.engine.agenda.next_time() > self.tables.cpus[at].clock {
                self.maybe_preempt(cpu);
            }
            if let Some(why) = self.tables.cpus[at].resched.take() {
                self.give_way(cpu, why);
                // Whatever happens at this moment comes before the decision who is next.
                if self.cx.engine.agenda.next_time() <= self.tables.cpus[at].clock {
                    return;
                }
            }
            if self.tables.cpus[at].current.is_none() && !self.pick(cpu) {
                return;
            }
            let state = &self.tables.cpus[at];
            let Some(thread) = state.current else { return };
            let before = state.clock;
            if before >= horizon {
                return;
            }
            // What the last step has put on the agenda may come sooner than what was there.
            let event = self.cx.engine.agenda.next_time();
            let limit = horizon.min(state.slice_end.min(event).max(Time(before.0 + 1)));
            let was_deferred = self.step(cpu, thread, limit);
            let after = self.tables.cpus[at].clock;
            self.watch_progress(before, after);
            if std::mem::take(&mut self.cx.left) {
                self.check_current(cpu, thread);
            }
            let state = &self.tables.cpus[at];
            if was_deferred
                || self.cx.disturbed
                || self.explore
                || self.single
                || self.stop.is_some()
                || after >= state.slice_end
                || self.cx.engine.agenda.next_time() <= after
            {
                return;
            }
        }
    }

    /// An explorer may take the CPU from the running thread before any operation.
    fn maybe_preempt(&mut self, cpu: CpuId) {
        let state = &mut self.tables.cpus[usize::from(cpu.0)];
        let current = state.current.and_then(|thread| self.tables.proc.threads.get(thread));
        // Half of an operation that a stop has cut in two is no place to ask again.
        if current.is_some_and(|thread| thread.deferred.is_none() && thread.computing.is_none())
            && state.resched.is_none()
            && self.tables.sched.waiting(cpu) > 0
            // A fact that a program states changes nothing for anybody.
            && !state.probed
            && self.cx.engine.chooser.choose(Choice::Preempt, 2) == 1
        {
            state.resched = Some(Leave::Slice);
        }
    }

    /// The running thread leaves the CPU, and joins the queue again if it could go on.
    //DOC: give-way
    fn give_way(&mut self, cpu: CpuId, why: Leave) {
        let at = usize::from(cpu.0);
        let Some(id) = self.tables.cpus[at].current.take() else {
            return;
        };
        let clock = self.tables.cpus[at].clock;
        self.tables.cpus[at].slice_end = Time::MAX;
        let ran = clock.since(self.tables.cpus[at].since);
        self.tables.cpus[at].busy += ran;
        let mut why = why;
        let thread = self.tables.proc.threads.get_mut(id);
        let goes_on = thread.as_ref().is_some_and(|thread| thread.state == State::Running(cpu));
        self.tables.sched.leave(cpu, clock, goes_on);
        match thread {
            None => why = Leave::Exited,
            Some(thread) => {
                self.tables.cpus[at].left = thread.serial;
                match thread.state {
                    State::Running(on) if on == cpu => {
                        thread.state = State::Ready;
                        thread.times.involuntary += u64::from(why != Leave::Yielded);
                        thread.times.ready_since = clock;
                        let reason = match why {
                            Leave::Preempted => Enqueue::Preempted,
                            Leave::Yielded => Enqueue::Yielded,
                            _ => Enqueue::SliceOver,
                        };
                        let place = self.tables.sched.ready(id, reason, clock);
                        if place.cpu != cpu {
                            // It may not run here any more (sched_setaffinity(2)).
                            self.cx.now = clock;
                            wait::tell_cpu(&mut self.tables, &mut self.cx, place);
                        }
                    }
                    // It was stopped, went on, and runs elsewhere already.
                    State::Ready | State::Running(_) | State::Stopped => why = Leave::Stopped,
                    _ => why = Leave::Blocked,
                }
            }
        }
        self.tables.cpus[at].left_why = why;
        self.tables.cpus[at].left_thread = id;
    }

    /// If the running thread waits, was stopped or has ended, the CPU is free.
    fn check_current(&mut self, cpu: CpuId, thread: ThreadId) {
        let runs = self.tables.proc.threads.get(thread);
        if !runs.is_some_and(|thread| thread.state == State::Running(cpu)) {
            self.tables.cpus[usize::from(cpu.0)].resched = None;
            self.give_way(cpu, Leave::Blocked);
        }
    }

    /// Gives a CPU that is free to whoever is next. `false`: it is idle.
    //DOC: pick
    fn pick(&mut self, cpu: CpuId) -> bool {
        let at = usize::from(cpu.0);
        let clock = self.tables.cpus[at].clock;
        let next = self.tables.sched.next(cpu, clock, &mut self.cx.engine.chooser);
        self.tables.cpus[at].kicked = false;
        let Some(next) = next else {
            self.fall_idle(cpu);
            return false;
        };
        let clock = self.wait_until_ready(cpu, next, clock);
        let state = &mut self.tables.cpus[at];
        let (left, why, old) = (state.left, state.left_why, state.left_thread);
        state.current = Some(next);
        state.since = clock;
        let Some(thread) = self.tables.proc.threads.get_mut(next) else {
            return false;
        };
        thread.state = State::Running(cpu);
        if old != next {
            let space =
                self.tables.proc.processes.get(thread.process).and_then(|process| process.space);
            thread.times.waiting += clock.since(thread.times.ready_since);
            thread.times.switches += 1;
            thread.times.first_run.get_or_insert(clock);
            thread.times.migrations += u64::from(thread.cpu != cpu && thread.times.switches > 1);
            thread.cpu = cpu;
            let serial = thread.serial;
            self.context_of(cpu, next);
            self.cx.emit(Event::Sched(SchedEvent::Switch { from: left, to: serial, why }));
            self.cx.charge(self.cx.costs.context_switch);
            let state = &mut self.tables.cpus[at];
            state.switches += 1;
            // Kernel threads run in whatever space is there.
            if let Some(space) = space
                && state.space != space
            {
                self.cx.charge(self.cx.costs.space_switch);
                state.space = space;
            }
            state.clock = self.cx.now;
        }
        // Even if nobody ran in between: a server may have given it another space (execve(2)).
        let process = self.tables.proc.process_of(next);
        let satp =
            process.and_then(|process| process.space).map(|space| self.tables.mm.satp(space));
        let state = &mut self.tables.cpus[at];
        if let Some(satp) = satp {
            state.satp = satp;
        }
        state.forget_left();
        state.slice_end =
            self.tables.sched.slice(cpu).map_or(Time::MAX, |slice| state.clock + slice);
        true
    }

    /// Nobody has the CPU any more.
    fn fall_idle(&mut self, cpu: CpuId) {
        let state = &self.tables.cpus[usize::from(cpu.0)];
        if state.left_thread != ThreadId::NONE {
            let (from, to, why) = (state.left, Default::default(), state.left_why);
            self.context_of(cpu, ThreadId::NONE);
            self.cx.emit(Event::Sched(SchedEvent::Switch { from, to, why }));
            self.tables.cpus[usize::from(cpu.0)].forget_left();
        }
    }

    /// CPUs have clocks of their own, and a system call on one is done in one go: it may have made a thread ready at a
    /// moment that another CPU has not come to yet. No effect comes before its cause: until then that CPU is idle.
    /// Returns when it goes on.
    fn wait_until_ready(&mut self, cpu: CpuId, next: ThreadId, clock: Time) -> Time {
        let thread = self.tables.proc.threads.get(next);
        let ready = thread.map_or(clock, |thread| thread.times.ready_since);
        if ready > clock {
            self.fall_idle(cpu);
            self.tables.sched.steal(cpu, ready.since(clock));
            self.tables.cpus[usize::from(cpu.0)].clock = ready;
        }
        clock.max(ready)
    }

    /// Sets the context for what a thread does on a CPU.
    #[inline]
    fn context_of(&mut self, cpu: CpuId, id: ThreadId) {
        let cx = &mut self.cx;
        cx.now = self.tables.cpus[usize::from(cpu.0)].clock;
        cx.cpu = cpu;
        cx.caller = id;
        cx.runner = id;
        if let Some(thread) = self.tables.proc.threads.get(id) {
            cx.serial = thread.serial;
            cx.cause = thread.cause;
            cx.request = thread.request;
        } else {
            crate::trap::interrupt::as_machine(cx);
            cx.cpu = cpu;
        }
    }

    /// One step of the thread that has the CPU. `true` if it was a trap that had been put off.
    fn step(&mut self, cpu: CpuId, id: ThreadId, horizon: Time) -> bool {
        let Some(thread) = self.tables.proc.threads.get(id) else { return false };
        let cx = &mut self.cx;
        cx.now = self.tables.cpus[usize::from(cpu.0)].clock;
        (cx.cpu, cx.caller, cx.runner) = (cpu, id, id);
        self.tables.memory.loan.cpu = cpu;
        (cx.serial, cx.cause, cx.request) = (thread.serial, thread.cause, thread.request);
        let before = cx.now;
        let deferred = match thread.body {
            Body::User => return self.step_user(cpu, id, horizon),
            Body::Kernel(kind) => self.step_kernel(id, kind),
            Body::Server(server) => self.step_server(id, server),
            Body::Vcpu(guest, vcpu) => self.step_vcpu(id, (guest, vcpu), horizon),
        };
        self.tables.cpus[usize::from(cpu.0)].clock = self.cx.now;
        if let Some(thread) = self.tables.proc.threads.get_mut(id) {
            thread.times.system += self.cx.now.since(before);
        }
        deferred
    }

    fn step_user(&mut self, cpu: CpuId, id: ThreadId, horizon: Time) -> bool {
        let at = usize::from(cpu.0);
        let entered = self.cx.now;
        let Some(thread) = self.tables.proc.threads.get_mut(id) else {
            return false;
        };
        // A trap that was put off comes first: its answer belongs to whoever trapped.
        let signalled = thread.signalled && thread.deferred.is_none();
        let mut deferred = false;
        if signalled {
            let (t, calls, cx) = (&mut self.tables, &mut self.calls, &mut self.cx);
            match signal::take(t, calls, cx, id) {
                signal::Taken::GoOn => {}
                signal::Taken::EndCall => {
                    call::again(t, calls, cx);
                    self.leave_kernel(at, id, entered);
                    return false;
                }
                signal::Taken::Gone => {
                    self.leave_kernel(at, id, entered);
                    return false;
                }
            }
        }
        if self.calls.of(id).active {
            call::again(&mut self.tables, &mut self.calls, &mut self.cx);
        } else {
            let Some(thread) = self.tables.proc.threads.get_mut(id) else {
                return false;
            };
            thread.woken = None;
            let mut trap = Trap::Preempt;
            if let Some(put_off) = thread.deferred.take() {
                (trap, deferred) = (put_off, true);
            } else {
                self.resume(cpu, id, horizon, &mut trap);
                // A trap at the horizon waits until all that happens before it has happened.
                if self.cx.now >= horizon && trap != Trap::Preempt {
                    if let Some(thread) = self.tables.proc.threads.get_mut(id) {
                        thread.deferred = Some(trap);
                    }
                    return false;
                }
            }
            let begun = self.cx.now;
            self.serve(id, &trap);
            self.leave_kernel(at, id, begun);
            return deferred;
        }
        self.leave_kernel(at, id, entered);
        deferred
    }

    /// The kernel has worked for a thread since `begun`.
    #[inline]
    fn leave_kernel(&mut self, at: usize, id: ThreadId, begun: Time) {
        self.tables.cpus[at].clock = self.cx.now;
        if let Some(thread) = self.tables.proc.threads.get_mut(id) {
            thread.times.system += self.cx.now.since(begun);
        }
    }

    /// Lends the CPU and its memory to the program until its next trap.
    #[inline]
    fn resume(&mut self, cpu: CpuId, id: ThreadId, horizon: Time, trap: &mut Trap) {
        let t = &mut self.tables;
        let Some(thread) = t.proc.threads.get_mut(id) else {
            return;
        };
        let answer = std::mem::replace(&mut thread.answer, Answer::Retry);
        let fuel = if self.explore { 1 } else { FUEL };
        let loan = Loan {
            cpu,
            satp: t.cpus[usize::from(cpu.0)].satp,
            clock: self.cx.now,
            horizon,
            fuel,
            computing: thread.computing,
        };
        let Some(program) = self.cx.live.programs.live(id) else {
            return;
        };
        let Some(spare) = self.spare.take() else {
            return;
        };
        let mut memory = std::mem::replace(&mut t.memory, spare);
        memory.loan = loan;
        let (hits, misses) = memory.tlb(cpu).map_or((0, 0), |tlb| (tlb.hits, tlb.misses));
        let returned = program.resume(answer, memory as Box<dyn UserMemory>, trap);
        let Ok(memory) = returned.into_any().downcast::<Memory>() else {
            unreachable!("a program gives back the memory that it was lent")
        };
        let Loan { clock, computing, fuel: left, .. } = memory.loan;
        // If it has done nothing on its way to the trap, and the trap is a fact that it states, nobody can tell whether
        // somebody else ran in between.
        let states = matches!(trap, Trap::Call { number, .. } if probe::is_probe(*number));
        t.cpus[usize::from(cpu.0)].probed = states && left == fuel;
        if let Some(tlb) = memory.tlb(cpu) {
            thread.times.tlb_hits += tlb.hits - hits;
            thread.times.tlb_misses += tlb.misses - misses;
        }
        self.spare = Some(std::mem::replace(&mut t.memory, memory));
        thread.computing = computing;
        thread.times.user += clock.since(self.cx.now);
        self.tables.cpus[usize::from(cpu.0)].clock = clock;
        self.cx.now = clock;
    }

    /// Serves a trap of a user program.
    #[inline]
    //DOC: serve
    fn serve(&mut self, id: ThreadId, trap: &Trap) {
        let (t, calls, cx) = (&mut self.tables, &mut self.calls, &mut self.cx);
        match *trap {
            Trap::Call { number, ref arguments } => call::enter(t, calls, cx, number, arguments),
            Trap::Preempt => limit::watch_cpu(t, cx, id),
            Trap::Fault(fault) => self.fault(id, fault),
            Trap::SigReturn => signal::handler_returned(t, calls, cx, id),
            Trap::Abort(why) => {
                cx.emit(Event::Task(TaskEvent::Abort { why }));
                let status = u32::from(Signal::ABRT.number()) | 0x80;
                life::end_process(t, calls, cx, id, status);
            }
        }
    }

    /// A page fault outside any call: repaired, or a signal.
    fn fault(&mut self, id: ThreadId, fault: Fault) {
        let (t, calls, cx) = (&mut self.tables, &mut self.calls, &mut self.cx);
        let repaired = page_fault::repair(t, cx, calls.of(id), id, fault);
        if let Err(Unrepaired::Park(wait)) = repaired {
            return wait::park(t, cx, id, wait);
        }
        files::release_held(t, calls, cx, id);
        let (signal, si_code) = match repaired {
            Ok(()) | Err(Unrepaired::Park(_)) => return,
            Err(Unrepaired::Violation(si_code)) => (Signal::SEGV, si_code),
            Err(Unrepaired::NoData) => (Signal::BUS, code::BUS_ADRERR),
            Err(Unrepaired::Misaligned) => (Signal::BUS, code::BUS_ADRALN),
            Err(Unrepaired::NoMemory) => (Signal::KILL, code::SI_KERNEL),
        };
        let Fault { address, access } = fault;
        cx.cause = cx.emit(Event::Memory(MemoryEvent::Violation { address, access }));
        signal::force(t, cx, id, signal, si_code, address);
    }

    fn step_kernel(&mut self, id: ThreadId, kind: KThread) -> bool {
        let (t, calls, cx) = (&mut self.tables, &mut self.calls, &mut self.cx);
        let wait = kthread::step(kind, calls.of(id), t, cx);
        tlb::settle(t, cx);
        wait::park(t, cx, id, wait);
        false
    }

    /// A server takes the client who has waited longest and runs its call.
    fn step_server(&mut self, id: ThreadId, server: ServerId) -> bool {
        let (t, calls, cx) = (&mut self.tables, &mut self.calls, &mut self.cx);
        let Some(client) = t.boxes.take(server) else {
            let wait = WaitFor::channel(Channel::Server(server), Wait::Server, Interruptible::No);
            wait::park(t, cx, id, WaitFor { exclusive: true, ..wait });
            return false;
        };
        let Some(thread) = t.proc.threads.get(client) else {
            return false;
        };
        (cx.caller, cx.serial) = (client, thread.serial);
        (cx.cause, cx.request) = (thread.cause, thread.request);
        cx.charge(cx.costs.message);
        call::attempt(t, calls, cx);
        let waits_for_reply = t.proc.threads.get(client).is_some_and(
            |thread| matches!(&thread.state, State::Parked(parked) if parked.kind == Wait::Server),
        );
        if waits_for_reply {
            cx.charge(cx.costs.message);
            // A call that is still under way has a signal to look at first.
            let interrupted = calls.of(client).active;
            let woken =
                if interrupted { Woken::Signal } else { Woken::Channel(Channel::Reply(client)) };
            wait::resume(t, cx, client, woken);
        }
        false
    }

    /// A virtual CPU runs its guest until the horizon, or until the guest has nothing to do.
    fn step_vcpu(&mut self, id: ThreadId, (guest, vcpu): (GuestId, u16), horizon: Time) -> bool {
        let (t, calls, cx) = (&mut self.tables, &mut self.calls, &mut self.cx);
        let from = cx.now;
        let Some(ran) = cx.live.guest(guest).map(|guest| guest.run(vcpu, from, horizon)) else {
            life::end_thread(t, calls, cx, id, 0);
            return false;
        };
        cx.charge(ran.used);
        let mut guest_time = Duration::ZERO;
        if let Some(thread) = t.proc.threads.get_mut(id) {
            thread.times.guest += ran.used;
            guest_time = thread.times.guest;
        }
        if ran.exit == GuestExit::Preempted {
            // The horizon is the host's affair: nothing has happened that the guest could have caused.
            return false;
        }
        let index = guest.index() as u32;
        cx.emit(Event::Machine(MachineEvent::GuestExit { guest: index, used: guest_time.0 }));
        cx.charge(cx.costs.vm_exit);
        match ran.exit {
            GuestExit::Idle(until) => {
                wait::park(t, cx, id, WaitFor::until(until, Interruptible::No));
            }
            GuestExit::Stopped => life::end_thread(t, calls, cx, id, 0),
            GuestExit::Preempted | GuestExit::Device => {}
        }
        false
    }
}
