//! `doctor`: from symptom to cause to remedy.

use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};

use super::Report;
use super::failure::Failure;
use super::lab::{load_scenario, start_lab};
use super::options::OutputOptions;
use super::session::{require_writable, rfc3339, tool};
use super::target::exported;
use crate::client::Route;
use crate::clock;
use crate::credentials::Source;
use crate::diagnosis::{
    self, Check, Examination, Finding, Identity, Level, Link, LinkState, Subject, sdks,
};
use crate::exit::Exit;
use crate::lab::Options as LabOptions;
use crate::report;
use crate::report::diagnosis::{
    Ailment, DiagnosedLink, DiagnosedPlace, DiagnosedRegion, DiagnosedSts, DoctorDocument, SdkPick,
};
use crate::report::document::{SCHEMA, Severity};

/// Find out what is wrong with this machine's AWS credentials, and what to do about it
///
/// Needs no options. Walks the credential and Region chain link by link, asks STS whose the credentials
/// are, and holds what it saw against the checks in docs/doctor.md.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// Explain a finding: its cause, its consequence, its remedy
    #[arg(long, value_name = "ID")]
    explain: Option<String>,

    /// End with exit code 1 if anything is found at this level or above
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = FailOn::Error)]
    fail_on: FailOn,

    /// Examine a client of the embedded lab instead: a built-in scenario's name or a TOML file
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = "default")]
    lab: Option<String>,

    /// The source that the lab's client is pointed at
    #[arg(long, value_name = "SOURCE", requires = "lab", default_value = "imds")]
    source: Source,

    /// AWS Region [default: as configured]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Profile of the shared AWS configuration files [default: as configured]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    #[command(flatten)]
    pub output: OutputOptions,
}

/// From which level on findings are a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Info,
    Warning,
    Error,
    Never,
}

impl FailOn {
    fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Never => "never",
        }
    }

    fn fails_at(self, level: Level) -> bool {
        match self {
            Self::Info => true,
            Self::Warning => level >= Level::Warning,
            Self::Error => level >= Level::Error,
            Self::Never => false,
        }
    }
}

/// Examines this machine, or a client of the lab.
pub async fn run(args: DoctorArgs) -> Result<Report, Failure> {
    if let Some(id) = &args.explain {
        return explained(id).map(Report::Explained);
    }
    if let Some(path) = &args.output.output {
        require_writable(path)?;
    }
    if !args.output.format.holds_counts() {
        return Err(Failure::new(
            report::RenderError::NoLatencies,
            "use --format table, json, csv, markdown or html",
        ));
    }
    let (start, started_at) = (clock::now(), clock::wall());
    let lab = match &args.lab {
        Some(name) => Some(start_lab(load_scenario(name)?, LabOptions::default()).await?),
        None => None,
    };
    let lab = lab.as_ref().map(|(lab, _)| lab);
    let subject = Subject {
        variables: match lab {
            Some(lab) => lab.environment(exported(args.source)).into_iter().collect(),
            None => std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        },
        route: lab.map(|lab| Route {
            address: lab.address(),
            ca_pem: lab.ca_pem().to_owned(),
        }),
        region: args.region.clone(),
        profile: args.profile.clone(),
    };
    let seen = diagnosis::examine(&subject).await;
    let found = diagnosis::diagnose(&seen);
    let failed = found.iter().any(|found| args.fail_on.fails_at(found.level));
    let document = document(&args, &seen, &found, started_at, clock::since(start));
    let exit = if failed {
        Exit::CheckFailed
    } else {
        Exit::Measured
    };
    Ok(Report::Doctor(Box::new(document), exit))
}

fn explained(id: &str) -> Result<String, Failure> {
    use std::fmt::Write;
    let check: &Check = diagnosis::guide::find(id).ok_or_else(|| {
        let nearest = diagnosis::guide::nearest(id);
        let suggestion =
            nearest.map_or(String::new(), |known| format!(" (did you mean `{known}`?)"));
        let known: Vec<&str> = diagnosis::catalogue().map(|check| check.id).collect();
        Failure::new(
            anyhow::anyhow!("no finding is called `{id}`{suggestion}"),
            format!("known are {}", known.join(", ")),
        )
    })?;
    let mut text = format!("{} ({}): {}\n", check.id, check.level.as_str(), check.title);
    for (name, words) in diagnosis::guide::sections(check) {
        let options = textwrap::Options::new(report::width().min(100))
            .initial_indent("  ")
            .subsequent_indent("  ");
        let _ = writeln!(text, "\n{name}\n{}", textwrap::fill(words, options));
    }
    Ok(text)
}

