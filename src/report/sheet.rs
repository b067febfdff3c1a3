//! Results that hold counts and no latencies: one table, in every format that can hold it.

use serde::Serialize;

use super::blocks::Block;
use super::{Format, RenderError, Style, html, json, markdown, table};

/// A result of that kind.
pub(super) trait Sheet: Serialize {
    /// What an HTML page is called.
    fn title(&self) -> String;

    /// What people read.
    fn outline(&self) -> Vec<Block>;

    /// One row per thing counted, with a header.
    fn csv(&self) -> Result<String, csv::Error>;
}

pub(super) fn render(
    sheet: &impl Sheet,
    format: Format,
    style: &Style,
) -> Result<String, RenderError> {
    Ok(match format {
        Format::Table => table::render(&sheet.outline(), style),
        Format::Markdown => markdown::render(&sheet.outline()),
        Format::Json => json::render(sheet)?,
        Format::Csv => sheet.csv()?,
        Format::Html => html::render_sheet(&sheet.title(), sheet.outline()),
        Format::Svg | Format::Hlog | Format::Hgrm => return Err(RenderError::NoLatencies),
    })
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
