//! What every body of a document has to offer, so that each format renders each body.

use serde::Serialize;

use super::blocks::Block;
use crate::document::Head;

/// A body as formats see it.
pub(super) trait Part {
    /// What an HTML page is called.
    fn title(&self, head: &Head) -> String;

    /// What people read; drawings come out `width` columns wide.
    fn outline(&self, head: &Head, width: usize) -> Vec<Block>;

    /// One row per thing counted or measured, with a header.
    fn csv(&self, head: &Head) -> Result<String, csv::Error>;
}

/// Rows as CSV; the header is made of their fields' names.
pub(super) fn csv_of<R: Serialize>(rows: impl Iterator<Item = R>) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
