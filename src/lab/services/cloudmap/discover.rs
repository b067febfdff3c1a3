//! `DiscoverInstances`: which instances, and in which order. Pure.

use rand::Rng;
use rand::seq::SliceRandom;
use serde::Deserialize;

use super::registry::{Attributes, Instance, Result, Service, invalid};

/// Instances in an answer when the caller does not say; there are no further pages.
const USUAL_RESULTS: u64 = 100;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum HealthFilter {
    Healthy,
    Unhealthy,
    #[default]
    All,
    /// The healthy ones, or all of them if none is: failing open.
    HealthyOrElseAll,
}

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DiscoverRequest {
    pub(super) namespace_name: String,
    pub(super) service_name: String,
    pub(super) max_results: Option<u64>,
    #[serde(default)]
    query_parameters: Attributes,
    #[serde(default)]
    optional_parameters: Attributes,
    #[serde(default)]
    health_status: HealthFilter,
}

/// An instance with its id.
pub(super) type Match<'a> = (&'a String, &'a Instance);

impl DiscoverRequest {
    /// The instances that match, in random order, no more than asked for.
    ///
    /// All of `QueryParameters` must match. `OptionalParameters` narrow the answer further if that
    /// leaves anything. `HealthStatus` is ignored for a service without a health check (API Reference,
    /// `DiscoverInstances`).
    pub(super) fn find<'a>(
        &self,
        service: &'a Service,
        random: &mut impl Rng,
    ) -> Result<Vec<Match<'a>>> {
        let most = self.max_results.unwrap_or(USUAL_RESULTS);
        if !(1..=1_000).contains(&most) {
            return Err(invalid("MaxResults is from 1 to 1000"));
        }
        let mut found: Vec<Match<'a>> = service
            .instances
            .iter()
            .filter(|(_, instance)| has(instance, &self.query_parameters))
            .collect();
        if service.checks_health() {
            found = by_health(found, self.health_status);
        }
        if !self.optional_parameters.is_empty() {
            let mut narrowed = found.clone();
            narrowed.retain(|(_, instance)| has(instance, &self.optional_parameters));
            if !narrowed.is_empty() {
                found = narrowed;
            }
        }
        found.shuffle(random);
        found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(found)
    }
}

fn has(instance: &Instance, wanted: &Attributes) -> bool {
    let mut wanted = wanted.iter();
    wanted.all(|(name, value)| instance.attributes.get(name) == Some(value))
}

fn by_health(found: Vec<Match<'_>>, filter: HealthFilter) -> Vec<Match<'_>> {
    let (healthy, unhealthy): (Vec<_>, Vec<_>) =
        found.iter().partition(|(_, instance)| instance.healthy);
    match filter {
        HealthFilter::Healthy => healthy,
        HealthFilter::Unhealthy => unhealthy,
        HealthFilter::HealthyOrElseAll if !healthy.is_empty() => healthy,
        HealthFilter::HealthyOrElseAll | HealthFilter::All => found,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use serde_json::json;

    use super::super::registry::ServiceForm;
    use super::*;

    fn service(checked: bool) -> Service {
        let instance = |zone: &str, healthy| Instance {
            attributes: [("AVAILABILITY_ZONE".to_owned(), zone.to_owned())].into(),
            healthy,
        };
        Service {
            form: ServiceForm {
                health_check_custom_config: checked.then(|| json!({"FailureThreshold": 1})),
                ..ServiceForm::default()
            },
            created: UNIX_EPOCH,
            revision: 4,
            instances: [
                ("one".to_owned(), instance("a", true)),
                ("two".to_owned(), instance("b", true)),
                ("three".to_owned(), instance("b", false)),
            ]
            .into(),
        }
    }

    fn found(service: &Service, further: &serde_json::Value) -> Vec<String> {
        let mut asked = json!({"NamespaceName": "n", "ServiceName": "s"});
        let further = further.as_object().unwrap().clone();
        asked.as_object_mut().unwrap().extend(further);
        let request: DiscoverRequest = serde_json::from_value(asked).unwrap();
        let mut random = StdRng::seed_from_u64(1);
        let found = request.find(service, &mut random).unwrap();
        let mut ids: Vec<String> = found.into_iter().map(|(id, _)| id.clone()).collect();
        ids.sort();
        ids
    }

    #[test]
    fn query_parameters_must_match_and_optional_ones_may() {
        let service = service(true);
        let zone = |zone: &str| json!({"AVAILABILITY_ZONE": zone});
        assert_eq!(found(&service, &json!({})), ["one", "three", "two"]);
        assert_eq!(
            found(&service, &json!({"QueryParameters": zone("b")})),
            ["three", "two"]
        );
        assert!(found(&service, &json!({"QueryParameters": zone("z")})).is_empty());
        assert_eq!(
            found(&service, &json!({"OptionalParameters": zone("a")})),
            ["one"]
        );
        assert_eq!(
            found(&service, &json!({"OptionalParameters": zone("z")})).len(),
            3
        );
    }

    #[test]
    fn health_counts_only_where_it_is_checked() {
        let checked = service(true);
        assert_eq!(
            found(&checked, &json!({"HealthStatus": "HEALTHY"})),
            ["one", "two"]
        );
        assert_eq!(
            found(&checked, &json!({"HealthStatus": "UNHEALTHY"})),
            ["three"]
        );
        let zone = json!({"QueryParameters": {"AVAILABILITY_ZONE": "b"}, "HealthStatus": "HEALTHY_OR_ELSE_ALL"});
        assert_eq!(found(&checked, &zone), ["two"]);
        let mut ill = service(true);
        ill.instances.values_mut().for_each(|i| i.healthy = false);
        assert_eq!(
            found(&ill, &json!({"HealthStatus": "HEALTHY_OR_ELSE_ALL"})).len(),
            3
        );
        assert_eq!(
            found(&service(false), &json!({"HealthStatus": "HEALTHY"})).len(),
            3
        );
    }

    #[test]
    fn no_more_than_asked_for_and_every_order_occurs() {
        let service = service(false);
        assert_eq!(found(&service, &json!({"MaxResults": 2})).len(), 2);
        let request: DiscoverRequest =
            serde_json::from_value(json!({"NamespaceName": "n", "ServiceName": "s"})).unwrap();
        let mut random = StdRng::seed_from_u64(1);
        let orders: std::collections::BTreeSet<Vec<&String>> = (0..100)
            .map(|_| {
                let found = request.find(&service, &mut random).unwrap();
                found.into_iter().map(|(id, _)| id).collect()
            })
            .collect();
        assert_eq!(orders.len(), 6);
    }
}
