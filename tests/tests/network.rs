//! The network, as programs and other people's tools see it.

#[path = "network/captures.rs"]
mod captures;
#[path = "network/rubbish.rs"]
mod rubbish;
#[path = "network/transfer.rs"]
mod transfer;
