//! Hours in virtual time: answers, refusals and outages as a script.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::discovery::instance::Instance;
use crate::discovery::polling::POLLING;
use crate::discovery::source::{DiscoverFuture, Found};

/// A source whose answers a test changes under way.
#[derive(Debug, Default)]
struct Script {
    found: Mutex<Found>,
    error: Mutex<Option<DiscoverErrorKind>>,
    revisions: Mutex<Option<DiscoverErrorKind>>,
    asked: AtomicU64,
}

fn instances(ids: &[&str]) -> Vec<Instance> {
    ids.iter().map(|id| Instance::named(id)).collect()
}

impl Script {
    fn with(ids: &[&str]) -> Arc<Self> {
        let script = Arc::new(Self::default());
        script.set(ids);
        script
    }

    fn set(&self, ids: &[&str]) {
        let mut found = self.found.lock().unwrap();
        found.instances = instances(ids);
        found.revision = Some(found.revision.unwrap_or_default() + 1);
    }

    fn refuse(&self, kind: Option<DiscoverErrorKind>) {
        *self.error.lock().unwrap() = kind;
    }
}

fn refused(kind: &Mutex<Option<DiscoverErrorKind>>) -> Result<(), DiscoverError> {
    let message = "as the script says".to_owned();
    let kind = *kind.lock().unwrap();
    kind.map_or(Ok(()), |kind| Err(DiscoverError { kind, message }))
}

impl Discover for Script {
    fn discover(&self) -> DiscoverFuture<'_, Found> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async {
            refused(&self.error)?;
            Ok(self.found.lock().unwrap().clone())
        })
    }

    fn revision(&self) -> DiscoverFuture<'_, i64> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async {
            refused(&self.error)?;
            refused(&self.revisions)?;
            Ok(self.found.lock().unwrap().revision.unwrap())
        })
    }
}

async fn start(script: &Arc<Script>) -> Result<Arc<Resolver>, DiscoverError> {
    let source = Arc::clone(script) as Arc<dyn Discover>;
    Resolver::start(source, None, POLLING, 1, Duration::from_secs(2)).await
}

fn ids(resolver: &Resolver) -> Vec<String> {
    let fleet = resolver.fleet();
    let members = fleet.members().iter();
    members.map(|member| member.instance.id.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_with_its_first_answer_and_not_before() {
    let script = Script::with(&["one"]);
    script.refuse(Some(DiscoverErrorKind::Throttled));
    let late = Arc::clone(&script);
    tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
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
    let refused_after = async |kind| {
        script.refuse(Some(kind));
        let began = Instant::now();
        assert_eq!(start(&script).await.unwrap_err().kind, kind);
        began.elapsed()
    };
    let failed = refused_after(DiscoverErrorKind::Failed).await;
    assert!(failed >= Duration::from_secs(2));
    let denied = refused_after(DiscoverErrorKind::Denied).await;
    assert_eq!(denied, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_is_seen_within_the_poll_interval() {
    let script = Script::with(&["one"]);
    let resolver = start(&script).await.unwrap();
    for ids_now in [&["one", "two"][..], &["two"], &[], &["three"]] {
        script.set(ids_now);
        sleep(POLLING.revision.mul_f64(1.1)).await;
        assert_eq!(ids(&resolver), ids_now);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_health_is_seen_within_the_full_refresh() {
    let script = Script::with(&["one", "two"]);
    let resolver = start(&script).await.unwrap();
    script.found.lock().unwrap().instances = instances(&["one"]);
    sleep(POLLING.refresh.mul_f64(1.1)).await;
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
            sleep(Duration::from_secs(1)).await;
            assert_eq!(ids(&resolver), ["one"]);
        }
        let counts = resolver.counts();
        let refused = counts.failed + counts.throttled;
        assert!((2..=6).contains(&refused), "it backs off: {refused}");
        script.refuse(None);
        sleep(POLLING.refresh.mul_f64(1.1)).await;
        assert_eq!(ids(&resolver), ["two"]);
    }
}

#[tokio::test(start_paused = true)]
async fn where_there_are_no_revisions_full_answers_do() {
    let script = Script::with(&["one"]);
    *script.revisions.lock().unwrap() = Some(DiscoverErrorKind::Unsupported);
    let resolver = start(&script).await.unwrap();
    script.set(&["two"]);
    sleep(POLLING.refresh.mul_f64(1.1)).await;
    assert_eq!(ids(&resolver), ["two"]);
    assert_eq!(resolver.counts().revisions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_resolver_asks_no_more() {
    let script = Script::with(&["one"]);
    let asked = || script.asked.load(Ordering::Relaxed);
    let resolver = start(&script).await.unwrap();
    sleep(Duration::from_mins(10)).await;
    assert!(asked() > 1);
    drop(resolver);
    let before = asked();
    sleep(Duration::from_hours(1)).await;
    assert_eq!(asked(), before);
}
