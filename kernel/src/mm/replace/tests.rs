//! What holds for every policy, and what each does with the examples of a book.

use super::{Line, Optimal, POLICIES, Replacement, Usage, policy_by_name};
use crate::base::{Digester, FrameId, Rng};
use std::collections::BTreeSet;

/// Accessed bits as hardware keeps them, and who cannot go.
#[derive(Default)]
struct Bits {
    used: BTreeSet<FrameId>,
    busy: BTreeSet<FrameId>,
}

impl Usage for Bits {
    fn is_busy(&self, frame: FrameId) -> bool {
        self.busy.contains(&frame)
    }
    fn take_used(&mut self, frame: FrameId) -> bool {
        self.used.remove(&frame)
    }
}

fn policies() -> Vec<Box<dyn Replacement>> {
    let mut all: Vec<_> = POLICIES.iter().filter_map(|name| policy_by_name(name, 1)).collect();
    assert_eq!(all.len(), POLICIES.len());
    all.push(Box::new(Optimal::new(Vec::new())));
    all
}

#[test]
fn a_policy_has_the_name_it_is_called_by() {
    for name in POLICIES {
        assert_eq!(policy_by_name(name, 0).map(|policy| policy.name()), Some(name));
    }
    assert!(policy_by_name("opt", 0).is_none());
}

/// Whatever happens, a victim is a frame that was there and not busy, and is there no more.
#[test]
fn victims_come_from_those_that_are_there() {
    for mut policy in policies() {
        let (mut rng, mut bits) = (Rng::new(11), Bits::default());
        let mut model = BTreeSet::new();
        for _ in 0..4000 {
            let frame = FrameId(rng.below(24) as u32);
            match rng.below(7) {
                0 | 1 => {
                    policy.insert(frame);
                    bits.used.insert(frame);
                    model.insert(frame);
                }
                2 => assert_eq!(policy.remove(frame), model.remove(&frame)),
                3 => {
                    bits.used.insert(frame);
                    policy.touch(frame);
                }
                4 if !bits.busy.remove(&frame) => {
                    bits.busy.insert(frame);
                }
                5 => policy.tick(&mut bits),
                _ => {
                    let free = model.difference(&bits.busy).count();
                    let victim = policy.victim(&mut bits);
                    assert_eq!(victim.is_some(), free > 0, "{}", policy.name());
                    if let Some(victim) = victim {
                        assert!(model.remove(&victim) && !bits.busy.contains(&victim));
                    }
                }
            }
            assert_eq!(policy.count(), model.len(), "{}", policy.name());
            let kept: BTreeSet<_> = policy.frames().iter().map(|kept| kept.frame).collect();
            assert_eq!(kept, model, "{}", policy.name());
        }
    }
}

/// A copy is the same to a digest, and goes its own way afterwards.
#[test]
fn policies_are_values() {
    let digest = |policy: &dyn Replacement| {
        let mut digester = Digester::default();
        policy.digest(&mut digester);
        std::hash::Hasher::finish(&digester)
    };
    for mut policy in policies() {
        (0..5).for_each(|n| policy.insert(FrameId(n)));
        let mut copy = policy.clone_policy();
        let before = digest(&*copy);
        assert_eq!(digest(&*policy), before);
        let mut bits = Bits::default();
        let (first, second) = (policy.victim(&mut bits), copy.victim(&mut bits));
        assert_eq!(first, second, "{}", policy.name());
        assert_ne!(digest(&*policy), before, "{}", policy.name());
        policy.insert(FrameId(9));
        assert_eq!((policy.count(), copy.count()), (5, 4));
    }
}

#[test]
fn the_clock_and_the_line_give_the_same_second_chances() {
    let (mut rng, mut bits) = (Rng::new(5), Bits::default());
    let mut clock = policy_by_name("clock", 0).expect("a policy");
    let mut line = policy_by_name("second-chance", 0).expect("a policy");
    for n in 0..8 {
        clock.insert(FrameId(n));
        line.insert(FrameId(n));
    }
    for _ in 0..500 {
        for _ in 0..rng.below(12) {
            bits.used.insert(FrameId(rng.below(8) as u32));
        }
        let mut copy = Bits { used: bits.used.clone(), busy: BTreeSet::new() };
        let victim = clock.victim(&mut bits).expect("a victim");
        assert_eq!(line.victim(&mut copy), Some(victim));
        assert_eq!(bits.used, copy.used);
        bits.used.insert(victim);
        clock.insert(victim);
        line.insert(victim);
    }
}

/// Tanenbaum and Bos, figure 3-17: six pages, five ticks.
#[test]
fn ageing_counters_are_those_of_the_book() {
    let ticks: [&[u32]; 5] = [&[0, 2, 4, 5], &[0, 1, 4], &[0, 1, 3, 5], &[0, 4], &[1, 2]];
    let expected = [0b0111_1000, 0b1011_0000, 0b1000_1000, 0b0010_0000, 0b0101_1000, 0b0010_1000];
    let mut policy = policy_by_name("nfu", 0).expect("a policy");
    let mut bits = Bits::default();
    (0..6).for_each(|n| policy.insert(FrameId(n)));
    // The book begins with all counters at zero.
    (0..8).for_each(|_| policy.tick(&mut bits));
    for used in ticks {
        bits.used.extend(used.iter().map(|n| FrameId(*n)));
        policy.tick(&mut bits);
    }
    let ages: Vec<_> = policy.frames().iter().filter_map(|kept| kept.age).collect();
    assert_eq!(ages, expected);
    assert_eq!(policy.victim(&mut bits), Some(FrameId(3)));
}

#[test]
fn a_tick_lets_lru_know_who_was_used() {
    let mut policy = policy_by_name("lru", 0).expect("a policy");
    let mut bits = Bits::default();
    (0..4).for_each(|n| policy.insert(FrameId(n)));
    bits.used.extend([FrameId(0), FrameId(1)]);
    policy.tick(&mut bits);
    let order: Vec<u32> =
        std::iter::from_fn(|| policy.victim(&mut bits)).map(|frame| frame.0).collect();
    assert_eq!(order, [2, 3, 0, 1]);
}

#[test]
fn a_frame_stands_in_a_line_once() {
    let mut line = Line::default();
    line.push(FrameId(1));
    line.push(FrameId(1));
    line.push(FrameId(u32::MAX));
    assert_eq!((line.length(), line.first(), line.last()), (1, Some(FrameId(1)), Some(FrameId(1))));
}
