//! From a request on one of the lab's addresses to the service that it is for.
//!
//! By the `Host` that it names, else by the scope that it is signed for, else by its form: each service is
//! asked whether that makes the request its own.

use std::sync::Arc;

use http::header::HOST;
use http::request::Parts;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use super::connection::{ConnectionControl, Disconnect};
use super::response::{Response, response};
use super::rules::Bucket;
use super::scenario::is_region;
use super::service::{Destination, ErrorCause, Request, RequestBody, Service};
use super::sigv4;
use super::state::LabState;

/// Where the counts are, on every address.
const REQUESTS_PATH: &str = "/_lab/requests";

/// One address and the services behind it.
pub(super) struct Router {
    state: Arc<LabState>,
    services: Vec<Arc<dyn Service>>,
    /// The packets that the address lets through, if they are limited.
    packets: Option<Bucket>,
}

impl Router {
    /// The services are asked in order; the last one gets what nobody claims.
    pub(super) fn new(
        state: &Arc<LabState>,
        services: Vec<Arc<dyn Service>>,
        packets: Option<Bucket>,
    ) -> Self {
        Self {
            state: Arc::clone(state),
            services,
            packets,
        }
    }

    /// Answers a request, whichever service it is for.
    pub(super) async fn answer(
        &self,
        request: http::Request<Incoming>,
        connection: &ConnectionControl,
    ) -> Result<Response, Disconnect> {
        let (head, body) = request.into_parts();
        if asks_for_counts(&head) {
            let counts = self.state.pipeline.counts.snapshot();
            let counts = serde_json::to_vec(&counts).unwrap_or_default();
            return Ok(response(StatusCode::OK, "application/json", counts));
        }
        if let Some(packets) = &self.packets {
            let first = connection.is_first_request();
            self.state.pipeline.after_packets(packets, first).await;
        }
        let (service, region) = self.route(&head);
        let body = match service.body_limit() {
            None => RequestBody::Unread(body),
            Some(limit) => {
                let Ok(body) = Limited::new(body, limit).collect().await else {
                    let status = StatusCode::PAYLOAD_TOO_LARGE;
                    return Ok(service.error(status, ErrorCause::TooLarge, ""));
                };
                RequestBody::Read(body.to_bytes())
            }
        };
        let request = Request { head, body, region };
        let pipeline = &self.state.pipeline;
        pipeline.run(service, request, connection).await
    }

    /// The service that a request is for, and the Region of the endpoint.
    fn route(&self, head: &Parts) -> (&dyn Service, String) {
        let home = &self.state.scenario.region;
        let host = host_of(head);
        let host = host.strip_suffix(".amazonaws.com").map(Destination::Host);
        let scope = sigv4::scope(head);
        let scope = scope.as_ref().map(|(region, service)| {
            let region = if is_region(region) { region } else { home };
            Destination::Scope { service, region }
        });
        let form = scope.is_none().then_some(Destination::Form(head));
        for destination in host.into_iter().chain(scope).chain(form) {
            for service in &self.services {
                if let Some(region) = service.claims(&destination) {
                    return (service.as_ref(), region.to_owned());
                }
            }
        }
        let last = self.services.last().expect("an address has services");
        (last.as_ref(), home.clone())
    }
}

/// Whether this is no request for a service but one for what they have counted.
fn asks_for_counts(head: &Parts) -> bool {
    head.uri.path() == REQUESTS_PATH && head.method == Method::GET
}

/// The host that a request names, in lower case, without its port.
pub(super) fn host_of(head: &Parts) -> String {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    without_port(host.unwrap_or_default()).to_ascii_lowercase()
}

pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::scenario::Scenario;
    use super::super::services;
    use super::super::services::cloudmap::CloudMap;
    use super::super::services::container;
    use super::*;

    fn head(method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Parts {
        let request = http::Request::builder().method(method).uri(path);
        let named = request.header(HOST, host);
        let request = headers.iter().fold(named, |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(()).unwrap().into_parts().0
    }

    /// The operation that a request without a body is counted under, and the Region that it is asked in.
    fn target(method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let scenario = Scenario::parse("region = 'me-central-1'", "test").unwrap();
        let state = Arc::new(LabState::new(scenario).unwrap());
        let cloudmap = Arc::new(CloudMap::new(&state));
        let router = Router::new(&state, services::main(&state, cloudmap), None);
        let head = head(method, host, path, headers);
        let (service, region) = router.route(&head);
        let body = RequestBody::Read(Bytes::new());
        let request = Request { head, body, region };
        format!("{} {}", service.operation(&request).name, request.region)
    }

    #[test]
    fn a_name_decides() {
        for (name, wanted) in [
            ("sts", "sts:other aws-global"),
            ("sts.eu-west-1", "sts:other eu-west-1"),
            ("servicediscovery.eu-west-1", "cloudmap:other eu-west-1"),
            (
                "data-servicediscovery.eu-west-1",
                "cloudmap:other eu-west-1",
            ),
        ] {
            let host = format!("{name}.amazonaws.com:4566");
            assert_eq!(target("POST", &host, "/", &[]), wanted);
        }
        for host in [
            "s3.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "s3-eu-west-1.amazonaws.com",
            "bucket.s3.eu-west-1.amazonaws.com:443",
            "a.b.s3.dualstack.eu-west-1.amazonaws.com",
        ] {
            assert!(target("GET", host, "/", &[]).starts_with("s3:"), "{host}");
        }
    }

    #[test]
    fn on_a_bare_address_the_signature_decides() {
        for (method, path, service, wanted) in [
            ("POST", "/", "sts", "sts:other eu-west-1"),
            ("GET", container::PATH, "s3", "s3:GetObject me-central-1"),
            ("POST", "/", "servicediscovery", "cloudmap:other eu-west-1"),
        ] {
            let scope = format!(
                "AWS4-HMAC-SHA256 Credential=AKIA/20261120/eu-west-1/{service}/aws4_request, \
                 SignedHeaders=host, Signature=0"
            );
            let signed = [("authorization", scope.as_str())];
            assert_eq!(target(method, "127.0.0.1:4566", path, &signed), wanted);
        }
        let presigned = "/?Action=GetCallerIdentity&X-Amz-Credential=AKIA%2F20261120%2Feu-west-3%2F\
                         sts%2Faws4_request&X-Amz-Signature=0";
        let seen = target("GET", "127.0.0.1:4566", presigned, &[]);
        assert_eq!(seen, "sts:GetCallerIdentity eu-west-3");
    }

    #[test]
    fn unsigned_the_form_decides() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let form = [("content-type", form)];
        let token = [("authorization", "a-token")];
        let discover = "Route53AutoNaming_v20170314.DiscoverInstances";
        let discover = [("x-amz-target", discover)];
        let task = format!("{}/task", container::METADATA_PATH);
        for (method, path, headers, wanted) in [
            ("POST", "/", &form[..], "sts:other"),
            ("GET", container::PATH, &token, "container:credentials"),
            ("POST", "/", &discover, "cloudmap:DiscoverInstances"),
            ("GET", &task, &[], "container:metadata"),
            ("GET", "/bucket/key", &[], "s3:GetObject"),
        ] {
            for host in ["[::1]:80", "localhost:4566", "localhost"] {
                let wanted = format!("{wanted} me-central-1");
                assert_eq!(target(method, host, path, headers), wanted);
            }
        }
        let counts = head("GET", "localhost", REQUESTS_PATH, &[]);
        assert!(asks_for_counts(&counts));
    }
}
