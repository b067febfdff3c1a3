//! The sources of credentials that programs can be pointed at.

use serde::Deserialize;

/// Where the exported variables tell an SDK to find its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportedSource {
    /// Instance metadata: what an SDK falls back to when it is told nothing.
    Imds,
    /// The container endpoint of ECS and EKS.
    Container,
    /// Keys in the environment.
    Static,
    /// A web identity token, exchanged at STS.
    WebIdentity,
    /// Keys in a profile.
    Profile,
    /// A profile whose role is assumed with another profile's keys.
    AssumeRole,
}

impl ExportedSource {
    /// Every source with its name, in the order in which they are listed to users.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Imds, "imds"),
        (Self::Container, "container"),
        (Self::Static, "static"),
        (Self::WebIdentity, "web-identity"),
        (Self::Profile, "profile"),
        (Self::AssumeRole, "assume-role"),
    ];

    /// The source of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(source, own)| (own == name).then_some(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_found_by_its_name() {
        for (source, name) in ExportedSource::ALL {
            assert_eq!(ExportedSource::named(name), Some(source));
        }
        assert_eq!(ExportedSource::named("no-source"), None);
    }
}
