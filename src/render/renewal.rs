//! What renewals of credentials did to calls: in a table, and over time.

use super::blocks::{Block, Cell, Columns};
use super::lines::{widest, wrapped};
use crate::document::{Arm, OutageSeen, Renewal, word};
use crate::figures;

const EXPLAINED: &str = "“blocked” calls waited for credentials; “refused” ones were made with credentials that the \
    service no longer took.";

fn watched(arms: &[Arm]) -> Vec<(&Arm, &Renewal)> {
    arms.iter()
        .filter_map(|arm| Some((arm, arm.renewal.as_ref()?)))
        .collect()
}

/// Nothing where no arm was watched for renewals.
pub(super) fn parts(arms: &[Arm]) -> Vec<Block> {
    let watched = watched(arms);
    if watched.is_empty() {
        return Vec::new();
    }
    let table = Columns::of(&watched)
        .left("arm", |(arm, _)| arm.name.as_str())
        .right("blocked", |(_, of)| Cell::failures(of.blocked))
        .time("longest wait", |(_, of)| of.longest_wait_us)
        .right("at once", |(_, of)| of.most_at_once)
        .right("refused", |(_, of)| Cell::failures(of.refused))
        .time("p99.9", |(arm, _)| arm.phases.total.p999_us)
        .time("max", |(arm, _)| arm.phases.total.max_us)
        .right("source requests", |(arm, _)| requests_measured(arm));
    let mut blocks = vec![table.block(), Block::Note(EXPLAINED.to_owned())];
    blocks.extend(outage(&watched));
    blocks
}

/// Requests of the arm to its credential source.
pub(super) fn requests_measured(arm: &Arm) -> u64 {
    arm.source_requests.values().map(|n| n.count).sum()
}

/// How the arms came through the outage, where there was one.
fn outage(watched: &[(&Arm, &Renewal)]) -> Vec<Block> {
    let seen: Vec<(&Arm, &OutageSeen)> = watched
        .iter()
        .filter_map(|(arm, renewal)| Some((*arm, renewal.outage.as_ref()?)))
        .collect();
    let Some((_, first)) = seen.first() else {
        return Vec::new();
    };
    let trouble = word(first.trouble);
    let [from, until] = [first.from_s, first.until_s].map(figures::seconds);
    let table = Columns::of(seen)
        .left("arm", |(arm, _)| arm.name.as_str())
        .right("failed calls", |(arm, _)| arm.outcomes.failed())
        .right("source requests in it", |(_, of)| of.source_requests)
        .right("recovered after", |(_, of)| {
            let recovery = of.recovery_s.map(figures::seconds);
            recovery.unwrap_or("never".to_owned())
        });
    vec![
        Block::Note(format!("The source: {trouble} from {from} to {until}.")),
        table.block(),
    ]
}

const INDENT: &str = "  ";
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Room for the longest time, before the drawing.
const TIME: usize = 8;

/// A line per arm, as high as the longest call that began in each column's time: as short as the shortest of
/// them at the bottom, and on a logarithmic scale. Failed calls are crosses.
pub(super) fn timeline(arms: &[Arm], width: usize) -> Vec<String> {
    let watched = watched(arms);
    let slices = || watched.iter().flat_map(|(arm, _)| &arm.timeline);
    let highest = || slices().filter_map(|slice| slice.max_us);
    let longest = highest().fold(0.0, f64::max);
    let shortest = highest().fold(f64::MAX, f64::min);
    let end = slices().map(|slice| slice.end_s).fold(0.0, f64::max);
    if longest <= 0.0 || end <= 0.0 {
        return Vec::new();
    }
    let names = watched.iter().map(|(arm, _)| arm.name.as_str());
    let names = widest(names.chain(["expiry"]));
    let before = INDENT.len() + names + 2 + TIME + 2;
    let columns = width.saturating_sub(before).clamp(16, 96);
    let scale = Scale {
        shortest,
        longest,
        end,
        columns,
    };
    let line = |name: &str, time: &str, drawn: &str| {
        format!("{INDENT}{name:<names$}  {time:>TIME$}  {drawn}")
    };
    let mut lines = Vec::new();
    for (arm, _) in &watched {
        let max = figures::time_or_absent(arm.phases.total.max_us);
        lines.push(line(&arm.name, &max, &scale.draw(arm)));
    }
    let expiries = watched.iter().flat_map(|(_, renewal)| &renewal.expiries_s);
    lines.push(line("expiry", "", &scale.marks(expiries)));
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
    let fits = before + legend.chars().count() <= width;
    let indent = " ".repeat(if fits { before } else { INDENT.len() });
    lines.extend(wrapped(&legend, width, &indent, &indent));
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

    fn draw(&self, arm: &Arm) -> String {
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

    #[test]
    fn an_expiry_is_a_spike_where_calls_waited_for_it_and_marked_where_not() {
        let timeline = [(0.0, 3.9, 1e3, 0), (4.0, 5.9, 1e6, 0), (6.0, 7.9, 1e3, 1)].map(
            |(start_s, end_s, max_us, failed)| Slice {
                start_s,
                end_s,
                failed,
                max_us: Some(max_us),
                ..Slice::default()
            },
        );
        let renewal = Renewal {
            expiries_s: vec![4.1, 99.0],
            ..Renewal::default()
        };
        let arm = Arm {
            name: "lazy".to_owned(),
            timeline: timeline.into(),
            renewal: Some(renewal),
            ..Arm::default()
        };
        let lines = super::timeline(&[arm], 36);
        assert_eq!(lines[0], "  lazy           –  ▁▁▁▁▁▁▁▁████××××");
        assert_eq!(lines[1], "  expiry                    ^");
    }
}
