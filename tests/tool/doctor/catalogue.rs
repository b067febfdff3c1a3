//! Every entry of the catalogue is provoked, and says what it is alone; a healthy machine provokes none.

use std::sync::Mutex;

use awscreds_bench::diagnosis::catalogue;

use super::{broken, examined};
use crate::support::{alone, findings, scenario};

/// What provokes an entry.
struct Case {
    id: &'static str,
    /// A built-in scenario's name, or one in TOML.
    lab: &'static str,
    source: &'static str,
    /// Shell commands before the doctor comes.
    setup: &'static str,
}

const fn case(
    id: &'static str,
    lab: &'static str,
    source: &'static str,
    setup: &'static str,
) -> Case {
    Case {
        id,
        lab,
        source,
        setup,
    }
}

static CASES: &[Case] = &[
    case("imds-hop-limit", "imds-hop-limit", "imds", ""),
    case(
        "imds-throttled",
        "[imds]\nthrottle = { rate = 0.1, burst = 2, answer = 'drop' }",
        "imds",
        "",
    ),
    case("imds-slow", "imds-slow", "imds", ""),
    case("imds-black-hole", "imds-black-hole", "imds", ""),
    case("imds-refused", "imds-refused", "imds", ""),
    case("imds-disabled", "imds-disabled", "imds", ""),
    case("imds-no-role", "imds-no-role", "imds", ""),
    case("imds-v1-fallback", "imds-v1-only", "imds", ""),
    case("imds-v1-fallback", "imds-v1-fallback", "imds", ""),
    case(
        "container-throttled",
        "[container]\nthrottle = { rate = 0.1, burst = 1 }",
        "container",
        "",
    ),
    case(
        "container-token-rejected",
        "container-wrong-token",
        "container",
        "",
    ),
    case(
        "container-token-rejected",
        "container-no-token",
        "container",
        "",
    ),
    case(
        "token-file-unreadable",
        "fast",
        "web-identity",
        "export AWS_WEB_IDENTITY_TOKEN_FILE=/nonexistent",
    ),
    case(
        "token-file-newline",
        "container-token-newline",
        "container",
        "",
    ),
    case(
        "sts-global-endpoint",
        "fast",
        "static",
        "export AWS_STS_REGIONAL_ENDPOINTS=legacy",
    ),
    case("sts-far", "[sts.regional]\ndelay = '150ms'", "static", ""),
    case(
        "proxy-in-the-way",
        "fast",
        "imds",
        "unset NO_PROXY no_proxy; export HTTP_PROXY=http://127.0.0.1:1 http_proxy=http://127.0.0.1:1 AWS_ENDPOINT_URL_STS=",
    ),
    case("timeout-too-short", "imds-slow", "imds", ""),
    case(
        "refresh-margin",
        "[container]\ndelay = '2700ms'",
        "container",
        "",
    ),
    case(
        "credentials-expiring",
        "[credentials]\nlifetime = '2m'",
        "imds",
        "",
    ),
    case(
        "credentials-expired",
        "fast",
        "static",
        "export AWS_CREDENTIAL_EXPIRATION=2020-01-01T00:00:00Z",
    ),
    case("clock-skew", "clock-skew", "static", ""),
    case("clock-skew", "[clock]\nbehind = '2m'", "static", ""),
    case(
        "credential-process-slow",
        "fast",
        "static",
        concat!(
            "AWS_CONFIG_FILE=$(mktemp); export AWS_CONFIG_FILE; export AWS_PROFILE=p\n",
            "printf '[profile p]\\ncredential_process = sleep 0.7; echo {\\\\\"Version\\\\\":1,\\\\\"AccessKeyId\\\\\":\\\\\"%s\\\\\",\\\\\"SecretAccessKey\\\\\":\\\\\"%s\\\\\"}\\n' $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY > $AWS_CONFIG_FILE\n",
            "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY",
        ),
    ),
    case(
        "credential-process-fails",
        "fast",
        "profile",
        concat!(
            "AWS_CONFIG_FILE=$(mktemp); export AWS_CONFIG_FILE; export AWS_PROFILE=p\n",
            "printf '[profile p]\\ncredential_process = exit 3\\n' > $AWS_CONFIG_FILE",
        ),
    ),
    case(
        "ignored-variables",
        "fast",
        "static",
        "export AWS_METADATA_SERVICE_TIMEOUT=5",
    ),
    case(
        "region-ambiguous",
        "fast",
        "static",
        "export AWS_DEFAULT_REGION=us-west-2",
    ),
    case(
        "identities-differ",
        "fast",
        "static",
        "unset AWS_EC2_METADATA_DISABLED",
    ),
    case(
        "role-shadowed",
        "fast",
        "static",
        "unset AWS_EC2_METADATA_DISABLED",
    ),
    case(
        "sdks-disagree",
        "fast",
        "profile",
        "export AWS_WEB_IDENTITY_TOKEN_FILE=$(dirname $AWS_CONFIG_FILE)/web-identity-token AWS_ROLE_ARN=arn:aws:iam::123456789012:role/r",
    ),
    case(
        "config-unreadable",
        "fast",
        "static",
        "export AWS_CONFIG_FILE=/",
    ),
    case(
        "config-broken",
        "fast",
        "static",
        concat!(
            "AWS_CONFIG_FILE=$(mktemp); export AWS_CONFIG_FILE\n",
            "printf '[profile p\\n%% noise' > $AWS_CONFIG_FILE",
        ),
    ),
    case(
        "profile-missing",
        "fast",
        "static",
        "export AWS_PROFILE=no-such-profile",
    ),
    case(
        "profile-circle",
        "fast",
        "profile",
        concat!(
            "AWS_CONFIG_FILE=$(mktemp); export AWS_CONFIG_FILE; export AWS_PROFILE=p\n",
            "printf '[profile p]\\nrole_arn = arn:aws:iam::1:role/r\\nsource_profile = p\\n' > $AWS_CONFIG_FILE",
        ),
    ),
    case(
        "no-region",
        "fast",
        "static",
        "unset AWS_REGION AWS_DEFAULT_REGION",
    ),
    case(
        "credentials-refused",
        "fast",
        "static",
        "export AWS_SECRET_ACCESS_KEY=0123456789012345678901234567890123456789",
    ),
    case(
        "sts-unreachable",
        "fast",
        "static",
        "export AWS_ENDPOINT_URL_STS=http://127.0.0.1:1",
    ),
    case(
        "no-credentials",
        "fast",
        "static",
        "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY",
    ),
];

