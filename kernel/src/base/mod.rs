//! Layer 0: the words in which everything above is said. It imports nothing.
//!
//! Virtual time and the agenda of what is to come, ids and the tables behind them, channels and who waits on them, credentials and
//! namespaces, seeded chance, the digest of a state, and the one door through which every choice goes.

pub mod agenda;
pub mod channel;
pub mod choose;
pub mod cred;
pub mod digest;
pub mod id;
pub mod rng;
pub mod time;

pub use agenda::{Agenda, Key, Ticket};
pub use channel::{Channel, Place, SharedMemory, WaitQueues, Work};
pub use choose::{Asked, Choice, Chooser, Schedule};
pub use cred::{CgroupId, Cred, Namespaces, NsId};
pub use digest::Digester;
pub use id::{
    BlockNumber, BoardId, BoardTag, ClockTimerId, ClockTimerTag, CounterId, CounterTag, CpuId,
    DentryId, DentryTag, DeviceId, EpollId, EpollTag, FilesId, FilesTag, FrameId, FsInfoId,
    FsInfoTag, GuestId, GuestTag, HandlersId, HandlersTag, Id, InodeId, InterestId, InterestTag,
    Location, MachineId, MountId, MountTag, ObjectId, ObjectTag, OpenFileId, OpenFileTag, Pid,
    PipeId, PipeTag, PortId, ProcessId, ProcessTag, RequestId, Serial, ServerId, SocketId,
    SocketTag, SpaceId, SpaceTag, Table, ThreadId, ThreadTag,
};
pub use rng::Rng;
pub use time::{Duration, Time};
