//! Packets that nobody honest would send: frames of a real run, bent.

use super::transfer::{ends, world};
use oscope_kernel::base::{PortId, RequestId, Rng, Time};
use oscope_kernel::event::{Event, EventId, NetEvent};
use oscope_kernel::hw::WireFrame;

/// All frames that a machine received in a run.
fn frames() -> Vec<Vec<u8>> {
    let mut world = world(&[("networks.lan.loss", "0%")]);
    world.run(Time(500_000_000));
    let log = world.machines()[0].log();
    let received = log.since(1).filter_map(|(n, record)| match record.event {
        Event::Net(NetEvent::Receive { frame, .. }) => Some(log.bytes(n, frame).to_vec()),
        _ => None,
    });
    received.collect()
}

/// Sums up as the Internet does (RFC 1071).
fn checksum(parts: &[&[u8]]) -> u16 {
    let bytes: Vec<u8> = parts.concat();
    let words = bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Makes the checksums right again, so that the bent packet is looked at.
fn mend(frame: &mut [u8]) {
    if frame.len() < 54 || frame[12..14] != [8, 0] || frame[14] != 0x45 {
        return;
    }
    frame[24..26].fill(0);
    let sum = checksum(&[&frame[14..34]]);
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
    let length = usize::from(u16::from_be_bytes([frame[16], frame[17]])).min(frame.len() - 14);
    if frame[23] == 6 && length >= 40 {
        frame[50..52].fill(0);
        let size = ((length - 20) as u16).to_be_bytes();
        let sum = checksum(&[&frame[26..34], &[0, 6], &size, &frame[34..14 + length]]);
        frame[50..52].copy_from_slice(&sum.to_be_bytes());
    }
}

#[test]
fn bent_packets_never_stop_the_stack_or_the_connection() {
    let good = frames();
    assert!(good.len() > 100);
    for seed in 0..8 {
        let mut rng = Rng::new(seed);
        let mut world = world(&[("networks.lan.loss", "0%")]);
        for n in 0..1500u64 {
            let mut bytes = good[rng.below(good.len() as u64) as usize].clone();
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len().min(80) as u64) as usize;
                bytes[at] = rng.next_u64() as u8;
            }
            if rng.below(4) == 0 {
                bytes.truncate(rng.below(bytes.len() as u64) as usize);
            }
            // The connection itself is not the target: its peer could not tell these from its own.
            if bytes.len() > 38 {
                bytes[34] ^= 0x40;
            }
            mend(&mut bytes);
            let time = Time(1_000_000 + n * 40_000);
            let frame =
                WireFrame { bytes: bytes.into(), cause: EventId::NONE, request: RequestId::NONE };
            let server = world.machine_mut(oscope_kernel::base::MachineId(0)).expect("a server");
            server.deliver(PortId(0), frame, (time, 99, n));
        }
        world.run(Time(120_000_000_000));
        assert_eq!(ends(&world).get("fetch"), Some(&0), "seed {seed}");
        for machine in world.machines() {
            assert_eq!(machine.audit(), [], "seed {seed}");
        }
    }
}
