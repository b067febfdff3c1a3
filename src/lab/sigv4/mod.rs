//! Signature Version 4, checked from the server's side.
//!
//! Written from the public description of the protocol (IAM User Guide, "Create a signed AWS API request"; Amazon S3
//! API Reference, "Authenticating Requests") and not from the SDK's signer: a fault shared by signer and checker
//! would go unseen. Where AWS has not published what it does, the stricter reading holds: what a client gets away
//! with here must work there. `tests/lab_services/sigv4/cases.toml` has the rules, one by one, with their sources.

mod authorization;
mod canonical;
mod dialect;
mod error;
mod signing_key;
#[cfg(test)]
mod tests;

pub(super) use self::authorization::{Authorization, is_presigned, parameter, scope};
pub(super) use self::dialect::Dialect;
pub(super) use self::error::SignatureError;
pub(super) use self::signing_key::SigningKey;
