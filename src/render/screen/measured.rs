//! The first screen of what was measured.

use super::answer::{self, Answer, plain};
use super::change;
use super::parts::{Change, Screen};
use crate::document::{Arm, Comparison, Head, Measurement, Phases, Statistic, Target, Verdict};
use crate::figures;
use crate::render::blocks::{Cell, Columns, Grid, Tone};
use crate::render::composition::{self, Row};
use crate::render::style::Style;
use crate::render::{breakdown, outline};

/// Bars of arms; the table has more.
const MOST_BARS: usize = 4;
/// Alike within this share, two first calls are one.
const ALIKE: f64 = 0.2;

pub(super) fn screen(head: &Head, run: &Measurement, style: &Style) -> Screen {
    let Answer { sentences, causes } = answer::of(head.target, run);
    let mut change = change::of(&causes);
    if change.is_empty() {
        change.extend(change::without_findings(head, run));
    }
    let mut next = change::more(
        head,
        style.stored.as_deref(),
        "all phases, histograms and intervals",
    );
    match change::doctor(head, run) {
        // What to do is to find out why.
        Some((doctor, _)) if change.is_empty() => change.push(Change::Line(doctor)),
        doctor => next.splice(..0, doctor).for_each(drop),
    }
    Screen {
        title: head.command_line(),
        about: about(head, run),
        answer: sentences,
        picture: picture(head, run, style.columns()),
        table: Some(table(run, style.columns())),
        change,
        next,
    }
}

/// `me-central-1, 2 × 200 calls in 22.0 s, default credential chain. LAB default: delays are made up`.
fn about(head: &Head, run: &Measurement) -> String {
    let calls = run.arms.iter().map(|arm| arm.requests).max().unwrap_or(0);
    let calls = figures::counted(calls, "call");
    let calls = match run.arms.len() {
        1 => calls,
        arms => format!("{arms} × {calls}"),
    };
    let took = head.elapsed_s.map(figures::seconds);
    let took = took.map_or_else(String::new, |took| format!(" in {took}"));
    let lab = run.lab.as_ref().map_or_else(String::new, |lab| {
        format!(". LAB {}: delays are made up", lab.scenario)
    });
    if let Some(compared) = &run.compared {
        let [new, base] = [&compared.new.file, &compared.base.file];
        return format!("{new} against {base}, {calls}{lab}");
    }
    let region = run.environment.region.as_deref().unwrap_or("no Region");
    match (head.target, run.environment.source.as_str()) {
        (Some(Target::Cpu), _) => format!("This CPU alone, {calls}{took}"),
        (_, "chain") => format!("{region}, {calls}{took}, default credential chain{lab}"),
        (_, source) => format!("{region}, {calls}{took}, credentials from {source}{lab}"),
    }
}

fn picture(head: &Head, run: &Measurement, width: usize) -> Vec<String> {
    if !outline::is_drawn(head, run) {
        return Vec::new();
    }
    let arms = breakdown::cut(&run.arms).into_iter();
    let mut rows: Vec<Row> = arms
        .map(|arm| Row::new(arm.name.clone(), &arm.phases))
        .collect();
    rows.truncate(MOST_BARS);
    rows.extend(first_calls(&run.arms));
    composition::draw(&rows, width, "WHERE TIME GOES (mean)  ", plain)
}

/// A row for each first call that is not like the one before it: what every process pays once.
fn first_calls(arms: &[Arm]) -> Vec<Row<'_>> {
    let firsts = arms.iter().filter_map(|arm| {
        let phases = &arm.first_call.as_ref()?.phases;
        let mean_us = phases.total.mean_us?;
        Some((arm, phases, mean_us))
    });
    let mut firsts: Vec<(&Arm, &Phases, f64)> = firsts.collect();
    firsts.sort_by(|a, b| b.2.total_cmp(&a.2));
    let slowest = firsts.first().map_or(0.0, |first| first.2);
    if firsts.iter().all(|first| first.2 > slowest * (1.0 - ALIKE)) || arms.len() > 2 {
        firsts.truncate(1);
        let rows = firsts
            .into_iter()
            .map(|(_, phases, _)| Row::new("first call", phases));
        return rows.collect();
    }
    let rows = firsts
        .into_iter()
        .map(|(arm, phases, _)| Row::new(format!("first call, {}", arm.name), phases));
    rows.collect()
}

/// As many parts of the mean as fit, dropping those that matter least; the 90th percentile goes first.
fn table(run: &Measurement, width: usize) -> Grid {
    let phases = telling_phases(&run.arms);
    let whole = with_phases(run, &phases, true);
    let fewer = (1..=phases.len()).rev();
    let fewer = fewer.map(|shown| with_phases(run, &phases[..shown], false));
    let mut grids = std::iter::once(whole).chain(fewer);
    let fits = grids.find(|grid| grid.width() <= width);
    fits.unwrap_or_else(|| {
        let bare = with_phases(run, &[], true);
        if bare.width() <= width {
            bare
        } else {
            with_phases(run, &[], false)
        }
    })
}

