//! A Rust program as the kernel runs it: a stack of futures and a journal.

use super::Sys;
use super::image::{Body, ProgramFuture, RustImage};
use super::journal::{Cursor, Journal};
use super::port::Port;
use super::quiet::catch;
use oscope_kernel::abi::program::{Abort, Answer, Program, SavedProgram, SignalFrame, Trap};
use oscope_kernel::abi::{UserMemory, nr};
use oscope_kernel::base::Digester;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// A program as a value: its body and what it was answered.
#[derive(Clone)]
pub(super) struct Saved {
    image: Arc<RustImage>,
    body: Body,
    journal: Journal,
    stack: u64,
    /// A number for what it became by rebasing, and how often it did.
    became: (u64, u64),
    /// The call at which a program ends whose body returns.
    ending: u16,
}

impl Saved {
    /// A program that has not been asked anything yet.
    pub(super) fn start(image: Arc<RustImage>, body: Body, stack: u64) -> Self {
        Self {
            image,
            body,
            journal: Journal::default(),
            stack,
            became: (0, 0),
            ending: nr::EXIT_GROUP,
        }
    }
}

impl SavedProgram for Saved {
    fn revive(&self) -> Box<dyn Program> {
        Box::new(RustProgram::revive(self.clone()))
    }

    fn digest(&self) -> u64 {
        // The answers themselves came out of state that is digested elsewhere.
        Digester::of(&(self.journal.len(), self.stack, self.became))
    }
}

/// A program under way.
pub(super) struct RustProgram {
    saved: Saved,
    port: Rc<Port>,
    /// The body, and the signal handlers on top of it.
    futures: Vec<ProgramFuture>,
    /// A trap that came up while it was revived: it broke its contract.
    broken: Option<Trap>,
}

impl RustProgram {
    fn revive(saved: Saved) -> Self {
        let port = Rc::new(Port::new(saved.journal.clone(), saved.stack));
        let mut program = Self { saved, port, futures: Vec::new(), broken: None };
        program.begin();
        program.saved.journal = Journal::default();
        if program.port.replaying.get() && program.broken.is_none() {
            // Runs through the journal and stops at the question that has no answer yet.
            let mut trap = Trap::Preempt;
            program.poll(&mut trap);
            if let Trap::Abort(_) = trap {
                program.broken = Some(trap);
            }
        }
        program
    }

    /// Makes the body's future. Its code may panic here already.
    fn begin(&mut self) {
        let old = std::mem::take(&mut self.futures);
        let (body, sys) = (&self.saved.body, Sys::new(Rc::clone(&self.port), 0));
        match catch(|| {
            drop(old);
            body(sys)
        }) {
            Some(future) => self.futures.push(future),
            None => self.broken = Some(Trap::Abort(Abort::Panic)),
        }
    }

    /// Polls the topmost future until a trap comes out.
    fn poll(&mut self, trap: &mut Trap) {
        loop {
            self.port.clear_trap();
            let Some(top) = self.futures.last_mut() else {
                *trap = self.end(0);
                return;
            };
            let mut context = Context::from_waker(Waker::noop());
            let polled = catch(|| top.as_mut().poll(&mut context));
            match polled {
                None => *trap = Trap::Abort(Abort::Panic),
                Some(Poll::Ready(code)) if self.futures.len() == 1 => *trap = self.end(code),
                Some(Poll::Ready(_)) => {
                    self.futures.pop();
                    // During a replay what the handler interrupted goes on from the journal.
                    if self.is_replaying() {
                        continue;
                    }
                    *trap = Trap::SigReturn;
                }
                Some(Poll::Pending) => {
                    if let Some(body) = self.port.rebase.take() {
                        if self.futures.len() == 1 {
                            self.rebase(body);
                            // A program that did nothing but rebase would never come back from here.
                            *trap = Trap::Preempt;
                            return;
                        }
                        // From inside a handler there is no way back to what it interrupted.
                        *trap = Trap::Abort(Abort::Panic);
                        return;
                    }
                    if self.is_replaying() && self.replay_signal() {
                        continue;
                    }
                    self.port.take_trap(trap);
                }
            }
            return;
        }
    }

