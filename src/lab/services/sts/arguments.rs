//! The arguments of `AssumeRole` and its kin, held to the constraints in the STS API Reference.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lab::response::ApiError;

/// The parameters of a request by their names.
pub(super) type Parameters = BTreeMap<String, String>;

/// Which role, for which session, and for how long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RoleRequest {
    pub(super) account: String,
    /// Without its path.
    pub(super) name: String,
    pub(super) session: String,
    pub(super) duration: Duration,
}

impl RoleRequest {
    /// `chained` says that a role assumes it.
    pub(super) fn read(parameters: &Parameters, chained: bool) -> Result<Self, ApiError> {
        let parameter = |name: &str| parameters.get(name).map_or("", String::as_str);
        let (arn, session) = (parameter("RoleArn"), parameter("RoleSessionName"));
        if arn.len() < 20 {
            let constraint = "Member must have length greater than or equal to 20";
            return Err(invalid(arn, "roleArn", constraint));
        }
        let (account, name) = role_of(arn)
            .ok_or_else(|| ApiError::bad_request("ValidationError", format!("{arn} is invalid")))?;
        if !(2..=64).contains(&session.len()) || !session.bytes().all(is_allowed) {
            let constraint = "Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}";
            return Err(invalid(session, "roleSessionName", constraint));
        }
        Ok(Self {
            account: account.to_owned(),
            name: name.to_owned(),
            session: session.to_owned(),
            duration: session_duration(parameters, chained)?,
        })
    }
}

/// Whether a byte may be in the name of a role or a session.
fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}

/// The account and the role's name, if that is what the ARN names.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let rest = arn.strip_prefix("arn:aws:iam::")?;
    let (account, path) = rest.split_once(":role/")?;
    let name = path.rsplit('/').next()?;
    (account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && (1..=64).contains(&name.len())
        && name.bytes().all(is_allowed))
    .then_some((account, name))
}

/// `DurationSeconds`: 900 to 43,200, an hour by default, and never over an hour for a role that
/// another role assumes.
fn session_duration(parameters: &Parameters, chained: bool) -> Result<Duration, ApiError> {
    let Some(text) = parameters.get("DurationSeconds") else {
        return Ok(Duration::from_hours(1));
    };
    let seconds = text
        .parse::<i64>()
        .map_err(|_| ApiError::bad_request("MalformedInput", "The duration is not a number"))?;
    let outside = |bound: &str| {
        let constraint = format!("Member must have value {bound}");
        Err(invalid(text, "durationSeconds", &constraint))
    };
    match seconds {
        ..900 => outside("greater than or equal to 900"),
        43_201.. => outside("less than or equal to 43200"),
        3_601.. if chained => Err(ApiError::bad_request(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining",
        )),
        _ => Ok(Duration::from_secs(seconds.unsigned_abs())),
    }
}

fn invalid(value: &str, field: &str, constraint: &str) -> ApiError {
    let value = match value {
        "" => "null".to_owned(),
        value => format!("'{value}'"),
    };
    let message = format!(
        "1 validation error detected: Value {value} at '{field}' failed to satisfy constraint: \
         {constraint}"
    );
    ApiError::bad_request("ValidationError", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn read(arn: &str, session: &str) -> Result<RoleRequest, ApiError> {
        let pairs = parameters(&[("RoleArn", arn), ("RoleSessionName", session)]);
        RoleRequest::read(&pairs, false)
    }

    #[test]
    fn a_role_may_have_a_path() {
        let read = read("arn:aws:iam::123456789012:role/team/app", "me@host").unwrap();
        assert_eq!([read.name, read.session], ["app", "me@host"]);
    }

    #[test]
    fn what_names_no_role_is_refused() {
        for (arn, session) in [
            ("", "session"),
            ("arn:aws:iam::1234:role/application", "session"),
            ("arn:aws:iam::123456789012:user/app", "session"),
            ("arn:aws:iam::123456789012:role/", "session"),
            ("arn:aws:iam::123456789012:role/app", "s"),
            ("arn:aws:iam::123456789012:role/app", "white space"),
        ] {
            let error = read(arn, session).unwrap_err();
            assert_eq!(error.code, "ValidationError", "{arn} {session}");
        }
    }

    #[test]
    fn durations_have_bounds() {
        let duration = |text| session_duration(&parameters(&[("DurationSeconds", text)]), false);
        assert_eq!(duration("900"), Ok(Duration::from_mins(15)));
        assert_eq!(duration("899").unwrap_err().code, "ValidationError");
        assert_eq!(duration("43201").unwrap_err().code, "ValidationError");
        assert_eq!(duration("-1").unwrap_err().code, "ValidationError");
        assert_eq!(duration("soon").unwrap_err().code, "MalformedInput");
        let unsaid = session_duration(&parameters(&[]), true);
        assert_eq!(unsaid, Ok(Duration::from_hours(1)));
    }
}
