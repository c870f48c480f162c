//! The ports that the recorded kernel chose, for those who left it to it.
//!
//! A log does not say so where it happens, but later: getsockname(2) tells which port bind(2) to port 0, or connect(2), got;
//! accept(2) tells which port the other end of a connection has. The machine that plays the log is told them in the
//! order in which they are asked for, so that it chooses the same.

use super::{descriptor, text};
use crate::script::tree::Node;

/// What is known of a socket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Socket {
    is_stream: bool,
    is_bound: bool,
    /// Which of the choices was its.
    choice: Option<usize>,
}

/// The choices, in order: of a stream or not, and which port; 0: nobody said.
#[derive(Clone, Debug, Default)]
pub(super) struct Ports {
    choices: Vec<(bool, u16)>,
    /// Choices for connections whose other end has not been seen.
    calling: Vec<usize>,
}

/// The port in `{sa_family=AF_INET, sin_port=htons(80), …}`.
fn port(address: Node<'_>) -> Option<u16> {
    let (_, rest) = address.text().split_once("sin_port=htons(")?;
    rest.split(')').next()?.parse().ok()
}

impl Ports {
    /// All of them: whether for TCP, and which.
    pub(super) fn choices(&self) -> impl Iterator<Item = (bool, u16)> {
        self.choices.iter().copied()
    }

    fn choose(&mut self, socket: &mut Socket) {
        socket.choice = Some(self.choices.len());
        socket.is_bound = true;
        self.choices.push((socket.is_stream, 0));
    }

    fn told(&mut self, choice: Option<usize>, port: u16) {
        if let Some((_, chosen)) = choice.and_then(|choice| self.choices.get_mut(choice)) {
            *chosen = port;
        }
    }

    /// A socket is made.
    pub(super) fn made(given: &[Node<'_>]) -> Option<Socket> {
        let [family, kind, ..] = given else { return None };
        let is_stream = kind.text().contains("SOCK_STREAM");
        let is_internet = family.text() == "AF_INET";
        is_internet.then_some(Socket { is_stream, ..Socket::default() })
    }

    /// A call on a socket.
    pub(super) fn called(&mut self, name: &str, given: &[Node<'_>], socket: &mut Socket) {
        match (name, given) {
            ("bind", [_, address, ..]) => match port(*address) {
                Some(0) => self.choose(socket),
                _ => socket.is_bound = true,
            },
            ("connect", [_, address, ..]) if port(*address).is_some() && !socket.is_bound => {
                self.choose(socket);
                self.calling.extend(socket.choice);
            }
            ("listen", _) if !socket.is_bound => self.choose(socket),
            ("sendto", [_, _, _, _, address, ..])
                if port(*address).is_some() && !socket.is_bound =>
            {
                self.choose(socket);
            }
            ("getsockname", [_, address, ..]) => {
                if let Some(port) = port(*address) {
                    self.told(socket.choice, port);
                }
            }
            ("accept" | "accept4", [_, address, ..]) => {
                // The connections come in the order in which they were made.
                let caller = (!self.calling.is_empty()).then(|| self.calling.remove(0));
                if let Some(port) = port(*address) {
                    self.told(caller, port);
                }
            }
            _ => {}
        }
    }
}

/// The descriptor that a call is about.
pub(super) fn of(given: &[Node<'_>]) -> Option<i128> {
    given.first().and_then(|node| descriptor(*node))
}

/// The path of an execve(2).
pub(super) fn program(given: &[Node<'_>]) -> Option<String> {
    given.first().and_then(|node| text(*node)).filter(|path| path.starts_with('/'))
}
