//! "Why?": the chain of events that explains a thread, a call, a page, a lock, a packet, a disk request or a request.
//!
//! Layers: `scene` looks things up in the records of all machines; `chain` follows causes; `thread`, `call`
//! and `object` know which event answers which question; `words` has the sentences that no single event makes,
//! in both languages; `subject` reads `web:7`.
//!
//! A typical sequence: a thread is asleep. Its `Block` is found, and the call it waits in. The record that ends the
//! sleep names the thread that will wake it: what does *that* one do at the moment? It is ready, and somebody else has
//! its CPU. That is the answer; then come the causes, from link to link, back to a key, a timer or the boot.
//!
//! Nothing here looks into a machine: whoever has the log gets the same answer.
//!
//! Taken from elsewhere: to follow a sleeper to its waker, and that one to its own, is what `wakeuptime` and
//! `offwaketime` of BCC do (Gregg, *Systems Performance*, 2nd ed., §5.4.2 and §6.6.20); causes from event to event are
//! this log's own.

mod call;
mod chain;
mod object;
mod scene;
mod subject;
#[cfg(test)]
mod tests;
mod thread;
mod words;

pub use scene::{Scene, Stage};
pub use subject::{Kind, Problem, Question, Subject, ThreadName};

use crate::lang::Lang;
use chain::Chain;
use oscope_kernel::base::{MachineId, Time};
use oscope_kernel::event::{Event, EventId};

/// How a link hangs on the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bond {
    /// The answer itself: how things stand at the moment.
    Now,
    /// Without this, the link before would not have happened.
    Because,
    /// The call in which it happened.
    In,
    /// What others did all that while.
    Meanwhile,
    /// What ends it, later.
    Until,
    /// An earlier event of the same thing.
    Before,
}

impl Bond {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Because => "because",
            Self::In => "in",
            Self::Meanwhile => "meanwhile",
            Self::Until => "until",
            Self::Before => "before",
        }
    }

    /// Its name in a language.
    #[must_use]
    pub fn word(self, lang: Lang) -> &'static str {
        words::bond(lang, self)
    }
}

/// Explains an event, as it stands at a moment.
#[must_use]
pub fn explain_event(scene: &Scene<'_>, event: EventId, time: Time, lang: Lang) -> Answer {
    let mut chain = Chain::new(scene, time, lang);
    if let Some(seen) = scene.seen(event) {
        let machine = event.machine();
        match seen.record.event {
            Event::Call(_) => call::told(&mut chain, machine, seen),
            _ => {
                chain.tell(machine, seen, Bond::Now);
                chain.made_by(machine, seen);
                chain.causes(seen);
                chain.left(machine, seen);
            }
        }
    }
    chain.answer()
}

/// One link of a chain: an event, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The event.
    pub event: EventId,
    /// In whose log.
    pub machine: MachineId,
    /// When it happened.
    pub time: Time,
    /// How it hangs on the one before.
    pub bond: Bond,
    /// The sentence, without its full stop.
    pub text: String,
}

/// What there is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The answer in one sentence.
    pub text: String,
    /// The chain: the answer's own event first. Empty if no event is about it.
    pub links: Vec<Link>,
}

/// Explains something as it stands at a moment.
///
/// # Errors
/// What was asked for does not exist, and what does.
pub fn explain(
    scene: &Scene<'_>,
    question: &Question,
    time: Time,
    lang: Lang,
) -> Result<Answer, Problem> {
    let machine = question.machine;
    let mut chain = Chain::new(scene, time, lang);
    match &question.subject {
        Subject::Thread(thread) => {
            let serial = scene.thread(machine, thread, time)?;
            thread::explain(&mut chain, machine, serial);
        }
        Subject::Call { thread, name } => {
            let serial = scene.thread(machine, thread, time)?;
            call::explain(&mut chain, machine, serial, name.as_deref())?;
        }
        Subject::Page { pid, address } => object::page(&mut chain, machine, *pid, *address),
        Subject::Lock(address) => object::lock(&mut chain, machine, *address),
        Subject::Disk(block) => object::disk(&mut chain, machine, *block)?,
        Subject::Packet(number) => object::packet(&mut chain, machine, *number)?,
        Subject::Request(number) => object::request(&mut chain, *number)?,
    }
    Ok(chain.answer())
}