/// Entries that take a network namespace: [`crate::namespaces`].
const ELSEWHERE: [&str; 1] = ["dns-slow"];

#[test]
fn every_entry_has_a_case() {
    for check in catalogue() {
        let cased = CASES.iter().any(|case| case.id == check.id);
        assert!(cased || ELSEWHERE.contains(&check.id), "{}", check.id);
    }
}

#[test]
fn every_case_gives_its_finding_and_no_other_error() {
    let _machine = alone();
    let next = Mutex::new(CASES.iter());
    std::thread::scope(|threads| {
        for _ in 0..6 {
            threads.spawn(|| {
                loop {
                    let Some(case) = next.lock().unwrap().next() else {
                        return;
                    };
                    provoke(case);
                }
            });
        }
    });
}

fn provoke(case: &Case) {
    let written = case.lab.contains('=').then(|| scenario(case.lab));
    let lab = written
        .as_ref()
        .map_or(case.lab, |file| file.path().to_str().unwrap());
    let document = examined(lab, case.source, case.setup);
    let Case { id, .. } = case;
    let all = findings(&document);
    assert!(all.contains(id), "{id} is not among {all:?}: {document:#}");
    let others: Vec<&str> = broken(&document)
        .into_iter()
        .filter(|found| found != id)
        .collect();
    assert!(
        others.is_empty(),
        "{id} brings {others:?}: {}",
        document["findings"]
    );
}

#[test]
fn a_healthy_machine_has_no_findings() {
    let _machine = alone();
    for source in [
        "imds",
        "container",
        "static",
        "web-identity",
        "profile",
        "assume-role",
    ] {
        let document = examined("fast", source, "");
        let found = &document["findings"];
        assert_eq!(findings(&document), Vec::<&str>::new(), "{source}: {found}");
    }
}
