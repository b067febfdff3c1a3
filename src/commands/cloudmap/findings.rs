//! What the data say of discovery and zones by themselves.

use super::requests::Requests;
use super::service::Service;
use crate::discovery::Policy;
use crate::document::{Arm, Balance, Finding, Severity};

/// Records in one DNS answer of Cloud Map.
const DNS_RECORDS: u64 = 8;

pub(super) fn of(service: &Service, requests: &[Requests], arms: &[Arm]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !requests.is_empty() && service.zone.is_none() {
        findings.push(no_zone());
    }
    for request in requests {
        let resolver = request.call().balanced.resolver();
        let unusable = resolver.counts().unusable;
        if unusable > 0 {
            findings.push(unusable_instances(unusable));
            break;
        }
    }
    for request in requests {
        let named = arms.iter().find(|arm| arm.name == request.name());
        let balance = named.and_then(|arm| arm.balance.as_ref());
        findings.extend(balance.and_then(|balance| below_chance(request.policy(), balance)));
    }
    let hops = arms
        .iter()
        .filter_map(|arm| hop(arm, arm.balance.as_ref()?));
    findings.extend(hops.take(1));
    let fleet = arms
        .iter()
        .find_map(|arm| arm.balance.as_ref())
        .map(|b| b.fleet);
    let dns = arms.iter().any(|arm| arm.name == "dns");
    findings.extend(
        fleet
            .filter(|fleet| dns && *fleet > DNS_RECORDS)
            .map(hidden),
    );
    findings
}

fn no_zone() -> Finding {
    Finding::new(
        Severity::Warning,
        "own-zone-unknown",
        "nobody knows the caller's zone, so that every policy chooses as if all zones were others",
        "no --az, no answer of ECS task metadata, none of instance metadata",
        "pass --az, or run where metadata can be reached",
    )
}

fn unusable_instances(count: u64) -> Finding {
    Finding::new(
        Severity::Warning,
        "unusable-instances",
        format!("{count} registered instances cannot be called"),
        "they lack an address, or a port that neither they nor the target name",
        "register them with AWS_INSTANCE_IPV4 and AWS_INSTANCE_PORT, or put :PORT at the end of the \
                 target",
    )
}

/// A fixed probability that sends fewer calls to the own zone than chance would.
fn below_chance(policy: Policy, balance: &Balance) -> Option<Finding> {
    let Policy::SameAz(asked) = policy else {
        return None;
    };
    let chance = balance.own_share_by_chance?;
    (asked / 100.0 < chance && chance < 1.0).then(|| {
        Finding::new(
            Severity::Warning,
            "same-az-below-chance",
            format!("{policy} sends fewer calls to the own zone than a choice at random would"),
            format!(
                "{:.0} % of the {} instances are in the own zone",
                chance * 100.0,
                balance.fleet
            ),
            "use prefer-az, or a percentage above the own zone's part of the instances",
        )
    })
}

/// What crossing zones costs, where both kinds of calls were seen.
fn hop(arm: &Arm, balance: &Balance) -> Option<Finding> {
    let own = |own: bool| {
        let zones = balance.zones.iter();
        zones.filter(move |zone| (zone.zone.is_some() && zone.zone == balance.own_zone) == own)
    };
    let near = own(true).next()?.latency.p50_us?;
    let far = own(false).filter_map(|zone| zone.latency.p50_us);
    let far = far.min_by(f64::total_cmp)?;
    let ms = |us: f64| us / 1e3;
    (far > near).then(|| Finding::new(Severity::Info, "cross-zone-hop", format!(
            "a call to another zone takes at least {:.2} ms longer at the median",
            ms(far - near)
        ), format!(
            "{}: {:.2} ms in the own zone, {:.2} ms in the nearest other one",
            arm.name,
            ms(near),
            ms(far)
        ), "prefer-az saves it while the own zone has room; calls between zones cost money as well"))
}

fn hidden(fleet: u64) -> Finding {
    Finding::new(
        Severity::Info,
        "dns-hides-instances",
        format!("DNS shows at most {DNS_RECORDS} of the {fleet} instances in one answer"),
        "Cloud Map answers DNS with up to eight healthy records, chosen at random",
        "resolve through DiscoverInstances where every client should see every instance",
    )
}
