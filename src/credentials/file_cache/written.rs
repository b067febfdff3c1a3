//! The text of a file: JSON, with the names that `credential_process` has for what is in it.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::attributes::AccountId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::entry::{Entry, Failure, Held};

/// Rises when a reader of the old format would misread the new one. Content of any other version is ignored.
const VERSION: u32 = 1;

impl Entry {
    /// `None` for what no `to_text` of this version has written.
    pub(super) fn from_text(text: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(text).ok()?;
        if written.version != VERSION {
            return None;
        }
        let held = match written.credentials {
            Some(credentials) => Some(credentials.read()?),
            None => None,
        };
        let failure = match written.failure {
            Some(failure) => Some(failure.read()?),
            None => None,
        };
        Some(Self { held, failure })
    }

    /// The content of the file. It holds secrets.
    pub(super) fn to_text(&self) -> Vec<u8> {
        let written = Written {
            version: VERSION,
            credentials: self.held.as_ref().map(WrittenCredentials::of),
            failure: self.failure.as_ref().map(WrittenFailure::of),
        };
        // Text and numbers only: nothing in it can fail to become JSON.
        let mut text = serde_json::to_vec_pretty(&written).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// An entry in the words of the file. No `Debug`: it holds secrets in the open.
#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<WrittenCredentials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<WrittenFailure>,
}

/// In the names of `credential_process`; times are RFC 3339.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenCredentials {
    access_key_id: String,
    secret_access_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    expiration: String,
    fetched_at: String,
    renew_at: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenFailure {
    began_at: String,
    ended_at: String,
    retry_at: String,
    message: String,
}

impl WrittenCredentials {
    fn of(held: &Held) -> Self {
        let credentials = &held.credentials;
        Self {
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: credentials.secret_access_key().to_owned(),
            session_token: credentials.session_token().map(str::to_owned),
            account_id: credentials.account_id().map(|id| id.as_str().to_owned()),
            expiration: rfc3339(held.expires_at),
            fetched_at: rfc3339(held.fetched_at),
            renew_at: rfc3339(held.renew_at),
        }
    }

    fn read(self) -> Option<Held> {
        let (fetched_at, expires_at) = (instant(&self.fetched_at)?, instant(&self.expiration)?);
        let renew_at = instant(&self.renew_at)?;
        let in_order = fetched_at <= renew_at && renew_at <= expires_at && fetched_at < expires_at;
        let named = !self.access_key_id.is_empty() && !self.secret_access_key.is_empty();
        let mut credentials = Credentials::builder()
            .access_key_id(self.access_key_id)
            .secret_access_key(self.secret_access_key)
            .expiry(expires_at)
            .provider_name("FileCache");
        credentials.set_session_token(self.session_token);
        credentials.set_account_id(self.account_id.map(AccountId::from));
        (in_order && named).then(|| Held {
            credentials: credentials.build(),
            fetched_at,
            renew_at,
            expires_at,
        })
    }
}

impl WrittenFailure {
    fn of(failure: &Failure) -> Self {
        Self {
            began_at: rfc3339(failure.began_at),
            ended_at: rfc3339(failure.ended_at),
            retry_at: rfc3339(failure.retry_at),
            message: failure.message.clone(),
        }
    }

    fn read(self) -> Option<Failure> {
        Some(Failure {
            began_at: instant(&self.began_at)?,
            ended_at: instant(&self.ended_at)?,
            retry_at: instant(&self.retry_at)?,
            message: self.message,
        })
    }
}

fn rfc3339(time: SystemTime) -> String {
    OffsetDateTime::from(time)
        .format(&Rfc3339)
        .unwrap_or_default()
}

fn instant(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::entry::Age;
    use super::*;
    use crate::credentials::Windows;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    fn held() -> Held {
        let token = Some("the-token".into());
        let credentials =
            Credentials::new("ASIAEXAMPLE", "the-secret", token, Some(at(3600)), "test");
        Held::new(credentials, at(0), Windows::of).expect("they expire")
    }

    #[test]
    fn an_entry_comes_back_as_it_was_written() {
        let failure = Failure::new(at(1), at(2), Some(Age::Early), "no answer".into(), 0.5);
        for entry in [
            Entry::default(),
            Entry {
                held: Some(held()),
                failure: Some(failure),
            },
        ] {
            let read = Entry::from_text(&entry.to_text()).expect("it reads");
            assert_eq!(read.failure, entry.failure);
            let pair = read.held.zip(entry.held);
            assert!(pair.is_none_or(|(read, written)| {
                read.renew_at == written.renew_at
                    && read.credentials.session_token() == written.credentials.session_token()
            }));
        }
    }

    #[test]
    fn whatever_else_a_file_may_hold_is_nothing() {
        let good = Entry {
            held: Some(held()),
            failure: None,
        };
        let text = String::from_utf8(good.to_text()).expect("text");
        for length in 0..text.len() - 2 {
            assert_eq!(
                Entry::from_text(&text.as_bytes()[..length]),
                None,
                "cut at {length}"
            );
        }
        for foreign in [
            text.replace("\"version\": 1", "\"version\": 2"),
            text.replace("ASIAEXAMPLE", ""),
            text.replace("1970-", "in 1970-"),
            text.replace("\"FetchedAt\": \"1970", "\"FetchedAt\": \"1980"),
            "[]".to_owned(),
        ] {
            assert_eq!(Entry::from_text(foreign.as_bytes()), None, "{foreign}");
        }
    }
}
