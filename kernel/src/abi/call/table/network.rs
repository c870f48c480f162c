//! Sockets.

use super::calls;
use crate::abi::call::Direction::{In, InOut, Out};
use crate::abi::call::Kind::{
    Buffer, Enum, Fd, FdPair, Flags, Int, MessageHeader, MessageHeaders, Protocol, Size,
    SocketAddress, SocketLength, SocketOption, SocketValue, Timespec, Unsigned,
};
use crate::abi::call::Length::{Argument, Pointee, Result};
use crate::abi::call::Status::{self, Partial, Supported};
use crate::abi::flags::network::{ACCEPT, FAMILY, MESSAGE, SHUTDOWN, SOCKET, SOCKET_LEVEL};

const FAMILIES: Status = Partial("AF_INET, AF_UNIX and AF_PACKET; no AF_INET6, no AF_NETLINK");

calls! {
    NETWORK SOCKET socket(domain: Enum(&FAMILY), type: Flags(&SOCKET), protocol: Protocol) -> Fd,
        FAMILIES;
    NETWORK SOCKETPAIR socketpair(domain: Enum(&FAMILY), type: Flags(&SOCKET), protocol: Protocol,
        sv: FdPair) -> Success, Supported;
    NETWORK BIND bind(sockfd: Fd, addr: SocketAddress { direction: In, length: Argument(2) },
        addrlen: Unsigned) -> Success, Supported;
    NETWORK LISTEN listen(sockfd: Fd, backlog: Int) -> Success, Supported;
    NETWORK ACCEPT accept(sockfd: Fd, addr: SocketAddress { direction: Out, length: Pointee(2) },
        addrlen: SocketLength) -> Fd, Supported;
    NETWORK ACCEPT4 accept4(sockfd: Fd, addr: SocketAddress { direction: Out, length: Pointee(2) },
        addrlen: SocketLength, flags: Flags(&ACCEPT)) -> Fd, Supported;
    NETWORK CONNECT connect(sockfd: Fd, addr: SocketAddress { direction: In, length: Argument(2) },
        addrlen: Unsigned) -> Success, Supported;
    NETWORK GETSOCKNAME getsockname(sockfd: Fd,
        addr: SocketAddress { direction: Out, length: Pointee(2) },
        addrlen: SocketLength) -> Success, Supported;
    NETWORK GETPEERNAME getpeername(sockfd: Fd,
        addr: SocketAddress { direction: Out, length: Pointee(2) },
        addrlen: SocketLength) -> Success, Supported;
    NETWORK SENDTO sendto(sockfd: Fd, buf: Buffer { direction: In, length: Argument(2) }, len: Size,
        flags: Flags(&MESSAGE), dest_addr: SocketAddress { direction: In, length: Argument(5) },
        addrlen: Unsigned) -> Bytes, Supported;
    NETWORK RECVFROM recvfrom(sockfd: Fd, buf: Buffer { direction: Out, length: Result }, len: Size,
        flags: Flags(&MESSAGE), src_addr: SocketAddress { direction: Out, length: Pointee(5) },
        addrlen: SocketLength) -> Bytes, Supported;
    NETWORK SENDMSG sendmsg(sockfd: Fd, msg: MessageHeader(In), flags: Flags(&MESSAGE)) -> Bytes, Supported;
    NETWORK RECVMSG recvmsg(sockfd: Fd, msg: MessageHeader(InOut), flags: Flags(&MESSAGE)) -> Bytes, Supported;
    NETWORK SENDMMSG sendmmsg(sockfd: Fd, msgvec: MessageHeaders(InOut), vlen: Unsigned,
        flags: Flags(&MESSAGE)) -> Count, Supported;
    NETWORK RECVMMSG recvmmsg(sockfd: Fd, msgvec: MessageHeaders(InOut), vlen: Unsigned,
        flags: Flags(&MESSAGE), timeout: Timespec(InOut)) -> Count, Supported;
    NETWORK SETSOCKOPT setsockopt(sockfd: Fd, level: Enum(&SOCKET_LEVEL), optname: SocketOption,
        optval: SocketValue { direction: In, length: Argument(4) }, optlen: Unsigned) -> Success, Supported;
    NETWORK GETSOCKOPT getsockopt(sockfd: Fd, level: Enum(&SOCKET_LEVEL), optname: SocketOption,
        optval: SocketValue { direction: Out, length: Pointee(4) },
        optlen: SocketLength) -> Success, Supported;
    NETWORK SHUTDOWN shutdown(sockfd: Fd, how: Enum(&SHUTDOWN)) -> Success, Supported;
}
