//! Whole reports over fixed documents. Read the snapshots as a user would.

use csv::StringRecord;
use unicode_width::UnicodeWidthStr;

use super::{Format, RenderError, Style, render};
use crate::document::{Body, Document, Measurement, fixtures};

/// The measured ones of the documents.
fn measured() -> Vec<(String, Document<Measurement>)> {
    let measured = fixtures::all().into_iter().filter_map(|(name, document)| {
        let Document { head, body } = document;
        let body = body.into_measured()?;
        Some((name, Document { head, body }))
    });
    measured.collect()
}

fn shown<B: Clone>(document: &Document<B>, format: Format, width: usize) -> String
where
    Body: From<B>,
{
    let Document { head, body } = document.clone();
    let document = Document::new(head, body);
    render(&document, format, &style(width)).expect("every fixture renders")
}

fn style(width: usize) -> Style {
    Style {
        color: false,
        width,
        details: true,
        ..Style::default()
    }
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

/// The header of a table for programs, and its rows.
fn read(csv: &str) -> (StringRecord, Vec<StringRecord>) {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let rows = reader.records().map(|row| row.expect("every row reads"));
    (header, rows.collect())
}

#[test]
fn tables_look_as_they_were_approved() {
    for (name, document) in fixtures::all() {
        for width in [80, 120] {
            insta::assert_snapshot!(
                format!("{name}_{width}"),
                shown(&document, Format::Table, width)
            );
        }
    }
}

fn first_screen(document: &Document, width: usize) -> String {
    let style = Style {
        width,
        stored: Some("last".to_owned()),
        ..Style::default()
    };
    render(document, Format::Table, &style).expect("every fixture renders")
}

#[test]
fn first_screens_look_as_they_were_approved() {
    for (name, document) in fixtures::all() {
        for width in [80, 100, 160] {
            insta::assert_snapshot!(
                format!("{name}_screen_{width}"),
                first_screen(&document, width)
            );
        }
    }
}

#[test]
fn a_first_screen_is_no_higher_than_a_terminal_and_ends_with_what_to_do() {
    for (name, document) in fixtures::all() {
        for (width, most) in [(80, 32), (100, 30), (160, 30)] {
            let screen = first_screen(&document, width);
            let lines: Vec<&str> = screen.lines().collect();
            assert!(
                lines.len() <= most,
                "{name} at {width}: {} lines\n{screen}",
                lines.len()
            );
            let counts = matches!(document.body, Body::Lab(_));
            let last = &lines[lines.len().saturating_sub(12)..];
            let remedy = last
                .iter()
                .any(|line| line.contains("TO CHANGE") || line.contains("CHANGE THIS"));
            assert!(remedy || counts, "{name} at {width}\n{screen}");
        }
    }
}

#[test]
fn markdown_looks_as_it_was_approved() {
    for (name, document) in fixtures::all() {
        insta::assert_snapshot!(
            format!("{name}_markdown"),
            shown(&document, Format::Markdown, 80)
        );
    }
}

#[test]
fn no_line_is_wider_than_asked_for() {
    for (name, document) in fixtures::all() {
        for width in [60, 72, 80, 100, 120, 200] {
            for line in shown(&document, Format::Table, width).lines() {
                let columns = line.width();
                assert!(
                    columns <= width,
                    "{name} at {width}: {columns} columns: {line}"
                );
            }
        }
    }
}

#[test]
fn long_names_of_arms_and_many_arms_stay_within_the_width() {
    let mut document = fixtures::measured("s3");
    for arm in &mut document.body.arms {
        arm.name = format!(
            "{} and an unreasonably long explanation of what that means",
            arm.name
        );
    }
    document.body.arms.extend(document.body.arms.clone());
    for line in shown(&document, Format::Table, 80).lines() {
        assert!(line.width() <= 80, "{} columns: {line}", line.width());
    }
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    for (name, document) in fixtures::all() {
        let plain = shown(&document, Format::Table, 100);
        assert!(!plain.contains('\x1b'), "{name}");
        let style = Style {
            color: true,
            ..style(100)
        };
        let colored = render(&document, Format::Table, &style).expect("renders");
        assert!(colored.contains('\x1b'), "{name}");
        assert_eq!(without_escapes(&colored), plain, "{name}");
    }
}

fn without_escapes(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        bare.push_str(&rest[..at]);
        let end = rest[at..].find('m').expect("escapes here end with m");
        rest = &rest[at + end + 1..];
    }
    bare.push_str(rest);
    let lines: Vec<_> = bare.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

#[test]
fn json_reads_back_as_the_same_document() {
    for (name, document) in measured() {
        let text = shown(&document, Format::Json, 80);
        let read: Document<Measurement> = serde_json::from_str(&text).expect("reads back");
        assert_eq!(read, document, "{name}");
        assert!(text.ends_with("}\n"));
    }
}

#[test]
fn csv_has_a_row_for_each_arm_and_phase() {
    let document = fixtures::interrupted();
    let text = shown(&document, Format::Csv, 80);
    let (header, rows) = read(&text);
    let first_six = |record: &StringRecord| record.iter().take(6).collect::<Vec<_>>().join(",");
    let names = first_six(&header);
    assert_eq!(names, "command,arm,concurrency,calls,phase,count");
    let arms = "two arms that succeeded and one that failed too";
    assert_eq!(rows.len(), 11 + 11 + 11, "{arms}");
    let total = &rows[11];
    assert_eq!(first_six(total), "sts,regional,,ok,total,200");
    let figures = serde_json::to_value(&document.body.arms[1].phases.total).expect("JSON");
    for (name, figure) in header.iter().zip(total).skip(5) {
        assert_eq!(figure.parse().ok(), figures[name].as_f64(), "{name}");
    }
    let mut rows = rows.iter();
    assert!(rows.any(|row| &row[3] == "failed" && &row[5] == "12"));
}

#[test]
fn csv_leaves_empty_what_could_not_be_measured() {
    let text = shown(&fixtures::all_failed(), Format::Csv, 80);
    assert_has(&text, &["sts,global,,ok,total,0,,,,,,,,\n"]);
}

#[test]
fn two_populations_are_two_hills_with_a_valley_between() {
    let text = shown(&fixtures::measured("two_hills"), Format::Table, 80);
    let distribution = text.split("Distribution").nth(1).expect("a distribution");
    let hills = distribution.split_once('⋮');
    let (low, high) = hills.expect("a gap between the hills");
    assert_has(low, &["█", "p50 "]);
    assert_has(high, &["█", "p99"]);
}

#[test]
fn a_histogram_that_cannot_be_read_is_said_to_be_so() {
    let mut document = fixtures::sts();
    document.body.arms[0].phases.total.histogram = Some("noise".to_owned());
    let text = shown(&document, Format::Table, 80);
    assert_has(&text, &["global: its histogram cannot be read"]);
}

#[test]
fn nothing_is_shared_out_where_nothing_succeeded() {
    let text = shown(&fixtures::all_failed(), Format::Table, 80);
    assert_has(&text, &["no call succeeded"]);
    assert!(!text.contains("Where the time goes"), "{text}");
}

#[test]
fn an_error_message_cannot_drive_the_terminal_or_the_markup() {
    let mut document = fixtures::all_failed();
    document.body.arms[0].errors[0].message = "\x1b[2Jgone\n| **bold** <script>".to_owned();
    let table = shown(&document, Format::Table, 80);
    assert!(!table.contains('\x1b'), "{table}");
    assert_has(&table, &["[2Jgone | **bold**"]);
    let markdown = shown(&document, Format::Markdown, 80);
    assert_has(&markdown, &[r"\[2Jgone \| \*\*bold\*\* \<script>"]);
}

#[test]
fn pages_and_pictures_escape_what_came_from_outside() {
    let mut document = fixtures::interrupted();
    let hostile = "<script>alert(1)</script>\x1b\u{1}&\"'";
    document.body.arms[1].name = hostile.to_owned();
    document.body.arms[1].errors[0].message = hostile.to_owned();
    document.head.arguments = vec![hostile.to_owned()];
    for format in [Format::Html, Format::Svg] {
        let text = shown(&document, format, 80);
        assert!(!text.contains("<script"), "{format:?}");
        assert_has(&text, &["&lt;script&gt;"]);
    }
    let svg = shown(&document, Format::Svg, 80);
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
    let log = shown(&document, Format::Hlog, 80);
    assert!(!log.contains('\x1b'), "{log}");
    assert_has(&log, &["Tag=-script-alert-1--/script------.total,"]);
}

#[test]
fn a_run_without_a_success_has_a_page_and_a_picture_that_says_so() {
    let page = shown(&fixtures::all_failed(), Format::Html, 80);
    assert_has(&page, &["no call succeeded"]);
    assert!(!page.contains("<svg"), "{page}");
    let picture = shown(&fixtures::all_failed(), Format::Svg, 80);
    assert_has(&picture, &["Nothing to draw"]);
}

#[test]
fn every_document_has_its_page_and_rows() {
    for (name, document) in fixtures::all() {
        let page = shown(&document, Format::Html, 80);
        let title = format!("<title>{}", document.head.tool.name);
        let named = page.contains(&title) || page.contains("<title>Renewal of credentials");
        assert!(page.starts_with("<!DOCTYPE html>") && named, "{name}");
        let (_, rows) = read(&shown(&document, Format::Csv, 80));
        assert!(!rows.is_empty(), "{name}");
    }
}

#[test]
fn a_run_with_latencies_has_its_pictures_and_logs() {
    for (name, document) in measured() {
        let arm = document.body.arms.iter().find(|arm| arm.outcomes.ok > 0);
        let Some(arm) = arm else { continue };
        let tag = format!("{}.total", super::tagged::plain(&arm.name));
        let picture = shown(&document, Format::Svg, 80);
        assert!(picture.contains("<polyline"), "{name}: a curve");
        let log = shown(&document, Format::Hlog, 80);
        assert_has(&log, &[&format!("Tag={tag},")]);
        let distributions = shown(&document, Format::Hgrm, 80);
        assert_has(&distributions, &[&format!("#[{tag}] section")]);
    }
}

#[test]
fn a_document_without_latencies_has_no_pictures_and_no_logs() {
    for (name, document) in fixtures::all() {
        if document.measured().is_some() {
            continue;
        }
        for format in [Format::Svg, Format::Hlog, Format::Hgrm] {
            let refused = render(&document, format, &style(80)).expect_err("refused");
            assert!(
                matches!(refused, RenderError::NoLatencies),
                "{name} as {format:?}"
            );
        }
    }
}
