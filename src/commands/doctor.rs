//! `doctor`: from symptom to cause to remedy.

use std::fmt::Write;
use std::time::SystemTime;

use clap::Args;

use super::command::{Command, Completed, Kind};
use crate::credentials::Source;
use crate::doctor::{
    self, Check, Diagnosis, Examination, Identity, Level, Link, LinkState, Patient, sdks,
};
use crate::document::{
    self, DiagnosedLink, DiagnosedPlace, DiagnosedRegion, DiagnosedSts, DoctorResult, Document,
    FailOn, Finding, SdkPick, Severity, Target,
};
use crate::exit::Exit;
use crate::figures::micros;
use crate::lab::Options as LabOptions;
use crate::render;
use crate::run::{
    CheckOptions, Clock, Failure, OutputOptions, RunningLab, client_variables, head, load_scenario,
    rfc3339,
};

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
    output: OutputOptions,
}

impl From<DoctorArgs> for Command {
    fn from(args: DoctorArgs) -> Self {
        let kind = match args.explain {
            Some(_) => Kind::Text,
            None => Kind::Counts,
        };
        let (output, checks) = (args.output.clone(), CheckOptions::default());
        Self::new(kind, output, checks, run(args))
    }
}

/// Explains a finding, or examines this machine or a client of the lab.
async fn run(args: DoctorArgs) -> Result<Completed, Failure> {
    if let Some(id) = &args.explain {
        return explained(id).map(Completed::text);
    }
    let clock = Clock::started();
    let lab = match &args.lab {
        Some(name) => Some(RunningLab::start(load_scenario(name)?, LabOptions::default()).await?),
        None => None,
    };
    let patient = Patient {
        variables: client_variables(lab.as_ref(), args.source),
        route: lab.as_ref().map(RunningLab::route),
        region: args.region.clone(),
        profile: args.profile.clone(),
    };
    let seen = doctor::examine(&patient).await;
    let found = doctor::diagnose(&seen);
    let body = result(&args, &seen, &found);
    let fails = |finding: &Finding| args.fail_on.fails_at(finding.severity);
    let exit = if body.findings.iter().any(fails) {
        Exit::CheckFailed
    } else {
        Exit::Measured
    };
    let target = match lab {
        Some(_) => Target::Lab,
        None => Target::Endpoint,
    };
    let head = head("doctor", Some(clock), Some(target));
    Ok(Completed {
        exit,
        ..Completed::document(Document::new(head, body))
    })
}

fn explained(id: &str) -> Result<String, Failure> {
    let check: &Check = doctor::guide::find(id).ok_or_else(|| {
        let nearest = doctor::guide::nearest(id).map(|known| format!(" (did you mean `{known}`?)"));
        let nearest = nearest.unwrap_or_default();
        let known: Vec<&str> = doctor::CATALOGUE.iter().map(|check| check.id).collect();
        Failure::new(
            anyhow::anyhow!("no finding is called `{id}`{nearest}"),
            format!("known are {}", known.join(", ")),
        )
    })?;
    let mut text = format!("{} ({}): {}\n", check.id, check.level.as_str(), check.title);
    for (name, words) in doctor::guide::sections(check) {
        let options = textwrap::Options::new(render::width().min(100))
            .initial_indent("  ")
            .subsequent_indent("  ");
        let _ = writeln!(text, "\n{name}\n{}", textwrap::fill(words, options));
    }
    Ok(text)
}

fn result(args: &DoctorArgs, seen: &Examination, found: &[Diagnosis]) -> DoctorResult {
    let name = |link: &Link| link.name.as_str().to_owned();
    let winner = seen.winner().map(|(link, _)| name(link));
    DoctorResult {
        scenario: args.lab.clone(),
        place: DiagnosedPlace {
            kind: seen.place.kind.as_str().to_owned(),
            evidence: seen.place.evidence.clone(),
        },
        region: seen.region.as_ref().map(|(name, from)| DiagnosedRegion {
            name: name.clone(),
            from: (*from).to_owned(),
        }),
        links: seen.links.iter().map(|each| link(each, seen.now)).collect(),
        next: winner.as_ref().and_then(|_| seen.behind().next().map(name)),
        winner,
        sdks: sdks::picks(seen).iter().map(pick).collect(),
        findings: found.iter().map(finding).collect(),
        fail_on: args.fail_on,
    }
}

fn link(link: &Link, now: Option<SystemTime>) -> DiagnosedLink {
    let (state, detail) = match &link.state {
        LinkState::Absent(why) => (document::LinkState::Absent, Some(why.clone())),
        LinkState::Loaded(_) => (document::LinkState::Loaded, None),
        LinkState::Failed(why) => (document::LinkState::Failed, Some(why.clone())),
    };
    let fetched = link.fetched();
    let expires = fetched.and_then(|fetched| fetched.expires);
    let identity = fetched.and_then(|fetched| fetched.identity.as_ref());
    let arn = identity.map(|identity| &identity.arn);
    DiagnosedLink {
        name: link.name.as_str().to_owned(),
        state,
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
    let service = &identity.service;
    DiagnosedSts {
        endpoint: service.endpoint.clone(),
        address: service.address.clone(),
        first_us: micros(service.first),
        warm_us: service.warm.map(micros),
        clock_ahead_s: service.ahead_s,
    }
}

fn pick(pick: &sdks::Pick) -> SdkPick {
    SdkPick {
        sdk: pick.family.to_owned(),
        link: pick.link.map(|link| link.as_str().to_owned()),
        fails: pick.fails,
        waits_s: pick.waits.map(|waits| waits.as_secs_f64()),
    }
}

fn finding(found: &Diagnosis) -> Finding {
    let (check, sighting) = (found.check, &found.sighting);
    let severity = match sighting.level {
        Level::Info => Severity::Info,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    };
    let remedy = sighting.remedy.as_deref().unwrap_or(check.remedy);
    let (summary, evidence) = (&sighting.summary, &sighting.evidence);
    Finding {
        consequence: Some(check.consequence.to_owned()),
        reference: Some(check.reference.to_owned()),
        ..Finding::new(severity, check.id, summary, evidence, remedy)
    }
}

/// Negative where it has passed.
fn seconds_until(then: SystemTime, now: SystemTime) -> f64 {
    match then.duration_since(now) {
        Ok(left) => left.as_secs_f64(),
        Err(past) => -past.duration().as_secs_f64(),
    }
}
