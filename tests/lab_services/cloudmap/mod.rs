//! Cloud Map: the API held to its reference by the real SDK, the DNS view, the zone that a caller learns,
//! and resolvers that outlive whatever happens to all of them.

mod api;
mod failures;
mod world;
mod zones;
