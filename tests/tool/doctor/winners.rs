//! The right winner, the right identity, its expiry, what would come next, and what other SDKs would do.

use super::{examined, link};
use crate::support::{beside_others, document, run};

#[test]
fn each_source_of_the_lab_wins_with_its_own_identity_and_expiry() {
    let _machine = beside_others();
    for (source, winner, identity, expires) in [
        ("static", "env", "user/awscreds-bench", false),
        ("profile", "profile", "user/awscreds-bench", false),
        (
            "assume-role",
            "profile",
            "assumed-role/awscreds-bench-app/",
            true,
        ),
        (
            "web-identity",
            "web-identity",
            "assumed-role/awscreds-bench-app/",
            true,
        ),
        (
            "container",
            "container",
            "assumed-role/awscreds-bench-task/",
            true,
        ),
        (
            "imds",
            "imds",
            "assumed-role/awscreds-bench-instance/",
            true,
        ),
    ] {
        for inside in [true, false] {
            let document = if inside {
                examined("fast", source, "")
            } else {
                let arguments = [
                    "doctor", "--lab", "fast", "--source", source, "--format", "json",
                ];
                document(&run(&arguments))
            };
            assert_eq!(document["winner"], winner, "{source}: {document:#}");
            let won = link(&document, winner);
            let arn = won["identity"]
                .as_str()
                .unwrap_or_else(|| panic!("{won:#}"));
            assert!(arn.contains(identity), "{source}: {arn}");
            assert_eq!(won["expires_at"].is_string(), expires, "{source}");
            assert!(won["elapsed_us"].as_f64().unwrap() > 0.0);
            if expires {
                let left = won["expires_in_s"].as_f64().unwrap();
                assert!((1.0..=3601.0).contains(&left), "{source}: {left}");
            }
        }
    }
}

#[test]
fn what_comes_after_the_winner_and_what_others_would_pick_is_told() {
    let _machine = beside_others();
    let setup = "unset AWS_EC2_METADATA_DISABLED
        export AWS_PROFILE=awscreds-bench-role
        export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/";
    let document = examined("fast", "static", setup);
    assert_eq!(document["winner"], "env");
    assert_eq!(document["next"], "profile");
    assert_eq!(link(&document, "container")["state"], "failed");
    assert_eq!(link(&document, "imds")["state"], "loaded");
    let picks = document["sdks"].as_array().unwrap();
    let pick = |sdk: &str| picks.iter().find(|pick| pick["sdk"] == sdk).unwrap()["link"].clone();
    assert_eq!(pick("Rust"), "env");
    assert_eq!(pick("JavaScript v3"), "profile");
    assert_eq!(pick(".NET v3"), "profile");
    assert_eq!(picks.len(), 13);
}

#[test]
fn a_role_chain_three_deep_is_walked_to_its_end() {
    let _machine = beside_others();
    let setup = "cat >> $AWS_CONFIG_FILE <<EOF
[profile second]
role_arn = arn:aws:iam::123456789012:role/second
source_profile = awscreds-bench-role
[profile third]
role_arn = arn:aws:iam::123456789012:role/third
source_profile = second
EOF
        export AWS_PROFILE=third";
    let document = examined("fast", "profile", setup);
    assert_eq!(document["winner"], "profile", "{document:#}");
    let arn = link(&document, "profile")["identity"].as_str().unwrap();
    assert!(arn.contains("assumed-role/third/"), "{arn}");
}
