//! The storage engine: pages in a cache that processes share, a log written ahead, transactions, heaps, trees.
//!
//! Layers, each of which knows those before it: [`value`] what is stored; [`page`] cells in a page; [`area`] the shared
//! memory, and [`latch`]es in it; [`log`] the write-ahead log; [`cache`] pages in memory; [`work`] several pages
//! read and changed as one; [`transaction`] who may see what; [`heap`] rows; [`tree`] keys; [`files`] what lies on the
//! disk, checkpoints and recovery.
//!
//! A typical sequence: a statement takes the latch, reads pages through its [`work::Work`], which copies
//! them out of the cache, and changes its copies. When all went well the work is finished: one record in the log says
//! what is different in which page, and the copies go back into the cache. The transaction commits with a record of the
//! same kind, which sets its bit in a page of states, and waits until the log is on the disk. The pages follow
//! whenever the database writer likes.
//!
//! Ideas: the versions of rows and the bits of committed transactions are PostgreSQL's (src/backend/access/heap and
//! transam/clog.c): what was not committed is simply not seen, and recovery has nothing to undo. A record that holds all
//! changes of one operation is InnoDB's mini-transaction (mtr). Whole pages in the log after a checkpoint, against pages
//! torn by a power cut, are PostgreSQL's full_page_writes.
//!
//! What is simpler than in those: a statement that changes something has the database to itself while it works (not while
//! it waits for a lock or the log); a checkpoint does too. Real systems latch single pages, which takes care in
//! trees (Lehman & Yao, 1981), and let checkpoints run beside everything else.

pub(crate) mod area;
pub(crate) mod cache;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod heap;
pub(crate) mod latch;
pub(crate) mod log;
pub(crate) mod page;
pub(crate) mod transaction;
pub(crate) mod tree;
pub(crate) mod value;
pub(crate) mod work;

use crate::sys::Sys;
use area::Area;
use latch::Latch;

/// An open database, as each of its processes holds it.
#[derive(Clone)]
pub(crate) struct Db {
    pub(crate) sys: Sys,
    pub(crate) area: Area,
    /// The files; a database in memory has none.
    pub(crate) files: Option<Files>,
}

/// What a process must know to go on with an open database: everything but its connection to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Handle {
    area: Area,
    files: Option<Files>,
}

impl Handle {
    /// The database again.
    pub(crate) fn open(self, sys: &Sys) -> Db {
        Db { sys: sys.clone(), area: self.area, files: self.files }
    }
}

/// Descriptors of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Files {
    pub(crate) data: u64,
    pub(crate) log: u64,
    pub(crate) control: u64,
}

impl Db {
    /// What is needed to go on with it.
    pub(crate) fn handle(&self) -> Handle {
        Handle { area: self.area, files: self.files }
    }

    /// The latch that a statement holds while it works.
    pub(crate) fn latch(&self) -> Latch {
        Latch(self.area.at(area::LATCH))
    }

    /// A word of the shared area.
    pub(crate) async fn word(&self, field: u64) -> u64 {
        self.sys.load(self.area.at(field)).await
    }

    /// Counts something.
    pub(crate) async fn count(&self, counter: u64) {
        self.sys.fetch_add(self.area.at(counter), 1).await;
    }
}
