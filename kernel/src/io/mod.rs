//! Layer 7: moving data between programs, caches and devices.
//!
//! Layers: [`image`] lays programs out; [`root`] puts the first files into place; [`start`] starts those that nobody forks; [`user`] copies between the kernel and user memory; [`frames`] finds memory; [`block`] asks
//! devices for blocks and takes them in; [`txn`] runs file system operations; [`node`] does so for any inode, and [`walk`] finds one by its path; [`file`](mod@file) is what regular files hold; [`object`] makes pages of memory objects; [`reclaim`] takes pages away, [`swap`] brings pages back from the swap area; [`tlb`] charges for shoot-downs.
//!
//! A typical sequence: read(2) misses a page of a file. [`txn::run`] asks the file system where the page
//! lies; [`block::fetch`] takes a frame for it, marks it `Reading` in the cache, hands the request to the
//! driver, and the call parks on the page's channel. The disk's interrupt comes to [`block::finish`], which
//! marks the page clean and wakes the channel; the call runs again and finds the page.
//!
//! Taken from elsewhere: reading through the cache and waiting on the page from Linux' `filemap_read`;
//! requests as values that come back done from Tock.

pub mod block;
pub mod file;
pub mod frames;
pub mod image;
pub mod mount;
pub mod node;
pub mod object;
pub mod reclaim;
pub mod root;
pub mod start;
pub mod swap;
pub mod tlb;
pub mod txn;
pub mod user;
pub mod walk;
