//! One row per arm, kind of call (`ok`, `failed`) and phase.
//!
//! Of two runs compared, the base's arms come first. An empty field could not be measured. Phases that nothing was recorded for have their row all the
//! same, so that every arm has the same rows.

use serde::Serialize;

use super::across::base_name;
use super::document::Document;

#[derive(Serialize)]
struct Row<'a> {
    command: &'a str,
    arm: &'a str,
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

pub(super) fn render(document: &Document) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let bases = document.compared.iter().flat_map(|c| &c.base_arms);
    let bases = bases.map(|arm| (base_name(&arm.name), arm));
    let own = document.arms.iter().map(|arm| (arm.name.clone(), arm));
    for (name, arm) in bases.chain(own) {
        let failed = arm.failed_phases.iter().map(|phases| ("failed", phases));
        for (calls, phases) in std::iter::once(("ok", &arm.phases)).chain(failed) {
            for (phase, quantiles) in phases.all() {
                writer.serialize(Row {
                    command: &document.command,
                    arm: &name,
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
                })?;
            }
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
