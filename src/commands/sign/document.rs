//! The document of a `sign` run.

use std::num::NonZero;

use super::findings;
use crate::client::ArmFacts;
use crate::document::{Arm, Cpu, Environment, Load, Measurement};
use crate::processor;
use crate::run;
use crate::signing::{self, AWS_SIGV4_VERSION, Budget, Timed};

/// What was timed of these arms.
pub(super) fn measurement(
    arms: &[signing::Arm],
    timed: &[Timed],
    budget: Budget,
    complete: bool,
) -> Measurement {
    let arms = arms.iter().zip(timed);
    let arms: Vec<Arm> = arms.map(|(of, timed)| arm(of, timed)).collect();
    Measurement {
        complete,
        environment: environment(),
        load: Load {
            concurrency: 1,
            requests: budget.samples,
            duration_s: budget.time.map(|time| time.as_secs_f64()),
            ..Load::default()
        },
        findings: findings::of(&arms),
        arms,
        ..Measurement::default()
    }
}

fn arm(of: &signing::Arm, timed: &Timed) -> Arm {
    let arm = run::arm(&of.name, &timed.tally, &ArmFacts::default());
    let median_s = arm.phases.total.p50_us.map(|us| us / 1e6);
    let speed = of.bytes.zip(median_s).filter(|(_, s)| *s > 0.0);
    Arm {
        bytes_per_call: of.bytes,
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
