//! Sockets within a machine (unix(7)): streams, datagrams and sequenced packets, named by files or by bytes, which can
//! also carry open files.
//!
//! A message goes straight into the receiver's queue: there is nothing in between that could lose or reorder it. Who
//! sends to a full queue waits. Open files in a message belong to the message until somebody receives it.
//!
//! A simplification: sockets that are sent through each other in a circle and then closed stay for ever. Linux has a
//! collector for them (`net/unix/garbage.c`).

use super::Net;
use super::effect::{Effect, Present};
use super::socket::Kind;
use crate::abi::Errno;
use crate::abi::flags::PollEvents;
use crate::base::{InodeId, NsId, OpenFileId, Pid, RequestId, SocketId};
use crate::event::EventId;
use std::collections::{BTreeMap, VecDeque};

/// How many bytes wait for a receiver at most (net.core.wmem_default).
const BUFFER: usize = 212_992;
/// How many datagrams wait for a receiver at most (net.unix.max_dgram_qlen).
const MAX_DATAGRAMS: usize = 10;

/// What one send is to the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Bytes in order: where a message ends is not seen.
    Stream,
    /// Messages, with connections.
    Packets,
    /// Messages, without.
    Datagram,
}

/// What a socket is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Name {
    /// A file: the inode, and the path by which it was made.
    Path(InodeId, Vec<u8>),
    /// Bytes that are in no file system.
    Abstract(Vec<u8>),
}

/// Who a process is (`struct ucred`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// Its number.
    pub pid: Pid,
    /// Its effective user.
    pub user: u32,
    /// Its effective group.
    pub group: u32,
}

/// A message that waits for its receiver.
#[derive(Clone, Debug, Hash)]
pub struct Message {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many of them are read.
    pub read: usize,
    /// The sender's name, if it has one.
    pub from: Option<Name>,
    /// Who the sender is.
    pub credentials: Credentials,
    /// Open files that come along (SCM_RIGHTS).
    pub files: Vec<OpenFileId>,
    /// What brought it.
    pub cause: EventId,
    /// The request that it serves.
    pub request: RequestId,
}

/// A local socket.
#[derive(Clone, Debug, Hash)]
pub struct Local {
    /// The socket.
    pub id: SocketId,
    /// What it carries.
    pub style: Style,
    /// Its name.
    pub name: Option<Name>,
    /// The other end. A datagram socket's is where it sends to.
    pub peer: Option<SocketId>,
    /// Whether it ever had another end that is gone now.
    pub parted: bool,
    /// How many may wait to be accepted; `None`: it does not listen.
    pub backlog: Option<usize>,
    /// Who waits to be accepted.
    pub ready: VecDeque<SocketId>,
    queue: VecDeque<Message>,
    queued: usize,
    /// shutdown(2): nothing more is received, sent.
    pub shut: (bool, bool),
    /// Who made it.
    pub owner: Credentials,
    /// Who is at the other end (SO_PEERCRED).
    pub partner: Credentials,
    /// SO_PASSCRED.
    pub wants_credentials: bool,
    /// What went wrong, for the next call.
    pub error: Option<Errno>,
}

impl Local {
    /// One without a name or a partner.
    #[must_use]
    pub const fn new(id: SocketId, style: Style, owner: Credentials) -> Self {
        Self {
            id,
            style,
            name: None,
            peer: None,
            parted: false,
            backlog: None,
            ready: VecDeque::new(),
            queue: VecDeque::new(),
            queued: 0,
            shut: (false, false),
            owner,
            partner: Credentials { pid: Pid(0), user: u32::MAX, group: u32::MAX },
            wants_credentials: false,
            error: None,
        }
    }

    /// The oldest message.
    #[must_use]
    pub fn first(&self) -> Option<&Message> {
        self.queue.front()
    }

