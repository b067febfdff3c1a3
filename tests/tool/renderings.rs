//! One document of each kind in each format: the columns are there, and so are figures of the document.

use serde_json::Value;

use crate::support::{arm, beside_others, errors, home, measured, run, text};

/// A kind of document that has latencies.
struct Kind {
    arguments: &'static [&'static str],
    /// The columns of the table of latencies, and of one more table.
    columns: [&'static [&'static str]; 2],
    /// An arm with its first cell in the table of latencies.
    arm: (&'static str, &'static str),
}

const LATENCIES: &[&str] = &["arm", "ok", "failed", "p50", "p90", "p99", "max"];
const COMPARISON: &[&str] = &["arm", "against", "at", "difference", "interval", "verdict"];

static KINDS: &[Kind] = &[
    Kind {
        arguments: &["sts", "--regional", "--lab", "fast", "-n", "20"],
        columns: [LATENCIES, COMPARISON],
        arm: ("regional", "regional"),
    },
    Kind {
        arguments: &["imds", "--concurrency", "1,2", "--lab", "fast", "-n", "20"],
        columns: [
            &[
                "workers",
                "rate",
                "ok",
                "throttled",
                "timeout",
                "p50",
                "p90",
                "p99",
                "max",
            ],
            &["operation", "count", "ok", "p50", "p99", "max", "failed"],
        ],
        arm: ("2 workers", "2"),
    },
    Kind {
        arguments: &["s3", "--compare-cache", "--lab", "fast", "-n", "10"],
        columns: [LATENCIES, COMPARISON],
        arm: ("cold-creds/warm-conn", "cold-creds/warm-conn"),
    },
    Kind {
        arguments: &["cloudmap", "--lab", "fast", "-n", "10"],
        columns: [LATENCIES, &["arm", "own zone", "by chance", "crossed"]],
        arm: ("prefer-az", "prefer-az"),
    },
    Kind {
        arguments: &[
            "refresh",
            "--lab",
            "fast",
            "--lifetime",
            "4s",
            "--rate",
            "20",
            "--duration",
            "6s",
        ],
        columns: [
            LATENCIES,
            &["arm", "blocked", "longest wait", "at once", "refused"],
        ],
        arm: ("lazy", "lazy"),
    },
    Kind {
        arguments: &[
            "sign",
            "--case",
            "header,payload",
            "--payload",
            "64KiB",
            "-n",
            "20",
        ],
        columns: [LATENCIES, &["throughput"]],
        arm: ("payload-64KiB", "payload-64KiB"),
    },
];

/// The rows of all tables of a text, as cells.
pub fn rows(format: &str, text: &str) -> Vec<Vec<String>> {
    let lines = |cells: &dyn Fn(&str) -> Vec<String>| text.lines().map(cells).collect();
    let trimmed = |cell: &str| cell.trim().replace('\\', "");
    match format {
        "table" => lines(&|line| {
            line.split("  ")
                .map(trimmed)
                .filter(|cell| !cell.is_empty())
                .collect()
        }),
        "markdown" => lines(&|line| line.trim_matches('|').split('|').map(trimmed).collect()),
        "csv" => {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(text.as_bytes());
            let records = reader.records().map(|record| record.expect("a record"));
            records
                .map(|record| record.iter().map(str::to_owned).collect())
                .collect()
        }
        "html" => {
            let rows = text
                .split("<tr")
                .skip(1)
                .map(|row| row.split("</tr>").next().unwrap());
            rows.map(|row| row.split("<t").skip(1).map(without_tags).collect())
                .collect()
        }
        _ => panic!("{format} has no tables"),
    }
}

/// What is shown of a cell of a page, which begins within its own tag.
fn without_tags(cell: &str) -> String {
    let parts = cell
        .split('>')
        .skip(1)
        .map(|part| part.split('<').next().unwrap());
    parts.collect::<String>().replace('\u{a0}', " ")
}

/// Whether one row has these cells in this order, others between them or not.
pub fn has_row(rows: &[Vec<String>], wanted: &[&str]) -> bool {
    rows.iter().any(|row| {
        let mut cells = row.iter();
        wanted.iter().all(|wanted| cells.any(|cell| cell == wanted))
    })
}

