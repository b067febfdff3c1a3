//! `compare`: two stored runs, arm by arm and phase by phase.

mod across;
mod sameness;

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;

use super::command::{Command, Completed, Kind};
use crate::document::{Arm, Compared, Comparison, Document, Head, Measurement, StoredRun, stored};
use crate::run::{CheckOptions, Failure, Hint, OutputOptions, head};

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench compare base.json new.json
  awscreds-bench compare base.json new.json --fail-if 'p99 > 5%'     as a gate in CI
  awscreds-bench compare base.json new.json --format markdown        for a pull request";

/// Compare two stored runs: what has become faster or slower since BASE
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct CompareArgs {
    /// The run to compare with, written with --format json; - for standard input
    #[arg(value_name = "BASE")]
    base: PathBuf,

    /// The run that is judged
    #[arg(value_name = "NEW")]
    new: PathBuf,

    #[command(flatten)]
    checks: CheckOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl From<CompareArgs> for Command {
    fn from(args: CompareArgs) -> Self {
        let (output, checks) = (args.output.clone(), args.checks.clone());
        let run = async move { args.compare() };
        Self::new(Kind::Latencies, output, checks, run)
    }
}

impl CompareArgs {
    fn compare(&self) -> Result<Completed, Failure> {
        if self.base == self.new && self.base.as_os_str() == stored::STDIN {
            return Err(Failure::new(
                anyhow!("BASE and NEW cannot both come from standard input"),
                "name a file for one of them",
            ));
        }
        let (base, new) = (measured(&self.base)?, measured(&self.new)?);
        Ok(Completed::document(self.compared(&base, new)?))
    }

    fn compared(
        &self,
        base: &Document<Measurement>,
        new: Document<Measurement>,
    ) -> Result<Document, Failure> {
        let pairs = pairs(&base.body.arms, &new.body.arms);
        if pairs.is_empty() {
            let arms = anyhow!(
                "the arms of BASE are {}; those of NEW are {}",
                names(&base.body.arms),
                names(&new.body.arms)
            );
            return Err(arms.context("no arm of BASE has the name of an arm of NEW")).hint(
                "compare runs of the same command with the same arms, or runs of one arm each",
            );
        }
        let comparisons = comparisons(&pairs)?;
        let findings = sameness::findings(base, &new, &pairs);
        let compared = Compared {
            base: stored_run(&self.base, &base.head),
            new: stored_run(&self.new, &new.head),
            pairs: pairs
                .iter()
                .map(|(was, is)| [was, is].map(|arm| arm.name.clone()))
                .collect(),
            base_arms: base.body.arms.clone(),
        };
        let body = Measurement {
            comparisons,
            findings,
            checks: Vec::new(),
            compared: Some(compared),
            ..new.body
        };
        let head = Head {
            started_at: new.head.started_at,
            elapsed_s: new.head.elapsed_s,
            target: new.head.target,
            ..head("compare", None, None)
        };
        Ok(Document::new(head, body))
    }
}

fn names(arms: &[Arm]) -> String {
    let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
    names.join(", ")
}

/// The measurement in a file.
fn measured(path: &Path) -> Result<Document<Measurement>, Failure> {
    let Document { head, body } = read(path)?;
    let body = body.into_measured().with_context(|| {
        let (name, command) = (name(path), &head.command);
        format!("{name}: there is nothing to compare in the document of `{command}`")
    });
    let body = body.hint(
        "name documents of measuring commands, such as `sts --format json --output FILE`; `report` renders this one",
    )?;
    Ok(Document { head, body })
}

fn stored_run(file: &Path, head: &Head) -> StoredRun {
    StoredRun {
        file: name(file),
        arguments: head.arguments.clone(),
        started_at: head.started_at.clone().unwrap_or_default(),
    }
}

/// A stored document.
pub(super) fn read(path: &Path) -> Result<Document, Failure> {
    stored::read(path).map_err(|error| {
        let hint = error.hint();
        let error = anyhow::Error::new(error).context(format!("{} cannot be used", name(path)));
        Failure::new(error, hint)
    })
}

fn name(path: &Path) -> String {
    if path.as_os_str() == stored::STDIN {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

fn comparisons(pairs: &[(&Arm, &Arm)]) -> Result<Vec<Comparison>, Failure> {
    let mut comparisons = Vec::new();
    for (was, is) in pairs {
        let compared = across::comparisons(was, is)
            .context("the runs cannot be compared")
            .hint("the document was changed after it was written: measure again")?;
        comparisons.extend(compared);
    }
    if comparisons.is_empty() {
        return Err(anyhow!("in no arm did calls succeed in both runs"))
            .context("nothing could be compared")
            .hint("render the documents with `report` to see what failed");
    }
    Ok(comparisons)
}

/// The arms that are compared with each other: those of the same name, or the only ones there are.
fn pairs<'a>(base: &'a [Arm], new: &'a [Arm]) -> Vec<(&'a Arm, &'a Arm)> {
    if let ([was], [is]) = (base, new) {
        return vec![(was, is)];
    }
    let same = |is: &'a Arm| {
        let mut base = base.iter();
        base.find(|was| was.name == is.name).map(|was| (was, is))
    };
    new.iter().filter_map(same).collect()
}
