//! The operations of Cloud Map: each by its name, from a request's JSON to the response's.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::discover::{DiscoverRequest, List, Match};
use super::registry::{
    Attributes, Instance, Namespace, NamespaceKind, Registry, Result, Service, found, invalid,
};
use crate::lab::issuer::ACCOUNT;
use crate::lab::response::ApiError;

/// Operations that can be asked after; older ones are forgotten.
const MOST_OPERATIONS: usize = 10_000;

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

impl Call<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let body = match self.body {
            [] => b"{}",
            body => body,
        };
        serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))
    }

    fn id(&self) -> Result<String> {
        Ok(self.read::<ById>()?.id)
    }

    /// The answer to what takes its time in the real service: the id of an operation, which is done.
    fn done(&mut self, kind: &str, target: &str, target_id: &str) -> Value {
        let id = self.registry.id("op");
        let done = &mut self.registry.operations;
        if done.len() >= MOST_OPERATIONS {
            done.pop_front();
        }
        done.push_back(json!({
            "Id": id,
            "Type": kind,
            "Status": "SUCCESS",
            "CreateDate": seconds(self.now),
            "UpdateDate": seconds(self.now),
            "Targets": {target: target_id},
        }));
        json!({"OperationId": id})
    }

    fn create_namespace(&mut self, kind: NamespaceKind) -> Result<Value> {
        let NamespaceForm { name, description } = self.read()?;
        let id = self.registry.create_namespace(Namespace {
            name,
            kind,
            description,
            created: self.now,
        })?;
        Ok(self.done("CREATE_NAMESPACE", "NAMESPACE", &id))
    }

    fn describe_namespace(&self, id: &str, namespace: &Namespace) -> Value {
        let (kind, dns) = match namespace.kind {
            NamespaceKind::Http => ("HTTP", json!({})),
            NamespaceKind::DnsPrivate => ("DNS_PRIVATE", json!({"HostedZoneId": "Z0LAB"})),
        };
        let region = self.region;
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

    fn described_service(&self, id: &str) -> Result<Value> {
        let service = self.registry.service(id)?;
        Ok(json!({"Service": self.describe_service(id, service)}))
    }

    fn describe_service(&self, id: &str, service: &Service) -> Value {
        let (form, region) = (&service.form, self.region);
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
}

fn create_service(call: &mut Call<'_>) -> Result<Value> {
    let id = call.registry.create_service(call.read()?, call.now)?;
    call.described_service(&id)
}

fn delete_namespace(call: &mut Call<'_>) -> Result<Value> {
    let (id, registry) = (call.id()?, &mut call.registry);
    registry.namespace(&id)?;
    let mut services = registry.services.values();
    if services.any(|service| service.form.namespace_id == id) {
        let message = "The namespace has services";
        return Err(ApiError::bad_request("ResourceInUse", message));
    }
    registry.namespaces.remove(&id);
    Ok(call.done("DELETE_NAMESPACE", "NAMESPACE", &id))
}

fn delete_service(call: &mut Call<'_>) -> Result<Value> {
    let id = call.id()?;
    if !call.registry.service(&id)?.instances.is_empty() {
        let message = "The service has registered instances";
        return Err(ApiError::bad_request("ResourceInUse", message));
    }
    call.registry.services.remove(&id);
    Ok(json!({}))
}

fn register_instance(call: &mut Call<'_>) -> Result<Value> {
    let asked: OfInstance = call.read()?;
    let (service, id) = (&asked.service_id, asked.instance_id);
    call.registry.register(service, &id, asked.attributes)?;
    Ok(call.done("REGISTER_INSTANCE", "INSTANCE", &id))
}

fn deregister_instance(call: &mut Call<'_>) -> Result<Value> {
    let asked: OfInstance = call.read()?;
    let service = call.registry.service_mut(&asked.service_id)?;
    let id = asked.instance_id;
    found(service.instances.remove(&id), "InstanceNotFound", &id)?;
    service.revision += 1;
    Ok(call.done("DEREGISTER_INSTANCE", "INSTANCE", &id))
}

/// Sets the health of an instance whose service has a custom health check.
fn update_health(call: &mut Call<'_>) -> Result<Value> {
    let asked: OfInstance = call.read()?;
    let healthy = match asked.status.as_deref() {
        Some("HEALTHY") => true,
        Some("UNHEALTHY") => false,
        _ => return Err(invalid("Status is HEALTHY or UNHEALTHY")),
    };
    let service = call.registry.service_mut(&asked.service_id)?;
    let id = &asked.instance_id;
    let instance = found(service.instances.get_mut(id), "InstanceNotFound", id)?;
    if service.form.health_check_custom_config.is_none() {
        let message = "The service has no custom health check";
        return Err(ApiError::bad_request("CustomHealthNotFound", message));
    }
    instance.healthy = healthy;
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
    let service = call.registry.service(&asked.service_id)?;
    let id = &asked.instance_id;
    let instance = found(service.instances.get(id), "InstanceNotFound", id)?;
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
    let mut operations = call.registry.operations.iter();
    let known = operations.find(|operation| operation["Id"] == id);
    Ok(json!({"Operation": found(known, "OperationNotFound", &id)?}))
}

fn list_namespaces(call: &mut Call<'_>) -> Result<Value> {
    let all = call.registry.namespaces.iter();
    let all = all.map(|(id, namespace)| call.describe_namespace(id, namespace));
    Ok(call.read::<List>()?.page("Namespaces", all))
}

fn list_services(call: &mut Call<'_>) -> Result<Value> {
    let all = call.registry.services.iter();
    let all = all.map(|(id, service)| call.describe_service(id, service));
    Ok(call.read::<List>()?.page("Services", all))
}

fn list_instances(call: &mut Call<'_>) -> Result<Value> {
    let list: List = call.read()?;
    let all = list.service(call.registry)?.instances.iter();
    let all = all.map(|(id, instance)| json!({"Id": id, "Attributes": instance.attributes}));
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
