//! The lab itself: it starts ready, tells what it counted, and leaves nothing behind.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sts::error::ProvideErrorMetadata;
use awscreds_bench::lab::scenario::Scenario;
use awscreds_bench::lab::{ExportedSource, Lab, LabError, Options};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::support::{lab, metadata_token, raw, sts};

#[tokio::test]
async fn both_addresses_tell_the_counts_without_counting_that() {
    let lab = lab("").await;
    metadata_token(&lab, "60").await;
    for address in [lab.address(), lab.imds_address()] {
        let answer = raw(address, "GET /_lab/requests", &[]).await.unwrap();
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        let counts: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let expected = serde_json::json!({
            "imds:token": {"count": 1, "ok": 1, "throttled": 0, "failed": 0}
        });
        assert_eq!(counts, expected);
    }
}

#[tokio::test]
async fn the_private_files_are_private_and_go_with_the_lab() {
    let lab = lab("").await;
    let variables = lab.environment(ExportedSource::Container);
    let of = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    let token = PathBuf::from(of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").unwrap());
    let directory = token.parent().unwrap().to_owned();
    let mode = |path: &PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let files = std::fs::read_dir(&directory).unwrap();
    let files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    // With the lock that tells others that the lab lives.
    assert_eq!(files.len(), 6);
    assert!(files.iter().all(|file| mode(file) == 0o600));
    assert_eq!(
        std::fs::read_to_string(&token).unwrap(),
        lab.container_token()
    );
    assert_eq!(of("AWS_EC2_METADATA_DISABLED").as_deref(), Some("true"));
    drop(lab);
    assert!(!directory.exists());
}

#[tokio::test]
async fn every_source_has_its_variables() {
    let lab = lab("region = \"me-central-1\"").await;
    for (source, variable) in [
        (ExportedSource::Imds, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
        (
            ExportedSource::Container,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ),
        (ExportedSource::Static, "AWS_SECRET_ACCESS_KEY"),
        (ExportedSource::WebIdentity, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        (ExportedSource::Profile, "AWS_PROFILE"),
        (ExportedSource::AssumeRole, "AWS_PROFILE"),
    ] {
        let variables = lab.environment(source);
        let has = |wanted: &str| variables.iter().any(|(name, _)| name == wanted);
        assert!(has(variable), "{source:?}");
        assert_eq!(
            has("AWS_EC2_METADATA_DISABLED"),
            source != ExportedSource::Imds
        );
        assert!(variables.contains(&("AWS_REGION".to_owned(), "me-central-1".to_owned())));
    }
}

#[tokio::test]
async fn stopping_ends_connections_and_listeners() {
    let lab = lab("[imds]\nfault = { probability = 1, kind = \"hang\" }").await;
    let (main, imds) = (lab.address(), lab.imds_address());
    let mut idle = TcpStream::connect(main).await.unwrap();
    let headers = [("X-aws-ec2-metadata-token-ttl-seconds", "60")];
    let hung = tokio::spawn(async move { raw(imds, "PUT /latest/api/token", &headers).await });
    while lab.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    lab.stop().await;
    assert!(hung.await.unwrap().is_none());
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(main).await.is_err());
    assert!(TcpStream::connect(imds).await.is_err());
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let first = lab("").await;
    let options = Options {
        port: first.address().port(),
        ..Options::default()
    };
    let scenario = Scenario::builtin("fast").unwrap();
    let error = Lab::start(scenario.clone(), options).await.unwrap_err();
    assert!(matches!(error, LabError::Listen { .. }));
    assert!(
        error.to_string().contains(&first.address().to_string()),
        "{error}"
    );
    let elsewhere = Options {
        bind: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        ..Options::default()
    };
    assert!(Lab::start(scenario, elsewhere).await.is_err());
}

#[test]
fn a_lab_may_be_dropped_outside_of_any_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lab = runtime.block_on(lab(""));
    let address = lab.address();
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(lab);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn nothing_secret_is_in_debug() {
    let lab = lab("").await;
    let shown = format!("{lab:?} {:?}", lab.static_credentials());
    assert!(!shown.contains(&lab.static_credentials().secret_access_key));
    assert!(!shown.contains(&lab.container_token()));
    assert!(!shown.contains(lab.web_identity_token()));
}

#[tokio::test]
async fn labs_of_one_seed_share_no_secret() {
    let (one, two) = (lab("seed = 7").await, lab("seed = 7").await);
    let keys = [&one, &two].map(Lab::static_credentials);
    assert_ne!(keys[0].access_key_id, keys[1].access_key_id);
    assert_ne!(keys[0].secret_access_key, keys[1].secret_access_key);
    assert_ne!(one.container_token(), two.container_token());
    let foreign = Credentials::new(
        &keys[1].access_key_id,
        &keys[1].secret_access_key,
        None,
        None,
        "test",
    );
    let refused = sts(&one, foreign).get_caller_identity().send().await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidClientTokenId"));
    let token = metadata_token(&two, "60").await;
    let token = [("X-aws-ec2-metadata-token", token.as_str())];
    let refused = raw(
        one.imds_address(),
        "GET /latest/meta-data/instance-id",
        &token,
    )
    .await;
    assert_eq!(refused.unwrap().status, 401);
}

/// A directory as a lab makes it, beside those of the labs that run now.
fn left_behind(mode: u32, files: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::Builder::new()
        .prefix("awscreds-bench-lab-")
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempdir();
    let directory = directory.unwrap();
    for file in files {
        std::fs::write(directory.path().join(file), "").unwrap();
    }
    directory
}

#[tokio::test]
async fn a_lab_clears_what_dead_ones_left_and_nothing_else() {
    let dead = left_behind(0o700, &["credentials", "lock"]);
    // Another program's, or one that is being made.
    let unlocked = left_behind(0o700, &["credentials"]);
    let open = left_behind(0o755, &["lock"]);
    let living = lab("").await;
    assert!(!dead.path().exists());
    assert!(unlocked.path().join("credentials").exists());
    assert!(open.path().exists());
    let second = lab("").await;
    let config = living.environment(ExportedSource::Imds);
    let config = config.iter().find(|(name, _)| name == "AWS_CONFIG_FILE");
    assert!(PathBuf::from(&config.unwrap().1).exists());
    drop(second);
}
