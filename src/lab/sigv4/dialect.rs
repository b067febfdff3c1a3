//! In what S3 reads the protocol in its own way.

use std::time::Duration;

/// Whose reading of the protocol holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Dialect {
    /// Paths are normalised and escaped twice; the body's own hash is signed; a presigned request is good as long
    /// as any other, whatever its `X-Amz-Expires` (aws-iam-authenticator's `pkg/token/token.go` says so of STS).
    General,
    /// Paths are what they are, escaped once; the hash is what `x-amz-content-sha256` says; a presigned request
    /// is good for its `X-Amz-Expires`.
    S3,
}

impl Dialect {
    /// How far in the future a signature may be ("Troubleshoot signed requests" in the IAM User Guide; for S3 the
    /// error code `RequestTimeTooSkewed`).
    pub(super) fn future(self) -> Duration {
        match self {
            Self::General => Duration::from_mins(5),
            Self::S3 => Duration::from_mins(15),
        }
    }
}
