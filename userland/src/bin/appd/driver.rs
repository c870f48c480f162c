//! Drivers of databases: what a program asks is the same whichever database it is, as what a kernel asks of a disk.
//!
//! The address says which driver: `dbd://HOST:PORT`. A new database needs a variant here and nothing anywhere else.

use super::super::dbd::{PORT, protocol};
use super::super::net::{connect, frame};
use super::super::steps::Step;
use crate::sys::Sys;
use oscope_kernel::abi::Errno;

pub(super) use protocol::Reply;

/// A database that can be connected to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Driver {
    /// `dbd`, at an address.
    Dbd(String),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// All connections were in use for too long.
    NoLink,
    /// The connection is no good.
    Broken(Errno),
    /// The database does not want to.
    Refused(String),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Broken(errno)
    }
}

impl Driver {
    /// The driver for an address; `None` if there is none for it.
    pub(super) fn for_address(address: &str) -> Option<Self> {
        address.strip_prefix("dbd://").map(|at| Self::Dbd(at.to_owned()))
    }

    /// A connection: its descriptor.
    pub(super) async fn connect(&self, sys: &Sys) -> Result<u64, Failure> {
        match self {
            Self::Dbd(at) => {
                let link = connect(sys, at, PORT).await?;
                sys.set_no_delay(link).await?;
                Ok(link)
            }
        }
    }

    /// Asks over a connection.
    pub(super) async fn query(&self, sys: &Sys, link: u64, sql: &str) -> Result<Reply, Failure> {
        match self {
            Self::Dbd(_) => {
                Step::SqlSent.mark(sys, sql.len() as u64).await;
                frame::send(sys, link, sql.as_bytes()).await?;
                let message = frame::receive(sys, link).await?.ok_or(Errno::ECONNRESET)?;
                Step::RowsArrived.mark(sys, message.len() as u64).await;
                protocol::decode(&message).map_err(Failure::Refused)
            }
        }
    }
}
