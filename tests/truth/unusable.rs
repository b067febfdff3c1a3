//! Sources that give what nobody can use.

use super::machine::beside_others;
use super::server::{Request, Server, Step, answer};
use super::tool::Run;

fn giving(credentials: &'static str) -> Server {
    Server::answering(move |request: &Request| {
        vec![Step::Send(if request.starts_with("PUT ") {
            answer(
                200,
                "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n",
                "dG9rZW4=",
            )
        } else if request.starts_with("GET /latest/meta-data/iam/security-credentials/ ") {
            answer(200, "", "role")
        } else {
            answer(200, "", credentials)
        })]
    })
}

const EXPIRED: &str = r#"{"Code":"Success","LastUpdated":"2020-01-01T00:00:00Z","Type":"AWS-HMAC",
    "AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret","Token":"token","Expiration":"2020-01-01T06:00:00Z"}"#;

const EMPTY: &str = r#"{"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC",
    "AccessKeyId":"","SecretAccessKey":"","Token":"","Expiration":"2099-01-01T00:00:00Z"}"#;

/// The SDK lengthens what has expired, and hands it on.
#[test]
fn credentials_that_have_expired_or_have_no_key_are_not_ok() {
    let _machine = beside_others();
    for credentials in [EXPIRED, EMPTY] {
        let source = giving(credentials);
        let (metadata, container) = (source.url(), format!("{}/credentials", source.url()));
        for (command, variable, url) in [
            (
                "imds --concurrency 1",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                &metadata,
            ),
            (
                "imds --concurrency 1 --endpoint container",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                &container,
            ),
        ] {
            let run = Run::of(&format!("{command} -n 3 --warmup 0 --quiet"));
            let arm = run.with(variable, url).arm();
            assert_eq!(arm["requests"], 3, "{arm:#}");
            assert_eq!(arm["outcomes"]["ok"], 0, "{command}: {arm:#}");
        }
    }
}
