//! Socket addresses, and what poll(2) and epoll(7) exchange
//! (linux/in.h, linux/un.h, linux/if_packet.h, asm-generic/poll.h, linux/eventpoll.h).
//!
//! The family stands in the first two bytes, little-endian; ports and addresses after it are in
//! network order, that is big-endian.

use super::{Reader, Writer, quote};
use crate::abi::errno::Errno;
use crate::abi::flags::network::{ETHERNET_PROTOCOL, FAMILY, HARDWARE, PACKET_TYPE, family};
use core::net::Ipv4Addr;
use std::fmt;

/// An IPv4 address and a port: `struct sockaddr_in`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SockAddrIn {
    /// Port, 0 to 65535, as a person writes it.
    pub port: u16,
    /// Address.
    pub address: Ipv4Addr,
}

impl SockAddrIn {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 16;

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new()
            .u16(family::INET as u16)
            .bytes(&self.port.to_be_bytes())
            .bytes(&self.address.octets())
            .finish() // sin_zero
    }
}

/// A place in the file system, an abstract name or none: `struct sockaddr_un`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SockAddrUn {
    /// No name: what an unbound socket has.
    Unnamed,
    /// A path, up to 108 bytes, without a zero byte.
    Path(Vec<u8>),
    /// A name outside the file system, up to 107 bytes; in memory a zero byte stands before it.
    Abstract(Vec<u8>),
}

impl SockAddrUn {
    /// Most bytes that an address can have in memory.
    pub const SIZE: usize = 110;

    /// The structure as it lies in memory, as long as its name demands.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = (family::UNIX as u16).to_le_bytes().to_vec();
        match self {
            Self::Unnamed => {}
            Self::Path(path) => {
                bytes.extend_from_slice(path);
                bytes.push(0);
            }
            Self::Abstract(name) => {
                bytes.push(0);
                bytes.extend_from_slice(name);
            }
        }
        bytes.truncate(Self::SIZE);
        bytes
    }
}

/// An interface, for AF_PACKET: `struct sockaddr_ll`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SockAddrLl {
    /// Ethernet type in host order; 3 is every frame (`ETH_P_ALL`).
    pub protocol: u16,
    /// Number of the interface, from 1; 0: any.
    pub interface: i32,
    /// Hardware type of ARP: 1 is Ethernet.
    pub hardware: u16,
    /// How the frame came: 0 to this host, 1 broadcast, 2 multicast, 3 to another, 4 sent by this
    /// host.
    pub packet_type: u8,
    /// Length of the hardware address, 0 to 8.
    pub length: u8,
    /// Hardware address; what lies past `length` means nothing.
    pub address: [u8; 8],
}

impl SockAddrLl {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 20;

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new()
            .u16(family::PACKET as u16)
            .bytes(&self.protocol.to_be_bytes())
            .i32(self.interface)
            .u16(self.hardware)
            .u8(self.packet_type)
            .u8(self.length)
            .bytes(&self.address)
            .finish()
    }
}

/// A socket address of one of the families that oscope knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SockAddr {
    /// AF_INET.
    In(SockAddrIn),
    /// AF_UNIX.
    Un(SockAddrUn),
    /// AF_PACKET.
    Ll(SockAddrLl),
}

impl SockAddr {
    /// Most bytes of any address (`struct sockaddr_storage`); a longer one is EINVAL.
    pub const MAX_SIZE: usize = 128;

    /// Reads an address of the given length.
    ///
    /// # Errors EINVAL if the length does not fit the family (or is not even two), EAFNOSUPPORT for
    /// other families.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Errno> {
        if bytes.len() > Self::MAX_SIZE {
            return Err(Errno::EINVAL);
        }
        let (head, body) = bytes.split_first_chunk::<2>().ok_or(Errno::EINVAL)?;
        let mut reader = Reader::new(body);
        match u32::from(u16::from_le_bytes(*head)) {
            family::INET if bytes.len() >= SockAddrIn::SIZE => Ok(Self::In(SockAddrIn {
                port: u16::from_be_bytes(reader.bytes()),
                address: Ipv4Addr::from(reader.bytes::<4>()),
            })),
            // Linux takes a link-layer address that ends within its hardware address.
            family::PACKET if bytes.len() >= SockAddrLl::SIZE - 8 => Ok(Self::Ll(SockAddrLl {
                protocol: u16::from_be_bytes(reader.bytes()),
                interface: reader.i32(),
                hardware: reader.u16(),
                packet_type: reader.u8(),
                length: reader.u8(),
                address: reader.bytes(),
            })),
            family::UNIX if bytes.len() <= SockAddrUn::SIZE => {
                Ok(Self::Un(match body.split_first() {
                    None => SockAddrUn::Unnamed,
                    Some((0, name)) => SockAddrUn::Abstract(name.to_vec()),
                    Some(_) => SockAddrUn::Path(
                        body.split(|byte| *byte == 0).next().unwrap_or(body).to_vec(),
                    ),
                }))
            }
            family::INET | family::PACKET | family::UNIX => Err(Errno::EINVAL),
            _ => Err(Errno::EAFNOSUPPORT),
        }
    }

    /// The address as it lies in memory.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::In(address) => address.to_bytes().to_vec(),
            Self::Un(address) => address.to_bytes(),
            Self::Ll(address) => address.to_bytes().to_vec(),
        }
    }
}

