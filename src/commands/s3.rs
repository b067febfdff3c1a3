//! `s3`: cold and warm credentials × cold and warm connections.

use std::sync::Arc;

use anyhow::anyhow;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use clap::{Args, ValueEnum};

use super::command::{Command, Completed};
use crate::client::{
    ArmFacts, Identity, Setup, SetupError, call_error_text, error_text, observe, outcome, sampled,
    timeline,
};
use crate::credentials::Source;
use crate::document::{Arm, Finding, Severity};
use crate::lab;
use crate::measure::load::CallFuture;
use crate::measure::{Call, Outcome, Sample};
use crate::run::{
    ArmCall, CheckOptions, Failure, LoadOptions, OutputOptions, PacingOptions, Session,
    TargetOptions, names,
};

/// Time S3 calls: cold against warm credentials and connections
#[derive(Args, Clone, Debug)]
pub struct S3Args {
    /// Compare four arms: cold and warm credentials × cold and warm connections
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
    load: LoadOptions,
    #[command(flatten)]
    pacing: PacingOptions,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    checks: CheckOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Operation {
    GetObject,
    HeadBucket,
    PutObject,
}

impl From<S3Args> for Command {
    fn from(args: S3Args) -> Self {
        Self::new(args.output.clone(), args.checks.clone(), run(args))
    }
}

async fn run(args: S3Args) -> Result<Completed, Failure> {
    let source = args.target.source.unwrap_or(Source::Chain);
    let session = Session::begin("s3", &args.target, &args.output, source).await?;
    let request = Request::of(&args, &session)?;
    let mut arms = Vec::new();
    for (credentials, connection) in temperatures(args.compare_cache) {
        arms.push(arm(&session.setup, credentials, connection, &request).await?);
    }
    args.checks.meant_for_arms(&names(&arms))?;
    let mut plan = args.load.plan(&args.pacing);
    // Without one call before, the warm arms would be measured cold.
    plan.warmup = plan.warmup.max(1);
    session.warm_up(&arms, &plan).await?;
    let mut run = session.measure(&plan);
    run.interleaved(&arms, &plan).await;
    let findings = findings(&run.arms);
    Ok(Completed::measured(run.document(findings)))
}

/// Whether something is made anew for each call, or kept from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temperature {
    Cold,
    Warm,
}

impl Temperature {
    fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }
}

/// The arms as (credentials, connection); the baseline first.
fn temperatures(compare: bool) -> Vec<(Temperature, Temperature)> {
    use Temperature::{Cold, Warm};
    if compare {
        vec![(Cold, Cold), (Cold, Warm), (Warm, Cold), (Warm, Warm)]
    } else {
        vec![(Warm, Warm)]
    }
}

/// The name of an arm, short enough for a column.
fn arm_name(credentials: Temperature, connection: Temperature) -> String {
    format!("{}-creds/{}-conn", credentials.name(), connection.name())
}

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
        let lab = session.lab().is_some();
        let missing = |what: &str| {
            Failure::new(
                anyhow!("no {what} to call"),
                format!("pass --{what}, or measure the embedded lab with --lab"),
            )
        };
        let bucket = args
            .bucket
            .clone()
            .or_else(|| lab.then(|| lab::BUCKET.to_owned()));
        let default_key = match args.operation {
            Operation::GetObject => lab.then(|| lab::KEY.to_owned()),
            Operation::PutObject => Some("awscreds-bench-probe".to_owned()),
            Operation::HeadBucket => Some(String::new()),
        };
        Ok(Self {
            operation: args.operation,
            bucket: bucket.ok_or_else(|| missing("bucket"))?,
            key: args
                .key
                .clone()
                .or(default_key)
                .ok_or_else(|| missing("key"))?,
            size: args.size,
        })
    }
}

async fn arm(
    setup: &Arc<Setup>,
    credentials: Temperature,
    connection: Temperature,
    request: &Request,
) -> Result<ArmCall, Failure> {
    let facts = Arc::new(ArmFacts::default());
    let kept = Kept {
        identity: match credentials {
            Temperature::Warm => Some(setup.identity(&facts).await?),
            Temperature::Cold => None,
        },
        connections: match connection {
            Temperature::Warm => Some(setup.connections(&facts)?),
            Temperature::Cold => None,
        },
    };
    let client = match &kept {
        Kept {
            identity: Some(identity),
            connections: Some(connections),
        } => Some(client(setup, &facts, identity, connections.clone())),
        _ => None,
    };
    let call = S3Call {
        setup: Arc::clone(setup),
        facts: Arc::clone(&facts),
        kept,
        client,
        request: request.clone(),
    };
    Ok(ArmCall {
        name: arm_name(credentials, connection),
        call: Arc::new(call),
        facts,
    })
}

/// What an arm keeps from one call to the next.
struct Kept {
    identity: Option<Identity>,
    connections: Option<SharedHttpClient>,
}

