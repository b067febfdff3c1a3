//! What a value is called in the document, for those who speak of it.

use serde::Serialize;

/// The word that stands for an enumeration's value in the document: `faster`, `no difference`, `>=`.
///
/// # Panics
///
/// If the value is not serialised as text, which its type decides.
#[must_use]
pub fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => panic!("an enumeration is a word in the document: {other:?}"),
    }
}
