//! Documents that an earlier version wrote (`tests/documents`), for tests of whatever reads documents. Those of `sts`, `s3`,
//! `imds` and their variants never took place: their figures are plausible and come from a fixed generator.

use std::path::Path;

use super::{Document, Measurement, stored};

/// Every document there is, by the name of its file, in order.
pub fn all() -> Vec<(String, Document)> {
    let folder = folder();
    let files = std::fs::read_dir(folder).expect("the folder of the documents");
    let mut names: Vec<String> = files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("its name")
        })
        .map(|name| name.trim_end_matches(".json").to_owned())
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| (name.clone(), read(&name)))
        .collect()
}

/// The document in `tests/documents/NAME.json`.
pub fn read(name: &str) -> Document {
    stored::read(&folder().join(format!("{name}.json"))).expect("a document that can be read")
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents"))
}

/// The same, of one that was measured.
pub fn measured(name: &str) -> Document<Measurement> {
    let Document { head, body } = read(name);
    let body = body.into_measured().expect("a measurement");
    Document { head, body }
}

/// Global against regional, everything succeeds.
pub fn sts() -> Document<Measurement> {
    measured("sts")
}

/// The same, stopped by hand, with failures in one arm and nothing conclusive.
pub fn interrupted() -> Document<Measurement> {
    measured("interrupted")
}

/// A service that was not there.
pub fn all_failed() -> Document<Measurement> {
    measured("all_failed")
}
