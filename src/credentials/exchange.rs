//! Times every HTTP exchange with a credential source, by wrapping the HTTP client that the providers use.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::ConnectionMetadata;
use aws_smithy_runtime_api::client::http::telemetry::{
    CaptureHttpAttemptTelemetry, ConnectionAcquisitionTelemetry, ConnectionUsage,
    HttpAttemptTelemetry,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::ErrorKind;
use http::Uri;
use rustix::io::Errno;
use url::form_urlencoded;

use super::answer::{self, TOKEN_TTL, Unread};
use super::guarded;
use crate::clock;
use crate::measure::{Distribution, Outcome};

tokio::task_local! {
    static LAST: Cell<Option<Outcome>>;
}

/// Runs `fetch`, and tells how the last of its exchanges ended, if there was one. Providers report a refused or
/// unanswered exchange in words only.
pub async fn watching<F: Future>(fetch: F) -> (F::Output, Option<Outcome>) {
    let scoped = async {
        let output = fetch.await;
        (output, LAST.with(Cell::get))
    };
    LAST.scope(Cell::default(), scoped).await
}

fn note(outcome: Outcome) {
    // Outside a watched fetch nobody asks.
    let _ = LAST.try_with(|last| last.set(Some(outcome)));
}

/// The exchanges of one operation. An exchange ends with the head of the response.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ExchangeStats {
    /// Exchanges begun; one that its caller gave up on has no other mark.
    pub count: u64,
    /// Answered with a status below 400.
    pub ok: u64,
    /// Answered with 429 or 503.
    pub throttled: u64,
    /// Ended by the connector's time limit, or given up on by the caller.
    pub timeout: u64,
    /// Of answered exchanges.
    pub latency: Distribution,
    /// Answered exchanges whose connection had carried none before.
    pub fresh: u64,
    pub reused: u64,
    /// Addresses that connections really reached.
    pub remotes: BTreeSet<SocketAddr>,
}

/// Exchanges with credential sources, by operation (`imds:token`, `sts:AssumeRole`, …). Clones share
/// one record.
#[derive(Clone, Debug, Default)]
pub struct Exchanges(Arc<Mutex<BTreeMap<String, ExchangeStats>>>);

impl Exchanges {
    /// What was recorded so far.
    pub fn snapshot(&self) -> BTreeMap<String, ExchangeStats> {
        self.operations().clone()
    }

    /// Forgets what was recorded so far.
    pub fn clear(&self) {
        self.operations().clear();
    }

    /// Adds what another process has recorded of one operation.
    pub fn absorb(&self, operation: &str, others: &ExchangeStats) {
        self.update(operation, |stats| {
            stats.count += others.count;
            stats.ok += others.ok;
            stats.throttled += others.throttled;
            stats.timeout += others.timeout;
            stats.latency.absorb(&others.latency);
            stats.fresh += others.fresh;
            stats.reused += others.reused;
            stats.remotes.extend(&others.remotes);
        });
    }

    /// `client`, with every exchange recorded here, and every answer read and checked before anybody else sees it.
    pub fn timed(&self, client: SharedHttpClient) -> SharedHttpClient {
        let exchanges = self.clone();
        http_client_fn(move |settings, components| {
            SharedHttpConnector::new(TimedConnector {
                connector: client.http_connector(settings, components),
                exchanges: exchanges.clone(),
            })
        })
    }

    fn update(&self, operation: &str, change: impl FnOnce(&mut ExchangeStats)) {
        change(self.operations().entry(operation.to_owned()).or_default());
    }

    fn operations(&self) -> MutexGuard<'_, BTreeMap<String, ExchangeStats>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct TimedConnector {
    connector: SharedHttpConnector,
    exchanges: Exchanges,
}