    /// The body returned: that is exit_group(2), or exit(2) for a thread.
    fn end(&self, code: u64) -> Trap {
        Trap::Call { number: u64::from(self.saved.ending), arguments: [code, 0, 0, 0, 0, 0] }
    }

    fn is_replaying(&self) -> bool {
        if self.port.replaying.get() {
            let mut cursor = self.port.cursor.get();
            if self.port.journal.borrow().get(&mut cursor).is_none() {
                self.port.replaying.set(false);
            }
        }
        self.port.replaying.get()
    }

    /// If the journal goes on with a signal, its handler is pushed.
    fn replay_signal(&mut self) -> bool {
        let mut cursor = self.port.cursor.get();
        let entry = self.port.journal.borrow().get(&mut cursor);
        let frame = entry.and_then(|entry| self.port.journal.borrow().frame(cursor, entry));
        let Some(frame) = frame else {
            return false;
        };
        Journal::step(&mut cursor);
        self.port.cursor.set(cursor);
        self.push_handler(&frame)
    }

    fn push_handler(&mut self, frame: &SignalFrame) -> bool {
        let Some(function) = self.saved.image.by_address(frame.handler) else {
            return false;
        };
        let sys = Sys::new(Rc::clone(&self.port), self.futures.len()).told(frame.info);
        match catch(|| function(sys, u64::from(frame.signal))) {
            Some(future) => self.futures.push(future),
            None => self.broken = Some(Trap::Abort(Abort::Panic)),
        }
        true
    }

    /// The program goes on as another body; what it was answered before no longer matters.
    fn rebase(&mut self, (body, state): (Body, u64)) {
        self.port.journal.replace(Journal::default());
        self.port.cursor.set(Cursor::default());
        self.port.replaying.set(false);
        self.saved.became = (state, self.saved.became.1 + 1);
        self.saved.body = body;
        self.begin();
    }
}

impl Program for RustProgram {
    fn resume(
        &mut self,
        answer: Answer,
        memory: Box<dyn UserMemory>,
        trap: &mut Trap,
    ) -> Box<dyn UserMemory> {
        if let Some(broken) = self.broken {
            *trap = broken;
            return memory;
        }
        self.port.answer.set(match answer {
            Answer::Value(value) => Some(value),
            Answer::Retry => None,
        });
        self.port.lend(memory);
        self.poll(trap);
        let Some(memory) = self.port.memory.take() else {
            unreachable!("nobody but this function takes the loan out of the port")
        };
        memory
    }

    fn signal(&mut self, frame: SignalFrame) -> bool {
        let is_known = self.push_handler(&frame);
        if is_known {
            self.port.journal.borrow_mut().push_signal(&frame);
        }
        is_known
    }

    fn save(&mut self) -> Arc<dyn SavedProgram> {
        let mut journal = self.port.journal.borrow_mut();
        journal.seal();
        Arc::new(Saved { journal: journal.clone(), ..self.saved.clone() })
    }

    fn thread(&self, stack: u64) -> Arc<dyn SavedProgram> {
        let image = Arc::clone(&self.saved.image);
        // What libc's clone wrapper does: the function and its argument lie on the new stack.
        let start = move |sys: Sys| -> ProgramFuture {
            let image = Arc::clone(&image);
            Box::pin(async move {
                let address = sys.load(stack).await;
                let word = sys.load(stack + 8).await;
                match image.by_address(address) {
                    Some(function) => function(sys, word).await,
                    // A jump to where nothing is.
                    None => sys.load(address).await,
                }
            })
        };
        let mut saved = Saved::start(Arc::clone(&self.saved.image), Arc::new(start), stack);
        saved.ending = nr::EXIT;
        Arc::new(saved)
    }

    fn journal_length(&self) -> usize {
        self.port.journal.borrow().len()
    }
}

impl Drop for RustProgram {
    /// What a future holds may panic when it is dropped: that is the program's affair as well.
    fn drop(&mut self) {
        let futures = std::mem::take(&mut self.futures);
        let _ = catch(|| drop(futures));
    }
}
