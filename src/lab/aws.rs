//! All services of the lab over one issuer, and the two doors to them: the main address and IMDS.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use super::cloudmap::{self, CloudMap};
use super::container::{self, Container};
use super::container_token::ContainerToken;
use super::held::Held;
use super::imds::{self, Imds, Step};
use super::issuer::{ACCOUNT, Issuer};
use super::packets::Packets;
use super::reply::{Response, reply};
use super::route::{REQUESTS_PATH, StsEndpoint, Target, route};
use super::rules::{Bucket, RuleEvaluator, Rules};
use super::s3::{self, S3};
use super::scenario::Scenario;
use super::seal::Seal;
use super::stage::{Farewell, HangUp, Part, Stage};
use super::sts::{self, Call, Sts};
use super::task;
use super::wire::{Answer, FirstOfConnection};
use crate::clock;

/// The Region that callers of the global STS endpoint sign for.
const GLOBAL_REGION: &str = "us-east-1";
/// Bytes in the body of a request to STS or Cloud Map: policies, tokens and attributes fit many times over.
const LARGEST_FORM: usize = 256 * 1024;
/// Regions with rules and a throttle of their own; beyond this they share one.
const MOST_REGIONS: usize = 256;

/// The rules of IMDS, step by step.
struct ImdsRulers {
    token: RuleEvaluator,
    role: RuleEvaluator,
    credentials: RuleEvaluator,
    other: RuleEvaluator,
}

impl ImdsRulers {
    fn new(scenario: &Scenario) -> Self {
        let imds = &scenario.imds;
        let bucket = imds.rules.throttle.map(|all| Arc::new(Bucket::new(all)));
        let shared: Vec<_> = bucket.into_iter().collect();
        let general = Rules {
            throttle: None,
            ..imds.rules
        };
        let ruler = |step: Rules, name: &str| {
            RuleEvaluator::new(step.over(general), scenario.seed, name, &shared)
        };
        Self {
            token: ruler(imds.token, "imds:token"),
            role: ruler(imds.role, "imds:role"),
            credentials: ruler(imds.credentials, "imds:credentials"),
            other: ruler(Rules::default(), "imds:other"),
        }
    }

    fn of(&self, step: Step) -> &RuleEvaluator {
        match step {
            Step::Token => &self.token,
            Step::Role => &self.role,
            Step::Credentials => &self.credentials,
            Step::Other => &self.other,
        }
    }
}

/// The rules of Cloud Map: of its operations, and of its DNS view.
struct CloudMapRulers {
    discover: RuleEvaluator,
    revision: RuleEvaluator,
    other: RuleEvaluator,
    dns: RuleEvaluator,
}

impl CloudMapRulers {
    fn new(scenario: &Scenario) -> Self {
        let cloudmap = &scenario.cloudmap;
        let bucket = cloudmap
            .rules
            .throttle
            .map(|all| Arc::new(Bucket::new(all)));
        let shared: Vec<_> = bucket.into_iter().collect();
        let general = Rules {
            throttle: None,
            ..cloudmap.rules
        };
        let ruler = |rules: Rules, name: &str| {
            RuleEvaluator::new(rules.over(general), scenario.seed, name, &shared)
        };
        Self {
            discover: ruler(cloudmap.discover, "cloudmap:discover"),
            revision: ruler(cloudmap.revision, "cloudmap:revision"),
            other: ruler(Rules::default(), "cloudmap:other"),
            dns: RuleEvaluator::new(cloudmap.dns, scenario.seed, "cloudmap:dns", &[]),
        }
    }

    fn of(&self, operation: Option<cloudmap::Operation>) -> &RuleEvaluator {
        match operation {
            Some(cloudmap::Operation::DiscoverInstances) => &self.discover,
            Some(cloudmap::Operation::DiscoverInstancesRevision) => &self.revision,
            _ => &self.other,
        }
    }
}

