//! `--simulate`: crowds of resolvers on one account, without calling anything.

use super::arguments::CloudmapArgs;
use crate::commands::command::Completed;
use crate::discovery::crowd::{Account, Manner, Quota, play};
use crate::document::{Body, CrowdsResult, Document};
use crate::run::head;

/// `DiscoverInstancesRevision` calls per second for each of `DiscoverInstances` (AWS Cloud Map Developer
/// Guide, "Service quotas": 3,000 and 1,000).
const REVISIONS: f64 = 3.0;

pub(super) fn run(args: &CloudmapArgs) -> Completed {
    let account = Account {
        polling: args.polling(),
        discover: Quota {
            per_s: args.quota,
            burst: 2.0 * args.quota,
        },
        revision: Quota {
            per_s: REVISIONS * args.quota,
            burst: REVISIONS * args.quota,
        },
    };
    let seed = args.options.load.seed;
    let sizes = args.simulate.iter().flatten();
    let crowds = sizes
        .flat_map(|&resolvers| Manner::ALL.map(|manner| play(resolvers, manner, &account, seed)));
    let body = CrowdsResult {
        seed,
        interval_s: account.polling.revision.as_secs_f64(),
        refresh_s: account.polling.refresh.as_secs_f64(),
        played_s: account.played().as_secs_f64(),
        discover_quota: account.discover,
        revision_quota: account.revision,
        fits: Manner::ALL.map(|manner| account.fits(manner)).into(),
        crowds: crowds.collect(),
    };
    let head = head("cloudmap", None, None);
    Completed::document(Document::new(head, Body::Crowds(body)))
}
