//! Lines as wide as a terminal.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// Columns of the widest of the texts.
pub(super) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    texts.into_iter().map(str::width).max().unwrap_or(0)
}

/// Lines of at most `width` columns, of which the first begins with `start` and the others with `hanging`.
pub(super) fn wrapped(text: &str, width: usize, start: &str, hanging: &str) -> Vec<String> {
    // Commands and names have hyphens, and are to be copied whole.
    let options = textwrap::Options::new(width)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .initial_indent(start)
        .subsequent_indent(hanging);
    let lines = textwrap::wrap(text, options).into_iter();
    lines.map(Cow::into_owned).collect()
}

/// How many to put in a row so that the rows come out alike: 4 as 2 and 2, not 3 and 1.
pub(super) fn balanced(all: usize, most: usize) -> usize {
    all.div_ceil(all.div_ceil(most.max(1)).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_spread_evenly_over_the_rows() {
        let abreast =
            [(4, 3), (4, 4), (5, 2), (7, 3), (1, 3), (3, 1)].map(|(all, most)| balanced(all, most));
        assert_eq!(abreast, [2, 4, 2, 3, 1, 1]);
    }
}
