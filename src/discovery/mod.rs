//! Who serves a name, and which of them to call: AWS Cloud Map as a name resolver, and balancing that
//! knows zones.
//!
//! A [`Resolver`] asks a [`Discover`] for the instances behind a [`Target`], keeps the last good answer,
//! and puts it into a [`Fleet`]; a [`Policy`] picks from the fleet without allocating and without I/O;
//! [`Balanced`] makes gRPC calls to what is picked. Randomness is handed in, and time is that of tokio's clock, which
//! tests pause. Nothing here knows commands, reports or the lab.

pub mod balanced;
pub mod cloudmap;
pub mod crowd;
pub mod dns;
pub mod fleet;
pub mod instance;
pub mod policy;
pub mod polling;
pub mod resolver;
pub mod source;
pub mod target;
pub mod zone;

pub use balanced::{Balanced, CallError, HealthReply};
pub use cloudmap::{CloudMap, WithoutHostPrefix};
pub use fleet::Fleet;
pub use instance::Instance;
pub use policy::Policy;
pub use polling::Polling;
pub use resolver::{QueryCounts, Resolver};
pub use source::{Discover, DiscoverError, DiscoverErrorKind, DiscoverFuture, Found};
pub use target::Target;
pub use zone::OwnZone;
