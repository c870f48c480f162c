//! TCP over the loopback interface.

use super::{Operation, repeat};
use crate::sys::{Child, check};
use std::io::{self, Read, Write};
use std::mem::size_of;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;

/// A connection to a child process, which runs `serve` on the other end.
fn connected(serve: fn(TcpStream)) -> io::Result<(TcpStream, Child)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let partner = Child::new(move || {
        if let Ok((stream, _)) = listener.accept() {
            let _ = stream.set_nodelay(true);
            serve(stream);
        }
    })?;
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok((stream, partner))
}

pub(super) const TCP_ROUND_TRIP: Operation = Operation {
    name: "tcp-round-trip",
    about: "a byte over a connection to another process, and back",
    batch: 200,
    prepare: || {
        let (mut stream, partner) = connected(|mut stream| {
            let mut byte = [0];
            while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
        })?;
        Ok(repeat(move || {
            let _alive = &partner;
            let mut byte = [1];
            stream.write_all(&byte)?;
            stream.read_exact(&mut byte)
        }))
    },
};

/// What is sent in one piece.
const BULK: usize = 64 * 1024;

pub(super) const TCP_BULK_64K: Operation = Operation {
    name: "tcp-bulk-64k",
    about: "64 KiB over a connection to another process, which answers with a byte",
    batch: 50,
    prepare: || {
        let (mut stream, partner) = connected(|mut stream| {
            let mut bytes = vec![0; BULK];
            while stream.read_exact(&mut bytes).is_ok() && stream.write_all(&[1]).is_ok() {}
        })?;
        let bytes = vec![7; BULK];
        Ok(repeat(move || {
            let _alive = &partner;
            stream.write_all(&bytes)?;
            stream.read_exact(&mut [0])
        }))
    },
};

pub(super) const TCP_CONNECT: Operation = Operation {
    name: "tcp-connect",
    about: "connect(2), accept4(2) and close(2) of both ends, in one process",
    batch: 50,
    prepare: || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        Ok(repeat(move || {
            let client = TcpStream::connect(address)?;
            let (server, _) = listener.accept()?;
            reset_on_close(&client)?;
            drop(client);
            drop(server);
            Ok(())
        }))
    },
};

/// Makes close(2) send a reset, or every connection would leave its port in TIME_WAIT for a minute.
fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    let size = size_of::<libc::linger>() as libc::socklen_t;
    let option = (&raw const linger).cast();
    let (level, name) = (libc::SOL_SOCKET, libc::SO_LINGER);
    // SAFETY: the descriptor is open, and `option` points to `size` bytes that are read during the call.
    check(unsafe { libc::setsockopt(stream.as_raw_fd(), level, name, option, size) })?;
    Ok(())
}
