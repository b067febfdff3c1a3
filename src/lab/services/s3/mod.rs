//! S3: the protocol from the `s3s` crate, over objects in memory.
//!
//! Ours are the objects, who is [let in](admission), the host names, and the names of the operations as they are
//! counted. The state is bounded: see [`objects`].

mod access;
mod admission;
mod backend;
mod chunks;
mod host;
mod objects;
mod operation;

use std::sync::{Arc, Mutex};

use http::{HeaderName, StatusCode};
use http_body_util::BodyExt;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use s3s::service::{S3Service, S3ServiceBuilder};

use self::access::Access;
use self::admission::{Refusal, admit};
use self::backend::Backend;
use self::host::{Hosts, bucket_in, bucket_of, region_in};
use self::objects::{Object, Objects};
use crate::lab::response::{Response, escape_xml, header, response};
use crate::lab::router::host_of;
use crate::lab::rules::RuleEvaluator;
use crate::lab::service::{Destination, ErrorCause, Operation, Request, RequestContext, Service};
use crate::lab::state::LabState;

/// The bucket that the lab brings.
pub const BUCKET: &str = "awscreds-bench-lab";
/// An object of 1 KiB in [`BUCKET`].
pub const KEY: &str = "object-1k";
/// An object of 1 MiB in [`BUCKET`].
pub const LARGE_KEY: &str = "object-1m";

const INTERNAL_ERROR: &str = "We encountered an internal error. Please try again.";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

pub(in crate::lab) struct S3 {
    state: Arc<LabState>,
    service: S3Service,
    rules: Arc<RuleEvaluator>,
}

#[async_trait::async_trait]
impl Service for S3 {
    fn claims<'a>(&'a self, destination: &Destination<'a>) -> Option<&'a str> {
        match destination {
            Destination::Host(name) => bucket_in(name).map(|_| region_in(name)),
            Destination::Scope { .. } | Destination::Form(_) => Some(&self.state.scenario.region),
        }
    }

    fn operation(&self, request: &Request) -> Operation {
        let head = &request.head;
        Operation {
            name: operation::name(
                &head.method,
                bucket_of(&host_of(head)).is_some(),
                request.path(),
                request.query(),
                head.headers.contains_key("x-amz-copy-source"),
            ),
            rules: Arc::clone(&self.rules),
        }
    }

    /// Serves the request on its arrival and holds the response back until it is due.
    async fn answer(&self, request: Request, context: RequestContext<'_>) -> Response {
        let internal = |_| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Refusal::new(status, "InternalError", INTERNAL_ERROR)
        };
        let served = match admit(&self.state, request, context.arrived).await {
            Ok(request) => self.service.call(request).await.map_err(internal),
            Err(refusal) => Err(refusal),
        };
        context.due().await;
        let failed = |refusal: Refusal| failure(&refusal, &context.request_id);
        let served = served.map(|response| response.map(BodyExt::boxed_unsync));
        let mut response = served.unwrap_or_else(failed);
        header(&mut response, REQUEST_ID, &short(&context.request_id));
        header(&mut response, http::header::SERVER, "AmazonS3");
        response
    }

    fn error(&self, status: StatusCode, cause: ErrorCause, request_id: &str) -> Response {
        let (code, message) = match (cause, status.as_u16()) {
            (ErrorCause::Throttled, _) => ("SlowDown", "Please reduce your request rate."),
            (_, 403) => ("AccessDenied", "Access Denied"),
            (_, 503) => ("ServiceUnavailable", "Service is unable to handle request."),
            _ => ("InternalError", INTERNAL_ERROR),
        };
        let refusal = Refusal::new(status, code, message);
        failure(&refusal, request_id)
    }
}

impl S3 {
    pub(in crate::lab) fn new(state: &Arc<LabState>) -> Self {
        let scenario = &state.scenario;
        let mut objects = Objects::default();
        // There is room for these, and nothing is there yet.
        let _ = objects.create_bucket(BUCKET, state.started);
        for (key, length) in [(KEY, 1024), (LARGE_KEY, 1 << 20)] {
            // They do not compress, and are the same for the same seed.
            let mut bytes = vec![0; length];
            StdRng::seed_from_u64(scenario.seed).fill_bytes(&mut bytes);
            let object = Object::new(bytes.into(), state.started);
            let _ = objects.put(BUCKET, key, object, false);
        }
        let mut builder = S3ServiceBuilder::new(Backend {
            objects: Mutex::new(objects),
            region: scenario.region.clone(),
        });
        let access = Access(Arc::clone(state));
        builder.set_auth(access.clone());
        builder.set_access(access);
        builder.set_host(Hosts);
        Self {
            service: builder.build(),
            rules: Arc::new(RuleEvaluator::new(scenario.s3, scenario.seed, "s3", &[])),
            state: Arc::clone(state),
        }
    }
}

fn failure(refusal: &Refusal, request_id: &str) -> Response {
    let (error, request_id) = (&refusal.error, short(request_id));
    let unsigned = match refusal.unsigned.join(", ") {
        none if none.is_empty() => none,
        names => format!(
            "<HeadersNotSigned>{}</HeadersNotSigned>",
            escape_xml(&names)
        ),
    };
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>{unsigned}\
         <RequestId>{request_id}</RequestId></Error>",
        error.code,
        escape_xml(&error.message)
    );
    let mut response = response(error.status, "application/xml", body);
    header(&mut response, REQUEST_ID, &request_id);
    response
}

/// S3's request ids are sixteen characters, in capitals.
fn short(request_id: &str) -> String {
    let digits = request_id.chars().filter(char::is_ascii_hexdigit);
    digits.take(16).collect::<String>().to_ascii_uppercase()
}
