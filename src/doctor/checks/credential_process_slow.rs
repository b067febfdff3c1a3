//! `credential_process` is slow and runs for every process.

use std::time::Duration;

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "credential-process-slow",
    level: Level::Warning,
    title: "credential_process is slow and runs for every process",
    explanation: "A profile's credential_process runs whenever a process needs credentials. What it prints is kept inside that process alone, and without an Expiration not even refreshed: a script that starts ten processes runs it ten times.",
    consequence: "Every command and every new process waits for it.",
    remedy: "let the process keep its answer in a file of its own until shortly before it expires, and print Expiration",
    reference: "https://github.com/common-fate/granted/issues/395",
    provoked_by: "a profile whose credential_process takes 0.7 s",
    last_resort: false,
    look,
};

const SLOW: Duration = Duration::from_millis(500);

fn look(seen: &Examination) -> Option<Sighting> {
    let run = seen.process.as_ref()?;
    if run.hung || run.failed.is_some() || run.elapsed < SLOW {
        return None;
    }
    let expiry = if run.says_expiry {
        "it says when they expire"
    } else {
        "it does not say when they expire"
    };
    let evidence = format!(
        "the process of profile {} took {}; {expiry}",
        run.profile,
        shown(run.elapsed)
    );
    Some(Sighting::new(Level::Warning, CHECK.title, evidence))
}
