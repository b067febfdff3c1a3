//! The known name that was probably meant.

/// Below this likeness (Jaro-Winkler, 0 to 1) a name is another one rather than a misspelt one.
const LIKE: f64 = 0.7;

/// The name in `known` that is most like `word`, where one is like it at all.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(word, name), name));
    likeness
        .filter(|(likeness, _)| *likeness > LIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}
