//! The web identity token that the lab's own identity provider gives a workload.
//!
//! A JSON Web Token (RFC 7519) in the form that EKS projects into a pod. It is signed with the
//! lab's key rather than an RSA key, since only the lab's STS ever checks it.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::lab::issuer::seconds;
use crate::lab::lab_key::LabKey;
use crate::lab::response::ApiError;

/// What the token is for.
const AUDIENCE: &str = "sts.amazonaws.com";
/// Whom it speaks for.
const SUBJECT: &str = "system:serviceaccount:default:awscreds-bench";
/// A projected token is good for a day.
const LIFETIME: Duration = Duration::from_hours(24);
const PURPOSE: &str = "web identity";

#[derive(Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) aud: Vec<String>,
    pub(super) exp: u64,
    pub(super) iat: u64,
    pub(super) iss: String,
    pub(super) sub: String,
}

/// A token for the lab's workload.
pub(in crate::lab) fn mint(key: &LabKey, region: &str, now: SystemTime) -> String {
    let iat = seconds(now);
    let identity = Identity {
        aud: vec![AUDIENCE.to_owned()],
        exp: iat + LIFETIME.as_secs(),
        iat,
        // The provider of a Region, as EKS names them.
        iss: format!("https://oidc.eks.{region}.amazonaws.com/id/AWSCREDSBENCHLAB"),
        sub: SUBJECT.to_owned(),
    };
    let head = serde_json::json!({"alg": "HS256", "kid": "lab", "typ": "JWT"});
    let body = serde_json::to_vec(&identity).unwrap_or_default();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head.to_string()),
        URL_SAFE_NO_PAD.encode(body)
    );
    let code = key.mac(PURPOSE, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code))
}

/// What a token says, if the lab made it and it has not expired.
pub(super) fn verify(key: &LabKey, token: &str, now: SystemTime) -> Result<Identity, ApiError> {
    let identity = read(key, token).ok_or_else(|| {
        let message = "The web identity token provided could not be validated";
        ApiError::bad_request("InvalidIdentityToken", message)
    })?;
    if seconds(now) >= identity.exp {
        return Err(ApiError::bad_request(
            "ExpiredTokenException",
            "Token expired: current date/time must be before the expiration date/time",
        ));
    }
    Ok(identity)
}

/// What a token says, if the lab made it.
fn read(key: &LabKey, token: &str) -> Option<Identity> {
    let (signed, code) = token.rsplit_once('.')?;
    let (_, body) = signed.split_once('.')?;
    let code = URL_SAFE_NO_PAD.decode(code).ok()?;
    let ours = key.verifies(PURPOSE, signed.as_bytes(), &code);
    let body = URL_SAFE_NO_PAD.decode(body).ok().filter(|_| ours)?;
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn refusal(key: &LabKey, token: &str, now: SystemTime) -> Option<&'static str> {
        verify(key, token, now).err().map(|error| error.code)
    }

    #[test]
    fn a_token_is_good_for_a_day_and_for_its_own_lab() {
        let key = LabKey::random().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let token = mint(&key, "eu-west-1", now);
        assert_eq!(verify(&key, &token, now).unwrap().sub, SUBJECT);
        let tomorrow = now + LIFETIME;
        let expired = Some("ExpiredTokenException");
        assert_eq!(refusal(&key, &token, tomorrow), expired);
        let invalid = Some("InvalidIdentityToken");
        assert_eq!(refusal(&LabKey::random().unwrap(), &token, now), invalid);
    }

    #[test]
    fn noise_is_garbled() {
        let key = LabKey::random().unwrap();
        for noise in ["", ".", "..", "a.b.c", "eyJ.eyJ.", "\u{fffd}"] {
            let refused = refusal(&key, noise, UNIX_EPOCH);
            assert_eq!(refused, Some("InvalidIdentityToken"), "{noise}");
        }
    }
}
