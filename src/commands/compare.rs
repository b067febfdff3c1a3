//! `compare`: two stored runs, arm by arm and phase by phase.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;

use super::Report;
use super::failure::Failure;
use super::options::{CheckOptions, OutputOptions};
use super::session::{require_writable, tool};
use crate::exit::Exit;
use crate::report::document::{Arm, Compared, Comparison, Document, SCHEMA, StoredRun};
use crate::report::{across, sameness, stored};

/// Compare two stored runs: what has become faster or slower since BASE
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// The run to compare with, written with --format json; - for standard input
    #[arg(value_name = "BASE")]
    base: PathBuf,

    /// The run that is judged
    #[arg(value_name = "NEW")]
    new: PathBuf,

    #[command(flatten)]
    pub checks: CheckOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Compares the two documents.
pub fn run(args: &CompareArgs) -> Result<Report, Failure> {
    if let Some(path) = &args.output.output {
        require_writable(path)?;
    }
    if args.base == args.new && args.base.as_os_str() == stored::STDIN {
        return Err(Failure::new(
            anyhow!("BASE and NEW cannot both come from standard input"),
            "name a file for one of them",
        ));
    }
    let base = read(&args.base)?;
    let new = read(&args.new)?;
    let document = compared([(&args.base, base), (&args.new, new)])?;
    args.checks.meant_for(&document)?;
    Ok(Report::Stored(Box::new(document), Exit::Measured))
}

/// A stored document, or why the file at `path` is none.
pub fn read(path: &Path) -> Result<Document, Failure> {
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

fn compared(
    [(base_path, base), (new_path, new)]: [(&PathBuf, Document); 2],
) -> Result<Document, Failure> {
    let pairs = pairs(&base.arms, &new.arms);
    if pairs.is_empty() {
        let names = |arms: &[Arm]| {
            arms.iter()
                .map(|arm| arm.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        return Err(Failure::new(
            anyhow!(
                "the arms of BASE are {}; those of NEW are {}",
                names(&base.arms),
                names(&new.arms)
            )
            .context("no arm of BASE has the name of an arm of NEW"),
            "compare runs of the same command with the same arms, or runs of one arm each",
        ));
    }
    let comparisons = comparisons(&pairs)?;
    let stored = |path: &Path, document: &Document| StoredRun {
        file: name(path),
        arguments: document.arguments.clone(),
        started_at: document.started_at.clone(),
    };
    let findings = sameness::findings(&base, &new, &pairs);
    let compared = Compared {
        base: stored(base_path, &base),
        new: stored(new_path, &new),
        pairs: pairs
            .iter()
            .map(|(was, is)| [was.name.clone(), is.name.clone()])
            .collect(),
        base_arms: base.arms.clone(),
    };
    Ok(Document {
        schema: SCHEMA.to_owned(),
        tool: tool(),
        command: "compare".to_owned(),
        arguments: std::env::args().skip(1).collect(),
        comparisons,
        findings,
        checks: Vec::new(),
        compared: Some(compared),
        ..new
    })
}

fn comparisons(pairs: &[(&Arm, &Arm)]) -> Result<Vec<Comparison>, Failure> {
    let mut comparisons = Vec::new();
    for (was, is) in pairs {
        let compared = across::comparisons(was, is)
            .context("the runs cannot be compared")
            .map_err(|error| {
                Failure::new(
                    error,
                    "the document was changed after it was written: measure again",
                )
            })?;
        comparisons.extend(compared);
    }
    if comparisons.is_empty() {
        return Err(Failure::new(
            anyhow!("in no arm did calls succeed in both runs")
                .context("nothing could be compared"),
            "render the documents with `report` to see what failed",
        ));
    }
    Ok(comparisons)
}

/// The arms that are compared with each other: those of the same name, or the only ones there are.
fn pairs<'a>(base: &'a [Arm], new: &'a [Arm]) -> Vec<(&'a Arm, &'a Arm)> {
    if let ([was], [is]) = (base, new) {
        return vec![(was, is)];
    }
    let same = |is: &'a Arm| {
        base.iter()
            .find(|was| was.name == is.name)
            .map(|was| (was, is))
    };
    new.iter().filter_map(same).collect()
}
