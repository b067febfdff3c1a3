//! The operations of Cloud Map: each by its name, from a request's JSON to the response's.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::discover::{DiscoverRequest, Match};
use super::registry::{
    Attributes, Instance, Namespace, NamespaceKind, Operation, Registry, Result, Service, absent,
    invalid,
};
use crate::lab::issuer::ACCOUNT;

/// Things in one page of a list when the caller does not say.
const PAGE: usize = 100;

/// What an operation is given.
pub(super) struct Call<'a> {
    pub(super) registry: &'a mut Registry,
    /// JSON; nothing at all is `{}`.
    pub(super) body: &'a [u8],
    pub(super) region: &'a str,
    pub(super) now: SystemTime,
}

type Run = fn(&mut Call<'_>) -> Result<Value>;

/// Each operation under the name that it is counted by: its API name after the service's.
const OPERATIONS: [(&str, Run); 18] = [
    ("cloudmap:CreateHttpNamespace", |call| {
        call.create_namespace(NamespaceKind::Http)
    }),
    ("cloudmap:CreatePrivateDnsNamespace", |call| {
        call.create_namespace(NamespaceKind::DnsPrivate)
    }),
    ("cloudmap:CreateService", create_service),
    ("cloudmap:DeleteNamespace", delete_namespace),
    ("cloudmap:DeleteService", delete_service),
    ("cloudmap:DeregisterInstance", deregister_instance),
    ("cloudmap:DiscoverInstances", discover_instances),
    ("cloudmap:DiscoverInstancesRevision", discover_revision),
    ("cloudmap:GetInstance", instance),
    ("cloudmap:GetInstancesHealthStatus", health_status),
    ("cloudmap:GetNamespace", namespace),
    ("cloudmap:GetOperation", operation),
    ("cloudmap:GetService", service),
    ("cloudmap:ListInstances", list_instances),
    ("cloudmap:ListNamespaces", list_namespaces),
    ("cloudmap:ListServices", list_services),
    ("cloudmap:RegisterInstance", register_instance),
    ("cloudmap:UpdateInstanceCustomHealthStatus", update_health),
];

/// The operation of this API name.
pub(super) fn find(name: &str) -> Option<(&'static str, Run)> {
    let named = |counted: &str| counted.strip_prefix("cloudmap:") == Some(name);
    OPERATIONS.into_iter().find(|(counted, _)| named(counted))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamespaceForm {
    name: String,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ById {
    #[serde(alias = "OperationId")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfInstance {
    service_id: String,
    instance_id: String,
    #[serde(default)]
    attributes: Attributes,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    service_id: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
    #[serde(default)]
    instances: Vec<String>,
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
        let has = described[field].as_str();
        self.values.iter().any(|value| Some(value.as_str()) == has)
    }
}

impl List {
    /// The service whose instances are listed.
    fn service<'a>(&self, registry: &'a Registry) -> Result<&'a Service> {
        registry.service(self.service_id.as_deref().unwrap_or_default())
    }

    /// A page of `all`, which come in the order of their ids: the token is the last id of the page.
    fn page<'a>(&self, name: &str, all: impl Iterator<Item = (&'a String, Value)>) -> Value {
        let after = self.next_token.as_deref().unwrap_or_default();
        let passes = |value: &Value| self.filters.iter().all(|filter| filter.passes(value));
        let mut rest = all
            .filter(|(id, value)| id.as_str() > after && passes(value))
            .peekable();
        let most = self.max_results.unwrap_or(PAGE).clamp(1, PAGE);
        let (ids, values): (Vec<_>, Vec<_>) = rest.by_ref().take(most).unzip();
        let mut page = json!({name: values});
        if let (Some(last), Some(_)) = (ids.last(), rest.peek()) {
            page["NextToken"] = json!(last);
        }
        page
    }
}

