//! `--simulate`: crowds of resolvers on one account, without calling anything.

use super::arguments::CloudmapArgs;
use crate::commands::command::Completed;
use crate::discovery::crowd::{Account, CrowdResult, Manner, Quota, play};
use crate::document::{self, Body, Crowd, CrowdsResult, Document, Fits};
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
    let crowds = sizes.flat_map(|&resolvers| {
        Manner::ALL.map(|manner| crowd(&play(resolvers, manner, &account, seed)))
    });
    let body = CrowdsResult {
        seed,
        interval_s: account.polling.revision.as_secs_f64(),
        refresh_s: account.polling.refresh.as_secs_f64(),
        played_s: account.played().as_secs_f64(),
        discover_quota: quota(account.discover),
        revision_quota: quota(account.revision),
        fits: Manner::ALL.map(|manner| fits(manner, &account)).into(),
        crowds: crowds.collect(),
    };
    let head = head("cloudmap", None, None);
    Completed::document(Document::new(head, Body::Crowds(body)))
}

fn quota(quota: Quota) -> document::Quota {
    document::Quota {
        per_s: quota.per_s,
        burst: quota.burst,
    }
}

fn crowd(result: &CrowdResult) -> Crowd {
    Crowd {
        resolvers: result.resolvers,
        manner: result.manner,
        calls_per_s: result.calls_per_s,
        throttled: result.throttled,
        age_p50_s: result.age_p50.as_secs_f64(),
        age_p99_s: result.age_p99.as_secs_f64(),
        age_max_s: result.age_max.as_secs_f64(),
    }
}

/// The largest crowd that the quotas carry: in step, no more than the bucket holds and is refilled with
/// between two polls; spread, what the refill alone carries.
fn fits(manner: Manner, account: &Account) -> Fits {
    let polling = account.polling;
    let spread = account.discover.per_s * polling.revision.as_secs_f64();
    let resolvers = match manner {
        Manner::InStep => account.discover.burst.min(spread),
        Manner::Spread => spread,
        Manner::ByRevision => {
            let revisions = account.revision.per_s * polling.revision.as_secs_f64();
            let refreshes = account.discover.per_s * polling.refresh.as_secs_f64();
            revisions.min(refreshes)
        }
    };
    Fits {
        manner,
        resolvers: resolvers as u64,
    }
}
