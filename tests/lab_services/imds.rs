//! Instance metadata: as strict as the real one, and good enough for the SDK's own client.

use aws_config::imds;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::ProvideCredentials;

use super::support::{count, http_client, imds_credentials, lab, metadata_token, raw, sent};

const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";
const ROLE: &str = "GET /latest/meta-data/iam/security-credentials/";

#[tokio::test]
async fn a_token_needs_a_ttl_within_six_hours() {
    let lab = lab("").await;
    let put = |ttl: Option<&'static str>| {
        let headers: Vec<_> = ttl.map(|ttl| (TTL, ttl)).into_iter().collect();
        let address = lab.imds_address();
        async move {
            raw(address, "PUT /latest/api/token", &headers)
                .await
                .unwrap()
        }
    };
    for bad in [None, Some("0"), Some("21601"), Some("-1"), Some("soon")] {
        assert_eq!(put(bad).await.status, 400, "{bad:?}");
    }
    let good = put(Some("21600")).await;
    assert_eq!(good.status, 200);
    assert_eq!(good.header(TTL), Some("21600"));
    assert_eq!(good.header("Server"), Some("EC2ws"));
    assert_eq!(good.header("Content-Type"), Some("text/plain"));
    let counted = count(&lab, "imds:token");
    assert_eq!((counted.count, counted.ok, counted.failed), (6, 1, 5));
}

#[tokio::test]
async fn a_token_does_not_pass_through_a_proxy() {
    let lab = lab("").await;
    let headers = [(TTL, "60"), ("X-Forwarded-For", "10.0.0.1")];
    let answer = raw(lab.imds_address(), "PUT /latest/api/token", &headers)
        .await
        .unwrap();
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn version_1_is_refused_unless_allowed() {
    let strict = lab("").await;
    let address = strict.imds_address();
    assert_eq!(raw(address, ROLE, &[]).await.unwrap().status, 401);
    let stale = [(TOKEN, "AQAEANotAToken==")];
    assert_eq!(raw(address, ROLE, &stale).await.unwrap().status, 401);
    let lax = lab("[imds]\nv1 = \"allowed\"").await;
    let answer = raw(lax.imds_address(), ROLE, &[]).await.unwrap();
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "awscreds-bench-instance")
    );
    // A token that is not good is refused all the same.
    assert_eq!(
        raw(lax.imds_address(), ROLE, &stale).await.unwrap().status,
        401
    );
}

#[tokio::test]
async fn a_token_runs_out() {
    let lab = lab("").await;
    let token = metadata_token(&lab, "1").await;
    let headers = [(TOKEN, token.as_str())];
    assert_eq!(
        raw(lab.imds_address(), ROLE, &headers)
            .await
            .unwrap()
            .status,
        200
    );
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    assert_eq!(
        raw(lab.imds_address(), ROLE, &headers)
            .await
            .unwrap()
            .status,
        401
    );
}

#[tokio::test]
async fn the_documents_are_there_and_nothing_else_is() {
    let lab = lab("region = \"me-central-1\"").await;
    let token = metadata_token(&lab, "60").await;
    let headers = [(TOKEN, token.as_str())];
    let get = async |path: &str| {
        let line = format!("GET {path}");
        raw(lab.imds_address(), &line, &headers).await.unwrap()
    };
    assert_eq!(
        get("/latest/meta-data/placement/region").await.body,
        "me-central-1"
    );
    assert_eq!(
        get("/latest/meta-data/placement/availability-zone")
            .await
            .body,
        "me-central-1a"
    );
    assert!(
        get("/latest/meta-data/instance-id")
            .await
            .body
            .starts_with("i-")
    );
    let document = get("/latest/dynamic/instance-identity/document").await;
    let document: serde_json::Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(document["region"], "me-central-1");
    let info = get("/latest/meta-data/iam/info").await;
    assert!(info.body.contains("instance-profile"), "{info:?}");
    assert_eq!(get("/latest/meta-data/no-such-thing").await.status, 404);
    let other_role = "/latest/meta-data/iam/security-credentials/other";
    assert_eq!(get(other_role).await.status, 404);
    let credentials = "/latest/meta-data/iam/security-credentials/awscreds-bench-instance";
    let credentials = get(credentials).await;
    let json: serde_json::Value = serde_json::from_str(&credentials.body).unwrap();
    assert_eq!(json["Code"], "Success");
    assert_eq!(json["Type"], "AWS-HMAC");
    for field in ["LastUpdated", "Expiration"] {
        assert!(json[field].as_str().unwrap().ends_with('Z'), "{field}");
    }
}

#[tokio::test]
async fn credentials_stay_the_same_while_they_are_good() {
    let lab = lab("").await;
    assert_eq!(
        imds_credentials(&lab).await.access_key_id(),
        imds_credentials(&lab).await.access_key_id()
    );
}

#[tokio::test]
async fn the_sdk_makes_three_requests() {
    let lab = lab("").await;
    let config = ProviderConfig::without_region().with_http_client(http_client(&lab));
    for (fetch, slash) in [(1, ""), (2, "/")] {
        let client = imds::Client::builder()
            .configure(&config)
            .endpoint(format!("http://{}{slash}", lab.imds_address()))
            .unwrap()
            .build();
        let provider = imds::credentials::ImdsCredentialsProvider::builder()
            .configure(&config)
            .imds_client(client)
            .build();
        let credentials = provider.provide_credentials().await.unwrap();
        assert!(credentials.session_token().is_some());
        for step in ["imds:token", "imds:role", "imds:credentials"] {
            let counted = count(&lab, step);
            assert_eq!((counted.count, counted.ok), (fetch, fetch), "{step}");
        }
    }
}

#[tokio::test]
async fn only_addresses_and_known_names_are_answered() {
    let lab = lab("[imds]\nhosts = [\"lab.internal\"]").await;
    let port = lab.imds_address().port();
    for (host, status) in [
        ("evil.example", 421),
        (&format!("evil.example:{port}"), 421),
        ("127.0.0.1.evil.example", 421),
        // What some take for an address, and a name server may answer.
        ("2130706433", 421),
        (&format!("localhost:{port}"), 200),
        (&format!("127.0.0.1:{port}"), 200),
        ("169.254.169.254", 200),
        ("[fd00:ec2::254]", 200),
        (&format!("LAB.internal:{port}"), 200),
    ] {
        let head = format!(
            "PUT /latest/api/token HTTP/1.1\r\nHost: {host}\r\n{TTL}: 60\r\nConnection: close\r\n\r\n"
        );
        let answer = sent(lab.imds_address(), &head, b"").await.unwrap();
        assert_eq!(answer.status, status, "{host}: {answer:?}");
    }
}
