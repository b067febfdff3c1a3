//! The answer of a measured run: how slow, why, and what is not the cause.

use std::cmp::Ordering;

use super::parts::Sentence;
use crate::document::{
    Arm, Comparison, Finding, Measurement, Phases, Severity, Statistic, Target, Verdict,
};
use crate::figures;
use crate::render::blocks::Tone;
use crate::render::wording::FAILURES;
use crate::render::{breakdown, checks, wording};

/// Findings on how the figures are to be read, which are no causes.
const ON_THE_MEASUREMENT: [&str; 2] = ["drift", "second-mode"];
const SLOW_FIRST_CALL: &str = "slow-first-call";
/// The finding that says in words what the comparison of its arms says in figures.
const OF_COMPARISON: [&str; 2] = ["sts-global-endpoint", "cross-zone-hop"];
/// Sentences on causes; more of them are a list that nobody reads.
const MOST_CAUSES: usize = 2;
const MOST_TROUBLES: usize = 2;
/// A phase below this share of the time is not the cause.
const NOT_THE_CAUSE: f64 = 0.02;

/// What is told of a run, with the findings that its sentences are made of.
pub(super) struct Answer<'a> {
    pub(super) sentences: Vec<Sentence>,
    pub(super) causes: Vec<&'a Finding>,
}

pub(super) fn of(target: Option<Target>, run: &Measurement) -> Answer<'_> {
    let mut sentences = troubles(run);
    let telling = telling(run);
    let causes = causes(run, telling);
    sentences.extend(causes.iter().map(|finding| caused(finding)));
    let measured = run.arms.iter().any(|arm| arm.outcomes.ok > 0);
    if measured {
        sentences.extend(match telling {
            Some(comparison) => Some(difference(run, comparison)),
            None if wording::is_ladder(run) => most(&run.arms),
            None => undecided(run).or_else(|| how_slow(&run.arms)),
        });
    }
    if target != Some(Target::Cpu) {
        sentences.extend(not_the_cause(&run.arms).map(Sentence::plain));
    }
    Answer { sentences, causes }
}

/// What is wrong with the run itself, before any figure is believed.
fn troubles(run: &Measurement) -> Vec<Sentence> {
    let arms = &run.arms;
    let mut troubles = Vec::new();
    if !run.complete {
        let made = figures::counted(arms.iter().map(|arm| arm.requests).sum(), "call");
        let text = format!("Interrupted: what follows rests on the {made} made until then.");
        troubles.push(Sentence::new(Tone::Caution, text));
    }
    let broken = checks::breaches(run).into_iter();
    let broken = broken.map(|text| Sentence::new(Tone::Bad, format!("A check failed. {text}.")));
    troubles.extend(broken);
    if !run.checks.is_empty() && run.checks.iter().all(|check| check.passed) {
        let kept = figures::counted(run.checks.len() as u64, "check");
        troubles.push(Sentence::new(Tone::Good, format!("{kept} passed.")));
    }
    troubles.extend(failures(run));
    let left = troubles.len().saturating_sub(MOST_TROUBLES);
    troubles.truncate(MOST_TROUBLES);
    if left > 0 {
        let more = figures::counted(left as u64, "more problem");
        let text = format!("{more} besides: see --details.");
        troubles.push(Sentence::new(Tone::Bad, text));
    }
    troubles
}

/// Which calls failed, and of what. Where all did, why the most of them.
fn failures(run: &Measurement) -> Vec<Sentence> {
    let failing: Vec<&Arm> = run
        .arms
        .iter()
        .filter(|arm| arm.outcomes.failed() > 0)
        .collect();
    let told = |arm: &Arm| format!("`{}`: {}", arm.name, failed(arm));
    let text = match failing.as_slice() {
        [] => return Vec::new(),
        [first, ..] if wording::is_ladder(run) => {
            format!("Fetches fail from {} on: {}", first.name, failed(first))
        }
        [first, ..] if run.arms.iter().all(|arm| arm.outcomes.ok == 0) => {
            let errors = failing.iter().flat_map(|arm| &arm.errors);
            let error = errors.max_by_key(|error| error.count);
            let error = error.map_or("no error was reported", |error| &error.message);
            let kind = FAILURES
                .iter()
                .max_by_key(|(_, count)| count(&first.outcomes));
            let kind = kind.map_or("other", |(kind, _)| kind);
            let calls: u64 = run.arms.iter().map(|arm| arm.requests).sum();
            match calls {
                1 => format!("The one call failed ({kind}): {error}"),
                calls => format!(
                    "All {} calls failed ({kind}): {error}",
                    figures::count(calls)
                ),
            }
        }
        [first] => told(first),
        [first, second] => format!("{}; {}", told(first), told(second)),
        [first, .., last] => {
            format!(
                "{} of {} fail, among them {}; {}",
                failing.len(),
                run.arms.len(),
                told(first),
                told(last)
            )
        }
    };
    vec![Sentence::new(
        Tone::Bad,
        format!("{}.", text.trim_end_matches('.')),
    )]
}

