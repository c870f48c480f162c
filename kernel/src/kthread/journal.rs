//! The journal's thread: commits what was changed, every five seconds or when somebody waits for it.
//!
//! A typical sequence: fsync(2) rings the bell; this thread closes the running transaction, sends dirty pages of files on
//! their way to where they belong, and copies of the changed blocks to the log; when all are there it writes the commit
//! block; when that is there too, whoever waits is woken, and the flusher may write the changed blocks home. Between these
//! steps the device is told to put what it has onto the medium (a barrier).
//!
//! When the log is more than half full, nothing may be changed until all that it has is at home, and it begins anew.
//!
//! Taken from elsewhere: ordered mode, the five seconds and a transaction of at most a quarter of the log from jbd2. It keeps
//! transactions apart by copying blocks when a transaction is closed; jbd2 copies a block only if somebody changes it
//! meanwhile.

use crate::base::{BlockNumber, Channel, DeviceId, Duration, Work};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::fs::ext2::log::{Checkpoint, Stage};
use crate::fs::{Key, State};
use crate::io::{block, file, frames, txn};
use crate::proc::{CallFrame, Channels, Interruptible, WaitFor};
use crate::task::wait;

/// How long a change may wait for its commit (jbd2: `JBD2_DEFAULT_MAX_COMMIT_AGE`).
pub const PERIOD: Duration = Duration::seconds(5);

/// One step: goes as far as it can without waiting.
pub fn step(_frame: &mut CallFrame, t: &mut Tables, cx: &mut Cx) -> WaitFor {
    let mut channels = vec![Channel::Work(Work::Commit)];
    for fs in 0..t.fs.supers.len() as u16 {
        let Some(device) =
            t.fs.of(fs).filter(|found| found.journal.is_some()).and_then(|f| f.device)
        else {
            continue;
        };
        if let Some(key) = progress(t, cx, fs, device) {
            channels.push(key.channel());
        }
    }
    file::reap_orphans(t, cx);
    WaitFor {
        channels: Channels::Many(channels),
        deadline: Some(cx.now + PERIOD),
        interruptible: Interruptible::No,
        exclusive: false,
        kind: Wait::Work,
        bits: u32::MAX,
    }
}

/// Goes on with a file system's journal; returns what must be on the disk before it can go on.
fn progress(t: &mut Tables, cx: &mut Cx, fs: u16, device: DeviceId) -> Option<Key> {
    let mut may_begin = t.fs.journal(fs).is_some_and(|log| log.committing.is_none());
    loop {
        let log = t.fs.journal(fs)?;
        if let Some(it) = &log.committing {
            let stage = it.stage;
            let (data, blocks) = match stage {
                Stage::Copies => (it.data.clone(), it.log.clone()),
                Stage::Commit => (Vec::new(), vec![it.commit]),
            };
            let blocks = blocks.into_iter().map(|number| Key::Block(device, number));
            if let Some(key) = data.into_iter().chain(blocks).find(|&key| is_moving(t, key)) {
                return Some(key);
            }
            block::flush(cx, device);
            match stage {
                Stage::Copies => write_commit(t, cx, fs, device),
                Stage::Commit => end_commit(t, cx, fs, device),
            }
            continue;
        }
        match log.checkpoint {
            Checkpoint::Home => {
                let all: Vec<Key> =
                    log.logged.iter().map(|&number| Key::Block(device, number)).collect();
                for &key in &all {
                    block::write_back(t, cx, key);
                }
                if let Some(key) = all.into_iter().find(|&key| is_moving(t, key)) {
                    return Some(key);
                }
                block::flush(cx, device);
                write_tail(t, cx, fs, device);
            }
            Checkpoint::Tail => {
                let key = Key::Block(device, log.place.block(0)?);
                if is_moving(t, key) {
                    return Some(key);
                }
                block::flush(cx, device);
                if let Some(log) = t.fs.journal_mut(fs) {
                    log.emptied();
                }
                wait::wake_all(t, cx, Channel::Journal(device));
            }
            Checkpoint::None => {
                let (is_empty, is_crowded) = (log.running.is_empty(), log.is_crowded());
                if !is_empty && !log.is_aborted && (may_begin || is_crowded || log.is_full()) {
                    may_begin = false;
                    begin_commit(t, cx, fs, device)?;
                } else if is_crowded && is_empty {
                    if let Some(log) = t.fs.journal_mut(fs) {
                        log.checkpoint = Checkpoint::Home;
                    }
                } else {
                    return None;
                }
            }
        }
    }
}

