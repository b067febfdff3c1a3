//! Credentials that a source keeps handing out until they near their end, as IMDS and the container
//! agents do: asking them again does not give newer ones.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::issuer::{Credentials, Issuer, Principal};
use super::scenario;

/// The current credentials of one source.
pub(super) struct RoleCredentials {
    principal: Principal,
    policy: scenario::Credentials,
    current: Mutex<Option<(SystemTime, Credentials)>>,
}

impl RoleCredentials {
    pub(super) fn new(principal: Principal, policy: scenario::Credentials) -> Self {
        Self {
            principal,
            policy,
            current: Mutex::new(None),
        }
    }

    /// When they were issued, and the credentials.
    pub(super) fn current(&self, issuer: &Issuer, now: SystemTime) -> (SystemTime, Credentials) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((issued, credentials)) = current.as_ref() {
            let renewal = now + self.policy.renew_before;
            if credentials.expires.is_some_and(|end| end > renewal) {
                return (*issued, credentials.clone());
            }
        }
        let fresh = issuer.issue(self.principal.clone(), now, self.policy.lifetime);
        *current = Some((now, fresh.clone()));
        (now, fresh)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::issuer::ACCOUNT;
    use super::super::lab_key::LabKey;
    use super::*;

    #[test]
    fn a_source_hands_out_the_same_until_they_near_their_end() {
        let issuer = Issuer::new(LabKey::random().unwrap());
        let session = issuer.role_session(ACCOUNT, "role", "session");
        let policy = scenario::Credentials {
            lifetime: Duration::from_mins(1),
            renew_before: Duration::from_secs(15),
        };
        let source = RoleCredentials::new(session, policy);
        let [first, then, last] = [0, 44, 45].map(|secs| {
            source
                .current(&issuer, UNIX_EPOCH + Duration::from_secs(secs))
                .1
        });
        assert_eq!(then, first);
        assert_ne!(last, first);
    }
}
