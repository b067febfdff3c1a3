//! `s3`: cold and warm credentials × cold and warm connections.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::byte_stream;
use clap::{Args, ValueEnum};
use tokio::time::timeout_at;

use super::command::{Command, Completed, Kind};
use super::diagnose;
use crate::client::{
    ArmFacts, Identity, Setup, SetupError, body_outcome, call_error_text, error_text, observe,
    outcome, sampled, timeline,
};
use crate::clock;
use crate::document::{Arm, Finding};
use crate::figures::time;
use crate::lab;
use crate::measure::load::CallFuture;
use crate::measure::{Call, Outcome, Sample};
use crate::run::{ArmCall, Failure, Hint, MeasuringOptions, Session, names};

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench s3 --compare-cache --lab                          try it, without an AWS account
  awscreds-bench s3 --compare-cache --bucket BUCKET --key KEY      what a cold start costs";

/// Time S3 calls: cold against warm credentials and connections
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct S3Args {
    /// Compare cold and warm credentials × cold and warm connections
    #[arg(long)]
    compare_cache: bool,

    /// The operation to call
    #[arg(long, value_enum, value_name = "OPERATION", default_value_t = Operation::GetObject)]
    operation: Operation,

    /// The bucket [default: the lab's]
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,

    /// The object [default: the lab's; for put-object: awscreds-bench-probe]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Bytes that put-object sends
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    size: usize,

    #[command(flatten)]
    options: MeasuringOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Operation {
    GetObject,
    HeadBucket,
    PutObject,
}

impl From<S3Args> for Command {
    fn from(args: S3Args) -> Self {
        let MeasuringOptions { output, checks, .. } = args.options.clone();
        Self::new(Kind::Latencies, output, checks, run(args))
    }
}

async fn run(args: S3Args) -> Result<Completed, Failure> {
    let session = args.options.begin("s3").await?;
    match measured(&args, &session).await {
        Err(failure) => Err(diagnose::explained(&session, failure).await),
        completed => completed,
    }
}

async fn measured(args: &S3Args, session: &Session) -> Result<Completed, Failure> {
    let options = &args.options;
    let request = Request::of(args, session)?;
    let mut arms = Vec::new();
    for kept in &ARMS[if args.compare_cache { 0 } else { 3 }..] {
        arms.push(arm(&session.setup, *kept, &request).await?);
    }
    options.checks.meant_for_arms(&names(&arms))?;
    let mut plan = options.plan();
    // Without one call before, the warm arms would be measured cold.
    plan.warmup = plan.warmup.max(1);
    let first = session.warm_up(&arms, &plan).await?;
    let mut run = session.measure(&plan, first);
    run.interleaved(&arms, &plan).await;
    let finding = cold_start(&run.body.arms);
    Ok(diagnose::completed(session, run, finding).await)
}

/// Names of the arms, short enough for a column, and whether their credentials and connections are kept from one call
/// to the next or made anew for each; the baseline first, and last what a client usually does.
const ARMS: [(&str, bool, bool); 4] = [
    ("cold-creds/cold-conn", false, false),
    ("cold-creds/warm-conn", false, true),
    ("warm-creds/cold-conn", true, false),
    ("warm-creds/warm-conn", true, true),
];

/// What every call of a run asks for.
#[derive(Clone)]
struct Request {
    operation: Operation,
    bucket: String,
    key: String,
    size: usize,
}

impl Request {
    fn of(args: &S3Args, session: &Session) -> Result<Self, Failure> {
        let labs = |name: &str| session.lab().map(|_| name.to_owned());
        let needed = |what: &str, value: Option<String>| {
            let value = value.with_context(|| format!("no {what} to call"));
            value.hint(format!(
                "pass --{what}, or measure the embedded lab with --lab"
            ))
        };
        let default_key = match args.operation {
            Operation::GetObject => labs(lab::KEY),
            Operation::PutObject => Some("awscreds-bench-probe".to_owned()),
            Operation::HeadBucket => Some(String::new()),
        };
        Ok(Self {
            operation: args.operation,
            bucket: needed("bucket", args.bucket.clone().or_else(|| labs(lab::BUCKET)))?,
            key: needed("key", args.key.clone().or(default_key))?,
            size: args.size,
        })
    }
}

async fn arm(
    setup: &Arc<Setup>,
    (name, keeps_credentials, keeps_connections): (&str, bool, bool),
    request: &Request,
) -> Result<ArmCall, Failure> {
    setup.check_endpoint("S3")?;
    let (setup, request) = (Arc::clone(setup), request.clone());
    let make = move |facts| {
        let mut call = S3Call {
            setup: Arc::clone(&setup),
            facts,
            identity: None,
            connections: None,
            client: None,
            request: request.clone(),
        };
        async move {
            if keeps_credentials {
                call.identity = Some(call.setup.identity(&call.facts).await?);
            }
            if keeps_connections {
                call.connections = Some(call.setup.connections(&call.facts)?);
            }
            if keeps_credentials && keeps_connections {
                call.client = Some(call.client().await?);
            }
            Ok(call)
        }
    };
    Ok(ArmCall::made(name, make).await?)
}

/// Calls with what is kept from one to the next.
struct S3Call {
    setup: Arc<Setup>,
    facts: Arc<ArmFacts>,
    identity: Option<Identity>,
    connections: Option<SharedHttpClient>,
    /// The client itself, where everything is kept.
    client: Option<aws_sdk_s3::Client>,
    request: Request,
}

impl Call for S3Call {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async move {
            let begun = clock::now();
            let client = self.client().await;
            let making = clock::since(begun);
            let sample = match client {
                Ok(client) => request(&client, &self.request, self.setup.timeout).await,
                Err(error) => timeline::never_sent(error_text(&error)),
            };
            sample.after_preparing(making)
        })
    }
}

