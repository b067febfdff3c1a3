//! The document of a `sign` run.

use super::Run;
use super::findings;
use crate::client::ArmFacts;
use crate::clock;
use crate::commands::session::{rfc3339, tool};
use crate::processor;
use crate::report::assemble;
use crate::report::document::{Arm, Cpu, Document, Environment, Load, SCHEMA};
use crate::signing::{AWS_SIGV4_VERSION, Timed};

pub(super) fn of(run: &Run) -> Document {
    let arms: Vec<Arm> = run
        .names
        .iter()
        .zip(&run.timed)
        .map(|((name, bytes), timed)| arm(name, *bytes, timed))
        .collect();
    Document {
        schema: SCHEMA.to_owned(),
        tool: tool(),
        command: "sign".to_owned(),
        arguments: std::env::args().skip(1).collect(),
        started_at: rfc3339(run.started_at),
        elapsed_s: clock::since(run.started).as_secs_f64(),
        complete: run.complete,
        target: "cpu".to_owned(),
        lab: None,
        environment: environment(),
        load: Load {
            mode: "closed".to_owned(),
            concurrency: 1,
            rate_per_s: None,
            arrivals: None,
            generator_lag: None,
            missed: None,
            requests: run.budget.samples,
            duration_s: run.budget.time.map(|time| time.as_secs_f64()),
            warmup: 0,
        },
        findings: findings::of(&arms),
        arms,
        comparisons: Vec::new(),
        checks: Vec::new(),
        compared: None,
        knee: None,
    }
}

fn arm(name: &str, bytes: Option<u64>, timed: &Timed) -> Arm {
    let arm = assemble::arm(name, &timed.tally, &ArmFacts::default());
    let median_s = arm.phases.total.p50_us.map(|us| us / 1e6);
    Arm {
        bytes_per_call: bytes,
        bytes_per_s: bytes
            .zip(median_s)
            .filter(|(_, s)| *s > 0.0)
            .map(|(bytes, s)| bytes as f64 / s),
        calls_per_sample: (timed.batch > 1).then_some(u64::from(timed.batch)),
        ..arm
    }
}

fn environment() -> Environment {
    Environment {
        os: std::env::consts::OS.to_owned(),
        cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        region: None,
        source: "documentation example".to_owned(),
        sdk: [("aws-sigv4".to_owned(), AWS_SIGV4_VERSION.to_owned())].into(),
        cpu: Some(Cpu {
            model: processor::model(),
            features: processor::features()
                .into_iter()
                .map(str::to_owned)
                .collect(),
        }),
    }
}
