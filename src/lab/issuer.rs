//! Credentials: what the lab hands out, and whether what comes back is still good.
//!
//! Every lab service trusts the same [`Issuer`], so credentials from any of its sources work on all
//! of its services. Nothing issued is stored: a key id carries a code, its secret follows from the
//! id, and the session token holds the expiry and the principal under a code. An expired token is
//! therefore told from an invented one for ever, in constant memory.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};

use super::lab_key::LabKey;

/// The account that owns everything in the lab.
pub(super) const ACCOUNT: &str = "123456789012";

/// The first bytes of a session token of the real STS.
const TOKEN_PREFIX: &[u8; 12] = b"!\n\torigin_ec";
/// Bytes in a session token before base64, which makes 1,000 characters of them. Real tokens run
/// from several hundred to well over a thousand.
const TOKEN_BYTES: usize = 750;

/// A set of credentials. `Debug` shows the key id and the expiry, never the secret or the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    /// `None` for a static key.
    pub session_token: Option<String>,
    /// `None` for a static key, which does not expire. Whole seconds.
    pub expires: Option<SystemTime>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// Whom a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Principal {
    #[serde(rename = "a")]
    pub(super) arn: String,
    #[serde(rename = "u")]
    pub(super) user_id: String,
}

impl Principal {
    /// The account in the principal's ARN.
    pub(super) fn account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or(ACCOUNT)
    }
}

/// Why credentials are not good. The wording is the real STS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CredentialsError {
    /// This lab never issued such a key, or it came without the token it needs.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The token is not the one issued with the key.
    #[error("The security token included in the request is invalid.")]
    WrongToken,
    #[error("The security token included in the request is expired")]
    Expired,
}

/// What a session token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    /// Seconds since 1970.
    #[serde(rename = "e")]
    expires: u64,
    #[serde(rename = "k")]
    access_key_id: String,
    #[serde(flatten)]
    principal: Principal,
}

/// Issues credentials and recognises them.
pub(super) struct Issuer {
    key: LabKey,
    issued: AtomicU64,
    /// The key that does not expire.
    pub(super) static_credentials: Credentials,
    static_principal: Principal,
}

impl Issuer {
    pub(super) fn new(key: LabKey) -> Self {
        let access_key_id = format!("AKIA{}", base32(&key.mac("static key", b"")[..10]));
        let static_credentials = Credentials {
            secret_access_key: secret(&key, &access_key_id),
            access_key_id,
            session_token: None,
            expires: None,
        };
        let static_principal = Principal {
            arn: format!("arn:aws:iam::{ACCOUNT}:user/awscreds-bench"),
            user_id: format!("AIDA{}", base32(&key.mac("static user", b"")[..10])),
        };
        Self {
            key,
            issued: AtomicU64::new(0),
            static_credentials,
            static_principal,
        }
    }

    /// The principal of a role session. An unusable session name is the caller's to refuse.
    pub(super) fn role_session(&self, account: &str, role: &str, session: &str) -> Principal {
        let id = self.key.mac("role", format!("{account}/{role}").as_bytes());
        Principal {
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            user_id: format!("AROA{}:{session}", base32(&id[..10])),
        }
    }

    /// New credentials, unlike any issued before. They expire `lifetime` after `now`, rounded up to
    /// a whole second, because that is how the expiry is written everywhere.
    pub(super) fn issue(
        &self,
        principal: Principal,
        now: SystemTime,
        lifetime: Duration,
    ) -> Credentials {
        let serial = self.issued.fetch_add(1, Ordering::Relaxed);
        let access_key_id = self.key_id(serial);
        let expires = seconds(now + lifetime + Duration::from_nanos(999_999_999));
        let claims = Claims {
            expires,
            access_key_id: access_key_id.clone(),
            principal,
        };
        Credentials {
            secret_access_key: secret(&self.key, &access_key_id),
            session_token: Some(self.session_token(&claims, serial)),
            access_key_id,
            expires: Some(UNIX_EPOCH + Duration::from_secs(expires)),
        }
    }

