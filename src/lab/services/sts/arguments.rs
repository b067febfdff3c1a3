//! The arguments of `AssumeRole` and its kin, held to the constraints in the STS API Reference.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::lab::api_error::ApiError;

/// The parameters of a request by their names.
pub(super) type Parameters = BTreeMap<String, String>;

/// Which role, and for which session.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RoleRequest {
    pub(super) account: String,
    /// Without its path.
    pub(super) name: String,
    pub(super) session: String,
}

impl RoleRequest {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, ApiError> {
        let arn = parameters.get("RoleArn").map_or("", String::as_str);
        let session = parameters.get("RoleSessionName").map_or("", String::as_str);
        if arn.len() < 20 {
            return Err(invalid(
                arn,
                "roleArn",
                "Member must have length greater than or equal to 20",
            ));
        }
        let (account, name) = role_of(arn)
            .ok_or_else(|| ApiError::bad_request("ValidationError", format!("{arn} is invalid")))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if !(2..=64).contains(&session.len()) || !session.bytes().all(allowed) {
            return Err(invalid(
                session,
                "roleSessionName",
                "Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}",
            ));
        }
        Ok(Self {
            account: account.to_owned(),
            name: name.to_owned(),
            session: session.to_owned(),
        })
    }
}

/// The account and the role's name, if that is what the ARN names.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let rest = arn.strip_prefix("arn:aws:iam::")?;
    let (account, resource) = rest.split_once(':')?;
    let path = resource.strip_prefix("role/")?;
    let name = path.rsplit('/').next()?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && (1..=64).contains(&name.len())
        && name.bytes().all(allowed))
    .then_some((account, name))
}

/// `DurationSeconds`: 900 to 43,200, an hour by default, and never over an hour for a role that
/// another role assumes.
pub(super) fn session_duration(
    parameters: &Parameters,
    chained: bool,
) -> Result<Duration, ApiError> {
    let Some(text) = parameters.get("DurationSeconds") else {
        return Ok(Duration::from_hours(1));
    };
    let Ok(seconds) = text.parse::<i64>() else {
        return Err(ApiError::bad_request(
            "MalformedInput",
            "The duration is not a number",
        ));
    };
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
    let value = if value.is_empty() {
        "null".to_owned()
    } else {
        format!("'{value}'")
    };
    ApiError::bad_request(
        "ValidationError",
        format!(
            "1 validation error detected: Value {value} at '{field}' failed to satisfy constraint: \
             {constraint}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_role_may_have_a_path() {
        let read = RoleRequest::read(&parameters(&[
            ("RoleArn", "arn:aws:iam::123456789012:role/team/app"),
            ("RoleSessionName", "me@host"),
        ]));
        let read = read.unwrap();
        assert_eq!(
            (read.name.as_str(), read.session.as_str()),
            ("app", "me@host")
        );
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
            let pairs = parameters(&[("RoleArn", arn), ("RoleSessionName", session)]);
            let error = RoleRequest::read(&pairs).unwrap_err();
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
