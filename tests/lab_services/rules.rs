//! Rules, as a client feels them.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{count, lab, raw};

const TOKEN: &str = "PUT /latest/api/token";
const TTL: [(&str, &str); 1] = [("X-aws-ec2-metadata-token-ttl-seconds", "60")];
const IDENTITY: &str = "GET /?Action=GetCallerIdentity";

#[tokio::test]
async fn a_delay_is_kept_to_below_a_millisecond() {
    let lab = lab("[imds.token]\ndelay = \"1300us\"\n[sts.regional]\ndelay = \"30ms\"").await;
    let start = Instant::now();
    raw(lab.imds_address(), TOKEN, &TTL).await.unwrap();
    assert!(start.elapsed() >= Duration::from_micros(1_300));
    let start = Instant::now();
    raw(lab.address(), IDENTITY, &[]).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_dropping_throttle_leaves_the_client_waiting() {
    let lab = lab("[imds]\nthrottle = { rate = 0, burst = 2, answer = \"drop\" }").await;
    for _ in 0..2 {
        assert!(raw(lab.imds_address(), TOKEN, &TTL).await.is_some());
    }
    let dropped = raw(lab.imds_address(), TOKEN, &TTL);
    let waited = tokio::time::timeout(Duration::from_millis(300), dropped).await;
    assert!(waited.is_err(), "{waited:?}");
    let counted = count(&lab, "imds:token");
    assert_eq!((counted.count, counted.ok, counted.throttled), (3, 2, 1));
    lab.stop().await;
}

#[tokio::test]
async fn a_step_and_its_service_are_both_throttled() {
    let lab = lab(
        "[imds]\nthrottle = { rate = 0, burst = 3, answer = \"503\" }\n[imds.token]\n\
         throttle = { rate = 0, burst = 1, answer = \"429\" }",
    )
    .await;
    let status = async |line: &str| raw(lab.imds_address(), line, &TTL).await.unwrap().status;
    assert_eq!(status(TOKEN).await, 200);
    assert_eq!(status(TOKEN).await, 429);
    assert_eq!(status("GET /latest/meta-data/instance-id").await, 401);
    assert_eq!(status("GET /latest/meta-data/instance-id").await, 503);
    assert_eq!(count(&lab, "imds:other").throttled, 1);
}

#[tokio::test]
async fn refusals_are_worded_by_the_service() {
    let throttle = "throttle = { rate = 0, burst = 1, answer = \"503\" }";
    let lab = lab(&format!(
        "[sts.regional]\n{throttle}\n[s3]\n{throttle}\n[container]\n{throttle}"
    ))
    .await;
    for (line, code) in [
        (IDENTITY, "<Code>Throttling</Code>"),
        ("GET /bucket/key", "<Code>SlowDown</Code>"),
        ("GET /v1/credentials", "ThrottlingException"),
    ] {
        let first = raw(lab.address(), line, &[]).await.unwrap();
        assert_ne!(first.status, 503);
        let second = raw(lab.address(), line, &[]).await.unwrap();
        assert_eq!(second.status, 503, "{line}");
        assert!(second.body.contains(code), "{second:?}");
    }
}

#[tokio::test]
async fn faults_spoil_the_answer() {
    let fault = async |kind: &str| {
        let toml = format!("[imds]\nfault = {{ probability = 1, kind = \"{kind}\" }}");
        let lab = lab(&toml).await;
        let answer = raw(lab.imds_address(), TOKEN, &TTL).await;
        assert_eq!(count(&lab, "imds:token").failed, 1, "{kind}");
        answer
    };
    assert_eq!(fault("status:500").await.unwrap().status, 500);
    assert!(fault("reset").await.is_none());
    let truncated = fault("truncate").await.unwrap();
    assert_eq!(truncated.header("Content-Length"), Some("56"));
    assert_eq!(truncated.body.len(), 28);
    let garbage = fault("garbage").await.unwrap();
    assert_eq!(garbage.status, 200);
    assert_ne!(garbage.body.len(), 56);
}

#[tokio::test]
async fn a_reset_is_a_reset_and_not_an_end() {
    let lab = lab("[imds]\nfault = { probability = 1, kind = \"reset\" }").await;
    let mut stream = TcpStream::connect(lab.imds_address()).await.unwrap();
    let request = b"PUT /latest/api/token HTTP/1.1\r\nHost: imds\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let read = stream.read(&mut [0; 64]).await;
    assert_eq!(
        read.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn a_hang_lasts_until_the_client_gives_up() {
    let lab = lab("[imds]\nfault = { probability = 1, kind = \"hang\" }").await;
    let mut hung = std::pin::pin!(raw(lab.imds_address(), TOKEN, &TTL));
    let counted = async {
        while count(&lab, "imds:token").failed == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        answer = &mut hung => panic!("{answer:?}"),
        () = counted => {}
    }
    let patience = Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, hung).await.is_err());
    assert_eq!(count(&lab, "imds:token").failed, 1);
}

#[tokio::test]
async fn a_stalled_request_is_answered_when_the_stall_is_over() {
    let lab = lab("[imds]\nstall = { every = \"400ms\", for = \"200ms\" }").await;
    let mut longest = Duration::ZERO;
    for _ in 0..40 {
        let start = Instant::now();
        raw(lab.imds_address(), TOKEN, &TTL).await.unwrap();
        longest = longest.max(start.elapsed());
        tokio::time::sleep(Duration::from_millis(17)).await;
    }
    assert!(longest >= Duration::from_millis(150), "{longest:?}");
    assert_eq!(count(&lab, "imds:token").ok, 40);
}
