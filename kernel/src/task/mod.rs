//! Layer 7: what happens to threads. They wait and are woken, get signals, begin and end.
//!
//! Layers: [`wait`] parks threads and makes them ready; [`files`] lets go of open files, [`share`] of what
//! tasks share; [`signal`] sends signals and takes them; [`jobs`] knows process groups; [`family`] parents
//! and children; [`robust`] what a thread leaves in memory; [`limit`] watches CPU time; [`life`] begins and
//! ends threads and processes; [`effects`] acts on what devices did, [`network`] on what the network stack did; [`epoll`] tells epoll instances.
//!
//! A typical sequence: kill(2) adds a signal to a process and wakes one of its threads out of an
//! interruptible wait; before that thread's program goes on, [`signal::take`] looks what is pending: a
//! handler is pushed on the program, or the process is stopped, or it ends, which tells its parent.
//!
//! Taken from elsewhere: the order of things at the return to user mode from Linux'
//! `exit_to_user_mode_loop`; that nothing is cleaned up by the dead themselves, but by whoever ended them,
//! from seL4.

pub mod effects;
pub mod epoll;
pub mod family;
pub mod files;
pub mod futex;
pub mod jobs;
pub mod life;
pub mod limit;
pub mod network;
pub mod oom;
pub mod priority;
pub mod robust;
pub mod share;
pub mod signal;
pub mod turn;
pub mod wait;
