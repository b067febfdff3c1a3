//! A lab for each test, and clients of it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::pool::{Client, ConnectionPool};
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::region::Region;
use awscreds_bench::lab::scenario::Scenario;
use awscreds_bench::lab::{Lab, Options, RequestCount};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A lab that plays the scenario in this TOML.
pub async fn lab(toml: &str) -> Lab {
    let scenario = Scenario::parse(toml, "test").unwrap();
    Lab::start(scenario, Options::default()).await.unwrap()
}

/// The count of one operation.
pub fn count(lab: &Lab, operation: &str) -> RequestCount {
    lab.requests().get(operation).copied().unwrap_or_default()
}

#[derive(Debug)]
struct Always(IpAddr);

impl ResolveDns for Always {
    fn resolve_dns<'a>(&'a self, _: &'a str) -> DnsFuture<'a> {
        DnsFuture::ready(Ok(vec![self.0]))
    }
}

/// A pooled client that finds the lab under every name and trusts its authority alone.
pub fn http_client(lab: &Lab) -> SharedHttpClient {
    let trust = TrustStore::empty().with_pem_certificate(lab.ca_pem().as_bytes());
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .unwrap();
    let pool = ConnectionPool::builder()
        .dns_resolver(Always(lab.address().ip()))
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https()
        .unwrap();
    SharedHttpClient::new(Client::new(&pool).unwrap())
}

/// The lab's static keys.
pub fn static_keys(lab: &Lab) -> Credentials {
    let keys = lab.static_credentials();
    Credentials::new(
        &keys.access_key_id,
        &keys.secret_access_key,
        None,
        None,
        "test",
    )
}

/// A configuration that makes one attempt, in the lab's Region, at the lab's bare address.
pub fn config(lab: &Lab, credentials: Credentials) -> aws_types::sdk_config::Builder {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(lab.region().to_owned()))
        .endpoint_url(format!("http://{}", lab.address()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client(lab))
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .operation_timeout(Duration::from_secs(20))
                .build(),
        )
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
}

pub fn sts(lab: &Lab, credentials: Credentials) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(&config(lab, credentials).build())
}

pub fn s3(lab: &Lab, credentials: Credentials) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::new(&config(lab, credentials).build())
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// Sends one request without an SDK, and reads to the end of the connection. `None` if it ends
/// before there is a whole head.
pub async fn raw(address: SocketAddr, line: &str, headers: &[(&str, &str)]) -> Option<Answer> {
    let mut request = format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.extend([*name, ": ", *value, "\r\n"]);
    }
    request.push_str("\r\n");
    sent(address, &request, b"").await
}

/// What a request, byte for byte, is answered with.
pub async fn sent(address: SocketAddr, head: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may be refused before it is read to its end.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body).await;
    let mut bytes = Vec::new();
    // A reset is an end like any other here.
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// A metadata token.
pub async fn metadata_token(lab: &Lab, ttl: &str) -> String {
    let ttl = [("X-aws-ec2-metadata-token-ttl-seconds", ttl)];
    let answer = raw(lab.imds_address(), "PUT /latest/api/token", &ttl)
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// The credentials that the lab's IMDS hands out now.
pub async fn imds_credentials(lab: &Lab) -> Credentials {
    let token = metadata_token(lab, "60").await;
    let headers = [("X-aws-ec2-metadata-token", token.as_str())];
    let line = "GET /latest/meta-data/iam/security-credentials/awscreds-bench-instance";
    let answer = raw(lab.imds_address(), line, &headers).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    Credentials::new(
        text("AccessKeyId"),
        text("SecretAccessKey"),
        Some(text("Token")),
        None,
        "imds",
    )
}
