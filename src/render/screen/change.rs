//! What to do about it, and where to go on.

use super::answer;
use super::parts::Change;
use crate::document::{Finding, Head, Measurement, Severity, Statistic, Verdict, shell};

/// Lines to paste; more are a page, and stand behind `--details`.
const MOST_LINES: usize = 4;

/// What the findings of an answer ask for, the first one's first.
pub(super) fn of(findings: &[&Finding]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for finding in findings {
        let lines = finding.change.iter().cloned().map(Change::Line);
        let prose = std::iter::once(Change::Prose(answer::sentence(&finding.remedy)));
        if !finding.change.is_empty() {
            changes.extend(lines);
        } else if changes.is_empty() {
            changes.extend(prose);
        }
    }
    let mut seen: Vec<Change> = Vec::new();
    for change in changes {
        if !seen.contains(&change) {
            seen.push(change);
        }
    }
    seen.truncate(MOST_LINES);
    seen
}

/// Where no finding says what to do: how to find out, if anything is open.
pub(super) fn without_findings(head: &Head, run: &Measurement) -> Option<Change> {
    let medians = run
        .comparisons
        .iter()
        .filter(|c| c.phase == "total" && c.statistic == Statistic::Quantile(0.5));
    let open = medians.filter(|c| c.verdict == Verdict::Inconclusive);
    match open.filter_map(|c| c.more_calls).max() {
        Some(more) if run.compared.is_none() => {
            let made = run.arms.iter().map(|arm| arm.requests).max().unwrap_or(0);
            Some(Change::Line(with_requests(head, rounded_up(made + more))))
        }
        _ => None,
    }
}

/// To two digits, as people give numbers.
fn rounded_up(n: u64) -> u64 {
    let digits = n.max(1).ilog10().saturating_sub(1);
    let step = 10_u64.pow(digits);
    n.div_ceil(step) * step
}

/// The command of the run with another number of calls.
fn with_requests(head: &Head, requests: u64) -> String {
    let mut arguments = Vec::new();
    let mut given = head.arguments.iter();
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "-n" | "--requests" => drop(given.next()),
            long if long.starts_with("--requests=") => (),
            short if short.starts_with("-n") && short.len() > 2 => (),
            _ => arguments.push(argument.clone()),
        }
    }
    arguments.extend(["-n".to_owned(), requests.to_string()]);
    Head {
        arguments,
        ..head.clone()
    }
    .command_line()
}

/// Where the credentials were slow or failed, the command that walks the chain of sources.
pub(super) fn doctor(head: &Head, run: &Measurement) -> Option<(String, String)> {
    let name = &head.tool.name;
    let asked = run
        .findings
        .iter()
        .any(|finding| finding.severity > Severity::Info && finding.reference.is_some());
    let slow = run
        .findings
        .iter()
        .any(|finding| finding.id == "slow-first-call");
    let failed = run.arms.iter().any(|arm| arm.outcomes.failed() > 0);
    let command = match &run.lab {
        Some(lab) => format!("{name} doctor --lab {}", shell::quoted(&lab.scenario)),
        None => format!("{name} doctor"),
    };
    let shows = "what is wrong with the credentials, link by link";
    (asked || slow || failed).then(|| (command, shows.to_owned()))
}

/// The commands that show more of the same result, `all` of it; where it is stored nowhere, the one that makes it anew.
pub(super) fn more(head: &Head, stored: Option<&str>, all: &str) -> Vec<(String, String)> {
    let name = &head.tool.name;
    let all = all.to_owned();
    let Some(stored) = stored.map(shell::quoted) else {
        return vec![(format!("{} --details", head.command_line()), all)];
    };
    vec![
        (format!("{name} report {stored} --details"), all),
        (
            format!(
                "{name} report {stored} --format html --output {}.html",
                head.command
            ),
            "the same with pictures".to_owned(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_rounded_up_to_two_digits() {
        for (n, rounded) in [
            (1, 1),
            (9, 9),
            (31, 31),
            (378, 380),
            (3_101, 3_200),
            (99_999, 100_000),
        ] {
            assert_eq!(rounded_up(n), rounded);
        }
    }
}
