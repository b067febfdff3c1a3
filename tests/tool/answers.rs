//! For each built-in scenario and each command that fetches credentials: the answer names the scenario's cause, or the
//! scenario itself says which command shows it.

use std::sync::Mutex;

use awscreds_bench::lab::Scenario;
use serde_json::Value;

use self::Answer::{Elsewhere, Finds, FindsWith, Healthy};
use crate::support::{alone, beside_others_for_long, errors, findings, run};

/// What a command must say of a scenario.
#[derive(Clone, Copy)]
enum Answer {
    /// This finding: in the document, or below the error where nothing could be measured.
    Finds(&'static str),
    /// The same, with other options than the usual few calls.
    FindsWith(&'static str, &'static str),
    /// The command cannot see the cause; the scenario says in the document that this one shows it.
    Elsewhere(&'static str),
    /// There is nothing to find.
    Healthy,
}

/// The commands of a row, each with the few calls that are usually enough.
const COMMANDS: [(&str, &str); 6] = [
    ("sts", "-n 4 --warmup 1"),
    ("s3", "-n 4 --warmup 1"),
    ("imds", "-n 4 --concurrency 1"),
    (
        "refresh",
        "--strategies lazy --rate 5 --duration 1s --warmup 1",
    ),
    ("cloudmap", "--part discovery -n 4 --warmup 1"),
    ("doctor", "--fail-on never"),
];

/// Scenario, source, and the answers in the order of the commands.
type Row = (&'static str, &'static str, [Answer; 6]);

const GLOBAL: Answer = Elsewhere("sts --regional --lab");
const STALLS: Answer = Elsewhere("sts --rate 50 --duration 30s --lab stalls");
const EXPIRING: &str = "credentials-expiring";

/// Scenarios in which every command finds the same, with their sources.
const SAME: [(&str, &str, &str); 11] = [
    (
        "container-no-token",
        "container",
        "container-token-rejected",
    ),
    (
        "container-wrong-token",
        "container",
        "container-token-rejected",
    ),
    ("container-token-newline", "container", "token-file-newline"),
    ("imds-black-hole", "imds", "imds-black-hole"),
    ("imds-disabled", "imds", "imds-disabled"),
    ("imds-hop-limit", "imds", "imds-hop-limit"),
    ("imds-no-role", "imds", "imds-no-role"),
    ("imds-refused", "imds", "imds-refused"),
    ("imds-slow", "imds", "imds-slow"),
    ("imds-v1-fallback", "imds", "imds-v1-fallback"),
    ("imds-v1-only", "imds", "imds-v1-fallback"),
];

fn rows() -> Vec<Row> {
    // A limit is met by many fetches at once, which only one command makes.
    let limit = |scenario, source, seen, shown| {
        let elsewhere = Elsewhere(shown);
        let answers = [elsewhere, elsewhere, seen, elsewhere, elsewhere, elsewhere];
        (scenario, source, answers)
    };
    let global = FindsWith("--regional -n 60 --warmup 1", "sts-global-endpoint");
    let skew = Finds("clock-skew");
    // What it fetches from has no clock.
    let no_service = Elsewhere("doctor --lab clock-skew");
    let slow = Finds("imds-slow");
    let expiring = |arguments| FindsWith(arguments, EXPIRING);
    let in_container = "imds --endpoint container --lab eks-agent";
    let mut rows = vec![
        (
            "default",
            "imds",
            // `refresh --lab` alone is about an expiry.
            [global, GLOBAL, GLOBAL, slow, GLOBAL, GLOBAL],
        ),
        ("fast", "imds", [Healthy; 6]),
        (
            "expiry",
            "imds",
            [
                slow,
                slow,
                slow,
                FindsWith(
                    "--strategies lazy --rate 5 --duration 14s --lifetime 12s --warmup 1",
                    "expiry-blocks-calls",
                ),
                slow,
                Finds(EXPIRING),
            ],
        ),
        (
            "stampede",
            "imds",
            [
                expiring("--rate 5 --duration 8s"),
                expiring("--rate 5 --duration 8s"),
                Finds(EXPIRING),
                expiring("--strategies lazy --rate 5 --duration 8s --warmup 1"),
                expiring("--part discovery --rate 5 --duration 8s"),
                Finds(EXPIRING),
            ],
        ),
        (
            "stalls",
            "imds",
            [
                FindsWith("--rate 50 --duration 12s", "second-mode"),
                STALLS,
                STALLS,
                STALLS,
                STALLS,
                STALLS,
            ],
        ),
        (
            "clock-skew",
            "imds",
            [skew, skew, no_service, skew, skew, skew],
        ),
        limit(
            "ecs-agent",
            "container",
            FindsWith("--concurrency 64 -n 200", "container-throttled"),
            "imds --endpoint container --lab ecs-agent",
        ),
        // More fetches per second than the program makes as it is built for tests.
        limit(
            "eks-agent",
            "container",
            Elsewhere(in_container),
            in_container,
        ),
        limit(
            "imds-throttled",
            "imds",
            FindsWith("--concurrency 64 -n 300 --timeout 1s", "imds-throttled"),
            "imds --lab imds-throttled",
        ),
        limit(
            "imds-packets",
            "imds",
            FindsWith("--concurrency 64 -n 300 --timeout 1s", "imds-throttled"),
            "imds --lab imds-packets",
        ),
    ];
    rows.extend(SAME.map(|(scenario, source, id)| (scenario, source, [Finds(id); 6])));
    rows
}

#[test]
fn every_built_in_scenario_has_a_row_and_no_other_has() {
    let rows = rows();
    let mut told: Vec<&str> = rows.iter().map(|(scenario, ..)| *scenario).collect();
    let mut known = Scenario::builtin_names();
    told.sort_unstable();
    known.sort_unstable();
    assert_eq!(told, known);
}

#[test]
fn every_command_names_the_scenarios_cause_or_the_one_that_shows_it() {
    let _machine = beside_others_for_long();
    assert_answered(|answer| !matches!(answer, FindsWith(..)));
}

/// What only many calls show is hidden where other runs make them late.
#[test]
fn what_many_calls_show_of_a_scenario_is_named() {
    let _machine = alone();
    assert_answered(|answer| matches!(answer, FindsWith(..)));
}

/// Asks for the cells with these answers, some at a time.
fn assert_answered(asked_for: fn(Answer) -> bool) {
    let rows = rows();
    let cells = rows.iter().flat_map(|(scenario, source, answers)| {
        let answers = answers.iter().zip(COMMANDS);
        let answers = answers.filter(|(answer, _)| asked_for(**answer));
        answers.map(move |(answer, command)| (*scenario, *source, *answer, command))
    });
    let (cells, wrong) = (Mutex::new(cells), Mutex::new(Vec::new()));
    let next = || cells.lock().unwrap().next();
    std::thread::scope(|threads| {
        for _ in 0..6 {
            threads.spawn(|| {
                while let Some((scenario, source, answer, command)) = next() {
                    if let Err(why) = asked(scenario, source, answer, command) {
                        let (command, _) = command;
                        let why = format!("{scenario}, {command}: {why}");
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs one cell of the table; what is wrong with its answer.
fn asked(
    scenario: &str,
    source: &str,
    answer: Answer,
    (command, usual): (&str, &str),
) -> Result<(), String> {
    let options = match answer {
        FindsWith(options, _) => options,
        _ => usual,
    };
    let mut arguments = vec![command, "--lab", scenario, "--source", source];
    arguments.extend(["--format", "json"]);
    arguments.extend(options.split(' '));
    let output = run(&arguments);
    let said = errors(&output);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let found = match document["findings"].as_array() {
        Some(_) => findings(&document),
        None => Vec::new(),
    };
    let about = [&document["about"], &document["lab"]["about"]];
    let about = about.into_iter().find_map(Value::as_str);
    let right = match answer {
        Finds(id) | FindsWith(_, id) => {
            found.contains(&id) || said.contains(&format!("[{id}]\nbecause: "))
        }
        Elsewhere(shown) => about.is_some_and(|about| about.contains(&format!("`{shown}`"))),
        Healthy => {
            let found = document["findings"].as_array().into_iter().flatten();
            // A machine that is busy with other tests has findings on itself, which no check of `doctor` makes.
            let of_checks = |finding: &&Value| !finding["reference"].is_null();
            let mut troubles = found.filter(|f| f["severity"] != "info").filter(of_checks);
            output.status.success() && !said.contains("finding: ") && troubles.next().is_none()
        }
    };
    if right {
        return Ok(());
    }
    Err(format!("found {found:?}, about {about:?}, said {said}"))
}
