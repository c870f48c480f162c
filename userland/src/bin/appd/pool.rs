//! The connection pool: making a connection is dear, so a few are made once and lent to one thread at a time.
//!
//! A word for each connection: 0 if there is none, else twice its descriptor plus two, plus one while it is lent.

use super::area::{POOL, POOL_BELL, POOL_LOCK, POOL_SIZE};
use super::driver::{Driver, Failure, Reply};
use crate::bin::steps::Step;
use crate::sys::Sys;
use crate::sys::sync::{Condvar, Mutex};
use oscope_kernel::base::Duration;

/// How long a thread waits for a connection.
const PATIENCE: Duration = Duration::millis(2000);

/// A place that is lent, and the connection there if it has been made.
async fn take(sys: &Sys, area: u64) -> Option<(u64, Option<u64>)> {
    let (lock, bell) = (Mutex::at(area + POOL_LOCK), Condvar::at(area + POOL_BELL));
    let size = sys.load(area + POOL_SIZE).await;
    let end = sys.now().await + PATIENCE;
    lock.lock(sys).await;
    loop {
        for n in 0..size {
            let word = sys.load(area + POOL + n * 8).await;
            if word & 1 == 0 {
                sys.store(area + POOL + n * 8, word | 1).await;
                lock.unlock(sys).await;
                return Some((n, (word / 2).checked_sub(1)));
            }
        }
        let now = sys.now().await;
        if now >= end {
            lock.unlock(sys).await;
            return None;
        }
        let _ = bell.wait_for(sys, lock, Some(end.since(now))).await;
    }
}

/// Gives a place back, with its connection unless that is no good any more.
async fn give_back(sys: &Sys, area: u64, place: u64, link: Option<u64>) {
    let (lock, bell) = (Mutex::at(area + POOL_LOCK), Condvar::at(area + POOL_BELL));
    lock.lock(sys).await;
    let word = link.map_or(0, |link| 2 * link + 2);
    sys.store(area + POOL + place * 8, word).await;
    bell.signal(sys).await;
    lock.unlock(sys).await;
}

/// Asks the database over a connection of the pool.
pub(super) async fn query(
    sys: &Sys,
    area: u64,
    driver: &Driver,
    sql: &str,
) -> Result<Reply, Failure> {
    let (place, made) = take(sys, area).await.ok_or(Failure::NoLink)?;
    let link = match made {
        Some(link) => Ok(link),
        None => driver.connect(sys).await,
    };
    let link = match link {
        Ok(link) => link,
        Err(failure) => {
            give_back(sys, area, place, None).await;
            return Err(failure);
        }
    };
    Step::PoolTaken.mark(sys, place).await;
    let result = driver.query(sys, link, sql).await;
    if matches!(result, Err(Failure::Broken(_))) {
        let _ = sys.close(link).await;
        give_back(sys, area, place, None).await;
    } else {
        give_back(sys, area, place, Some(link)).await;
    }
    result
}
