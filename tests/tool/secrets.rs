//! No secret is in any output, whatever the command, the format and the trouble.

use std::process::Command;

use awscreds_bench::lab::{BUCKET, ExportedSource, KEY};

use crate::node::Node;
use crate::support::{beside_others, hides_issued, tool};

const FORMATS: [&str; 8] = [
    "table", "json", "csv", "markdown", "html", "svg", "hlog", "hgrm",
];

/// A command that meets trouble with its source or with its target.
struct Case {
    source: ExportedSource,
    scenario: &'static str,
    arguments: &'static [&'static str],
    /// The formats that it has.
    formats: &'static [&'static str],
}

const GARBAGE: &str = "[sts.regional]\nfault = { probability = 0.3, kind = 'garbage' }\n";
const STS: &[&str] = &["sts", "--regional", "-n", "20"];

static CASES: &[Case] = &[
    Case {
        source: ExportedSource::Static,
        scenario: GARBAGE,
        arguments: STS,
        formats: &FORMATS,
    },
    Case {
        source: ExportedSource::Container,
        scenario: GARBAGE,
        arguments: STS,
        formats: &FORMATS,
    },
    Case {
        source: ExportedSource::WebIdentity,
        scenario: GARBAGE,
        arguments: STS,
        formats: &FORMATS,
    },
    // Half an answer quotes half of the credentials.
    Case {
        source: ExportedSource::Imds,
        scenario: "[imds.credentials]\nfault = { probability = 0.3, kind = 'truncate' }\n",
        arguments: &["imds", "--concurrency", "1,2", "-n", "20"],
        formats: &FORMATS,
    },
    Case {
        source: ExportedSource::Imds,
        scenario: "",
        arguments: &[
            "imds",
            "--compare-cache",
            "--workers",
            "2",
            "-n",
            "4",
            "--every",
            "20ms",
        ],
        formats: &FORMATS,
    },
    Case {
        source: ExportedSource::Profile,
        scenario: "[s3]\nfault = { probability = 0.3, kind = 'garbage' }\n",
        arguments: &[
            "s3",
            "--compare-cache",
            "--bucket",
            BUCKET,
            "--key",
            KEY,
            "-n",
            "10",
        ],
        formats: &FORMATS,
    },
    Case {
        source: ExportedSource::AssumeRole,
        scenario: "",
        arguments: &[
            "refresh",
            "--lab",
            "--lifetime",
            "4s",
            "--source-delay",
            "20ms",
            "--outage",
            "fail",
            "--rate",
            "20",
            "--duration",
            "6s",
        ],
        formats: &FORMATS,
    },
    Case {
        source: ExportedSource::Imds,
        scenario: "",
        arguments: &["cloudmap", "--lab", "fast", "-n", "5"],
        formats: &FORMATS,
    },
    Case {
        source: ExportedSource::Static,
        scenario: "",
        arguments: &["doctor", "--fail-on", "never"],
        formats: &["table", "json", "csv", "markdown", "html"],
    },
    Case {
        source: ExportedSource::Container,
        scenario: "[container]\nfault = { probability = 0.5, kind = 'truncate' }\n",
        arguments: &["doctor", "--fail-on", "never"],
        formats: &["table", "json", "csv", "markdown", "html"],
    },
];

/// What is secret on this node.
fn secrets(node: &Node) -> [String; 3] {
    let lab = &node.lab;
    let secrets = [
        lab.static_credentials().secret_access_key.clone(),
        lab.container_token(),
        lab.web_identity_token().to_owned(),
    ];
    assert!(secrets.iter().all(|secret| secret.len() >= 16));
    secrets
}

#[test]
fn secrets_are_nowhere_in_any_output() {
    let _machine = beside_others();
    std::thread::scope(|threads| {
        // The formats of a case at once: as many processes as the machine can start.
        for format in FORMATS {
            threads.spawn(move || CASES.iter().for_each(|case| searched(case, format)));
        }
    });
}

fn searched(case: &Case, format: &str) {
    let Case {
        source, arguments, ..
    } = case;
    let node = Node::new(case.scenario);
    let mut command: Command = node.on(tool(), *source);
    command
        .args(*arguments)
        .args(["--verbose", "--format", format]);
    let output = command.output().unwrap();
    let said =
        String::from_utf8_lossy(&[output.stdout.clone(), output.stderr].concat()).into_owned();
    hides_issued(&said);
    for secret in secrets(&node) {
        assert!(
            !said.contains(&secret),
            "{source:?} {arguments:?} {format}: {secret} in {said}"
        );
    }
    let (code, empty) = if case.formats.contains(&format) {
        (0, false)
    } else {
        (2, true)
    };
    assert_eq!(
        output.status.code(),
        Some(code),
        "{source:?} {arguments:?} {format}: {said}"
    );
    assert_eq!(
        output.stdout.is_empty(),
        empty,
        "{source:?} {arguments:?} {format}"
    );
}
