//! `lab`: the embedded AWS in the foreground, or around another program.

use std::ffi::OsString;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitStatus;

use anyhow::Context;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use rustix::process::{Pid, kill_process};
use tokio::process::{self, Child};
use tokio::signal::unix::SignalKind;

use super::command::{Command, Completed, Kind, Output};
use crate::document::{Body, Document, LabInfo, LabResult, shell};
use crate::exit::Exit;
use crate::lab::{ExportedSource, Lab, Options, Scenario};
use crate::render;
use crate::run::{
    CheckOptions, Failure, Hint, OutputOptions, RunningLab, Signals, distinct, head, load_scenario,
};

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench lab -- aws sts get-caller-identity             what a program asks for
  awscreds-bench lab --scenario imds-slow -- python3 a.py      how it copes
  awscreds-bench lab                                            a local AWS, until Ctrl-C";

/// Run the embedded lab: a local AWS with dialable latency, throttling and faults
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct LabArgs {
    /// A built-in scenario's name or a TOML file
    #[arg(long, value_name = "SCENARIO", default_value = "default")]
    scenario: String,

    /// Show the built-in scenarios
    #[arg(long, exclusive = true)]
    list: bool,

    /// The credential source that programs are pointed at [default: what the scenario is about; else imds]
    #[arg(long, value_name = "SOURCE", value_parser = exported_sources())]
    source: Option<ExportedSource>,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,

    /// Port of the AWS services and of the container endpoint; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Port of the instance metadata service; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    imds_port: u16,

    /// A host name that the instance metadata service may be reached by, besides addresses and `localhost`; can be
    /// given several times
    #[arg(long, value_name = "NAME")]
    imds_host: Vec<String>,

    /// Port of the DNS view of Cloud Map, over UDP; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    dns_port: u16,

    #[command(flatten)]
    output: OutputOptions,

    /// Run this program inside the lab and end with its exit status
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Sources whose variables the lab exports.
fn exported_sources() -> impl TypedValueParser<Value = ExportedSource> {
    PossibleValuesParser::new(ExportedSource::ALL.map(|(_, name)| name))
        .try_map(|name| ExportedSource::named(&name).ok_or("no such source"))
}

impl From<LabArgs> for Command {
    fn from(args: LabArgs) -> Self {
        let (output, checks) = (args.output.clone(), CheckOptions::default());
        Self::new(Kind::Counts, output, checks, run(args))
    }
}

/// Runs the lab until interrupted, or until the program in it ends.
async fn run(args: LabArgs) -> Result<Completed, Failure> {
    if args.list {
        return Ok(Completed::text(listing()));
    }
    let options = Options {
        bind: args.bind,
        port: args.port,
        imds_port: args.imds_port,
        dns_port: args.dns_port,
    };
    // From before there is anything to clean up, or a program to hand a signal on to.
    let mut signals = Signals::default();
    let mut scenario = load_scenario(&args.scenario)?;
    scenario.imds.hosts.extend(args.imds_host);
    let source = args.source.or(scenario.source);
    let running = RunningLab::start(scenario, options).await?;
    let RunningLab { lab, info } = &running;
    let variables = lab.environment(source.unwrap_or(ExportedSource::Imds));
    if let Some(exposure) = exposure(lab.bound_to()) {
        render::warning(&exposure);
    }
    let exit = if args.command.is_empty() {
        announce(lab, info, &variables, &args.output)?;
        signals.next().await;
        Exit::Measured
    } else {
        inside(&args.command, &variables, &mut signals).await?
    };
    let body = LabResult {
        scenario: info.scenario.clone(),
        seed: info.seed,
        requests: running.requests(),
    };
    running.lab.stop().await;
    let head = head("lab", None, None);
    Ok(Completed {
        output: Output::Beside(Box::new(Document::new(head, Body::Lab(body)))),
        exit,
    })
}

/// Says what points an SDK at the lab, and where it is.
fn announce(
    lab: &Lab,
    info: &LabInfo,
    variables: &[(String, String)],
    output: &OutputOptions,
) -> Result<(), Failure> {
    let export =
        |(name, value): &(String, String)| format!("export {name}={}", shell::quoted(value));
    let exports: Vec<String> = variables.iter().map(export).collect();
    render::write(None, &(exports.join("\n") + "\n")).context("cannot print the environment")?;
    let (name, bound) = (&info.scenario, lab.bound_to());
    let at = |address: SocketAddr| SocketAddr::new(bound, address.port());
    let [address, imds, dns] = [lab.address(), lab.imds_address(), lab.dns_address()].map(at);
    output.console.note(&format!(
        "lab `{name}` is ready on {address} (HTTP and HTTPS), {imds} (instance metadata) and {dns} (DNS, UDP); \
         interrupt to stop"
    ));
    Ok(())
}

/// Who else can reach the lab, if anybody can.
fn exposure(bound: IpAddr) -> Option<String> {
    let (address, reached) = match bound {
        bound if bound.is_loopback() => return None,
        bound if bound.is_unspecified() => {
            ("every address of this machine".to_owned(), "one of them")
        }
        bound => (bound.to_string(), "it"),
    };
    Some(format!(
        "the lab listens on {address}: whoever reaches {reached} gets credentials without a password. They are good \
         for this lab alone; leave out --bind to keep it to this machine"
    ))
}

/// The built-in scenarios, each with what it says of itself.
fn listing() -> String {
    let scenarios = Scenario::builtin_names()
        .into_iter()
        .filter_map(Scenario::builtin);
    let scenarios: Vec<Scenario> = scenarios.collect();
    let longest = scenarios.iter().map(|scenario| scenario.name.len()).max();
    let column = longest.unwrap_or_default() + 2;
    let indent = " ".repeat(column);
    let mut text = String::new();
    for scenario in &scenarios {
        let name = format!("{:column$}", scenario.name);
        let options = textwrap::Options::new(render::width().min(100))
            .initial_indent(&name)
            .subsequent_indent(&indent);
        text += &(textwrap::fill(scenario.summary(), options) + "\n");
    }
    text
}

/// Runs a program with the lab's variables and none of the caller's AWS settings.
async fn inside(
    command: &[OsString],
    variables: &[(String, String)],
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let mut child = process::Command::new(&command[0]);
    let kept = std::env::vars_os();
    let kept = kept.filter(|(name, _)| !name.to_string_lossy().starts_with("AWS_"));
    child.args(&command[1..]).env_clear().envs(kept);
    child.envs(variables.iter().map(|(name, value)| (name, value)));
    child.envs(["NO_PROXY", "no_proxy"].map(|name| (name, without_proxy(name, variables))));
    let mut running = child
        .spawn()
        .with_context(|| format!("cannot run `{}`", command[0].display()))
        .hint("check the program's name and PATH")?;
    let status = outlived(&mut running, signals).await;
    let status = status.context("cannot wait for the program")?;
    Ok(Exit::Child(exit_code(status)))
}

/// Waits for the program. A termination signal is handed on, as whoever stops a container tells only its first
/// process; an interrupt from the terminal has reached the program already. The lab outlives it to report, unless
/// it is interrupted once more: then the program is killed.
async fn outlived(running: &mut Child, signals: &mut Signals) -> io::Result<ExitStatus> {
    let mut interrupts = 0;
    loop {
        tokio::select! {
            status = running.wait() => return status,
            signal = signals.next() => {
                let pid = running.id().and_then(|id| Pid::from_raw(id.cast_signed()));
                if signal == SignalKind::terminate() && let Some(pid) = pid {
                    // It may have ended just now, which is what the next wait finds.
                    let _ = kill_process(pid, rustix::process::Signal::TERM);
                }
                interrupts += u32::from(signal == SignalKind::interrupt());
                if interrupts > 1 {
                    running.start_kill()?;
                }
            }
        }
    }
}

/// The caller's list of hosts that need no proxy, with the lab's addresses added.
fn without_proxy(name: &str, variables: &[(String, String)]) -> String {
    let own = std::env::var(name).ok().filter(|hosts| !hosts.is_empty());
    let host = |(_, url): &(_, String)| Some(url::Url::parse(url).ok()?.host_str()?.to_owned());
    let hosts = variables.iter().filter_map(host);
    distinct(own.into_iter().chain(hosts)).join(",")
}

/// The status as a shell reports it: 128 + the signal's number where one ended the program.
fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
