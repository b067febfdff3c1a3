//! Where the time of an AWS call goes: credentials, signing and transmission timed apart.

pub mod client;
pub mod clock;
pub mod credentials;
pub mod measure;
pub mod report;