impl From<SockAddrIn> for SockAddr {
    fn from(address: SockAddrIn) -> Self {
        Self::In(address)
    }
}

impl From<SockAddrLl> for SockAddr {
    fn from(address: SockAddrLl) -> Self {
        Self::Ll(address)
    }
}

/// As strace prints it: `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}`.
/// Where strace asks the host for an interface's name (`if_nametoindex("eth0")`), the number stands.
impl fmt::Display for SockAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(SockAddrIn { port, address }) => write!(
                f,
                "{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr(\"{address}\")}}"
            ),
            Self::Un(SockAddrUn::Unnamed) => f.write_str("{sa_family=AF_UNIX}"),
            Self::Un(SockAddrUn::Path(path)) => {
                write!(f, "{{sa_family=AF_UNIX, sun_path={}}}", quote(path, SockAddrUn::SIZE))
            }
            Self::Un(SockAddrUn::Abstract(name)) => {
                write!(f, "{{sa_family=AF_UNIX, sun_path=@{}}}", quote(name, SockAddrUn::SIZE))
            }
            Self::Ll(link) => {
                write!(
                    f,
                    "{{sa_family=AF_PACKET, sll_protocol=htons({}), sll_ifindex={}, sll_hatype={}, \
                     sll_pkttype={}, sll_halen={}",
                    ETHERNET_PROTOCOL.print(u32::from(link.protocol)),
                    link.interface,
                    HARDWARE.print(u32::from(link.hardware)),
                    PACKET_TYPE.print(u32::from(link.packet_type)),
                    link.length
                )?;
                let used = usize::from(link.length).min(link.address.len());
                if let Some(address @ [_, ..]) = link.address.get(..used) {
                    // C's %#02x: no prefix for zero, and then two digits.
                    let print = |byte: &u8| match byte {
                        0 => "00".to_owned(),
                        _ => format!("{byte:#x}"),
                    };
                    let bytes: Vec<String> = address.iter().map(print).collect();
                    let more = if used < usize::from(link.length) { ", ..." } else { "" };
                    write!(f, ", sll_addr=[{}{more}]", bytes.join(", "))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Any address as strace prints it, also of a family that oscope does not know.
#[must_use]
pub fn print_socket_address(bytes: &[u8]) -> String {
    match (SockAddr::from_bytes(bytes), bytes) {
        (Ok(address), _) => address.to_string(),
        (Err(_), [low, high, rest @ ..]) => {
            let name = FAMILY.print(u32::from(u16::from_le_bytes([*low, *high])));
            format!("{{sa_family={name}, sa_data={}}}", quote(rest, SockAddr::MAX_SIZE))
        }
        (Err(_), _) => "NULL".to_owned(),
    }
}

/// One descriptor of ppoll(2): `struct pollfd`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PollFd {
    /// The descriptor; a negative one is skipped.
    pub fd: i32,
    /// What is asked for: bits of `PollEvents`.
    pub events: u16,
    /// What has come, also POLLERR, POLLHUP and POLLNVAL unasked.
    pub returned: u16,
}

impl PollFd {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 8;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self { fd: reader.i32(), events: reader.u16(), returned: reader.u16() }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().i32(self.fd).u16(self.events).u16(self.returned).finish()
    }
}

/// One event of epoll_ctl(2) and epoll_pwait(2): `struct epoll_event`. It is packed on x86-64 only;
/// here four bytes lie between the two fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EpollEvent {
    /// Bits of `EpollEvents`.
    pub events: u32,
    /// Whatever the program wants to get back.
    pub data: u64,
}

impl EpollEvent {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 16;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        let events = reader.u32();
        let _pad = reader.u32();
        Self { events, data: reader.u64() }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().u32(self.events).u32(0).u64(self.data).finish()
    }
}
