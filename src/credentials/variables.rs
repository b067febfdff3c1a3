//! Reading the environment that SDKs see.

use super::source::Variables;

/// A variable that is set to something.
#[must_use]
pub fn variable<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    let value = variables.get(name)?;
    (!value.is_empty()).then_some(value)
}
