//! The lab as a library, held to what the real services do, with the real SDK as its client.

mod cloudmap;
mod container;
mod file_cache;
mod imds;
mod lifecycle;
mod pressure;
mod rules;
mod s3;
mod sigv4;
mod sources;
mod sts;
mod support;