    /// All messages, the oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.queue.iter()
    }

    /// How many bytes wait to be read.
    #[must_use]
    pub const fn queued(&self) -> usize {
        self.queued
    }

    /// Whether another message fits.
    #[must_use]
    pub fn has_room(&self) -> bool {
        match self.style {
            Style::Datagram => self.queue.len() <= MAX_DATAGRAMS && self.queued < BUFFER,
            Style::Stream | Style::Packets => self.queued < BUFFER,
        }
    }

    /// How many bytes more of a stream fit.
    #[must_use]
    pub const fn room(&self) -> usize {
        BUFFER.saturating_sub(self.queued)
    }

    /// Takes the oldest message.
    pub fn take(&mut self) -> Option<Message> {
        let message = self.queue.pop_front()?;
        self.queued -= message.bytes.len() - message.read;
        Some(message)
    }

    /// Bytes of the oldest message are read; with the last one it is gone. Returns the open files that came along with
    /// the first of its bytes.
    pub fn consume(&mut self, count: usize) -> Vec<OpenFileId> {
        let Some(message) = self.queue.front_mut() else { return Vec::new() };
        let count = count.min(message.bytes.len() - message.read);
        message.read += count;
        self.queued -= count;
        let files = std::mem::take(&mut message.files);
        if message.read == message.bytes.len() {
            self.queue.pop_front();
        }
        files
    }

    /// Whether a receiving call would return at once.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        !self.queue.is_empty()
            || !self.ready.is_empty()
            || self.shut.0
            || self.error.is_some()
            || self.parted && self.style != Style::Datagram
    }

    pub(super) fn readiness(&self) -> PollEvents {
        let mut events = PollEvents::empty();
        events.set(PollEvents::IN | PollEvents::RDNORM, self.is_readable());
        let connected = self.style != Style::Datagram;
        let writable = self.backlog.is_none() && (self.peer.is_some() || !connected || self.parted);
        events.set(PollEvents::OUT | PollEvents::WRNORM, writable);
        events.set(PollEvents::HUP, connected && self.parted || self.shut == (true, true));
        events.set(PollEvents::RDHUP, connected && (self.parted || self.shut.0));
        events.set(PollEvents::ERR, self.error.is_some());
        events
    }
}

/// Who has which name.
#[derive(Clone, Debug, Default, Hash)]
pub struct Names {
    files: BTreeMap<InodeId, SocketId>,
    bytes: BTreeMap<Vec<u8>, SocketId>,
    next_automatic: u32,
}

impl Net {
    /// The local socket.
    #[must_use]
    pub fn local(&self, id: SocketId) -> Option<&Local> {
        self.sockets.get(id)?.local()
    }

    /// The local socket, to change.
    pub fn local_mut(&mut self, id: SocketId) -> Option<&mut Local> {
        self.sockets.get_mut(id)?.local_mut()
    }

    /// Makes a local socket.
    pub fn open_local(&mut self, namespace: NsId, style: Style, owner: Credentials) -> SocketId {
        self.open(namespace, |id, _| Kind::Local(Box::new(Local::new(id, style, owner))))
    }

    /// Connects two sockets with each other (socketpair(2)).
    pub fn join(&mut self, a: SocketId, b: SocketId) {
        for (one, other) in [(a, b), (b, a)] {
            let owner = self.local(other).map(|local| local.owner).unwrap_or_default();
            if let Some(local) = self.local_mut(one) {
                local.peer = Some(other);
                local.partner = owner;
            }
        }
    }

    /// Gives a socket a name.
    ///
    /// # Errors
    /// `EADDRINUSE`.
    pub fn name_local(&mut self, id: SocketId, name: Name) -> Result<(), Errno> {
        let namespace = self.sockets.get(id).ok_or(Errno::EBADF)?.namespace;
        let stack = self.stacks.get_mut(&namespace).ok_or(Errno::EINVAL)?;
        match &name {
            Name::Path(inode, _) => {
                stack.names.files.insert(*inode, id);
            }
            Name::Abstract(bytes) => {
                if stack.names.bytes.contains_key(bytes) {
                    return Err(Errno::EADDRINUSE);
                }
                stack.names.bytes.insert(bytes.clone(), id);
            }
        }
        if let Some(local) = self.local_mut(id) {
            local.name = Some(name);
        }
        Ok(())
    }

    /// An abstract name of five hexadecimal digits that nobody has (unix(7), "Autobind").
    pub fn automatic_name(&mut self, namespace: NsId) -> Option<Name> {
        let names = &mut self.stacks.get_mut(&namespace)?.names;
        for _ in 0..=0xf_ffff {
            let bytes = format!("{:05x}", names.next_automatic & 0xf_ffff).into_bytes();
            names.next_automatic = names.next_automatic.wrapping_add(1);
            if !names.bytes.contains_key(&bytes) {
                return Some(Name::Abstract(bytes));
            }
        }
        None
    }

    /// Who has an abstract name.
    #[must_use]
    pub fn by_bytes(&self, namespace: NsId, name: &[u8]) -> Option<SocketId> {
        self.stacks.get(&namespace)?.names.bytes.get(name).copied()
    }

    /// Who has the name of a file.
    #[must_use]
    pub fn by_file(&self, namespace: NsId, inode: InodeId) -> Option<SocketId> {
        self.stacks.get(&namespace)?.names.files.get(&inode).copied()
    }