fn is_moving(t: &Tables, key: Key) -> bool {
    t.fs.cache.get(key).is_some_and(|entry| matches!(entry.state, State::Writing { .. }))
}

/// Closes the running transaction: its copies, and dirty data, are on their way. `None` if memory is short: it is tried
/// again.
fn begin_commit(t: &mut Tables, cx: &mut Cx, fs: u16, device: DeviceId) -> Option<()> {
    let wanted = t.fs.journal(fs)?.wanted();
    if !frames::make_room(t, wanted) {
        return None;
    }
    // Data first: no file shall show what was on its blocks before (ordered mode).
    let pages: Vec<Key> = t.fs.cache.files_of(fs).collect();
    let data: Vec<Key> = pages
        .into_iter()
        .filter(|&key| block::write_back(t, cx, key) || is_moving(t, key))
        .collect();
    let refused = t.fs.cache.refused();
    let mut log = t.fs.supers.get_mut(usize::from(fs))?.as_mut()?.journal.take()?;
    let size = log.size;
    let (cache, ram) = (&t.fs.cache, &t.memory.ram);
    let copies = log.close(data, |number| {
        let entry = cache.get(Key::Block(device, number))?;
        ram.page(entry.frame).get(..size)
    });
    log.refused = refused;
    t.fs.supers.get_mut(usize::from(fs))?.as_mut()?.journal = Some(log);
    for (number, bytes) in copies {
        write(t, cx, (device, number), &bytes);
    }
    Some(())
}

//DOC: commit
fn write_commit(t: &mut Tables, cx: &mut Cx, fs: u16, device: DeviceId) {
    let refused = t.fs.cache.refused();
    let seconds = cx.now.0 / 1_000_000_000;
    let Some(log) = t.fs.journal_mut(fs) else { return };
    if refused > log.refused {
        // Half of it is not in the log. It must not count.
        log.is_aborted = true;
        log.committing = None;
        wait::wake_all(t, cx, Channel::Journal(device));
        return;
    }
    let bytes = log.commit_block(seconds);
    let Some(it) = &mut log.committing else { return };
    it.stage = Stage::Commit;
    let number = it.commit;
    write(t, cx, (device, number), &bytes);
}

fn end_commit(t: &mut Tables, cx: &mut Cx, fs: u16, device: DeviceId) {
    let refused = t.fs.cache.refused();
    let Some(log) = t.fs.journal_mut(fs) else { return };
    let released = if refused > log.refused {
        log.is_aborted = true;
        log.committing = None;
        Vec::new()
    } else {
        log.committed()
    };
    for number in released {
        t.fs.cache.release(Key::Block(device, number));
    }
    wait::wake_all(t, cx, Channel::Journal(device));
}

fn write_tail(t: &mut Tables, cx: &mut Cx, fs: u16, device: DeviceId) {
    let Some(log) = t.fs.journal_mut(fs) else { return };
    log.checkpoint = Checkpoint::Tail;
    let bytes = log.tail(true);
    if let Some(number) = log.place.block(0) {
        write(t, cx, (device, number), &bytes);
    }
}

fn write(t: &mut Tables, cx: &mut Cx, (device, number): (DeviceId, BlockNumber), bytes: &[u8]) {
    if txn::put_block(t, cx, (device, number), bytes).is_ok() {
        block::write_back(t, cx, Key::Block(device, number));
    }
}
