//! Moving bytes from one descriptor to another without taking them through the program: sendfile(2), copy_file_range(2),
//! splice(2), tee(2) and vmsplice(2).
//!
//! Each goes in steps. A step looks at some bytes of the source and leaves them where they are; it lets the target take
//! as many of them as it will; and what it has taken is then taken off the source. So a target that must wait may wait: nothing is
//! on its way.
//!
//! A simplification: bytes are copied once, from cache to target. Linux hands pages over instead, where it can.

use super::descriptor::{hold, hold_second};
use super::transfer::{self, Buffers, PAGE, Position, Rest};
use super::{Result, socket};
use crate::abi::flags::file::SpliceFlags;
use crate::abi::flags::{AccessMode, OpenFlags, PollEvents};
use crate::abi::signal::{Signal, code};
use crate::abi::{Access, Errno};
use crate::base::{Channel, OpenFileId, PipeId};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::fs::Kind;
use crate::hw::PAGE_SIZE;
use crate::io::user::{self, MAX_TRANSFER, STEP_PAGES};
use crate::io::{node, txn};
use crate::ipc::End;
use crate::proc::{CallFrame, FileKind, Interruptible, OpenFile, Special, Stop, WaitFor};
use crate::task::signal::{self, Target};
use crate::task::{files, wait};

/// How many bytes one step looks at, at most.
const STEP: u64 = STEP_PAGES * PAGE;

/// A file that bytes come from, and where in it they begin.
#[derive(Clone, Copy)]
struct Source {
    id: OpenFileId,
    kind: FileKind,
    /// Where the call began.
    start: u64,
    /// Whether the file's own offset moves along.
    moves: bool,
}

/// A descriptor as a source, or as a target.
fn open_as(
    fd: u64,
    access: Access,
    is_first: bool,
    (frame, t, cx): Rest<'_>,
) -> std::result::Result<(OpenFileId, OpenFile), Errno> {
    let id = if is_first { hold(t, cx, frame, fd)? } else { hold_second(t, cx, frame, fd)? };
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let mode = AccessMode::of(file.flags);
    let allowed = if access == Access::Load { mode.reads() } else { mode.writes() };
    if file.kind == FileKind::Path || !allowed {
        return Err(Errno::EBADF);
    }
    Ok((id, file.clone()))
}

/// Where the call begins in a file: at a word in memory, or at the file's own offset, less what earlier runs have moved it.
fn begin(
    (id, file): &(OpenFileId, OpenFile),
    word: u64,
    (frame, t, cx): Rest<'_>,
) -> Result<Source> {
    let (id, kind, moves) = (*id, file.kind, word == 0);
    let start = match word {
        0 => file.offset.saturating_sub(frame.progress),
        word => user::read_word(t, cx, word)?,
    };
    user::touch(t, cx, word, if word == 0 { 0 } else { 8 }, Access::Store)?;
    Ok(Source { id, kind, start, moves })
}

/// So much has been taken: the file's offset moves along.
fn moved(source: Source, frame: &CallFrame, t: &mut Tables) {
    if let Some(file) = t.proc.open.get_mut(source.id).filter(|_| source.moves) {
        file.offset = source.start + frame.progress;
    }
}

/// The call is over: what is done is its result, even if something went wrong then; the word in memory says how far it got.
fn finish(outcome: Result, words: [(u64, u64); 2], (frame, t, cx): Rest<'_>) -> Result {
    let done = match outcome {
        Err(Stop::Fail(_)) if frame.progress > 0 => frame.progress,
        outcome => outcome?,
    };
    for (word, start) in words.into_iter().filter(|(word, _)| *word != 0) {
        user::write(t, cx, word, &(start + done).to_le_bytes())?;
    }
    Ok(done)
}

