//! The operations of Cloud Map: each by its name, from a request's JSON to the response's.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::discover::{DiscoverRequest, Match};
use super::registry::{
    Attributes, Instance, Namespace, NamespaceKind, Registry, Result, Service, ServiceForm,
    invalid, no_instance,
};
use crate::lab::api_error::ApiError;
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
    ("cloudmap:CreateService", |call| call.create_service()),
    ("cloudmap:DeleteNamespace", |call| call.delete_namespace()),
    ("cloudmap:DeleteService", |call| call.delete_service()),
    ("cloudmap:DeregisterInstance", |call| {
        call.deregister_instance()
    }),
    ("cloudmap:DiscoverInstances", |call| {
        call.discover_instances()
    }),
    ("cloudmap:DiscoverInstancesRevision", |call| {
        call.discover_revision()
    }),
    ("cloudmap:GetInstance", |call| call.instance()),
    ("cloudmap:GetInstancesHealthStatus", |call| {
        call.health_status()
    }),
    ("cloudmap:GetNamespace", |call| call.namespace()),
    ("cloudmap:GetOperation", |call| call.operation()),
    ("cloudmap:GetService", |call| call.service()),
    ("cloudmap:ListInstances", |call| call.list_instances()),
    ("cloudmap:ListNamespaces", |call| call.list_namespaces()),
    ("cloudmap:ListServices", |call| call.list_services()),
    ("cloudmap:RegisterInstance", |call| call.register_instance()),
    ("cloudmap:UpdateInstanceCustomHealthStatus", |call| {
        call.update_health()
    }),
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
    fn done(&mut self, kind: &'static str, target: &'static str, id: String) -> Value {
        let operation = self.registry.done(kind, (target, id), self.now);
        json!({"OperationId": operation})
    }

    fn create_namespace(&mut self, kind: NamespaceKind) -> Result<Value> {
        let NamespaceForm { name, description } = self.read()?;
        let id = self.registry.create_namespace(Namespace {
            name,
            kind,
            description,
            created: self.now,
        })?;
        Ok(self.done("CREATE_NAMESPACE", "NAMESPACE", id))
    }

    fn create_service(&mut self) -> Result<Value> {
        let form: ServiceForm = self.read()?;
        let id = self.registry.create_service(form, self.now)?;
        self.described_service(&id)
    }

    fn delete_namespace(&mut self) -> Result<Value> {
        let id = self.id()?;
        self.registry.delete_namespace(&id)?;
        Ok(self.done("DELETE_NAMESPACE", "NAMESPACE", id))
    }

    fn delete_service(&mut self) -> Result<Value> {
        self.registry.delete_service(&self.id()?)?;
        Ok(json!({}))
    }

    fn register_instance(&mut self) -> Result<Value> {
        let asked: OfInstance = self.read()?;
        let (service, id) = (&asked.service_id, asked.instance_id);
        self.registry.register(service, &id, asked.attributes)?;
        Ok(self.done("REGISTER_INSTANCE", "INSTANCE", id))
    }

    fn deregister_instance(&mut self) -> Result<Value> {
        let asked: OfInstance = self.read()?;
        let (service, id) = (&asked.service_id, asked.instance_id);
        self.registry.deregister(service, &id)?;
        Ok(self.done("DEREGISTER_INSTANCE", "INSTANCE", id))
    }

    fn update_health(&mut self) -> Result<Value> {
        let asked: OfInstance = self.read()?;
        let healthy = match asked.status.as_deref() {
            Some("HEALTHY") => true,
            Some("UNHEALTHY") => false,
            _ => return Err(invalid("Status is HEALTHY or UNHEALTHY")),
        };
        let (service, id) = (&asked.service_id, &asked.instance_id);
        self.registry.set_health(service, id, healthy)?;
        Ok(json!({}))
    }

    fn discover_revision(&mut self) -> Result<Value> {
        let asked: DiscoverRequest = self.read()?;
        let service = self
            .registry
            .named(&asked.namespace_name, &asked.service_name)?;
        Ok(json!({"InstancesRevision": service.revision}))
    }

    fn discover_instances(&mut self) -> Result<Value> {
        let asked: DiscoverRequest = self.read()?;
        self.registry.choose(|registry, random| {
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

    fn instance(&mut self) -> Result<Value> {
        let asked: OfInstance = self.read()?;
        let service = self.registry.service(&asked.service_id)?;
        let id = asked.instance_id;
        let instance = service.instances.get(&id).ok_or_else(|| no_instance(&id))?;
        Ok(json!({"Instance": {"Id": id, "Attributes": instance.attributes}}))
    }

    fn namespace(&mut self) -> Result<Value> {
        let id = self.id()?;
        let namespace = self.registry.namespace(&id)?;
        Ok(json!({"Namespace": describe_namespace(&id, namespace, self.region)}))
    }

    fn service(&mut self) -> Result<Value> {
        self.described_service(&self.id()?)
    }

    fn described_service(&self, id: &str) -> Result<Value> {
        let service = self.registry.service(id)?;
        Ok(json!({"Service": describe_service(id, service, self.region)}))
    }

    fn operation(&mut self) -> Result<Value> {
        let id = self.id()?;
        let known = self.registry.operations.get(&id).ok_or_else(|| {
            let message = format!("Operation {id} does not exist");
            ApiError::bad_request("OperationNotFound", message)
        })?;
        let (kind, target) = &known.target;
        Ok(json!({"Operation": {
            "Id": id,
            "Type": known.kind,
            "Status": "SUCCESS",
            "CreateDate": seconds(known.created),
            "UpdateDate": seconds(known.created),
            "Targets": {(*kind): target},
        }}))
    }

    fn list_namespaces(&mut self) -> Result<Value> {
        let all = self.registry.namespaces.iter();
        let all = all.map(|(id, n)| (id, describe_namespace(id, n, self.region)));
        Ok(self.read::<List>()?.page("Namespaces", all))
    }

    fn list_services(&mut self) -> Result<Value> {
        let all = self.registry.services.iter();
        let all = all.map(|(id, s)| (id, describe_service(id, s, self.region)));
        Ok(self.read::<List>()?.page("Services", all))
    }

    fn list_instances(&mut self) -> Result<Value> {
        let list: List = self.read()?;
        let all = list.service(self.registry)?.instances.iter();
        let all = all.map(|(id, i)| (id, json!({"Id": id, "Attributes": i.attributes})));
        Ok(list.page("Instances", all))
    }

    fn health_status(&mut self) -> Result<Value> {
        let list: List = self.read()?;
        let asked = |id: &String| list.instances.is_empty() || list.instances.contains(id);
        let all = list.service(self.registry)?.instances.iter();
        let status: Map<String, Value> = all
            .filter(|(id, _)| asked(id))
            .map(|(id, instance)| (id.clone(), json!(health(instance))))
            .collect();
        Ok(json!({"Status": status}))
    }
}

fn health(instance: &Instance) -> &'static str {
    if instance.healthy {
        "HEALTHY"
    } else {
        "UNHEALTHY"
    }
}

fn describe_namespace(id: &str, namespace: &Namespace, region: &str) -> Value {
    let (kind, dns) = match namespace.kind {
        NamespaceKind::Http => ("HTTP", json!({})),
        NamespaceKind::DnsPrivate => ("DNS_PRIVATE", json!({"HostedZoneId": "Z0LAB"})),
    };
    without_nulls(json!({
        "Id": id,
        "Arn": format!("arn:aws:servicediscovery:{region}:{ACCOUNT}:namespace/{id}"),
        "Name": namespace.name,
        "Type": kind,
        "Description": namespace.description,
        "Properties": {"DnsProperties": dns, "HttpProperties": {"HttpName": namespace.name}},
        "CreateDate": seconds(namespace.created),
    }))
}

fn describe_service(id: &str, service: &Service, region: &str) -> Value {
    let form = &service.form;
    without_nulls(json!({
        "Id": id,
        "Arn": format!("arn:aws:servicediscovery:{region}:{ACCOUNT}:service/{id}"),
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
