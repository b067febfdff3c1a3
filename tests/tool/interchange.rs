//! What other programs read: `HdrHistogram` logs and percentile files, and the document against its schema.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use awscreds_bench::document::codec::decode_histogram;
use awscreds_bench::document::{Document, Measurement, Phases, Quantiles};
use awscreds_bench::render::{Chart, Format, Style, render};
use serde_json::Value;

use crate::installed::{node, python};
use crate::support::{beside_others, clean, home, measured, printed, run, scenario};

const LOG_PY: &str = include_str!("peers/hdr_log.py");
const LOG_JS: &str = include_str!("peers/hdr_log.mjs");
const VALIDATE_PY: &str = include_str!("peers/validate.py");

/// A document in another format, as the tool would have written it.
pub fn rendered(document: &Value, format: Format) -> String {
    let document: Document<Measurement> = serde_json::from_value(document.clone()).unwrap();
    let document = Document::new(document.head, document.body);
    let style = Style {
        color: false,
        width: 100,
        chart: Chart::default(),
        ..Style::default()
    };
    render(&document, format, &style).unwrap()
}

/// A run in which some calls fail, so that there are distributions of both kinds.
fn with_failures() -> Value {
    let scenario = scenario(
        r#"
        [sts.global]
        delay = { p50 = "3ms", p99 = "9ms" }
        fault = { probability = 0.2, kind = "status:400" }
        [sts.regional]
        delay = { p50 = "1ms", p99 = "2ms" }
        "#,
    );
    measured(&[
        "sts",
        "--regional",
        "--lab",
        scenario.path().to_str().unwrap(),
        "-n",
        "200",
    ])
}

/// Every distribution of the document by its tag.
fn expected(document: &Measurement) -> BTreeMap<String, &Quantiles> {
    let mut expected = BTreeMap::new();
    for arm in &document.arms {
        let failed = arm.failed_phases.iter().map(|phases| ("failed.", phases));
        for (calls, phases) in std::iter::once(("", &arm.phases)).chain(failed) {
            for (phase, quantiles) in named(phases) {
                if quantiles.count > 0 {
                    expected.insert(format!("{}.{calls}{phase}", arm.name), quantiles);
                }
            }
        }
    }
    expected
}

fn named(phases: &Phases) -> impl Iterator<Item = (&'static str, &Quantiles)> {
    let total = std::iter::once(("total", &phases.total));
    let dns = phases.dns.iter().map(|dns| ("dns", dns));
    let service = phases.service.iter().map(|service| ("service", service));
    total.chain(service).chain(phases.slices()).chain(dns)
}

/// Python's library rounds 0.99 × count to a rank where the others take the next one above it. Where the
/// count is a multiple of 100 they are the same, and this is the figure itself.
fn a_rank_below(quantiles: &Quantiles, quantile: f64) -> f64 {
    let histogram = decode_histogram(quantiles.histogram.as_ref().unwrap()).unwrap();
    let calls = histogram.len() as f64;
    let rank = (quantile * calls - 1e-9).floor();
    let rank = if quantiles.count.is_multiple_of(100) {
        rank + 1.0
    } else {
        rank
    };
    histogram.value_at_quantile(rank / calls) as f64 / 1e3
}

#[test]
fn python_and_javascript_read_from_the_log_what_the_document_says() {
    let (python, node) = (python(), node());
    let _machine = beside_others();
    let run = with_failures();
    let log = home().join("agreement.hlog");
    std::fs::write(&log, rendered(&run, Format::Hlog)).unwrap();
    let script = node.join("hdr_log.mjs");
    std::fs::write(&script, LOG_JS).unwrap();
    let document: Measurement = serde_json::from_value(run).unwrap();
    let expected = expected(&document);
    assert!(
        expected.contains_key("global.failed.total"),
        "some calls failed"
    );

    let readers = [
        printed(
            clean(Command::new(python.join("python")))
                .args(["-c", LOG_PY])
                .arg(&log),
        ),
        printed(clean(Command::new("node")).arg(&script).arg(&log)),
    ];
    for read in readers {
        let read: BTreeMap<String, Value> = serde_json::from_str(&read).unwrap();
        for (tag, quantiles) in &expected {
            let figures = read
                .get(tag)
                .unwrap_or_else(|| panic!("no {tag} in {read:?}"));
            assert_eq!(figures["count"].as_u64(), Some(quantiles.count), "{tag}");
            let stated = [
                ("p50", 0.5, quantiles.p50_us),
                ("p99", 0.99, quantiles.p99_us),
                ("max", 1.0, quantiles.max_us),
            ];
            for (name, quantile, us) in stated {
                let (read, stated) = (figures[name].as_f64().unwrap() / 1e3, us.unwrap());
                let same = |other: f64| (read - other).abs() < 1e-6;
                assert!(
                    same(stated) || name == "p99" && same(a_rank_below(quantiles, quantile)),
                    "{tag} {name}: {read} instead of {stated}"
                );
            }
        }
        let timeline = &read["global.timeline"]["count"];
        let slices = document.arms[0].timeline.iter().map(|slice| slice.count);
        assert_eq!(timeline.as_u64(), Some(slices.sum()), "slices lose no call");
    }
}

