//! The emulated hardware and the kernel that runs on it.
//!
//! Read from the bottom up; a module imports only from layers below its own:
//!
//! | layer | modules | |
//! |---|---|---|
//! | 0 | [`base`] | time, ids, channels, agenda, chance, choices |
//! | 1 | [`abi`] | what user programs see |
//! | 2 | [`event`] | what happened |
//! | 3 | [`hw`] | models of devices |
//! | 4 | [`driver`] | what speaks to their registers |
//! | 5 | [`sched`], [`mm`], [`fs`], [`net`], [`ipc`] | subsystems that do not know each other |
//! | 6 | [`proc`] | processes and threads as tables |
//! | 7 | [`context`], [`task`], [`io`], [`syscall`], [`kthread`], [`pseudo`], [`trap`] | whatever spans two subsystems |
//! | 8 | [`machine`] | one computer |
//! | 9 | [`world`], [`hypervisor`] | several, and one inside another |

pub mod abi;
pub mod base;
pub mod context;
pub mod driver;
pub mod event;
pub mod fs;
pub mod hw;
pub mod hypervisor;
pub mod io;
pub mod ipc;
pub mod kthread;
pub mod machine;
pub mod mm;
pub mod net;
pub mod proc;
pub mod pseudo;
pub mod sched;
pub mod syscall;
pub mod task;
pub mod trap;
pub mod world;
