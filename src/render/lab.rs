//! What programs asked of the lab.

use serde::Serialize;

use super::blocks::{Block, Cell, Grid, left, right};
use super::part::{Part, csv_of};
use crate::document::{Head, LabResult, RequestCount};

#[derive(Serialize)]
struct Row<'a> {
    operation: &'a str,
    count: u64,
    ok: u64,
    throttled: u64,
    failed: u64,
}

impl Part for LabResult {
    fn title(&self, head: &Head) -> String {
        format!("{} lab {}", head.tool.name, self.scenario)
    }

    fn outline(&self, _head: &Head, _width: usize) -> Vec<Block> {
        let title = Block::Title(format!("Requests that reached the lab `{}`", self.scenario));
        if self.requests.is_empty() {
            return vec![title, Block::Note("None.".to_owned())];
        }
        let columns = [
            left("operation", |row: &(&String, &RequestCount)| {
                row.0.as_str().into()
            }),
            right("count", |row| Cell::count(row.1.count)),
            right("ok", |row| Cell::count(row.1.ok)),
            right("throttled", |row| Cell::count(row.1.throttled)),
            right("failed", |row| Cell::count(row.1.failed)),
        ];
        vec![title, Block::Grid(Grid::of(&columns, &self.requests))]
    }

    fn csv(&self, _head: &Head) -> Result<String, csv::Error> {
        csv_of(self.requests.iter().map(|(operation, n)| Row {
            operation,
            count: n.count,
            ok: n.ok,
            throttled: n.throttled,
            failed: n.failed,
        }))
    }
}
