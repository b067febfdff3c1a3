//! Hours in virtual time: answers, refusals and outages as a script.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::TimeSource;

use super::*;
use crate::discovery::instance::Instance;
use crate::discovery::source::{DiscoverFuture, Found};

/// tokio's clock, which a paused runtime moves by itself.
#[derive(Debug)]
struct Virtual(tokio::time::Instant);

impl TimeSource for Virtual {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.0.elapsed()
    }
}

fn timing() -> Timing {
    Timing {
        time: SharedTimeSource::new(Virtual(tokio::time::Instant::now())),
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    }
}

/// A source whose answers a test changes under way.
#[derive(Default)]
struct Script {
    ids: Mutex<Vec<String>>,
    revision: AtomicI64,
    error: Mutex<Option<DiscoverErrorKind>>,
    revisions: Mutex<Option<DiscoverErrorKind>>,
}

impl Script {
    fn with(ids: &[&str]) -> Arc<Self> {
        let script = Arc::new(Self::default());
        script.set(ids);
        script
    }

    fn set(&self, ids: &[&str]) {
        *self.ids.lock().unwrap() = ids.iter().map(ToString::to_string).collect();
        self.revision.fetch_add(1, Ordering::Relaxed);
    }

    fn refuse(&self, kind: Option<DiscoverErrorKind>) {
        *self.error.lock().unwrap() = kind;
    }

    fn refused(&self) -> Result<(), DiscoverError> {
        match *self.error.lock().unwrap() {
            None => Ok(()),
            Some(kind) => Err(DiscoverError {
                kind,
                message: "as the script says".to_owned(),
            }),
        }
    }
}

impl Discover for Script {
    fn discover(&self) -> DiscoverFuture<'_, Found> {
        Box::pin(async {
            self.refused()?;
            let instance = |id: &String| Instance {
                id: id.clone(),
                host: "10.0.0.1".to_owned(),
                port: 1,
                zone: None,
            };
            Ok(Found {
                instances: self.ids.lock().unwrap().iter().map(instance).collect(),
                unusable: 0,
                revision: Some(self.revision.load(Ordering::Relaxed)),
            })
        })
    }

    fn revision(&self) -> DiscoverFuture<'_, i64> {
        Box::pin(async {
            self.refused()?;
            if let Some(kind) = *self.revisions.lock().unwrap() {
                return Err(DiscoverError {
                    kind,
                    message: "no revisions here".to_owned(),
                });
            }
            Ok(self.revision.load(Ordering::Relaxed))
        })
    }
}

const POLLING: Polling = Polling {
    revision: Duration::from_secs(5),
    refresh: Duration::from_mins(1),
    jitter: 0.1,
};

async fn start(script: &Arc<Script>) -> Result<Resolver, DiscoverError> {
    let patience = Duration::from_secs(2);
    let source = Arc::clone(script) as Arc<dyn Discover>;
    Resolver::start(source, None, POLLING, 1, patience, timing()).await
}

fn ids(resolver: &Resolver) -> Vec<String> {
    let fleet = resolver.fleet();
    let ids = fleet
        .members()
        .iter()
        .map(|member| member.instance.id.clone());
    ids.collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_with_its_first_answer_and_not_before() {
    let script = Script::with(&["one"]);
    script.refuse(Some(DiscoverErrorKind::Throttled));
    let late = Arc::clone(&script);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        late.refuse(None);
    });
    let resolver = start(&script).await.unwrap();
    assert_eq!(ids(&resolver), ["one"]);
    assert!(resolver.now() >= Duration::from_secs(1));
    assert!(resolver.counts().throttled > 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_first_answer_it_gives_up_in_time_and_for_an_unknown_service_at_once() {
    let script = Script::with(&["one"]);
    script.refuse(Some(DiscoverErrorKind::Failed));
    let began = tokio::time::Instant::now();
    assert_eq!(
        start(&script).await.unwrap_err().kind,
        DiscoverErrorKind::Failed
    );
    assert!(began.elapsed() >= Duration::from_secs(2));
    script.refuse(Some(DiscoverErrorKind::Denied));
    let began = tokio::time::Instant::now();
    assert_eq!(
        start(&script).await.unwrap_err().kind,
        DiscoverErrorKind::Denied
    );
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_is_seen_within_the_poll_interval() {
    let script = Script::with(&["one"]);
    let resolver = start(&script).await.unwrap();
    for ids_now in [&["one", "two"][..], &["two"], &[], &["three"]] {
        script.set(ids_now);
        tokio::time::sleep(POLLING.revision.mul_f64(1.1)).await;
        assert_eq!(ids(&resolver), ids_now);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_health_is_seen_within_the_full_refresh() {
    let script = Script::with(&["one", "two"]);
    let resolver = start(&script).await.unwrap();
    *script.ids.lock().unwrap() = vec!["one".to_owned()];
    tokio::time::sleep(POLLING.refresh.mul_f64(1.1)).await;
    assert_eq!(ids(&resolver), ["one"]);
    assert!(resolver.counts().revisions >= 8 * resolver.counts().refreshes / 3);
}

#[tokio::test(start_paused = true)]
async fn an_outage_and_throttling_leave_the_last_good_answer() {
    for kind in [DiscoverErrorKind::Failed, DiscoverErrorKind::Throttled] {
        let script = Script::with(&["one"]);
        let resolver = start(&script).await.unwrap();
        script.refuse(Some(kind));
        script.set(&["two"]);
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(ids(&resolver), ["one"]);
        }
        let counts = resolver.counts();
        let refused = counts.failed + counts.throttled;
        assert!((2..=6).contains(&refused), "it backs off: {refused}");
        script.refuse(None);
        tokio::time::sleep(POLLING.refresh.mul_f64(1.1)).await;
        assert_eq!(ids(&resolver), ["two"]);
    }
}

#[tokio::test(start_paused = true)]
async fn where_there_are_no_revisions_full_answers_do() {
    let script = Script::with(&["one"]);
    *script.revisions.lock().unwrap() = Some(DiscoverErrorKind::Unsupported);
    let resolver = start(&script).await.unwrap();
    script.set(&["two"]);
    tokio::time::sleep(POLLING.refresh.mul_f64(1.1)).await;
    assert_eq!(ids(&resolver), ["two"]);
    assert_eq!(resolver.counts().revisions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_resolver_asks_no_more() {
    let script = Script::with(&["one"]);
    let weak = {
        let resolver = start(&script).await.unwrap();
        Arc::downgrade(&resolver.state)
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(weak.upgrade().is_none());
}
