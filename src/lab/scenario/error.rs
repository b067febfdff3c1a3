//! What can be wrong with a scenario, said so that the reader can mend it.

use std::io;

/// A scenario that cannot be used. `origin` is its file, or its built-in name.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    #[error("no scenario and no file is called `{name}`{nearest}")]
    UnknownName {
        name: String,
        /// A question, if a known name is like it.
        nearest: String,
    },
    #[error("cannot read the scenario {origin}")]
    Unreadable { origin: String, source: io::Error },
    #[error("{origin}, line {line}: {problem}")]
    Invalid {
        origin: String,
        line: usize,
        /// The whole path of the field, what is wrong with it and what it may be.
        problem: String,
    },
}

/// The known word that `word` was most likely meant to be, as a question; nothing if none is near.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or_else(String::new, |(_, nearest)| {
            format!(" (did you mean `{nearest}`?)")
        })
}
