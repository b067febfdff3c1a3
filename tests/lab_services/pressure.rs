//! Pressure: budgets, limits, doors and tokens, as a scenario states them.

use std::time::{Duration, Instant, SystemTime};

use aws_smithy_async::time::StaticTimeSource;
use awscreds_bench::lab::ExportedSource;
use awscreds_bench::lab::scenario::Scenario;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::support::{config, count, imds_credentials, lab, metadata_token, raw, static_keys, sts};

const ROLE: &str = "GET /latest/meta-data/iam/security-credentials/";
const TOKEN: &str = "PUT /latest/api/token";
const TTL: (&str, &str) = ("X-aws-ec2-metadata-token-ttl-seconds", "60");

async fn status(lab: &awscreds_bench::lab::Lab, line: &str, header: (&str, &str)) -> u16 {
    raw(lab.imds_address(), line, &[header])
        .await
        .unwrap()
        .status
}

#[tokio::test]
async fn a_metadata_endpoint_that_is_switched_off_refuses_everything() {
    let lab = lab("[imds]\nenabled = false").await;
    assert_eq!(status(&lab, TOKEN, TTL).await, 403);
    assert_eq!(status(&lab, ROLE, ("X", "y")).await, 403);
}

#[tokio::test]
async fn without_an_instance_profile_there_is_no_role_but_everything_else() {
    let lab = lab("[imds]\ninstance_profile = false").await;
    let token = metadata_token(&lab, "60").await;
    let header = ("X-aws-ec2-metadata-token", token.as_str());
    assert_eq!(status(&lab, ROLE, header).await, 404);
    let region = "GET /latest/meta-data/placement/region";
    assert_eq!(status(&lab, region, header).await, 200);
}

#[tokio::test]
async fn version_one_alone_knows_no_tokens() {
    let lab = lab("[imds]\nv1 = 'only'").await;
    assert_eq!(status(&lab, TOKEN, TTL).await, 404);
    assert_eq!(status(&lab, ROLE, ("X", "y")).await, 200);
}

