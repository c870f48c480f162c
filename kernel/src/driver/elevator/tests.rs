//! The order in which each policy serves, and how far the arm moves.

use super::{POLICIES, Pending, by_name};
use crate::base::{Duration, Rng, Time};

fn request(ticket: u64, position: u64) -> Pending {
    Pending { ticket, position, write: false, since: Time::ZERO }
}

/// The order in which requests are served that all wait at first, and how far the arm moves.
fn solve(policy: &str, up: bool, positions: &[u64]) -> (Vec<u64>, u64) {
    let mut elevator = by_name(policy, 199, up).expect("known");
    for (ticket, position) in positions.iter().enumerate() {
        elevator.add(request(ticket as u64, *position));
    }
    let (mut order, mut movement, mut head) = (Vec::new(), 0, 53);
    while let Some(choice) = elevator.next(head, Time::ZERO) {
        movement += choice.movement(head);
        head = choice.request.position;
        order.push(head);
    }
    (order, movement)
}

/// Silberschatz, Galvin, Gagne: the queue of the chapter on disk scheduling.
const BOOK: [u64; 8] = [98, 183, 37, 122, 14, 124, 65, 67];

#[test]
fn as_in_the_book() {
    assert_eq!(solve("fifo", false, &BOOK), (BOOK.to_vec(), 640));
    assert_eq!(solve("sstf", false, &BOOK), (vec![65, 67, 37, 14, 98, 122, 124, 183], 236));
    assert_eq!(solve("scan", false, &BOOK), (vec![37, 14, 65, 67, 98, 122, 124, 183], 236));
    assert_eq!(solve("scan", true, &BOOK).1, 331);
    assert_eq!(solve("cscan", true, &BOOK), (vec![65, 67, 98, 122, 124, 183, 14, 37], 382));
    assert_eq!(solve("look", false, &BOOK).1, 208);
    assert_eq!(solve("look", true, &BOOK).1, 299);
    assert_eq!(solve("clook", true, &BOOK), (vec![65, 67, 98, 122, 124, 183, 14, 37], 322));
}

#[test]
fn the_arm_goes_to_the_edge_only_if_somebody_waits_behind_it() {
    assert_eq!(solve("scan", true, &[60, 70]).1, 17);
    assert_eq!(solve("cscan", true, &[60, 70]).1, 17);
    assert_eq!(solve("scan", true, &[10]).1, 146 + 189);
    assert_eq!(solve("look", true, &[10]).1, 43);
    assert_eq!(solve("cscan", false, &[100]).1, 53 + 199 + 99);
    assert_eq!(solve("clook", false, &[100, 53]), (vec![53, 100], 47));
}

#[test]
fn among_equals_who_came_first() {
    for policy in POLICIES {
        let mut elevator = by_name(policy, 199, false).expect("known");
        for ticket in 0..4 {
            elevator.add(request(ticket, 20));
        }
        let order: Vec<u64> = elevator.waiting(53, Time::ZERO).iter().map(|p| p.ticket).collect();
        assert_eq!(order, [0, 1, 2, 3], "{policy}");
    }
    // 43 and 63 are as near as each other.
    assert_eq!(solve("sstf", true, &[63, 43]).0, [63, 43]);
    assert_eq!(solve("sstf", true, &[43, 63]).0, [43, 63]);
}

#[test]
fn everybody_is_served_once() {
    let mut rng = Rng::new(7);
    for policy in POLICIES {
        let mut elevator = by_name(policy, 999, true).expect("known");
        let (mut added, mut served, mut head, mut now) = (0, Vec::new(), 0, Time::ZERO);
        while served.len() < 500 {
            if added < 500 && rng.below(2) == 0 {
                let position = rng.below(1_000);
                let write = rng.below(3) == 0;
                elevator.add(Pending { ticket: added, position, write, since: now });
                added += 1;
            } else if let Some(choice) = elevator.next(head, now) {
                head = choice.request.position;
                served.push(choice.request.ticket);
            }
            now += Duration::millis(3);
        }
        assert!(elevator.next(head, now).is_none());
        served.sort_unstable();
        assert!(served.iter().copied().eq(0..500), "{policy}");
    }
}

#[test]
fn deadline_lets_nobody_wait_for_ever() {
    let mut elevator = by_name("deadline", 1_000_000, true).expect("known");
    elevator.add(Pending { ticket: 0, position: 900, write: true, since: Time::ZERO });
    elevator.add(Pending { ticket: 1, position: 5, write: false, since: Time::ZERO });
    let mut served = Vec::new();
    let mut now = Time::ZERO;
    for ticket in 2..200 {
        // There is always a read a little further on.
        elevator.add(Pending { ticket, position: 1_000 + ticket, write: false, since: now });
        now += Duration::millis(20);
        served.extend(elevator.next(0, now).map(|choice| choice.request.ticket));
    }
    let place = |ticket| served.iter().position(|served| *served == ticket);
    assert_eq!(place(1), Some(0));
    assert!(place(0).is_some_and(|at| at <= 3 * 16), "{:?}", place(0));
}
