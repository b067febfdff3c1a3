//! What is registered: namespaces, their services, the services' instances. Pure: time and random
//! numbers are handed in.

use std::collections::{BTreeMap, VecDeque};
use std::time::SystemTime;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Deserialize;
use serde_json::Value;

use crate::lab::response::ApiError;

pub(super) type Result<T> = std::result::Result<T, ApiError>;

/// Attributes of an instance: Cloud Map's own begin with `AWS_`.
pub(super) type Attributes = BTreeMap<String, String>;

/// The namespace that the lab brings: private DNS, so that the API and DNS both see it.
pub const NAMESPACE: &str = "grpc.demo";
/// The service in [`NAMESPACE`] whose instances are the lab's gRPC servers.
pub const SERVICE: &str = "server";
/// Seconds for which a DNS answer may be kept: what ECS gives its records.
pub(super) const TTL: u32 = 60;

/// Instances of one service (AWS Cloud Map Developer Guide, "Service quotas").
const MOST_INSTANCES: usize = 1_000;
/// Namespaces of one account and Region (the same page).
const MOST_NAMESPACES: usize = 50;
/// Services of all namespaces: the lab's own bound.
const MOST_SERVICES: usize = 1_000;
/// Attributes of one instance (the same page).
const MOST_ATTRIBUTES: usize = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamespaceKind {
    /// Found by the API alone.
    Http,
    /// Found by the API and by DNS.
    DnsPrivate,
}

#[derive(Debug)]
pub(super) struct Namespace {
    pub(super) name: String,
    pub(super) kind: NamespaceKind,
    pub(super) description: Option<String>,
    pub(super) created: SystemTime,
}

/// What a service is made with.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceForm {
    pub(super) name: String,
    pub(super) namespace_id: String,
    pub(super) description: Option<String>,
    pub(super) dns_config: Option<Value>,
    pub(super) health_check_config: Option<Value>,
    pub(super) health_check_custom_config: Option<Value>,
}

#[derive(Debug)]
pub(super) struct Service {
    pub(super) form: ServiceForm,
    pub(super) created: SystemTime,
    /// Rises with every registration and deregistration, and with nothing else: a change of health
    /// leaves it as it is.
    pub(super) revision: u64,
    pub(super) instances: BTreeMap<String, Instance>,
}

impl Service {
    /// Whether instances have a health at all.
    pub(super) fn checks_health(&self) -> bool {
        self.form.health_check_config.is_some() || self.form.health_check_custom_config.is_some()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    pub(super) attributes: Attributes,
    pub(super) healthy: bool,
}

/// Everything that is registered. Ids follow from the seed.
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) namespaces: BTreeMap<String, Namespace>,
    pub(super) services: BTreeMap<String, Service>,
    /// As `GetOperation` tells of them, the oldest first.
    pub(super) operations: VecDeque<Value>,
    random: StdRng,
}

