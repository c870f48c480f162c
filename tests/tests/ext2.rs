//! ext2 against e2fsprogs: what they make we read, what we make and write they find nothing wrong with.

#[path = "ext2/crash.rs"]
mod crash;
#[path = "ext2/host.rs"]
mod host;
#[path = "ext2/made.rs"]
mod made;
#[path = "ext2/rubbish.rs"]
mod rubbish;
