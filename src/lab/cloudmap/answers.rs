//! From a request's JSON to the answer's: one function for each group of operations.

use std::time::{SystemTime, UNIX_EPOCH};

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::discover::{Found, Question};
use super::error::{CONTENT_TYPE, CloudMapError, REQUEST_ID};
use super::operation::Operation;
use super::registry::{
    Attributes, Instance, Namespace, NamespaceKind, Registry, Service, ServiceForm, no_instance,
};
use crate::lab::issuer::ACCOUNT;
use crate::lab::reply::{Response, header, reply};

type Answer = Result<Value, CloudMapError>;

/// Things in one page of a list when the caller does not say.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Created {
    name: String,
    description: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceCreated {
    name: String,
    namespace_id: Option<String>,
    description: Option<String>,
    dns_config: Option<Value>,
    health_check_config: Option<Value>,
    health_check_custom_config: Option<Value>,
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
struct Page {
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

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, CloudMapError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| CloudMapError::invalid(error.to_string()))
}

/// Does what is asked, and says so.
pub(super) fn answer(
    registry: &mut Registry,
    operation: Operation,
    body: &[u8],
    region: &str,
    now: SystemTime,
) -> Answer {
    match operation {
        Operation::DiscoverInstances | Operation::DiscoverInstancesRevision => {
            discover(registry, operation, body)
        }
        Operation::CreateHttpNamespace
        | Operation::CreatePrivateDnsNamespace
        | Operation::CreateService
        | Operation::DeleteNamespace
        | Operation::DeleteService => change(registry, operation, body, region, now),
        Operation::RegisterInstance
        | Operation::DeregisterInstance
        | Operation::UpdateInstanceCustomHealthStatus => instance(registry, operation, body, now),
        Operation::GetInstance
        | Operation::GetNamespace
        | Operation::GetOperation
        | Operation::GetService => one(registry, operation, body, region),
        Operation::GetInstancesHealthStatus
        | Operation::ListInstances
        | Operation::ListNamespaces
        | Operation::ListServices => list(registry, operation, body, region),
    }
}

fn discover(registry: &mut Registry, operation: Operation, body: &[u8]) -> Answer {
    let question: Question = read(body)?;
    // Taken out, so that the registry can be read beside it.
    let mut random = registry.random.clone();
    let service = registry.named(&question.namespace_name, &question.service_name)?;
    if operation == Operation::DiscoverInstancesRevision {
        return Ok(json!({"InstancesRevision": service.revision}));
    }
    let found = question.find(service, &mut random)?;
    let checked = service.checks_health();
    let summary = |(id, instance): Found<'_>| {
        json!({
            "InstanceId": id,
            "NamespaceName": question.namespace_name,
            "ServiceName": question.service_name,
            "HealthStatus": if checked { health(instance) } else { "UNKNOWN" },
            "Attributes": instance.attributes,
        })
    };
    let instances: Vec<Value> = found.into_iter().map(summary).collect();
    let answer = json!({"Instances": instances, "InstancesRevision": service.revision});
    registry.random = random;
    Ok(answer)
}

fn change(
    registry: &mut Registry,
    operation: Operation,
    body: &[u8],
    region: &str,
    now: SystemTime,
) -> Answer {
    match operation {
        Operation::CreateService => {
            let asked: ServiceCreated = read(body)?;
            let form = ServiceForm {
                name: asked.name,
                namespace_id: asked
                    .namespace_id
                    .ok_or_else(|| CloudMapError::invalid("NamespaceId is missing"))?,
                description: asked.description,
                dns_config: asked.dns_config,
                health_check_config: asked.health_check_config,
                health_check_custom_config: asked.health_check_custom_config,
            };
            let id = registry.create_service(form, now)?;
            Ok(json!({"Service": service(&id, registry.service(&id)?, region)}))
        }
        Operation::DeleteService => {
            registry.delete_service(&read::<ById>(body)?.id)?;
            Ok(json!({}))
        }
        Operation::DeleteNamespace => {
            let id = read::<ById>(body)?.id;
            registry.delete_namespace(&id)?;
            let done = registry.done("DELETE_NAMESPACE", ("NAMESPACE", id), now);
            Ok(json!({"OperationId": done}))
        }
        _ => {
            let asked: Created = read(body)?;
            let kind = match operation {
                Operation::CreatePrivateDnsNamespace => NamespaceKind::DnsPrivate,
                _ => NamespaceKind::Http,
            };
            let id = registry.create_namespace(Namespace {
                name: asked.name,
                kind,
                description: asked.description,
                created: now,
            })?;
            let done = registry.done("CREATE_NAMESPACE", ("NAMESPACE", id), now);
            Ok(json!({"OperationId": done}))
        }
    }
}