/// How many calls of an arm failed, and of what. Where no kind has a name, the error that most of them met says why.
fn failed(arm: &Arm) -> String {
    let told = wording::failures(arm);
    let nameless = arm.outcomes.other == arm.outcomes.failed();
    let errors = arm.errors.iter().filter(|_| nameless);
    match errors.max_by_key(|error| error.count) {
        Some(error) => format!("{told}: {}", error.message),
        None => told,
    }
}

/// The findings that matter most: errors, what costs most, then what is merely worth knowing.
fn causes<'a>(run: &'a Measurement, telling: Option<&Comparison>) -> Vec<&'a Finding> {
    let difference_us = telling.map_or(0.0, |c| c.difference_us.abs());
    let first_us = first_call_cost(&run.arms);
    let rank = |finding: &Finding| match finding.id.as_str() {
        // What every process waits for, before why it does.
        SLOW_FIRST_CALL if first_us > difference_us => f64::INFINITY,
        SLOW_FIRST_CALL => first_us,
        id if OF_COMPARISON.contains(&id) => difference_us,
        _ => f64::MAX,
    };
    let mut found: Vec<&Finding> = run.findings.iter().collect();
    let bad = |finding: &&Finding| finding.severity > Severity::Info;
    found.retain(|f| !ON_THE_MEASUREMENT.contains(&f.id.as_str()));
    if found.iter().any(bad) {
        found.retain(bad);
    } else {
        found.truncate(1);
    }
    found.sort_by(|a, b| {
        let severity = b.severity.cmp(&a.severity);
        severity.then(rank(b).partial_cmp(&rank(a)).unwrap_or(Ordering::Equal))
    });
    found.truncate(MOST_CAUSES);
    found
}

/// How much longer the slowest first call took than a usual one.
fn first_call_cost(arms: &[Arm]) -> f64 {
    let costs = arms.iter().filter_map(|arm| {
        let first = arm.first_call.as_ref()?.phases.total.p50_us?;
        Some(first - arm.phases.total.p50_us.unwrap_or(0.0))
    });
    costs.fold(0.0, f64::max)
}

fn caused(finding: &Finding) -> Sentence {
    let tone = match finding.severity {
        Severity::Info => Tone::Plain,
        Severity::Warning => Tone::Caution,
        Severity::Error => Tone::Bad,
    };
    Sentence::new(tone, sentence(&finding.summary))
}

/// With a full stop, and a capital unless it begins with a name.
pub(super) fn sentence(text: &str) -> String {
    let stop = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    let first = text.split(' ').next().unwrap_or_default();
    if !first.trim_end_matches(',').chars().all(char::is_alphabetic) {
        return format!("{text}{stop}");
    }
    let mut chars = text.chars();
    let capital = chars.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}{stop}", capital.unwrap_or_default(), chars.as_str())
}

/// The largest decided difference, at whichever statistic of the whole call it lies, or else of a phase.
pub(super) fn telling(run: &Measurement) -> Option<&Comparison> {
    let decided = run.comparisons.iter().filter(|c| is_decided(c));
    let size = |c: &&Comparison| (c.phase == "total", c.difference_us.abs());
    decided.max_by(|a, b| size(a).partial_cmp(&size(b)).unwrap_or(Ordering::Equal))
}

pub(super) fn is_decided(comparison: &Comparison) -> bool {
    matches!(comparison.verdict, Verdict::Faster | Verdict::Slower)
}

/// `Variant regional is faster than global: 7.27 instead of 94.7 ms at p50, 16.8 instead of 175 ms at p99.`
fn difference(run: &Measurement, told: &Comparison) -> Sentence {
    let same = |c: &&Comparison| {
        (&c.candidate, &c.baseline, &c.phase) == (&told.candidate, &told.baseline, &told.phase)
            && c.statistic != Statistic::Mean
            && c.verdict == told.verdict
    };
    let mut at: Vec<&Comparison> = run.comparisons.iter().filter(same).collect();
    if at.is_empty() {
        at.push(told);
    }
    if at.len() > 2 {
        at = vec![at[0], at[at.len() - 1]];
    }
    let figures = at.iter().map(|c| {
        let [is, was] = [c.candidate_us, c.baseline_us].map(figures::time);
        format!("{is} instead of {was} at {}", c.statistic)
    });
    let figures = figures.collect::<Vec<_>>().join(", ");
    let (name, base) = match &run.compared {
        Some(_) => (format!("new {}", told.candidate), "the base".to_owned()),
        None => (told.candidate.clone(), told.baseline.clone()),
    };
    let of = match told.phase.as_str() {
        "total" => String::new(),
        phase => format!(", in {}", plain(phase)),
    };
    let (tone, word) = match told.verdict {
        Verdict::Faster => (Tone::Good, "faster"),
        _ => (Tone::Bad, "slower"),
    };
    Sentence::new(
        tone,
        format!("`{name}` is {word} than `{base}`{of}: {figures}."),
    )
}