impl HttpConnector for TimedConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let capture = request
            .extension::<CaptureHttpAttemptTelemetry>()
            .cloned()
            .unwrap_or_default();
        request.add_extension(capture.clone());
        let operation = operation_name(request.method(), request.uri(), request.body().bytes());
        let asked_ttl = request.headers().get(TOKEN_TTL).map(str::to_owned);
        let (connector, exchanges) = (self.connector.clone(), self.exchanges.clone());
        HttpConnectorFuture::new(async move {
            let mut in_flight = InFlight {
                exchanges: &exchanges,
                operation: &operation,
                answered: false,
                read: false,
            };
            exchanges.update(&operation, |stats| stats.count += 1);
            let start = clock::now();
            let result = connector.call(request).await;
            let elapsed = clock::since(start);
            in_flight.answered = true;
            exchanges.update(&operation, |stats| {
                book_answer(stats, elapsed, &result);
                book_connection(stats, &capture.get());
            });
            let mut read = match result {
                Ok(response) => read(&operation, response).await,
                Err(error) => Err(error),
            };
            in_flight.read = true;
            if let (Ok(response), Some(asked)) = (&mut read, asked_ttl) {
                complete_token_answer(response, asked);
            }
            read
        })
    }
}

/// The whole answer, if it is one. What the SDK would ask for again, it may: a broken answer, or one that is none.
async fn read(operation: &str, response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let again = Some(ErrorKind::TransientError);
    let unread = match answer::read(operation, response).await {
        Ok(response) => return Ok(response),
        Err(unread) => unread,
    };
    note(Outcome::Other);
    Err(match unread {
        Unread::Broken(error) => ConnectorError::other(error, again),
        Unread::Bad(bad) => {
            guarded::note(bad.clone());
            ConnectorError::other(bad.into(), again)
        }
    })
}

/// Books an exchange as timed out when its future is dropped before an answer: that is how a provider's
/// own time limit ends it.
struct InFlight<'a> {
    exchanges: &'a Exchanges,
    operation: &'a str,
    answered: bool,
    read: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.exchanges
                .update(self.operation, |stats| stats.timeout += 1);
        }
        if !self.read {
            note(Outcome::Timeout);
        }
    }
}

/// IMDS states how long a token lasts in a header. Stand-ins for it (moto's is one) leave that out, and the
/// Rust SDK then refuses the token; other SDKs take it to last as long as they asked for, and so do we.
fn complete_token_answer(response: &mut HttpResponse, asked: String) {
    if response.status().is_success() && !response.headers().contains_key(TOKEN_TTL) {
        response.headers_mut().insert(TOKEN_TTL, asked);
    }
}

fn book_answer(
    stats: &mut ExchangeStats,
    elapsed: Duration,
    result: &Result<HttpResponse, ConnectorError>,
) {
    let ended = match result {
        Ok(response) => {
            stats.latency.record(elapsed);
            match response.status().as_u16() {
                ..=399 => Outcome::Ok,
                refused => refusal(refused),
            }
        }
        Err(error) => unanswered(error).unwrap_or(Outcome::Other),
    };
    match ended {
        Outcome::Ok => stats.ok += 1,
        Outcome::Throttled => stats.throttled += 1,
        Outcome::Timeout => stats.timeout += 1,
        Outcome::Denied | Outcome::Connect | Outcome::Reset | Outcome::Other => (),
    }
    note(ended);
}

/// What an answer with this HTTP status means, where it is not a success.
pub fn refusal(status: u16) -> Outcome {
    match status {
        429 | 503 => Outcome::Throttled,
        401 | 403 => Outcome::Denied,
        _ => Outcome::Other,
    }
}

/// Why an exchange got no answer, where the connector knows. Notes where that is this process's own limit.
pub fn unanswered(error: &ConnectorError) -> Option<Outcome> {
    if lacks_files(error) {
        OUT_OF_FILES.store(true, Ordering::Relaxed);
    }
    let transient = error.as_other() == Some(ErrorKind::TransientError);
    match error.connection_metadata() {
        _ if error.is_timeout() => Some(Outcome::Timeout),
        Some(_) if error.is_io() || transient => Some(Outcome::Reset),
        _ => error.is_io().then_some(Outcome::Connect),
    }
}

static OUT_OF_FILES: AtomicBool = AtomicBool::new(false);

/// Whether an exchange or a call has failed since this process had no file descriptor left.
pub fn out_of_files() -> bool {
    OUT_OF_FILES.load(Ordering::Relaxed)
}

