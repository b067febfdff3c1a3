//! The arms that ask who is there: by the API in full, for its revision, from what a resolver holds, and
//! by DNS.

use std::sync::Arc;

use super::service::Service;
use crate::client::{ArmFacts, error_text, sampled};
use crate::clock;
use crate::discovery::dns::{DnsError, Lookup};
use crate::discovery::{Balanced, Policy};
use crate::measure::load::CallFuture;
use crate::measure::{Call, Outcome, Phase, Sample};
use crate::run::{ArmCall, Failure, Session};

/// The arms; DNS is left out where it does not know the service.
pub(super) async fn arms(
    session: &Session,
    service: &Arc<Service>,
) -> Result<Vec<ArmCall>, Failure> {
    let console = session.console;
    let facts = Arc::<ArmFacts>::default();
    let cloudmap = service.cloudmap(session, &facts).await?;
    let discover =
        move || -> CallFuture<'static> { Box::pin(sampled(Box::pin(cloudmap.ask().send()))) };
    let mut arms = vec![ArmCall::new("discover", discover, facts)];
    let facts = Arc::<ArmFacts>::default();
    let cloudmap = service.cloudmap(session, &facts).await?;
    let revision = move || -> CallFuture<'static> {
        Box::pin(sampled(Box::pin(cloudmap.ask_revision().send())))
    };
    arms.push(ArmCall::new("revision", revision, facts));
    let resolver = service.resolver(session, 0).await?;
    let cached = Cached(Balanced::new(resolver, Policy::PreferAz, None, 0));
    let facts = Arc::<ArmFacts>::default();
    facts.note_endpoint(|| service.target.to_string());
    arms.push(ArmCall::new("cached", cached, facts));
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
        arms.push(ArmCall::new("dns", Dns(lookup), facts));
    }
    Ok(arms)
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
