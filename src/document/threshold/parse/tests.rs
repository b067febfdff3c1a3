//! Expressions as people type them, and noise.

use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> (Option<String>, String, (f64, Unit)) {
    let threshold: Threshold = text.parse().unwrap_or_else(|error| panic!("{error}"));
    let figure = match threshold.figure {
        Figure::Time { phase, statistic } => format!("{phase} {statistic:?}"),
        Figure::Counter(counter) => counter.name.to_owned(),
        Figure::Rate => RATE.to_owned(),
    };
    let arm = threshold.arm.map(|at| threshold.text[at].to_owned());
    (arm, figure, (threshold.limit, threshold.unit))
}

fn refused(text: &str) -> String {
    match text.parse::<Threshold>() {
        Ok(threshold) => panic!("{text} was read as {threshold:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_expression_names_arm_phase_and_statistic() {
    let (arm, figure, limit) = parsed("regional.total.p99 > 250ms");
    assert_eq!(arm.as_deref(), Some("regional"));
    assert_eq!(
        (figure.as_str(), limit),
        ("total At(Quantile(0.99))", (250e3, Unit::Us))
    );
    assert_eq!(parsed("identity.p99 > 5%").0, None);
    assert_eq!(parsed("mean<=1.5s").1, "total At(Mean)");
}

#[test]
fn names_of_arms_may_hold_spaces_slashes_dashes_dots_and_operators() {
    for name in [
        "cold-creds/warm-conn",
        "8 workers",
        "eu-west-1",
        "a.b",
        "total.p99",
        "x > y",
    ] {
        let (arm, figure, _) = parsed(&format!("{name}.connect.max >= 1us"));
        assert_eq!(
            (arm.as_deref(), figure.as_str()),
            (Some(name), "connect Max")
        );
        assert_eq!(
            parsed(&format!("{name}.failed > 0")).0.as_deref(),
            Some(name)
        );
    }
}

#[test]
fn a_counter_may_be_called_with_its_group() {
    assert_eq!(parsed("identity.load > 1").0, None);
    assert_eq!(
        parsed("regional.connections.fresh > 1%").0.as_deref(),
        Some("regional")
    );
    assert_eq!(parsed("failed > 1%").2, (0.01, Unit::Share));
    assert_eq!(parsed("rate < 100/s").2, (100.0, Unit::PerS));
    assert_eq!(parsed("rate < -5%").2, (-0.05, Unit::Change));
}

#[test]
fn units_are_those_of_times() {
    let tenths = |text: &str| match parsed(&format!("p50 > {text}")).2 {
        (us, Unit::Us) => (us * 10.0).round() as u64,
        other => panic!("{other:?}"),
    };
    let times = ["1500ns", "80us", "80µs", "80 μs", "0.5ms", "2s", "1m"].map(tenths);
    assert_eq!(times, [15, 800, 800, 800, 5_000, 20_000_000, 600_000_000]);
}

#[test]
fn mistakes_are_pointed_at() {
    insta::assert_snapshot!(
        [
            "",
            "regional.total.p99",
            "p99 = 250ms",
            "p99 => 250ms",
            "> 250ms",
            "p99 >",
            "regional.total.p9x > 250ms",
            "regional.identiy.p99 > 5%",
            "regional.p99 > 5ms",
            "identity > 5ms",
            "fialed > 1%",
            ".failed > 1%",
            "p100 > 1s",
            "p99 > 250",
            "p99 > soon",
            "p99 > -3ms",
            "failed > 3ms",
            "connect > 3ms",
            "requests < 90%",
            "rate > 5ms",
            "8 wörkers\t.totl.p99 > 5ms",
        ]
        .map(refused)
        .join("\n\n")
    );
}

proptest! {
    #[test]
    fn noise_is_read_or_refused_and_the_caret_stays_within(text in "[a-z0-9 .<>=!%µ\\-\t日]{0,40}") {
        if let Err(error) = text.parse::<Threshold>() {
            prop_assert!(error.at.start <= error.at.end && error.at.end <= text.trim().len());
            let shown = error.pointed();
            prop_assert!(shown.lines().last().is_some_and(|line| line.ends_with('^')), "{}", shown);
        }
    }

    #[test]
    fn every_arm_survives_every_figure(
        arm in "[A-Za-z0-9/ ._:-]{0,20}[A-Za-z0-9]",
        phase in prop::sample::select(phase_names()),
        percent in 1u32..100,
        limit in 0u32..100_000,
    ) {
        let (read, figure, value) = parsed(&format!("{arm}.{phase}.p{percent} > {limit}us"));
        let arm = arm.trim();
        prop_assert_eq!(read.as_deref(), Some(arm));
        prop_assert!(figure.starts_with(phase));
        prop_assert_eq!(value, (f64::from(limit), Unit::Us));
    }

    #[test]
    fn exactly_one_of_below_at_and_above_holds(seen in -1e9..1e9f64, limit in -1e9..1e9f64) {
        let holds = |operator: Operator| operator.holds(seen, limit);
        let one = [Operator::Less, Operator::Equal, Operator::More].map(holds);
        prop_assert_eq!(one.iter().filter(|holds| **holds).count(), 1);
        prop_assert_eq!(holds(Operator::LessOrEqual), !holds(Operator::More));
        prop_assert_eq!(holds(Operator::MoreOrEqual), !holds(Operator::Less));
    }
}
