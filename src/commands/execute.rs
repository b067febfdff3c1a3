//! The one place that checks, renders and writes what commands hand back, and decides how the program ends.

use std::io::IsTerminal;

use anyhow::Context;
use clap::ValueEnum;

use super::command::{Command, Kind, Output};
use super::last;
use crate::disclosure;
use crate::document::{Body, Document, stored, threshold};
use crate::exit::Exit;
use crate::render::{self, Format, RenderError, Style};
use crate::run::{CheckOptions, Color, Failure, Hint, OutputOptions};

/// Runs a command and writes its result.
///
/// # Errors
///
/// If the result could not be written where it is wanted, or there is none.
pub async fn execute(command: Command) -> Result<Exit, Failure> {
    prepare(&command)?;
    let (output, checks) = (&command.output, &command.checks);
    let completed = command.run.await?;
    match completed.output {
        Output::Text(text) => write(output, &text)?,
        Output::Beside(document) => {
            let document = disclosed(*document)?;
            let text = render(&document, output, kept(&document, output))?;
            match &output.output {
                Some(_) => write(output, &text)?,
                None if output.console.quiet => (),
                None => render::beside(&text),
            }
        }
        Output::Document(mut document) => {
            // An interrupted run may lack arms that are spoken of, and what it has is not to be lost for that.
            if completed.exit != Exit::Interrupted {
                checks.meant_for(&document)?;
            }
            hold(&mut document, checks);
            let document = disclosed(*document)?;
            let kept = kept(&document, output);
            return finish(&document, output, kept, completed.exit);
        }
        Output::Stored(mut document, file) => {
            checks.meant_for(&document)?;
            hold(&mut document, checks);
            let again = (file.as_os_str() != stored::STDIN)
                .then(|| disclosure::shown(&file.display().to_string()));
            return finish(&disclosed(*document)?, output, again, completed.exit);
        }
    }
    Ok(completed.exit)
}

/// Holds a document against the checks, and notes in it what came of them.
fn hold(document: &mut Document, checks: &CheckOptions) {
    if let Body::Measured(measurement) = &mut document.body
        && !checks.fail_if.is_empty()
    {
        measurement.checks = threshold::check(measurement, &checks.fail_if);
    }
}

/// Keeps the document, and says what `report` is to be asked for to show it again. A place without room for it is no
/// reason to fail.
fn kept(document: &Document, output: &OutputOptions) -> Option<String> {
    let kept = last::keep(document);
    if let Err(error) = &kept {
        output
            .console
            .detail(|| format!("the result is not kept for `report last`: {error}"));
    }
    kept.is_ok().then(|| last::NAME.to_owned())
}

/// Writes a document, and says how the program ends.
fn finish(
    document: &Document,
    output: &OutputOptions,
    stored: Option<String>,
    exit: Exit,
) -> Result<Exit, Failure> {
    write(output, &render(document, output, stored)?)?;
    let breaches = document.measured().map(render::breaches);
    let breaches = breaches.unwrap_or_default();
    for breach in &breaches {
        render::failure(breach);
    }
    if exit == Exit::Measured && !breaches.is_empty() {
        return Ok(Exit::CheckFailed);
    }
    Ok(exit)
}

/// Finds out before anything is measured whether the result can be rendered, held and written as asked.
fn prepare(command: &Command) -> Result<(), Failure> {
    if let Some(path) = &command.output.output {
        render::check_writable(path)
            .with_context(|| format!("cannot write to {}", path.display()))
            .hint("name a file in a folder that exists and that you may write to")?;
    }
    match command.kind {
        Kind::Latencies => Ok(()),
        Kind::Counts if command.output.format.needs_latencies() => {
            Err(unrendered(RenderError::NoLatencies))
        }
        Kind::Counts | Kind::Text => command.checks.none(),
    }
}

/// The document without secrets and without what a terminal would obey: the only one that leaves the process.
fn disclosed(document: Document) -> Result<Document, Failure> {
    document
        .with_texts(disclosure::shown)
        .context("the result holds a secret in the place of one of the program's own words")
        .hint("choose another password: this one is such a word")
}

fn render(
    document: &Document,
    output: &OutputOptions,
    stored: Option<String>,
) -> Result<String, Failure> {
    let style = Style {
        color: color(output),
        width: render::width(),
        chart: output.chart,
        details: output.details,
        stored,
    };
    render::render(document, output.format, &style).map_err(unrendered)
}

fn unrendered(error: RenderError) -> Failure {
    match error {
        RenderError::NoLatencies => Failure::new(error, other_formats()),
        error => anyhow::Error::from(error).into(),
    }
}

/// A hint at the formats that need no latencies.
fn other_formats() -> String {
    let formats = Format::value_variants().iter();
    let formats = formats.filter(|format| !format.needs_latencies());
    let names: Vec<String> = formats
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect();
    format!("use another --format: {}", names.join(", "))
}

fn write(output: &OutputOptions, text: &str) -> Result<(), Failure> {
    let Some(path) = &output.output else {
        return Ok(render::write(None, text).context("cannot write the results to stdout")?);
    };
    render::write(Some(path), text).map_err(|error| {
        let place = path.display();
        let error =
            anyhow::Error::new(error).context(format!("cannot write the results to {place}"));
        // What was measured is not to be lost with the place that it was meant for.
        let kept = render::write(None, text).context("nor to stdout");
        match kept {
            Ok(()) => Failure::new(
                error,
                "they are on stdout instead: what was measured is whole",
            ),
            Err(lost) => lost.context(error).into(),
        }
    })
}

fn color(output: &OutputOptions) -> bool {
    match output.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            output.format == Format::Table
                && output.output.is_none()
                && std::io::stdout().is_terminal()
                && !plain
        }
    }
}
