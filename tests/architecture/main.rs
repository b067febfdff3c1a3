//! The house is built as `docs/design.md` says: every room uses only what its row in the table allows, that
//! is always below it, and no two files import each other.

mod reader;
mod rooms;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rooms::{Room, room_of, rooms};
use source::{Import, Source};

const DESIGN: &str = include_str!("../../docs/design.md");

fn this_house() -> Source {
    Source::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// What of these imports the table does not allow, one line each.
fn climbing(imports: &BTreeSet<Import>, rooms: &[Room]) -> String {
    let mut told = String::new();
    for import in imports {
        let (Some(from), Some(to)) = (room_of(&import.from), room_of(&import.to)) else {
            continue;
        };
        let row = rooms.iter().find(|room| room.name == from);
        let allowed = from == to || row.is_some_and(|room| room.may_use.contains(to));
        if !allowed {
            let file = import.from.display();
            writeln!(
                told,
                "{from} may not use {to}: src/{file} mentions {}",
                import.path
            )
            .unwrap();
        }
    }
    told
}

/// The circles: files each of which leads to all others of its circle.
fn circles(imports: &BTreeSet<Import>) -> Vec<Vec<PathBuf>> {
    let mut next: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for import in imports {
        next.entry(&import.from).or_default().push(&import.to);
    }
    let reached = |file: &'_ Path| {
        let mut seen = BTreeSet::new();
        let mut pending = next.get(file).cloned().unwrap_or_default();
        while let Some(file) = pending.pop() {
            if seen.insert(file) {
                pending.extend(next.get(file).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&Path, BTreeSet<&Path>> =
        next.keys().map(|file| (*file, reached(file))).collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let circle = others
            .iter()
            .filter(|other| reached.get(**other).is_some_and(|back| back.contains(file)));
        let circle: Vec<PathBuf> = circle.map(|file| file.to_path_buf()).collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// The imports that make a circle, one line each.
fn told(circle: &[PathBuf], imports: &BTreeSet<Import>) -> String {
    let within = imports
        .iter()
        .filter(|import| circle.contains(&import.from) && circle.contains(&import.to));
    let mut told = format!("a circle of {} files: {circle:?}\n", circle.len());
    for Import { from, to, path } in within {
        writeln!(told, "    {} → {} ({path})", from.display(), to.display()).unwrap();
    }
    told
}

#[test]
fn every_room_has_its_row_and_every_row_its_room() {
    let source = this_house();
    let there: BTreeSet<&str> = source
        .files()
        .iter()
        .filter_map(|file| room_of(file))
        .collect();
    let rooms = rooms(DESIGN);
    let told: BTreeSet<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    assert_eq!(there, told, "rooms under src/, and rows in docs/design.md");
}

#[test]
fn what_a_room_may_use_is_below_it() {
    let rooms = rooms(DESIGN);
    assert!(!rooms.is_empty());
    for (row, room) in rooms.iter().enumerate() {
        for used in &room.may_use {
            let below = rooms[row + 1..].iter().any(|room| room.name == *used);
            assert!(below, "{} may use {used}, which is not below it", room.name);
        }
    }
}

#[test]
fn no_room_uses_what_its_row_does_not_name() {
    let climbing = climbing(&this_house().imports(), &rooms(DESIGN));
    assert!(climbing.is_empty(), "\n{climbing}");
}

#[test]
fn no_two_files_import_each_other() {
    let imports = this_house().imports();
    let told: String = circles(&imports)
        .iter()
        .map(|circle| told(circle, &imports))
        .collect();
    assert!(told.is_empty(), "\n{told}");
}

/// A house of these files, and what it imports.
fn imports_of(files: &[(&str, &str)]) -> BTreeSet<Import> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Source::read(folder.path()).imports()
}

fn pairs(imports: &BTreeSet<Import>) -> BTreeSet<(&str, &str)> {
    let pairs = imports
        .iter()
        .map(|Import { from, to, .. }| (from.to_str().unwrap(), to.to_str().unwrap()));
    pairs.collect()
}

#[test]
fn imports_are_found_however_they_are_written() {
    for (uses, to) in [
        ("use crate::low::Thing;", "low/thing.rs"),
        ("use crate::low::{self, make as renamed};", "low/mod.rs"),
        ("use crate::{low::thing::{Thing as Other}};", "low/thing.rs"),
        ("use super::low::make;", "low/mod.rs"),
        ("use crate::low; fn f() { low::Thing; }", "low/thing.rs"),
        ("use crate::low::*; fn f(_: Thing) {}", "low/thing.rs"),
        ("fn f(_: crate::low::Thing) {}", "low/thing.rs"),
        (
            "fn f() { println!(\"{}\", crate::low::make()); }",
            "low/mod.rs",
        ),
        (
            "#[arg(value_parser = crate::low::make)] struct F;",
            "low/mod.rs",
        ),
    ] {
        let imports = imports_of(&[
            ("lib.rs", "mod high; mod low;"),
            ("high.rs", uses),
            (
                "low/mod.rs",
                "mod thing; pub use thing::Thing; pub fn make() {}",
            ),
            ("low/thing.rs", "pub struct Thing;"),
        ]);
        assert_eq!(pairs(&imports), BTreeSet::from([("high.rs", to)]), "{uses}");
    }
}

#[test]
fn what_serves_tests_and_what_a_parent_declares_or_hands_on_is_no_import() {
    let imports = imports_of(&[
        ("lib.rs", "mod high; mod low;"),
        (
            "high.rs",
            "#[cfg(test)] mod tests { use crate::low::Thing; } #[cfg(test)] use crate::low::Thing;",
        ),
        (
            "low/mod.rs",
            "mod thing; pub use thing::Thing; pub(crate) use self::thing::Thing as Other; #[cfg(test)] mod tests;",
        ),
        ("low/thing.rs", "pub struct Thing; use std::fmt::Debug;"),
        ("low/tests.rs", "use crate::high::nothing;"),
    ]);
    assert_eq!(pairs(&imports), BTreeSet::new());
}

#[test]
fn an_arrow_that_climbs_is_told_with_its_file() {
    let table = "| room | concern | may use |\n| --- | --- | --- |\n| `high/` | a | `low.rs` |\n| `low.rs` | b | |\n\ntext";
    let rooms = rooms(table);
    let names: Vec<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    assert_eq!(names, ["high", "low"]);
    let imports = imports_of(&[
        ("lib.rs", "mod high; mod low;"),
        ("high/mod.rs", "use crate::low::Thing; pub struct Part;"),
        ("low.rs", "pub struct Thing; use crate::high::Part;"),
    ]);
    assert_eq!(
        climbing(&imports, &rooms),
        "low may not use high: src/low.rs mentions crate::high::Part\n"
    );
}

#[test]
fn a_parent_and_a_child_that_need_each_other_are_a_circle() {
    let room = |parent: &str| {
        let imports = imports_of(&[
            ("lib.rs", "mod room;"),
            ("room/mod.rs", parent),
            ("room/child.rs", "use super::Shared; pub fn work() {}"),
            ("room/shared.rs", "pub struct Shared;"),
        ]);
        circles(&imports)
    };
    let circle = vec![vec![
        PathBuf::from("room/child.rs"),
        PathBuf::from("room/mod.rs"),
    ]];
    assert_eq!(
        room("mod child; mod shared; pub struct Shared; fn f() { child::work(); }"),
        circle
    );
    assert_eq!(
        room("mod child; mod shared; pub use shared::Shared; fn f() { child::work(); }"),
        Vec::<Vec<PathBuf>>::new()
    );
    assert_eq!(
        room("mod child; mod shared; pub struct Shared; pub use child::work;"),
        Vec::<Vec<PathBuf>>::new()
    );
}
