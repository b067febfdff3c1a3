//! Where the time of an AWS call goes: credentials, signing and transmission timed apart.

pub mod clock;
pub mod lab;
pub mod report;
