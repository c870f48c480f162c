//! Sockets (socket(7)), as a C library has them.

use super::{Result, Sys};
use oscope_kernel::abi::flags::network::{family, level, socket_option, socket_type, tcp_option};
use oscope_kernel::abi::types::{SockAddr, SockAddrIn};
use oscope_kernel::abi::{Errno, nr};
use std::net::{Ipv4Addr, SocketAddrV4};

/// Bytes that one call moves at most through the scratch area.
const STEP: usize = 8 << 10;

fn internet(address: SocketAddrV4) -> Vec<u8> {
    SockAddrIn { address: *address.ip(), port: address.port() }.to_bytes().to_vec()
}

impl Sys {
    /// socket(2).
    ///
    /// # Errors
    /// As the call.
    pub async fn socket(&self, domain: u32, kind: u32, protocol: u32) -> Result {
        let words = [u64::from(domain), u64::from(kind), u64::from(protocol), 0, 0, 0];
        self.call(nr::SOCKET, words).await
    }

    /// A TCP socket.
    ///
    /// # Errors
    /// As socket(2).
    pub async fn tcp_socket(&self) -> Result {
        self.socket(family::INET, socket_type::STREAM, 0).await
    }

    /// A UDP socket.
    ///
    /// # Errors
    /// As socket(2).
    pub async fn udp_socket(&self) -> Result {
        self.socket(family::INET, socket_type::DGRAM, 0).await
    }

    /// Writes an address to memory and makes a call with it.
    async fn with_address(&self, number: u16, fd: u64, address: &[u8]) -> Result<()> {
        let at = self.scratch();
        self.poke(at, address).await;
        self.call(number, [fd, at, address.len() as u64, 0, 0, 0]).await.map(|_| ())
    }

    /// bind(2) to an Internet address.
    ///
    /// # Errors
    /// As the call.
    pub async fn bind(&self, fd: u64, address: SocketAddrV4) -> Result<()> {
        self.with_address(nr::BIND, fd, &internet(address)).await
    }

    /// bind(2) to any address.
    ///
    /// # Errors
    /// As the call.
    pub async fn bind_to(&self, fd: u64, address: &SockAddr) -> Result<()> {
        self.with_address(nr::BIND, fd, &address.to_bytes()).await
    }

    /// connect(2) to an Internet address.
    ///
    /// # Errors
    /// As the call.
    pub async fn connect(&self, fd: u64, address: SocketAddrV4) -> Result<()> {
        self.with_address(nr::CONNECT, fd, &internet(address)).await
    }

    /// connect(2) to any address.
    ///
    /// # Errors
    /// As the call.
    pub async fn connect_to(&self, fd: u64, address: &SockAddr) -> Result<()> {
        self.with_address(nr::CONNECT, fd, &address.to_bytes()).await
    }

    /// listen(2).
    ///
    /// # Errors
    /// As the call.
    pub async fn listen(&self, fd: u64, backlog: u32) -> Result<()> {
        self.call(nr::LISTEN, [fd, u64::from(backlog), 0, 0, 0, 0]).await.map(|_| ())
    }

    /// accept4(2): the descriptor of the connection.
    ///
    /// # Errors
    /// As the call.
    pub async fn accept(&self, fd: u64, flags: u32) -> Result {
        self.call(nr::ACCEPT4, [fd, 0, 0, u64::from(flags), 0, 0]).await
    }

    /// shutdown(2).
    ///
    /// # Errors
    /// As the call.
    pub async fn shutdown(&self, fd: u64, how: u32) -> Result<()> {
        self.call(nr::SHUTDOWN, [fd, u64::from(how), 0, 0, 0, 0]).await.map(|_| ())
    }

    /// getsockname(2) of an Internet socket.
    ///
    /// # Errors
    /// As the call; `EAFNOSUPPORT` for another family.
    pub async fn socket_name(&self, fd: u64) -> Result<SocketAddrV4> {
        self.name(nr::GETSOCKNAME, fd).await
    }

    /// getpeername(2) of an Internet socket.
    ///
    /// # Errors
    /// As the call; `EAFNOSUPPORT` for another family.
    pub async fn peer_name(&self, fd: u64) -> Result<SocketAddrV4> {
        self.name(nr::GETPEERNAME, fd).await
    }

    async fn name(&self, number: u16, fd: u64) -> Result<SocketAddrV4> {
        let at = self.scratch();
        self.poke(at, &(SockAddrIn::SIZE as u32).to_le_bytes()).await;
        self.call(number, [fd, at + 16, at, 0, 0, 0]).await?;
        let bytes = self.peek(at + 16, SockAddrIn::SIZE).await;
        address_of(&bytes)
    }

    /// Sends all bytes over a connection.
    ///
    /// # Errors
    /// As sendto(2).
    pub async fn send_all(&self, fd: u64, bytes: &[u8]) -> Result<()> {
        self.write(fd, bytes).await
    }

    /// Receives at most `length` bytes of a connection; none at its end.
    ///
    /// # Errors
    /// As recvfrom(2).
    pub async fn receive(&self, fd: u64, length: usize) -> Result<Vec<u8>> {
        self.read(fd, length).await
    }

    /// sendto(2): a datagram of at most 8 KiB.
    ///
    /// # Errors
    /// As the call; `EMSGSIZE`.
    pub async fn send_to(&self, fd: u64, bytes: &[u8], to: SocketAddrV4) -> Result<()> {
        if bytes.len() > STEP {
            return Err(Errno::EMSGSIZE);
        }
        let at = self.scratch();
        let address = internet(to);
        self.poke(at, &address).await;
        self.poke(at + 16, bytes).await;
        let words = [fd, at + 16, bytes.len() as u64, 0, at, address.len() as u64];
        self.call(nr::SENDTO, words).await.map(|_| ())
    }