/// What users come for first, then whatever takes time, the largest first.
fn telling_phases(arms: &[Arm]) -> Vec<&'static str> {
    let cut = breakdown::cut(arms);
    if cut.is_empty() || breakdown::only_phase(&cut).is_some() {
        return Vec::new();
    }
    let share = |name: &str| {
        let shares = cut
            .iter()
            .filter_map(|arm| breakdown::share(arm.phases.named(name)?, &arm.phases));
        shares.fold(0.0, f64::max)
    };
    let mut phases = vec![
        "transmit", "identity", "connect", "signing", "backoff", "queue",
    ];
    phases.retain(|name| share(name) > 0.0);
    phases.sort_by(|a, b| share(b).total_cmp(&share(a)));
    phases
}

fn with_phases(run: &Measurement, phases: &[&'static str], p90: bool) -> Grid {
    let any = |has: fn(&Arm) -> bool| run.arms.iter().any(has);
    let mut columns = Columns::of(&run.arms)
        .left("", |arm| arm.name.as_str())
        .right("failed", |arm| failed(arm));
    if any(|arm| arm.rate_per_s.is_some()) {
        columns = columns.right("rate", |arm| arm.rate_per_s.map(figures::rate));
    }
    columns = columns.time("p50", |arm| arm.phases.total.p50_us);
    if p90 {
        columns = columns.time("p90", |arm| arm.phases.total.p90_us);
    }
    columns = columns.time("p99", |arm| arm.phases.total.p99_us);
    if !run.comparisons.is_empty() {
        let name = if run.compared.is_some() {
            "against base"
        } else {
            "against first"
        };
        columns = columns.right(name, |arm| against(run, arm));
    }
    if !phases.is_empty() {
        columns = columns.time("mean =", |arm| arm.phases.total.mean_us);
        for &phase in phases {
            columns = columns.time(summand(phase), |arm| {
                arm.phases
                    .named(phase)
                    .and_then(|quantiles| mean_of(quantiles.sum_us, arm))
            });
        }
        columns = columns.time("rest", |arm| {
            let named = phases
                .iter()
                .filter_map(|phase| arm.phases.named(phase)?.sum_us);
            let rest = arm.phases.total.sum_us? - named.sum::<f64>();
            mean_of(Some(rest.max(0.0)), arm)
        });
    }
    columns.grid()
}

fn mean_of(sum_us: Option<f64>, arm: &Arm) -> Option<f64> {
    let count = arm.phases.total.count;
    (count > 0).then_some(sum_us? / count as f64)
}

/// The header of a phase's part of the mean.
fn summand(phase: &'static str) -> &'static str {
    match phase {
        "transmit" => "network +",
        "identity" => "credentials +",
        "connect" => "connect +",
        "signing" => "signing +",
        "backoff" => "pauses +",
        "queue" => "queue +",
        other => other,
    }
}

fn failed(arm: &Arm) -> Cell {
    let [failed, of] = [arm.outcomes.failed(), arm.requests].map(figures::count);
    Cell::bad_if(arm.outcomes.failed() > 0, format!("{failed}/{of}"))
}

/// `92 % faster`: at the median, or at the first statistic that is decided.
fn against(run: &Measurement, arm: &Arm) -> Option<Cell> {
    let of = |c: &&Comparison| c.candidate == arm.name && c.phase == "total";
    let all: Vec<&Comparison> = run.comparisons.iter().filter(of).collect();
    let median = all
        .iter()
        .find(|c| c.statistic == Statistic::Quantile(0.5))?;
    let decided = all.iter().find(|c| answer::is_decided(c));
    let told = decided.unwrap_or(median);
    let at = match told.statistic {
        statistic if statistic == median.statistic => String::new(),
        statistic => format!(" at {statistic}"),
    };
    let share = (told.difference_us / told.baseline_us).abs();
    let times = told.candidate_us / told.baseline_us;
    let size = if times >= 2.0 {
        format!("{times:.1} ×")
    } else {
        format!("{:.0} %", share * 100.0)
    };
    Some(match told.verdict {
        Verdict::Faster => Cell::toned(format!("{size} faster{at}"), Tone::Good),
        Verdict::Slower => Cell::toned(format!("{size} slower{at}"), Tone::Bad),
        Verdict::NoDifference => "the same".into(),
        Verdict::Inconclusive => Cell::toned("unclear", Tone::Caution),
    })
}
