//! No secret is in any output, whatever the command, the format and the trouble.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use awscreds_bench::lab::{BUCKET, ExportedSource, KEY};

use crate::node::Node;
use crate::support::{beside_others, file, hides_issued, measured, run, text, tool};

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
        .args(["--details", "--verbose", "--format", format]);
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

/// A session token as AWS issues them, in length and alphabet.
fn token() -> String {
    "IQoJb3JpZ2luX2VjEDoaCWV1LXdlc3QtMSJHMEUCIQD/+".to_owned() + &"x9/Qz+w".repeat(40) + "=="
}

const PASSWORD: &str = "a-password-of-ours";

/// Characters that a terminal or an editor would obey.
const COMMANDS: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{200f}";

/// Asserts that nothing in a text is obeyed by whoever shows it.
fn commands_nobody(text: &str) {
    let obeyed =
        |c: &char| c.is_control() && *c != '\n' || COMMANDS[5..].contains(*c) && !c.is_ascii();
    assert_eq!(text.chars().find(obeyed), None, "{text}");
}

fn percent_encoded(text: &str) -> String {
    text.replace('/', "%2F")
        .replace('+', "%2B")
        .replace('=', "%3D")
}

/// Answers every request with an error that quotes the token in the given form, in words that no SDK knows.
fn echoing(quoted: String) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = answer(stream.unwrap(), &quoted);
        }
    });
    address
}

fn answer(mut stream: TcpStream, quoted: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.ends_with(b"Version=2011-06-15") {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        request.extend(&buffer[..read]);
    }
    // XML has no room for the others.
    let commands: String = COMMANDS.chars().filter(|c| !c.is_ascii()).collect();
    let body = format!(
        "<ErrorResponse><Error><Code>Mismatch</Code><Message>we had from you {quoted}{commands}</Message></Error>\
         </ErrorResponse>"
    );
    write!(
        stream,
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_service_that_quotes_the_token_in_its_own_words_is_quoted_without_it() {
    let _machine = beside_others();
    let token = token();
    let forms = [
        token.clone(),
        percent_encoded(&token),
        STANDARD.encode(format!("Token: {token}, and more")),
        token.replace('/', "\\/"),
        token[7..90].to_owned(),
    ];
    std::thread::scope(|threads| {
        for form in &forms {
            threads.spawn(|| quoted_without(form, &token));
        }
    });
}

fn quoted_without(form: &str, token: &str) {
    let address = echoing(form.to_owned());
    for format in ["table", "json", "csv", "markdown", "html"] {
        let output = tool()
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE")
            .env(
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            )
            .env("AWS_SESSION_TOKEN", token)
            .args([
                "sts",
                "-v",
                "-n",
                "1",
                "--warmup",
                "0",
                "--format",
                format,
                "--endpoint-url",
            ])
            .arg(format!("http://somebody:{PASSWORD}@{address}"))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let (results, errors) = (
            String::from_utf8(output.stdout),
            String::from_utf8(output.stderr),
        );
        let said = results.unwrap() + &errors.unwrap();
        assert!(said.contains("[secret]@127.0.0.1"), "{said}");
        assert!(
            format == "csv" || said.contains("we had from you"),
            "{said}"
        );
        for place in (0..form.len() - 24).step_by(8) {
            let piece = &form[place..place + 24];
            assert!(!said.contains(piece), "{piece} in {said}");
        }
        assert!(
            !said.contains(PASSWORD) && !said.contains("somebody"),
            "{said}"
        );
        commands_nobody(&said);
    }
}

#[test]
fn a_stored_document_commands_neither_a_terminal_nor_a_page_nor_a_spreadsheet() {
    let _machine = beside_others();
    let mut document = measured(&["sts", "--lab", "fast", "-n", "3", "--warmup", "0"]);
    let name = format!("=cmd|'/C calc'!A0{COMMANDS}\n```\n# Owned | x");
    document["arms"][0]["name"] = name.clone().into();
    document["arms"][0]["endpoint"] = format!("https://u:{PASSWORD}@h/{COMMANDS}").into();
    document["arguments"] = serde_json::json!(["sts", name]);
    let stored = file(".json", document.to_string());
    for format in FORMATS {
        let output = run(&["report", text(stored.path()), "--format", format]);
        let said =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}: {said}");
        commands_nobody(&said);
        assert!(!said.contains(PASSWORD), "{format}: {said}");
        assert!(
            !said.lines().any(|line| line.starts_with("# Owned")),
            "{format}: {said}"
        );
        // A fence that the name cannot close.
        assert!(format != "markdown" || said.contains("````text"), "{said}");
        if format == "csv" {
            assert!(said.contains(",'=cmd|'"), "{said}");
        }
    }
    document["schema"] = "x\nhint: do this".into();
    let stored = file(".json", document.to_string());
    let output = run(&["report", text(stored.path())]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.matches("\nhint: ").count(), 1, "{errors}");
}
