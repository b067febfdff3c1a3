//! The embedded AWS: STS, instance metadata, container credentials, S3 and Cloud Map on loopback.
//!
//! It exists so that the program can be tried, tested and calibrated where there is no account, and
//! so that its figures can be held against a service whose delays are known. It therefore shares no
//! code with what measures: it knows neither `measure` nor `client` nor `render`, checks signatures
//! by its own reading of the protocol, and runs on its own thread with its own runtime.
//!
//! [`Scenario`] says how it behaves, [`Lab`] runs it. A request comes in at an [`http_server`]; a [`router`]
//! asks each [`Service`](service::Service) of the [list](services) whether it is its own; the [`pipeline`]
//! counts it, judges it by the [`rules`] and holds it back; the service answers. The DNS view of Cloud Map and
//! the gRPC servers that it knows have sockets of their own and pass the same pipeline.
//!
//! A new service is a file in [`services`] with its [`Service`](service::Service), and a field of [`Scenario`] if
//! it has rules of its own.

mod authentication;
mod certificates;
mod client_files;
mod connection;
mod container_token;
mod counts;
mod embedded;
mod exported_source;
mod exports;
mod http_server;
mod issuer;
mod lab_key;
mod listeners;
mod packets;
mod pipeline;
mod response;
mod role_credentials;
mod router;
pub mod rules;
pub mod scenario;
mod service;
mod services;
mod sigv4;
mod state;
mod timer;

pub use self::certificates::CertificateError;
pub use self::counts::RequestCount;
pub use self::embedded::Lab;
pub use self::exported_source::ExportedSource;
pub use self::issuer::Credentials;
pub use self::listeners::{LabError, Options};
pub use self::scenario::{Scenario, ScenarioError};
pub use self::services::cloudmap::{NAMESPACE, SERVICE};
pub use self::services::s3::{BUCKET, KEY, LARGE_KEY};