fn document(
    args: &DoctorArgs,
    seen: &Examination,
    found: &[Finding],
    started_at: SystemTime,
    elapsed: Duration,
) -> DoctorDocument {
    let name = |link: &Link| link.source.name().to_owned();
    let winner = seen.winner().map(|(link, _)| name(link));
    DoctorDocument {
        schema: SCHEMA.to_owned(),
        tool: tool(),
        command: "doctor".to_owned(),
        arguments: std::env::args_os()
            .skip(1)
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        started_at: rfc3339(started_at),
        elapsed_s: elapsed.as_secs_f64(),
        target: if args.lab.is_some() {
            "lab"
        } else {
            "endpoint"
        }
        .to_owned(),
        scenario: args.lab.clone(),
        place: DiagnosedPlace {
            kind: seen.platform.kind.as_str().to_owned(),
            evidence: seen.platform.evidence.clone(),
        },
        region: seen.region.as_ref().map(|(name, from)| DiagnosedRegion {
            name: name.clone(),
            from: (*from).to_owned(),
        }),
        links: seen.links.iter().map(|each| link(each, seen.now)).collect(),
        next: winner.as_ref().and_then(|_| seen.next().map(name)),
        winner,
        sdks: sdks::picks(seen).iter().map(pick).collect(),
        findings: found.iter().map(ailment).collect(),
        fail_on: args.fail_on.as_str().to_owned(),
    }
}

fn link(link: &Link, now: Option<SystemTime>) -> DiagnosedLink {
    let (state, detail) = match &link.state {
        LinkState::Absent(why) => ("absent", Some(why.clone())),
        LinkState::Loaded(_) => ("loaded", None),
        LinkState::Failed(why) => ("failed", Some(why.clone())),
    };
    let fetched = link.fetched();
    let expires = fetched.and_then(|fetched| fetched.expires);
    let identity = fetched.and_then(|fetched| fetched.identity.as_ref());
    let arn = identity.map(|identity| &identity.arn);
    DiagnosedLink {
        name: link.source.name().to_owned(),
        state: state.to_owned(),
        detail,
        elapsed_us: link.elapsed.map(micros),
        access_key_id: fetched.map(|fetched| fetched.access_key_id.clone()),
        expires_at: expires.map(rfc3339),
        expires_in_s: expires
            .zip(now)
            .map(|(expires, now)| seconds_until(expires, now)),
        identity: arn.and_then(|arn| arn.as_ref().ok().cloned()),
        identity_error: arn.and_then(|arn| arn.as_ref().err().cloned()),
        sts: identity.map(sts),
    }
}

fn sts(identity: &Identity) -> DiagnosedSts {
    let sts = &identity.sts;
    DiagnosedSts {
        endpoint: sts.endpoint.clone(),
        address: sts.address.clone(),
        first_us: micros(sts.first),
        warm_us: sts.warm.map(micros),
        clock_ahead_s: sts.ahead_s,
    }
}

fn pick(pick: &sdks::Pick) -> SdkPick {
    SdkPick {
        sdk: pick.sdk.to_owned(),
        link: pick.link.map(|link| link.name().to_owned()),
        fails: pick.fails,
        waits_s: pick.waits.map(|waits| waits.as_secs_f64()),
    }
}

fn ailment(found: &Finding) -> Ailment {
    let check = found.check;
    Ailment {
        id: check.id.to_owned(),
        severity: match found.level {
            Level::Info => Severity::Info,
            Level::Warning => Severity::Warning,
            Level::Error => Severity::Error,
        },
        summary: found.summary.clone(),
        evidence: found.evidence.clone(),
        consequence: check.consequence.to_owned(),
        remedy: check.remedy.to_owned(),
        reference: check.reference.to_owned(),
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Negative where it has passed.
fn seconds_until(then: SystemTime, now: SystemTime) -> f64 {
    match then.duration_since(now) {
        Ok(left) => left.as_secs_f64(),
        Err(past) => -past.duration().as_secs_f64(),
    }
}
