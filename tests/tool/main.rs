//! The tool as its users run it: the real binary against the real lab.

mod bad_input;
mod cloudmap;
mod cloudmap_listen;
mod cloudmap_peers;
mod compare;
mod credential_process;
mod doctor;
mod fail_if;
mod file_cache;
mod imds;
mod interchange;
mod interrupt;
mod lab_command;
mod namespaces;
mod node;
mod open_loop;
mod pages;
mod peers;
mod pressure;
mod refresh;
mod s3;
mod sign;
mod sts;
mod support;
