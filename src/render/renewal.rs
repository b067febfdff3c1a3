//! What renewals of credentials did to calls: in a table, and over time.

use std::borrow::Cow;

use super::blocks::{Block, Cell, Grid, left, right};
use crate::document::{Arm, OutageSeen, Renewal, word};
use crate::figures;

/// The table and the timeline; nothing where no arm was watched for renewals.
pub(super) fn section(arms: &[Arm], width: usize) -> Vec<Block> {
    let watched: Vec<(&Arm, &Renewal)> = arms
        .iter()
        .filter_map(|arm| arm.renewal.as_ref().map(|renewal| (arm, renewal)))
        .collect();
    if watched.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![
        Block::Heading("Renewals"),
        Block::Grid(table(&watched)),
        Block::Note(
            "“blocked” calls waited for credentials; “refused” ones were made with credentials that the service \
             no longer took."
                .to_owned(),
        ),
    ];
    blocks.extend(outage(&watched));
    let drawn = timeline(&watched, width);
    if !drawn.is_empty() {
        blocks.push(Block::Heading("The longest call over time"));
        blocks.push(Block::Drawing(drawn));
    }
    blocks
}

fn table(watched: &[(&Arm, &Renewal)]) -> Grid {
    let columns = [
        left("arm", |row: &&(&Arm, &Renewal)| row.0.name.as_str().into()),
        right("blocked", |row| Cell::failures(row.1.blocked)),
        right("longest wait", |row| Cell::time(row.1.longest_wait_us)),
        right("at once", |row| Cell::count(row.1.most_at_once)),
        right("refused", |row| Cell::failures(row.1.refused)),
        right("p99.9", |row| Cell::time(row.0.phases.total.p999_us)),
        right("max", |row| Cell::time(row.0.phases.total.max_us)),
        right("source requests", |row| {
            Cell::count(row.0.source_requests.values().map(|n| n.count).sum())
        }),
    ];
    Grid::of(&columns, watched)
}

/// How the arms came through the outage, where there was one.
fn outage(watched: &[(&Arm, &Renewal)]) -> Vec<Block> {
    let seen = watched
        .iter()
        .filter_map(|(arm, renewal)| Some((*arm, renewal.outage.as_ref()?)));
    let seen: Vec<(&Arm, &OutageSeen)> = seen.collect();
    let Some((_, first)) = seen.first() else {
        return Vec::new();
    };
    let when = format!(
        "The source: {} from {} to {}.",
        word(first.trouble),
        figures::time(first.from_s * 1e6),
        figures::time(first.until_s * 1e6)
    );
    let columns = [
        left("arm", |row: &(&Arm, &OutageSeen)| {
            row.0.name.as_str().into()
        }),
        right("failed calls", |row| Cell::count(row.0.outcomes.failed())),
        right("source requests in it", |row| {
            Cell::count(row.1.source_requests)
        }),
        right("recovered after", |row| {
            let recovery = row.1.recovery_s.map(|s| figures::time(s * 1e6));
            recovery.unwrap_or("never".to_owned()).into()
        }),
    ];
    vec![Block::Note(when), Block::Grid(Grid::of(&columns, seen))]
}

const INDENT: &str = "  ";
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Room for the longest time, before the drawing.
const TIME: usize = 8;

