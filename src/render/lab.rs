//! What programs asked of the lab.

use super::blocks::{Block, Columns, Grid};
use super::part::{Part, csv_of};
use super::screen::{Place, Screen, Sentence};
use crate::document::{Head, LabResult};
use crate::figures;

impl Part for LabResult {
    fn title(&self, head: &Head) -> String {
        format!("{} lab {}", head.tool.name, self.scenario)
    }

    fn screen(&self, _head: &Head, _place: Place) -> Screen {
        let asked: u64 = self.requests.values().map(|n| n.count).sum();
        let failed: u64 = self.requests.values().map(|n| n.count - n.ok).sum();
        let asked = figures::counted(asked, "request");
        let text = match failed {
            0 => format!("{asked} reached the lab, all answered."),
            failed => format!(
                "{asked} reached the lab, {} of them not answered with success.",
                figures::count(failed)
            ),
        };
        Screen {
            title: format!("Requests that reached the lab `{}`", self.scenario),
            answer: vec![Sentence::plain(text)],
            table: (!self.requests.is_empty()).then(|| requests(self)),
            ..Screen::default()
        }
    }

    fn outline(&self, _head: &Head, _width: usize) -> Vec<Block> {
        let title = Block::Title(format!("Requests that reached the lab `{}`", self.scenario));
        if self.requests.is_empty() {
            return vec![title, Block::Note("None.".to_owned())];
        }
        vec![title, Block::Grid(requests(self))]
    }

    fn csv(&self, _head: &Head) -> Result<String, csv::Error> {
        let header = "operation,count,ok,throttled,failed";
        csv_of(Some(header), &self.requests)
    }
}

fn requests(result: &LabResult) -> Grid {
    Columns::of(&result.requests)
        .left("operation", |(name, _)| name.as_str())
        .right("count", |(_, n)| n.count)
        .right("ok", |(_, n)| n.ok)
        .right("throttled", |(_, n)| n.throttled)
        .right("failed", |(_, n)| n.failed)
        .grid()
}
