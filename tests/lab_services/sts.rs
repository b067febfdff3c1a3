//! STS through the SDK: who is let in, who is not, and with which words.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_sts::error::ProvideErrorMetadata;
use aws_smithy_async::time::StaticTimeSource;

use super::support::{config, count, http_client, imds_credentials, lab, raw, static_keys, sts};

#[tokio::test]
async fn static_keys_are_a_user() {
    let lab = lab("").await;
    let identity = sts(&lab, static_keys(&lab))
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(identity.account(), Some("123456789012"));
    assert!(
        identity
            .arn()
            .unwrap()
            .starts_with("arn:aws:iam::123456789012:user/")
    );
    let counted = count(&lab, "sts:GetCallerIdentity");
    assert_eq!((counted.count, counted.ok), (1, 1));
    lab.stop().await;
}

#[tokio::test]
async fn the_real_names_work_over_tls() {
    let lab = lab("region = \"me-central-1\"").await;
    let port = lab.address().port();
    for (endpoint, region) in [
        (format!("https://sts.amazonaws.com:{port}"), "us-east-1"),
        (
            format!("https://sts.eu-west-1.amazonaws.com:{port}"),
            "eu-west-1",
        ),
        (format!("https://127.0.0.1:{port}"), "ap-southeast-2"),
        (format!("https://localhost:{port}"), "me-central-1"),
    ] {
        let config = config(&lab, static_keys(&lab))
            .endpoint_url(&endpoint)
            .region(aws_types::region::Region::new(region))
            .build();
        let client = aws_sdk_sts::Client::new(&config);
        let identity = client.get_caller_identity().send().await;
        assert!(identity.is_ok(), "{endpoint}: {identity:?}");
    }
    assert_eq!(count(&lab, "sts:GetCallerIdentity").ok, 4);
}

