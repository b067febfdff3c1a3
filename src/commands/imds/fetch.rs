//! A cold fetch: credentials as a fresh process gets them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;

use super::usable::Usable;
use crate::client::{ArmFacts, Setup, error_text, fetch, timeline};
use crate::clock;
use crate::credentials::{MetadataProfile, Source, metadata_endpoint};
use crate::document::{Arm, Connections};
use crate::figures;
use crate::measure::load::CallFuture;
use crate::measure::{Call, Phase, Tally};
use crate::run::{self, ArmCall, Fresh};

/// Between steps on a real node: longer than the second over which packets are counted.
pub(super) const PAUSE: Duration = Duration::from_millis(1100);

/// An arm of fetches, each of which is given up after `limit`.
pub(super) fn arm(name: impl Into<String>, setup: &Arc<Setup>, limit: Duration) -> ArmCall {
    let [(call, facts), (first, first_facts)] = [(); 2].map(|()| {
        let facts = Arc::<ArmFacts>::default();
        let call = ColdFetch {
            setup: Arc::clone(setup),
            facts: Arc::clone(&facts),
            limit,
        };
        (Arc::new(call), facts)
    });
    ArmCall {
        name: name.into(),
        call,
        facts,
        first: Fresh {
            call: first,
            facts: first_facts,
        },
    }
}

pub(super) fn name(workers: usize) -> String {
    figures::counted(workers as u64, "worker")
}

/// A fetch as a fresh process makes it: a new provider on new connections.
struct ColdFetch {
    setup: Arc<Setup>,
    facts: Arc<ArmFacts>,
    limit: Duration,
}

impl Call for ColdFetch {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async move {
            let begun = clock::now();
            let provider = self.setup.provider(&self.facts).await;
            let making = clock::since(begun);
            let mut sample = match provider {
                Ok(provider) => {
                    let provider = SharedCredentialsProvider::new(Usable(provider));
                    fetch(&provider, self.limit).await
                }
                Err(error) => timeline::never_sent(error_text(&error)),
            };
            sample.phases[Phase::Identity] += making;
            sample.after_preparing(making)
        })
    }
}

/// An arm of fetches: its connections are those to the source.
pub(super) fn documented(name: &str, tally: &Tally, facts: &ArmFacts, setup: &Setup) -> Arm {
    // What a profile says of it is among the variables by now.
    let endpoint = || metadata_endpoint(&setup.named.variables, MetadataProfile::default());
    let exchanges = facts.exchanges.snapshot();
    let remotes = exchanges.values().flat_map(|stats| &stats.remotes);
    let remotes: BTreeSet<_> = remotes.collect();
    Arm {
        connections: Connections {
            fresh: exchanges.values().map(|stats| stats.fresh).sum(),
            reused: exchanges.values().map(|stats| stats.reused).sum(),
        },
        remote_addresses: remotes.into_iter().map(ToString::to_string).collect(),
        endpoint: (setup.named.source == Source::Imds).then(endpoint),
        ..run::arm(name, tally, facts)
    }
}