    /// recvfrom(2): a datagram of at most 8 KiB, and who sent it.
    ///
    /// # Errors
    /// As the call.
    pub async fn receive_from(&self, fd: u64) -> Result<(Vec<u8>, SocketAddrV4)> {
        let at = self.scratch();
        self.poke(at, &(SockAddrIn::SIZE as u32).to_le_bytes()).await;
        let words = [fd, at + 32, STEP as u64, 0, at + 16, at];
        let count = self.call(nr::RECVFROM, words).await?;
        let from = self.peek(at + 16, SockAddrIn::SIZE).await;
        Ok((self.peek(at + 32, count as usize).await, address_of(&from)?))
    }

    /// setsockopt(2) with a number.
    ///
    /// # Errors
    /// As the call.
    pub async fn set_option(&self, fd: u64, at_level: u32, option: u32, value: u32) -> Result<()> {
        let at = self.scratch();
        self.poke(at, &value.to_le_bytes()).await;
        let words = [fd, u64::from(at_level), u64::from(option), at, 4, 0];
        self.call(nr::SETSOCKOPT, words).await.map(|_| ())
    }

    /// SO_LINGER without time: close(2) resets the connection, and nobody waits for anything.
    ///
    /// # Errors
    /// As the call.
    pub async fn reset_on_close(&self, fd: u64) -> Result<()> {
        let at = self.scratch();
        // `struct linger`: whether, and how many seconds.
        self.poke(at, &[1, 0, 0, 0, 0, 0, 0, 0]).await;
        let words = [fd, u64::from(level::SOCKET), u64::from(socket_option::LINGER), at, 8, 0];
        self.call(nr::SETSOCKOPT, words).await.map(|_| ())
    }

    /// SO_RCVTIMEO: receiving gives up after so many milliseconds.
    ///
    /// # Errors
    /// As setsockopt(2).
    pub async fn set_receive_timeout(&self, fd: u64, milliseconds: u64) -> Result<()> {
        let at = self.scratch();
        self.poke(at, &(milliseconds / 1000).to_le_bytes()).await;
        self.poke(at + 8, &(milliseconds % 1000 * 1000).to_le_bytes()).await;
        let words = [fd, u64::from(level::SOCKET), u64::from(socket_option::RCVTIMEO), at, 16, 0];
        self.call(nr::SETSOCKOPT, words).await.map(|_| ())
    }

    /// getsockopt(2) of a number.
    ///
    /// # Errors
    /// As the call.
    pub async fn get_option(&self, fd: u64, at_level: u32, option: u32) -> Result<u32> {
        let at = self.scratch();
        self.poke(at, &4u32.to_le_bytes()).await;
        let words = [fd, u64::from(at_level), u64::from(option), at + 8, at, 0];
        self.call(nr::GETSOCKOPT, words).await?;
        let bytes = self.peek(at + 8, 4).await;
        Ok(bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)))
    }

    /// A TCP socket that listens at a port of all addresses, as servers make one.
    ///
    /// # Errors
    /// As the calls that it takes.
    pub async fn tcp_listener(&self, port: u16, backlog: u32) -> Result {
        let fd = self.tcp_socket().await?;
        self.set_option(fd, level::SOCKET, socket_option::REUSEADDR, 1).await?;
        self.bind(fd, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port)).await?;
        self.listen(fd, backlog).await?;
        Ok(fd)
    }

    /// A connection to a server.
    ///
    /// # Errors
    /// As connect(2); the socket is closed then.
    pub async fn tcp_connect(&self, to: SocketAddrV4) -> Result {
        let fd = self.tcp_socket().await?;
        match self.connect(fd, to).await {
            Ok(()) => Ok(fd),
            Err(errno) => {
                self.close(fd).await?;
                Err(errno)
            }
        }
    }

    /// TCP_NODELAY: small writes go out at once.
    ///
    /// # Errors
    /// As setsockopt(2).
    pub async fn set_no_delay(&self, fd: u64) -> Result<()> {
        self.set_option(fd, level::TCP, tcp_option::NODELAY, 1).await
    }

    /// The address of a machine: dotted numbers, or a name of /etc/hosts.
    ///
    /// # Errors
    /// `ENOENT` if nobody is known by that name.
    pub async fn look_up(&self, name: &str) -> Result<Ipv4Addr> {
        if let Ok(address) = name.parse() {
            return Ok(address);
        }
        let hosts = self.open("/etc/hosts", 0, 0).await?;
        let mut text = Vec::new();
        loop {
            let part = self.read(hosts, 8192).await?;
            if part.is_empty() {
                break;
            }
            text.extend(part);
        }
        self.close(hosts).await?;
        let text = String::from_utf8_lossy(&text);
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let address = words.next().and_then(|address| address.parse().ok());
            if let Some(address) = address.filter(|_| words.any(|known| known == name)) {
                return Ok(address);
            }
        }
        Err(Errno::ENOENT)
    }
}

fn address_of(bytes: &[u8]) -> Result<SocketAddrV4> {
    match SockAddr::from_bytes(bytes)? {
        SockAddr::In(SockAddrIn { address, port }) => Ok(SocketAddrV4::new(address, port)),
        _ => Err(Errno::EAFNOSUPPORT),
    }
}
