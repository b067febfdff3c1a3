//! `sign`: what signing costs on this CPU. Nothing is called and no credentials are read.

mod document;
mod findings;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;

use super::command::{Command, Completed, Kind};
use crate::clock::Moment;
use crate::document::{Document, Target};
use crate::measure::Stop;
use crate::run::{
    CheckOptions, Failure, Hint, OutputOptions, at_least_one, distinct, duration, head,
    stop_on_signal,
};
use crate::signing::bench::Visits;
use crate::signing::{Arm, Budget, Case, Payloads, Size, Timer, vectors};

/// Long enough for the slower half of the arms to have a p99.
const DURATION: Duration = Duration::from_secs(4);

/// What to do about an error that no input leads to.
const DEFECT: &str = "this is a defect of the program; please report it";

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench sign                                   what a signature costs on this CPU
  awscreds-bench sign --case payload --payload 1MiB     hashing a body";

/// Time signing on this CPU: no network, no AWS account, no lab
///
/// Every case signs with the keys of AWS's documentation.
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct SignArgs {
    /// What to time [default: all but bare-loop]
    #[arg(long, value_name = "CASE,…", value_delimiter = ',')]
    case: Vec<Case>,

    /// Payload sizes [default: 0B to 100MiB for `payload`, 1MiB for `checksum` and `trailer`]
    #[arg(long, value_name = "SIZE,…", value_delimiter = ',')]
    payload: Vec<Size>,

    /// Samples per case [default: as many as there is time for]
    #[arg(short = 'n', long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    requests: Option<u64>,

    /// Time for all cases together [default: 4s, unless --requests is given]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    duration: Option<Duration>,

    /// Orders the cases; with the same seed, in the same order
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Sign the requests in this JSON file and print the signatures instead of timing anything
    #[arg(long, value_name = "FILE", conflicts_with_all = ["case", "payload", "requests", "duration", "seed"])]
    vectors: Option<PathBuf>,

    #[command(flatten)]
    checks: CheckOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl From<SignArgs> for Command {
    fn from(args: SignArgs) -> Self {
        let kind = match args.vectors {
            Some(_) => Kind::Text,
            None => Kind::Latencies,
        };
        let (output, checks) = (args.output.clone(), args.checks.clone());
        Self::new(kind, output, checks, run(args))
    }
}

async fn run(args: SignArgs) -> Result<Completed, Failure> {
    if let Some(path) = &args.vectors {
        return sign_vectors(path);
    }
    let stop = Stop::default();
    stop_on_signal(stop.clone());
    let begun = Moment::now();
    let mut arms = arms(&args)?;
    let names: Vec<String> = arms.iter().map(|arm| arm.name.clone()).collect();
    args.checks.meant_for_arms(&names)?;
    let usual = args.requests.is_none().then_some(DURATION);
    let budget = Budget {
        samples: args.requests,
        time: args.duration.or(usual),
    };
    let timer = Timer {
        budget,
        seed: args.seed,
        stop: stop.clone(),
    };
    let visits = Arc::new(Visits::default());
    let shared = Arc::clone(&visits);
    let timing = tokio::task::spawn_blocking(move || {
        let measured = timer.run(&mut arms, &shared);
        (arms, measured)
    });
    let done = || visits.seen();
    let ended = args.output.console.watched("signing", timing, done).await;
    let (arms, measured) = ended.context("timing ended early").hint(DEFECT)?;
    let body = document::measurement(&arms, &measured, budget, !stop.is_stopped());
    let head = head("sign", Some(begun), Some(Target::Cpu));
    Ok(Completed::measured(Document::new(head, body)))
}

/// The arms of every case asked for, each once.
fn arms(args: &SignArgs) -> Result<Vec<Arm>, Failure> {
    let cases = distinct(match args.case[..] {
        [] => Case::defaults(),
        ref asked => asked.to_vec(),
    });
    // Of cases that were asked for.
    let sizes = |cases_with_payload: &[Case], default: &[Size]| {
        if !cases_with_payload.iter().any(|case| cases.contains(case)) {
            return Vec::new();
        }
        let mut sizes = match args.payload[..] {
            [] => default.to_vec(),
            ref asked => asked.to_vec(),
        };
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    };
    let signed = sizes(&[Case::Payload], &Payloads::SIGNED);
    let checked = sizes(&[Case::Checksum, Case::Trailer], &Payloads::CHECKED);
    if !args.payload.is_empty() && signed.is_empty() && checked.is_empty() {
        return Err(Failure::new(
            anyhow!("--payload: none of the chosen cases has a payload"),
            "leave --payload out, or choose among the cases payload, checksum and trailer",
        ));
    }
    let payloads = Payloads::new(&signed, &checked);
    let arms: Result<Vec<_>, _> = cases.into_iter().map(|case| case.arms(&payloads)).collect();
    Ok(arms.hint(DEFECT)?.into_iter().flatten().collect())
}

/// Signs other programs' requests.
fn sign_vectors(path: &Path) -> Result<Completed, Failure> {
    let hint = "give a JSON array of requests as docs/sign.md describes them";
    let json = std::fs::read(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .hint(hint)?;
    let signed = vectors::sign_all(&json)
        .with_context(|| format!("cannot sign the requests in {}", path.display()))
        .hint(hint)?;
    Completed::json(&signed)
}
