//! The table of rooms, as `docs/design.md` has it.

use std::collections::BTreeSet;
use std::path::Path;

/// A row: a room, and the rooms that it may use.
#[derive(Debug, PartialEq)]
pub struct Room {
    pub name: String,
    pub may_use: BTreeSet<String>,
}

/// Reads the table that begins with `| room | concern | may use |`: from top to bottom of the house.
pub fn rooms(text: &str) -> Vec<Room> {
    let rows = text
        .lines()
        .map(cells)
        .skip_while(|cells| cells != &["room", "concern", "may use"]);
    rows.skip(2)
        .take_while(|cells| cells.len() == 3)
        .map(|cells| Room {
            name: names(cells[0]).next().expect("a room's name").to_owned(),
            may_use: names(cells[2]).map(str::to_owned).collect(),
        })
        .collect()
}

fn cells(line: &str) -> Vec<&str> {
    let row = line
        .trim()
        .strip_prefix('|')
        .and_then(|row| row.strip_suffix('|'));
    row.map_or(vec![], |row| row.split('|').map(str::trim).collect())
}

/// What stands between backquotes, without what only a file or a folder has.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted.map(|name| name.trim_end_matches('/').trim_end_matches(".rs"))
}

/// The room of a file: the first part of its path under `src`. The root of the library is none.
pub fn room_of(file: &Path) -> Option<&str> {
    let first = file.iter().next()?.to_str()?.trim_end_matches(".rs");
    (first != "lib").then_some(first)
}