fn lacks_files(error: &(dyn Error + 'static)) -> bool {
    let own = error.downcast_ref().and_then(io::Error::raw_os_error);
    let lacking = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    own.is_some_and(|own| lacking.contains(&own)) || error.source().is_some_and(lacks_files)
}

fn book_connection(stats: &mut ExchangeStats, telemetry: &HttpAttemptTelemetry) {
    match telemetry
        .acquisition()
        .map(ConnectionAcquisitionTelemetry::usage)
    {
        Some(ConnectionUsage::Fresh) => {
            let connection = telemetry.connection();
            let remote = connection.and_then(ConnectionMetadata::remote_addr);
            stats.fresh += 1;
            stats.remotes.extend(remote);
        }
        Some(_) => stats.reused += 1,
        None => (),
    }
}

/// The name of the operation that a provider's request asks for.
fn operation_name(method: &str, uri: &str, body: Option<&[u8]>) -> String {
    let mut form = form_urlencoded::parse(body.unwrap_or_default());
    if let Some((_, action)) = form.find(|(name, _)| name == "Action") {
        return format!("sts:{action}");
    }
    let uri = uri.parse::<Uri>().unwrap_or_default();
    if let Some(metadata) = uri.path().strip_prefix("/latest/") {
        return imds_operation(method, metadata).to_owned();
    }
    match uri.host().and_then(|host| host.split('.').next()) {
        Some("portal") => "sso:GetRoleCredentials".to_owned(),
        Some("oidc") => "sso-oidc:CreateToken".to_owned(),
        _ => "container:credentials".to_owned(),
    }
}

fn imds_operation(method: &str, path: &str) -> &'static str {
    let role = path.strip_prefix("meta-data/iam/security-credentials");
    match (method, role) {
        ("PUT", _) if path == "api/token" => "imds:token",
        (_, Some("" | "/")) => "imds:role",
        (_, Some(_)) => "imds:credentials",
        _ => "imds:other",
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// A source that answers with these statuses, one after another.
    fn answering(statuses: [u16; 2]) -> SharedHttpConnector {
        #[derive(Debug)]
        struct Answering(Mutex<Vec<u16>>);
        impl HttpConnector for Answering {
            fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
                let status = self.0.lock().unwrap().remove(0);
                let status = status.try_into().expect("a status");
                let answer = HttpResponse::new(status, SdkBody::empty());
                HttpConnectorFuture::ready(Ok(answer))
            }
        }
        SharedHttpConnector::new(Answering(Mutex::new(statuses.to_vec())))
    }

    #[tokio::test]
    async fn a_fetch_tells_how_its_last_exchange_ended_and_what_it_met_before_is_recorded() {
        let source = TimedConnector {
            connector: answering([503, 200]),
            exchanges: Exchanges::default(),
        };
        let fetch = async {
            for _ in 0..2 {
                let request = HttpRequest::get("http://169.254.170.2/").expect("a request");
                source.call(request).await.expect("an answer");
            }
        };
        let ((), last) = watching(fetch).await;
        assert_eq!(last, Some(Outcome::Ok));
        let stats = &source.exchanges.snapshot()["container:credentials"];
        assert_eq!((stats.throttled, stats.ok), (1, 1));
    }

    #[test]
    fn requests_of_every_source_have_their_names() {
        let imds = "http://169.254.169.254/latest";
        let roles = format!("GET {imds}/meta-data/iam/security-credentials/");
        let action = "Action=AssumeRole&Version=2011-06-15";
        let sso = "GET https://portal.sso.eu-west-1.amazonaws.com/federation/credentials";
        for (request, body, name) in [
            (&*format!("PUT {imds}/api/token"), "", "imds:token"),
            (&roles, "", "imds:role"),
            (&format!("{roles}my-role"), "", "imds:credentials"),
            (
                "GET http://[fd00:ec2::254]/latest/meta-data/placement/region",
                "",
                "imds:other",
            ),
            (
                "GET http://169.254.170.2/v2/credentials/abc?x=1",
                "",
                "container:credentials",
            ),
            ("POST https://sts.amazonaws.com/", action, "sts:AssumeRole"),
            (sso, "", "sso:GetRoleCredentials"),
        ] {
            let (method, uri) = request.split_once(' ').expect("a method and a URI");
            let body = Some(body).filter(|body| !body.is_empty());
            let operation = operation_name(method, uri, body.map(str::as_bytes));
            assert_eq!(operation, name, "{uri}");
        }
    }
}
