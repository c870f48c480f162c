//! Addresses of sockets, in and out of a program's memory.

use crate::abi::types::{SockAddr, SockAddrIn, SockAddrUn};
use crate::abi::{Access, Errno};
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::net::local::Name;
use crate::proc::Stop;
use crate::syscall::Result;
use std::net::SocketAddrV4;

/// Reads an address.
///
/// # Errors
/// `EINVAL`, `EAFNOSUPPORT`, `EFAULT`.
pub fn read(t: &mut Tables, cx: &mut Cx, address: u64, length: u64) -> Result<SockAddr> {
    let length = length as u32;
    if length as usize > SockAddr::MAX_SIZE {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = vec![0; length as usize];
    user::read(t, cx, address, &mut bytes)?;
    Ok(SockAddr::from_bytes(&bytes)?)
}

/// An Internet address that was read.
///
/// # Errors
/// `EAFNOSUPPORT` for another family.
pub fn internet(address: &SockAddr) -> std::result::Result<SocketAddrV4, Errno> {
    match address {
        SockAddr::In(SockAddrIn { address, port }) => Ok(SocketAddrV4::new(*address, *port)),
        _ => Err(Errno::EAFNOSUPPORT),
    }
}

/// An Internet address, to be written.
#[must_use]
pub fn of(address: SocketAddrV4) -> SockAddr {
    SockAddr::In(SockAddrIn { address: *address.ip(), port: address.port() })
}

/// A local name, to be written.
#[must_use]
pub fn of_name(name: Option<&Name>) -> SockAddr {
    SockAddr::Un(match name {
        None => SockAddrUn::Unnamed,
        Some(Name::Path(_, path)) => SockAddrUn::Path(path.clone()),
        Some(Name::Abstract(name)) => SockAddrUn::Abstract(name.clone()),
    })
}

/// Where an address is to be written: the place, and the place of its length. None, if the program does not want it.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    address: u64,
    length: u64,
    room: u32,
}

impl Place {
    /// Looks at the place before anything else happens.
    ///
    /// # Errors
    /// `EINVAL` for a length below zero, `EFAULT`.
    pub fn look(t: &mut Tables, cx: &mut Cx, address: u64, length: u64) -> Result<Option<Self>> {
        if address == 0 {
            return Ok(None);
        }
        let mut bytes = [0; 4];
        user::read(t, cx, length, &mut bytes)?;
        let room = u32::from_le_bytes(bytes);
        if room > i32::MAX as u32 {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        let most = u64::from(room).min(SockAddr::MAX_SIZE as u64);
        user::touch(t, cx, address, most, Access::Store)?;
        user::touch(t, cx, length, 4, Access::Store)?;
        Ok(Some(Self { address, length, room }))
    }

    /// Writes as much of the address as there is room for, and how long it really is.
    ///
    /// # Errors
    /// None, after [`look`](Self::look).
    pub fn write(self, t: &mut Tables, cx: &mut Cx, address: &SockAddr) -> Result<()> {
        let bytes = address.to_bytes();
        let fits = bytes.len().min(self.room as usize);
        user::write(t, cx, self.address, &bytes[..fits])?;
        user::write(t, cx, self.length, &(bytes.len() as u32).to_le_bytes())
    }
}
