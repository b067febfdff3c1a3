//! Why a signature is refused.

/// Each service has codes of its own for these. The wording is the real STS's where it is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::lab) enum SignatureError {
    #[error("Request is missing Authentication Token")]
    Missing,
    #[error(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
         parameter or the Authorization header should be specified"
    )]
    Ambiguous,
    #[error(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
    )]
    Unsupported,
    #[error("{0}")]
    Incomplete(String),
    /// No time, or none that can be read.
    #[error("{0}")]
    Undated(String),
    /// `X-Amz-Expires` is not what it may be.
    #[error("{0}")]
    Lifetime(&'static str),
    #[error("Signature expired: {0}")]
    Expired(String),
    #[error("Signature not yet current: {0}")]
    NotYetCurrent(String),
    #[error("{0}")]
    Scope(String),
    /// Headers that have to be signed and are not.
    #[error("'{}' must be a 'SignedHeader' in the AWS Authorization.", .0.join(", "))]
    Unsigned(Vec<String>),
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your \
         AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl SignatureError {
    /// Whether the signature is not one at all, rather than a wrong one.
    pub(in crate::lab) fn is_malformed(&self) -> bool {
        matches!(
            self,
            Self::Ambiguous
                | Self::Unsupported
                | Self::Incomplete(_)
                | Self::Undated(_)
                | Self::Lifetime(_)
        )
    }
}

pub(super) type Result<T> = std::result::Result<T, SignatureError>;
