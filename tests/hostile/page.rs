//! The table of `docs/reliability.md`.

use crate::table;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reliability.md");
const HEAD: &str = "| group | cases |\n| --- | --- |\n";

fn rows() -> String {
    let groups = [
        table::metadata(),
        table::container(),
        table::sts(),
        table::s3(),
        table::cloudmap(),
        table::names(),
        table::credential_processes(),
    ];
    let groups = groups.iter().flatten();
    let counts: Vec<(&str, usize)> = groups
        .map(|group| (group.name, group.cases.len()))
        .collect();
    let all: usize = counts.iter().map(|(_, cases)| cases).sum();
    let rows = counts
        .iter()
        .map(|(name, cases)| format!("| {name} | {cases} |\n"));
    let rows: String = rows.collect();
    format!("{HEAD}{rows}| **all** | **{all}** |\n")
}

/// With `UPDATE_RELIABILITY` set, it is written instead.
#[test]
fn the_page_has_the_table_that_is_tried() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(HEAD).expect("the page has the table");
    let after = rest.find("\n\n").map_or("", |end| &rest[end + 1..]);
    let updated = format!("{before}{}{after}", rows());
    if std::env::var_os("UPDATE_RELIABILITY").is_some() {
        std::fs::write(PAGE, &updated).unwrap();
        return;
    }
    assert_eq!(page, updated, "UPDATE_RELIABILITY=1 writes it");
}
