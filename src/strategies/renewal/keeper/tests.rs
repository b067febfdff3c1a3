use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_async::time::TimeSource;
use futures_util::FutureExt;
use tokio::time::Instant;

use super::*;

/// Wall-clock time of a paused runtime.
#[derive(Clone, Copy, Debug)]
struct Clock(Instant);

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.0.elapsed()
    }
}

/// What a source does when it is asked once.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// Credentials for an hour, after a second.
    Gives,
    Fails,
    Hangs,
    Panics,
}

/// Does one thing after another, and then gives.
#[derive(Clone, Debug)]
struct Source {
    clock: Clock,
    asked: Arc<AtomicU64>,
    script: Arc<Mutex<VecDeque<Does>>>,
}

impl Renew for Source {
    fn renew<'a>(&'a self, _: Option<&'a Credentials>) -> ProvideCredentials<'a> {
        let serial = self.asked.fetch_add(1, Ordering::Relaxed);
        let does = self.script.lock().unwrap().pop_front();
        ProvideCredentials::new(async move {
            tokio::time::sleep(SECOND).await;
            match does.unwrap_or(Does::Gives) {
                Does::Gives => {
                    let (key, expiry) = (format!("AKID{serial}"), self.clock.now() + HOUR);
                    Ok(Credentials::new(key, "secret", None, Some(expiry), "test"))
                }
                Does::Fails => Err(CredentialsError::provider_error("no")),
                Does::Hangs => std::future::pending().await,
                Does::Panics => panic!("a provider may panic"),
            }
        })
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn keeper(begins: Begins, script: &[Does]) -> (Arc<Keeper>, Source) {
    backing_off(Backoff::doubling, begins, script)
}

fn backing_off(
    backoff: fn(Windows) -> Backoff,
    begins: Begins,
    script: &[Does],
) -> (Arc<Keeper>, Source) {
    let clock = Clock(Instant::now());
    let source = Source {
        clock,
        asked: Arc::default(),
        script: Arc::new(Mutex::new(script.iter().copied().collect())),
    };
    let options = Options {
        time_source: SharedTimeSource::new(clock),
        seed: Some(1),
        ..Options::default()
    };
    let keeper = Keeper::new(source.clone(), options, begins, backoff);
    (keeper, source)
}

impl Source {
    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn key(keeper: &Arc<Keeper>) -> String {
    keeper.provide().await.unwrap().access_key_id().to_owned()
}

/// The key that a call gets, which must not wait.
fn at_once(keeper: &Arc<Keeper>) -> String {
    let call = key(keeper).now_or_never();
    call.expect("the call does not wait")
}

async fn at(source: &Source, time: Duration) {
    tokio::time::sleep_until(source.clock.0 + time).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_calls_at_once_are_one_fetch() {
    let (keeper, source) = keeper(Begins::Call, &[]);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let keeper = keeper.clone();
        calls.spawn(async move { key(&keeper).await });
    }
    let keys = calls.join_all().await;
    assert!(keys.iter().all(|key| key == "AKID0"), "{keys:?}");
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn in_the_advisory_window_one_call_begins_a_fetch_and_none_waits() {
    let (keeper, source) = keeper(Begins::Call, &[]);
    keeper.provide().await.unwrap();
    at(&source, 55 * MINUTE).await;
    for _ in 0..10 {
        assert_eq!(at_once(&keeper), "AKID0");
    }
    tokio::task::yield_now().await;
    assert_eq!(source.asked(), 2);
    at(&source, 56 * MINUTE).await;
    assert_eq!(at_once(&keeper), "AKID1");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_does_not_take_the_fetch_with_it() {
    let (keeper, source) = keeper(Begins::Call, &[]);
    let given_up = tokio::time::timeout(SECOND / 2, keeper.provide()).await;
    assert!(given_up.is_err());
    at(&source, 2 * SECOND).await;
    assert_eq!(at_once(&keeper), "AKID0");
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_keeps_the_last_good_value_and_the_next_try_comes_later() {
    let (keeper, source) = keeper(Begins::Call, &[Does::Gives, Does::Fails, Does::Fails]);
    keeper.provide().await.unwrap();
    at(&source, 53 * MINUTE).await;
    assert_eq!(at_once(&keeper), "AKID0");
    at(&source, 53 * MINUTE + 10 * SECOND).await;
    assert_eq!(at_once(&keeper), "AKID0");
    assert_eq!(source.asked(), 2, "it backs off");
    at(&source, 54 * MINUTE).await;
    assert_eq!(at_once(&keeper), "AKID0");
    tokio::task::yield_now().await;
    assert_eq!(source.asked(), 3, "and tries again");
    at(&source, HOUR + 3 * MINUTE).await;
    assert_eq!(
        key(&keeper).await,
        "AKID3",
        "past the expiry calls wait for new ones"
    );
}

/// An hour's credentials begin to be renewed 15 to 7.5 minutes before their end, and the specified wait is 5 to 10.
#[tokio::test(start_paused = true)]
async fn one_failed_fetch_makes_no_call_wait_whenever_it_was() {
    for second in (45 * 60..55 * 60).step_by(30) {
        let script = [Does::Gives, Does::Fails];
        let (keeper, source) = backing_off(Backoff::specified, Begins::Call, &script);
        keeper.provide().await.unwrap();
        for second in second..59 * 60 {
            at(&source, second * SECOND).await;
            at_once(&keeper);
        }
        at(&source, 59 * MINUTE + 2 * SECOND).await;
        assert_eq!(at_once(&keeper), "AKID2", "begun at second {second}");
    }
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_better_than_none() {
    let script = [Does::Gives, Does::Fails, Does::Fails, Does::Fails];
    let (keeper, source) = keeper(Begins::Call, &script);
    keeper.provide().await.unwrap();
    at(&source, HOUR + MINUTE).await;
    assert_eq!(key(&keeper).await, "AKID0");
}

#[tokio::test(start_paused = true)]
async fn without_any_credentials_the_error_is_that_of_the_source() {
    let (keeper, source) = keeper(Begins::Call, &[Does::Fails]);
    let error = keeper.provide().await.unwrap_err();
    let text = crate::error_text::error_text(&error);
    assert_eq!(text.matches("no").count(), 1, "{error:?}");
    assert!(
        keeper.provide().await.is_err(),
        "asked again at once, the same"
    );
    assert_eq!(source.asked(), 1);
    at(&source, 3 * SECOND).await;
    assert_eq!(key(&keeper).await, "AKID1");
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_replaced_and_calls_wait_for_it() {
    let (keeper, source) = keeper(Begins::Background, &[]);
    keeper.provide().await.unwrap();
    keeper.refuse("SOMEBODY ELSE'S");
    assert_eq!(at_once(&keeper), "AKID0");
    keeper.refuse("AKID0");
    assert_eq!(key(&keeper).await, "AKID1");
    keeper.refuse("AKID0");
    assert_eq!(
        at_once(&keeper),
        "AKID1",
        "a late refusal of the old ones changes nothing"
    );
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_are_handed_out_again_only_as_a_last_resort() {
    let script = [Does::Gives, Does::Fails, Does::Fails, Does::Gives];
    let (keeper, source) = keeper(Begins::Call, &script);
    keeper.provide().await.unwrap();
    keeper.refuse("AKID0");
    assert_eq!(key(&keeper).await, "AKID3", "it waits through failures");
    source.script.lock().unwrap().extend([Does::Fails; 100]);
    keeper.refuse("AKID3");
    let begun = source.clock.now();
    assert_eq!(key(&keeper).await, "AKID3");
    let waited = since(begun, source.clock.now());
    assert!(
        waited >= keeper.options.patience && waited < 2 * keeper.options.patience,
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_or_panics_is_a_failure_like_any_other() {
    let (keeper, source) = keeper(Begins::Call, &[Does::Panics, Does::Hangs]);
    assert!(keeper.provide().await.is_err());
    at(&source, 5 * SECOND).await;
    assert!(keeper.provide().await.is_err());
    assert!(source.clock.0.elapsed() >= keeper.options.fetch_timeout);
    at(&source, 2 * MINUTE).await;
    assert_eq!(key(&keeper).await, "AKID2");
}

#[tokio::test(start_paused = true)]
async fn the_background_renews_before_any_call_has_to_and_ends_when_told_to() {
    let (keeper, source) = keeper(Begins::Background, &[]);
    keeper.provide().await.unwrap();
    let until = tokio::time::sleep(10 * HOUR);
    let running = keeper.clone();
    let background = tokio::spawn(async move { running.run(until).await });
    for minute in 1..600 {
        at(&source, minute * MINUTE).await;
        at_once(&keeper);
    }
    background.await.unwrap();
    let asked = source.asked();
    assert!((11..=14).contains(&asked), "{asked}");
    at(&source, 20 * HOUR).await;
    assert_eq!(source.asked(), asked);
}