impl S3Call {
    /// The client for one call, with whatever is cold made anew: as a fresh process would find it.
    async fn client(&self) -> Result<aws_sdk_s3::Client, SetupError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let identity = match &self.identity {
            Some(identity) => identity.clone(),
            None => self.setup.identity(&self.facts).await?,
        };
        let connections = match &self.connections {
            Some(connections) => connections.clone(),
            None => self.setup.connections(&self.facts)?,
        };
        let sdk = self.setup.sdk_config(connections, &identity);
        let mut config = aws_sdk_s3::config::Builder::from(&sdk)
            // A configured endpoint is often an address, which cannot have a bucket's name before it.
            .force_path_style(self.setup.endpoint_override("S3").is_some());
        config.push_interceptor(self.setup.interceptor(&self.facts));
        Ok(aws_sdk_s3::Client::from_conf(config.build()))
    }
}

async fn request(client: &aws_sdk_s3::Client, request: &Request, limit: Duration) -> Sample {
    let (bucket, key) = (&request.bucket, &request.key);
    match request.operation {
        Operation::HeadBucket => {
            sampled(Box::pin(client.head_bucket().bucket(bucket).send())).await
        }
        Operation::PutObject => {
            let call = client.put_object().bucket(bucket).key(key);
            let body = ByteStream::from(vec![0; request.size]);
            sampled(Box::pin(call.body(body).send())).await
        }
        Operation::GetObject => {
            get_object(client.get_object().bucket(bucket).key(key), limit).await
        }
    }
}

/// Gets an object and reads all of it, within the limit on the whole call: the body arrives after the SDK has handed
/// over the response, and nothing bounds it there. None of it is kept.
async fn get_object(call: GetObjectFluentBuilder, limit: Duration) -> Sample {
    let deadline = clock::ticks() + limit;
    let ((ended, error), timeline) = observe(Box::pin(async {
        let result = call.send().await;
        let ended = outcome(&result);
        match result {
            Err(error) => (ended, Some(call_error_text(&error))),
            Ok(object) => {
                let body = timeout_at(deadline, read_through(object.body));
                match timeline::reading_body(body).await {
                    Ok(Ok(())) => (ended, None),
                    Ok(Err(error)) => {
                        let text = format!("the body ended early: {}", error_text(&error));
                        (body_outcome(&error), Some(text))
                    }
                    Err(_) => {
                        let text = format!("the body was not complete within {limit:?}");
                        (Outcome::Timeout, Some(text))
                    }
                }
            }
        }
    }))
    .await;
    timeline.sample(ended, error)
}

async fn read_through(mut body: ByteStream) -> Result<(), byte_stream::error::Error> {
    while body.try_next().await?.is_some() {}
    Ok(())
}

/// What dominates a cold start, from the coldest and the warmest arm.
fn cold_start(arms: &[Arm]) -> Option<Finding> {
    let [cold, .., warm] = arms else {
        return None;
    };
    let (cold, warm) = (&cold.phases, &warm.phases);
    let (cold_total, warm_total) = (cold.total.mean_us?, warm.total.mean_us?);
    let credentials = cold.identity.mean_us? - warm.identity.mean_us?;
    let connection = cold.connect.mean_us? - warm.connect.mean_us?;
    let extra = cold_total - warm_total;
    if extra <= 0.0 || cold_total < 1.2 * warm_total {
        return None;
    }
    let (id, what, part, remedy) = if credentials >= connection {
        (
            "cold-start-credentials",
            "fetching credentials",
            credentials,
            "keep one client for the life of the process and share it; in short-lived processes cache credentials \
             across processes, and fetch them before the first request",
        )
    } else {
        (
            "cold-start-connection",
            "connecting (DNS, TCP and TLS)",
            connection,
            "keep one client for the life of the process, so that connections are reused; open one before the first \
             request; check the distance to the endpoint",
        )
    };
    let share = 100.0 * part / extra;
    let [cold, warm, extra, credentials, connection] =
        [cold_total, warm_total, extra, credentials, connection].map(time);
    Some(Finding::info(
        id,
        format!(
            "a cold start takes {cold} instead of {warm}, and {share:.0} % of the difference is {what}"
        ),
        format!(
            "of {extra} extra on average, credentials take {credentials} and the connection {connection}"
        ),
        remedy,
    ))
}
