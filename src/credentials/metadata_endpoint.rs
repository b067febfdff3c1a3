//! Where instance metadata and container credentials are asked for, by the rules of the SDKs.

use super::source::{Variables, variable};

/// The variable that names the endpoint, before everything else that does.
pub(super) const METADATA_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
/// The variable that chooses between the endpoint's usual addresses.
const METADATA_MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";

const IPV4: &str = "http://169.254.169.254";
const IPV6: &str = "http://[fd00:ec2::254]";

/// What relative container credentials URIs are relative to.
const CONTAINER: &str = "http://169.254.170.2";

/// What the selected profile says of where instance metadata is.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetadataProfile<'a> {
    /// `ec2_metadata_service_endpoint`
    pub endpoint: Option<&'a str>,
    /// `ec2_metadata_service_endpoint_mode`
    pub mode: Option<&'a str>,
}

/// The URL of instance metadata, without a slash at its end: the endpoint that the environment names, or the
/// profile; or else the usual one of the mode that the environment names, or the profile. What is no URL with a host
/// names nothing.
pub fn metadata_endpoint(variables: &Variables, profile: MetadataProfile<'_>) -> String {
    let endpoint = variable(variables, METADATA_ENDPOINT).or(profile.endpoint);
    let mode = variable(variables, METADATA_MODE).or(profile.mode);
    let usual = match mode {
        Some(mode) if mode.eq_ignore_ascii_case("ipv6") => IPV6,
        _ => IPV4,
    };
    let endpoint = endpoint.filter(|url| authority(url).is_some());
    endpoint.unwrap_or(usual).trim_end_matches('/').to_owned()
}

/// Whether instance metadata is switched off by configuration.
pub fn metadata_disabled(variables: &Variables) -> bool {
    variable(variables, "AWS_EC2_METADATA_DISABLED")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The URL of the container's credentials, if the environment names one.
pub fn container_endpoint(variables: &Variables) -> Option<String> {
    if let Some(path) = variable(variables, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
        return Some(format!("{CONTAINER}{path}"));
    }
    variable(variables, "AWS_CONTAINER_CREDENTIALS_FULL_URI").map(str::to_owned)
}

/// `host:port` of a URL.
pub fn authority(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let port = url.port_or_known_default()?;
    Some(format!("{}:{port}", url.host_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::source::variables;

    #[test]
    fn an_endpoint_goes_before_a_mode_and_a_variable_before_the_profile() {
        let (own, six, other) = ("http://127.0.0.1:1338/", "IPv6", Some("http://p"));
        let profile = |endpoint, mode| MetadataProfile { endpoint, mode };
        for (pairs, profile, endpoint) in [
            (&[][..], profile(None, None), IPV4),
            (&[(METADATA_MODE, six)], profile(None, None), IPV6),
            (&[(METADATA_MODE, six)], profile(None, Some("ipv4")), IPV6),
            (&[], profile(None, Some(six)), IPV6),
            (&[(METADATA_MODE, "IPv4")], profile(None, Some(six)), IPV4),
            (&[(METADATA_MODE, six)], profile(other, None), "http://p"),
            (
                &[(METADATA_ENDPOINT, own), (METADATA_MODE, six)],
                profile(other, Some(six)),
                "http://127.0.0.1:1338",
            ),
            (&[(METADATA_ENDPOINT, "")], profile(None, None), IPV4),
            (
                &[(METADATA_ENDPOINT, "no URL")],
                profile(None, Some(six)),
                IPV6,
            ),
        ] {
            let found = metadata_endpoint(&variables(pairs), profile);
            assert_eq!(found, endpoint, "{pairs:?} {profile:?}");
        }
    }

    #[test]
    fn a_relative_uri_goes_before_a_full_one() {
        let relative = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/a?b");
        let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost:1/c");
        let endpoint = |pairs: &[_]| container_endpoint(&variables(pairs));
        assert_eq!(endpoint(&[]), None);
        assert_eq!(endpoint(&[full]).as_deref(), Some(full.1));
        let of_ecs = Some("http://169.254.170.2/v2/a?b");
        assert_eq!(endpoint(&[full, relative]).as_deref(), of_ecs);
    }

    #[test]
    fn an_authority_has_a_port_and_ipv6_its_brackets() {
        for (url, expected) in [
            (IPV6, Some("[fd00:ec2::254]:80")),
            ("https://agent/v1", Some("agent:443")),
            ("http://127.0.0.1:1338/x", Some("127.0.0.1:1338")),
            ("no URL", None),
            ("unix:/socket", None),
        ] {
            assert_eq!(authority(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn metadata_is_off_where_that_is_said() {
        let said = |value| metadata_disabled(&variables(&[("AWS_EC2_METADATA_DISABLED", value)]));
        assert!(said("true") && said("True"));
        assert!(!said("") && !said("false"));
    }
}
