//! The selected profile, as the SDK's own reader of the shared files gives it, and what it leads to.

use std::collections::BTreeMap;

use aws_config::profile::Profile;

use crate::credentials::{self, MetadataProfile, Variables, error_text, variable};

/// The shared configuration and credentials files.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    pub selected: String,
    /// What selects it.
    pub selected_by: Option<&'static str>,
    /// Files that cannot be read, and why. SDKs take most of them for empty.
    pub unreadable: Vec<String>,
    /// Why the files are not what such files are made of.
    pub broken: Option<String>,
    /// The properties of each profile that matter here; secrets are left out.
    pub known: BTreeMap<String, Properties>,
}

/// The properties of a profile, without its secrets.
pub type Properties = BTreeMap<&'static str, String>;

/// Where a profile's credentials come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileKind {
    Keys,
    Role,
    WebIdentity,
    Sso,
    Process,
}

/// Properties that are read; the value of a secret one is not kept.
const PROPERTIES: [&str; 13] = [
    "aws_access_key_id",
    "role_arn",
    "source_profile",
    "credential_source",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "credential_process",
    "region",
    "sts_regional_endpoints",
    "login_session",
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
];

/// What tells the kinds apart, the properties that go before others first.
const KINDS: [(&str, ProfileKind); 7] = [
    ("web_identity_token_file", ProfileKind::WebIdentity),
    ("role_arn", ProfileKind::Role),
    ("sso_session", ProfileKind::Sso),
    ("sso_start_url", ProfileKind::Sso),
    ("login_session", ProfileKind::Sso),
    ("aws_access_key_id", ProfileKind::Keys),
    ("credential_process", ProfileKind::Process),
];

impl Profiles {
    /// Reads the files that `variables` name, or those in their usual place.
    pub async fn read(variables: &Variables, wanted: Option<&str>) -> Self {
        let (selected, selected_by) = match (wanted, variable(variables, "AWS_PROFILE")) {
            (Some(name), _) => (name, Some("--profile")),
            (None, Some(name)) => (name, Some("AWS_PROFILE")),
            (None, None) => ("default", None),
        };
        let mut profiles = Self {
            selected: selected.to_owned(),
            selected_by,
            unreadable: unreadable(variables),
            ..Self::default()
        };
        match credentials::profiles(variables).await {
            Ok(set) => {
                let named = |name| Some((String::from(name), properties(set.get_profile(name)?)));
                profiles.known = set.profiles().filter_map(named).collect();
            }
            Err(error) => profiles.broken = Some(error_text(&error)),
        }
        profiles
    }

    /// The selected profile's properties.
    pub fn current(&self) -> Option<&Properties> {
        self.known.get(&self.selected)
    }

    /// A property of the selected profile.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.current()?.get(name).map(String::as_str)
    }

    /// What the selected profile says of where instance metadata is.
    pub fn metadata(&self) -> MetadataProfile<'_> {
        MetadataProfile {
            endpoint: self.property("ec2_metadata_service_endpoint"),
            mode: self.property("ec2_metadata_service_endpoint_mode"),
        }
    }

    /// Where the selected profile's credentials come from.
    pub fn kind(&self) -> Option<ProfileKind> {
        let has = |(name, _): &&(&str, ProfileKind)| self.property(name).is_some();
        KINDS.iter().find(has).map(|(_, kind)| *kind)
    }

    /// The profiles that the selected one leads through by `source_profile`, itself first; ends where one
    /// comes a second time, which is then the last.
    pub fn path(&self) -> Vec<&str> {
        let mut path: Vec<&str> = vec![&self.selected];
        let mut at = self.selected.as_str();
        while let Some(next) = self.known.get(at).and_then(|p| p.get("source_profile")) {
            let seen = path.contains(&next.as_str());
            path.push(next);
            if seen {
                break;
            }
            at = next;
        }
        path
    }

    /// Whether the path comes back to where it was without having met keys: a profile may name itself as
    /// the source of its role if it has keys of its own.
    pub fn goes_in_circles(&self) -> bool {
        let path = self.path();
        let Some((last, before)) = path.split_last() else {
            return false;
        };
        let properties = self.known.get(*last);
        let has_keys = properties.is_some_and(|p| p.contains_key("aws_access_key_id"));
        before.contains(last) && !has_keys
    }

    /// The `credential_process` that the selected profile's credentials come from, and its profile.
    pub fn process(&self) -> Option<(&str, &str)> {
        if self.goes_in_circles() {
            return None;
        }
        let last = *self.path().last()?;
        let command = self.known.get(last)?.get("credential_process")?;
        Some((last, command))
    }
}

fn properties(profile: &Profile) -> Properties {
    let kept = PROPERTIES.iter().filter_map(|&name| {
        let value = match (name, profile.get(name)?) {
            ("aws_access_key_id", _) => "set",
            (_, value) => value,
        };
        Some((name, value.to_owned()))
    });
    kept.collect()
}

/// The files' variables and their usual places under the home directory.
const FILES: [(&str, &str); 2] = [
    ("AWS_CONFIG_FILE", ".aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
];

/// Files that are there, or should be, and cannot be read as text.
fn unreadable(variables: &Variables) -> Vec<String> {
    let mut found = Vec::new();
    for (name, usual) in FILES {
        let named = variable(variables, name);
        let path = match (named, variables.get("HOME")) {
            (Some(path), _) => path.to_owned(),
            (None, Some(home)) => format!("{home}/{usual}"),
            (None, None) => continue,
        };
        let why = match std::fs::read(&path) {
            Ok(bytes) if std::str::from_utf8(&bytes).is_err() => "it is not UTF-8 text".to_owned(),
            Ok(_) => continue,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {
                continue;
            }
            Err(error) => error.to_string(),
        };
        found.push(format!("{path}: {why}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles(selected: &str, known: &[(&str, &[(&'static str, &str)])]) -> Profiles {
        let known = known.iter().map(|(name, properties)| {
            let properties = properties
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned()));
            ((*name).to_owned(), properties.collect())
        });
        Profiles {
            selected: selected.to_owned(),
            known: known.collect(),
            ..Profiles::default()
        }
    }

    #[test]
    fn a_path_ends_at_keys_or_comes_back() {
        let role = ("role_arn", "arn:aws:iam::1:role/r");
        let three = profiles(
            "a",
            &[
                ("a", &[role, ("source_profile", "b")]),
                ("b", &[role, ("source_profile", "c")]),
                ("c", &[("credential_process", "get-keys")]),
            ],
        );
        assert_eq!(three.path(), ["a", "b", "c"]);
        assert!(!three.goes_in_circles());
        assert_eq!(three.process(), Some(("c", "get-keys")));
        let circle = profiles("a", &[("a", &[role, ("source_profile", "a")])]);
        assert!(circle.goes_in_circles());
        let own_keys = profiles(
            "a",
            &[(
                "a",
                &[role, ("source_profile", "a"), ("aws_access_key_id", "set")],
            )],
        );
        assert!(!own_keys.goes_in_circles());
        assert_eq!(own_keys.kind(), Some(ProfileKind::Role));
    }
}
