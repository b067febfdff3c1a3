//! The text of a file: JSON, with the names that `credential_process` has for what is in it.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::attributes::AccountId;
use serde::{Deserialize, Serialize};

use super::entry::{Entry, Failure, moment};
use crate::strategies::lease::Lease;
use crate::strategies::windows::Windows;

/// Rises when a reader of the old format would misread the new one. Content of any other version is ignored.
const VERSION: u32 = 1;

impl Entry {
    /// `None` for what no `to_text` of this version has written.
    pub(super) fn from_text(text: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(text).ok()?;
        let lease = match stored.credentials {
            Some(credentials) => Some(credentials.lease()?),
            None => None,
        };
        (stored.version == VERSION).then_some(Self {
            lease,
            failure: stored.failure,
        })
    }

    /// The content of the file. It holds secrets.
    pub(super) fn to_text(&self) -> Vec<u8> {
        let stored = Stored {
            version: VERSION,
            credentials: self.lease.as_ref().and_then(StoredCredentials::of),
            failure: self.failure.clone(),
        };
        // Text and moments that a file can hold: nothing in it can fail to become JSON.
        let mut text = serde_json::to_vec_pretty(&stored).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

/// An entry in the words of the file. No `Debug`: it holds secrets in the open.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<StoredCredentials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

/// In the names of `credential_process`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StoredCredentials {
    access_key_id: String,
    secret_access_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(with = "moment")]
    expiration: SystemTime,
    #[serde(with = "moment")]
    fetched_at: SystemTime,
    #[serde(with = "moment")]
    renew_at: SystemTime,
}

impl StoredCredentials {
    /// `None` for credentials that never expire, which no entry holds.
    fn of(lease: &Lease) -> Option<Self> {
        let credentials = &lease.credentials;
        Some(Self {
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: credentials.secret_access_key().to_owned(),
            session_token: credentials.session_token().map(str::to_owned),
            account_id: credentials.account_id().map(|id| id.as_str().to_owned()),
            expiration: lease.expiry()?,
            fetched_at: lease.fetched_at,
            renew_at: lease.renew_at?,
        })
    }

    /// `None` if the moments are not in order, or the credentials have no name.
    fn lease(self) -> Option<Lease> {
        let lifetime = self.expiration.duration_since(self.fetched_at).ok()?;
        let windows = Windows {
            advisory: self.expiration.duration_since(self.renew_at).ok()?,
            ..Windows::of(lifetime)
        };
        let in_order = windows.advisory <= lifetime && !lifetime.is_zero();
        let named = !self.access_key_id.is_empty() && !self.secret_access_key.is_empty();
        let mut credentials = Credentials::builder()
            .access_key_id(self.access_key_id)
            .secret_access_key(self.secret_access_key)
            .expiry(self.expiration)
            .provider_name("FileCache");
        credentials.set_session_token(self.session_token);
        credentials.set_account_id(self.account_id.map(AccountId::from));
        let lease = Lease::new(credentials.build(), self.fetched_at, windows);
        (in_order && named).then_some(lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::file_cache::entry::tests::hour;
    use crate::strategies::fixtures::at;
    use crate::strategies::lease::Age;

    #[test]
    fn an_entry_comes_back_as_it_was_written() {
        let failure = Failure::new(at(1.0), at(2.0), Some(Age::Early), "no answer".into(), 0.5);
        let failed = Entry {
            failure: Some(failure),
            ..hour()
        };
        for entry in [Entry::default(), hour(), failed] {
            let read = Entry::from_text(&entry.to_text()).expect("it reads");
            assert_eq!(read.failure, entry.failure);
            let pair = read.lease.zip(entry.lease);
            assert!(pair.is_none_or(|(read, written)| {
                (read.renew_at, read.wait_at) == (written.renew_at, written.wait_at)
                    && read.credentials.session_token() == written.credentials.session_token()
            }));
        }
    }

    #[test]
    fn whatever_else_a_file_may_hold_is_nothing() {
        let text = String::from_utf8(hour().to_text()).expect("text");
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