fn instance(registry: &mut Registry, operation: Operation, body: &[u8], now: SystemTime) -> Answer {
    let asked: OfInstance = read(body)?;
    let (of, id) = (&asked.service_id, &asked.instance_id);
    let kind = match operation {
        Operation::RegisterInstance => {
            registry.register(of, id, asked.attributes.clone())?;
            "REGISTER_INSTANCE"
        }
        Operation::DeregisterInstance => {
            registry.deregister(of, id)?;
            "DEREGISTER_INSTANCE"
        }
        _ => {
            let healthy = match asked.status.as_deref() {
                Some("HEALTHY") => true,
                Some("UNHEALTHY") => false,
                _ => return Err(CloudMapError::invalid("Status is HEALTHY or UNHEALTHY")),
            };
            registry.set_health(of, id, healthy)?;
            return Ok(json!({}));
        }
    };
    let done = registry.done(kind, ("INSTANCE", asked.instance_id), now);
    Ok(json!({"OperationId": done}))
}

fn one(registry: &Registry, operation: Operation, body: &[u8], region: &str) -> Answer {
    if operation == Operation::GetInstance {
        let asked: OfInstance = read(body)?;
        let service = registry.service(&asked.service_id)?;
        let instance = service.instances.get(&asked.instance_id);
        let instance = instance.ok_or_else(|| no_instance(&asked.instance_id))?;
        let attributes = &instance.attributes;
        return Ok(json!({"Instance": {"Id": asked.instance_id, "Attributes": attributes}}));
    }
    let id = read::<ById>(body)?.id;
    match operation {
        Operation::GetNamespace => {
            Ok(json!({"Namespace": namespace(&id, registry.namespace(&id)?, region)}))
        }
        Operation::GetService => {
            Ok(json!({"Service": service(&id, registry.service(&id)?, region)}))
        }
        _ => {
            let known = registry.operations.get(&id).ok_or_else(|| {
                CloudMapError::new(
                    "OperationNotFound",
                    format!("Operation {id} does not exist"),
                )
            })?;
            let (kind, target) = &known.target;
            let targets = Map::from_iter([((*kind).to_owned(), json!(target))]);
            Ok(json!({"Operation": {
                "Id": id,
                "Type": known.kind,
                "Status": "SUCCESS",
                "CreateDate": seconds(known.created),
                "UpdateDate": seconds(known.created),
                "Targets": targets,
            }}))
        }
    }
}

fn list(registry: &Registry, operation: Operation, body: &[u8], region: &str) -> Answer {
    let page: Page = read(body)?;
    let of = || registry.service(page.service_id.as_deref().unwrap_or_default());
    match operation {
        Operation::ListNamespaces => {
            let all = registry.namespaces.iter();
            let all = all.map(|(id, n)| (id, namespace(id, n, region)));
            Ok(page.of("Namespaces", all))
        }
        Operation::ListServices => {
            let all = registry.services.iter();
            let all = all.map(|(id, s)| (id, service(id, s, region)));
            Ok(page.of("Services", all))
        }
        Operation::ListInstances => {
            let all = of()?.instances.iter();
            let all = all.map(|(id, i)| (id, json!({"Id": id, "Attributes": i.attributes})));
            Ok(page.of("Instances", all))
        }
        _ => {
            let asked = |id: &String| page.instances.is_empty() || page.instances.contains(id);
            let all = of()?.instances.iter().filter(|(id, _)| asked(id));
            let status: Map<String, Value> =
                all.map(|(id, i)| (id.clone(), json!(health(i)))).collect();
            Ok(json!({"Status": status}))
        }
    }
}

impl Page {
    /// A page of `all`, which come in the order of their ids: the token is the last id of the page.
    fn of<'a>(&self, name: &str, all: impl Iterator<Item = (&'a String, Value)>) -> Value {
        let after = self.next_token.as_deref().unwrap_or_default();
        let passes = |value: &Value| self.filters.iter().all(|filter| filter.passes(value));
        let mut rest = all
            .filter(|(id, value)| id.as_str() > after && passes(value))
            .peekable();
        let most = self.max_results.unwrap_or(PAGE).clamp(1, PAGE);
        let page: Vec<_> = rest.by_ref().take(most).collect();
        let last = page.last().map(|(id, _)| (*id).clone());
        let more = rest.peek().is_some();
        let values: Vec<Value> = page.into_iter().map(|(_, value)| value).collect();
        let mut answer = Map::from_iter([(name.to_owned(), json!(values))]);
        if let Some(last) = last.filter(|_| more) {
            answer.insert("NextToken".to_owned(), json!(last));
        }
        Value::Object(answer)
    }
}

fn health(instance: &Instance) -> &'static str {
    if instance.healthy {
        "HEALTHY"
    } else {
        "UNHEALTHY"
    }
}

fn namespace(id: &str, namespace: &Namespace, region: &str) -> Value {
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

fn service(id: &str, service: &Service, region: &str) -> Value {
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

pub(super) fn success(body: &Value, request_id: &str) -> Response {
    let mut response = reply(StatusCode::OK, CONTENT_TYPE, body.to_string());
    header(&mut response, REQUEST_ID, request_id);
    response
}
