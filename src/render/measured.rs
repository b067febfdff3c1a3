//! A measuring command's document as formats see it.

use serde::Serialize;

use super::blocks::Block;
use super::outline;
use super::part::{Part, csv_of};
use crate::document::{Arm, Head, Measurement, Quantiles, base_name};

impl Part for Measurement {
    fn title(&self, head: &Head) -> String {
        head.command_line()
    }

    fn outline(&self, head: &Head, width: usize) -> Vec<Block> {
        outline::of(head, self, width)
    }

    /// One row per arm, kind of call (`ok`, `failed`) and phase. Of two runs compared, the base's arms come first. An
    /// empty field could not be measured. Phases that nothing was recorded for have their row all the same, so that
    /// every arm has the same rows.
    fn csv(&self, head: &Head) -> Result<String, csv::Error> {
        let bases = self.compared.iter().flat_map(|c| &c.base_arms);
        let bases = bases.map(|arm| (base_name(&arm.name), arm));
        let own = self.arms.iter().map(|arm| (arm.name.clone(), arm));
        csv_of(
            bases
                .chain(own)
                .flat_map(|(name, arm)| rows(head, &name, arm)),
        )
    }
}

#[derive(Serialize)]
struct Row<'a> {
    command: &'a str,
    arm: String,
    concurrency: Option<usize>,
    calls: &'static str,
    phase: &'static str,
    count: u64,
    sum_us: Option<f64>,
    mean_us: Option<f64>,
    min_us: Option<f64>,
    p50_us: Option<f64>,
    p90_us: Option<f64>,
    p99_us: Option<f64>,
    p999_us: Option<f64>,
    max_us: Option<f64>,
}

fn rows<'a>(head: &'a Head, name: &str, arm: &Arm) -> Vec<Row<'a>> {
    let failed = arm.failed_phases.iter().map(|phases| ("failed", phases));
    let kinds = std::iter::once(("ok", &arm.phases)).chain(failed);
    let row = |calls, phase, quantiles: &Quantiles| Row {
        command: &head.command,
        arm: name.to_owned(),
        concurrency: arm.concurrency,
        calls,
        phase,
        count: quantiles.count,
        sum_us: quantiles.sum_us,
        mean_us: quantiles.mean_us,
        min_us: quantiles.min_us,
        p50_us: quantiles.p50_us,
        p90_us: quantiles.p90_us,
        p99_us: quantiles.p99_us,
        p999_us: quantiles.p999_us,
        max_us: quantiles.max_us,
    };
    kinds
        .flat_map(|(calls, phases)| {
            let phases = phases.all();
            phases.map(move |(phase, quantiles)| row(calls, phase, quantiles))
        })
        .collect()
}
