//! From symptom to cause to remedy: what this machine's AWS configuration leads to, and what is wrong with it.
//!
//! [`examine`] asks, and gathers an [`Examination`], which is plain data: where this runs, what each link of the
//! credential chain gave and cost, what the metadata and container endpoints answered, whom STS takes the
//! credentials for. A [`Check`] is a pure function over an examination, with its texts; it knows no socket and no
//! clock. To add one is an entry in a file under `checks` and a case that provokes it. [`sdks`] says what SDKs in
//! other languages would make of the same machine; `guide` makes `docs/doctor.md` from the checks.
//!
//! The room knows no command line and prints nothing. Every probe is bounded, so that an examination ends
//! within five seconds whatever does not answer.

mod check;
mod checks;
mod examination;
#[cfg(test)]
mod guide;
mod platform;
mod probe;
mod profile;
pub(crate) mod sdks;
mod subject;
mod symptom;

pub use check::Check;
pub use checks::catalogue;
pub(crate) use checks::{CLOCK_NOTED_S, diagnose, diagnose_client, find, measured};
pub(crate) use examination::{Examination, Identity, Link, LinkState};
pub(crate) use probe::examine;
pub(crate) use subject::{Extent, Subject};
pub use symptom::Symptom;
