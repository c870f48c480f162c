//! Layer 5: what processes say to each other without files.
//!
//! Layers, side by side: [`pipe`] holds bytes on their way; [`tty`] is a terminal's line discipline; [`shm`] names memory that is shared;
//! [`board`]
//! has turns and notes for the processes of a script; [`events`] are descriptors that stand for something to wait for; [`Mailboxes`] belong to the servers of a microkernel. (Futexes need no table: a word in memory, and a
//! [`Channel`](crate::base::Channel) to wait on.)
//!
//! A typical sequence: in a microkernel a client's read(2) becomes a message, [`Mailboxes::post`] puts it
//! into the file server's box, the client waits for the reply; the server's task takes it with
//! [`Mailboxes::take`] and runs the very handler that a monolithic kernel would have called directly.
//!
//! Taken from elsewhere: clients that block until the reply as in L4 and QNX; messages first come, first
//! served as in MINIX 3; pipes with a reader's and a writer's end of their own from xv6's `pipe.c`; the
//! line discipline between driver and reader from Linux' `n_tty.c`.

pub mod board;
pub mod events;
pub mod pipe;
pub mod shm;
pub mod tty;

pub use board::{Board, Boards};
pub use events::Events;
pub use pipe::{End, PIPE_BUF, Pipe, Pipes};
pub use tty::Tty;

pub mod pi;

pub use pi::{PiLock, PiLocks};

use crate::base::{ServerId, ThreadId};
use std::collections::VecDeque;

/// A mailbox per server.
#[derive(Clone, Debug, Default, Hash)]
pub struct Mailboxes {
    boxes: Vec<VecDeque<ThreadId>>,
}

impl Mailboxes {
    /// Boxes for `servers` servers.
    #[must_use]
    pub fn new(servers: usize) -> Self {
        Self { boxes: vec![VecDeque::new(); servers] }
    }

    /// The client's call waits to be served. `false` if there is no such server.
    pub fn post(&mut self, server: ServerId, client: ThreadId) -> bool {
        let Some(mailbox) = self.boxes.get_mut(usize::from(server.0)) else {
            return false;
        };
        mailbox.push_back(client);
        true
    }

    /// The client who has waited longest.
    pub fn take(&mut self, server: ServerId) -> Option<ThreadId> {
        self.boxes.get_mut(usize::from(server.0))?.pop_front()
    }

    /// A client will not wait any longer: it was killed or interrupted.
    pub fn withdraw(&mut self, client: ThreadId) {
        for mailbox in &mut self.boxes {
            mailbox.retain(|&waiting| waiting != client);
        }
    }

    /// How many clients wait for a server.
    #[must_use]
    pub fn waiting(&self, server: ServerId) -> usize {
        self.boxes.get(usize::from(server.0)).map_or(0, VecDeque::len)
    }
}
