//! "Why?": the chain of causes of an event, over all machines.

use super::log::{EventId, Log, Record};

/// The chain that ends in `event`: itself first, then its cause, that one's cause, back to a first cause
/// or to where the logs no longer reach. `logs` are the logs of the world, in any order.
///
/// A cause lies earlier in the same log, or in another machine's; the chain is cut after 10,000 links.
pub fn why<'a>(logs: &[&'a Log], event: EventId) -> Vec<(EventId, &'a Record)> {
    let mut chain = Vec::new();
    let mut at = event;
    while !at.is_none() && chain.len() < 10_000 {
        let log = logs.iter().find(|log| log.machine() == at.machine());
        let Some(record) = log.and_then(|log| log.get(at.sequence())) else {
            break;
        };
        chain.push((at, record));
        at = record.stamp.cause;
    }
    chain
}
