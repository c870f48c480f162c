//! A run's packets as a file for Wireshark: pcapng (draft-ietf-opsawg-pcapng), with one interface for each card and each
//! loopback, named `web.eth0`.
//!
//! Each frame is there once, as the card that sent it saw it go, with times in nanoseconds: seen twice, it would look
//! like a retransmission. A frame that was lost has a comment that says so.

use oscope_kernel::base::{PortId, Time};
use oscope_kernel::event::{Event, EventId, Log, NetEvent};
use oscope_kernel::world::World;
use std::collections::BTreeMap;

/// Block types (§4).
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
/// LINKTYPE_ETHERNET.
const ETHERNET: u16 = 1;
/// Option codes.
const END: u16 = 0;
const COMMENT: u16 = 1;
const NAME: u16 = 2;
const RESOLUTION: u16 = 9;
const FLAGS: u16 = 2;
/// Bits 0 and 1 of the flags: 1 is in, 2 is out.
const OUTGOING: u32 = 2;
/// Nanoseconds: 10 to the minus 9.
const NANOSECONDS: u8 = 9;

/// The body of a block, as it grows.
#[derive(Default)]
struct Body(Vec<u8>);

impl Body {
    fn half(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    fn word(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    /// Bytes, filled up to whole words.
    fn padded(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        self.half(code);
        self.half(value.len() as u16);
        self.padded(value);
    }

    /// The whole block: its length stands in front and behind.
    fn block(mut self, kind: u32) -> Vec<u8> {
        self.half(END);
        self.half(0);
        let length = self.0.len() as u32 + 12;
        let mut block = kind.to_le_bytes().to_vec();
        block.extend(length.to_le_bytes());
        block.extend(self.0);
        block.extend(length.to_le_bytes());
        block
    }
}

fn section() -> Vec<u8> {
    let mut body = Body::default();
    body.word(0x1a2b_3c4d); // the order of bytes
    body.half(1);
    body.half(0); // version 1.0
    body.0.extend((-1i64).to_le_bytes()); // a length that is not known
    body.block(SECTION)
}

fn interface(name: &str) -> Vec<u8> {
    let mut body = Body::default();
    body.half(ETHERNET);
    body.half(0);
    body.word(0); // no limit
    body.option(NAME, name.as_bytes());
    body.option(RESOLUTION, &[NANOSECONDS]);
    body.block(INTERFACE)
}

/// One frame that was seen.
struct Seen<'a> {
    interface: u32,
    time: Time,
    bytes: &'a [u8],
    comment: Option<String>,
}

fn packet(seen: &Seen<'_>) -> Vec<u8> {
    let mut body = Body::default();
    body.word(seen.interface);
    body.word((seen.time.0 >> 32) as u32);
    body.word(seen.time.0 as u32);
    body.word(seen.bytes.len() as u32);
    body.word(seen.bytes.len() as u32);
    body.padded(seen.bytes);
    body.option(FLAGS, &OUTGOING.to_le_bytes());
    if let Some(comment) = &seen.comment {
        body.option(COMMENT, comment.as_bytes());
    }
    body.block(PACKET)
}

/// Why the frame that an event sent never arrived, if the next record says so.
fn fate(log: &Log, id: EventId) -> Option<String> {
    let next = log.get(id.sequence() + 1).filter(|next| next.stamp.cause == id)?;
    match next.event {
        Event::Net(NetEvent::Drop { reason, .. }) => {
            Some(format!("lost: {}", crate::narrate::network::loss_en(reason)))
        }
        _ => None,
    }
}

/// Writes the file piece by piece.
///
/// # Errors
/// What `write` fails with.
pub fn write<E>(world: &World, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    write(&section())?;
    let mut numbers: BTreeMap<(u16, PortId), u32> = BTreeMap::new();
    for (at, machine) in world.machines().iter().enumerate() {
        for (port, name) in machine.interfaces() {
            let number = numbers.len() as u32;
            numbers.insert((at as u16, port), number);
            write(&interface(&format!("{}.{name}", machine.config().name)))?;
        }
    }
    for (id, record) in world.events() {
        let machine = id.machine().0;
        let Some(log) = world.machines().get(usize::from(machine)).map(|machine| machine.log())
        else {
            continue;
        };
        let Event::Net(NetEvent::Transmit { port, frame, .. }) = record.event else { continue };
        let Some(&interface) = numbers.get(&(machine, port)) else { continue };
        let bytes = log.bytes(id.sequence(), frame);
        let comment = fate(log, id);
        write(&packet(&Seen { interface, time: record.stamp.time, bytes, comment }))?;
    }
    Ok(())
}