#[test]
fn a_log_of_an_open_loop_holds_waits_and_service_times() {
    let _machine = beside_others();
    let run = measured(&["sts", "--lab", "fast", "-n", "60", "--rate", "300"]);
    let log = rendered(&run, Format::Hlog);
    for phase in ["total", "service", "queue"] {
        assert!(
            log.contains(&format!("Tag=regional.{phase},")),
            "{phase}: {log}"
        );
    }
    let picture = rendered(&run, Format::Svg);
    assert!(picture.contains("regional without the queue"), "{picture}");
}

#[test]
fn the_comment_of_a_percentile_file_cuts_out_what_a_plotter_reads() {
    let _machine = beside_others();
    let run = measured(&["sts", "--regional", "--lab", "fast", "-n", "50"]);
    let path = home().join("distribution.hgrm");
    let text = rendered(&run, Format::Hgrm);
    std::fs::write(&path, &text).unwrap();
    let recipe = text.lines().find(|line| line.starts_with("#[awk")).unwrap();
    let recipe = recipe.trim_start_matches("#[").trim_end_matches(']');
    let recipe = recipe
        .replace("ARM.PHASE", "regional.total")
        .replace("FILE", "\"$0\"");
    let section = printed(clean(Command::new("sh")).args(["-c", &recipe]).arg(&path));
    // As the plotter at hdrhistogram.github.io reads it: rows of four numbers.
    let rows = section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let fields: Vec<f64> = line
                .split_whitespace()
                .map_while(|field| field.parse().ok())
                .collect();
            <[f64; 4]>::try_from(fields).ok()
        });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 20, "{section}");
    let total = &run["arms"][1]["phases"]["total"];
    let median = rows.iter().find(|row| row[1] >= 0.5).unwrap()[0];
    let stated = total["p50_us"].as_f64().unwrap() / 1e3;
    assert!(
        (median / stated - 1.0).abs() < 1e-3,
        "{median} ms and {stated} ms"
    );
    assert!(
        section.contains("Total count    =             50]"),
        "{section}"
    );
}

fn stored(name: &str, document: &Value) -> PathBuf {
    let path = home().join(name);
    std::fs::write(&path, document.to_string()).unwrap();
    path
}

/// What a validator says of documents; it ends with how many there were.
fn validated(paths: &[PathBuf]) -> String {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/result.schema.json");
    let mut command = clean(Command::new(python().join("python")));
    printed(command.args(["-c", VALIDATE_PY]).arg(schema).args(paths))
}

#[test]
fn documents_of_every_command_are_what_the_schema_says() {
    let python = python();
    let _machine = beside_others();
    let counts = home().join("schema-lab.json");
    let lab = run(&[
        "lab",
        "--scenario",
        "fast",
        "--format",
        "json",
        "--output",
        counts.to_str().unwrap(),
        "--",
        python.join("aws").to_str().unwrap(),
        "sts",
        "get-caller-identity",
    ]);
    assert!(
        lab.status.success(),
        "{}",
        String::from_utf8_lossy(&lab.stderr)
    );
    let runs = [
        ("schema-sts.json", with_failures()),
        (
            "schema-imds.json",
            measured(&["imds", "--concurrency", "1,2", "--lab", "fast", "-n", "20"]),
        ),
        (
            "schema-s3.json",
            measured(&["s3", "--compare-cache", "--lab", "fast", "-n", "20"]),
        ),
        (
            "schema-cloudmap.json",
            measured(&["cloudmap", "--lab", "fast", "-n", "20"]),
        ),
        (
            "schema-crowds.json",
            measured(&["cloudmap", "--simulate", "1000"]),
        ),
    ];
    let mut paths: Vec<_> = runs.iter().map(|(name, run)| stored(name, run)).collect();
    paths.push(counts);
    assert_eq!(validated(&paths), "validated 6\n");

    let mut wrong = runs[0].1.clone();
    wrong["arms"][0]["phases"]["total"]["count"] = "many".into();
    let complaint = validated(&[stored("schema-wrong.json", &wrong)]);
    assert!(
        complaint.contains("count") || complaint.contains("many"),
        "{complaint}"
    );
}