/// The status and code of the error that `GetCallerIdentity` meets.
async fn refusal(client: &aws_sdk_sts::Client) -> (u16, String, String) {
    let error = client.get_caller_identity().send().await.unwrap_err();
    let status = error.raw_response().unwrap().status().as_u16();
    let code = error.code().unwrap_or_default().to_owned();
    (status, code, error.message().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_wrong_secret_does_not_match() {
    let lab = lab("").await;
    let key = &lab.static_credentials().access_key_id;
    let client = sts(&lab, Credentials::new(key, "wrong", None, None, "test"));
    let (status, code, _) = refusal(&client).await;
    assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
    assert_eq!(count(&lab, "sts:GetCallerIdentity").failed, 1);
}

#[tokio::test]
async fn an_unknown_key_is_invalid() {
    let lab = lab("").await;
    let client = sts(&lab, Credentials::for_tests());
    let (status, code, _) = refusal(&client).await;
    assert_eq!((status, code.as_str()), (403, "InvalidClientTokenId"));
}

#[tokio::test]
async fn a_signature_of_an_hour_ago_is_refused() {
    let lab = lab("").await;
    let hour_ago = SystemTime::now() - Duration::from_hours(1);
    let config = config(&lab, static_keys(&lab)).time_source(StaticTimeSource::new(hour_ago));
    let (status, code, message) = refusal(&aws_sdk_sts::Client::new(&config.build())).await;
    assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
    assert!(message.starts_with("Signature expired"), "{message}");
}

#[tokio::test]
async fn a_signature_for_another_region_is_refused() {
    let lab = lab("").await;
    let port = lab.address().port();
    let config = config(&lab, static_keys(&lab))
        .endpoint_url(format!("https://sts.eu-west-1.amazonaws.com:{port}"))
        .region(aws_types::region::Region::new("us-east-2"));
    let (status, code, _) = refusal(&aws_sdk_sts::Client::new(&config.build())).await;
    assert_eq!((status, code.as_str()), (403, "SignatureDoesNotMatch"));
}

#[tokio::test]
async fn metadata_credentials_expire() {
    let lab = lab("[credentials]\nlifetime = \"1s\"").await;
    let credentials = imds_credentials(&lab).await;
    let client = sts(&lab, credentials);
    let identity = client.get_caller_identity().send().await.unwrap();
    assert!(
        identity
            .arn()
            .unwrap()
            .contains(":assumed-role/awscreds-bench-instance/i-")
    );
    // They expire at the second after the one that follows: nothing else can tell when that is.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let (status, code, _) = refusal(&client).await;
    assert_eq!((status, code.as_str()), (403, "ExpiredToken"));
}

#[tokio::test]
async fn a_session_token_belongs_to_its_key() {
    let lab = lab("").await;
    let issued = imds_credentials(&lab).await;
    let mut token = issued.session_token().unwrap().to_owned();
    token.replace_range(100..104, "AAAA");
    let (key, secret) = (issued.access_key_id(), issued.secret_access_key());
    for token in [Some(token), None] {
        let client = sts(&lab, Credentials::new(key, secret, token, None, "test"));
        let (status, code, _) = refusal(&client).await;
        assert_eq!((status, code.as_str()), (403, "InvalidClientTokenId"));
    }
}

#[tokio::test]
async fn an_assumed_role_works_and_lives_as_long_as_asked() {
    let lab = lab("[credentials]\nlifetime = \"12h\"").await;
    let client = sts(&lab, static_keys(&lab));
    let assume = client
        .assume_role()
        .role_arn(lab.role_arn())
        .role_session_name("tester");
    let assumed = assume.duration_seconds(900).send().await.unwrap();
    let issued = assumed.credentials().unwrap();
    let expires = SystemTime::try_from(*issued.expiration()).unwrap();
    let left = expires.duration_since(SystemTime::now()).unwrap();
    assert!((895..=901).contains(&left.as_secs()), "{left:?}");
    let credentials = Credentials::new(
        issued.access_key_id(),
        issued.secret_access_key(),
        Some(issued.session_token().to_owned()),
        None,
        "test",
    );
    let identity = sts(&lab, credentials)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(
        identity.arn(),
        Some("arn:aws:sts::123456789012:assumed-role/awscreds-bench-app/tester")
    );
}

#[tokio::test]
async fn the_scenario_caps_a_session() {
    let lab = lab("[credentials]\nlifetime = \"30s\"").await;
    let client = sts(&lab, static_keys(&lab));
    let assume = client
        .assume_role()
        .role_arn(lab.role_arn())
        .role_session_name("tester");
    let assumed = assume.send().await.unwrap();
    let expires = SystemTime::try_from(*assumed.credentials().unwrap().expiration()).unwrap();
    let left = expires.duration_since(SystemTime::now()).unwrap();
    assert!(left.as_secs() <= 31, "{left:?}");
}

#[tokio::test]
async fn a_duration_out_of_bounds_is_invalid() {
    let lab = lab("").await;
    let client = sts(&lab, static_keys(&lab));
    let assume = client
        .assume_role()
        .role_arn(lab.role_arn())
        .role_session_name("tester");
    let error = assume.duration_seconds(60).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ValidationError"));
}

#[tokio::test]
async fn a_web_identity_becomes_a_session() {
    let lab = lab("").await;
    let client = sts(&lab, Credentials::for_tests());
    let assume = |token: &str| {
        client
            .assume_role_with_web_identity()
            .role_arn(lab.role_arn())
            .role_session_name("tester")
            .web_identity_token(token)
            .send()
    };
    let assumed = assume(lab.web_identity_token()).await.unwrap();
    assert_eq!(assumed.audience(), Some("sts.amazonaws.com"));
    assert!(assumed.credentials().is_some());
    let error = assume("garbled").await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidIdentityToken"));
    let counted = count(&lab, "sts:AssumeRoleWithWebIdentity");
    assert_eq!((counted.count, counted.ok, counted.failed), (2, 1, 1));
}

#[tokio::test]
async fn what_is_unsigned_or_unknown_is_an_error_of_the_service() {
    let lab = lab("").await;
    let unsigned = raw(
        lab.address(),
        "GET /?Action=GetCallerIdentity&Version=2011-06-15",
        &[],
    );
    let unsigned = unsigned.await.unwrap();
    assert_eq!(unsigned.status, 403);
    assert!(
        unsigned
            .body
            .contains("<Code>MissingAuthenticationToken</Code>"),
        "{unsigned:?}"
    );
    assert!(
        unsigned.header("x-amzn-RequestId").is_some(),
        "{unsigned:?}"
    );
    assert!(unsigned.header("Date").is_some(), "{unsigned:?}");
    let unknown = raw(lab.address(), "GET /?Action=Frobnicate", &[])
        .await
        .unwrap();
    assert_eq!(unknown.status, 400);
    assert!(
        unknown.body.contains("<Code>InvalidAction</Code>"),
        "{unknown:?}"
    );
    assert_eq!(count(&lab, "sts:other").failed, 1);
    let broken = [
        ("Authorization", "AWS4-HMAC-SHA256 Credential=x"),
        ("Host", "sts.amazonaws.com"),
    ];
    let broken = raw(lab.address(), "POST /?Action=GetCallerIdentity", &broken)
        .await
        .unwrap();
    assert!(broken.status >= 400, "{broken:?}");
}

#[tokio::test]
async fn one_connection_carries_many_calls() {
    let lab = lab("").await;
    let config = config(&lab, static_keys(&lab))
        .http_client(http_client(&lab))
        .build();
    let client = aws_sdk_sts::Client::new(&config);
    for _ in 0..100 {
        client.get_caller_identity().send().await.unwrap();
    }
    assert_eq!(count(&lab, "sts:GetCallerIdentity").ok, 100);
}
