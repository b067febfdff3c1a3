//! What observing a call costs: an instrumented `GetCallerIdentity` against the same call without any
//! instrument, on the embedded lab without delays, over HTTP.
//!
//! ```text
//! cargo bench --bench instrumentation                             # paired, in one run: prints the ratio
//! cargo bench --bench instrumentation -- instrumented 2000        # only these calls, for a profiler
//! cargo bench --bench instrumentation -- plain 2000
//! ```
//!
//! Where `AWS_ENDPOINT_URL_STS` is set (`awscreds-bench lab -- …` sets it), that lab is called instead of
//! one inside this process, so that a profiler sees nothing but the client.

mod paired;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region};
use aws_smithy_http_client::pool::{Client, ConnectionPool};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::timeout::TimeoutConfig;
use awscreds_bench::client::{ArmFacts, Setup, SetupOptions, sampled};
use awscreds_bench::credentials::{NamedSource, Source, Variables};
use awscreds_bench::lab::{ExportedSource, Lab, Options, Scenario};
use awscreds_bench::measure::{Outcome, Tally};

const TIMEOUT: Duration = Duration::from_secs(10);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    runtime.block_on(async {
        match arguments[..] {
            [] => compared().await,
            ["plain", calls] => only_plain(number(calls)).await,
            ["instrumented", calls] => only_instrumented(number(calls)).await,
            // Filters and options of cargo's own harness: nothing here has such a name.
            _ => (),
        }
    });
}

fn number(text: &str) -> u32 {
    text.parse().expect("a number of calls")
}

async fn compared() {
    let target = Target::begin().await;
    let plain = Plain::new(&target).await;
    let mut instrumented = Instrumented::new(&target).await;
    let names = ["a plain call", "an instrumented one"];
    let plain = async || plain.call().await;
    let instrumented = async || instrumented.call().await;
    paired::compare("instrumentation", names, 500, plain, instrumented).await;
}

async fn only_plain(calls: u32) {
    let plain = Plain::new(&Target::begin().await).await;
    for _ in 0..calls {
        plain.call().await;
    }
}

async fn only_instrumented(calls: u32) {
    let mut instrumented = Instrumented::new(&Target::begin().await).await;
    for _ in 0..calls {
        instrumented.call().await;
    }
    assert_eq!(instrumented.tally.requests, u64::from(calls));
}

/// A lab, and the variables that point at it.
struct Target {
    variables: Variables,
    _lab: Option<Lab>,
}

impl Target {
    async fn begin() -> Self {
        if std::env::var_os("AWS_ENDPOINT_URL_STS").is_some() {
            return Self {
                variables: std::env::vars().collect(),
                _lab: None,
            };
        }
        let fast = Scenario::builtin("fast").expect("a built-in scenario");
        let lab = Lab::start(fast, Options::default())
            .await
            .expect("the lab starts");
        Self {
            variables: lab
                .environment(ExportedSource::Static)
                .into_iter()
                .collect(),
            _lab: Some(lab),
        }
    }

    fn variable(&self, name: &str) -> String {
        self.variables
            .get(name)
            .cloned()
            .unwrap_or_else(|| panic!("{name} is set; run with `lab --source static`"))
    }
}

/// The SDK's client as anyone would build it, on the same HTTP stack.
struct Plain(aws_sdk_sts::Client);

impl Plain {
    async fn new(target: &Target) -> Self {
        let pool = ConnectionPool::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https()
            .expect("a pool");
        let http = SharedHttpClient::new(Client::new(&pool).expect("a client"));
        let keys = aws_credential_types::Credentials::new(
            target.variable("AWS_ACCESS_KEY_ID"),
            target.variable("AWS_SECRET_ACCESS_KEY"),
            None,
            None,
            "bench",
        );
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(target.variable("AWS_REGION")))
            .endpoint_url(target.variable("AWS_ENDPOINT_URL_STS"))
            .credentials_provider(keys)
            .http_client(http)
            .timeout_config(TimeoutConfig::builder().operation_timeout(TIMEOUT).build())
            .load()
            .await;
        let config = aws_sdk_sts::config::Builder::from(&sdk).build();
        Self(aws_sdk_sts::Client::from_conf(config))
    }

    async fn call(&self) {
        let answer = Box::pin(self.0.get_caller_identity().send()).await;
        answer.expect("the lab answers");
    }
}

/// The client that the program measures with, and the record of its samples.
struct Instrumented {
    client: aws_sdk_sts::Client,
    tally: Tally,
    begun: Instant,
}

impl Instrumented {
    async fn new(target: &Target) -> Self {
        let options = SetupOptions {
            named: NamedSource {
                source: Source::Env,
                variables: target.variables.clone(),
                profile: None,
                region: None,
                role_arn: None,
            },
            route: None,
            endpoint_url: Some(target.variable("AWS_ENDPOINT_URL_STS")),
            timeout: TIMEOUT,
        };
        let setup = Setup::load(options).await.expect("a setup");
        let facts = Arc::new(ArmFacts::default());
        let identity = setup.identity(&facts).await.expect("an identity");
        let connections = setup.connections(&facts).expect("a pool");
        let sdk = setup.sdk_config(connections, &identity);
        let mut config = aws_sdk_sts::config::Builder::from(&sdk);
        config.push_interceptor(setup.interceptor(&facts));
        let config = config.build();
        Self {
            client: aws_sdk_sts::Client::from_conf(config),
            tally: Tally::default(),
            begun: Instant::now(),
        }
    }

    async fn call(&mut self) {
        let sample = Box::pin(sampled(Box::pin(self.client.get_caller_identity().send()))).await;
        assert_eq!(sample.outcome, Outcome::Ok, "{:?}", sample.error);
        self.tally
            .record(self.tally.requests, self.begun.elapsed(), &sample);
    }
}
