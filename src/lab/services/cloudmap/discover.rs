//! Which of all that is registered an answer holds: the instances that `DiscoverInstances` finds, and pages
//! of lists. Pure.

use rand::Rng;
use rand::seq::SliceRandom;
use serde::Deserialize;
use serde_json::{Value, json};

use super::registry::{Attributes, Instance, Registry, Result, Service, invalid};

/// Instances in an answer when the caller does not say; there are no further pages.
const USUAL_RESULTS: u64 = 100;
/// Things in one page of a list, at most and when the caller does not say.
const PAGE: usize = 100;

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
            let optional = |(_, instance): &Match<'_>| has(instance, &self.optional_parameters);
            if found.iter().any(optional) {
                found.retain(optional);
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

/// What is listed: instances, services or namespaces, a page of them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    service_id: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
    #[serde(default)]
    pub(super) instances: Vec<String>,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    name: String,
    values: Vec<String>,
}

impl Filter {
    /// Whether it lets a described namespace or service pass. One that the lab does not know lets
    /// nothing pass, so that nobody takes an unfiltered list for a filtered one.
    fn passes(&self, described: &Value) -> bool {
        let field = match self.name.as_str() {
            "NAMESPACE_ID" => "NamespaceId",
            "NAME" | "HTTP_NAME" => "Name",
            "TYPE" => "Type",
            _ => return false,
        };
        self.values.iter().any(|value| described[field] == *value)
    }
}

impl List {
    /// The service whose instances are listed.
    pub(super) fn service<'a>(&self, registry: &'a Registry) -> Result<&'a Service> {
        registry.service(self.service_id.as_deref().unwrap_or_default())
    }

    /// A page of `all`, which come in the order of their ids: the token is the last id of the page.
    pub(super) fn page(&self, name: &str, all: impl Iterator<Item = Value>) -> Value {
        let after = self.next_token.as_deref().unwrap_or_default();
        let mut rest = all
            .filter(|value| value["Id"].as_str() > Some(after))
            .filter(|value| self.filters.iter().all(|filter| filter.passes(value)))
            .peekable();
        let most = self.max_results.unwrap_or(PAGE).clamp(1, PAGE);
        let page: Vec<_> = rest.by_ref().take(most).collect();
        match (page.last(), rest.peek()) {
            (Some(last), Some(_)) => json!({name: page, "NextToken": last["Id"]}),
            _ => json!({name: page}),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::UNIX_EPOCH;

    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::super::registry::ServiceForm;
    use super::*;

    fn service(checked: bool) -> Service {
        let instance = |id: &str, zone: &str, healthy| {
            let instance = Instance {
                attributes: [("AVAILABILITY_ZONE".to_owned(), zone.to_owned())].into(),
                healthy,
            };
            (id.to_owned(), instance)
        };
        Service {
            form: ServiceForm {
                health_check_custom_config: checked.then(|| json!({"FailureThreshold": 1})),
                ..ServiceForm::default()
            },
            created: UNIX_EPOCH,
            revision: 4,
            instances: [
                instance("one", "a", true),
                instance("two", "b", true),
                instance("three", "b", false),
            ]
            .into(),
        }
    }

    fn request(further: &Value) -> DiscoverRequest {
        let mut asked = further.clone();
        asked["NamespaceName"] = json!("n");
        asked["ServiceName"] = json!("s");
        serde_json::from_value(asked).unwrap()
    }

    fn found(service: &Service, further: &Value) -> Vec<String> {
        let mut random = StdRng::seed_from_u64(1);
        let found = request(further).find(service, &mut random).unwrap();
        let mut ids: Vec<String> = found.into_iter().map(|(id, _)| id.clone()).collect();
        ids.sort();
        ids
    }

    const ALL: &[&str] = &["one", "three", "two"];

    #[test]
    fn query_parameters_must_match_and_optional_ones_may() {
        let service = service(true);
        for (parameters, zone, expected) in [
            ("QueryParameters", "b", &["three", "two"][..]),
            ("QueryParameters", "z", &[]),
            ("OptionalParameters", "a", &["one"]),
            ("OptionalParameters", "z", ALL),
        ] {
            let asked = json!({parameters: {"AVAILABILITY_ZONE": zone}});
            assert_eq!(found(&service, &asked), expected, "{asked}");
        }
        assert_eq!(found(&service, &json!({})), ALL);
    }

    #[test]
    fn health_counts_only_where_it_is_checked() {
        let (checked, mut ill) = (service(true), service(true));
        ill.instances.values_mut().for_each(|i| i.healthy = false);
        let asked = |status: &str| json!({"HealthStatus": status});
        assert_eq!(found(&checked, &asked("HEALTHY")), ["one", "two"]);
        assert_eq!(found(&checked, &asked("UNHEALTHY")), ["three"]);
        let mut in_zone = asked("HEALTHY_OR_ELSE_ALL");
        assert_eq!(found(&ill, &in_zone), ALL);
        in_zone["QueryParameters"] = json!({"AVAILABILITY_ZONE": "b"});
        assert_eq!(found(&checked, &in_zone), ["two"]);
        assert_eq!(found(&service(false), &asked("HEALTHY")), ALL);
    }

    #[test]
    fn no_more_than_asked_for_and_every_order_occurs() {
        let service = service(false);
        assert_eq!(found(&service, &json!({"MaxResults": 2})).len(), 2);
        let request = request(&json!({}));
        let mut random = StdRng::seed_from_u64(1);
        let mut order = || -> Vec<&String> {
            let found = request.find(&service, &mut random).unwrap();
            found.into_iter().map(|(id, _)| id).collect()
        };
        let orders: BTreeSet<_> = (0..100).map(|_| order()).collect();
        assert_eq!(orders.len(), 6);
    }
}
