//! Whoever can be asked for the instances behind a name.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::instance::Instance;

/// An answer to come.
pub type DiscoverFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, DiscoverError>> + Send + 'a>>;

/// What a full answer holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub instances: Vec<Instance>,
    /// Instances that cannot be called: without an address or a port.
    pub unusable: usize,
    /// Changes whenever instances come or go, and not when their health does.
    pub revision: Option<i64>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiscoverErrorKind {
    /// Over the account's rate.
    Throttled,
    /// There is no such service, or no permission to ask: asking again will not help, but the answer may
    /// change.
    Denied,
    /// Whoever is asked does not know this kind of question.
    Unsupported,
    /// Anything else: no connection, no answer in time, a broken answer.
    Failed,
}

/// A question without an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DiscoverError {
    pub kind: DiscoverErrorKind,
    pub message: String,
}

impl DiscoverError {
    pub(super) fn unanswered(within: Duration) -> Self {
        Self {
            kind: DiscoverErrorKind::Failed,
            message: format!("no answer within {within:?}"),
        }
    }

    pub(super) fn no_revision() -> Self {
        Self {
            kind: DiscoverErrorKind::Unsupported,
            message: "the answer holds no revision".to_owned(),
        }
    }
}

/// Answers for one name.
pub trait Discover: Debug + Send + Sync {
    /// All instances.
    fn discover(&self) -> DiscoverFuture<'_, Found>;

    /// The revision alone: the cheap question whether anything has come or gone.
    fn revision(&self) -> DiscoverFuture<'_, i64>;
}

/// An answer that stays the same: for a list of servers that is configured.
impl Discover for Found {
    fn discover(&self) -> DiscoverFuture<'_, Found> {
        Box::pin(async { Ok(self.clone()) })
    }

    fn revision(&self) -> DiscoverFuture<'_, i64> {
        Box::pin(async { self.revision.ok_or_else(DiscoverError::no_revision) })
    }
}
