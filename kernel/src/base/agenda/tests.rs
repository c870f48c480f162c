//! The agenda against hand-made cases and against an ordered map.

use super::{Agenda, Key, LATE_FLOOR, Ticket};
use crate::base::Time;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

fn at(time: u64) -> Key {
    Key { time: Time(time), phase: 0, source: 0, sequence: 0 }
}

fn hash<T: Hash>(agenda: &Agenda<T>) -> u64 {
    let mut hasher = DefaultHasher::new();
    agenda.hash(&mut hasher);
    hasher.finish()
}

fn drain<T>(agenda: &mut Agenda<T>) -> Vec<(Key, T)> {
    std::iter::from_fn(|| agenda.pop()).collect()
}

/// A permutation of `0..n` for `n` a power of two: an odd multiplier has an inverse.
fn shuffled(n: u64) -> impl Iterator<Item = u64> {
    assert!(n.is_power_of_two());
    (0..n).map(move |i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % n)
}

#[test]
fn an_empty_agenda_never_happens() {
    let mut agenda = Agenda::<()>::new();
    assert_eq!(agenda.next_time(), Time::MAX);
    assert_eq!(agenda.peek(), None);
    assert_eq!(agenda.pop(), None);
    assert_eq!(agenda.pop_before(at(u64::MAX)), None);
    assert!(agenda.is_empty());
}

#[test]
fn order_is_time_then_phase_then_source_then_sequence() {
    let mut keys = Vec::new();
    for time in [0, 1, 1_023, 1_024, 1 << 16, 1 << 40, u64::MAX] {
        for phase in [0, 255] {
            for source in [0, u64::MAX] {
                for sequence in [0, 1] {
                    keys.push(Key { time: Time(time), phase, source, sequence });
                }
            }
        }
    }
    let mut agenda = Agenda::new();
    for key in keys.iter().rev() {
        agenda.insert(*key, ());
    }
    let popped: Vec<_> = drain(&mut agenda).into_iter().map(|(key, ())| key).collect();
    assert_eq!(popped, keys);
}

#[test]
fn equal_keys_come_out_in_order_of_insertion_even_if_some_were_late() {
    let mut agenda = Agenda::new();
    agenda.insert(at(5_000), 0);
    agenda.insert(at(5_000), 1);
    assert_eq!(agenda.peek(), Some(at(5_000)));
    agenda.insert(at(5_000), 2);
    assert_eq!(agenda.pop(), Some((at(5_000), 0)));
    agenda.insert(at(5_000), 3);
    let values: Vec<_> = drain(&mut agenda).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [1, 2, 3]);
}

#[test]
fn a_ticket_goes_stale_with_its_entry() {
    let mut agenda = Agenda::new();
    let first = agenda.insert(at(10), "first");
    assert_eq!(agenda.cancel(first), Some("first"));
    assert_eq!(agenda.cancel(first), None);
    let second = agenda.insert(at(10), "second");
    assert_eq!(second.index, first.index, "storage is used again");
    assert_eq!(agenda.cancel(first), None);
    assert_eq!(agenda.pop(), Some((at(10), "second")));
    assert_eq!(agenda.cancel(second), None);
    assert_eq!(agenda.cancel(Ticket { index: 7, generation: 0 }), None);
}

#[test]
fn what_is_inserted_in_the_past_is_due_at_once_and_in_order() {
    let mut agenda = Agenda::new();
    agenda.insert(at(1_000_000), ());
    agenda.insert(at(2_000_000), ());
    assert_eq!(agenda.pop(), Some((at(1_000_000), ())));
    for time in [999_999, 0, 2_000_001, 3] {
        agenda.insert(at(time), ());
    }
    assert_eq!(agenda.next_time(), Time(0));
    let times: Vec<_> = drain(&mut agenda).into_iter().map(|(key, ())| key.time.0).collect();
    assert_eq!(times, [0, 3, 999_999, 2_000_000, 2_000_001]);
}

#[test]
fn never_is_a_time_like_any_other_and_the_last() {
    let mut agenda = Agenda::new();
    let never = agenda.insert(at(u64::MAX), "never");
    assert_eq!(agenda.peek(), Some(at(u64::MAX)));
    agenda.insert(at(u64::MAX - 1), "nearly");
    agenda.insert(at(0), "now");
    assert_eq!(agenda.pop(), Some((at(0), "now")));
    assert_eq!(agenda.pop(), Some((at(u64::MAX - 1), "nearly")));
    assert_eq!(agenda.next_time(), Time::MAX);
    assert_eq!(agenda.pop_before(at(u64::MAX)), None, "the limit is exclusive");
    assert_eq!(agenda.cancel(never), Some("never"));
    assert!(agenda.is_empty());
}

