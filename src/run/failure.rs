//! Why a command could not measure: what failed, on what, why, and what to do.

use std::fmt::{self, Write};

use anyhow::anyhow;

use crate::client::SetupError;
use crate::document::{Finding, Severity};
use crate::exit::Exit;

/// An error with a hint. Its causes are told in order, each once.
#[derive(Debug)]
pub struct Failure {
    pub error: anyhow::Error,
    pub hint: Option<String>,
    /// Whether calls or fetches of credentials failed, so that an examination may say why; not so where something
    /// was asked for that cannot be.
    pub of_calls: bool,
    /// What an examination says of it, in the place of the hint.
    pub findings: Vec<Finding>,
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

    /// That of calls or fetches of credentials which ended with the error `text`.
    pub(crate) fn of_calls(text: &str, what_failed: String) -> Self {
        Self {
            of_calls: true,
            ..Self::new(anyhow!("{text}").context(what_failed), hint_for(text))
        }
    }
}

impl Failure {
    /// Whether a finding says what is wrong, so that a hint would only guess.
    fn is_explained(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.severity == Severity::Error)
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
            of_calls: false,
            findings: Vec::new(),
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
        for finding in &self.findings {
            let (summary, id) = (&finding.summary, &finding.id);
            write!(f, "\nfinding: {} [{id}]", hanging(summary))?;
            write!(f, "\nbecause: {}", hanging(&finding.evidence))?;
            write!(f, "\ndo: {}", hanging(&finding.remedy))?;
            for line in &finding.change {
                write!(f, "\n    {line}")?;
            }
        }
        match &self.hint {
            Some(hint) if !self.is_explained() => write!(f, "\nhint: {}", hanging(hint)),
            _ => Ok(()),
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        let of_calls = matches!(error, SetupError::Credentials { .. });
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
        Self {
            of_calls,
            ..Self::new(error, hint)
        }
    }
}

/// What to do where credentials are missing.
const NO_CREDENTIALS: &str = "configure credentials for this source, or name another with --source";

/// What to do about calls or fetches that ended with this error. It names only options that every command has which
/// fetches credentials.
fn hint_for(error: &str) -> &'static str {
    let error = error.to_lowercase();
    let has = |needles: &[&str]| needles.iter().any(|needle| error.contains(needle));
    if has(&["expired"]) {
        "the credentials have expired: renew them, for instance with `aws sso login`"
    } else if has(&[
        "provider in chain provided credentials",
        "not loaded",
        "no credentials",
        "providing credentials",
        "loading credentials",
        "credential provider",
        "credentials provider",
    ]) {
        NO_CREDENTIALS
    } else if has(&["timeout", "timed out", "within"]) {
        "nothing answered in time: check the endpoint, proxies and firewalls, or raise --timeout"
    } else if has(&["connect", "dispatch failure", "dns"]) {
        "the endpoint could not be reached: check its address, proxies and firewalls"
    } else if has(&["signature", "invalidclienttokenid", "access"]) {
        "the service does not accept these credentials: check which ones --source finds, and the clock"
    } else {
        "`awscreds-bench doctor` shows whether credentials are found here and whether STS accepts them"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_fails_is_no_endpoint_that_cannot_be_reached() {
        let of_source = "dispatch failure: other: an error occurred while loading credentials: \
            Non-success status from HTTP credential provider: StatusCode(401)";
        assert_eq!(hint_for(of_source), NO_CREDENTIALS);
        let refused = "dispatch failure: io error: client error (Connect): tcp connect error";
        assert!(hint_for(refused).contains("could not be reached"));
    }
}