impl Call<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let body = if self.body.is_empty() {
            b"{}"
        } else {
            self.body
        };
        serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))
    }

    fn id(&self) -> Result<String> {
        Ok(self.read::<ById>()?.id)
    }

    /// The answer to what takes its time in the real service: the id of an operation, which is done.
    fn done(&mut self, verb: &'static str, what: &'static str, target_id: String) -> Result<Value> {
        let id = self.registry.done(Operation {
            kind: (verb, what),
            target_id,
            created: self.now,
        });
        Ok(json!({"OperationId": id}))
    }

    fn create_namespace(&mut self, kind: NamespaceKind) -> Result<Value> {
        let NamespaceForm { name, description } = self.read()?;
        let id = self.registry.create_namespace(Namespace {
            name,
            kind,
            description,
            created: self.now,
        })?;
        self.done("CREATE", "NAMESPACE", id)
    }

    fn describe_namespace(&self, id: &str, namespace: &Namespace) -> Value {
        let (kind, dns) = match namespace.kind {
            NamespaceKind::Http => ("HTTP", json!({})),
            NamespaceKind::DnsPrivate => ("DNS_PRIVATE", json!({"HostedZoneId": "Z0LAB"})),
        };
        without_nulls(json!({
            "Id": id,
            "Arn": self.arn("namespace", id),
            "Name": namespace.name,
            "Type": kind,
            "Description": namespace.description,
            "Properties": {"DnsProperties": dns, "HttpProperties": {"HttpName": namespace.name}},
            "CreateDate": seconds(namespace.created),
        }))
    }

    fn described_service(&self, id: &str) -> Result<Value> {
        let service = self.registry.service(id)?;
        Ok(json!({"Service": self.describe_service(id, service)}))
    }

    fn describe_service(&self, id: &str, service: &Service) -> Value {
        let form = &service.form;
        without_nulls(json!({
            "Id": id,
            "Arn": self.arn("service", id),
            "Name": form.name,
            "NamespaceId": form.namespace_id,
            "Description": form.description,
            "InstanceCount": service.instances.len(),
            "Type": if form.dns_config.is_some() { "DNS_HTTP" } else { "HTTP" },
            "DnsConfig": form.dns_config,
            "HealthCheckConfig": form.health_check_config,
            "HealthCheckCustomConfig": form.health_check_custom_config,
            "CreateDate": seconds(service.created),
        }))
    }

    fn arn(&self, what: &str, id: &str) -> String {
        format!(
            "arn:aws:servicediscovery:{}:{ACCOUNT}:{what}/{id}",
            self.region
        )
    }
}

fn create_service(call: &mut Call<'_>) -> Result<Value> {
    let id = call.registry.create_service(call.read()?, call.now)?;
    call.described_service(&id)
}

fn delete_namespace(call: &mut Call<'_>) -> Result<Value> {
    let id = call.id()?;
    call.registry.delete_namespace(&id)?;
    call.done("DELETE", "NAMESPACE", id)
}

fn delete_service(call: &mut Call<'_>) -> Result<Value> {
    call.registry.delete_service(&call.id()?)?;
    Ok(json!({}))
}

fn register_instance(call: &mut Call<'_>) -> Result<Value> {
    let asked: OfInstance = call.read()?;
    let (service, id) = (&asked.service_id, asked.instance_id);
    call.registry.register(service, &id, asked.attributes)?;
    call.done("REGISTER", "INSTANCE", id)
}

fn deregister_instance(call: &mut Call<'_>) -> Result<Value> {
    let asked: OfInstance = call.read()?;
    let (service, id) = (&asked.service_id, asked.instance_id);
    call.registry.deregister(service, &id)?;
    call.done("DEREGISTER", "INSTANCE", id)
}

fn update_health(call: &mut Call<'_>) -> Result<Value> {
    let asked: OfInstance = call.read()?;
    let healthy = match asked.status.as_deref() {
        Some("HEALTHY") => true,
        Some("UNHEALTHY") => false,
        _ => return Err(invalid("Status is HEALTHY or UNHEALTHY")),
    };
    let (service, id) = (&asked.service_id, &asked.instance_id);
    call.registry.set_health(service, id, healthy)?;
    Ok(json!({}))
}

fn discover_revision(call: &mut Call<'_>) -> Result<Value> {
    let asked: DiscoverRequest = call.read()?;
    let (namespace, service) = (&asked.namespace_name, &asked.service_name);
    let service = call.registry.named(namespace, service)?;
    Ok(json!({"InstancesRevision": service.revision}))
}

