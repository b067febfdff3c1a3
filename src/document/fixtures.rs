//! Documents that an earlier version wrote (`tests/documents`), for tests of whatever reads documents. Those of `sts`, `s3`,
//! `imds` and their variants never took place: their figures are plausible and come from a fixed generator.

use std::ffi::OsStr;

use super::{Document, Measurement, stored};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/documents");

/// Every document there is, by the name of its file, in order.
pub fn all() -> Vec<(String, Document)> {
    let files = std::fs::read_dir(FOLDER).expect("the folder of the documents");
    let names = files.map(|file| {
        let path = file.expect("a file").path();
        let name = path.file_stem().and_then(OsStr::to_str);
        name.expect("its name").to_owned()
    });
    let mut all: Vec<_> = names.map(|name| (name.clone(), read(&name))).collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}

/// The document in `tests/documents/NAME.json`.
pub fn read(name: &str) -> Document {
    let path = format!("{FOLDER}/{name}.json");
    stored::read(path.as_ref()).expect("a document that can be read")
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
