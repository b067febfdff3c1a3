//! Credentials as a `credential_process` prints them: the one output whose purpose is to hold secrets.

use std::fmt;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::attributes::AccountId;
use serde::Serialize;

use crate::run::rfc3339;

/// The object that SDKs read from the standard output of a `credential_process`. Names and version are those of
/// the AWS SDKs and Tools Reference Guide. What is absent is left out, as some SDKs do not take a null.
#[derive(Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct ProcessCredentials {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    /// To the second: not every SDK reads fractions. Without one, an SDK takes them to be good for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
}

impl ProcessCredentials {
    /// The credentials, with the expiry that SDKs are to see.
    pub fn new(credentials: &Credentials, expiry: Option<SystemTime>) -> Self {
        let account_id = credentials.account_id().map(AccountId::as_str);
        Self {
            version: 1,
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: credentials.secret_access_key().to_owned(),
            session_token: credentials.session_token().map(str::to_owned),
            expiration: expiry.map(rfc3339),
            account_id: account_id.map(str::to_owned),
        }
    }
}

impl fmt::Debug for ProcessCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessCredentials")
            .field("access_key_id", &self.access_key_id)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn session(token: Option<&str>, expiry: Option<SystemTime>) -> ProcessCredentials {
        let token = token.map(str::to_owned);
        let credentials = Credentials::new("ASIA", "the-secret", token, expiry, "test");
        ProcessCredentials::new(&credentials, expiry)
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let keys = session(None, None);
        assert_eq!(
            serde_json::to_value(keys).expect("JSON"),
            serde_json::json!({"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "the-secret"})
        );
    }

    #[test]
    fn an_expiration_is_a_whole_second() {
        let expiry = UNIX_EPOCH + Duration::from_millis(1_500);
        let session = session(Some("token"), Some(expiry));
        let json = serde_json::to_value(session).expect("JSON");
        assert_eq!(json["Expiration"], "1970-01-01T00:00:01Z");
        assert_eq!(json["SessionToken"], "token");
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", session(Some("the-token"), None));
        assert!(!shown.contains("the-secret") && !shown.contains("the-token"));
    }
}
