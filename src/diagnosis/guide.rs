//! Every check in words, in `docs/doctor.md`, which is made from them here.

use std::fmt::Write;
use std::path::Path;

use super::checks::{catalogue, find};
use super::symptom;
use crate::document::{Proof, word};
use crate::nearest::nearest;

const INTRODUCTION: &str = "\
# What `doctor` finds

`awscreds-bench doctor` says where it runs, walks the credential and Region chain link by link, and holds what it
saw against the checks on this page. `awscreds-bench doctor --explain ID` prints one of them. This page is made
from the checks themselves: `UPDATE_DOCS=1 cargo test --release --lib guide` renews it.

Each check is tested under its id, by a case in [catalogue.rs](../tests/tool/doctor/catalogue.rs) against what the
table says provokes it, where no other error may be found, and against a healthy lab, where nothing is. What takes a
kernel (`dns-slow`, and once more `imds-hop-limit` and `imds-black-hole`) is tested in
[network namespaces](../tests/tool/namespaces/mod.rs).

The level is the worst that an entry can be: most say less where other credentials are found. `--fail-on` takes
`error` (the default), `warning`, `info` or `never`.
";

const SYMPTOMS: &str = "
## From a symptom to its cause

`awscreds-bench doctor --symptom NAME` tells only what may explain what you see, and which commands prove it.
";

/// The check that no lab can provoke.
const IN_NAMESPACES: &str = "dns-slow";

/// The page with all checks.
fn page() -> String {
    let mut page =
        format!("{INTRODUCTION}\n| entry | level | what is wrong | provoked by | test |\n");
    page.push_str("| --- | --- | --- | --- | --- |\n");
    for check in catalogue() {
        let _ = writeln!(
            page,
            "| [{id}](#{id}) | {} | {} | {} | {} |",
            word(check.level),
            check.title,
            check.provoked_by.replace('|', "\\|"),
            if check.id == IN_NAMESPACES {
                "`namespaces`"
            } else {
                "`doctor::catalogue`"
            },
            id = check.id,
        );
    }
    page.push_str(SYMPTOMS);
    for symptom in symptom::known() {
        let checks = symptom.checks.iter().map(|id| format!("[{id}](#{id})"));
        let checks: Vec<String> = checks.collect();
        let _ = writeln!(
            page,
            "\n**`--symptom {}`**: {}.\n",
            symptom.name, symptom.meaning
        );
        let _ = writeln!(page, "Checks: {}.\n", checks.join(", "));
        for Proof { command, shows } in symptom.proofs(None) {
            let _ = writeln!(page, "- `{command}`: {shows}");
        }
    }
    for check in catalogue() {
        let _ = writeln!(page, "\n## {}\n", check.id);
        let _ = writeln!(page, "**{}**\n", sentence(check.title));
        let _ = writeln!(page, "{}\n", check.explanation);
        let _ = writeln!(page, "**Consequence.** {}\n", check.consequence);
        let _ = writeln!(
            page,
            "**Remedy.** {}.\n",
            sentence(check.remedy).trim_end_matches('.')
        );
        let lines = check.lines();
        if !lines.is_empty() {
            let _ = writeln!(page, "```sh\n{}\n```\n", lines.join("\n"));
        }
        let _ = writeln!(page, "**Reference.** <{}>", check.reference);
    }
    page
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[test]
fn the_page_in_the_docs_is_made_from_the_checks() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("docs are writable");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == page,
        "the checks have changed: run `UPDATE_DOCS=1 cargo test --release --lib guide` and look at the difference"
    );
}

#[test]
fn a_misspelt_id_is_recognised() {
    let nearest = |id| nearest(id, catalogue().map(|check| check.id));
    assert_eq!(nearest("imds-hoplimit"), Some("imds-hop-limit"));
    assert_eq!(nearest("something else altogether"), None);
    assert!(find("imds-hop-limit").is_some());
}
