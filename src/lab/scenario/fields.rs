//! How single values of a scenario are read: numbers within their range, words, durations.
//!
//! Each of them tells its reader in one sentence what it should have been.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected};

/// What a duration looks like.
pub(super) const DURATION: &str = "a duration is a number with a unit, such as \"600us\", \"20ms\", \
                                   \"1s\" or \"1h 30m\"";

/// A value for which `holds`; for anything else the error is `expected`.
pub(super) fn checked<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    holds: impl FnOnce(&T) -> bool,
    expected: &str,
) -> Result<T, D::Error> {
    let value = T::deserialize(deserializer).ok().filter(holds);
    value.ok_or_else(|| D::Error::custom(expected))
}

/// A value for which `holds`; the error is `expected` for another one, and the type's own for what is none.
pub(super) fn bounded<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    holds: impl FnOnce(&T) -> bool,
    expected: &str,
) -> Result<T, D::Error> {
    let value = Some(T::deserialize(deserializer)?).filter(holds);
    value.ok_or_else(|| D::Error::custom(expected))
}

/// What `parse` makes of a text; for anything else the error is `expected`.
pub(super) fn parsed<'de, T, D: Deserializer<'de>>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Option<T>,
    expected: &str,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer).ok();
    let value = text.and_then(|text| parse(&text));
    value.ok_or_else(|| D::Error::custom(expected))
}

/// A number that is finite and not below `least`.
pub(super) fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &str,
    least: f64,
    too_small: &str,
) -> Result<f64, D::Error> {
    let number = checked(deserializer, |number: &f64| number.is_finite(), expected)?;
    if number < least {
        return Err(D::Error::custom(too_small));
    }
    Ok(number)
}

/// What a bucket holds at most.
pub(super) fn burst<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &str,
) -> Result<Option<f64>, D::Error> {
    const TOO_SMALL: &str = "a burst is at least 1, or nothing would ever pass";
    number(deserializer, expected, 1.0, TOO_SMALL).map(Some)
}

/// A duration from a scenario's text.
pub(super) fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    let duration = humantime::parse_duration(text.trim()).map_err(|_| DURATION)?;
    if duration > Duration::from_hours(8784) {
        return Err("a duration is at most a year");
    }
    Ok(duration)
}

/// The error of a table in which one field does not go with another one.
pub(super) fn bad_field<E: Error>(field: &str, expected: &str) -> E {
    E::invalid_value(Unexpected::Other(field), &expected)
}
