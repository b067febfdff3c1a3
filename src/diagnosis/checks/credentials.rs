//! The credentials themselves: how long they are good, by which clock, and how they are renewed.

use std::time::Duration;

use crate::diagnosis::check::{Check, Observation, SHARED, brief, lines};
use crate::diagnosis::examination::Examination;
use crate::document::Severity;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "refresh-margin",
        level: Severity::Warning,
        title: "credentials are renewed later than a fetch takes",
        explanation: "The Rust SDK renews credentials 5 to 10 seconds before they expire, and others have similar margins. Where a fetch takes a good part of that, or where the source hands out credentials that are about to expire, calls run into the expiry.",
        consequence: "Requests wait for the refresh, or are sent with credentials that expire on the way (ExpiredToken).",
        remedy: "renew earlier (IdentityCache::lazy().buffer_time(…) in Rust, and its like) or in the background, and make the source faster. A profile with this line has its credentials renewed ahead of their expiry",
        reference: "https://github.com/aws/aws-sdk-java-v2/issues/5247",
        provoked_by: "a lab scenario with `[container] delay = \"2700ms\"`",
        change: |_| lines([SHARED]),
        look: refresh_margin,
    },
    Check {
        id: "credentials-expiring",
        level: Severity::Warning,
        title: "the credentials are about to expire",
        explanation: "The credentials that SDKs find here have minutes left. Where the source renews them that is as it should be; those in variables, or from a process that keeps them, end.",
        consequence: "Programs that hold them fail with ExpiredToken within minutes.",
        remedy: "renew them with whatever wrote them; programs that run for long should use a source that renews",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
        provoked_by: "a lab scenario with `[credentials] lifetime = \"2m\"`",
        change: login,
        look: credentials_expiring,
    },
    Check {
        id: "credentials-expired",
        level: Severity::Error,
        title: "the credentials have expired",
        explanation: "The credentials that SDKs find first are past their time. Keys that were copied into variables or into the credentials file are the usual case: nothing renews them, and they hide every source behind them.",
        consequence: "Every request is refused with ExpiredToken.",
        remedy: "remove or renew them: run again whatever wrote them",
        reference: "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
        provoked_by: "AWS_CREDENTIAL_EXPIRATION in the past, or credentials that have outlived their time",
        change: drop_expired,
        look: credentials_expired,
    },
    Check {
        id: "clock-skew",
        level: Severity::Error,
        title: "this machine's clock is wrong",
        explanation: "Signatures carry the time. AWS refuses those that are more than five minutes off, and a clock that is off makes credentials look valid for longer or shorter than they are. The service's Date header gives it away.",
        consequence: "Requests are refused with SignatureDoesNotMatch, InvalidSignatureException or RequestTimeTooSkewed, now or when it has drifted further.",
        remedy: "synchronise the clock; on EC2 use the time service at 169.254.169.123",
        reference: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
        provoked_by: "lab scenario `clock-skew`",
        change: |_| {
            vec![
                "sudo chronyc makestep".to_owned(),
                "sudo timedatectl set-ntp true".to_owned(),
            ]
        },
        look: clock_skew,
    },
    Check {
        id: "credential-process-slow",
        level: Severity::Warning,
        title: "credential_process is slow and runs for every process",
        explanation: "A profile's credential_process runs whenever a process needs credentials. What it prints is kept inside that process alone, and without an Expiration not even refreshed: a script that starts ten processes runs it ten times.",
        consequence: "Every command and every new process waits for it.",
        remedy: "let the process keep its answer in a file of its own until shortly before it expires, and print Expiration",
        reference: "https://github.com/common-fate/granted/issues/395",
        provoked_by: "a profile whose credential_process takes 0.7 s",
        change: |_| lines([]),
        look: credential_process_slow,
    },
    Check {
        id: "credential-process-fails",
        level: Severity::Error,
        title: "credential_process gives no credentials",
        explanation: "The profile's credential_process does not end, ends with an error, or prints something else than credentials. Most SDKs put no limit on it, and whatever it asks for at a terminal nobody will answer.",
        consequence: "Programs hang at their first request, or fail without another link being tried.",
        remedy: "run the command by hand, without a terminal (< /dev/null), and mend it; give it a limit of its own",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html",
        provoked_by: "a profile with `credential_process = sleep 60`",
        change: |_| lines(["credential_process = timeout 10 <command>"]),
        look: credential_process_fails,
    },
];

