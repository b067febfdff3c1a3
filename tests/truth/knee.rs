//! The knee of a source that drops, refuses or queues what exceeds its rate.

use serde_json::Value;

use super::machine::alone;
use super::metadata::{Beyond, granted, limited};
use super::server::{Server, Step, answer};
use super::tool::Run;

/// What `imds` says of metadata.
fn measured(source: &Server) -> Value {
    let run = Run::of("imds --concurrency --quiet");
    run.with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &source.url())
        .measured()
}

#[test]
fn a_source_that_drops_refuses_or_queues_is_called_what_it_is_at_its_rate() {
    let _machine = alone();
    for (beyond, kind) in [
        (Beyond::Refuse(429), "refusing"),
        (Beyond::Refuse(503), "refusing"),
        (Beyond::Drop, "dropping"),
        (Beyond::Queue, "slow"),
    ] {
        for per_s in [70.0, 130.0] {
            let source = limited(per_s, per_s / 10.0, beyond);
            let document = measured(&source);
            let knee = &document["knee"];
            assert_eq!(knee["kind"], kind, "{beyond:?} {per_s}/s: {knee:#}");
            let rate = knee["rate_per_s"].as_f64().unwrap();
            assert!(
                (rate / per_s - 1.0).abs() <= 0.1,
                "{beyond:?} {per_s}/s: {knee:#}"
            );
        }
    }
}

/// The limit lets a second's fetches through at once, as long as a step lasts.
#[test]
fn a_rate_behind_a_long_burst_is_given_with_bounds() {
    let _machine = alone();
    let document = measured(&limited(70.0, 70.0, Beyond::Refuse(429)));
    let knee = &document["knee"];
    assert_eq!(knee["kind"], "refusing", "{knee:#}");
    let bound = |n: usize| knee["between_per_s"][n].as_f64().unwrap();
    assert!(bound(0) <= 70.0 && 70.0 <= bound(1), "{knee:#}");
}

#[test]
fn two_refusals_that_do_not_come_again_are_no_knee() {
    let _machine = alone();
    // In the first step of the search: after a first call, a warm-up, four steps of twenty fetches and five quiet ones.
    let before = 3 * (1 + 1 + 4 * 20 + 5);
    let source = Server::answering(move |request| {
        let refused = [before + 20, before + 70].contains(&request.earlier);
        vec![Step::Send(if refused {
            answer(429, "", "Slow down.")
        } else {
            granted(request)
        })]
    });
    let document = measured(&source);
    let knee = &document["knee"];
    let refused: u64 = knee["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["refused_requests"].as_u64().unwrap())
        .sum();
    assert!(refused > 0, "{knee:#}");
    assert_ne!(knee["kind"], "refusing", "{knee:#}");
    assert_eq!(knee["steps"][0]["verdict"], "clean", "{knee:#}");
}

/// The SDK takes the body of a refusal with a token's header for a token, and the fetch succeeds.
#[test]
fn refusals_that_fetches_do_not_notice_are_told() {
    let _machine = alone();
    let source = Server::answering(|request| {
        vec![Step::Send(
            if request.starts_with("PUT ") && request.earlier % 4 == 0 {
                answer(
                    429,
                    "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n",
                    "dG9rZW4=",
                )
            } else {
                granted(request)
            },
        )]
    });
    let document = measured(&source);
    assert_eq!(
        document["arms"][0]["outcomes"]["ok"], 20,
        "{}",
        document["arms"][0]
    );
    let findings = document["findings"].as_array().unwrap();
    let told = |id: &str| findings.iter().any(|finding| finding["id"] == id);
    assert!(told("imds-throttled"), "{findings:#?}");
    assert_eq!(document["knee"]["kind"], "refusing", "{}", document["knee"]);
}
