//! The instrument against servers that are not the lab and share no code with it. Each does something that is known
//! beforehand, or keeps its own books; what the tool then says is held to that, in bounds and ratios.

mod bodies;
mod capacity;
mod knee;
#[expect(dead_code, reason = "nothing here waits for most of a minute")]
#[path = "../tool/machine.rs"]
mod machine;
mod metadata;
mod names;
mod phases;
mod queueing;
mod retries;
mod server;
mod service;
mod sources;
mod target;
mod tls;
mod tool;
mod unusable;
