//! Messages with what comes along: sendmsg(2), recvmsg(2) and their kin for several at once (cmsg(3), unix(7)).

use super::address;
use super::receive::{Got, receive};
use super::send::{Along, send};
use crate::abi::flags::network::{MessageFlags, level};
use crate::abi::types::{Iovec, Timespec};
use crate::abi::{Access, Errno};
use crate::base::OpenFileId;
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::net::local::Credentials;
use crate::proc::{Descriptor, Stop};
use crate::syscall::Result;
use crate::syscall::descriptor::{hold, open_file};
use crate::syscall::time::read_duration;
use crate::syscall::transfer::{Buffers, Rest};
use crate::task::files;

/// Size of `struct msghdr`.
const HEADER: usize = 56;
/// Size of `struct mmsghdr`.
const MANY: u64 = 64;
/// Size of `struct cmsghdr`.
const CONTROL: usize = 16;
/// Most bytes of control messages (net.core.optmem_max).
const MOST_CONTROL: u64 = 20_480;
/// Most files in one message (`SCM_MAX_FD`).
const MOST_FILES: usize = 253;
/// Kinds of control messages of unix(7).
const SCM_RIGHTS: u32 = 1;
const SCM_CREDENTIALS: u32 = 2;

/// A `struct msghdr`.
#[derive(Clone, Copy, Debug)]
struct Header {
    name: (u64, u32),
    buffers: (u64, u64),
    control: (u64, u64),
}

impl Header {
    fn read(t: &mut Tables, cx: &mut Cx, at: u64) -> Result<Self> {
        let mut bytes = [0; HEADER];
        user::read(t, cx, at, &mut bytes)?;
        let word = |n: usize| {
            bytes.get(n..n + 8).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
        };
        let buffers = (word(16), word(24));
        if buffers.1 > Iovec::MAX_COUNT as u64 {
            return Err(Stop::Fail(Errno::EMSGSIZE));
        }
        Ok(Self { name: (word(0), word(8) as u32), buffers, control: (word(32), word(40)) })
    }
}

/// sendmsg(2).
///
/// # Errors
/// As sendto(2), and `EMSGSIZE`, `EBADF` for a file that is to be handed over, `EINVAL`, `EPERM`.
pub fn sys_sendmsg(fd: u64, at: u64, flags: u64, (frame, t, cx): Rest<'_>) -> Result {
    let file = hold(t, cx, frame, fd)?;
    send_one(file, at, flags as u32, (frame, t, cx))
}

fn send_one(file: OpenFileId, at: u64, flags: u32, (frame, t, cx): Rest<'_>) -> Result {
    super::socket_of(t, file)?;
    let header = Header::read(t, cx, at)?;
    let buffers = Buffers::many(t, cx, header.buffers.0, header.buffers.1)?;
    let to = match header.name {
        (0, _) | (_, 0) => None,
        (name, length) => Some(address::read(t, cx, name, u64::from(length))?),
    };
    let files = read_control(header.control, t, cx)?;
    send(file, &buffers, &Along { flags, to, files }, (frame, t, cx))
}

/// The open files that control messages name.
fn read_control((at, length): (u64, u64), t: &mut Tables, cx: &mut Cx) -> Result<Vec<OpenFileId>> {
    let mut found = Vec::new();
    if at == 0 || length == 0 {
        return Ok(found);
    }
    if length > MOST_CONTROL {
        return Err(Stop::Fail(Errno::ENOBUFS));
    }
    let mut bytes = vec![0; length as usize];
    user::read(t, cx, at, &mut bytes)?;
    let mut rest = &bytes[..];
    while let Some((head, body)) = rest.split_first_chunk::<CONTROL>() {
        let [a, b, c, d, e, f, g, h, tail @ ..] = *head;
        let size = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let [l0, l1, l2, l3, k0, k1, k2, k3] = tail;
        let kind = (u32::from_le_bytes([l0, l1, l2, l3]), u32::from_le_bytes([k0, k1, k2, k3]));
        let size = usize::try_from(size).ok().filter(|size| (CONTROL..=rest.len()).contains(size));
        let size = size.ok_or(Errno::EINVAL)?;
        let data = body.get(..size - CONTROL).ok_or(Errno::EINVAL)?;
        match kind {
            (level::SOCKET, SCM_RIGHTS) => {
                for fd in data.as_chunks::<4>().0 {
                    found.push(open_file(t, cx, u64::from(u32::from_le_bytes(*fd)))?);
                }
                if found.len() > MOST_FILES {
                    return Err(Stop::Fail(Errno::EINVAL));
                }
            }
            (level::SOCKET, SCM_CREDENTIALS) => check_credentials(data, t, cx)?,
            (level::SOCKET, _) => return Err(Stop::Fail(Errno::EINVAL)),
            _ => {}
        }
        rest = rest.get(size.next_multiple_of(8)..).unwrap_or_default();
    }
    Ok(found)
}

