//! Why a command could not measure: what failed, on what, why, and what to do.

use std::fmt::{self, Write};

use crate::client::SetupError;
use crate::exit::Exit;

/// An error with a hint. Its causes are told in order, each once.
#[derive(Debug)]
pub struct Failure {
    pub error: anyhow::Error,
    pub hint: Option<String>,
    /// How the program ends for it.
    pub exit: Exit,
}

impl Failure {
    pub fn new(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..Self::from(error.into())
        }
    }
}

/// The lines of a text after its first one are indented: none that an error quotes looks like one of a failure.
fn hanging(text: &str) -> String {
    let mut lines = text.split('\n');
    let mut hanging = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        let indent = if line.starts_with(' ') { "" } else { "  " };
        let _ = write!(hanging, "\n{indent}{line}");
    }
    hanging
}

/// Turns an error into the failure of a command.
pub trait Hint<T> {
    /// Says what to do about the error.
    ///
    /// # Errors
    ///
    /// If there was one.
    fn hint(self, hint: impl Into<String>) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(error, hint))
    }
}

/// What no user can do anything about.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self {
            error,
            hint: None,
            exit: Exit::NotMeasured,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", hanging(&self.error.to_string()))?;
        let mut told = self.error.to_string();
        for cause in self.error.chain().skip(1).map(ToString::to_string) {
            if !told.contains(&cause) {
                write!(f, "\ncaused by: {}", hanging(&cause))?;
                write!(told, "\n{cause}")?;
            }
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {}", hanging(hint))?;
        }
        Ok(())
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        let hint = match &error {
            SetupError::NoRegion => {
                "pass --region, set AWS_REGION, or add `region` to your profile; --lab needs none"
            }
            SetupError::Transport(_) => "check AWS_CA_BUNDLE and the system's certificates",
            SetupError::Endpoint { .. } => {
                "correct AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_… or `endpoint_url` in the profile, or pass --endpoint-url"
            }
            SetupError::NoProfile(_) => {
                "`aws configure list-profiles` lists them; AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name other files"
            }
            SetupError::Credentials { .. } => NO_CREDENTIALS,
        };
        Self::new(error, hint)
    }
}

/// What to do where credentials are missing.
pub const NO_CREDENTIALS: &str = "configure credentials for this source, name another with --source, \
     or measure the embedded lab with --lab, which needs no AWS account";

/// A hint that fits the error text of calls that all failed.
#[must_use]
pub fn hint_for(error: &str) -> &'static str {
    let error = error.to_lowercase();
    let has = |needle: &str| error.contains(needle);
    if has("expired") {
        "the credentials have expired: renew them, for instance with `aws sso login`"
    } else if has("provider in chain provided credentials")
        || has("not loaded")
        || has("no credentials")
        || has("providing credentials")
    {
        NO_CREDENTIALS
    } else if has("timeout") || has("timed out") || has("within") {
        "nothing answered in time: check the endpoint, proxies and firewalls, or raise --timeout"
    } else if has("connect") || has("dispatch failure") || has("dns") {
        "the endpoint could not be reached: check its address, proxies and firewalls"
    } else if has("signature") || has("invalidclienttokenid") || has("access") {
        "the service does not accept these credentials: check which ones --source finds, and the clock"
    } else {
        "run again with -n 1 to see a single call fail, or try --lab"
    }
}
