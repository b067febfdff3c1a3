//! What a report for people consists of, before it is known where it will be read.

use super::lines::widest;
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
    /// Columns of a terminal that it takes without a line broken.
    pub(super) fn width(&self) -> usize {
        let columns = self.columns.iter().enumerate();
        let widths = columns.map(|(at, (name, _))| {
            let cells = self.rows.iter().map(|row| row[at].text.as_str());
            widest(cells.chain([*name])) + 2
        });
        widths.sum::<usize>() + 1
    }

    /// Without as many of the `droppable` columns, the first of them first, as it takes to fit.
    pub(super) fn fitting(mut self, width: usize, droppable: &[&str]) -> Self {
        for name in droppable {
            if self.width() <= width {
                break;
            }
            if let Some(at) = self.columns.iter().position(|(known, _)| known == name) {
                self.columns.remove(at);
                for row in &mut self.rows {
                    row.remove(at);
                }
            }
        }
        self
    }
}

/// A [`Grid`] with a row for each item, that gets its columns one by one.
pub(super) struct Columns<T> {
    items: Vec<T>,
    grid: Grid,
}

impl<T> Columns<T> {
    pub(super) fn of(items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<T> = items.into_iter().collect();
        let grid = Grid {
            columns: Vec::new(),
            rows: items.iter().map(|_| Vec::new()).collect(),
        };
        Self { items, grid }
    }

    pub(super) fn left<C: Into<Cell>>(self, name: &'static str, cell: impl Fn(&T) -> C) -> Self {
        self.column(name, Align::Left, cell)
    }

    pub(super) fn right<C: Into<Cell>>(self, name: &'static str, cell: impl Fn(&T) -> C) -> Self {
        self.column(name, Align::Right, cell)
    }

    /// Of microseconds.
    pub(super) fn time(self, name: &'static str, us: impl Fn(&T) -> Option<f64>) -> Self {
        self.right(name, |item| us(item).map(figures::time))
    }

    fn column<C: Into<Cell>>(
        mut self,
        name: &'static str,
        align: Align,
        cell: impl Fn(&T) -> C,
    ) -> Self {
        self.grid.columns.push((name, align));
        for (row, item) in self.grid.rows.iter_mut().zip(&self.items) {
            row.push(cell(item).into());
        }
        self
    }

    pub(super) fn grid(self) -> Grid {
        self.grid
    }

    pub(super) fn block(self) -> Block {
        Block::Grid(self.grid)
    }
}

#[derive(Clone)]
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

    /// A figure of something that should not have happened.
    pub(super) fn bad_if(bad: bool, text: impl Into<String>) -> Self {
        Self::toned(text, if bad { Tone::Bad } else { Tone::Plain })
    }

    /// A count of something that should not have happened.
    pub(super) fn failures(count: u64) -> Self {
        Self::bad_if(count > 0, figures::count(count))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// A count.
impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        figures::count(count).into()
    }
}

/// A dash where nothing was measured.
impl<C: Into<Cell>> From<Option<C>> for Cell {
    fn from(cell: Option<C>) -> Self {
        cell.map_or(figures::ABSENT.into(), C::into)
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
