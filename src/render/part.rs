//! What every body of a document has to offer, so that each format renders each body.

use hdrhistogram::serialization::V2DeflateSerializeError;
use hdrhistogram::serialization::interval_log::IntervalLogWriterError;
use serde::Serialize;

use super::blocks::Block;
use crate::document::Head;
use crate::document::codec::DecodeError;

/// Why a document could not be rendered: figures that a format cannot hold.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the result does not go into JSON")]
    Json(#[from] serde_json::Error),
    #[error("the result does not go into CSV")]
    Csv(#[from] csv::Error),
    #[error("the histogram of {tag} cannot be read")]
    Histogram { tag: String, source: DecodeError },
    #[error("a histogram cannot be written")]
    Log(#[from] IntervalLogWriterError<V2DeflateSerializeError>),
    #[error("this result has no latencies, which the format is made of")]
    NoLatencies,
}

/// A body as formats see it.
pub(super) trait Part {
    /// What an HTML page is called.
    fn title(&self, head: &Head) -> String {
        head.command_line()
    }

    /// All that people read; drawings come out `width` columns wide.
    fn outline(&self, head: &Head, width: usize) -> Vec<Block>;

    /// One row per thing counted or measured, with a header.
    fn csv(&self, head: &Head) -> Result<String, csv::Error>;
}

/// Rows as CSV. Where no `header` is given, it is made of their fields' names, and of no rows nothing is made.
pub(super) fn csv_of<R: Serialize>(
    header: Option<&str>,
    rows: impl IntoIterator<Item = R>,
) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(header.is_none())
        .from_writer(Vec::new());
    if let Some(header) = header {
        writer.write_record(header.split(','))?;
    }
    for row in rows {
        writer.serialize(row)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    defused(&bytes)
}

/// The rows with an apostrophe before every field that a spreadsheet would compute. A number it may.
fn defused(rows: &[u8]) -> Result<String, csv::Error> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(rows);
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(Vec::new());
    for row in reader.records() {
        writer.write_record(row?.iter().map(|field| {
            let computed = field.starts_with(['=', '+', '-', '@']) && field.parse::<f64>().is_err();
            format!("{}{field}", if computed { "'" } else { "" })
        }))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_computes_nothing_that_a_row_holds() {
        let rows = [
            ("=1+1", -2.5),
            ("@SUM(A1)", 1.0),
            ("-cmd|' /C calc'!A0", 0.0),
            ("-7", 0.0),
        ];
        let text = csv_of(Some("name,value"), rows).expect("rows");
        let expected = "name,value\n'=1+1,-2.5\n'@SUM(A1),1.0\n'-cmd|' /C calc'!A0,0.0\n-7,0.0\n";
        assert_eq!(text, expected);
    }
}
