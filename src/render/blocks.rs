//! What a report for people consists of, before it is known where it will be read.

use crate::figures;

/// One part of a report.
pub(super) enum Block {
    Title(String),
    Heading(&'static str),
    /// A name for each line: `load: 200 calls per arm`.
    Facts(Vec<(&'static str, String)>),
    Statements(Vec<Statement>),
    Note(String),
    /// Drawn to the width that the report was asked for.
    Drawing(Vec<String>),
    Grid(Grid),
    Matrix(Matrix),
}

/// How good the news is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Caution,
    #[default]
    Plain,
}

/// A sentence with the word that it comes down to in front.
pub(super) struct Statement {
    pub(super) tag: String,
    pub(super) tone: Tone,
    pub(super) text: String,
    /// What it rests on and what to do: further sentences under it.
    pub(super) details: Vec<(&'static str, String)>,
}

impl Statement {
    pub(super) fn new(tag: impl Into<String>, tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tag: tag.into(),
            tone,
            text: text.into(),
            details: Vec::new(),
        }
    }

    pub(super) fn detail(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.details.push((name, text.into()));
        self
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A plain table.
pub(super) struct Grid {
    pub(super) columns: Vec<(&'static str, Align)>,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// A row for each item.
    pub(super) fn of<T>(columns: &[Column<T>], items: impl IntoIterator<Item = T>) -> Self {
        let row = |item: T| columns.iter().map(|column| (column.cell)(&item)).collect();
        Self {
            columns: columns
                .iter()
                .map(|column| (column.name, column.align))
                .collect(),
            rows: items.into_iter().map(row).collect(),
        }
    }
}

/// How a column of a [`Grid`] gets its cell from an item.
pub(super) struct Column<T> {
    pub(super) name: &'static str,
    pub(super) align: Align,
    pub(super) cell: fn(&T) -> Cell,
}

pub(super) fn left<T>(name: &'static str, cell: fn(&T) -> Cell) -> Column<T> {
    Column {
        name,
        align: Align::Left,
        cell,
    }
}

pub(super) fn right<T>(name: &'static str, cell: fn(&T) -> Cell) -> Column<T> {
    Column {
        name,
        align: Align::Right,
        cell,
    }
}

pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Cell {
    pub(super) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    /// A count of something that should not have happened.
    pub(super) fn failures(count: u64) -> Self {
        Self::toned(
            figures::count(count),
            if count > 0 { Tone::Bad } else { Tone::Plain },
        )
    }

    /// A time in microseconds, or a dash where nothing was measured.
    pub(super) fn time(us: Option<f64>) -> Self {
        figures::time_or_absent(us).into()
    }

    pub(super) fn count(count: u64) -> Self {
        figures::count(count).into()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

/// Several figures for each row and each arm; the arms stand side by side as far as there is room.
pub(super) struct Matrix {
    /// What the rows are.
    pub(super) corner: &'static str,
    /// What the figures of a cell are.
    pub(super) figures: Vec<&'static str>,
    pub(super) arms: Vec<String>,
    pub(super) rows: Vec<MatrixRow>,
}

pub(super) struct MatrixRow {
    pub(super) label: String,
    /// For each arm, as many as [`Matrix::figures`].
    pub(super) cells: Vec<Vec<String>>,
}