/// Everything behind the lab's addresses.
pub(super) struct Aws {
    pub(super) scenario: Scenario,
    pub(super) stage: Stage,
    pub(super) seal: Seal,
    pub(super) issuer: Arc<Issuer>,
    /// What the container endpoint wants to see.
    pub(super) container_token: ContainerToken,
    started: SystemTime,
    instance: Held,
    task: Held,
    s3: S3,
    sts_global: RuleEvaluator,
    sts_regional: Mutex<HashMap<String, Arc<RuleEvaluator>>>,
    imds_rulers: ImdsRulers,
    packets: Option<Packets>,
    container_ruler: RuleEvaluator,
    s3_ruler: RuleEvaluator,
    pub(super) cloudmap: CloudMap,
    cloudmap_rulers: CloudMapRulers,
}

impl Aws {
    pub(super) fn new(scenario: Scenario) -> std::io::Result<Self> {
        let seed = scenario.seed;
        let seal = Seal::new(seed);
        let issuer = Arc::new(Issuer::new(seal.clone()));
        let started = clock::wall();
        let policy = scenario.credentials;
        let instance = issuer.role_session(ACCOUNT, imds::ROLE, imds::INSTANCE);
        let task = issuer.role_session(ACCOUNT, container::ROLE, "awscreds-bench-task-1");
        Ok(Self {
            stage: Stage::new(seed, scenario.clock)?,
            packets: scenario
                .imds
                .packets
                .map(|budget| Packets::new(budget, clock::now())),
            container_token: ContainerToken::new(seal.clone()),
            started,
            instance: Held::new(instance, policy),
            task: Held::new(task, policy),
            s3: S3::new(&issuer, &scenario.region, seed, started),
            sts_global: RuleEvaluator::new(scenario.sts.global, seed, "sts global", &[]),
            sts_regional: Mutex::default(),
            imds_rulers: ImdsRulers::new(&scenario),
            container_ruler: RuleEvaluator::new(scenario.container.rules, seed, "container", &[]),
            s3_ruler: RuleEvaluator::new(scenario.s3, seed, "s3", &[]),
            cloudmap: CloudMap::new(seed),
            cloudmap_rulers: CloudMapRulers::new(&scenario),
            seal,
            issuer,
            scenario,
        })
    }

    /// The rules of a Region's STS endpoint, which keep their state from call to call.
    fn sts_ruler(&self, region: &str) -> Arc<RuleEvaluator> {
        let mut by_region = self
            .sts_regional
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_region.get(region) {
            return Arc::clone(known);
        }
        let name = if by_region.len() < MOST_REGIONS {
            region
        } else {
            "every further Region"
        };
        let ruler = by_region.entry(name.to_owned()).or_insert_with(|| {
            let rules = self.scenario.sts.of(region);
            let name = format!("sts {region}");
            Arc::new(RuleEvaluator::new(rules, self.scenario.seed, &name, &[]))
        });
        Arc::clone(ruler)
    }

    async fn sts(
        &self,
        endpoint: StsEndpoint,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> Result<Response, HangUp> {
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST_FORM).collect().await else {
            return Ok(sts::too_large());
        };
        let call = Call::new(parts, body.to_bytes());
        let (region, regional) = match endpoint {
            StsEndpoint::Global => (GLOBAL_REGION.to_owned(), None),
            StsEndpoint::Regional(region) => {
                let ruler = self.sts_ruler(&region);
                (region, Some(ruler))
            }
        };
        let service = Sts {
            issuer: &self.issuer,
            seal: &self.seal,
            region: &region,
            lifetime: self.scenario.credentials.lifetime,
        };
        let part = Part {
            operation: call.operation(),
            ruler: regional.as_deref().unwrap_or(&self.sts_global),
            failure: sts::rule_failure,
        };
        self.stage
            .play(part, farewell, |turn| service.answer(turn, &call))
            .await
    }

