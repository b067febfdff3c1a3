//! A profile's `credential_process`, run by itself: how long it takes, whether it ends, whether it says how
//! long its credentials are good.

use tokio::time::timeout;

use super::limits::FETCH;
use crate::clock;
use crate::credentials::{ProcessError, Variables, run_process, shell};
use crate::diagnosis::examination::ProcessRun;
use crate::diagnosis::profile::Profiles;

/// Runs the process that the selected profile leads to, if it leads to one.
pub(super) async fn probe(profiles: &Profiles, variables: &Variables) -> Option<ProcessRun> {
    let (profile, command) = profiles.process()?;
    let mut run = ProcessRun {
        profile: profile.to_owned(),
        ..ProcessRun::default()
    };
    let mut shell = shell(command);
    shell.env_clear().envs(variables);
    let start = clock::now();
    match timeout(FETCH, run_process(shell)).await {
        Err(_) => run.hung = true,
        Ok(Ok(answer)) if answer.text("AccessKeyId").is_some() => {
            run.says_expiry = answer.text("Expiration").is_some();
        }
        Ok(Ok(_)) => run.failed = Some(ProcessError::Missing("AccessKeyId").to_string()),
        Ok(Err(error)) => run.failed = Some(error.to_string()),
    }
    run.elapsed = clock::since(start);
    Some(run)
}
