//! The document of a `sign` run.

use std::num::NonZero;

use super::findings;
use crate::client::ArmFacts;
use crate::document::{Arm, Cpu, Environment, Measurement};
use crate::measure::{Pacing, Plan};
use crate::processor;
use crate::run;
use crate::signing::{AWS_SIGV4_VERSION, Budget, Timed};

/// What was timed of arms with these names and payloads.
pub(super) fn measurement(
    names: &[(String, Option<u64>)],
    timed: &[Timed],
    budget: Budget,
    complete: bool,
) -> Measurement {
    let plan = Plan {
        requests: budget.samples,
        duration: budget.time,
        warmup: 0,
        pacing: Pacing::Closed { workers: 1 },
        seed: 0,
    };
    let arms = names.iter().zip(timed);
    let arms: Vec<Arm> = arms
        .map(|((name, bytes), timed)| arm(name, *bytes, timed))
        .collect();
    Measurement {
        complete,
        environment: environment(),
        load: run::stated(&plan, None),
        findings: findings::of(&arms),
        arms,
        ..Measurement::default()
    }
}

fn arm(name: &str, bytes: Option<u64>, timed: &Timed) -> Arm {
    let arm = run::arm(name, &timed.tally, &ArmFacts::default());
    let median_s = arm.phases.total.p50_us.map(|us| us / 1e6);
    let speed = bytes.zip(median_s).filter(|(_, s)| *s > 0.0);
    Arm {
        bytes_per_call: bytes,
        bytes_per_s: speed.map(|(bytes, s)| bytes as f64 / s),
        calls_per_sample: (timed.batch > 1).then_some(u64::from(timed.batch)),
        ..arm
    }
}

fn environment() -> Environment {
    let features = processor::features().into_iter();
    Environment {
        os: std::env::consts::OS.to_owned(),
        cpus: std::thread::available_parallelism().map_or(1, NonZero::get),
        region: None,
        source: "documentation example".to_owned(),
        sdk: [("aws-sigv4".to_owned(), AWS_SIGV4_VERSION.to_owned())].into(),
        cpu: Some(Cpu {
            model: processor::model(),
            features: features.map(str::to_owned).collect(),
        }),
    }
}
