//! The list of services. A new one is a file of its own and a line here.

use std::sync::Arc;

use super::cloudmap::CloudMap;
use super::container::Container;
use super::imds::Imds;
use super::s3::S3;
use super::service::Service;
use super::state::LabState;
use super::sts::Sts;

/// The services on the main address, in the order in which they are asked whether a request is theirs.
pub(super) fn main(state: &Arc<LabState>, cloudmap: Arc<CloudMap>) -> Vec<Arc<dyn Service>> {
    vec![
        Arc::new(Container::new(state)),
        cloudmap,
        Arc::new(Sts::new(state)),
        // Claims whatever nobody else does.
        Arc::new(S3::new(state)),
    ]
}

/// The services on the metadata address.
pub(super) fn metadata(state: &Arc<LabState>) -> Vec<Arc<dyn Service>> {
    vec![Arc::new(Imds::new(state))]
}