/// What renews a profile's session.
fn login(seen: &Examination) -> Vec<String> {
    vec![match seen.profiles.selected_by {
        Some(_) => format!("aws sso login --profile {}", seen.profiles.selected),
        None => "aws sso login".to_owned(),
    }]
}

fn drop_expired(seen: &Examination) -> Vec<String> {
    if seen.variable("AWS_ACCESS_KEY_ID").is_none() {
        return login(seen);
    }
    vec!["unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN".to_owned()]
}

/// A time in whole seconds, minutes and hours.
fn whole_seconds(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

/// The Rust SDK's margin is between this and twice as long.
const MARGIN: Duration = Duration::from_secs(5);

fn refresh_margin(seen: &Examination) -> Option<Observation> {
    let (link, fetched) = seen.winner()?;
    let elapsed = link.elapsed?;
    let left = fetched.expires?.duration_since(seen.now?);
    let left = left.unwrap_or_default();
    let slow = elapsed * 2 >= MARGIN;
    let short = !left.is_zero() && left < 3 * MARGIN;
    let (source, took, left) = (link.source.name(), brief(elapsed), whole_seconds(left));
    let evidence =
        format!("{source} took {took}; what it gave has {left} left; the margin is 5 s to 10 s");
    (slow || short).then(|| Observation::new(evidence))
}

/// Left to them.
const SOON: Duration = Duration::from_mins(5);

fn credentials_expiring(seen: &Examination) -> Option<Observation> {
    let (link, fetched) = seen.winner()?;
    let left = fetched.expires?.duration_since(seen.now?).ok()?;
    let evidence = format!("{} has {} left", link.key(), whole_seconds(left));
    (left < SOON).then(|| Observation::new(evidence))
}

fn credentials_expired(seen: &Examination) -> Option<Observation> {
    let (link, fetched) = seen.winner()?;
    let past = fetched
        .expires
        .is_some_and(|expires| Some(expires) <= seen.now);
    let said = match seen.refusal() {
        Some((_, error)) if error.contains("ExpiredToken") => format!("STS says {error}"),
        _ if past => "their time has passed".to_owned(),
        _ => return None,
    };
    Some(Observation::new(format!("{}: {said}", link.key())))
}

/// Seconds from which a clock that is off is worth a word, and from which it is nearly refused.
pub(crate) const NOTED_S: u64 = 30;
const REFUSED_S: u64 = 4 * 60;

fn clock_skew(seen: &Examination) -> Option<Observation> {
    let asked = seen
        .sts()
        .filter_map(|sts| Some((sts.name(), sts.ahead_s?)));
    let called = seen.called.iter();
    let dated = asked.chain(called.map(|(name, ahead)| (name.as_str(), *ahead)));
    let (name, ahead) = dated.max_by_key(|(_, ahead)| ahead.unsigned_abs())?;
    let off = ahead.unsigned_abs();
    if off < NOTED_S {
        return None;
    }
    let (order, direction) = if ahead > 0 {
        ("after", "behind")
    } else {
        ("before", "ahead of")
    };
    let evidence = format!("{name} dates its answers {off} s {order} this machine's time");
    let summary = format!("this machine's clock is {off} s {direction} the service's");
    let observation = Observation::new(evidence).summary(summary);
    Some(observation.lowered_to(Severity::Warning, off < REFUSED_S))
}

/// Of one run.
const SLOW: Duration = Duration::from_millis(500);

fn credential_process_slow(seen: &Examination) -> Option<Observation> {
    let run = seen.process.as_ref()?;
    if run.hung || run.failed.is_some() || run.elapsed < SLOW {
        return None;
    }
    let expiry = if run.says_expiry {
        "it says when they expire"
    } else {
        "it does not say when they expire"
    };
    let (profile, took) = (&run.profile, brief(run.elapsed));
    Some(Observation::new(format!(
        "the process of profile {profile} took {took}; {expiry}"
    )))
}

fn credential_process_fails(seen: &Examination) -> Option<Observation> {
    let run = seen.process.as_ref()?;
    let (profile, took) = (&run.profile, brief(run.elapsed));
    let what = match &run.failed {
        Some(why) => why.clone(),
        None if run.hung => format!("it had not ended after {took}, and was stopped"),
        None => return None,
    };
    Some(Observation::new(format!(
        "the process of profile {profile}: {what}"
    )))
}
