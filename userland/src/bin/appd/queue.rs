//! The request queue: the acceptor puts connections in, threads take them out (Dijkstra's bounded buffer).

use super::area::{QUEUE, QUEUE_BELL, QUEUE_CAME, QUEUE_LENGTH, QUEUE_LOCK, QUEUE_TAKEN};
use crate::sys::Sys;
use crate::sys::sync::{Condvar, Mutex};

/// Puts a connection in. `false` if there is no room.
pub(super) async fn put(sys: &Sys, area: u64, connection: u64) -> bool {
    let (lock, bell) = (Mutex::at(area + QUEUE_LOCK), Condvar::at(area + QUEUE_BELL));
    lock.lock(sys).await;
    let came = sys.load(area + QUEUE_CAME).await;
    let has_room = came - sys.load(area + QUEUE_TAKEN).await < QUEUE_LENGTH;
    if has_room {
        sys.store(area + QUEUE + came % QUEUE_LENGTH * 8, connection).await;
        sys.store(area + QUEUE_CAME, came + 1).await;
        bell.signal(sys).await;
    }
    lock.unlock(sys).await;
    has_room
}

/// Takes the oldest connection; waits until there is one.
pub(super) async fn take(sys: &Sys, area: u64) -> u64 {
    let (lock, bell) = (Mutex::at(area + QUEUE_LOCK), Condvar::at(area + QUEUE_BELL));
    lock.lock(sys).await;
    loop {
        let taken = sys.load(area + QUEUE_TAKEN).await;
        if taken < sys.load(area + QUEUE_CAME).await {
            let connection = sys.load(area + QUEUE + taken % QUEUE_LENGTH * 8).await;
            sys.store(area + QUEUE_TAKEN, taken + 1).await;
            lock.unlock(sys).await;
            return connection;
        }
        bell.wait(sys, lock).await;
    }
}