struct S3Call {
    setup: Arc<Setup>,
    facts: Arc<ArmFacts>,
    kept: Kept,
    /// The client itself, where everything is kept.
    client: Option<aws_sdk_s3::Client>,
    request: Request,
}

impl Call for S3Call {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async move {
            match self.client().await {
                Ok(client) => request(&client, &self.request).await,
                Err(error) => timeline::never_sent(error_text(&error)),
            }
        })
    }
}

impl S3Call {
    /// The client for one call, with whatever is cold made anew: as a fresh process would find it.
    async fn client(&self) -> Result<aws_sdk_s3::Client, SetupError> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let identity = match &self.kept.identity {
            Some(identity) => identity.clone(),
            None => self.setup.identity(&self.facts).await?,
        };
        let connections = match &self.kept.connections {
            Some(connections) => connections.clone(),
            None => self.setup.connections(&self.facts)?,
        };
        Ok(client(&self.setup, &self.facts, &identity, connections))
    }
}

fn client(
    setup: &Setup,
    facts: &Arc<ArmFacts>,
    identity: &Identity,
    connections: SharedHttpClient,
) -> aws_sdk_s3::Client {
    let sdk = setup.sdk_config(connections, identity);
    let mut config = aws_sdk_s3::config::Builder::from(&sdk)
        // A configured endpoint is often an address, which cannot have a bucket's name before it.
        .force_path_style(setup.endpoint_override("S3").is_some());
    config.push_interceptor(setup.interceptor(facts));
    let config = config.build();
    aws_sdk_s3::Client::from_conf(config)
}

async fn request(client: &aws_sdk_s3::Client, request: &Request) -> Sample {
    let Request {
        operation,
        bucket,
        key,
        size,
    } = request;
    match operation {
        Operation::HeadBucket => {
            sampled(Box::pin(client.head_bucket().bucket(bucket).send())).await
        }
        Operation::PutObject => {
            let body = ByteStream::from(vec![0; *size]);
            sampled(Box::pin(
                client
                    .put_object()
                    .bucket(bucket)
                    .key(key)
                    .body(body)
                    .send(),
            ))
            .await
        }
        Operation::GetObject => get_object(client.get_object().bucket(bucket).key(key)).await,
    }
}

/// Gets an object and reads all of it: the body arrives after the SDK has handed over the response.
async fn get_object(
    call: aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder,
) -> Sample {
    let ((mut ended, mut error), timeline) = observe(Box::pin(async {
        let result = call.send().await;
        let ended = outcome(&result);
        match result {
            Err(error) => (ended, Some(call_error_text(&error))),
            Ok(object) => {
                let body = timeline::reading_body(object.body.collect()).await;
                (ended, body.err().map(|error| error_text(&error)))
            }
        }
    }))
    .await;
    if ended == Outcome::Ok && error.is_some() {
        ended = Outcome::Other;
        error = error.map(|error| format!("the body ended early: {error}"));
    }
    timeline.sample(ended, error)
}

/// What dominates a cold start, from the coldest and the warmest arm.
fn findings(arms: &[Arm]) -> Vec<Finding> {
    use Temperature::{Cold, Warm};
    let named = |name: String| arms.iter().find(|arm| arm.name == name);
    let (Some(cold), Some(warm)) = (named(arm_name(Cold, Cold)), named(arm_name(Warm, Warm)))
    else {
        return vec![];
    };
    cold_start(cold, warm).into_iter().collect()
}

fn cold_start(cold: &Arm, warm: &Arm) -> Option<Finding> {
    let ms = |us: Option<f64>| us.map(|us| us / 1e3);
    let (cold_total, warm_total) = (
        ms(cold.phases.total.mean_us)?,
        ms(warm.phases.total.mean_us)?,
    );
    let credentials = ms(cold.phases.identity.mean_us)? - ms(warm.phases.identity.mean_us)?;
    let connection = ms(cold.phases.connect.mean_us)? - ms(warm.phases.connect.mean_us)?;
    let extra = cold_total - warm_total;
    if extra <= 0.0 || cold_total < 1.2 * warm_total {
        return None;
    }
    let (id, what, share, remedy) = if credentials >= connection {
        let remedy = "keep one client for the life of the process and share it; in short-lived processes cache \
            credentials across processes, and fetch them before the first request";
        (
            "cold-start-credentials",
            "fetching credentials",
            credentials / extra,
            remedy,
        )
    } else {
        let remedy = "keep one client for the life of the process, so that connections are reused; open one \
            before the first request; check the distance to the endpoint";
        (
            "cold-start-connection",
            "connecting (DNS, TCP and TLS)",
            connection / extra,
            remedy,
        )
    };
    Some(Finding::new(
        Severity::Info,
        id,
        format!(
            "a cold start takes {cold_total:.1} ms instead of {warm_total:.1} ms, and {:.0} % of the difference is {what}",
            share * 100.0
        ),
        format!(
            "of {extra:.1} ms extra on average, credentials take {credentials:.1} ms and the connection {connection:.1} ms"
        ),
        remedy.to_owned(),
    ))
}
