//! The document itself.

use super::document::Document;

pub(super) fn render(document: &Document) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}
