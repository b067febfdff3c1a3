//! A `credential_process`: run in a process group of its own, which ends with it, and read within limits.
//!
//! The SDK's own provider for it leaves the process behind when it is given up on, keeps whatever it prints, and puts
//! its stderr into an error. What a process says there may be secret: it is not read at all, unless the process is this
//! very program.

use std::collections::BTreeSet;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::profiles::ProcessChain;

/// Bytes of its output: a hundred times what the longest session token takes.
const LARGEST: u64 = 1024 * 1024;

/// Bytes of what this program itself says as such a process.
const LONGEST_ERROR: u64 = 4096;

/// Why a process gave no credentials. Nothing of what it printed is quoted.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("it cannot be run: {0}")]
    Unstarted(#[source] io::Error),
    #[error("its output cannot be read: {0}")]
    Unread(#[source] io::Error),
    #[error("its output is longer than {} MiB", LARGEST >> 20)]
    TooLong,
    #[error("it ended with {0}; run it by itself to see what it says")]
    Failed(ExitStatus),
    #[error("it ended with {0}, and said: {1}")]
    FailedSaying(ExitStatus, String),
    #[error("its output is not JSON")]
    NotJson,
    #[error("its output has no {0}")]
    Missing(&'static str),
    #[error("its output has a {0} that is not what it should be")]
    Wrong(&'static str),
}

/// What a process that succeeded has printed.
pub struct ProcessOutput(Map<String, Value>);

impl ProcessOutput {
    /// A field; its name is not told apart by capitals.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.as_str()
    }

    fn field(&self, name: &str) -> Option<&Value> {
        let mut fields = self.0.iter();
        let field = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value)
    }
}

/// Runs a command. Whoever gives up on it, as an interrupted program does, ends it with all that it started.
///
/// # Errors
///
/// If it cannot be run, fails, or prints anything but a JSON object.
pub async fn run_process(mut command: Command) -> Result<ProcessOutput, ProcessError> {
    let stderr = if is_this_program(&command) {
        Stdio::piped()
    } else {
        Stdio::null()
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(ProcessError::Unstarted)?;
    let _group = Group::of(child.id());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (output, said) = tokio::try_join!(read(stdout, LARGEST), read(stderr, LONGEST_ERROR))?;
    if output.len() as u64 > LARGEST {
        return Err(ProcessError::TooLong);
    }
    let status = child.wait().await.map_err(ProcessError::Unread)?;
    if !status.success() {
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        return Err(if said.is_empty() {
            ProcessError::Failed(status)
        } else {
            ProcessError::FailedSaying(status, said)
        });
    }
    let fields = serde_json::from_slice(&output).map_err(|_| ProcessError::NotJson)?;
    Ok(ProcessOutput(fields))
}

/// What is there to its end, or one byte more than it may be.
async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    longest: u64,
) -> Result<Vec<u8>, ProcessError> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        let read = stream.take(longest + 1).read_to_end(&mut bytes).await;
        read.map_err(ProcessError::Unread)?;
    }
    Ok(bytes)
}

/// Whether it is this program's own `credential-process`, whose errors hold no secrets.
fn is_this_program(command: &Command) -> bool {
    let own = std::env::current_exe().ok();
    let own = own.as_deref().and_then(|path| path.file_name()?.to_str());
    let names = |text: &str| own.is_some_and(|own| text.contains(own));
    let mut arguments = command.as_std().get_args().filter_map(|text| text.to_str());
    arguments.any(|text| names(text) && text.contains("credential-process"))
}

/// A command line as a `credential_process` is run.
pub fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

/// The groups that are running.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// Ends whatever process is still running, at the end of the program.
pub fn end_processes() {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.iter().for_each(|group| kill(*group));
    running.clear();
}

/// A process group, led by a child of this process. It is ended when this goes.
struct Group(i32);

impl Group {
    fn of(leader: Option<u32>) -> Option<Self> {
        let id = i32::try_from(leader?).ok()?;
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(id);
        Some(Self(id))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.0);
        kill(self.0);
    }
}

