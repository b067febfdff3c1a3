//! `doctor`: from symptom to cause to remedy.

use std::fmt::Write;
use std::time::SystemTime;

use clap::Args;
use time::OffsetDateTime;

use super::command::{Command, Completed, Kind};
use crate::clock::Moment;
use crate::credentials::Source;
use crate::diagnosis::{
    self, Check, Examination, Extent, Identity, Link, LinkState, Subject, Symptom, sdks,
};
use crate::document::{
    self, Body, DiagnosedLink, DiagnosedRegion, DiagnosedSts, DoctorResult, Document, FailOn,
    Finding, Target, word,
};
use crate::exit::Exit;
use crate::figures::micros;
use crate::lab::Options as LabOptions;
use crate::measure::Stop;
use crate::nearest::nearest;
use crate::render;
use crate::run::{
    CheckOptions, Failure, OutputOptions, RunningLab, client_variables, head, load_scenario,
    rfc3339, source_of, stop_on_signal, unless_stopped,
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

    /// Tell only what may explain this, and which commands prove it
    #[arg(long, value_enum, value_name = "SYMPTOM", conflicts_with = "explain")]
    symptom: Option<Symptom>,

    /// End with exit code 1 if anything is found at this level or above
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = FailOn::Error)]
    fail_on: FailOn,

    /// Examine a client of the embedded lab instead: a built-in scenario's name or a TOML file
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = "default")]
    lab: Option<String>,

    /// The source that the lab's client is pointed at [default: what the scenario is about; else imds]
    #[arg(long, value_name = "SOURCE", requires = "lab")]
    source: Option<Source>,

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
    let begun = Moment::now();
    let stop = Stop::default();
    stop_on_signal(stop.clone());
    let scenario = args.lab.as_deref().map(load_scenario).transpose()?;
    let about = scenario.as_ref().and_then(|scenario| scenario.source);
    let source = args.source.or(about.map(source_of)).unwrap_or(Source::Imds);
    let lab = match scenario {
        Some(scenario) => Some(RunningLab::start(scenario, LabOptions::default()).await?),
        None => None,
    };
    let subject = Subject {
        variables: client_variables(lab.as_ref(), source),
        route: lab.as_ref().map(RunningLab::route),
        region: args.region.clone(),
        profile: args.profile.clone(),
        endpoint_url: None,
        extent: Extent::Machine,
    };
    let seen = unless_stopped(&stop, diagnosis::examine(&subject)).await?;
    let mut found = diagnosis::diagnose(&seen);
    if let Some(symptom) = args.symptom {
        let checks = symptom.known().checks;
        found.retain(|found| checks.contains(&&*found.id));
    }
    let about = lab.as_ref().and_then(|lab| lab.info.about.clone());
    let body = DoctorResult {
        about,
        ..result(&args, &seen, found)
    };
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
    let head = head("doctor", Some(begun), Some(target));
    Ok(Completed {
        exit,
        ..Completed::document(Document::new(head, Body::Doctor(Box::new(body))))
    })
}

fn explained(id: &str) -> Result<String, Failure> {
    let check: &Check = diagnosis::find(id).ok_or_else(|| {
        let known: Vec<&str> = diagnosis::catalogue().map(|check| check.id).collect();
        let nearest = nearest(id, known.iter().copied())
            .map_or(String::new(), |known| format!(" (did you mean `{known}`?)"));
        Failure::new(
            anyhow::anyhow!("no finding is called `{id}`{nearest}"),
            format!("known are {}", known.join(", ")),
        )
    })?;
    let mut text = format!("{} ({}): {}\n", check.id, word(check.level), check.title);
    for (name, words) in check.sections() {
        let options = textwrap::Options::new(render::width().min(100))
            .initial_indent("  ")
            .subsequent_indent("  ");
        let _ = writeln!(text, "\n{name}\n{}", textwrap::fill(words, options));
        if name == "remedy" {
            for line in check.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    Ok(text)
}

fn result(args: &DoctorArgs, seen: &Examination, found: Vec<Finding>) -> DoctorResult {
    let name = |link: &Link| link.source;
    let winner = seen.winner().map(|(link, _)| name(link));
    DoctorResult {
        scenario: args.lab.clone(),
        about: None,
        symptom: args
            .symptom
            .map(|symptom| symptom.known().answer(args.lab.as_deref())),
        place: seen.platform.clone(),
        region: seen.region.as_ref().map(|(name, from)| DiagnosedRegion {
            name: name.clone(),
            from: (*from).to_owned(),
        }),
        links: seen.links.iter().map(|each| link(each, seen.now)).collect(),
        next: winner.and_then(|_| seen.next().map(name)),
        winner,
        sdks: sdks::picks(seen),
        findings: found,
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
        name: link.source,
        state,
        detail,
        elapsed_us: link.elapsed.map(micros),
        access_key_id: fetched.map(|fetched| fetched.access_key_id.clone()),
        expires_at: expires.map(rfc3339),
        expires_in_s: expires
            .zip(now)
            .map(|(expires, now)| (OffsetDateTime::from(expires) - now).as_seconds_f64()),
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