fn discover_instances(call: &mut Call<'_>) -> Result<Value> {
    let asked: DiscoverRequest = call.read()?;
    call.registry.choose(|registry, random| {
        let service = registry.named(&asked.namespace_name, &asked.service_name)?;
        let checked = service.checks_health();
        let summary = |(id, instance): Match<'_>| {
            json!({
                "InstanceId": id,
                "NamespaceName": asked.namespace_name,
                "ServiceName": asked.service_name,
                "HealthStatus": if checked { health(instance) } else { "UNKNOWN" },
                "Attributes": instance.attributes,
            })
        };
        let found = asked.find(service, random)?.into_iter();
        let instances: Vec<Value> = found.map(summary).collect();
        Ok(json!({"Instances": instances, "InstancesRevision": service.revision}))
    })
}

fn instance(call: &mut Call<'_>) -> Result<Value> {
    let asked: OfInstance = call.read()?;
    let (service, id) = (
        call.registry.service(&asked.service_id)?,
        &asked.instance_id,
    );
    let instance = service.instances.get(id);
    let instance = instance.ok_or_else(|| absent("InstanceNotFound", id))?;
    Ok(json!({"Instance": {"Id": id, "Attributes": instance.attributes}}))
}

fn namespace(call: &mut Call<'_>) -> Result<Value> {
    let id = call.id()?;
    let namespace = call.registry.namespace(&id)?;
    Ok(json!({"Namespace": call.describe_namespace(&id, namespace)}))
}

fn service(call: &mut Call<'_>) -> Result<Value> {
    call.described_service(&call.id()?)
}

fn operation(call: &mut Call<'_>) -> Result<Value> {
    let id = call.id()?;
    let known = call.registry.operations.get(&id);
    let known = known.ok_or_else(|| absent("OperationNotFound", &id))?;
    let (verb, what) = known.kind;
    Ok(json!({"Operation": {
        "Id": id,
        "Type": format!("{verb}_{what}"),
        "Status": "SUCCESS",
        "CreateDate": seconds(known.created),
        "UpdateDate": seconds(known.created),
        "Targets": {what: known.target_id},
    }}))
}

fn list_namespaces(call: &mut Call<'_>) -> Result<Value> {
    let all = call.registry.namespaces.iter();
    let all = all.map(|(id, namespace)| (id, call.describe_namespace(id, namespace)));
    Ok(call.read::<List>()?.page("Namespaces", all))
}

fn list_services(call: &mut Call<'_>) -> Result<Value> {
    let all = call.registry.services.iter();
    let all = all.map(|(id, service)| (id, call.describe_service(id, service)));
    Ok(call.read::<List>()?.page("Services", all))
}

fn list_instances(call: &mut Call<'_>) -> Result<Value> {
    let list: List = call.read()?;
    let all = list.service(call.registry)?.instances.iter();
    let all = all.map(|(id, i)| (id, json!({"Id": id, "Attributes": i.attributes})));
    Ok(list.page("Instances", all))
}

fn health_status(call: &mut Call<'_>) -> Result<Value> {
    let list: List = call.read()?;
    let asked = |id: &String| list.instances.is_empty() || list.instances.contains(id);
    let all = list.service(call.registry)?.instances.iter();
    let all = all.filter(|(id, _)| asked(id));
    let status: Map<_, _> = all.map(|(id, i)| (id.clone(), json!(health(i)))).collect();
    Ok(json!({"Status": status}))
}

fn health(instance: &Instance) -> &'static str {
    if instance.healthy {
        "HEALTHY"
    } else {
        "UNHEALTHY"
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// A time as JSON 1.1 writes it: seconds since 1970, with decimals.
fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_name() {
        for (counted, _) in OPERATIONS {
            let name = counted.strip_prefix("cloudmap:").unwrap();
            assert_eq!(find(name).map(|(counted, _)| counted), Some(counted));
        }
        assert!(find("DeleteEverything").is_none());
    }
}
