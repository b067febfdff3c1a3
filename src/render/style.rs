//! What the place where a report will be read can show.

use super::charts::Chart;

/// What the place where a report will be read can show, and what it is to show there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns that no line exceeds, as far as that is possible: [`Style::LEAST_WIDTH`] are always used.
    pub width: usize,
    /// The picture that [`Format::Svg`](super::Format::Svg) is of.
    pub chart: Chart,
    /// Everything, and not the first screen alone.
    pub details: bool,
    /// What `report` is to be asked for to show the result again, if it can: `last`, or a file.
    pub stored: Option<String>,
}

impl Style {
    /// Narrower than this, tables of times cannot be read any more.
    pub const LEAST_WIDTH: usize = 60;

    pub(super) fn columns(&self) -> usize {
        self.width.max(Self::LEAST_WIDTH)
    }
}
