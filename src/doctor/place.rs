//! Where this runs: by variables that the places set, and by what the machine says of itself.

use std::path::Path;

use crate::credentials::Variables;

/// A kind of place, and what gave it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub kind: PlaceKind,
    pub evidence: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaceKind {
    Lambda,
    Ecs,
    Eks,
    Ci,
    Ec2,
    /// None of the others: a laptop, or a server elsewhere.
    #[default]
    Elsewhere,
}

impl PlaceKind {
    /// The word in the document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lambda => "lambda",
            Self::Ecs => "ecs",
            Self::Eks => "eks",
            Self::Ci => "ci",
            Self::Ec2 => "ec2",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What the machine says of itself beside its variables.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// The vendor in the machine's DMI table.
    pub vendor: Option<String>,
    /// The instance that metadata is of.
    pub instance: Option<String>,
    /// Whether a Kubernetes service account is mounted.
    pub service_account: bool,
}

impl Traces {
    /// Reads the traces in the file system.
    #[must_use]
    pub fn read() -> Self {
        let vendor = std::fs::read_to_string("/sys/class/dmi/id/sys_vendor").ok();
        Self {
            vendor: vendor.map(|vendor| vendor.trim().to_owned()),
            instance: None,
            service_account: Path::new("/var/run/secrets/kubernetes.io/serviceaccount").exists(),
        }
    }
}

const CI: [&str; 6] = [
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "CODEBUILD_BUILD_ID",
    "JENKINS_URL",
    "BUILDKITE",
    "CI",
];

/// The narrowest place that fits: a Lambda function is not an EC2 instance, though one carries it.
#[must_use]
pub fn place(variables: &Variables, traces: &Traces) -> Place {
    let set = |name: &str| variables.get(name).is_some_and(|value| !value.is_empty());
    let by = |kind, name: &str| Place {
        kind,
        evidence: format!("{name} is set"),
    };
    if set("AWS_LAMBDA_FUNCTION_NAME") {
        return by(PlaceKind::Lambda, "AWS_LAMBDA_FUNCTION_NAME");
    }
    let ecs = [
        "ECS_CONTAINER_METADATA_URI_V4",
        "ECS_CONTAINER_METADATA_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ];
    if let Some(name) = ecs.into_iter().find(|name| set(name)) {
        return by(PlaceKind::Ecs, name);
    }
    let pod_identity = variables
        .get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        .is_some_and(|uri| uri.contains("169.254.170.23") || uri.contains("fd00:ec2::23"));
    if pod_identity {
        return by(
            PlaceKind::Eks,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI of EKS Pod Identity",
        );
    }
    if set("KUBERNETES_SERVICE_HOST") || traces.service_account {
        let evidence = if set("AWS_WEB_IDENTITY_TOKEN_FILE") {
            "a Kubernetes service account with a web identity token"
        } else {
            "a Kubernetes service account"
        };
        return Place {
            kind: PlaceKind::Eks,
            evidence: evidence.to_owned(),
        };
    }
    if let Some(name) = CI.into_iter().find(|name| set(name)) {
        return by(PlaceKind::Ci, name);
    }
    if let Some(instance) = &traces.instance {
        return Place {
            kind: PlaceKind::Ec2,
            evidence: format!("metadata answers for {instance}"),
        };
    }
    match &traces.vendor {
        Some(vendor) if vendor.contains("Amazon") => Place {
            kind: PlaceKind::Ec2,
            evidence: format!("the machine's vendor is {vendor}"),
        },
        Some(vendor) => Place {
            kind: PlaceKind::Elsewhere,
            evidence: format!("the machine's vendor is {vendor}"),
        },
        None => Place {
            kind: PlaceKind::Elsewhere,
            evidence: "no sign of any other place".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(variables: &[(&str, &str)], traces: &Traces) -> PlaceKind {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        place(&variables.collect(), traces).kind
    }

    #[test]
    fn the_narrowest_place_wins() {
        let instance = Traces {
            vendor: Some("Amazon EC2".to_owned()),
            instance: Some("i-1".to_owned()),
            service_account: false,
        };
        assert_eq!(kind(&[], &instance), PlaceKind::Ec2);
        assert_eq!(
            kind(&[("AWS_LAMBDA_FUNCTION_NAME", "f")], &instance),
            PlaceKind::Lambda
        );
        assert_eq!(
            kind(&[("ECS_CONTAINER_METADATA_URI_V4", "http://x")], &instance),
            PlaceKind::Ecs
        );
        let agent = "http://169.254.170.23/v1/credentials";
        assert_eq!(
            kind(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent)], &instance),
            PlaceKind::Eks
        );
        assert_eq!(
            kind(&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], &instance),
            PlaceKind::Eks
        );
        assert_eq!(
            kind(&[("GITHUB_ACTIONS", "true")], &Traces::default()),
            PlaceKind::Ci
        );
        assert_eq!(kind(&[], &Traces::default()), PlaceKind::Elsewhere);
    }
}