/// A time as it is shown to people, in microseconds.
fn shown_us(cell: &str) -> Option<f64> {
    let (figure, unit) = cell.split_once(' ')?;
    let factor = match unit {
        "µs" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(figure.parse::<f64>().ok()? * factor)
}

fn rendered(path: &str, format: &str) -> String {
    let output = run(&["report", path, "--details", "--format", format]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{format}: {}",
        errors(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_was_measured_is_in_every_format() {
    let _machine = beside_others();
    std::thread::scope(|threads| {
        for kind in KINDS {
            threads.spawn(|| rendered_everywhere(kind));
        }
    });
}

fn rendered_everywhere(kind: &Kind) {
    let (name, first_cell) = kind.arm;
    let document = measured(kind.arguments);
    let path = home().join("run.json");
    std::fs::write(&path, document.to_string()).unwrap();
    let path = text(&path);
    let again: Value = serde_json::from_str(&rendered(path, "json")).unwrap();
    assert_eq!(again, document);
    let measured = arm(&document, name);
    let p50_us = measured["phases"]["total"]["p50_us"].as_f64().unwrap();
    let ok = measured["outcomes"]["ok"].to_string();
    for format in ["table", "markdown", "html"] {
        let text = rendered(path, format);
        let rows = rows(format, &text);
        for columns in kind.columns {
            assert!(has_row(&rows, columns), "{columns:?} in {format}: {text}");
        }
        let same = |us: f64| (us / p50_us - 1.0).abs() < 0.006;
        let of_arm = rows.iter().any(|row| {
            let named = row.first().is_some_and(|cell| cell == first_cell);
            named && row.contains(&ok) && row.iter().filter_map(|cell| shown_us(cell)).any(same)
        });
        assert!(of_arm, "{name}, {ok}, {p50_us} µs in {format}: {text}");
    }
    let text = rendered(path, "csv");
    let rows = rows("csv", &text);
    assert!(
        has_row(
            &rows,
            &["command", "arm", "phase", "count", "p50_us", "max_us"]
        ),
        "{text}"
    );
    let of = |column: &str| rows[0].iter().position(|name| name == column).unwrap();
    let command = kind.arguments[0];
    let row = rows
        .iter()
        .find(|row| row[of("arm")] == name && row[of("phase")] == "total");
    let row = row.expect("the arm's total");
    assert_eq!(
        (row[of("command")].as_str(), &row[of("count")]),
        (command, &ok)
    );
    assert_eq!(row[of("p50_us")].parse(), Ok(p50_us));
    let tag = format!("{}.total", name.replace(' ', "-"));
    let log = rendered(path, "hlog");
    assert!(log.contains(&format!("Tag={tag},")), "{log}");
    let percentiles = rendered(path, "hgrm");
    let (_, section) = percentiles
        .split_once(&format!("#[{tag}] section"))
        .unwrap();
    let count = section
        .split_once("Total count    =")
        .unwrap()
        .1
        .trim_start();
    assert!(count.starts_with(&format!("{ok}]")), "{section}");
    let picture = rendered(path, "svg");
    assert!(
        picture.starts_with("<svg") && picture.contains(name),
        "{picture}"
    );
}

/// A kind of document that has none.
pub struct Other {
    pub arguments: &'static [&'static str],
    /// The program that the lab runs, if any.
    program: &'static [&'static str],
    /// The columns for people and for programs.
    pub columns: [&'static [&'static str]; 2],
    /// Cells of a row, made from the document.
    pub row: fn(&Value) -> Vec<String>,
}

pub static OTHERS: &[Other] = &[
    Other {
        arguments: &[
            "doctor",
            "--lab",
            "fast",
            "--source",
            "container",
            "--fail-on",
            "never",
        ],
        program: &[],
        columns: [
            &["link", "state", "took", "key", "expires in", "identity"],
            &[
                "id",
                "severity",
                "summary",
                "evidence",
                "consequence",
                "remedy",
                "reference",
                "change",
            ],
        ],
        row: |document| {
            let links = document["links"].as_array().unwrap();
            let won = links
                .iter()
                .find(|link| link["name"] == document["winner"])
                .unwrap();
            vec![
                won["name"].as_str().unwrap().to_owned(),
                won["state"].as_str().unwrap().to_owned(),
            ]
        },
    },
    Other {
        arguments: &["lab", "--scenario", "fast"],
        program: &[
            "imds",
            "--concurrency",
            "1",
            "-n",
            "4",
            "--warmup",
            "0",
            "--quiet",
        ],
        columns: [&["operation", "count", "ok", "throttled", "failed"]; 2],
        row: |document| {
            let tokens = &document["requests"]["imds:token"];
            vec![
                "imds:token".to_owned(),
                tokens["count"].to_string(),
                tokens["ok"].to_string(),
            ]
        },
    },
    Other {
        arguments: &["refresh", "--simulate", "3h", "--processes", "2"],
        program: &[],
        columns: [
            &["strategy", "inline", "blocked", "longest wait", "at once"],
            &[
                "name",
                "inline_refreshes",
                "blocked",
                "longest_wait_s",
                "most_at_once",
            ],
        ],
        row: |document| {
            let lazy = document["strategies"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["name"] == "lazy");
            let figure = |name: &str| lazy.unwrap()[name].to_string();
            vec![
                "lazy".to_owned(),
                figure("inline_refreshes"),
                figure("blocked"),
            ]
        },
    },
    Other {
        arguments: &["cloudmap", "--simulate", "500"],
        program: &[],
        columns: [
            &[
                "resolvers",
                "manner",
                "calls",
                "throttled",
                "age p50",
                "p99",
                "max",
            ],
            &[
                "resolvers",
                "manner",
                "calls_per_s",
                "throttled",
                "age_p50_s",
            ],
        ],
        row: |document| {
            let crowd = &document["crowds"][2];
            vec![
                crowd["resolvers"].to_string(),
                crowd["manner"].as_str().unwrap().to_owned(),
            ]
        },
    },
];

impl Other {
    /// Its output in a format, to a file.
    pub fn printed(&self, format: &str) -> String {
        let path = home().join(format);
        let mut arguments = self.arguments.to_vec();
        arguments.extend(["--details", "--format", format, "--output", text(&path)]);
        if !self.program.is_empty() {
            arguments.extend(["--", env!("CARGO_BIN_EXE_awscreds-bench")]);
            arguments.extend(self.program);
        }
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        std::fs::read_to_string(path).unwrap()
    }
}

#[test]
fn what_has_no_latencies_is_in_every_format_for_people_and_for_spreadsheets() {
    let _machine = beside_others();
    for other in OTHERS {
        let document: Value = serde_json::from_str(&other.printed("json")).unwrap();
        let row = (other.row)(&document);
        let row: Vec<&str> = row.iter().map(String::as_str).collect();
        let [people, programs] = other.columns;
        for (format, columns) in [
            ("table", people),
            ("markdown", people),
            ("html", people),
            ("csv", programs),
        ] {
            let text = other.printed(format);
            let rows = rows(format, &text);
            assert!(has_row(&rows, columns), "{columns:?} in {format}: {text}");
            // The table of findings is all that a spreadsheet gets of an examination.
            if format != "csv" || other.arguments[0] != "doctor" {
                assert!(has_row(&rows, &row), "{row:?} in {format}: {text}");
            }
        }
    }
}

#[test]
fn what_has_no_latencies_is_refused_in_formats_that_are_made_of_them() {
    let _machine = beside_others();
    for other in OTHERS {
        for format in ["svg", "hlog", "hgrm"] {
            let output = run(&[other.arguments, &["--format", format]].concat());
            assert_eq!(
                output.status.code(),
                Some(2),
                "{:?} {format}",
                other.arguments
            );
            assert!(output.stdout.is_empty());
            let errors = errors(&output);
            let lines: Vec<&str> = errors.lines().collect();
            let [error, hint] = lines[..] else {
                panic!("{errors}")
            };
            assert!(
                error.starts_with("error: ") && error.contains("no latencies"),
                "{errors}"
            );
            assert!(
                hint.starts_with("hint: ") && hint.contains("csv, markdown"),
                "{errors}"
            );
        }
    }
}
