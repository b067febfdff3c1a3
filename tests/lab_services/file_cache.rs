//! The file cache as a library: a provider for SDK clients, and what a long-lived strategy renews through.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use awscreds_bench::strategies::{CacheKey, CacheLookup, FileCache, Notice, Renew};
use tempfile::TempDir;

use super::support::{config, count, imds_credentials, lab};

/// Hands out new credentials each time, or fails, and counts.
#[derive(Clone, Debug, Default)]
struct Source {
    asked: Arc<AtomicU64>,
    failing: Arc<AtomicU64>,
    lifetime: u64,
}

impl Source {
    fn lasting(lifetime: u64) -> Self {
        Self {
            lifetime,
            ..Self::default()
        }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    fn fail(&self, failing: bool) {
        self.failing.store(u64::from(failing), Ordering::SeqCst);
    }
}

impl ProvideCredentials for Source {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let n = self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            if self.failing.load(Ordering::SeqCst) == 1 {
                return Err(CredentialsError::provider_error("down"));
            }
            // Later ones last longer, as they would if time had passed.
            let expiry = SystemTime::now() + Duration::from_secs(self.lifetime + n);
            let (key, token) = (format!("ASIA{n}"), Some("token".to_owned()));
            Ok(Credentials::new(key, "secret", token, Some(expiry), "test"))
        })
    }
}

/// A cache like those that unrelated processes would have.
fn cache(directory: &TempDir, source: &Source) -> FileCache {
    let key = CacheKey::of([("source", "test")]);
    let directory = directory.path().join("credentials");
    FileCache::builder(key)
        .directory(directory)
        .build(source.clone())
}

async fn renewed(cache: &FileCache, held: Option<&Credentials>) -> String {
    let renewed = cache.renew(held).await.unwrap();
    renewed.access_key_id().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn strategies_in_many_processes_renew_once() {
    let (directory, source) = (TempDir::new().unwrap(), Source::lasting(3600));
    let first = cache(&directory, &source).renew(None).await.unwrap();
    assert_eq!(source.asked(), 1);
    let renewals = (0..16).map(|_| {
        let (cache, held) = (cache(&directory, &source), first.clone());
        tokio::spawn(async move { renewed(&cache, Some(&held)).await })
    });
    for renewal in renewals.collect::<Vec<_>>() {
        assert_eq!(renewal.await.unwrap(), "ASIA1");
    }
    assert_eq!(source.asked(), 2, "one fetch for all of them");
    let late = cache(&directory, &source);
    assert_eq!(
        renewed(&late, Some(&first)).await,
        "ASIA1",
        "newer than its own"
    );
    assert_eq!(renewed(&late, None).await, "ASIA1");
    assert_eq!(source.asked(), 2);
}

#[tokio::test]
async fn a_strategy_hears_of_failures_and_a_fresh_process_gets_what_there_is() {
    let (directory, source) = (TempDir::new().unwrap(), Source::lasting(3600));
    let cache = cache(&directory, &source);
    let held = cache.renew(None).await.unwrap();
    source.fail(true);
    let error = cache.renew(Some(&held)).await.unwrap_err();
    assert!(format!("{error:?}").contains("down"));
    assert!(cache.renew(Some(&held)).await.is_err());
    assert_eq!(source.asked(), 2, "the second try is spared");
    let resolved = cache.resolve().await.unwrap();
    assert_eq!(
        (resolved.lookup, resolved.notices.len()),
        (CacheLookup::Hit, 0)
    );
    assert_eq!(resolved.credentials.access_key_id(), held.access_key_id());
    assert_eq!(
        cache.renew(None).await.unwrap().access_key_id(),
        held.access_key_id()
    );
}

#[tokio::test]
async fn credentials_that_a_service_refused_are_not_handed_out_again() {
    let (directory, source) = (TempDir::new().unwrap(), Source::lasting(3600));
    let cache = cache(&directory, &source);
    let refused = cache.provide_credentials().await.unwrap();
    assert_eq!(renewed(&cache, Some(&refused)).await, "ASIA1");
    assert_eq!(
        cache.provide_credentials().await.unwrap().access_key_id(),
        "ASIA1"
    );
}

#[tokio::test]
async fn a_source_that_hangs_is_given_up_after_the_limit_by_all_who_wait() {
    #[derive(Debug)]
    struct Hanging(Arc<AtomicU64>);
    impl ProvideCredentials for Hanging {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            self.0.fetch_add(1, Ordering::SeqCst);
            future::ProvideCredentials::new(std::future::pending())
        }
    }
    let directory = TempDir::new().unwrap();
    let asked = Arc::new(AtomicU64::new(0));
    let waiters = (0..8).map(|_| {
        let cache = FileCache::builder(CacheKey::of([("source", "hanging")]))
            .directory(directory.path().join("credentials"))
            .limit(Duration::from_millis(300))
            .build(Hanging(Arc::clone(&asked)));
        tokio::spawn(async move { cache.resolve().await })
    });
    for waiter in waiters.collect::<Vec<_>>() {
        assert!(waiter.await.unwrap().is_err());
    }
    let asked = asked.load(Ordering::SeqCst);
    assert!((1..=2).contains(&asked), "{asked} tries for eight callers");
}

