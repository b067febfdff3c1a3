//! The arms that ask who is there: by the API in full, for its revision, from what a resolver holds, and
//! by DNS.

use std::sync::Arc;

use super::first;
use super::service::Service;
use crate::client::{ArmFacts, error_text, sampled};
use crate::clock;
use crate::discovery::dns::{DnsError, Lookup};
use crate::discovery::{Balanced, CloudMap, Policy};
use crate::measure::load::CallFuture;
use crate::measure::{Call, Outcome, Phase, Sample};
use crate::run::{ArmCall, Failure, Fresh, Session};

/// The arms; DNS is left out where it does not know the service.
pub(super) async fn arms(
    session: &Session,
    service: &Arc<Service>,
) -> Result<Vec<ArmCall>, Failure> {
    let console = session.console;
    let mut arms = vec![
        asking(session, service, "discover", |cloudmap| {
            Box::pin(sampled(Box::pin(cloudmap.ask().send())))
        })
        .await?,
        asking(session, service, "revision", |cloudmap| {
            Box::pin(sampled(Box::pin(cloudmap.ask_revision().send())))
        })
        .await?,
    ];
    let cached = |resolver| Cached(Balanced::new(resolver, Policy::PreferAz, None, 0));
    let facts = Arc::<ArmFacts>::default();
    facts.note_endpoint(|| service.target.to_string());
    arms.push(ArmCall {
        name: "cached".to_owned(),
        call: Arc::new(cached(service.resolver(session, 0).await?)),
        facts,
        first: first::resolved(session, service, 0, move |resolver| {
            Box::pin(async move { cached(resolver).call().await })
        }),
    });
    let Some(lookup) = lookup(session, service) else {
        console.note("no name server is configured: the arm `dns` is left out");
        return Ok(arms);
    };
    if let Err(DnsError::Refused { .. }) = lookup.addresses().await {
        console.note(&format!(
            "DNS does not know {}: the arm `dns` is left out (HTTP namespaces are not in DNS)",
            lookup.name
        ));
    } else {
        let facts = Arc::<ArmFacts>::default();
        facts.note_endpoint(|| format!("dns://{}/{}", lookup.server, lookup.name));
        facts.note_remote(lookup.server);
        let call: Arc<dyn Call> = Arc::new(Dns(lookup));
        let first = Fresh {
            // Nothing is kept from one question to the next.
            call: Arc::clone(&call),
            facts: Arc::default(),
        };
        arms.push(ArmCall {
            name: "dns".to_owned(),
            call,
            facts,
            first,
        });
    }
    Ok(arms)
}

/// An arm that asks Cloud Map itself.
async fn asking(
    session: &Session,
    service: &Arc<Service>,
    name: &str,
    ask: fn(&CloudMap) -> CallFuture<'static>,
) -> Result<ArmCall, Failure> {
    let (setup, service) = (Arc::clone(&session.setup), Arc::clone(service));
    let make = move |facts| {
        let (setup, service) = (Arc::clone(&setup), Arc::clone(&service));
        async move {
            let cloudmap = service.cloudmap(&setup, &facts).await?;
            Ok(move || ask(&cloudmap))
        }
    };
    Ok(ArmCall::made(name, make).await?)
}

fn lookup(session: &Session, service: &Service) -> Option<Lookup> {
    let own = session.lab().map(crate::lab::Lab::dns_address);
    let named = service.args.name_server;
    let server = named.or(own).or_else(Lookup::system_server)?;
    Some(Lookup {
        server,
        name: service.target.host(),
        within: service.timeout(),
    })
}

/// The answer that a resolver holds, and one pick from it.
struct Cached(Balanced);

impl Call for Cached {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async {
            let start = clock::now();
            let picked = self.0.pick(&self.0.resolver().fleet());
            let sample = Sample::of_phase(Phase::Endpoint, clock::since(start));
            match picked {
                Some(_) => sample,
                None => sample.failed(Outcome::Other, "the service has no instances".to_owned()),
            }
        })
    }
}

struct Dns(Lookup);

impl Call for Dns {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async {
            let start = clock::now();
            let answer = self.0.addresses().await;
            let sample = Sample::of_phase(Phase::Transmit, clock::since(start));
            let Err(error) = answer else {
                return sample;
            };
            let outcome = match error {
                DnsError::Silent { .. } => Outcome::Timeout,
                DnsError::Io { .. } => Outcome::Connect,
                DnsError::Name(_)
                | DnsError::Refused { .. }
                | DnsError::NoAddress(_)
                | DnsError::CutOff(_) => Outcome::Other,
            };
            sample.failed(outcome, error_text(&error))
        })
    }
}
