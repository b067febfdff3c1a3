//! The operations of Cloud Map that the lab knows, and the names that they are counted under.

/// What the `X-Amz-Target` header names before the operation.
pub(in crate::lab) const TARGET_PREFIX: &str = "Route53AutoNaming_v20170314.";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the names are the API's")]
pub(in crate::lab) enum Operation {
    CreateHttpNamespace,
    CreatePrivateDnsNamespace,
    CreateService,
    DeleteNamespace,
    DeleteService,
    DeregisterInstance,
    DiscoverInstances,
    DiscoverInstancesRevision,
    GetInstance,
    GetInstancesHealthStatus,
    GetNamespace,
    GetOperation,
    GetService,
    ListInstances,
    ListNamespaces,
    ListServices,
    RegisterInstance,
    UpdateInstanceCustomHealthStatus,
}

/// Each operation with the name that it is counted under: its API name after the service's.
const NAMES: [(Operation, &str); 18] = [
    (
        Operation::CreateHttpNamespace,
        "cloudmap:CreateHttpNamespace",
    ),
    (
        Operation::CreatePrivateDnsNamespace,
        "cloudmap:CreatePrivateDnsNamespace",
    ),
    (Operation::CreateService, "cloudmap:CreateService"),
    (Operation::DeleteNamespace, "cloudmap:DeleteNamespace"),
    (Operation::DeleteService, "cloudmap:DeleteService"),
    (Operation::DeregisterInstance, "cloudmap:DeregisterInstance"),
    (Operation::DiscoverInstances, "cloudmap:DiscoverInstances"),
    (
        Operation::DiscoverInstancesRevision,
        "cloudmap:DiscoverInstancesRevision",
    ),
    (Operation::GetInstance, "cloudmap:GetInstance"),
    (
        Operation::GetInstancesHealthStatus,
        "cloudmap:GetInstancesHealthStatus",
    ),
    (Operation::GetNamespace, "cloudmap:GetNamespace"),
    (Operation::GetOperation, "cloudmap:GetOperation"),
    (Operation::GetService, "cloudmap:GetService"),
    (Operation::ListInstances, "cloudmap:ListInstances"),
    (Operation::ListNamespaces, "cloudmap:ListNamespaces"),
    (Operation::ListServices, "cloudmap:ListServices"),
    (Operation::RegisterInstance, "cloudmap:RegisterInstance"),
    (
        Operation::UpdateInstanceCustomHealthStatus,
        "cloudmap:UpdateInstanceCustomHealthStatus",
    ),
];

impl Operation {
    /// The operation of this API name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let named = |counted: &str| counted.strip_prefix("cloudmap:") == Some(name);
        let known = NAMES.iter().find(|(_, counted)| named(counted));
        known.map(|(operation, _)| *operation)
    }

    pub(super) fn counted(self) -> &'static str {
        let known = NAMES.iter().find(|(operation, _)| *operation == self);
        known.map_or("cloudmap:other", |(_, counted)| counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_name() {
        for (operation, counted) in NAMES {
            let name = counted.strip_prefix("cloudmap:").unwrap();
            assert_eq!(Operation::named(name), Some(operation));
            assert_eq!(operation.counted(), counted);
            assert_eq!(format!("{operation:?}"), name);
        }
        assert_eq!(Operation::named("DeleteEverything"), None);
    }
}