/// A line per arm, as high as the longest call that began in each column's time: as short as the shortest of
/// them at the bottom, and on a logarithmic scale. Failed calls are crosses.
fn timeline(watched: &[(&Arm, &Renewal)], width: usize) -> Vec<String> {
    let slices = || watched.iter().flat_map(|(arm, _)| &arm.timeline);
    let longest = slices()
        .filter_map(|slice| slice.max_us)
        .fold(0.0, f64::max);
    let shortest = slices()
        .filter_map(|slice| slice.max_us)
        .fold(f64::MAX, f64::min);
    let end = slices().map(|slice| slice.end_s).fold(0.0, f64::max);
    if longest <= 0.0 || end <= 0.0 {
        return Vec::new();
    }
    let names = watched
        .iter()
        .map(|(arm, _)| arm.name.chars().count())
        .max()
        .unwrap_or(0)
        .max("expiry".len());
    let columns = width
        .saturating_sub(INDENT.len() + names + 2 + TIME + 2)
        .clamp(16, 96);
    let scale = Scale {
        shortest,
        longest,
        end,
        columns,
    };
    let mut lines: Vec<String> = watched
        .iter()
        .map(|(arm, _)| {
            let max = figures::time_or_absent(arm.phases.total.max_us);
            let drawn: String = scale.draw(arm).into_iter().collect();
            format!("{INDENT}{:<names$}  {max:>TIME$}  {drawn}", arm.name)
        })
        .collect();
    let expiries = scale.marks(watched.iter().flat_map(|(_, renewal)| &renewal.expiries_s));
    lines.push(format!(
        "{INDENT}{:<names$}  {:>TIME$}  {expiries}",
        "expiry", ""
    ));
    let crosses = if watched.iter().any(|(arm, _)| arm.outcomes.failed() > 0) {
        ", × has failed calls"
    } else {
        ""
    };
    let [end, low, high] = [end * 1e6, shortest, longest].map(figures::time);
    let legend = format!(
        "0 s to {end}, {} is {low}, {} is {high}{crosses}",
        LEVELS[0], LEVELS[7]
    );
    // Under the drawing, or else where there is room for it.
    let column = " ".repeat(INDENT.len() + names + 2 + TIME + 2);
    let indent = if column.len() + legend.chars().count() <= width {
        &column
    } else {
        INDENT
    };
    let options = textwrap::Options::new(width)
        .initial_indent(indent)
        .subsequent_indent(indent);
    lines.extend(
        textwrap::wrap(&legend, options)
            .into_iter()
            .map(Cow::into_owned),
    );
    lines
}

struct Scale {
    shortest: f64,
    longest: f64,
    end: f64,
    columns: usize,
}

impl Scale {
    fn column(&self, at_s: f64) -> usize {
        ((at_s / self.end * self.columns as f64) as usize).min(self.columns - 1)
    }

    fn level(&self, us: f64) -> char {
        let range = (self.longest / self.shortest).ln().max(f64::EPSILON);
        let height = (us / self.shortest).ln() / range * (LEVELS.len() - 1) as f64;
        LEVELS[(height.round() as usize).min(LEVELS.len() - 1)]
    }

    fn draw(&self, arm: &Arm) -> Vec<char> {
        let mut highest = vec![0.0; self.columns];
        let mut failed = vec![false; self.columns];
        for slice in &arm.timeline {
            for column in self.column(slice.start_s)..=self.column(slice.end_s) {
                highest[column] = f64::max(highest[column], slice.max_us.unwrap_or(0.0));
                failed[column] |= slice.failed > 0;
            }
        }
        let drawn = highest.iter().zip(&failed).map(|(&us, &failed)| match us {
            _ if failed => '×',
            us if us > 0.0 => self.level(us),
            _ => ' ',
        });
        drawn.collect()
    }

    fn marks<'a>(&self, at_s: impl Iterator<Item = &'a f64>) -> String {
        let mut marks = vec![' '; self.columns];
        for &at in at_s.filter(|&&at| (0.0..=self.end).contains(&at)) {
            marks[self.column(at)] = '^';
        }
        marks.iter().collect::<String>().trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Slice;

    fn slice(start_s: f64, end_s: f64, max_us: f64, failed: u64) -> Slice {
        Slice {
            start_s,
            end_s,
            count: 1,
            failed,
            loads: 0,
            p50_us: Some(max_us),
            p99_us: Some(max_us),
            max_us: Some(max_us),
            histogram: None,
        }
    }

    #[test]
    fn an_expiry_is_a_spike_where_calls_waited_for_it_and_marked_where_not() {
        let timeline = vec![
            slice(0.0, 3.9, 1e3, 0),
            slice(4.0, 5.9, 1e6, 0),
            slice(6.0, 7.9, 1e3, 1),
        ];
        let arm = Arm {
            name: "lazy".to_owned(),
            timeline,
            ..Arm::default()
        };
        let renewal = Renewal {
            expiries_s: vec![4.1, 99.0],
            ..Renewal::default()
        };
        let lines = super::timeline(&[(&arm, &renewal)], 36);
        assert_eq!(lines[0], "  lazy           –  ▁▁▁▁▁▁▁▁████××××");
        assert_eq!(lines[1], "  expiry                    ^");
    }
}
