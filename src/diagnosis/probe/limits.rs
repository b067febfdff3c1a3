//! How long anything is waited for: an examination ends within five seconds.

use std::time::Duration;

/// The first round: credentials, endpoints, names. What takes longer is reported as unanswered.
pub(super) const FETCH: Duration = Duration::from_secs(3);
/// The second round: whom the credentials belong to.
pub(super) const IDENTIFY: Duration = Duration::from_millis(1500);
/// One connection or one answer of an endpoint that is a millisecond away when all is well.
pub(super) const NEAR: Duration = Duration::from_millis(950);
/// The agents of container credentials ask STS, with limits of a second and more.
pub(super) const AGENT: Duration = Duration::from_millis(1900);
