//! What becomes of crowds of resolvers on one account: a document of its own, since nothing was called.

use serde::{Deserialize, Serialize};

use super::blocks::{Align, Block, Cell, Grid, Tone};
use super::document::Tool;
use super::figures;
use super::sheet::{Sheet, csv_of};

/// What `cloudmap --simulate` computed.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CrowdsDocument {
    pub schema: String,
    pub tool: Tool,
    /// Always `cloudmap`.
    pub command: String,
    pub arguments: Vec<String>,
    pub seed: u64,
    /// Between two polls of one resolver.
    pub interval_s: f64,
    /// Between two full answers, where polls are for the revision.
    pub refresh_s: f64,
    /// How long each crowd is played: an answer of this age was the only one, or there was none.
    pub played_s: f64,
    pub discover_quota: Quota,
    pub revision_quota: Quota,
    /// By arithmetic: the largest crowd whose questions fit into the account's quotas.
    pub fits: Vec<Fits>,
    pub crowds: Vec<Crowd>,
}

/// Calls that an account may make.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quota {
    pub per_s: f64,
    pub burst: f64,
}

/// The largest crowd that is not throttled.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fits {
    /// `in-step`: full answers, all at the same moments. `spread`: full answers, each at its own moments.
    /// `by-revision`: revisions, and full answers now and then, with jitter and back-off.
    pub manner: String,
    pub resolvers: u64,
}

/// One crowd, as played.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Crowd {
    pub resolvers: u64,
    /// As in [`Fits::manner`].
    pub manner: String,
    /// Questions per second of all resolvers, refused ones included.
    pub calls_per_s: f64,
    /// The part of them that is refused.
    pub throttled: f64,
    /// Age of an answer just before the next one: the median, …
    pub age_p50_s: f64,
    pub age_p99_s: f64,
    /// … and the oldest.
    pub age_max_s: f64,
}

impl Sheet for CrowdsDocument {
    fn title(&self) -> String {
        format!("{} {}", self.tool.name, self.arguments.join(" "))
    }

    fn outline(&self) -> Vec<Block> {
        outline(self)
    }

    fn csv(&self) -> Result<String, csv::Error> {
        csv_of(self.crowds.iter())
    }
}

const COLUMNS: [&str; 7] = [
    "resolvers",
    "manner",
    "calls",
    "throttled",
    "age p50",
    "p99",
    "max",
];

fn outline(document: &CrowdsDocument) -> Vec<Block> {
    let seconds = |s: f64| figures::time(s * 1e6);
    let quota = |quota: Quota| {
        let burst = figures::count(quota.burst as u64);
        format!("{}, {burst} at once", figures::rate(quota.per_s))
    };
    let facts = vec![
        ("polls", format!("every {}", seconds(document.interval_s))),
        (
            "",
            format!(
                "by-revision: a full answer every {} besides",
                seconds(document.refresh_s)
            ),
        ),
        (
            "quota",
            format!("DiscoverInstances {}", quota(document.discover_quota)),
        ),
        (
            "",
            format!(
                "DiscoverInstancesRevision {}",
                quota(document.revision_quota)
            ),
        ),
    ];
    let fits = document.fits.iter();
    let fits = fits.map(|fits| {
        (
            "fits",
            format!(
                "{}: {} resolvers",
                fits.manner,
                figures::count(fits.resolvers)
            ),
        )
    });
    let row = |crowd: &Crowd| -> Vec<Cell> {
        let tone = if crowd.throttled > 0.0 {
            Tone::Bad
        } else {
            Tone::Plain
        };
        let mut row: Vec<Cell> = vec![
            figures::count(crowd.resolvers).into(),
            crowd.manner.as_str().into(),
            figures::rate(crowd.calls_per_s).into(),
        ];
        row.push(Cell {
            text: figures::percent(crowd.throttled),
            tone,
        });
        let ages = [crowd.age_p50_s, crowd.age_p99_s, crowd.age_max_s];
        row.extend(ages.map(|age| Cell::from(seconds(age))));
        row
    };
    let align = |name: &str| {
        if name == "manner" {
            Align::Left
        } else {
            Align::Right
        }
    };
    vec![
        Block::Title(document.title()),
        Block::Facts(facts),
        Block::Heading("What an account can carry"),
        Block::Facts(fits.collect()),
        Block::Heading("Crowds"),
        Block::Grid(Grid {
            columns: COLUMNS.map(|name| (name.to_owned(), align(name))).into(),
            rows: document.crowds.iter().map(row).collect(),
        }),
        Block::Note(format!(
            "The age is that of an answer just before the next one: how long a change can go unseen. {} are \
             played; an answer of that age is the only one, or there is none.",
            seconds(document.played_s)
        )),
    ]
}
