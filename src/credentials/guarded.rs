//! A provider that survives its source: what the SDK panics on becomes an error of the source, and credentials that
//! nothing can be signed with are none.

use std::cell::RefCell;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};

use super::answer::{BadAnswer, usable};
use crate::panics::caught;

tokio::task_local! {
    /// The first bad answer that the load under way has had.
    static BAD: RefCell<Option<BadAnswer>>;
}

/// Notes what a source answered, for the load under way.
pub(super) fn note(bad: BadAnswer) {
    // Outside a load nobody asks.
    let _ = BAD.try_with(|first| first.borrow_mut().get_or_insert(bad).clone());
}

/// A source, guarded as the module says.
#[derive(Debug)]
pub(super) struct Guarded {
    pub provider: SharedCredentialsProvider,
    pub source: &'static str,
}

impl Guarded {
    async fn load(&self) -> provider::Result {
        let load = async {
            let loaded = caught(self.provider.provide_credentials()).await;
            (loaded, BAD.with(RefCell::take))
        };
        let (loaded, bad) = BAD.scope(RefCell::default(), load).await;
        match (loaded, bad) {
            (Ok(Ok(credentials)), _) => match usable(self.source, &credentials) {
                Ok(()) => Ok(credentials),
                Err(bad) => Err(CredentialsError::provider_error(bad)),
            },
            // A provider may say no more than that it has nothing.
            (_, Some(bad)) => Err(CredentialsError::provider_error(bad)),
            (Ok(Err(error)), None) => Err(error),
            (Err(panicked), None) => Err(CredentialsError::unhandled(panicked)),
        }
    }
}

impl ProvideCredentials for Guarded {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::error_text;

    #[derive(Debug)]
    struct Source(fn() -> provider::Result);

    impl ProvideCredentials for Source {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async { (self.0)() })
        }
    }

    async fn loaded(source: fn() -> provider::Result) -> Result<Credentials, String> {
        let guarded = Guarded {
            provider: SharedCredentialsProvider::new(Source(source)),
            source: "imds",
        };
        let loaded = guarded.provide_credentials().await;
        loaded.map_err(|error| error_text(&error))
    }

    #[tokio::test]
    async fn a_panic_of_the_sdk_is_an_error_of_the_source() {
        let error = loaded(|| panic!("overflow")).await.unwrap_err();
        assert!(error.contains("panicked"), "{error}");
    }

    #[tokio::test]
    async fn credentials_that_cannot_be_signed_with_are_none() {
        let good = || Ok(Credentials::new("ASIA", "s", None, None, "test"));
        assert!(loaded(good).await.is_ok());
        let bad = || Ok(Credentials::new("AS\u{1}IA", "s", None, None, "test"));
        let error = loaded(bad).await.unwrap_err();
        assert!(error.contains("imds gave a bad answer"), "{error}");
    }
}