/// The next bytes of a file, at most so many, which stay where they are.
fn peek(source: Source, most: u64, (frame, t, cx): Rest<'_>) -> Result<Vec<u8>> {
    let at = source.start.checked_add(frame.progress).ok_or(Errno::EOVERFLOW)?;
    let most = most.min(STEP - at % PAGE);
    let inode = match source.kind {
        FileKind::Special(Special::Zero) => return Ok(vec![0; most as usize]),
        FileKind::Memory(object) => return super::memfd::peek(object, at, most, (frame, t, cx)),
        FileKind::Generated(inode) => {
            return super::generated::peek(source.id, inode, (at, most), (frame, t, cx));
        }
        FileKind::Inode(inode) => inode,
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    let attributes = node::attributes(inode, (frame, t, cx))?;
    if attributes.kind != Kind::Regular {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if let Some(object) = t.fs.stored(inode).and_then(|fs| fs.object(inode.number)) {
        return super::memfd::peek(object, at, most, (frame, t, cx));
    }
    let length = most.min(attributes.size.saturating_sub(at));
    let mut bytes = Vec::with_capacity(length as usize);
    while (bytes.len() as u64) < length {
        let from = at + bytes.len() as u64;
        let frame_of_page = txn::fetch_page(t, cx, frame, inode, from / PAGE)?;
        let skip = (from % PAGE) as usize;
        let part = (PAGE_SIZE - skip).min(length as usize - bytes.len());
        bytes.extend_from_slice(&t.memory.ram.page(frame_of_page)[skip..skip + part]);
    }
    files::release_pins(t, frame);
    Ok(bytes)
}

/// Lets a target take bytes, of which it may leave some; the frame's progress says how many it took.
fn pour(
    to: &(OpenFileId, OpenFile),
    bytes: Vec<u8>,
    position: Position,
    (frame, t, cx): Rest<'_>,
) -> Result<()> {
    let before = frame.progress;
    let length = bytes.len() as u64;
    let counts = match to.1.kind {
        FileKind::Inode(_) | FileKind::Memory(_) | FileKind::Pipe(..) => true,
        FileKind::Socket(id) => socket::is_stream(t, id),
        _ => false,
    };
    if counts {
        // These go by the frame's progress themselves.
        let buffers = Buffers::kernel(before, bytes);
        transfer::write(to, &buffers, position, (frame, t, cx))?;
        return Ok(());
    }
    frame.progress = 0;
    let buffers = Buffers::kernel(0, bytes);
    let taken = transfer::write(to, &buffers, position, (&mut *frame, t, cx));
    frame.progress = before;
    frame.progress += taken?.min(length);
    Ok(())
}

/// Moves bytes of a file to a target until there are no more, or the target takes no more.
fn pump(
    from: Source,
    to: &(OpenFileId, OpenFile),
    (count, position): (u64, Position),
    (frame, t, cx): Rest<'_>,
) -> Result {
    while frame.progress < count {
        let bytes = peek(from, count - frame.progress, (frame, t, cx))?;
        if bytes.is_empty() {
            break;
        }
        let all = frame.progress + bytes.len() as u64;
        let outcome = pour(to, bytes, position, (frame, t, cx));
        moved(from, frame, t);
        outcome?;
        if frame.progress < all {
            break;
        }
    }
    Ok(frame.progress)
}

/// sendfile(2).
///
/// # Errors
/// `EBADF`, `EINVAL` for a source without pages and a target with O_APPEND, `ESPIPE`, `EFAULT`, and those of
/// write(2); parks.
pub fn sys_sendfile([out, input, offset, count]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    if offset != 0 {
        user::touch(t, cx, offset, 8, Access::Store)?;
    }
    let from = open_as(input, Access::Load, true, (frame, t, cx))?;
    let source = begin(&from, offset, (frame, t, cx))?;
    if offset != 0 && !has_positions(source.kind) {
        return Err(Stop::Fail(Errno::ESPIPE));
    }
    if source.start > i64::MAX as u64 || count > i64::MAX as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let to = open_as(out, Access::Store, false, (frame, t, cx))?;
    if to.1.flags & OpenFlags::APPEND.bits() != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    can_take(&to.1)?;
    let count = count.min(MAX_TRANSFER);
    let outcome = pump(source, &to, (count, Position::Offset), (frame, t, cx));
    finish(outcome, [(offset, source.start), (0, 0)], (frame, t, cx))
}

/// Whether reading at a position means anything.
fn has_positions(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::Inode(_) | FileKind::Memory(_) | FileKind::Generated(_) | FileKind::Special(_)
    )
}

/// Counters take numbers and no bytes; other things that one waits for take nothing.
fn can_take(file: &OpenFile) -> std::result::Result<(), Errno> {
    if file.kind.is_anonymous() { Err(Errno::EINVAL) } else { Ok(()) }
}

/// copy_file_range(2).
///
/// # Errors
/// `EBADF`, `EISDIR`, `EINVAL` for what are no files, for flags and for ranges of one file that overlap; `EOVERFLOW`, `EFAULT`, and
/// those of write(2); parks.
pub fn sys_copy_file_range(
    [input, off_in, out, off_out, count, flags]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let any = |id: OpenFileId, t: &Tables| t.proc.open.get(id).cloned().ok_or(Errno::EBADF);
    let from = hold(t, cx, frame, input)?;
    let to = hold_second(t, cx, frame, out)?;
    let (from, to) = ((from, any(from, t)?), (to, any(to, t)?));
    let source = begin(&from, off_in, (frame, t, cx))?;
    let target = begin(&to, off_out, (frame, t, cx))?;
    if flags != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    for (file, wants_write) in [(&from.1, false), (&to.1, true)] {
        match file.kind {
            FileKind::Inode(inode) => match node::attributes(inode, (frame, t, cx))?.kind {
                Kind::Directory => return Err(Stop::Fail(Errno::EISDIR)),
                Kind::Regular => {}
                _ => return Err(Stop::Fail(Errno::EINVAL)),
            },
            FileKind::Memory(_) => {}
            FileKind::Path => return Err(Stop::Fail(Errno::EBADF)),
            _ => return Err(Stop::Fail(Errno::EINVAL)),
        }
        let mode = AccessMode::of(file.flags);
        let appends = file.flags & OpenFlags::APPEND.bits() != 0;
        if wants_write && (!mode.writes() || appends) || !wants_write && !mode.reads() {
            return Err(Stop::Fail(Errno::EBADF));
        }
    }
    let most = i64::MAX as u64;
    if source.start > most || target.start > most {
        return Err(Stop::Fail(Errno::EOVERFLOW));
    }
    // What is behind the end is not copied, and does not overlap.
    let there = size_of(source.kind, (frame, t, cx))?.saturating_sub(source.start);
    let count = count.min(MAX_TRANSFER).min(there);
    let (a, b) = (source.start, target.start);
    if from.1.kind == to.1.kind && a < b.saturating_add(count) && b < a.saturating_add(count) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let position = if off_out == 0 { Position::Offset } else { Position::At(target.start) };
    let outcome = pump(source, &to, (count, position), (frame, t, cx));
    finish(outcome, [(off_in, source.start), (off_out, target.start)], (frame, t, cx))
}

/// How long a file is.
fn size_of(kind: FileKind, (frame, t, cx): Rest<'_>) -> Result {
    match kind {
        FileKind::Inode(inode) => Ok(node::attributes(inode, (frame, t, cx))?.size),
        FileKind::Memory(object) => Ok(t.mm.object(object).map_or(0, |object| object.size)),
        _ => Ok(0),
    }
}

/// splice(2): one of the two is a pipe.
///
/// # Errors
/// `EBADF`, `EINVAL`, `ESPIPE` for an offset of a pipe, `EAGAIN`, `EINTR`, `EPIPE` with SIGPIPE, `EFAULT`; parks.
pub fn sys_splice(
    [input, off_in, out, off_out, count, flags]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    if count == 0 {
        return Ok(0);
    }
    let flags = SpliceFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let from = open_as(input, Access::Load, true, (frame, t, cx))?;
    let to = open_as(out, Access::Store, false, (frame, t, cx))?;
    let at_once = flags.contains(SpliceFlags::NONBLOCK);
    let count = count.min(MAX_TRANSFER);
    let is_nonblocking = |file: &OpenFile| file.flags & OpenFlags::NONBLOCK.bits() != 0;
    let word = |word, kind: FileKind| match kind {
        FileKind::Pipe(..) if word != 0 => Err(Errno::ESPIPE),
        kind if word != 0 && !has_positions(kind) => Err(Errno::EINVAL),
        _ => Ok(()),
    };
    word(off_in, from.1.kind)?;
    word(off_out, to.1.kind)?;
    match (from.1.kind, to.1.kind) {
        (FileKind::Pipe(a, _), FileKind::Pipe(b, _)) if a == b => Err(Stop::Fail(Errno::EINVAL)),
        (FileKind::Pipe(pipe, _), kind) => {
            let both = matches!(kind, FileKind::Pipe(..));
            let at_once = at_once || both && (is_nonblocking(&from.1) || is_nonblocking(&to.1));
            if to.1.flags & OpenFlags::APPEND.bits() != 0 {
                return Err(Stop::Fail(Errno::EINVAL));
            }
            can_take(&to.1)?;
            let target = begin(&to, off_out, (frame, t, cx))?;
            let position = if off_out == 0 { Position::Offset } else { Position::At(target.start) };
            let outcome = drain(pipe, &to, (count, position, at_once), (frame, t, cx));
            finish(outcome, [(off_out, target.start), (0, 0)], (frame, t, cx))
        }
        (_, FileKind::Pipe(pipe, _)) => {
            let at_once = at_once || is_nonblocking(&to.1);
            let source = begin(&from, off_in, (frame, t, cx))?;
            if source.start > i64::MAX as u64 {
                return Err(Stop::Fail(Errno::EINVAL));
            }
            let outcome = fill(source, &from, pipe, (count, at_once), (frame, t, cx));
            finish(outcome, [(off_in, source.start), (0, 0)], (frame, t, cx))
        }
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// A pipe that has nothing to read: its end, or the call fails, or waits.
fn wait_for_bytes(pipe: PipeId, at_once: bool, frame: &CallFrame, t: &Tables) -> Result {
    if t.pipes.get(pipe).is_none_or(|pipe| pipe.writers == 0) {
        return Ok(0);
    }
    if at_once {
        return Err(Stop::Fail(Errno::EAGAIN));
    }
    frame.interrupted()?;
    let channel = Channel::PipeReadable(pipe);
    Err(Stop::Park(WaitFor::channel(channel, Wait::Pipe, Interruptible::UnlessRestarted)))
}

/// How much room a pipe has; if it has none, the call fails, or waits.
fn room_in(pipe: PipeId, at_once: bool, frame: &CallFrame, t: &mut Tables, cx: &mut Cx) -> Result {
    let found = t.pipes.get(pipe).ok_or(Errno::EBADF)?;
    if found.readers == 0 {
        let me = Target::Thread(cx.caller);
        signal::send(t, cx, me, Signal::PIPE, code::SI_USER, 0);
        return Err(Stop::Fail(Errno::EPIPE));
    }
    match found.room() {
        0 if at_once => Err(Stop::Fail(Errno::EAGAIN)),
        0 => {
            frame.interrupted()?;
            let channel = Channel::PipeWritable(pipe);
            Err(Stop::Park(WaitFor::channel(channel, Wait::Pipe, Interruptible::UnlessRestarted)))
        }
        room => Ok(room),
    }
}

/// Takes bytes that were looked at out of a pipe. Who takes them goes on because of who wrote them.
fn take(pipe: PipeId, count: u64, t: &mut Tables, cx: &mut Cx) {
    let Some(found) = t.pipes.get_mut(pipe) else { return };
    let was_writable = found.is_writable();
    let sender = found.take(count);
    let is_writable = found.is_writable();
    if let (Some((cause, request)), Some(thread)) = (sender, t.proc.threads.get_mut(cx.caller)) {
        (cx.cause, cx.request) = (cause, request);
        (thread.cause, thread.request) = (cause, request);
    }
    if is_writable && !was_writable {
        let came = PollEvents::OUT | PollEvents::WRNORM;
        wait::announce(t, cx, Channel::PipeWritable(pipe), 1, came);
    }
}

/// Puts bytes into a pipe, for which there is room.
fn put(pipe: PipeId, bytes: &[u8], t: &mut Tables, cx: &mut Cx) {
    let (cause, request) = (cx.cause, cx.request);
    cx.charge_copy(bytes.len());
    if let Some(found) = t.pipes.get_mut(pipe) {
        found.push(bytes, cause, request);
        let came = PollEvents::IN | PollEvents::RDNORM;
        wait::announce(t, cx, Channel::PipeReadable(pipe), 1, came);
    }
}

/// From a pipe to something else: what is in it, and if that is nothing, what will be.
fn drain(
    pipe: PipeId,
    to: &(OpenFileId, OpenFile),
    (count, position, at_once): (u64, Position, bool),
    (frame, t, cx): Rest<'_>,
) -> Result {
    while frame.progress < count {
        let there = t.pipes.get(pipe).map_or(0, |pipe| pipe.len());
        if there == 0 {
            return match frame.progress {
                0 => wait_for_bytes(pipe, at_once, frame, t),
                done => Ok(done),
            };
        }
        let mut most = there.min(count - frame.progress).min(STEP);
        if let FileKind::Pipe(target, End::Write | End::Both) = to.1.kind {
            most = match room_in(target, at_once || frame.progress > 0, frame, t, cx) {
                Err(Stop::Fail(_)) if frame.progress > 0 => return Ok(frame.progress),
                room => most.min(room?),
            };
        }
        let mut bytes = vec![0; most as usize];
        if let Some(found) = t.pipes.get(pipe) {
            found.peek(&mut bytes);
        }
        let before = frame.progress;
        let outcome = pour(to, bytes, position, (frame, t, cx));
        take(pipe, frame.progress - before, t, cx);
        outcome?;
        if frame.progress < before + most {
            break;
        }
    }
    Ok(frame.progress)
}

/// From something else to a pipe: as much as it has room for, once.
fn fill(
    source: Source,
    from: &(OpenFileId, OpenFile),
    pipe: PipeId,
    (count, at_once): (u64, bool),
    (frame, t, cx): Rest<'_>,
) -> Result {
    let room = room_in(pipe, at_once, frame, t, cx)?.min(count).min(STEP);
    if let FileKind::Socket(_) = source.kind {
        let mut file = from.clone();
        file.1.flags |= if at_once { OpenFlags::NONBLOCK.bits() } else { 0 };
        let sink = Buffers::sink(room);
        let got = transfer::read(&file, &sink, Position::Offset, (frame, t, cx))?;
        let bytes = sink.into_bytes();
        put(pipe, bytes.get(..got as usize).unwrap_or(&bytes), t, cx);
        return Ok(got);
    }
    let bytes = peek(source, room, (frame, t, cx))?;
    put(pipe, &bytes, t, cx);
    frame.progress = bytes.len() as u64;
    moved(source, frame, t);
    Ok(frame.progress)
}

/// The pipe behind an end of one.
fn pipe_of((_, file): &(OpenFileId, OpenFile)) -> std::result::Result<PipeId, Errno> {
    match file.kind {
        FileKind::Pipe(pipe, _) => Ok(pipe),
        _ => Err(Errno::EINVAL),
    }
}

/// tee(2): as splice(2) between pipes, but the bytes stay in the first.
///
/// # Errors
/// `EBADF`, `EINVAL`, `EAGAIN`, `EINTR`, `EPIPE` with SIGPIPE; parks.
pub fn sys_tee([input, out, count, flags]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let flags = SpliceFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if count == 0 {
        return Ok(0);
    }
    let from = open_as(input, Access::Load, true, (frame, t, cx))?;
    let to = open_as(out, Access::Store, false, (frame, t, cx))?;
    let (source, target) = (pipe_of(&from)?, pipe_of(&to)?);
    if source == target {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let nonblocking = (from.1.flags | to.1.flags) & OpenFlags::NONBLOCK.bits() != 0;
    let at_once = flags.contains(SpliceFlags::NONBLOCK) || nonblocking;
    let there = t.pipes.get(source).map_or(0, |pipe| pipe.len());
    let is_read = t.pipes.get(target).is_some_and(|pipe| pipe.readers > 0);
    if there == 0 && is_read {
        return wait_for_bytes(source, at_once, frame, t);
    }
    let room = room_in(target, at_once, frame, t, cx)?;
    let mut bytes = vec![0; there.min(room).min(count).min(STEP) as usize];
    if let Some(found) = t.pipes.get(source) {
        found.peek(&mut bytes);
    }
    put(target, &bytes, t, cx);
    Ok(bytes.len() as u64)
}

/// vmsplice(2): between memory and a pipe. The pages are copied and not given away.
///
/// # Errors
/// `EBADF` for what is no pipe, `EINVAL`, and those of readv(2) and writev(2); parks.
pub fn sys_vmsplice([fd, array, count, flags]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let flags = SpliceFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let id = hold(t, cx, frame, fd)?;
    let mut file = t.proc.open.get(id).ok_or(Errno::EBADF)?.clone();
    let FileKind::Pipe(_, end) = file.kind else { return Err(Stop::Fail(Errno::EBADF)) };
    if flags.contains(SpliceFlags::NONBLOCK) {
        file.flags |= OpenFlags::NONBLOCK.bits();
    }
    let buffers = Buffers::many(t, cx, array, count)?;
    match end {
        End::Read => transfer::read(&(id, file), &buffers, Position::Offset, (frame, t, cx)),
        _ => transfer::write(&(id, file), &buffers, Position::Offset, (frame, t, cx)),
    }
}