#[tokio::test]
async fn a_refusing_door_refuses_and_a_black_hole_does_not_even_connect() {
    let shut = lab("[imds]\nlistener = 'refused'").await;
    let refused = TcpStream::connect(shut.imds_address()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    let hole = lab("[imds]\nlistener = 'black-hole'").await;
    let knock = TcpStream::connect(hole.imds_address());
    assert!(timeout(Duration::from_millis(500), knock).await.is_err());
    assert!(TcpStream::connect(hole.address()).await.is_ok());
    hole.stop().await;
}

#[tokio::test]
async fn a_token_that_cannot_pass_the_routers_gets_lost_while_version_one_answers() {
    let lost = lab("[imds]\nv1 = 'allowed'\nhop_limit = 1\nrouters = 1").await;
    let headers = [TTL];
    let put = raw(lost.imds_address(), TOKEN, &headers);
    assert!(timeout(Duration::from_millis(500), put).await.is_err());
    assert_eq!(status(&lost, ROLE, ("X", "y")).await, 200);
    let passes = lab("[imds]\nhop_limit = 2\nrouters = 1").await;
    assert_eq!(status(&passes, TOKEN, TTL).await, 200);
}

#[tokio::test]
async fn connections_over_the_limit_wait_connected_and_unanswered() {
    let lab = lab("[imds]\nconnections = 1").await;
    let first = TcpStream::connect(lab.imds_address()).await.unwrap();
    // The lab has taken the first one when it has answered nobody else.
    let headers = [TTL];
    let second = raw(lab.imds_address(), TOKEN, &headers);
    let mut second = Box::pin(second);
    assert!(
        timeout(Duration::from_millis(300), &mut second)
            .await
            .is_err()
    );
    drop(first);
    assert_eq!(second.await.unwrap().status, 200);
}

#[tokio::test]
async fn packets_over_the_budget_come_again_as_late_as_tcp_sends_them() {
    // A connection with one request is six packets.
    let lab = lab("[imds]\npackets = { rate = 1, burst = 6 }").await;
    assert_eq!(status(&lab, TOKEN, TTL).await, 200);
    let start = Instant::now();
    assert_eq!(status(&lab, TOKEN, TTL).await, 200);
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    let packets = count(&lab, "imds:packets");
    assert!(packets.throttled > 0, "{packets:?}");
    assert!(packets.ok >= 8, "{packets:?}");
}

#[tokio::test]
async fn a_token_file_is_as_wrong_as_the_scenario_wants_it() {
    let variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    for (word, file_is) in [
        ("right", Some("")),
        ("newline", Some("\n")),
        ("wrong", None),
    ] {
        let lab = lab(&format!("[container]\ntoken = '{word}'")).await;
        let variables = lab.environment(ExportedSource::Container);
        let (_, path) = variables.iter().find(|(name, _)| name == variable).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        match file_is {
            Some(end) => assert_eq!(text, lab.container_token() + end),
            None => assert_ne!(text, lab.container_token()),
        }
    }
    let lab = lab("[container]\ntoken = 'missing'").await;
    let variables = lab.environment(ExportedSource::Container);
    assert!(!variables.iter().any(|(name, _)| name == variable));
}

#[tokio::test]
async fn a_token_is_rotated_on_disk_and_the_old_one_ends() {
    let lab = lab("[container]\nrotate = '100ms'").await;
    let variables = lab.environment(ExportedSource::Container);
    let variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    let (_, path) = variables.iter().find(|(name, _)| name == variable).unwrap();
    let first = lab.container_token();
    let ask = async |token: &str| {
        let headers = [("Authorization", token)];
        raw(lab.address(), "GET /v1/credentials", &headers)
            .await
            .unwrap()
            .status
    };
    while ask(&first).await == 200 {
        let fresh = std::fs::read_to_string(path).unwrap();
        assert_eq!(ask(&fresh).await, 200);
    }
    let fresh = std::fs::read_to_string(path).unwrap();
    assert_ne!(fresh, first);
    assert_eq!(ask(&fresh).await, 200);
}

#[tokio::test]
async fn a_clock_that_is_ahead_dates_answers_and_refuses_signatures() {
    let ahead = lab("[clock]\nahead = '20m'").await;
    let answer = raw(ahead.imds_address(), TOKEN, &[TTL]).await.unwrap();
    let usual = lab("").await;
    let now = raw(usual.imds_address(), TOKEN, &[TTL]).await.unwrap();
    assert_ne!(answer.header("date"), now.header("date"));
    let refused = sts(&ahead, static_keys(&ahead))
        .get_caller_identity()
        .send()
        .await;
    let error = format!("{:?}", refused.unwrap_err());
    assert!(error.contains("SignatureDoesNotMatch"), "{error}");
    assert!(
        sts(&usual, static_keys(&usual))
            .get_caller_identity()
            .send()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn every_builtin_scenario_starts() {
    for name in Scenario::builtin_names() {
        let scenario = Scenario::builtin(name).unwrap();
        let lab =
            awscreds_bench::lab::Lab::start(scenario, awscreds_bench::lab::Options::default());
        lab.await.unwrap().stop().await;
    }
}

#[tokio::test]
async fn what_a_skewed_clock_issues_it_takes_back() {
    for skew in ["ahead", "behind"] {
        let lab = lab(&format!(
            "[clock]\n{skew} = '10m'\n[credentials]\nlifetime = '30s'"
        ))
        .await;
        let token = metadata_token(&lab, "60").await;
        let token = ("X-aws-ec2-metadata-token", token.as_str());
        let got = status(&lab, "GET /latest/meta-data/instance-id", token).await;
        assert_eq!(got, 200, "{skew}");
        let off = Duration::from_mins(10);
        let now = match skew {
            "ahead" => SystemTime::now() + off,
            _ => SystemTime::now() - off,
        };
        let config = config(&lab, imds_credentials(&lab).await);
        let config = config.time_source(StaticTimeSource::new(now)).build();
        let identity = aws_sdk_sts::Client::new(&config).get_caller_identity();
        assert!(identity.send().await.is_ok(), "{skew}");
    }
}