#[test]
fn the_limit_of_a_pop_is_a_whole_key() {
    let mut agenda = Agenda::new();
    let quantum = Key { phase: 4, ..at(500) };
    agenda.insert(quantum, ());
    assert_eq!(agenda.pop_before(at(499)), None);
    assert_eq!(agenda.pop_before(quantum), None);
    assert_eq!(agenda.pop_before(Key { sequence: 1, ..quantum }), Some((quantum, ())));
}

#[test]
fn next_time_is_exact_after_every_cancel() {
    let mut agenda = Agenda::new();
    let n = 1 << 12;
    let mut tickets: Vec<_> =
        shuffled(n).map(|i| (i, agenda.insert(at((1 << 30) + i * 777), i))).collect();
    tickets.sort_unstable();
    for (i, ticket) in tickets {
        assert_eq!(agenda.next_time(), Time((1 << 30) + i * 777));
        assert_eq!(agenda.cancel(ticket), Some(i));
    }
    assert_eq!(agenda.next_time(), Time::MAX);
}

/// Each of these would take minutes, not milliseconds, if any of it were quadratic.
#[test]
fn storms_at_one_instant_pass() {
    let n = 1 << 17;
    for began in [false, true] {
        let mut agenda = Agenda::new();
        let instant = at(123_456_789);
        if began {
            agenda.insert(instant, u64::MAX);
            agenda.insert(instant, u64::MAX);
            agenda.pop();
        }
        let insert = |source| agenda.insert(Key { source, ..instant }, source);
        let mut tickets: Vec<_> = shuffled(n).map(insert).collect();
        for ticket in tickets.drain(..).step_by(2) {
            assert!(agenda.cancel(ticket).is_some());
        }
        let popped = drain(&mut agenda);
        assert_eq!(popped.len() as u64, n / 2 + u64::from(began));
        assert!(popped.is_sorted_by_key(|&(key, _)| key));
    }
}

#[test]
fn a_crowd_cancelled_in_order_of_time_is_searched_once_per_level() {
    let mut agenda = Agenda::new();
    let tickets: Vec<_> = (0..1 << 17).map(|i| agenda.insert(at((1 << 40) + i * 50), i)).collect();
    for (ticket, i) in tickets.into_iter().zip(0..) {
        assert_eq!(agenda.cancel(ticket), Some(i));
    }
    assert!(agenda.is_empty());
}

#[test]
fn storage_is_reused_and_cancelled_late_entries_do_not_pile_up() {
    let mut agenda = Agenda::new();
    agenda.insert(at(1 << 50), 0);
    agenda.peek();
    for i in 0..100_000 {
        let ticket = agenda.insert(at(i * 1_000), i);
        assert_eq!(agenda.cancel(ticket), Some(i));
    }
    assert!(agenda.cells.len() <= 2);
    assert!(agenda.late.len() <= LATE_FLOOR + 1);
    assert!(agenda.run.len() <= LATE_FLOOR + 1);
    assert_eq!(agenda.len(), 1);
}

#[test]
fn a_wheel_far_ahead_turns_back_when_the_present_gets_busy() {
    let mut agenda = Agenda::new();
    agenda.insert(at(u64::MAX), 0);
    assert_eq!(agenda.peek(), Some(at(u64::MAX)));
    for i in shuffled(1 << 14) {
        agenda.insert(at(i * 10_000), i);
        agenda.peek();
    }
    assert!(agenda.late.len() <= LATE_FLOOR + agenda.len() / 4);
    let popped = drain(&mut agenda);
    assert_eq!(popped.len(), 1 + (1 << 14));
    assert!(popped.is_sorted_by_key(|&(key, _)| key));
}

#[test]
fn hash_and_debug_tell_only_of_the_future() {
    let mut plain = Agenda::new();
    plain.insert(at(7), 'a');
    plain.insert(at(9_000_000), 'b');
    let mut travelled = Agenda::new();
    travelled.insert(at(9_000_000), 'b');
    let other = travelled.insert(at(3), 'x');
    travelled.insert(at(1), 'y');
    travelled.pop();
    travelled.cancel(other);
    travelled.insert(at(7), 'a');
    assert_eq!(hash(&plain), hash(&travelled));
    assert_eq!(format!("{plain:?}"), format!("{travelled:?}"));
    travelled.pop();
    assert_ne!(hash(&plain), hash(&travelled));
}

/// What a machine may do to its agenda. Times are relative to the last pop, picks to what is held.
#[derive(Clone, Debug)]
enum Step {
    Insert { ahead: u64, phase: u8, source: u64 },
    InsertPast { behind: u64 },
    Burst { spacing: u64, count: u8 },
    Cancel { pick: usize },
    CancelFirst,
    Pop,
    PopBefore { ahead: u64 },
    Peek,
    CloneAndDivert,
}

