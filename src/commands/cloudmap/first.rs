//! First calls of what resolves before it calls: a client of its own, its first answer, and then the call.

use std::sync::Arc;
use std::time::Duration;

use super::service::Service;
use crate::client::{ArmFacts, Setup, error_text, observe, timeline};
use crate::clock;
use crate::discovery::{CloudMap, DiscoverErrorKind, Resolver};
use crate::measure::load::CallFuture;
use crate::measure::{Call, Outcome, Sample};
use crate::run::{Fresh, Session};

/// What is done with a resolver that has its first answer.
type Then = dyn Fn(Arc<Resolver>) -> CallFuture<'static> + Send + Sync;

/// Calls that begin with resolving the service, each by a resolver of its own.
pub(super) fn resolved(
    session: &Session,
    service: &Arc<Service>,
    seed: u64,
    then: impl Fn(Arc<Resolver>) -> CallFuture<'static> + Send + Sync + 'static,
) -> Fresh {
    let facts = Arc::<ArmFacts>::default();
    let call = Arc::new(Resolving {
        setup: Arc::clone(&session.setup),
        service: Arc::clone(service),
        facts: Arc::clone(&facts),
        seed,
        then: Box::new(then),
    });
    Fresh { call, facts }
}

struct Resolving {
    setup: Arc<Setup>,
    service: Arc<Service>,
    facts: Arc<ArmFacts>,
    seed: u64,
    then: Box<Then>,
}

impl Call for Resolving {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async {
            let begun = clock::now();
            let cloudmap = match self.service.cloudmap(&self.setup, &self.facts).await {
                Ok(cloudmap) => cloudmap,
                Err(error) => {
                    let failed = timeline::never_sent(error_text(&error));
                    return failed.after_preparing(clock::since(begun));
                }
            };
            let (resolver, mut resolving) = self.resolve(cloudmap).await;
            resolving.total = clock::since(begun);
            match resolver {
                Some(resolver) => (self.then)(resolver).await.following(&resolving),
                None => resolving,
            }
        })
    }
}

impl Resolving {
    /// A resolver, and what was seen of its first question. Whoever answers nothing is not asked again.
    async fn resolve(&self, cloudmap: CloudMap) -> (Option<Arc<Resolver>>, Sample) {
        let service = &self.service;
        let starting = service.resolved(Arc::new(cloudmap), self.seed, Duration::ZERO);
        let (started, timeline) = observe(Box::pin(starting)).await;
        match started {
            Ok(resolver) => (Some(resolver), timeline.sample(Outcome::Ok, None)),
            Err(error) => {
                let outcome = match error.kind {
                    DiscoverErrorKind::Throttled => Outcome::Throttled,
                    DiscoverErrorKind::Denied => Outcome::Denied,
                    DiscoverErrorKind::Unsupported | DiscoverErrorKind::Failed => Outcome::Other,
                };
                (None, timeline.sample(outcome, Some(error.message)))
            }
        }
    }
}
