//! One file or folder per subcommand: its arguments, its arms or its program, its findings. A command hands back a
//! document; it writes nothing but progress, and that on stderr.

pub mod cloudmap;
mod command;
pub mod compare;
pub mod credential_process;
mod diagnose;
pub mod doctor;
mod execute;
pub mod imds;
pub mod lab;
mod last;
pub mod refresh;
mod regions;
pub mod report;
pub mod s3;
pub mod sign;
pub mod sts;

pub use command::Command;
pub use execute::execute;