impl Registry {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            namespaces: BTreeMap::new(),
            services: BTreeMap::new(),
            operations: VecDeque::new(),
            random: StdRng::seed_from_u64(seed ^ 0x0C10_D3A9),
        }
    }

    /// What `choose` makes of the registry with its random numbers.
    pub(super) fn choose<T>(&mut self, choose: impl FnOnce(&Self, &mut StdRng) -> T) -> T {
        // Taken out, so that the registry can be read beside them.
        let mut random = self.random.clone();
        let chosen = choose(self, &mut random);
        self.random = random;
        chosen
    }

    pub(super) fn id(&mut self, prefix: &str) -> String {
        const DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let digits = (0..16).map(|_| char::from(DIGITS[self.random.random_range(0..DIGITS.len())]));
        format!("{prefix}-{}", digits.collect::<String>())
    }

    /// A new namespace; gives its id.
    pub(super) fn create_namespace(&mut self, namespace: Namespace) -> Result<String> {
        check_name("namespace name", &namespace.name, 1024)?;
        if self.namespaces.values().any(|n| n.name == namespace.name) {
            let message = format!("A namespace called {} exists already", namespace.name);
            return Err(ApiError::bad_request("NamespaceAlreadyExists", message));
        }
        if self.namespaces.len() >= MOST_NAMESPACES {
            return Err(over_limit("account", "namespaces"));
        }
        let id = self.id("ns");
        self.namespaces.insert(id.clone(), namespace);
        Ok(id)
    }

    pub(super) fn namespace(&self, id: &str) -> Result<&Namespace> {
        found(self.namespaces.get(id), "NamespaceNotFound", id)
    }

    /// A new service; gives its id.
    pub(super) fn create_service(&mut self, form: ServiceForm, now: SystemTime) -> Result<String> {
        self.namespace(&form.namespace_id)?;
        check_name("service name", &form.name, 127)?;
        let same =
            |s: &Service| s.form.name == form.name && s.form.namespace_id == form.namespace_id;
        if self.services.values().any(same) {
            let message = format!("Service {} exists already in this namespace", form.name);
            return Err(ApiError::bad_request("ServiceAlreadyExists", message));
        }
        if form.health_check_config.is_some() && form.health_check_custom_config.is_some() {
            let message = "HealthCheckConfig and HealthCheckCustomConfig exclude each other";
            return Err(invalid(message));
        }
        if self.services.len() >= MOST_SERVICES {
            return Err(over_limit("account", "services"));
        }
        let id = self.id("srv");
        let service = Service {
            form,
            created: now,
            revision: 1,
            instances: BTreeMap::new(),
        };
        self.services.insert(id.clone(), service);
        Ok(id)
    }

    pub(super) fn service(&self, id: &str) -> Result<&Service> {
        found(self.services.get(id), "ServiceNotFound", id)
    }

    pub(super) fn service_mut(&mut self, id: &str) -> Result<&mut Service> {
        found(self.services.get_mut(id), "ServiceNotFound", id)
    }

    /// Registers an instance, or replaces the attributes of one that is there.
    pub(super) fn register(
        &mut self,
        service: &str,
        id: &str,
        attributes: Attributes,
    ) -> Result<()> {
        let service = self.service_mut(service)?;
        check_name("instance id", id, 64)?;
        if attributes.len() > MOST_ATTRIBUTES {
            let message = format!("An instance has at most {MOST_ATTRIBUTES} attributes");
            return Err(invalid(message));
        }
        if service.instances.len() >= MOST_INSTANCES && !service.instances.contains_key(id) {
            return Err(over_limit("service", "instances"));
        }
        let asked = attributes.get("AWS_INIT_HEALTH_STATUS");
        let healthy = asked.is_none_or(|status| status != "UNHEALTHY");
        let instance = Instance {
            attributes,
            healthy,
        };
        service.instances.insert(id.to_owned(), instance);
        service.revision += 1;
        Ok(())
    }

    /// The service of these names, as DNS and `DiscoverInstances` ask for it.
    pub(super) fn named(&self, namespace: &str, service: &str) -> Result<&Service> {
        let known = self.namespaces.iter().find(|(_, n)| n.name == namespace);
        let (id, _) = found(known, "NamespaceNotFound", namespace)?;
        let mut services = self.services.values();
        let named = |s: &&Service| s.form.namespace_id == *id && s.form.name == service;
        found(services.find(named), "ServiceNotFound", service)
    }

    /// Whether the namespace of this name is seen by DNS.
    pub(super) fn has_dns(&self, namespace: &str) -> bool {
        let mut all = self.namespaces.values();
        all.any(|n| n.name == namespace && n.kind == NamespaceKind::DnsPrivate)
    }
}

/// Printable ASCII without spaces, as the patterns of the API want it.
fn check_name(what: &str, name: &str, longest: usize) -> Result<()> {
    let sized = (1..=longest).contains(&name.len());
    if sized && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(invalid(format!("The {what} `{name}` is not valid")))
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("InvalidInput", message)
}

fn over_limit(owner: &str, things: &str) -> ApiError {
    let message = format!("The {owner} has as many {things} as it may have");
    ApiError::bad_request("ResourceLimitExceeded", message)
}

/// The thing of this id, which `code` says where it is not found.
pub(super) fn found<T>(thing: Option<T>, code: &'static str, id: &str) -> Result<T> {
    thing.ok_or_else(|| {
        let what = code.trim_end_matches("NotFound");
        ApiError::bad_request(code, format!("{what} {id} does not exist"))
    })
}
