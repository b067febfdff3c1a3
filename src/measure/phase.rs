//! The disjoint slices of a call's time.

use std::ops::{Index, IndexMut};
use std::time::Duration;

/// A slice of a call's time that something claims. What no phase claims is
/// [`unexplained`](PhaseTimes::unexplained): it is the remainder, never a place to book time to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The call waits for its start after the moment that it was planned for; only in an open loop.
    Queue,
    /// The operation's input becomes an HTTP request.
    Serialize,
    /// Credentials are found in a cache, loaded, or waited for.
    Identity,
    /// The endpoint and the authentication scheme are resolved.
    Endpoint,
    /// The request is signed.
    Signing,
    /// A connection is acquired: name lookup, TCP and TLS when fresh, about nothing when reused.
    Connect,
    /// The request is written and the head of the response awaited.
    Transmit,
    /// The response is read and parsed, a streamed body included.
    Deserialize,
    /// Sleep between attempts.
    Backoff,
}

impl Phase {
    /// Every phase, in the order in which a call passes through them.
    pub const ALL: [Self; 9] = [
        Self::Queue,
        Self::Serialize,
        Self::Identity,
        Self::Endpoint,
        Self::Signing,
        Self::Connect,
        Self::Transmit,
        Self::Deserialize,
        Self::Backoff,
    ];
}

/// Time per [`Phase`], summed over a call's attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhaseTimes([Duration; Phase::ALL.len()]);

impl PhaseTimes {
    /// What all phases claim together.
    pub fn claimed(&self) -> Duration {
        self.0.iter().sum()
    }

    /// What of `total` no phase claims.
    pub fn unexplained(&self, total: Duration) -> Duration {
        total.saturating_sub(self.claimed())
    }
}

impl Index<Phase> for PhaseTimes {
    type Output = Duration;

    fn index(&self, phase: Phase) -> &Duration {
        &self.0[phase as usize]
    }
}

impl IndexMut<Phase> for PhaseTimes {
    fn index_mut(&mut self, phase: Phase) -> &mut Duration {
        &mut self.0[phase as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claimed_and_unexplained_add_up_to_the_total() {
        let mut times = PhaseTimes::default();
        times[Phase::Identity] += Duration::from_micros(30);
        times[Phase::Transmit] += Duration::from_micros(60);
        let total = Duration::from_micros(100);
        assert_eq!(times.claimed() + times.unexplained(total), total);
        assert_eq!(times.unexplained(total), Duration::from_micros(10));
    }
}
