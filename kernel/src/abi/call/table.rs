//! The rows of the table, in one file per family, and the index by number.

mod control;
mod device;
mod file;
mod kernel;
mod memory;
mod mount;
mod network;
mod process;
mod time;
mod vector;

use super::{Call, Server};

/// The largest number plus one.
const COUNT: usize = super::nr::MSEAL as usize + 1;

const FAMILIES: [&[Call]; 10] = [
    file::CALLS,
    vector::CALLS,
    control::CALLS,
    mount::CALLS,
    device::CALLS,
    memory::CALLS,
    process::CALLS,
    time::CALLS,
    network::CALLS,
    kernel::CALLS,
];

/// Every call at the place of its number. Made by the compiler, which refuses a number that is too
/// large or taken twice.
pub(super) static BY_NUMBER: [Option<&Call>; COUNT] = index();

const fn index() -> [Option<&'static Call>; COUNT] {
    let mut index: [Option<&'static Call>; COUNT] = [None; COUNT];
    let mut family = 0;
    while family < FAMILIES.len() {
        let mut row = 0;
        while row < FAMILIES[family].len() {
            let call = &FAMILIES[family][row];
            assert!(index[call.number as usize].is_none(), "two calls with one number");
            index[call.number as usize] = Some(call);
            row += 1;
        }
        family += 1;
    }
    index
}

/// For each number, which arguments a tracer looks at: bits, before and after the call.
pub(super) static LOOKS: [(u8, u8); COUNT] = looks();

const fn looks() -> [(u8, u8); COUNT] {
    let calls = index();
    let mut looks = [(0, 0); COUNT];
    let mut number = 0;
    while number < COUNT {
        if let Some(call) = calls[number] {
            looks[number] = super::extent::looks(call.arguments);
        }
        number += 1;
    }
    looks
}

// Short names for the servers of whole families.
const PROCESS: Option<Server> = Some(Server::Process);
const MEMORY: Option<Server> = Some(Server::Memory);
const FILE: Option<Server> = Some(Server::File);
const NETWORK: Option<Server> = Some(Server::Network);
const KERNEL: Option<Server> = None;

/// Makes rows: `SERVER NUMBER name(argument: Kind, …) -> Result [, status];`. No status: absent.
macro_rules! calls {
    ($(
        $server:ident $number:ident $name:ident($($argument:ident: $kind:expr),* $(,)?)
            -> $result:ident $(, $status:expr)?;
    )*) => {
        pub(super) const CALLS: &[$crate::abi::call::Call] = &[$($crate::abi::call::Call {
            number: $crate::abi::call::nr::$number,
            name: stringify!($name),
            arguments: &[$($crate::abi::call::Argument {
                name: stringify!($argument),
                kind: $kind,
            }),*],
            result: $crate::abi::call::ResultKind::$result,
            server: super::$server,
            status: $crate::abi::flags::or_default!(
                $crate::abi::call::Status::Absent $(, $status)?
            ),
        }),*];
    };
}
use calls;