    fn key_id(&self, serial: u64) -> String {
        // An odd factor permutes the 40-bit numbers, so that successive ids do not look successive.
        let scrambled = serial.wrapping_mul(0x9E_3779_B97F) & 0xFF_FFFF_FFFF;
        let mut bytes = [0_u8; 10];
        bytes[..5].copy_from_slice(&scrambled.to_be_bytes()[3..]);
        let code = self.key.mac("temporary key", &bytes[..5]);
        bytes[5..].copy_from_slice(&code[..5]);
        format!("ASIA{}", base32(&bytes))
    }

    fn session_token(&self, claims: &Claims, serial: u64) -> String {
        let json = serde_json::to_vec(claims).unwrap_or_default();
        let mut bytes = TOKEN_PREFIX.to_vec();
        bytes.extend_from_slice(&u16::try_from(json.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(&json);
        let filled = bytes.len();
        bytes.resize(filled.max(TOKEN_BYTES - 32), 0);
        StdRng::seed_from_u64(serial).fill_bytes(&mut bytes[filled..]);
        let code = self.key.mac("session token", &bytes);
        bytes.extend_from_slice(&code);
        STANDARD.encode(bytes)
    }

    fn claims(&self, token: &str) -> Option<Claims> {
        let bytes = STANDARD.decode(token).ok()?;
        let (body, code) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        if !self.key.verifies("session token", body, code) {
            return None;
        }
        let (length, rest) = body.strip_prefix(TOKEN_PREFIX)?.split_first_chunk::<2>()?;
        serde_json::from_slice(rest.get(..u16::from_be_bytes(*length).into())?).ok()
    }

    /// The secret of a key that this lab has issued.
    pub(super) fn secret_of(&self, access_key_id: &str) -> Option<String> {
        if access_key_id == self.static_credentials.access_key_id {
            return Some(self.static_credentials.secret_access_key.clone());
        }
        let bytes = unbase32(access_key_id.strip_prefix("ASIA")?)?;
        let (serial, code) = bytes.split_at(5);
        self.key
            .verifies("temporary key", serial, code)
            .then(|| secret(&self.key, access_key_id))
    }

    /// Whom a key with its token belongs to, if both are good at `now`. The signature is not looked
    /// at here.
    pub(super) fn check(
        &self,
        access_key_id: &str,
        session_token: Option<&str>,
        now: SystemTime,
    ) -> Result<Principal, CredentialsError> {
        if access_key_id == self.static_credentials.access_key_id {
            return match session_token {
                None => Ok(self.static_principal.clone()),
                Some(_) => Err(CredentialsError::WrongToken),
            };
        }
        let token = session_token.ok_or(CredentialsError::UnknownKey)?;
        let claims = self
            .claims(token)
            .filter(|claims| claims.access_key_id == access_key_id);
        let claims = claims.ok_or(CredentialsError::WrongToken)?;
        if seconds(now) >= claims.expires {
            return Err(CredentialsError::Expired);
        }
        Ok(claims.principal)
    }
}

fn secret(key: &LabKey, access_key_id: &str) -> String {
    let bytes = key.mac("secret key", access_key_id.as_bytes());
    STANDARD.encode(&bytes[..30])
}

/// Whole seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs()
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Ten bytes as sixteen characters (RFC 4648).
fn base32(bytes: &[u8]) -> String {
    let number = bytes
        .iter()
        .fold(0_u128, |n, byte| n << 8 | u128::from(*byte));
    (0..16)
        .rev()
        .map(|digit| BASE32[(number >> (5 * digit) & 31) as usize] as char)
        .collect()
}

fn unbase32(text: &str) -> Option<[u8; 10]> {
    if text.len() != 16 {
        return None;
    }
    let number = text.bytes().try_fold(0_u128, |number, byte| {
        let digit = BASE32.iter().position(|known| *known == byte)?;
        Some(number << 5 | digit as u128)
    });
    number?.to_be_bytes()[6..].try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: SystemTime = UNIX_EPOCH;

    fn issuer() -> Issuer {
        Issuer::new(LabKey::random().unwrap())
    }

    fn session(issuer: &Issuer) -> Principal {
        issuer.role_session(ACCOUNT, "role", "session")
    }

    /// Credentials for [`session`], issued at noon for half a minute.
    fn issued(issuer: &Issuer) -> Credentials {
        issuer.issue(session(issuer), NOON, Duration::from_secs(30))
    }

    #[test]
    fn issued_credentials_are_recognised_until_they_expire() {
        let issuer = issuer();
        let now = NOON + Duration::from_millis(1_500);
        let given = issuer.issue(session(&issuer), now, Duration::from_secs(30));
        let end = NOON + Duration::from_secs(32);
        assert_eq!(given.expires, Some(end));
        let token = given.session_token.as_deref();
        let (good, expired) = (Ok(session(&issuer)), Err(CredentialsError::Expired));
        for (at, wanted) in [
            (now, &good),
            (end - Duration::from_millis(1), &good),
            (end, &expired),
            (end + Duration::from_hours(8760), &expired),
        ] {
            assert_eq!(issuer.check(&given.access_key_id, token, at), *wanted);
        }
    }

    #[test]
    fn they_have_the_shape_of_real_ones() {
        let issuer = issuer();
        let given = issued(&issuer);
        assert_eq!(given.access_key_id.len(), 20);
        assert!(given.access_key_id.starts_with("ASIA"));
        assert_eq!(given.secret_access_key.len(), 40);
        assert!(given.session_token.unwrap().starts_with("IQoJb3JpZ2luX2Vj"));
        let fixed = &issuer.static_credentials;
        assert!(fixed.access_key_id.starts_with("AKIA"));
        assert_eq!(fixed.access_key_id.len(), 20);
        assert!(issuer.check(&fixed.access_key_id, None, NOON).is_ok());
    }

    #[test]
    fn every_issue_is_unlike_the_others_and_every_issuer_unlike_the_next() {
        let keys = || -> Vec<String> {
            let issuer = issuer();
            let keys = (0..10_000).map(|_| issued(&issuer).access_key_id);
            keys.collect()
        };
        let (first, second) = (keys(), keys());
        let distinct: std::collections::HashSet<_> = first.iter().chain(&second).collect();
        assert_eq!(distinct.len(), first.len() + second.len());
    }

    #[test]
    fn tokens_do_not_pass_for_one_another() {
        let issuer = issuer();
        let (one, two) = (issued(&issuer), issued(&issuer));
        let mut forged = one.session_token.unwrap();
        forged.replace_range(60..61, if &forged[60..61] == "A" { "B" } else { "A" });
        for (token, wanted) in [
            (two.session_token.as_deref(), CredentialsError::WrongToken),
            (Some("IQoJb3JpZ2luX2Vj"), CredentialsError::WrongToken),
            (None, CredentialsError::UnknownKey),
            (Some(&forged), CredentialsError::WrongToken),
        ] {
            let checked = issuer.check(&one.access_key_id, token, NOON);
            assert_eq!(checked, Err(wanted), "{token:?}");
        }
    }

    #[test]
    fn only_keys_of_this_lab_have_a_secret() {
        let issuer = issuer();
        let given = issued(&issuer);
        let secret = issuer.secret_of(&given.access_key_id);
        assert_eq!(secret, Some(given.secret_access_key));
        for unknown in ["ASIAAAAAAAAAAAAAAAAA", "AKIAIOSFODNN7EXAMPLE", ""] {
            assert_eq!(issuer.secret_of(unknown), None);
        }
        let other = Issuer::new(LabKey::random().unwrap());
        assert_eq!(other.secret_of(&given.access_key_id), None);
    }

    #[test]
    fn debug_shows_no_secret() {
        let given = issued(&issuer());
        let shown = format!("{given:?}");
        assert!(!shown.contains(&given.secret_access_key));
        assert!(!shown.contains(&given.session_token.unwrap()[..40]));
    }
}
