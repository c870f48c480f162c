//! Who somebody is, and in which world of names: credentials, namespaces, control groups.
//!
//! They stand in the bottom layer because every subsystem takes them from its first line on: `fs` takes
//! a [`Cred`] and a mount namespace, `net` a network namespace, allocation and run time a control group.
//! Until containers exist there is one of each, number 0.

use std::hash::Hash;

/// A namespace of one of Linux' kinds (namespaces(7)); 0 is the initial one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NsId(pub u32);

/// A control group (cgroups(7), version 2); 0 is the root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CgroupId(pub u32);

/// The bundle of namespaces that a process lives in (Linux' `struct nsproxy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Namespaces {
    /// Process numbers.
    pub pid: NsId,
    /// Mounts.
    pub mount: NsId,
    /// Network interfaces, addresses, routes, ports.
    pub network: NsId,
    /// Host name.
    pub uts: NsId,
    /// User numbers.
    pub user: NsId,
}

/// What a process may do (credentials(7)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cred {
    /// Real user.
    pub uid: u32,
    /// Effective user: who permission checks ask for.
    pub euid: u32,
    /// Saved user, to which `seteuid` may return.
    pub suid: u32,
    /// Real group.
    pub gid: u32,
    /// Effective group.
    pub egid: u32,
    /// Saved group.
    pub sgid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

impl Cred {
    /// The superuser.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Whether every check passes (the effective user is 0).
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.euid == 0
    }
}
