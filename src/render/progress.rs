//! How far a run is, on standard error. Knows no clock: the time that has passed is handed in.

use std::io::{self, Write};
use std::time::Duration;

use unicode_width::UnicodeWidthChar;

use super::bars;
use crate::disclosure::{shown, shown_lines};
use crate::figures;

/// Ten lines a second are as many as anyone reads.
const REDRAW_AFTER: Duration = Duration::from_millis(100);
/// Fits every terminal; a line that wraps cannot be taken back by a carriage return.
const LINE_WIDTH: usize = 79;
const BAR_WIDTH: usize = 20;
const CLEAR_LINE: &str = "\r\x1b[2K";

/// One line of standard error that is drawn over and over, and gone at the end.
pub struct Progress {
    enabled: bool,
    drawn_at: Option<Duration>,
}

impl Progress {
    /// Without `enabled` (no terminal, or `--quiet`) nothing is ever drawn.
    #[must_use]
    pub fn new(enabled: bool) -> Self {
        Self {
            enabled,
            drawn_at: None,
        }
    }

    /// Draws the line anew, unless that was done a moment ago. May be called after every call.
    pub fn update(&mut self, done: u64, total: Option<u64>, elapsed: Duration, label: &str) {
        if self.enabled && is_due(&mut self.drawn_at, elapsed) {
            let line = line(done, total, elapsed, &shown(label));
            to_stderr(&format!("{CLEAR_LINE}{line}"));
        }
    }
}

/// Takes the line away.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn_at.is_some() {
            to_stderr(CLEAR_LINE);
        }
    }
}

fn is_due(drawn_at: &mut Option<Duration>, elapsed: Duration) -> bool {
    let due = drawn_at.is_none_or(|last| elapsed.saturating_sub(last) >= REDRAW_AFTER);
    if due {
        *drawn_at = Some(elapsed);
    }
    due
}

/// A line on standard error that the reader may want to know.
pub fn note(text: &str) {
    to_stderr(&format!("note: {}\n", shown(text)));
}

/// A line on standard error that the reader should know before believing the result.
pub fn warning(text: &str) {
    to_stderr(&format!("warning: {}\n", shown(text)));
}

/// What the parser of the command line answers: in its colours, unless it quotes what is not to be shown.
pub fn usage(answer: &clap::Error) {
    let text = answer.render().to_string();
    let shown = shown_lines(&text);
    if shown == text {
        // Whoever closed the terminal does not want to hear of it.
        let _ = answer.print();
    } else {
        to_stderr(&shown);
    }
}

/// Why there is no result, on standard error, in lines of its own.
pub fn failure(text: &str) {
    to_stderr(&format!("{}\n", shown_lines(text)));
}

/// A result on standard error, for a command whose standard output belongs to another program.
pub fn beside(rendered: &str) {
    to_stderr(rendered);
}

/// Whoever closed standard error does not want to hear of it: a failure to write there is no failure.
fn to_stderr(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The line for one moment of a run.
fn line(done: u64, total: Option<u64>, elapsed: Duration, label: &str) -> String {
    let spent = figures::seconds(elapsed.as_secs_f64());
    let text = match total.filter(|total| *total > 0) {
        None => format!("{label}  {}  {spent}", figures::counted(done, "call")),
        Some(total) => {
            let fraction = (done as f64 / total as f64).min(1.0);
            let percent = (fraction * 100.0).floor();
            let bar = bars::padded(fraction, BAR_WIDTH);
            let [of, all] = [done, total].map(figures::count);
            let left = if done == 0 || done >= total {
                String::new()
            } else {
                let seconds = elapsed.as_secs_f64() * (1.0 / fraction - 1.0);
                format!(", about {seconds:.0} s left")
            };
            format!("{label}  {percent:>3.0} %  {bar}  {of}/{all}  {spent}{left}")
        }
    };
    figures::spaced(&cut(&text, LINE_WIDTH))
}

fn cut(text: &str, width: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_end_shows_a_bar_and_the_time_left() {
        let line = line(74, Some(200), Duration::from_millis(3200), "sts");
        assert_eq!(
            line,
            "sts   37 %  ███████▍              74/200  3.20 s, about 5 s left"
        );
    }

    #[test]
    fn an_unknown_end_shows_what_was_done() {
        assert_eq!(
            line(1234, None, Duration::from_secs(12), "imds"),
            "imds  1,234 calls  12.0 s"
        );
    }

    #[test]
    fn a_line_never_wraps() {
        let line = line(5, Some(10), Duration::from_secs(12), &"long ".repeat(40));
        assert_eq!(line.chars().count(), LINE_WIDTH);
    }

    #[test]
    fn redraws_come_at_most_every_tenth_of_a_second() {
        let mut drawn_at = None;
        let due = [0, 30, 99, 100, 150, 230].map(Duration::from_millis);
        let due = due.map(|elapsed| is_due(&mut drawn_at, elapsed));
        assert_eq!(due, [true, false, false, true, false, true]);
    }
}
