//! S3: the protocol and its signatures from the `s3s` crate, over objects in memory.
//!
//! Ours are the objects, the credentials that are accepted, the host names, and the names of the
//! operations as they are counted. The state is bounded: see [`objects`].

mod access;
mod backend;
mod listing;
mod objects;
mod operation;

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderName, Request, StatusCode};
use hyper::body::Incoming;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use s3s::service::{S3Service, S3ServiceBuilder};

use self::access::{Access, Keys, VirtualHosts};
use self::backend::Backend;
use self::objects::Objects;
pub(super) use self::operation::operation;
use super::issuer::Issuer;
use super::reply::{Problem, ReplyBody, Response, escape_xml, header, reply};
use super::route;
use super::stage::Turn;

/// The bucket that the lab brings.
pub const BUCKET: &str = "awscreds-bench-lab";
/// An object of 1 KiB in [`BUCKET`].
pub const KEY: &str = "object-1k";
/// An object of 1 MiB in [`BUCKET`].
pub const LARGE_KEY: &str = "object-1m";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// The service.
pub(super) struct S3 {
    service: S3Service,
}

impl S3 {
    pub(super) fn new(issuer: &Arc<Issuer>, region: &str, seed: u64, now: SystemTime) -> Self {
        let objects = Objects::default();
        objects.seed(
            BUCKET,
            now,
            [(KEY, noise(seed, 1024)), (LARGE_KEY, noise(seed, 1 << 20))],
        );
        let mut builder = S3ServiceBuilder::new(Backend::new(objects, region));
        builder.set_auth(Keys(Arc::clone(issuer)));
        builder.set_access(Access(Arc::clone(issuer)));
        builder.set_host(VirtualHosts);
        Self {
            service: builder.build(),
        }
    }

    /// Serves the request on its arrival and holds the answer until its turn has come.
    pub(super) async fn answer(&self, turn: Turn<'_>, request: Request<Incoming>) -> Response {
        let served = self.service.call(request.map(s3s::Body::from)).await;
        turn.due().await;
        let mut response = match served {
            Ok(response) => response.map(ReplyBody::S3),
            Err(_) => rule_failure(
                StatusCode::INTERNAL_SERVER_ERROR,
                Problem::Fault,
                &turn.request_id,
            ),
        };
        header(&mut response, REQUEST_ID, &short(&turn.request_id));
        header(&mut response, http::header::SERVER, "AmazonS3");
        response
    }
}

/// Bytes that do not compress, the same for the same seed.
fn noise(seed: u64, length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes.into()
}

/// The name of the counted operation for a request.
pub(super) fn operation_of<B>(request: &Request<B>) -> &'static str {
    let host = request.headers().get(http::header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = route::without_port(host).to_ascii_lowercase();
    operation(
        request.method(),
        route::bucket_of(&host).is_some(),
        request.uri().path(),
        request.uri().query().unwrap_or_default(),
        request.headers().contains_key("x-amz-copy-source"),
    )
}

/// S3's request ids are sixteen characters, in capitals.
fn short(request_id: &str) -> String {
    request_id
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .take(16)
        .map(|byte| byte.to_ascii_uppercase() as char)
        .collect()
}

/// The service's error for a rule.
pub(super) fn rule_failure(status: StatusCode, why: Problem, request_id: &str) -> Response {
    let (code, message) = match (why, status.as_u16()) {
        (Problem::Throttled, _) => ("SlowDown", "Please reduce your request rate."),
        (Problem::Fault, 403) => ("AccessDenied", "Access Denied"),
        (Problem::Fault, 503) => ("ServiceUnavailable", "Service is unable to handle request."),
        (Problem::Fault, _) => (
            "InternalError",
            "We encountered an internal error. Please try again.",
        ),
    };
    let request_id = short(request_id);
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}\
         </Message><RequestId>{request_id}</RequestId></Error>",
        escape_xml(message)
    );
    let mut response = reply(status, "application/xml", body);
    header(&mut response, REQUEST_ID, &request_id);
    response
}
