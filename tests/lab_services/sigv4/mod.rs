//! The lab's answers to signed requests that are not as they should be, beside those of AWS.
//!
//! `cases.toml` is the table: what is wrong, what AWS answers, and where it says so. Each case is sent as bytes.

mod case;
mod signer;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use awscreds_bench::lab::Lab;

use self::case::{Case, Keys, Table};
use self::signer::{Signer, Wire};
use super::support::{imds_credentials, lab, sent};

fn table() -> Table {
    toml::from_str(include_str!("cases.toml")).unwrap()
}

fn user(lab: &Lab) -> Signer {
    let keys = lab.static_credentials();
    Signer {
        key: keys.access_key_id.clone(),
        secret: keys.secret_access_key.clone(),
        token: None,
    }
}

async fn session(lab: &Lab) -> Signer {
    let issued = imds_credentials(lab).await;
    Signer {
        key: issued.access_key_id().to_owned(),
        secret: issued.secret_access_key().to_owned(),
        token: issued.session_token().map(str::to_owned),
    }
}

/// A status and the code of an error, as the table writes them.
async fn answer(address: SocketAddr, wire: Wire) -> String {
    let Some(answer) = sent(address, &wire.head, &wire.body).await else {
        return "no answer".to_owned();
    };
    let code = answer.body.split_once("<Code>");
    match code.and_then(|(_, rest)| rest.split_once("</Code>")) {
        Some((code, _)) => format!("{} {code}", answer.status),
        None => answer.status.to_string(),
    }
}

#[tokio::test]
async fn every_case_is_answered_as_aws_answers_it() {
    let table = table();
    let (lab, brief) = (lab("").await, lab("[credentials]\nlifetime = \"1s\"").await);
    let (user, current, expired) = (user(&lab), session(&lab).await, session(&brief).await);
    // They expire at the second after the one that follows: nothing else can tell when that is.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let mut wrong = Vec::new();
    for case in &table.case {
        let (lab, signer) = match case.keys {
            Keys::Static => (&lab, &user),
            Keys::Session => (&lab, &current),
            Keys::Expired => (&brief, &expired),
        };
        let given = answered(lab, signer, case).await;
        if given != case.aws {
            wrong.push(format!(
                "{}: AWS answers {}, the lab {given}",
                case.name, case.aws
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        table.case.len(),
        wrong.join("\n")
    );
}

async fn answered(lab: &Lab, signer: &Signer, case: &Case) -> String {
    let signer = Signer {
        key: signer.key.clone(),
        secret: signer.secret.clone(),
        token: match case.signed.token.as_deref() {
            Some("") => None,
            Some(other) => Some(other.to_owned()),
            None => signer.token.clone(),
        },
    };
    let host = lab.address().to_string();
    answer(
        lab.address(),
        signer::request(case, &host, &signer, SystemTime::now()),
    )
    .await
}

#[test]
fn every_case_has_a_rule_and_every_rule_a_case() {
    let table = table();
    let names: BTreeSet<&str> = table.case.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), table.case.len(), "two cases have one name");
    assert!(names.len() >= 119, "{} cases", names.len());
    let used: BTreeSet<&str> = table.case.iter().map(|case| case.rule.as_str()).collect();
    let rules = table.published.keys().chain(table.unpublished.keys());
    let rules: BTreeSet<&str> = rules.map(String::as_str).collect();
    assert_eq!(used, rules);
    let sources = table.published.values();
    assert!(
        sources.clone().all(|source| source.contains("https://")),
        "{sources:?}"
    );
}
