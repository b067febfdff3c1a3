//! `--listen`: one balanced call for each `GET /describe`, so that any load generator can drive it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::findings;
use super::requests::BalancedCalls;
use super::service::Service;
use crate::client::ArmFacts;
use crate::clock;
use crate::commands::command::Completed;
use crate::disclosure;
use crate::document::{Load, LoadMode};
use crate::measure::Tally;
use crate::render;
use crate::run::{self, Failure, FirstCalls, Hint, Session};

/// The path that is served.
const PATH: &str = "/describe";
/// For answers under way when the end has come.
const GRACE: Duration = Duration::from_millis(250);

/// Serves until interrupted, or until as much was answered as was asked for.
pub(super) async fn run(
    session: &Session,
    service: &Arc<Service>,
    address: SocketAddr,
) -> Result<Completed, Failure> {
    let options = &service.args.options;
    let policy = service
        .args
        .policy()
        .context("--listen serves with one policy")
        .hint("give one --policy, or none for prefer-az")?;
    let starting = BalancedCalls::start(session, service, policy, options.load.seed);
    let calls = session.preparing(starting).await??;
    let mut run = session.measure(&options.plan(), FirstCalls::default());
    // Others ask, whoever they are.
    run.body.load = Load {
        mode: LoadMode::Received,
        requests: options.load.requests,
        duration_s: run.body.load.duration_s,
        ..Load::default()
    };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
        .hint("choose another address or port; port 0 picks a free one")?;
    let bound = listener.local_addr().unwrap_or(address);
    // Said even if --quiet: with port 0 nobody could know.
    render::note(&format!("listening on http://{bound}{PATH}"));
    let server = Arc::new(Server {
        calls,
        most: options.load.requests.unwrap_or(u64::MAX),
        started: clock::now(),
        tally: Mutex::default(),
        done: Notify::new(),
    });
    let (requests, time) = (options.load.requests, options.load.duration);
    let interrupted = tokio::select! {
        () = serve(listener, &server) => false,
        () = tokio::time::sleep(time.unwrap_or_default()), if time.is_some() => false,
        () = session.stop.stopped() => true,
    };
    // Whoever serves without an end in sight is meant to be interrupted.
    run.body.complete = !interrupted || (requests.is_none() && time.is_none());
    let name = server.calls.name();
    let mut arm = run::arm(&name, &server.tally(), &ArmFacts::default());
    server.calls.describe(&mut arm);
    run.body.arms.push(arm);
    let findings = findings::of(service, slice::from_ref(&server.calls), &run.body.arms);
    Ok(Completed::measured(run.document(findings)))
}

/// What the connections share.
struct Server {
    calls: Arc<BalancedCalls>,
    /// Answers after which it is over.
    most: u64,
    started: Instant,
    tally: Mutex<Tally>,
    done: Notify,
}

/// Accepts until enough was answered.
async fn serve(listener: TcpListener, server: &Arc<Server>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Out of sockets, or gone before it was accepted.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                };
                let _ = stream.set_nodelay(true);
                let server = Arc::clone(server);
                connections.spawn(async move {
                    let answer = service_fn(async |request| {
                        Ok::<_, Infallible>(server.answer(&request).await)
                    });
                    // How a caller's connection ends is the caller's affair.
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
            () = server.done.notified() => break,
        }
    }
    // The last answers are still being written.
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, ended).await;
}

impl Server {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != PATH {
            let error = format!("only {PATH} is here");
            return reply(StatusCode::NOT_FOUND, &json!({"error": error}));
        }
        if request.method() != Method::GET {
            let error = json!({"error": "only GET"});
            return reply(StatusCode::METHOD_NOT_ALLOWED, &error);
        }
        let at = clock::since(self.started);
        let (sample, answer) = self.calls.make().await;
        let number = {
            let mut tally = self.tally();
            let before = tally.requests;
            tally.record(before, at, &sample);
            before + 1
        };
        if number >= self.most {
            self.done.notify_one();
        }
        let mut body = json!({"msgId": number.to_string()});
        let status = if let Some(answer) = answer {
            body["availabilityZone"] = json!(answer.zone);
            StatusCode::OK
        } else {
            // It leaves the process past the results.
            body["error"] = json!(sample.error.as_deref().map(disclosure::shown));
            StatusCode::SERVICE_UNAVAILABLE
        };
        reply(status, &body)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
