//! Whoever signed a request: the check that every service with signatures makes in the same order.

use std::time::SystemTime;

use super::issuer::{Issuer, Principal, Unusable};
use super::sigv4::{Claim, Refused, Request};

/// The signer of `request`, which must be for `service` in `region` and recent at `now`. Each service
/// words the errors in its own way.
pub(super) fn caller<E>(
    issuer: &Issuer,
    request: &Request<'_>,
    region: &str,
    service: &str,
    now: SystemTime,
) -> Result<Principal, E>
where
    E: From<Refused> + From<Unusable>,
{
    let claim = Claim::read(request)?;
    let secret = issuer.secret_of(&claim.access_key_id);
    let secret = secret.ok_or(Unusable::UnknownKey)?;
    claim.check_scope(region, service)?;
    claim.check_time(now)?;
    claim.check_signature(request, &secret)?;
    let token = claim.session_token.as_deref();
    Ok(issuer.check(&claim.access_key_id, token, now)?)
}
