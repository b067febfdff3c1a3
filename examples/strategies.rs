//! Credentials that are renewed ahead of their expiry, and shared with other processes through a file.
//!
//! ```text
//! cargo run --example strategies --no-default-features --features strategies
//! ```

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::ProvideCredentials;
use awscreds_bench::strategies::{CacheKey, FileCache, Options, Refresher};

/// Of the made-up credentials; real ones last an hour.
const LIFETIME: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Any provider of the SDK's will do. This one counts how often it is asked.
    let fetches = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&fetches);
    let source = provide_credentials_fn(move || {
        let number = counter.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            let (key, expiry) = (format!("ASIA{number}"), SystemTime::now() + LIFETIME);
            Ok(Credentials::new(
                key,
                "secret",
                None,
                Some(expiry),
                "made up",
            ))
        }
    });

    // Processes with the same key and directory share what one of them fetches.
    let directory = tempfile::tempdir()?;
    let cache = FileCache::builder(CacheKey::of([("source", "made up")]))
        .directory(directory.path())
        .build(source);
    let refresher = Refresher::new(cache, Options::default());
    refresher.ready().await?;

    // Calls go on while the background renews: none of them waits, and none gets expired credentials.
    let calls = async {
        let mut last = String::new();
        for _ in 0..60 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let credentials = refresher.provide_credentials().await?;
            assert!(credentials.expiry() > Some(SystemTime::now()));
            if credentials.access_key_id() != last {
                credentials.access_key_id().clone_into(&mut last);
                println!("calls are signed with {last}");
            }
        }
        Ok::<_, Box<dyn Error>>(())
    };
    tokio::select! {
        done = calls => done?,
        () = refresher.run(std::future::pending()) => unreachable!("it runs until it is told to stop"),
    }
    println!("{} fetches", fetches.load(Ordering::Relaxed));
    assert!(fetches.load(Ordering::Relaxed) >= 2);
    Ok(())
}
