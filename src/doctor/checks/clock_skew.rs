//! This machine's clock is wrong.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "clock-skew",
    level: Level::Error,
    title: "this machine's clock is wrong",
    explanation: "Signatures carry the time. AWS refuses those that are more than five minutes off, and a clock that is off makes credentials look valid for longer or shorter than they are. The service's Date header gives it away.",
    consequence: "Requests are refused with SignatureDoesNotMatch, InvalidSignatureException or RequestTimeTooSkewed, now or when it has drifted further.",
    remedy: "synchronise the clock: chronyc makestep, timedatectl set-ntp true; on EC2 use the time service at 169.254.169.123",
    reference: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
    provoked_by: "lab scenario `clock-skew`",
    last_resort: false,
    look,
};

const NOTED: u64 = 30;
const REFUSED: u64 = 4 * 60;

fn look(seen: &Examination) -> Option<Sighting> {
    let services = seen
        .loaded()
        .filter_map(|(_, fetched)| Some(&fetched.identity.as_ref()?.service));
    let (service, ahead) = services
        .filter_map(|service| Some((service, service.ahead_s?)))
        .max_by_key(|(_, ahead)| ahead.unsigned_abs())?;
    let off = ahead.unsigned_abs();
    if off < NOTED {
        return None;
    }
    let level = if off >= REFUSED {
        Level::Error
    } else {
        Level::Warning
    };
    let direction = if ahead > 0 { "behind" } else { "ahead of" };
    let evidence = format!(
        "{} dates its answers {off} s {} this machine's time",
        service.endpoint.as_deref().unwrap_or("STS"),
        if ahead > 0 { "after" } else { "before" },
    );
    let summary = format!("this machine's clock is {off} s {direction} the service's");
    Some(Sighting::new(level, summary, evidence))
}
