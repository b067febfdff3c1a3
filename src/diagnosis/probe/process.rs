//! A profile's `credential_process`, run by itself: how long it takes, whether it ends, whether it says how
//! long its credentials are good.

use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use super::limits::FETCH;
use crate::clock;
use crate::credentials::Variables;
use crate::diagnosis::examination::ProcessRun;
use crate::diagnosis::profile::Profiles;

/// Runs the process that the selected profile leads to, if it leads to one, in a process group of its own:
/// what it started ends with it.
pub(super) async fn probe(profiles: &Profiles, variables: &Variables) -> Option<ProcessRun> {
    let (profile, command) = profiles.process()?;
    let mut run = ProcessRun {
        profile: profile.to_owned(),
        ..ProcessRun::default()
    };
    let start = clock::now();
    let spawned = Command::new("sh")
        .args(["-c", command])
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let child = match spawned {
        Ok(child) => child,
        Err(error) => {
            run.failed = Some(format!("it cannot be run: {error}"));
            return Some(run);
        }
    };
    let group = child.id();
    match timeout(FETCH, child.wait_with_output()).await {
        Err(_) => {
            run.hung = true;
            end(group);
        }
        Ok(Err(error)) => run.failed = Some(error.to_string()),
        Ok(Ok(output)) if !output.status.success() => {
            run.failed = Some(format!("it ended with {}", output.status));
        }
        Ok(Ok(output)) => match serde_json::from_slice::<serde_json::Value>(&output.stdout) {
            Ok(answer) if answer["AccessKeyId"].is_string() => {
                run.says_expiry = answer["Expiration"].is_string();
            }
            Ok(_) => run.failed = Some("its output has no AccessKeyId".to_owned()),
            Err(_) => run.failed = Some("its output is not JSON".to_owned()),
        },
    }
    run.elapsed = clock::since(start);
    Some(run)
}

/// Ends the group that was started for the process, which its shell leads.
fn end(group: Option<u32>) {
    let group = group.and_then(|id| i32::try_from(id).ok());
    if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
        // Gone already is as good.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}
