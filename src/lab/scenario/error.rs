//! What can be wrong with a scenario, said so that the reader can mend it.

use std::io;

/// Why a file could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is not UTF-8 text")]
    NotText,
}

/// A scenario that cannot be used. `origin` is its file, or its built-in name.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error(
        "no scenario and no file is called `{name}`{}; built in are {known}",
        suggestion(nearest.as_ref())
    )]
    UnknownName {
        name: String,
        nearest: Option<String>,
        known: String,
    },
    #[error("cannot read the scenario {origin}")]
    Unreadable { origin: String, source: Unreadable },
    #[error("{origin}, line {line}: not TOML: {reason}")]
    NotToml {
        origin: String,
        line: usize,
        reason: String,
    },
    #[error(
        "{origin}, line {line}: unknown field `{field}`{}; known here: {known}",
        suggestion(nearest.as_ref())
    )]
    UnknownField {
        origin: String,
        line: usize,
        /// The whole path: `sts.global.delya`.
        field: String,
        nearest: Option<String>,
        known: String,
    },
    #[error("{origin}, line {line}: `{field}` cannot be {value}: {expected}")]
    BadValue {
        origin: String,
        line: usize,
        field: String,
        /// As written in the file.
        value: String,
        /// What it may be, with an example.
        expected: String,
    },
}

impl ScenarioError {
    pub(super) fn unreadable(origin: &str, source: Unreadable) -> Self {
        Self::Unreadable {
            origin: origin.to_owned(),
            source,
        }
    }

    pub(super) fn unknown_name(name: &str, known: &[&str]) -> Self {
        Self::UnknownName {
            name: name.to_owned(),
            nearest: nearest(name, known),
            known: known.join(", "),
        }
    }
}

fn suggestion(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |nearest| {
        format!(" (did you mean `{nearest}`?)")
    })
}

/// The known word that `word` was most likely meant to be, if any is near.
pub(super) fn nearest(word: &str, known: &[&str]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate.to_owned())
}
