//! What programs asked of the lab, in every format.

use serde::Serialize;

use super::blocks::{Align, Block, Cell, Grid};
use super::document::LabDocument;
use super::figures;
use super::sheet::{Sheet, csv_of};

#[derive(Serialize)]
struct Row<'a> {
    operation: &'a str,
    count: u64,
    ok: u64,
    throttled: u64,
    failed: u64,
}

fn rows(document: &LabDocument) -> impl Iterator<Item = Row<'_>> {
    document.requests.iter().map(|(operation, n)| Row {
        operation,
        count: n.count,
        ok: n.ok,
        throttled: n.throttled,
        failed: n.failed,
    })
}

impl Sheet for LabDocument {
    fn title(&self) -> String {
        format!("{} lab {}", self.tool.name, self.scenario)
    }

    fn outline(&self) -> Vec<Block> {
        outline(self)
    }

    fn csv(&self) -> Result<String, csv::Error> {
        csv_of(rows(self))
    }
}

fn outline(document: &LabDocument) -> Vec<Block> {
    let title = Block::Title(format!(
        "Requests that reached the lab `{}`",
        document.scenario
    ));
    if document.requests.is_empty() {
        return vec![title, Block::Note("None.".to_owned())];
    }
    let names = ["operation", "count", "ok", "throttled", "failed"];
    let columns = names.iter().enumerate().map(|(index, name)| {
        (
            (*name).to_owned(),
            if index == 0 {
                Align::Left
            } else {
                Align::Right
            },
        )
    });
    let cells = |row: Row| -> Vec<Cell> {
        let counts = [row.count, row.ok, row.throttled, row.failed].map(figures::count);
        std::iter::once(row.operation.into())
            .chain(counts.map(Cell::from))
            .collect()
    };
    vec![
        title,
        Block::Grid(Grid {
            columns: columns.collect(),
            rows: rows(document).map(cells).collect(),
        }),
    ]
}
