//! AWS Cloud Map: JSON 1.1 in and out over a registry in memory, a DNS view of it, and the servers
//! that it knows from the start.
//!
//! Rules from the AWS Cloud Map API Reference and Developer Guide. What is registered is there at once;
//! `GetOperation` always finds success. One registry serves every Region's endpoint.

mod answers;
mod discover;
pub(super) mod dns;
mod error;
mod operation;
mod registry;
pub(super) mod servers;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::request::Parts;
use serde_json::json;

use self::error::{CloudMapError, failure};
pub(super) use self::error::{rule_failure, too_large};
pub(super) use self::operation::{Operation, TARGET_PREFIX};
pub(super) use self::registry::Attributes;
use self::registry::{Namespace, NamespaceKind, Registry, ServiceForm};
use super::caller::caller;
use super::issuer::Issuer;
use super::reply::Response;
use super::sigv4;
use super::stage::Turn;

/// The namespace that the lab brings: private DNS, so that the API and DNS both see it.
pub const NAMESPACE: &str = "grpc.demo";
/// The service in [`NAMESPACE`] whose instances are the lab's gRPC servers.
pub const SERVICE: &str = "server";
/// The attribute that says in which zone an instance is: ECS sets it.
pub(super) const ZONE: &str = "AVAILABILITY_ZONE";

/// A request with its body read.
pub(super) struct Call {
    pub(super) parts: Parts,
    pub(super) body: Bytes,
}

impl Call {
    fn name(&self) -> &str {
        let target = self.parts.headers.get("x-amz-target");
        let target = target.and_then(|target| target.to_str().ok());
        target
            .and_then(|target| target.strip_prefix(TARGET_PREFIX))
            .unwrap_or_default()
    }

    pub(super) fn operation(&self) -> Option<Operation> {
        Operation::named(self.name())
    }

    /// The name that the operation is counted under.
    pub(super) fn counted(&self) -> &'static str {
        self.operation()
            .map_or("cloudmap:other", Operation::counted)
    }
}

/// The service.
pub(super) struct CloudMap {
    registry: Mutex<Registry>,
}

impl CloudMap {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            registry: Mutex::new(Registry::new(seed)),
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the lab's own service, with these instances.
    pub(super) fn furnish(&self, instances: Vec<(String, Attributes)>, now: SystemTime) {
        let mut registry = self.registry();
        let namespace = registry.create_namespace(Namespace {
            name: NAMESPACE.to_owned(),
            kind: NamespaceKind::DnsPrivate,
            description: Some("The service that the lab brings".to_owned()),
            created: now,
        });
        let form = |namespace_id| ServiceForm {
            name: SERVICE.to_owned(),
            namespace_id,
            dns_config: Some(json!({
                "RoutingPolicy": "MULTIVALUE",
                "DnsRecords": [{"Type": "A", "TTL": dns::TTL}, {"Type": "SRV", "TTL": dns::TTL}],
            })),
            health_check_custom_config: Some(json!({"FailureThreshold": 1})),
            ..ServiceForm::default()
        };
        let service = namespace.and_then(|id| registry.create_service(form(id), now));
        // A new registry has room for these, and their names are good.
        if let Ok(service) = service {
            for (id, attributes) in instances {
                let _ = registry.register(&service, &id, attributes);
            }
        }
    }

    /// Judges the request by the time of its arrival, and does what it asks when its turn has come.
    pub(super) async fn answer(
        &self,
        turn: Turn<'_>,
        call: &Call,
        issuer: &Issuer,
        region: &str,
    ) -> Response {
        let judged = judge(call, issuer, region, turn.arrived);
        turn.due().await;
        let answered = judged.and_then(|operation| {
            let now = crate::clock::wall();
            answers::answer(&mut self.registry(), operation, &call.body, region, now)
        });
        match answered {
            Ok(body) => answers::success(&body, &turn.request_id),
            Err(error) => failure(&error, &turn.request_id),
        }
    }
}

fn judge(
    call: &Call,
    issuer: &Issuer,
    region: &str,
    now: SystemTime,
) -> Result<Operation, CloudMapError> {
    let request = sigv4::Request {
        method: call.parts.method.as_str(),
        path: call.parts.uri.path(),
        query: call.parts.uri.query().unwrap_or_default(),
        headers: &call.parts.headers,
        body: &call.body,
    };
    caller::<CloudMapError>(issuer, &request, region, "servicediscovery", now)?;
    call.operation().ok_or_else(|| {
        CloudMapError::new(
            "UnknownOperationException",
            format!("The lab does not know the operation `{}`", call.name()),
        )
    })
}
