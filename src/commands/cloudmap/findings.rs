//! What the data say of discovery and zones by themselves.

use std::sync::Arc;

use super::requests::BalancedCalls;
use super::service::Service;
use crate::discovery::Policy;
use crate::document::{Arm, Balance, Finding};
use crate::figures::{percent, time};

/// Records in one DNS answer of Cloud Map.
const DNS_RECORDS: u64 = 8;

pub(super) fn of(service: &Service, calls: &[Arc<BalancedCalls>], arms: &[Arm]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !calls.is_empty() && service.zone.is_none() {
        findings.push(Finding::warning(
            "own-zone-unknown",
            "nobody knows the caller's zone, so that every policy chooses as if all zones were others",
            "no --az, no answer of ECS task metadata, none of instance metadata",
            "pass --az, or run where metadata can be reached",
        ));
    }
    let resolvers = calls.iter().map(|calls| calls.balanced.resolver());
    let mut unusable = resolvers.map(|resolver| resolver.counts().unusable);
    if let Some(count) = unusable.find(|count| *count > 0) {
        findings.push(Finding::warning(
            "unusable-instances",
            format!("{count} registered instances cannot be called"),
            "they lack an address, or a port that neither they nor the target name",
            "register them with AWS_INSTANCE_IPV4 and AWS_INSTANCE_PORT, or put :PORT at the end of the target",
        ));
    }
    let balanced: Vec<(&Arm, &Balance)> = arms
        .iter()
        .filter_map(|arm| Some((arm, arm.balance.as_ref()?)))
        .collect();
    for calls in calls {
        let mut balanced = balanced.iter();
        let balance = balanced.find(|(arm, _)| arm.name == calls.name());
        findings
            .extend(balance.and_then(|(_, balance)| below_chance(calls.balanced.policy, balance)));
    }
    findings.extend(balanced.iter().find_map(|(arm, balance)| hop(arm, balance)));
    if let Some((_, Balance { fleet, .. })) = balanced.first()
        && *fleet > DNS_RECORDS
        && arms.iter().any(|arm| arm.name == "dns")
    {
        findings.push(Finding::info(
            "dns-hides-instances",
            format!("DNS shows at most {DNS_RECORDS} of the {fleet} instances in one answer"),
            "Cloud Map answers DNS with up to eight healthy records, chosen at random",
            "resolve through DiscoverInstances where every client should see every instance",
        ));
    }
    findings
}

/// A fixed probability that sends fewer calls to the own zone than chance would.
fn below_chance(policy: Policy, balance: &Balance) -> Option<Finding> {
    let Policy::SameAz(asked) = policy else {
        return None;
    };
    let chance = balance.own_share_by_chance?;
    let (share, fleet) = (percent(chance), balance.fleet);
    (asked / 100.0 < chance && chance < 1.0).then(|| {
        Finding::warning(
            "same-az-below-chance",
            format!("{policy} sends fewer calls to the own zone than a choice at random would"),
            format!("{share} of the {fleet} instances are in the own zone"),
            "use prefer-az, or a percentage above the own zone's part of the instances",
        )
    })
}

/// A longer way than this, and than this share of the shorter one, is worth a word.
const NOTICEABLE_US: f64 = 20.0;
const NOTICEABLE_SHARE: f64 = 0.05;

/// What crossing zones costs, where both kinds of calls were seen.
fn hop(arm: &Arm, balance: &Balance) -> Option<Finding> {
    let median_us = |own: bool| {
        let zones = balance.zones.iter();
        let zones =
            zones.filter(move |zone| (zone.zone.is_some() && zone.zone == balance.own_zone) == own);
        zones.filter_map(|zone| zone.latency.p50_us)
    };
    let near = median_us(true).next()?;
    let far = median_us(false).min_by(f64::total_cmp)?;
    if far - near < NOTICEABLE_US.max(near * NOTICEABLE_SHARE) {
        return None;
    }
    let [longer, near, far] = [far - near, near, far].map(time);
    let name = &arm.name;
    Some(Finding::info(
        "cross-zone-hop",
        format!("a call to another zone takes at least {longer} longer at the median"),
        format!("{name}: {near} in the own zone, {far} in the nearest other one"),
        "prefer-az saves it while the own zone has room; calls between zones cost money as well",
    ))
}
