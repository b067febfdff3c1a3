//! What this runs on: by variables that platforms set, and by what the machine says of itself.

use std::path::Path;

use crate::credentials::{Variables, variable};
use crate::document::DiagnosedPlace;
use crate::document::PlatformKind::{Ci, Ec2, Ecs, Eks, Lambda, Other};

/// What the machine says of itself beside its variables.
#[derive(Clone, Debug, Default)]
pub(super) struct MachineFacts {
    /// The vendor in the machine's DMI table.
    pub vendor: Option<String>,
    /// The instance that metadata is of.
    pub instance: Option<String>,
    /// Whether a Kubernetes service account is mounted.
    pub service_account: bool,
}

impl MachineFacts {
    /// Reads what is in the file system.
    pub(super) fn read(instance: Option<String>) -> Self {
        let vendor = std::fs::read_to_string("/sys/class/dmi/id/sys_vendor").ok();
        Self {
            vendor: vendor.map(|vendor| vendor.trim().to_owned()),
            instance,
            service_account: Path::new("/var/run/secrets/kubernetes.io/serviceaccount").exists(),
        }
    }
}

/// Variables that a platform sets in everything that runs on it, the narrowest platform first.
const LAMBDA: &[&str] = &["AWS_LAMBDA_FUNCTION_NAME"];
const ECS: &[&str] = &[
    "ECS_CONTAINER_METADATA_URI_V4",
    "ECS_CONTAINER_METADATA_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];
const CI: &[&str] = &[
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "CODEBUILD_BUILD_ID",
    "JENKINS_URL",
    "BUILDKITE",
    "CI",
];

/// The narrowest platform that fits: a Lambda function is not an EC2 instance, though one carries it.
pub(super) fn detect(variables: &Variables, machine: &MachineFacts) -> DiagnosedPlace {
    let set = |name: &str| variable(variables, name).is_some();
    let (kind, evidence) = if let Some(name) = LAMBDA.iter().find(|name| set(name)) {
        (Lambda, format!("{name} is set"))
    } else if let Some(name) = ECS.iter().find(|name| set(name)) {
        (Ecs, format!("{name} is set"))
    } else if has_pod_identity(variables) {
        let evidence = "AWS_CONTAINER_CREDENTIALS_FULL_URI of EKS Pod Identity is set";
        (Eks, evidence.to_owned())
    } else if set("KUBERNETES_SERVICE_HOST") || machine.service_account {
        let token = if set("AWS_WEB_IDENTITY_TOKEN_FILE") {
            " with a web identity token"
        } else {
            ""
        };
        (Eks, format!("a Kubernetes service account{token}"))
    } else if let Some(name) = CI.iter().find(|name| set(name)) {
        (Ci, format!("{name} is set"))
    } else if let Some(instance) = &machine.instance {
        (Ec2, format!("metadata answers for {instance}"))
    } else if let Some(vendor) = &machine.vendor {
        let is_ec2 = vendor.contains("Amazon");
        let kind = if is_ec2 { Ec2 } else { Other };
        (kind, format!("the machine's vendor is {vendor}"))
    } else {
        (Other, "no sign of any other place".to_owned())
    };
    DiagnosedPlace { kind, evidence }
}

/// Whether the container endpoint is that of EKS Pod Identity.
fn has_pod_identity(variables: &Variables) -> bool {
    variable(variables, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        .is_some_and(|uri| uri.contains("169.254.170.23") || uri.contains("fd00:ec2::23"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_platform_wins() {
        let instance = MachineFacts {
            vendor: Some("Amazon EC2".to_owned()),
            instance: Some("i-1".to_owned()),
            service_account: false,
        };
        let agent = "http://169.254.170.23/v1/credentials";
        let none = MachineFacts::default();
        for (name, value, machine, kind) in [
            ("", "", &instance, Ec2),
            ("AWS_LAMBDA_FUNCTION_NAME", "f", &instance, Lambda),
            ("ECS_CONTAINER_METADATA_URI_V4", "http://x", &instance, Ecs),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent, &instance, Eks),
            ("KUBERNETES_SERVICE_HOST", "10.0.0.1", &instance, Eks),
            ("GITHUB_ACTIONS", "true", &none, Ci),
            ("", "", &none, Other),
        ] {
            let variables = Variables::from([(name.to_owned(), value.to_owned())]);
            assert_eq!(detect(&variables, machine).kind, kind, "{name}");
        }
    }
}