fn kill(group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        // Gone already is as good.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// A process as a provider: one run for each fetch.
#[derive(Debug)]
pub(super) struct ProcessProvider(pub ProcessChain);

impl ProcessProvider {
    async fn load(&self) -> provider::Result {
        let output = run_process(shell(&self.0.command)).await;
        let credentials = output.and_then(|output| self.credentials(&output));
        credentials.map_err(|error| {
            let profile = &self.0.profile;
            CredentialsError::provider_error(format!(
                "credential_process of profile `{profile}`: {error}"
            ))
        })
    }

    fn credentials(&self, output: &ProcessOutput) -> Result<Credentials, ProcessError> {
        match output.field("Version").map(Value::as_i64) {
            Some(Some(1)) => (),
            Some(_) => return Err(ProcessError::Wrong("Version")),
            None => return Err(ProcessError::Missing("Version")),
        }
        let needed = |name| output.text(name).ok_or(ProcessError::Missing(name));
        let expiry = output.text("Expiration").map(|text| {
            let time = OffsetDateTime::parse(text, &Rfc3339);
            time.map_err(|_| ProcessError::Wrong("Expiration"))
        });
        let account_id = output.text("AccountId").or(self.0.account_id.as_deref());
        let mut credentials = Credentials::builder()
            .access_key_id(needed("AccessKeyId")?)
            .secret_access_key(needed("SecretAccessKey")?)
            .provider_name("CredentialProcess");
        credentials.set_session_token(output.text("SessionToken").map(str::to_owned));
        credentials.set_expiry(expiry.transpose()?.map(Into::into));
        credentials.set_account_id(account_id.map(Into::into));
        Ok(credentials.build())
    }
}

impl ProvideCredentials for ProcessProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use aws_credential_types::attributes::AccountId;

    use super::*;

    async fn ran(command: &str) -> Result<Credentials, String> {
        let provider = ProcessProvider(ProcessChain {
            profile: "p".to_owned(),
            command: command.to_owned(),
            ..ProcessChain::default()
        });
        let ran = provider.provide_credentials().await;
        ran.map_err(|error| crate::error_text::error_text(&error))
    }

    #[tokio::test]
    async fn what_sdks_read_is_read() {
        let json = r#"{"Version":1,"accesskeyid":"A","SecretAccessKey":"s","SessionToken":"t",
            "Expiration":"1970-01-01T00:00:09Z","AccountId":"1"}"#;
        let credentials = ran(&format!("echo '{json}'")).await.expect("credentials");
        assert_eq!(credentials.access_key_id(), "A");
        assert_eq!(credentials.session_token(), Some("t"));
        assert_eq!(
            credentials.expiry(),
            Some(UNIX_EPOCH + Duration::from_secs(9))
        );
        assert_eq!(credentials.account_id().map(AccountId::as_str), Some("1"));
    }

    #[tokio::test]
    async fn errors_quote_nothing_of_what_was_printed() {
        for (command, said) in [
            ("echo secret; exit 3", "exit status: 3"),
            ("echo secret >&2; exit 3", "exit status: 3"),
            ("echo secret", "not JSON"),
            (r#"echo '{"Version":"secret"}'"#, "Version"),
            (
                r#"echo '{"Version":1,"AccessKeyId":"secret"}'"#,
                "SecretAccessKey",
            ),
            ("yes secret", "longer than 1 MiB"),
        ] {
            let error = ran(command).await.expect_err("refused");
            assert!(error.contains(said) && !error.contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_process_that_is_given_up_on_ends_with_what_it_started() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pid");
        let command = format!("sleep 600 & echo $! > {}; wait", file.display());
        let started = async {
            loop {
                match std::fs::read_to_string(&file) {
                    Ok(pid) if pid.ends_with('\n') => break pid,
                    _ => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        let pid = tokio::select! {
            _ = run_process(shell(&command)) => panic!("it ended by itself"),
            pid = started => pid,
        };
        let status = format!("/proc/{}/stat", pid.trim());
        for _ in 0..100 {
            match std::fs::read_to_string(&status) {
                Ok(text) if !text.contains(") Z ") => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                _ => return,
            }
        }
        panic!("{} still runs", pid.trim());
    }
}
