//! Whoever can be asked for the instances behind a name.

use std::future::Future;
use std::pin::Pin;

use super::instance::Instance;

/// An answer to come.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, DiscoverError>> + Send + 'a>>;

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
pub enum Refusal {
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
    pub refusal: Refusal,
    pub message: String,
}

/// Answers for one name.
pub trait Discover: Send + Sync {
    /// All instances.
    fn discover(&self) -> Asked<'_, Found>;

    /// The revision alone: the cheap question whether anything has come or gone.
    fn revision(&self) -> Asked<'_, i64>;
}
