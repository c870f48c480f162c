//! The cache of results: pieces of pages by what was asked for. Each key has one slot where it may be; whoever comes last
//! has it (direct mapped).

use super::area::{CACHE, CACHE_IS_ON, CACHE_LOCK, SLOT, SLOTS};
use crate::sys::Sys;
use crate::sys::sync::Mutex;
use oscope_kernel::base::Digester;

/// A slot: the lengths of key and text, then the key, then the text.
const KEY: u64 = 8;
const TEXT: u64 = 128;

fn slot(area: u64, key: &str) -> u64 {
    area + CACHE + Digester::of(&key) % SLOTS * SLOT
}

/// The text for a key, if it is there.
pub(super) async fn get(sys: &Sys, area: u64, key: &str) -> Option<String> {
    let (lock, slot) = (Mutex::at(area + CACHE_LOCK), slot(area, key));
    lock.lock(sys).await;
    let lengths = (sys.load32(slot).await as usize, sys.load32(slot + 4).await as usize);
    let is_there =
        lengths.0 == key.len() && sys.peek(slot + KEY, key.len()).await == key.as_bytes();
    let text = match is_there {
        true => Some(sys.peek(slot + TEXT, lengths.1.min((SLOT - TEXT) as usize)).await),
        false => None,
    };
    lock.unlock(sys).await;
    text.map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// Keeps a text, if it fits.
pub(super) async fn put(sys: &Sys, area: u64, key: &str, text: &str) {
    let fits = key.len() as u64 <= TEXT - KEY && text.len() as u64 <= SLOT - TEXT;
    if !fits || sys.load(area + CACHE_IS_ON).await == 0 {
        return;
    }
    let (lock, slot) = (Mutex::at(area + CACHE_LOCK), slot(area, key));
    lock.lock(sys).await;
    sys.poke(slot + KEY, key.as_bytes()).await;
    sys.poke(slot + TEXT, text.as_bytes()).await;
    sys.store32(slot, key.len() as u32).await;
    sys.store32(slot + 4, text.len() as u32).await;
    lock.unlock(sys).await;
}

/// Forgets what is kept for a key: it is no longer true.
pub(super) async fn forget(sys: &Sys, area: u64, key: &str) {
    let (lock, slot) = (Mutex::at(area + CACHE_LOCK), slot(area, key));
    lock.lock(sys).await;
    sys.store32(slot, 0).await;
    lock.unlock(sys).await;
}