/// What is to be said where nothing is decided.
fn undecided(run: &Measurement) -> Option<Sentence> {
    let of_totals = run.comparisons.iter().filter(|c| c.phase == "total");
    let medians = of_totals.filter(|c| c.statistic == Statistic::Quantile(0.5));
    let medians: Vec<&Comparison> = medians.collect();
    let first = medians.first()?;
    let [is, was] = [first.candidate_us, first.baseline_us].map(figures::time);
    let pair = format!(
        "`{}` {is}, `{}` {was} at p50",
        first.candidate, first.baseline
    );
    if medians.iter().all(|c| c.verdict == Verdict::NoDifference) {
        let text = format!("There is no difference that matters: {pair}.");
        return Some(Sentence::new(Tone::Good, text));
    }
    let more = medians.iter().filter_map(|c| c.more_calls).max();
    let more = more.map_or_else(String::new, |n| {
        format!(
            " About {} more calls of each would tell.",
            figures::count(n)
        )
    });
    let text = format!("So few calls cannot tell which is faster: {pair}.{more}");
    Some(Sentence::new(Tone::Caution, text))
}

/// Of rising concurrency: how far it got.
fn most(arms: &[Arm]) -> Option<Sentence> {
    let (arm, rate) = wording::best_step(arms)?;
    let p99 = figures::time_or_absent(arm.phases.total.p99_us);
    let failed = arms.iter().any(|arm| arm.outcomes.failed() > 0);
    let all = if failed {
        ""
    } else {
        " Nothing failed at any step."
    };
    let rate = figures::rate(rate);
    Some(Sentence::plain(format!(
        "The most that succeeded: {rate}, with {}, p99 {p99}.{all}",
        arm.name
    )))
}

/// Where there is nothing to compare: what one thing costs.
fn how_slow(arms: &[Arm]) -> Option<Sentence> {
    let arm = arms.iter().find(|arm| arm.outcomes.ok > 0)?;
    let total = &arm.phases.total;
    let [p50, p99] = [total.p50_us?, total.p99_us?].map(figures::time);
    let most = breakdown::largest_first(&arm.phases);
    let most = most
        .first()
        .filter(|slice| slice.share > 0.5 && slice.share < 0.999);
    let most = most.map_or_else(String::new, |slice| {
        format!(
            "; {} of it is {}",
            figures::percent(slice.share),
            plain(slice.name)
        )
    });
    Some(Sentence::plain(format!(
        "`{}` takes {p50} at p50, {p99} at p99{most}.",
        arm.name
    )))
}

/// What people suspect first and what takes hardly any of the time, with what it takes.
fn not_the_cause(arms: &[Arm]) -> Option<String> {
    let cut = breakdown::cut(arms);
    let fetched = arms.iter().any(|arm| arm.identity.load > 0);
    let credentials = if fetched {
        "credentials"
    } else {
        "cached credentials"
    };
    let suspects = [
        ("signing", "signing"),
        ("identity", credentials),
        ("connect", "connecting"),
    ];
    let innocent = suspects.into_iter().filter_map(|(phase, name)| {
        let mut worst_us = 0.0;
        for arm in &cut {
            let quantiles = arm.phases.named(phase).filter(|q| q.count > 0)?;
            let share = breakdown::share(quantiles, &arm.phases)?;
            let small = share < NOT_THE_CAUSE || quantiles.mean_us? < 1_000.0;
            if !small || p99_share(quantiles.p99_us, &arm.phases) > 0.1 {
                return None;
            }
            worst_us = f64::max(worst_us, quantiles.mean_us?);
        }
        (worst_us > 0.0).then(|| format!("{name} ({})", figures::time(worst_us)))
    });
    let innocent: Vec<String> = innocent.collect();
    let listed = innocent.join(", ");
    (!innocent.is_empty()).then(|| format!("Not the cause: {listed} per warm call."))
}

/// The tail of a phase as a part of the tail of the whole.
fn p99_share(p99_us: Option<f64>, phases: &Phases) -> f64 {
    let total = phases.total.p99_us.unwrap_or(f64::MAX);
    p99_us.unwrap_or(0.0) / total
}

/// A phase as those call it who have not read this program's documentation.
pub(super) fn plain(phase: &str) -> &str {
    match phase {
        "identity" => "credentials",
        "transmit" => "network + service",
        "deserialize" => "reading the answer",
        "backoff" => "pauses before retries",
        "unexplained" => "unexplained",
        other => other,
    }
}
