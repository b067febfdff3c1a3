//! What becomes of crowds of resolvers on one account.

use super::blocks::{Block, Cell, Grid, Tone, left, right};
use super::part::{Part, csv_of};
use crate::document::{Crowd, CrowdsResult, Head, Quota, word};
use crate::figures;

impl Part for CrowdsResult {
    fn title(&self, head: &Head) -> String {
        head.command_line()
    }

    fn outline(&self, head: &Head, _width: usize) -> Vec<Block> {
        let facts = vec![
            ("polls", format!("every {}", seconds(self.interval_s))),
            (
                "",
                format!(
                    "by-revision: a full answer every {} besides",
                    seconds(self.refresh_s)
                ),
            ),
            (
                "quota",
                format!("DiscoverInstances {}", quota(self.discover_quota)),
            ),
            (
                "",
                format!("DiscoverInstancesRevision {}", quota(self.revision_quota)),
            ),
        ];
        let fits = self.fits.iter().map(|fits| {
            let most = figures::count(fits.resolvers);
            ("fits", format!("{}: {most} resolvers", word(fits.manner)))
        });
        let columns = [
            right("resolvers", |crowd: &&Crowd| Cell::count(crowd.resolvers)),
            left("manner", |crowd| word(crowd.manner).into()),
            right("calls", |crowd| figures::rate(crowd.calls_per_s).into()),
            right("throttled", |crowd| throttled(crowd.throttled)),
            right("age p50", |crowd| seconds(crowd.age_p50_s).into()),
            right("p99", |crowd| seconds(crowd.age_p99_s).into()),
            right("max", |crowd| seconds(crowd.age_max_s).into()),
        ];
        vec![
            Block::Title(self.title(head)),
            Block::Facts(facts),
            Block::Heading("What an account can carry"),
            Block::Facts(fits.collect()),
            Block::Heading("Crowds"),
            Block::Grid(Grid::of(&columns, &self.crowds)),
            Block::Note(format!(
                "The age is that of an answer just before the next one: how long a change can go unseen. {} are \
                 played; an answer of that age is the only one, or there is none.",
                seconds(self.played_s)
            )),
        ]
    }

    fn csv(&self, _head: &Head) -> Result<String, csv::Error> {
        csv_of(self.crowds.iter())
    }
}

fn seconds(s: f64) -> String {
    figures::time(s * 1e6)
}

fn quota(quota: Quota) -> String {
    let burst = figures::count(quota.burst as u64);
    format!("{}, {burst} at once", figures::rate(quota.per_s))
}

fn throttled(share: f64) -> Cell {
    let tone = if share > 0.0 { Tone::Bad } else { Tone::Plain };
    Cell::toned(figures::percent(share), tone)
}
