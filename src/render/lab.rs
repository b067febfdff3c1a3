//! What programs asked of the lab.

use super::blocks::{Block, Columns, Grid};
use super::part::{Part, csv_of};
use crate::document::{Head, LabResult};

impl Part for LabResult {
    fn title(&self, head: &Head) -> String {
        format!("{} lab {}", head.tool.name, self.scenario)
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

pub(super) fn requests(result: &LabResult) -> Grid {
    Columns::of(&result.requests)
        .left("operation", |(name, _)| name.as_str())
        .right("count", |(_, n)| n.count)
        .right("ok", |(_, n)| n.ok)
        .right("throttled", |(_, n)| n.throttled)
        .right("failed", |(_, n)| n.failed)
        .grid()
}