#[tokio::test]
async fn a_lock_that_nobody_gives_back_costs_time_and_nothing_else() {
    let (directory, source) = (TempDir::new().unwrap(), Source::lasting(3600));
    let key = CacheKey::of([("source", "test")]);
    let place = directory.path().join("credentials");
    let cache = FileCache::builder(key.clone())
        .directory(&place)
        .limit(Duration::from_millis(200))
        .build(source.clone());
    let held = cache.provide_credentials().await.unwrap();
    let stuck = std::fs::File::open(place.join(format!("{}.lock", key.as_str()))).unwrap();
    stuck.lock().unwrap();
    let resolved = cache.resolve().await.unwrap();
    assert_eq!(
        resolved.lookup,
        CacheLookup::Hit,
        "nobody needs the lock to read"
    );
    let renewed = cache.renew(Some(&held)).await.unwrap();
    assert_eq!((renewed.access_key_id(), source.asked()), ("ASIA1", 2));
    source.fail(true);
    assert!(cache.renew(Some(&held)).await.is_err(), "it keeps its own");
}

#[tokio::test]
async fn expired_credentials_from_the_source_are_handed_through_and_told() {
    let (directory, source) = (TempDir::new().unwrap(), Source::lasting(0));
    let cache = cache(&directory, &source);
    let resolved = cache.resolve().await.unwrap();
    let told = |notice: &Notice| matches!(notice, Notice::Stale { expired: true, .. });
    assert!(resolved.notices.iter().any(told), "{:?}", resolved.notices);
}

#[tokio::test]
async fn an_sdk_client_takes_it_for_its_provider() {
    let lab = lab("").await;
    let directory = TempDir::new().unwrap();
    let fetched = imds_credentials(&lab).await;
    let expiring = Credentials::new(
        fetched.access_key_id(),
        fetched.secret_access_key(),
        fetched.session_token().map(str::to_owned),
        Some(SystemTime::now() + Duration::from_mins(30)),
        "imds",
    );
    for _ in 0..3 {
        let key = CacheKey::of([("source", "imds")]);
        let cache = FileCache::builder(key)
            .directory(directory.path().join("credentials"))
            .build(expiring.clone());
        let config = config(&lab, expiring.clone()).credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(cache),
        );
        let sts = aws_sdk_sts::Client::new(&config.build());
        sts.get_caller_identity().send().await.unwrap();
    }
    assert_eq!(count(&lab, "sts:GetCallerIdentity").ok, 3);
}

#[test]
fn nothing_of_it_shows_a_secret() {
    let directory = TempDir::new().unwrap();
    let cache = FileCache::builder(CacheKey::of([("source", "test")]))
        .directory(directory.path())
        .build(Credentials::new(
            "ASIA",
            "the-secret",
            Some("the-token".into()),
            None,
            "test",
        ));
    let shown = format!("{cache:?}");
    assert!(
        !shown.contains("the-secret") && !shown.contains("the-token"),
        "{shown}"
    );
}