fn ahead() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 0..4_u64,
        5 => 0..3_000_u64,
        5 => 0..10_000_000_u64,
        2 => (0..64_u32).prop_map(|shift| 1 << shift),
        1 => any::<u64>(),
        1 => Just(u64::MAX),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (ahead(), 0..3_u8, 0..3_u64)
            .prop_map(|(ahead, phase, source)| Step::Insert { ahead, phase, source }),
        1 => ahead().prop_map(|behind| Step::InsertPast { behind }),
        1 => (0..100_000_u64, any::<u8>())
            .prop_map(|(spacing, count)| Step::Burst { spacing, count }),
        4 => any::<usize>().prop_map(|pick| Step::Cancel { pick }),
        2 => Just(Step::CancelFirst),
        6 => Just(Step::Pop),
        2 => ahead().prop_map(|ahead| Step::PopBefore { ahead }),
        2 => Just(Step::Peek),
        1 => Just(Step::CloneAndDivert),
    ]
}

/// An agenda beside the map that says what it should be.
#[derive(Default)]
struct Pair {
    agenda: Agenda<u64>,
    /// By key and number of insertion; the value is that number, too.
    model: BTreeMap<(Key, u64), Ticket>,
    /// Every ticket ever issued, most of them stale.
    issued: Vec<(Ticket, (Key, u64))>,
    inserted: u64,
    now: u64,
}

impl Pair {
    fn insert(&mut self, key: Key) {
        let number = self.inserted;
        self.inserted += 1;
        let ticket = self.agenda.insert(key, number);
        self.model.insert((key, number), ticket);
        self.issued.push((ticket, (key, number)));
    }

    fn cancel(&mut self, ticket: Ticket, name: (Key, u64)) {
        let expected = self.model.remove(&name).map(|_| name.1);
        assert_eq!(self.agenda.cancel(ticket), expected);
    }

    fn pop_below(&mut self, limit: Option<Key>) {
        let below = |key: Key| limit.is_none_or(|limit| key < limit);
        let expected = self.model.keys().next().copied().filter(|&(key, _)| below(key));
        let popped = match limit {
            Some(limit) => self.agenda.pop_before(limit),
            None => self.agenda.pop(),
        };
        assert_eq!(popped, expected);
        if let Some(name) = expected {
            self.model.remove(&name);
            self.now = name.0.time.0;
        }
    }

    fn take(&mut self, step: &Step) {
        let now = self.now;
        match *step {
            Step::Insert { ahead, phase, source } => {
                self.insert(Key { phase, source, ..at(now.saturating_add(ahead)) });
            }
            Step::InsertPast { behind } => self.insert(at(now.saturating_sub(behind))),
            Step::Burst { spacing, count } => {
                for i in 0..u64::from(count) {
                    self.insert(at(now.saturating_add(i * spacing)));
                }
            }
            Step::Cancel { pick } => {
                if let Some(&(ticket, name)) = self.issued.get(pick % self.issued.len().max(1)) {
                    self.cancel(ticket, name);
                }
            }
            Step::CancelFirst => {
                if let Some((&name, &ticket)) = self.model.first_key_value() {
                    self.cancel(ticket, name);
                }
            }
            Step::Pop => self.pop_below(None),
            Step::PopBefore { ahead } => self.pop_below(Some(at(now.saturating_add(ahead)))),
            Step::Peek => {
                let first = self.model.keys().next().map(|&(key, _)| key);
                assert_eq!(self.agenda.peek(), first);
            }
            Step::CloneAndDivert => {
                let copy = self.agenda.clone();
                drain(&mut self.agenda);
                self.agenda = copy;
            }
        }
    }

    fn check(&self) {
        let first = self.model.keys().next().map_or(Time::MAX, |(key, _)| key.time);
        assert_eq!(self.agenda.next_time(), first);
        assert_eq!(self.agenda.len(), self.model.len());
        assert_eq!(self.agenda.is_empty(), self.model.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn behaves_like_an_ordered_map(steps in prop::collection::vec(step(), 0..300)) {
        let mut pair = Pair::default();
        for step in &steps {
            pair.take(step);
            pair.check();
        }
        let mut listed: Vec<_> = pair.agenda.iter().map(|(key, &number)| (key, number)).collect();
        listed.sort_unstable();
        let expected: Vec<_> = pair.model.keys().copied().collect();
        prop_assert_eq!(&listed, &expected);

        // The same future without the past, put in from the far end where keys differ.
        let mut fresh = Agenda::new();
        for same in expected.chunk_by(|a, b| a.0 == b.0).rev() {
            for &(key, number) in same {
                fresh.insert(key, number);
            }
        }
        prop_assert_eq!(hash(&pair.agenda), hash(&fresh));
        prop_assert_eq!(drain(&mut pair.agenda.clone()), expected);
        prop_assert_eq!(drain(&mut pair.agenda), drain(&mut fresh));
    }
}
