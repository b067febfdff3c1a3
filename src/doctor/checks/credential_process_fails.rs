//! `credential_process` gives no credentials.

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "credential-process-fails",
    level: Level::Error,
    title: "credential_process gives no credentials",
    explanation: "The profile's credential_process does not end, ends with an error, or prints something else than credentials. Most SDKs put no limit on it, and whatever it asks for at a terminal nobody will answer.",
    consequence: "Programs hang at their first request, or fail without another link being tried.",
    remedy: "run the command by hand, without a terminal (< /dev/null), and mend it; give it a limit of its own (timeout 10 COMMAND)",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html",
    provoked_by: "a profile with `credential_process = sleep 60`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let run = seen.process.as_ref()?;
    let what = match &run.failed {
        Some(why) => why.clone(),
        None if run.hung => format!(
            "it had not ended after {}, and was stopped",
            shown(run.elapsed)
        ),
        None => return None,
    };
    let evidence = format!("the process of profile {}: {what}", run.profile);
    Some(Sighting::new(Level::Error, CHECK.title, evidence))
}
