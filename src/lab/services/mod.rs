//! The services, and the list of them. A new one is a file in this folder and a line in the list.

pub(super) mod cloudmap;
pub(super) mod container;
mod imds;
pub(super) mod s3;
pub(super) mod sts;

use std::sync::Arc;

use self::cloudmap::CloudMap;
use self::container::Container;
use self::imds::Imds;
use self::s3::S3;
use self::sts::Sts;
use super::service::Service;
use super::state::LabState;

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
