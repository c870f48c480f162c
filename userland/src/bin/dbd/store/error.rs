//! What can go wrong in a database.

use oscope_kernel::abi::Errno;
use std::fmt;

/// Why a statement was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// The statement is not SQL, or names what is not there.
    Sql(String),
    /// A constraint would be broken.
    Constraint(String),
    /// A row is in the hands of another transaction: wait for its end, and try again.
    Busy(u64),
    /// Waiting would close a circle of transactions that wait for each other.
    Deadlock,
    /// The transaction has failed before; only ROLLBACK helps.
    Failed,
    /// There is no place left for something.
    Full(&'static str),
    /// What a page holds makes no sense.
    Corrupt(&'static str),
    /// The kernel refused.
    Io(Errno),
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Self::Io(errno)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(message) | Self::Constraint(message) => f.write_str(message),
            Self::Busy(other) => write!(f, "transaction {other} has changed the row"),
            Self::Deadlock => f.write_str("deadlock detected"),
            Self::Failed => f.write_str("the transaction has failed: ROLLBACK it"),
            Self::Full(what) => write!(f, "no room left: {what}"),
            Self::Corrupt(what) => write!(f, "the database is damaged: {what}"),
            Self::Io(errno) => write!(f, "{errno}"),
        }
    }
}

/// What a step in the database comes to.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// An error in a statement.
pub(crate) fn sql<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::Sql(message.into()))
}
