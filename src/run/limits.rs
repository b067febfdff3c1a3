//! This program's own limit on open files: raised as far as it goes, and named where it is what a run has met.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::credentials::out_of_files;
use crate::document::Finding;

/// More than any run opens. Programs that close all files that they might have inherited take long over more.
const ENOUGH: u64 = 65_536;

/// What to do about it.
pub(super) const HINT: &str =
    "this program may open too few files: raise its limit (`ulimit -n`), or use fewer workers";

/// Raises the soft limit towards the hard one.
pub(super) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
    if limit.current.is_some_and(|current| current < most) {
        let raised = Rlimit {
            current: Some(most),
            ..limit
        };
        // Where that is not allowed, the limit stays, and is named when it is met.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

/// Whether this program could not open what it needed.
#[must_use]
pub fn met_own_limit() -> bool {
    out_of_files()
}

/// Says so: what failed for it is no fault of the target.
pub(super) fn finding() -> Option<Finding> {
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string());
    met_own_limit().then(|| {
        Finding::warning(
            "own-limit",
            "this program could not open as many connections as it needed: what failed for that is no fault of the target",
            format!("there was no file descriptor left for a connection; the limit is {limit}"),
            "raise the limit on open files (`ulimit -n`), or use fewer workers or a lower rate",
        )
    })
}