    /// Connects a socket with one that listens: a new one is made there, which waits to be accepted.
    ///
    /// # Errors
    /// `ECONNREFUSED`, `EPROTOTYPE`, `EISCONN`, `EINVAL`; `EAGAIN` if too many wait already.
    pub fn connect_local(
        &mut self,
        id: SocketId,
        to: SocketId,
        present: &mut Present,
    ) -> Result<(), Errno> {
        let here = self.local(id).ok_or(Errno::EBADF)?;
        let (style, owner) = (here.style, here.owner);
        let there = self.local(to).ok_or(Errno::ECONNREFUSED)?;
        if there.style != style {
            return Err(Errno::EPROTOTYPE);
        }
        if style == Style::Datagram {
            if let Some(local) = self.local_mut(id) {
                local.peer = Some(to);
            }
            return Ok(());
        }
        if here.backlog.is_some() {
            return Err(Errno::EINVAL);
        }
        if here.peer.is_some() || here.parted {
            return Err(Errno::EISCONN);
        }
        let backlog = there.backlog.ok_or(Errno::ECONNREFUSED)?;
        if there.shut.0 {
            return Err(Errno::ECONNREFUSED);
        }
        if there.ready.len() > backlog {
            return Err(Errno::EAGAIN);
        }
        let (name, server) = (there.name.clone(), there.owner);
        let namespace = self.sockets.get(to).ok_or(Errno::ECONNREFUSED)?.namespace;
        let child = self.open_local(namespace, style, server);
        self.join(id, child);
        if let Some(local) = self.local_mut(child) {
            local.name = name;
            local.partner = owner;
        }
        if let Some(local) = self.local_mut(to) {
            local.ready.push_back(child);
        }
        present.wake(to, true, false);
        Ok(())
    }

    /// Puts a message into the receiver's queue.
    ///
    /// # Errors
    /// `EPIPE`, `ECONNREFUSED` if the receiver is gone, `ECONNRESET`, `EAGAIN` if it has no room.
    pub fn send_local(
        &mut self,
        (from, to): (SocketId, SocketId),
        message: Message,
        present: &mut Present,
    ) -> Result<(), Errno> {
        let here = self.local(from).ok_or(Errno::EBADF)?;
        let connected = here.style != Style::Datagram;
        if here.shut.1 {
            return Err(Errno::EPIPE);
        }
        let gone = if connected { Errno::EPIPE } else { Errno::ECONNREFUSED };
        let there = self.local_mut(to).ok_or(gone)?;
        if there.shut.0 {
            return Err(Errno::EPIPE);
        }
        // A datagram socket that has chosen a partner listens to nobody else.
        if !connected && there.peer.is_some_and(|peer| peer != from) {
            return Err(Errno::EPERM);
        }
        if !there.has_room() {
            return Err(Errno::EAGAIN);
        }
        there.queued += message.bytes.len() - message.read;
        there.queue.push_back(message);
        present.wake(to, true, false);
        Ok(())
    }

    /// The last descriptor of a local socket is closed: its partner learns of it.
    pub(super) fn close_local(&mut self, id: SocketId, present: &mut Present) {
        let Some(local) = self.local_mut(id) else { return };
        let unread = local.queued > 0;
        let (peer, ready) = (local.peer.take(), std::mem::take(&mut local.ready));
        let (queue, name) = (std::mem::take(&mut local.queue), local.name.take());
        let connected = local.style != Style::Datagram;
        for file in queue.into_iter().flat_map(|message| message.files) {
            present.effects.push(Effect::Release(file));
        }
        if let Some(other) = peer.and_then(|peer| self.local_mut(peer)).filter(|_| connected) {
            other.peer = None;
            other.parted = true;
            if unread {
                other.error = Some(Errno::ECONNRESET);
            }
            present.wake(other.id, true, true);
        }
        for child in ready {
            self.close_local(child, present);
        }
        let namespace = self.sockets.get(id).map(|socket| socket.namespace).unwrap_or_default();
        if let Some(names) = self.stacks.get_mut(&namespace).map(|stack| &mut stack.names) {
            match name {
                // An accepted socket has its listener's name, and does not take it along.
                Some(Name::Path(inode, _)) if names.files.get(&inode) == Some(&id) => {
                    names.files.remove(&inode);
                }
                Some(Name::Abstract(bytes)) if names.bytes.get(&bytes) == Some(&id) => {
                    names.bytes.remove(&bytes);
                }
                _ => {}
            }
        }
        // Who waits for room here will never get it.
        present.wake(id, true, true);
        self.forget(id);
    }

    /// shutdown(2): the partner sees the end of what this socket sends, or can send no more.
    pub fn shut_local(
        &mut self,
        id: SocketId,
        (read, write): (bool, bool),
        present: &mut Present,
    ) -> Result<(), Errno> {
        let local = self.local_mut(id).ok_or(Errno::EBADF)?;
        local.shut.0 |= read;
        local.shut.1 |= write;
        let peer = local.peer.filter(|_| local.style != Style::Datagram);
        if let Some(other) = peer.and_then(|peer| self.local_mut(peer)) {
            other.shut.0 |= write;
            other.shut.1 |= read;
            present.wake(other.id, true, true);
        }
        present.wake(id, true, true);
        Ok(())
    }
}