/// Nobody but root may say that he is somebody else.
fn check_credentials(data: &[u8], t: &Tables, cx: &Cx) -> Result<()> {
    let own = super::credentials(t, cx);
    let said = data.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
    let said: Vec<u32> = said.collect();
    let is_root = t.proc.process_of(cx.caller).is_some_and(|process| process.cred.is_root());
    match said[..] {
        [pid, user, group] if (pid, user, group) == (own.pid.0, own.user, own.group) => Ok(()),
        [..] if is_root && said.len() == 3 => Ok(()),
        [_, _, _] => Err(Stop::Fail(Errno::EPERM)),
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// recvmsg(2).
///
/// # Errors
/// As recvfrom(2), and `EMSGSIZE`.
pub fn sys_recvmsg(fd: u64, at: u64, flags: u64, (frame, t, cx): Rest<'_>) -> Result {
    let file = hold(t, cx, frame, fd)?;
    receive_one(file, at, flags as u32, (frame, t, cx))
}

fn receive_one(file: OpenFileId, at: u64, flags: u32, (frame, t, cx): Rest<'_>) -> Result {
    super::socket_of(t, file)?;
    let header = Header::read(t, cx, at)?;
    user::touch(t, cx, at, HEADER as u64, Access::Store)?;
    let buffers = Buffers::many(t, cx, header.buffers.0, header.buffers.1)?;
    let (name, name_room) = header.name;
    if name != 0 {
        user::touch(t, cx, name, u64::from(name_room.min(128)), Access::Store)?;
    }
    let (control, control_room) = (header.control.0, header.control.1.min(MOST_CONTROL));
    if control != 0 {
        user::touch(t, cx, control, control_room, Access::Store)?;
    }
    let got = receive(file, &buffers, flags, (frame, t, cx))?;
    let mut told = MessageFlags::empty();
    told.set(MessageFlags::TRUNC, got.length > got.count);
    let mut name_length = 0u32;
    if let Some(from) = got.from.as_ref().filter(|_| name != 0) {
        let bytes = from.to_bytes();
        let fits = bytes.len().min(name_room as usize);
        user::write(t, cx, name, &bytes[..fits])?;
        name_length = bytes.len() as u32;
    }
    let room = if control == 0 { 0 } else { control_room as usize };
    let (bytes, cut) = control_for(&got, room, flags, t, cx);
    told.set(MessageFlags::CTRUNC, cut);
    if !bytes.is_empty() {
        user::write(t, cx, control, &bytes)?;
    }
    if name != 0 {
        user::write(t, cx, at + 8, &name_length.to_le_bytes())?;
    }
    user::write(t, cx, at + 40, &(bytes.len() as u64).to_le_bytes())?;
    user::write(t, cx, at + 48, &told.bits().to_le_bytes())?;
    let whole = flags & MessageFlags::TRUNC.bits() != 0;
    Ok(if whole { got.length } else { got.count })
}

/// Control messages for what came along, and whether some of it did not fit.
fn control_for(got: &Got, room: usize, flags: u32, t: &mut Tables, cx: &mut Cx) -> (Vec<u8>, bool) {
    let (mut bytes, mut cut) = (Vec::new(), false);
    if let Some(Credentials { pid, user, group }) = got.credentials {
        let body = [pid.0, user, group].map(u32::to_le_bytes).concat();
        cut |= !add(&mut bytes, SCM_CREDENTIALS, &body, room);
    }
    if got.files.is_empty() {
        return (bytes, cut);
    }
    let free = room.saturating_sub(bytes.len() + CONTROL) / 4;
    let close_on_exec = flags & MessageFlags::CMSG_CLOEXEC.bits() != 0;
    let mut numbers = Vec::new();
    for (n, &file) in got.files.iter().enumerate() {
        let limit = t.proc.descriptor_limit(cx.caller);
        let table = t.proc.files_of_mut(cx.caller).filter(|_| n < free);
        let added =
            table.and_then(|table| table.add(Descriptor { file, close_on_exec }, 0, limit).ok());
        match added {
            Some(fd) => numbers.extend((fd as u32).to_le_bytes()),
            None => {
                cut = true;
                files::release(t, cx, file);
            }
        }
    }
    if !numbers.is_empty() {
        cut |= !add(&mut bytes, SCM_RIGHTS, &numbers, room);
    }
    (bytes, cut)
}

fn add(bytes: &mut Vec<u8>, kind: u32, body: &[u8], room: usize) -> bool {
    let start = bytes.len().next_multiple_of(8);
    if start + CONTROL + body.len() > room {
        return false;
    }
    bytes.resize(start, 0);
    bytes.extend(((CONTROL + body.len()) as u64).to_le_bytes());
    bytes.extend(level::SOCKET.to_le_bytes());
    bytes.extend(kind.to_le_bytes());
    bytes.extend(body);
    true
}

/// sendmmsg(2): as many messages as go without a failure.
///
/// # Errors
/// Those of the first one.
pub fn sys_sendmmsg([fd, at, count, flags]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let file = hold(t, cx, frame, fd)?;
    several(at, count, (frame, t, cx), |place, rest| send_one(file, place, flags as u32, rest))
}

/// recvmmsg(2): waits for the first message, or with MSG_WAITFORONE unset for all.
///
/// # Errors
/// Those of the first one.
pub fn sys_recvmmsg([fd, at, count, flags, timeout]: [u64; 5], (frame, t, cx): Rest<'_>) -> Result {
    let file = hold(t, cx, frame, fd)?;
    let mut flags = flags as u32;
    let limit = if timeout == 0 {
        None
    } else {
        user::touch(t, cx, timeout, Timespec::SIZE as u64, Access::Store)?;
        Some(frame.entered + read_duration(t, cx, timeout)?)
    };
    // The time is only looked at between messages, as on Linux (recvmmsg(2), "BUGS").
    several(at, count, (frame, t, cx), |place, (frame, t, cx)| {
        if frame.stage > 0 && limit.is_some_and(|limit| cx.now >= limit) {
            return Err(Stop::Fail(Errno::EAGAIN));
        }
        if frame.stage > 0 && flags & MessageFlags::WAITFORONE.bits() != 0 {
            flags |= MessageFlags::DONTWAIT.bits();
        }
        receive_one(file, place, flags, (frame, t, cx))
    })
}

/// Does something for each of an array of `struct mmsghdr`; how many are done stands in the frame's stage.
fn several(
    at: u64,
    count: u64,
    (frame, t, cx): Rest<'_>,
    mut one: impl FnMut(u64, Rest<'_>) -> Result,
) -> Result {
    let count = u64::from(count as u32).min(Iovec::MAX_COUNT as u64);
    while u64::from(frame.stage) < count {
        let place = at + u64::from(frame.stage) * MANY;
        user::touch(t, cx, place, MANY, Access::Store)?;
        match one(place, (frame, t, cx)) {
            Ok(length) => {
                user::write(t, cx, place + HEADER as u64, &(length as u32).to_le_bytes())?;
                frame.stage += 1;
                frame.progress = 0;
            }
            Err(Stop::Fail(_)) if frame.stage > 0 => break,
            Err(stop) => return Err(stop),
        }
    }
    Ok(u64::from(frame.stage))
}
