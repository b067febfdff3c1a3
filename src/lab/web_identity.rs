//! The web identity token that the lab's own identity provider gives a workload.
//!
//! A JSON Web Token (RFC 7519) in the form that EKS projects into a pod. It is signed with the
//! lab's seal rather than an RSA key, since only the lab's STS ever checks it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::seal::Seal;

/// What the token is for.
pub(super) const AUDIENCE: &str = "sts.amazonaws.com";
/// Whom it speaks for.
pub(super) const SUBJECT: &str = "system:serviceaccount:default:awscreds-bench";
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

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Garbled,
    Expired,
}

/// The provider of a Region, as EKS names them.
pub(super) fn issuer(region: &str) -> String {
    format!("https://oidc.eks.{region}.amazonaws.com/id/AWSCREDSBENCHLAB")
}

/// A token for the lab's workload.
pub(super) fn mint(seal: &Seal, region: &str, now: SystemTime) -> String {
    let iat = seconds(now);
    let identity = Identity {
        aud: vec![AUDIENCE.to_owned()],
        exp: iat + LIFETIME.as_secs(),
        iat,
        iss: issuer(region),
        sub: SUBJECT.to_owned(),
    };
    let head = serde_json::json!({"alg": "HS256", "kid": "lab", "typ": "JWT"});
    let body = serde_json::to_vec(&identity).unwrap_or_default();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head.to_string()),
        URL_SAFE_NO_PAD.encode(body)
    );
    let mark = seal.mark(PURPOSE, &[signed.as_bytes()]);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mark))
}

/// What a token says, if the lab made it and it has not expired.
pub(super) fn verify(seal: &Seal, token: &str, now: SystemTime) -> Result<Identity, Refused> {
    let (signed, mark) = token.rsplit_once('.').ok_or(Refused::Garbled)?;
    let (_, body) = signed.split_once('.').ok_or(Refused::Garbled)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Refused::Garbled);
    if !seal.confirms(PURPOSE, &[signed.as_bytes()], &decode(mark)?) {
        return Err(Refused::Garbled);
    }
    let identity: Identity =
        serde_json::from_slice(&decode(body)?).map_err(|_| Refused::Garbled)?;
    if seconds(now) >= identity.exp {
        return Err(Refused::Expired);
    }
    Ok(identity)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_a_day_and_for_its_own_lab() {
        let seal = Seal::new(1);
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let token = mint(&seal, "eu-west-1", now);
        assert_eq!(verify(&seal, &token, now).unwrap().sub, SUBJECT);
        let tomorrow = now + LIFETIME;
        assert_eq!(
            verify(&seal, &token, tomorrow).err(),
            Some(Refused::Expired)
        );
        let other = Seal::new(2);
        assert_eq!(verify(&other, &token, now).err(), Some(Refused::Garbled));
    }

    #[test]
    fn noise_is_garbled() {
        let seal = Seal::new(1);
        for noise in ["", ".", "..", "a.b.c", "eyJ.eyJ.", "\u{fffd}"] {
            assert_eq!(
                verify(&seal, noise, UNIX_EPOCH).err(),
                Some(Refused::Garbled),
                "{noise}"
            );
        }
    }
}
