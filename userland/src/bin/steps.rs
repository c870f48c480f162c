//! The way of one request through the three-tier system, as its programs mark it in the log.
//!
//! The marks are static probes ([`oscope_kernel::abi::probe::MARK`]): what a program knows and the kernel cannot see. They
//! take no time and tell no other program anything.

use crate::sys::Sys;
use oscope_kernel::abi::probe;

/// A step. Its number is the fact that is marked, less [`FIRST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The browser issues the request.
    Issued = 1,
    /// The server's name has become an address.
    Resolved,
    /// A process of the web server has read the request.
    WebTook,
    /// It has decided: static (0) or dynamic (1).
    WebDecided,
    /// It goes where the data is.
    WebWent,
    /// A thread of the application server has read the request.
    AppTook,
    /// It has decided: it can answer itself (0) or needs the database (1).
    AppDecided,
    /// It has a connection out of the pool.
    PoolTaken,
    /// It sends SQL.
    SqlSent,
    /// A process of the database server has read the statement.
    DbTook,
    /// It looks for a page in the buffer cache.
    CacheLooked,
    /// The page is not there: it goes to the disk.
    CacheMissed,
    /// The disk has returned the page.
    DiskReturned,
    /// The page is in the cache for all who come.
    CacheKept,
    /// It answers.
    DbAnswered,
    /// The application's thread has the rows.
    RowsArrived,
    /// It has made the page.
    PageMade,
    /// It returns it.
    AppReturned,
    /// The web server has it.
    WebReceived,
    /// The web server has passed it on as it is.
    WebPassed,
    /// The browser shows it.
    Shown,
}

/// What is added to a step's number.
pub const FIRST: u64 = 100;

/// All steps in order, with a caption.
pub const STEPS: [(Step, &str); 21] = [
    (Step::Issued, "the browser issues the request"),
    (Step::Resolved, "the name is resolved"),
    (Step::WebTook, "the web server takes it"),
    (Step::WebDecided, "static or dynamic?"),
    (Step::WebWent, "the web server goes where the data is"),
    (Step::AppTook, "the application server takes it"),
    (Step::AppDecided, "compute, or database?"),
    (Step::PoolTaken, "a connection is taken from the pool"),
    (Step::SqlSent, "SQL is sent"),
    (Step::DbTook, "the database takes it"),
    (Step::CacheLooked, "it looks in the cache"),
    (Step::CacheMissed, "not there: to the disk"),
    (Step::DiskReturned, "the disk returns the data"),
    (Step::CacheKept, "it is kept in the cache"),
    (Step::DbAnswered, "the database answers"),
    (Step::RowsArrived, "the rows arrive"),
    (Step::PageMade, "the page is made"),
    (Step::AppReturned, "it is returned"),
    (Step::WebReceived, "it arrives at the web server"),
    (Step::WebPassed, "it is passed on as it is"),
    (Step::Shown, "the browser shows it"),
];

impl Step {
    /// The fact as the log has it.
    #[must_use]
    pub const fn fact(self) -> u64 {
        FIRST + self as u64
    }

    /// The step that a fact of the log is, if it is one.
    #[must_use]
    pub fn of(fact: u16) -> Option<Self> {
        let mut all = STEPS.iter().map(|&(step, _)| step);
        all.find(|step| step.fact() == u64::from(fact))
    }

    /// States that it has been reached, with a number that says more.
    pub(crate) async fn mark(self, sys: &Sys, value: u64) {
        let _ = sys.call(probe::MARK, [self.fact(), value, 0, 0, 0, 0]).await;
    }
}
