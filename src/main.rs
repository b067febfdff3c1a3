//! Parse, run, print, exit code; nothing else.

use std::io::IsTerminal;
use std::process::ExitCode;

use awscreds_bench::cli::Cli;
use awscreds_bench::commands::{Color, Failure, OutputOptions, Report};
use awscreds_bench::exit::Exit;
use awscreds_bench::report::{self, Format, Style};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = cli.output().clone();
    let mut runtime = if cli.needs_one_thread() {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let ended = runtime.enable_all().build().map_err(|error| Failure {
        error: anyhow::Error::new(error).context("cannot start the runtime"),
        hint: None,
    });
    let ended = ended
        .and_then(|runtime| {
            let report = runtime.block_on(cli.run());
            // A name lookup that was given up on still holds its thread; nobody waits for that.
            runtime.shutdown_background();
            report
        })
        .and_then(|report| print(&report, &output));
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            report::failure(&failure.to_string());
            Exit::NotMeasured.into()
        }
    }
}

/// Prints the report where it is wanted.
fn print(report: &Report, output: &OutputOptions) -> Result<Exit, Failure> {
    let style = Style {
        color: color(output),
        width: report::width(),
        chart: output.chart,
    };
    match report {
        Report::Measured(document) | Report::Stored(document, _) => {
            let text =
                report::render(document, output.format, &style).map_err(|error| Failure {
                    error: error.into(),
                    hint: None,
                })?;
            report::write(output.output.as_deref(), &text)
                .map_err(|error| unwritten(error, output))?;
            let exit = report.exit();
            if exit != Exit::Measured {
                for breach in report::breaches(document) {
                    report::failure(&breach);
                }
            }
            Ok(exit)
        }
        Report::Doctor(document, _) => {
            let text = report::render_doctor(document, output.format, &style);
            write(text, report, output)
        }
        Report::Explained(text) => write(Ok(text.clone()), report, output),
        Report::Simulated(document) => {
            let text = report::render_simulation(document, output.format, &style);
            write(text, report, output)
        }
        Report::Crowds(document) => {
            let text = report::render_crowds(document, output.format, &style);
            write(text, report, output)
        }
        Report::Signatures(signed) => write(report::to_json(signed), report, output),
        Report::Credentials(credentials) => write(report::to_json(credentials), report, output),
        Report::Said => Ok(report.exit()),
        Report::Lab(document, exit) => {
            let text =
                report::render_lab(document, output.format, &style).map_err(|error| Failure {
                    error: error.into(),
                    hint: None,
                })?;
            match &output.output {
                Some(path) => {
                    report::write(Some(path), &text).map_err(|error| unwritten(error, output))?;
                }
                None if output.quiet => (),
                None => report::failure(text.trim_end()),
            }
            Ok(*exit)
        }
    }
}

/// Writes a result that has nothing to add on stderr.
fn write(
    text: Result<String, report::RenderError>,
    report: &Report,
    output: &OutputOptions,
) -> Result<Exit, Failure> {
    let text = text.map_err(|error| Failure {
        error: error.into(),
        hint: None,
    })?;
    report::write(output.output.as_deref(), &text).map_err(|error| unwritten(error, output))?;
    Ok(report.exit())
}

fn unwritten(error: std::io::Error, output: &OutputOptions) -> Failure {
    let place = output
        .output
        .as_ref()
        .map_or("stdout".to_owned(), |path| path.display().to_string());
    Failure {
        error: anyhow::Error::new(error).context(format!("cannot write the results to {place}")),
        hint: None,
    }
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
