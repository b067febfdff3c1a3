//! The names of what the lab's Cloud Map brings.

/// The namespace that the lab brings: private DNS, so that the API and DNS both see it.
pub const NAMESPACE: &str = "grpc.demo";
/// The service in [`NAMESPACE`] whose instances are the lab's gRPC servers.
pub const SERVICE: &str = "server";
/// The attribute that says in which zone an instance is: ECS sets it.
pub(super) const ZONE: &str = "AVAILABILITY_ZONE";
/// Seconds for which a DNS answer may be kept: what ECS gives its records.
pub(super) const TTL: u32 = 60;
