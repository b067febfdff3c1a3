//! From symptom to cause to remedy: what this machine's AWS configuration leads to, and what is wrong with it.
//!
//! [`probe`] gathers an [`Examination`], which is plain data: where this runs, what each link of the
//! credential chain gave and cost, what the metadata and container endpoints answered, whom STS takes the
//! credentials for. A [`Check`] is a pure function over an examination, one file each under [`checks`]; it
//! knows no socket and no clock. [`sdks`] says what SDKs in other languages would make of the same
//! machine, [`guide`] explains every check, on the command line and in `docs/doctor.md`.
//!
//! The room knows no command line and prints nothing. Every probe is bounded, so that an examination ends
//! within five seconds whatever does not answer.

mod check;
mod checks;
mod examination;
pub mod guide;
pub mod place;
mod probe;
pub mod profile;
pub mod sdks;

pub use check::{Check, Diagnosis, Level, Sighting};
pub use checks::{CATALOGUE, diagnose};
pub use examination::{
    Answer, ContainerEndpoint, Dial, Examination, Fetched, Identity, Link, LinkName, LinkState,
    Lookup, Metadata, Process, Service, TokenFile,
};
pub use probe::{Patient, examine, examine_endpoints};
