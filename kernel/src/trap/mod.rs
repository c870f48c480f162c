//! Layer 7: how the kernel is entered.
//!
//! Layers: [`page_fault`] repairs mappings; [`call`] takes a system call in and its result out;
//! [`capture`] looks at what its pointers point to, for the log;
//! [`interrupt`] is what devices and timers do to a CPU; [`invariant`] checks that waiting calls do no harm.
//!
//! A typical sequence: a program stores to a page that it shares copy-on-write. [`page_fault::repair`] finds
//! the area writable and the frame shared, copies it, and the store is tried again. Had the area been
//! read-only, the process would have got SIGSEGV.
//!
//! Taken from elsewhere: the fault handler's case distinction from Linux' `handle_pte_fault`; top half and
//! bottom half in one go, on the interrupted CPU's time, from its softirqs.

pub mod call;
pub mod capture;
pub mod interrupt;
pub mod invariant;
pub mod page_fault;
