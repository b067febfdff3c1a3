//! What a service of the lab is, for everything that serves one.
//!
//! A service says which requests are its own, which operation a request asks for and under which rules, and
//! how it answers. It never sees a socket, and nothing here knows any one service: they are listed in
//! `services/mod.rs`.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, StatusCode};
use hyper::body::Incoming;

use super::response::Response;
use super::rules::{Bucket, RuleEvaluator, Rules};
use super::timer::PreciseTimer;

/// One of the services that the lab imitates.
#[async_trait::async_trait]
pub(super) trait Service: Send + Sync + 'static {
    /// The Region whose endpoint is meant, if the request is for this service. A service without Regions
    /// names the lab's.
    fn claims<'a>(&'a self, destination: &Destination<'a>) -> Option<&'a str>;

    /// Bytes that the body of a request may have, which is read before the operation is known. `None`: the
    /// service reads the body by itself, if at all.
    fn body_limit(&self) -> Option<usize> {
        None
    }

    fn operation(&self, request: &Request) -> Operation;

    /// Answers once [`RequestContext::due`] has returned.
    async fn answer(&self, request: Request, context: RequestContext<'_>) -> Response;

    /// An error that is not the service's own, in the service's words.
    fn error(&self, status: StatusCode, cause: ErrorCause, request_id: &str) -> Response;
}

/// What a request says of the service that it is for. Requests are asked for these in order.
pub(super) enum Destination<'a> {
    /// The host is this name under `amazonaws.com`.
    Host(&'a str),
    /// It is signed for this service and this Region.
    Scope { service: &'a str, region: &'a str },
    /// It says nothing: its form is all there is.
    Form(&'a Parts),
}

/// What a request asks a service for.
pub(super) struct Operation {
    /// The name that it is counted under: `service:Operation`.
    pub(super) name: &'static str,
    pub(super) rules: Arc<RuleEvaluator>,
}

/// A request on its way to a service.
pub(super) struct Request {
    pub(super) head: Parts,
    pub(super) body: RequestBody,
    /// As the service [claimed](Service::claims) it.
    pub(super) region: String,
}

pub(super) enum RequestBody {
    Read(Bytes),
    Unread(Incoming),
}

impl Request {
    pub(super) fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// The query as it stands in the request line; empty if there is none.
    pub(super) fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    /// The body of a service with a [limit](Service::body_limit).
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.body {
            RequestBody::Read(bytes) => bytes,
            RequestBody::Unread(_) => &[],
        }
    }
}

/// When a request arrived, and when its answer is due.
pub(super) struct RequestContext<'a> {
    /// By the services' clock: signatures and expiries are judged by it.
    pub(super) arrived: SystemTime,
    pub(super) request_id: String,
    pub(super) due: Instant,
    pub(super) timer: &'a PreciseTimer,
}

impl RequestContext<'_> {
    /// Returns when the rules let the answer go. A service awaits it once: after it has judged what came in,
    /// and before it makes anything whose age counts, such as credentials.
    pub(super) async fn due(&self) {
        self.timer.until(self.due).await;
    }
}

/// Why something else answers in a service's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorCause {
    /// A throttle rule.
    Throttled,
    /// A fault rule.
    Fault,
    /// The body exceeds [`Service::body_limit`].
    TooLarge,
}

/// A response header with the request's id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The rules of a service's operations: where one says nothing the service's hold, whose throttle is one
/// bucket for all of them. The names give each its own random numbers.
pub(super) fn rules_within<const N: usize>(
    service: Rules,
    seed: u64,
    operations: [(&str, Rules); N],
) -> [Arc<RuleEvaluator>; N] {
    let shared = service.throttle.map(|all| Arc::new(Bucket::new(all)));
    let shared: Vec<_> = shared.into_iter().collect();
    let general = Rules {
        throttle: None,
        ..service
    };
    operations
        .map(|(name, rules)| Arc::new(RuleEvaluator::new(rules.over(general), seed, name, &shared)))
}
