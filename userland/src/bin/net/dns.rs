//! Names to addresses: the messages of DNS (RFC 1035, section 4), as far as A records need them.
//!
//! A question and its answer have the same form: twelve bytes of header, the question, then records. A name is a row of
//! labels, each with its length before it, and ends with an empty one.

use crate::sys::{Result, Sys};
use oscope_kernel::abi::Errno;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Where name servers listen.
pub(in crate::bin) const PORT: u16 = 53;

/// Type A, class IN.
const A_IN: [u8; 4] = [0, 1, 0, 1];

/// How long to wait for an answer, and how often to ask.
const PATIENCE_MS: u64 = 500;
const ATTEMPTS: u16 = 3;

/// Flags of a query that asks for recursion; of an answer; the code of "no such name".
const QUERY: u16 = 0x0100;
const ANSWER: u16 = 0x8580;
const NO_SUCH_NAME: u16 = 3;

/// A question for a name's address.
pub(in crate::bin) fn query(id: u16, name: &str) -> Vec<u8> {
    let mut message = Vec::new();
    for word in [id, QUERY, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for label in name.split('.').filter(|label| !label.is_empty()) {
        message.push(label.len().min(63) as u8);
        message.extend(label.bytes().take(63));
    }
    message.push(0);
    message.extend(A_IN);
    message
}

fn word(message: &[u8], at: usize) -> Option<u16> {
    message.get(at..at + 2)?.first_chunk().map(|two| u16::from_be_bytes(*two))
}

/// The name that a message asks for, and where the question ends.
pub(in crate::bin) fn question(message: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = message.get(at..at + length).filter(|_| length < 64)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
    (message.get(at..at + 4)? == A_IN).then(|| (labels.join("."), at + 4))
}

/// The answer to a query: an address for a while, or that there is no such name.
pub(in crate::bin) fn answer(
    query: &[u8],
    address: Option<Ipv4Addr>,
    seconds: u32,
) -> Option<Vec<u8>> {
    let (_, end) = question(query)?;
    let (code, count) = if address.is_some() { (0, 1) } else { (NO_SUCH_NAME, 0) };
    let mut message = query.get(..2)?.to_vec();
    for word in [ANSWER | code, 1, count, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    message.extend(query.get(12..end)?);
    if let Some(address) = address {
        // The name is the one that stands at byte 12.
        message.extend([0xc0, 12]);
        message.extend(A_IN);
        message.extend(seconds.to_be_bytes());
        message.extend([0, 4]);
        message.extend(address.octets());
    }
    Some(message)
}

/// What an answer says, if it is one to the question of this number.
fn address_in(message: &[u8], id: u16) -> Option<Result<Ipv4Addr>> {
    if word(message, 0)? != id || word(message, 2)? & 0x8000 == 0 {
        return None;
    }
    if word(message, 6)? == 0 {
        return Some(Err(Errno::ENOENT));
    }
    let (_, end) = question(message)?;
    let address: &[u8; 4] = message.get(end + 12..)?.first_chunk()?;
    Some(Ok(Ipv4Addr::from(*address)))
}

/// The name server of /etc/resolv.conf.
async fn server(sys: &Sys) -> Option<Ipv4Addr> {
    let file = sys.open("/etc/resolv.conf", 0, 0).await.ok()?;
    let text = sys.read(file, 1024).await;
    let _ = sys.close(file).await;
    let text = String::from_utf8(text.ok()?).ok()?;
    text.lines().find_map(|line| line.strip_prefix("nameserver ")?.trim().parse().ok())
}

/// A name's address: of the name server if there is one, else of /etc/hosts.
///
/// # Errors
/// `ENOENT` if nobody has that name; `ETIMEDOUT` if the name server does not answer.
pub(in crate::bin) async fn resolve(sys: &Sys, name: &str) -> Result<Ipv4Addr> {
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    let Some(server) = server(sys).await else { return sys.look_up(name).await };
    let socket = sys.udp_socket().await?;
    let result = ask(sys, socket, server, name).await;
    sys.close(socket).await?;
    result
}

async fn ask(sys: &Sys, socket: u64, server: Ipv4Addr, name: &str) -> Result<Ipv4Addr> {
    sys.set_receive_timeout(socket, PATIENCE_MS).await?;
    for id in 1..=ATTEMPTS {
        sys.send_to(socket, &query(id, name), SocketAddrV4::new(server, PORT)).await?;
        match sys.receive_from(socket).await {
            Ok((message, _)) => {
                if let Some(result) = address_in(&message, id) {
                    return result;
                }
            }
            Err(Errno::EAGAIN) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::ETIMEDOUT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_answers_its_question() {
        let asked = query(7, "www.shop.example");
        assert_eq!(question(&asked), Some(("www.shop.example".to_owned(), asked.len())));
        let address = Ipv4Addr::new(10, 0, 0, 3);
        let answered = answer(&asked, Some(address), 60).expect("a whole question");
        assert_eq!(address_in(&answered, 7), Some(Ok(address)));
        assert_eq!(address_in(&answered, 8), None, "another question's");
        let none = answer(&asked, None, 60).expect("a whole question");
        assert_eq!(address_in(&none, 7), Some(Err(Errno::ENOENT)));
        for end in 0..answered.len() {
            assert!(address_in(&answered[..end], 7).is_none_or(|it| it.is_err()));
        }
    }
}
