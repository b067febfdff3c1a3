//! What becomes of crowds of resolvers on one account.

use super::blocks::{Block, Cell, Columns, Grid};
use super::part::{Part, csv_of};
use crate::document::{CrowdsResult, Head, word};
use crate::figures;

impl Part for CrowdsResult {
    fn outline(&self, head: &Head, _width: usize) -> Vec<Block> {
        let [interval, refresh, played] =
            [self.interval_s, self.refresh_s, self.played_s].map(figures::seconds);
        let [discover, revision] = [self.discover_quota, self.revision_quota].map(|quota| {
            let burst = figures::count(quota.burst as u64);
            format!("{}, {burst} at once", figures::rate(quota.per_s))
        });
        let facts = vec![
            ("polls", format!("every {interval}")),
            (
                "",
                format!("by-revision: a full answer every {refresh} besides"),
            ),
            ("quota", format!("DiscoverInstances {discover}")),
            ("", format!("DiscoverInstancesRevision {revision}")),
        ];
        let fits = self.fits.iter().map(|fits| {
            let most = figures::count(fits.resolvers);
            ("fits", format!("{}: {most} resolvers", word(fits.manner)))
        });
        vec![
            Block::Title(head.command_line()),
            Block::Facts(facts),
            Block::Heading("What an account can carry"),
            Block::Facts(fits.collect()),
            Block::Heading("Crowds"),
            Block::Grid(table(self)),
            Block::Note(format!(
                "The age is that of an answer just before the next one: how long a change can go unseen. {played} are \
                 played; an answer of that age is the only one, or there is none."
            )),
        ]
    }

    fn csv(&self, _head: &Head) -> Result<String, csv::Error> {
        csv_of(None, &self.crowds)
    }
}

pub(super) fn table(result: &CrowdsResult) -> Grid {
    Columns::of(&result.crowds)
        .right("resolvers", |crowd| crowd.resolvers)
        .left("manner", |crowd| word(crowd.manner))
        .right("calls", |crowd| figures::rate(crowd.calls_per_s))
        .right("throttled", |crowd| {
            Cell::bad_if(crowd.throttled > 0.0, figures::percent(crowd.throttled))
        })
        .right("age p50", |crowd| figures::seconds(crowd.age_p50_s))
        .right("p99", |crowd| figures::seconds(crowd.age_p99_s))
        .right("max", |crowd| figures::seconds(crowd.age_max_s))
        .grid()
}
