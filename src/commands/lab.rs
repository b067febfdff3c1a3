//! `lab`: the embedded AWS in the foreground, or around another program.

use std::net::IpAddr;
use std::process::ExitStatus;

use anyhow::Context;
use clap::{Args, ValueEnum};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use super::Report;
use super::failure::Failure;
use super::options::OutputOptions;
use super::session::{LabRequests, tool};
use crate::exit::Exit;
use crate::lab::scenario::Scenario;
use crate::lab::{ExportedSource, Lab, Options};
use crate::report;
use crate::report::document::{LabDocument, LabInfo, RequestCount, SCHEMA};

/// Run the embedded lab: a local AWS with dialable latency, throttling and faults
#[derive(Args, Clone, Debug)]
pub struct LabArgs {
    /// A built-in scenario's name or a TOML file
    #[arg(long, value_name = "SCENARIO", default_value = "default")]
    scenario: String,

    /// The credential source that programs are pointed at
    #[arg(long, value_enum, value_name = "SOURCE", default_value_t = Exported::Imds)]
    source: Exported,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,

    /// Port of the AWS services and of the container endpoint; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Port of the instance metadata service; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    imds_port: u16,

    #[command(flatten)]
    pub output: OutputOptions,

    /// Run this program inside the lab and end with its exit status
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Sources whose variables the lab exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Exported {
    Imds,
    Container,
    Static,
    WebIdentity,
    Profile,
    AssumeRole,
}

impl From<Exported> for ExportedSource {
    fn from(source: Exported) -> Self {
        match source {
            Exported::Imds => Self::Imds,
            Exported::Container => Self::Container,
            Exported::Static => Self::Static,
            Exported::WebIdentity => Self::WebIdentity,
            Exported::Profile => Self::Profile,
            Exported::AssumeRole => Self::AssumeRole,
        }
    }
}

/// Runs the lab until interrupted, or until the program in it ends.
pub async fn run(args: LabArgs) -> Result<Report, Failure> {
    if let Some(path) = &args.output.output {
        super::session::require_writable(path)?;
    }
    if !args.output.format.holds_counts() {
        return Err(Failure::new(
            report::RenderError::NoLatencies,
            "use --format table, json, csv, markdown or html",
        ));
    }
    let options = Options {
        bind: args.bind,
        port: args.port,
        imds_port: args.imds_port,
    };
    let (lab, info) = start_lab(load_scenario(&args.scenario)?, options).await?;
    let variables = lab.environment(args.source.into());
    let exit = if args.command.is_empty() {
        foreground(&lab, &info, &variables, args.output.quiet).await?
    } else {
        inside(&args.command, &variables).await?
    };
    let document = LabDocument {
        schema: SCHEMA.to_owned(),
        tool: tool(),
        command: "lab".to_owned(),
        arguments: std::env::args().skip(1).collect(),
        scenario: info.scenario,
        seed: info.seed,
        requests: requests(&lab),
    };
    lab.stop().await;
    Ok(Report::Lab(document, exit))
}

/// A built-in scenario, or one from a file.
pub fn load_scenario(name: &str) -> Result<Scenario, Failure> {
    Scenario::load(name).map_err(|error| {
        let names = Scenario::builtin_names().join(", ");
        Failure::new(
            error,
            format!(
                "built-in scenarios: {names}; docs/lab.md lists every field of a scenario file"
            ),
        )
    })
}

/// Starts the lab.
pub async fn start_lab(scenario: Scenario, options: Options) -> Result<(Lab, LabInfo), Failure> {
    let info = LabInfo {
        scenario: scenario.name.clone(),
        seed: scenario.seed,
        requests: LabRequests::new(),
        about: scenario.about.clone(),
    };
    let lab = Lab::start(scenario, options).await.map_err(|error| {
        Failure::new(
            error,
            "choose another --bind, --port or --imds-port, or leave them out for free ones",
        )
    })?;
    Ok((lab, info))
}

/// What the lab has counted so far.
#[must_use]
pub fn requests(lab: &Lab) -> LabRequests {
    let counted = lab.requests().into_iter();
    counted
        .map(|(operation, n)| {
            (
                operation,
                RequestCount {
                    count: n.count,
                    ok: n.ok,
                    throttled: n.throttled,
                    failed: n.failed,
                },
            )
        })
        .collect()
}

/// Completes on the first interrupt or termination signal after this call.
pub fn interrupted() -> impl Future<Output = ()> + Send {
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    async {
        match signals {
            (Ok(mut interrupt), Ok(mut terminate)) => {
                tokio::select! {
                    _ = interrupt.recv() => (),
                    _ = terminate.recv() => (),
                }
            }
            // Without handlers the signals end the process by themselves.
            _ => std::future::pending().await,
        }
    }
}

async fn foreground(
    lab: &Lab,
    info: &LabInfo,
    variables: &[(String, String)],
    quiet: bool,
) -> Result<Exit, Failure> {
    let exports: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("export {name}={}", quoted(value)))
        .collect();
    let printed =
        report::write(None, &(exports.join("\n") + "\n")).context("cannot print the environment");
    printed.map_err(|error| Failure { error, hint: None })?;
    if !quiet {
        report::note(&format!(
            "lab `{}` is ready on {} (HTTP and HTTPS) and {} (instance metadata); interrupt to stop",
            info.scenario,
            lab.address(),
            lab.imds_address()
        ));
    }
    interrupted().await;
    Ok(Exit::Measured)
}

/// A value as a POSIX shell reads it back.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

/// Runs a program with the lab's variables and none of the caller's AWS settings.
async fn inside(command: &[String], variables: &[(String, String)]) -> Result<Exit, Failure> {
    let mut child = Command::new(&command[0]);
    child.args(&command[1..]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            child.env_remove(name);
        }
    }
    child.envs(variables.iter().map(|(name, value)| (name, value)));
    child.envs(["NO_PROXY", "no_proxy"].map(|name| (name, without_proxy(name, variables))));
    let mut running = child.spawn().map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot run `{}`", command[0]));
        Failure::new(error, "check the program's name and PATH")
    })?;
    // An interrupt from the terminal reaches the program too; the lab outlives it to report.
    let status = loop {
        tokio::select! {
            status = running.wait() => break status,
            () = interrupted() => (),
        }
    };
    let status = status
        .context("cannot wait for the program")
        .map_err(|error| Failure { error, hint: None })?;
    Ok(Exit::Child(exit_code(status)))
}

/// The caller's list of hosts that need no proxy, with the lab's addresses added.
fn without_proxy(name: &str, variables: &[(String, String)]) -> String {
    let mut hosts: Vec<String> = std::env::var(name)
        .ok()
        .filter(|hosts| !hosts.is_empty())
        .into_iter()
        .collect();
    let urls = variables
        .iter()
        .filter_map(|(_, value)| url::Url::parse(value).ok());
    for host in urls.filter_map(|url| url.host_str().map(str::to_owned)) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts.join(",")
}

/// The status as a shell reports it: 128 + the signal's number where one ended the program.
fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_values_survive_a_shell() {
        assert_eq!(quoted("http://127.0.0.1:80/"), "http://127.0.0.1:80/");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