    async fn container(
        &self,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> Result<Response, HangUp> {
        let (parts, _) = request.into_parts();
        let service = Container {
            issuer: &self.issuer,
            held: &self.task,
            token: &self.container_token,
        };
        let part = Part {
            operation: container::OPERATION,
            ruler: &self.container_ruler,
            failure: container::rule_failure,
        };
        self.stage
            .play(part, farewell, |turn| service.answer(turn, &parts))
            .await
    }

    /// The rules of the DNS view.
    pub(super) fn dns_ruler(&self) -> &RuleEvaluator {
        &self.cloudmap_rulers.dns
    }

    async fn cloudmap(
        &self,
        region: &str,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> Result<Response, HangUp> {
        let (parts, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST_FORM).collect().await else {
            return Ok(cloudmap::too_large());
        };
        let body = body.to_bytes();
        let call = cloudmap::Call { parts, body };
        let part = Part {
            operation: call.counted(),
            ruler: self.cloudmap_rulers.of(call.operation()),
            failure: cloudmap::rule_failure,
        };
        let answer = |turn| self.cloudmap.answer(turn, &call, &self.issuer, region);
        self.stage.play(part, farewell, answer).await
    }

    async fn task(
        &self,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> Result<Response, HangUp> {
        let zone = cloudmap::servers::zone_name(&self.scenario, cloudmap::servers::CALLERS_ZONE);
        let part = Part {
            operation: task::OPERATION,
            ruler: &self.container_ruler,
            failure: container::rule_failure,
        };
        let path = request.uri().path();
        let answer = |turn| task::answer(turn, path, &self.scenario.region, &zone);
        self.stage.play(part, farewell, answer).await
    }

    async fn object_store(
        &self,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> Result<Response, HangUp> {
        let part = Part {
            operation: s3::operation_of(&request),
            ruler: &self.s3_ruler,
            failure: s3::rule_failure,
        };
        self.stage
            .play(part, farewell, |turn| self.s3.answer(turn, request))
            .await
    }

    async fn imds(
        &self,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> Result<Response, HangUp> {
        let (parts, _) = request.into_parts();
        if let Some(packets) = &self.packets {
            let first = parts.extensions.get::<FirstOfConnection>().is_some();
            self.stage.after_packets(packets, first).await;
        }
        let service = Imds {
            issuer: &self.issuer,
            seal: &self.seal,
            held: &self.instance,
            rules: &self.scenario.imds,
            region: &self.scenario.region,
            started: self.started,
        };
        let step = Step::of(&parts.method, parts.uri.path());
        let part = Part {
            operation: step.operation(),
            ruler: self.imds_rulers.of(step),
            failure: imds::rule_failure,
        };
        self.stage
            .play(part, farewell, |turn| service.answer(turn, &parts))
            .await
    }

    /// The counts, as they stand.
    fn requests(&self) -> Response {
        let body = serde_json::to_vec(&self.stage.requests()).unwrap_or_default();
        reply(StatusCode::OK, "application/json", Bytes::from(body))
    }
}

/// The main address: every service but IMDS.
pub(super) struct Front(pub(super) Arc<Aws>);

impl Answer for Front {
    async fn answer(
        &self,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> Result<Response, HangUp> {
        let (parts, body) = request.into_parts();
        let target = route(&parts, &self.0.scenario.region);
        let request = Request::from_parts(parts, body);
        match target {
            Target::Requests => Ok(self.0.requests()),
            Target::Container => self.0.container(request, farewell).await,
            Target::Sts(endpoint) => self.0.sts(endpoint, request, farewell).await,
            Target::CloudMap(region) => self.0.cloudmap(&region, request, farewell).await,
            Target::Task => self.0.task(request, farewell).await,
            Target::S3 => self.0.object_store(request, farewell).await,
        }
    }
}

/// The metadata address.
pub(super) struct Metadata(pub(super) Arc<Aws>);

impl Answer for Metadata {
    async fn answer(
        &self,
        request: Request<Incoming>,
        farewell: &Farewell,
    ) -> Result<Response, HangUp> {
        if request.uri().path() == REQUESTS_PATH && request.method() == http::Method::GET {
            return Ok(self.0.requests());
        }
        self.0.imds(request, farewell).await
    }
}
