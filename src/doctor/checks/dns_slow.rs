//! Name lookups are slow.

use std::time::Duration;

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "dns-slow",
    level: Level::Warning,
    title: "name lookups are slow",
    explanation: "Each new connection begins with a lookup. Where the first name server does not answer, resolvers try the next one after seconds; in Kubernetes a search list multiplies lookups; on EC2 they share 1,024 packets per second with metadata.",
    consequence: "New connections take that much longer, and credential fetches that need one may hit their time limit.",
    remedy: "mend or remove the name server that does not answer (/etc/resolv.conf), use a cache on the node (NodeLocal DNSCache, systemd-resolved, nscd), set ndots:1 in the pod's dnsConfig, keep connections open",
    reference: "https://github.com/aws/karpenter-provider-aws/issues/6550",
    provoked_by: "a name server that answers after 400 ms",
    last_resort: false,
    look,
};

const SLOW: Duration = Duration::from_millis(200);

fn look(seen: &Examination) -> Option<Sighting> {
    let lookup = seen.lookup.as_ref()?;
    let slowest = lookup.first.max(lookup.second.unwrap_or_default());
    if slowest < SLOW || seen.loaded().next().is_none() && lookup.failed.is_some() {
        return None;
    }
    let second = lookup.second.map_or(String::new(), |second| {
        format!(", the same again {}", shown(second))
    });
    let failed = lookup
        .failed
        .as_ref()
        .map_or(String::new(), |why| format!(", and failed: {why}"));
    let evidence = format!("{}: {}{second}{failed}", lookup.host, shown(lookup.first));
    let summary = format!("looking up {} takes {}", lookup.host, shown(slowest));
    Some(Sighting::new(Level::Warning, summary, evidence))
}
