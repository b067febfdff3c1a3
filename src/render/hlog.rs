//! An `HdrHistogram` interval log: histograms of the whole run by arm and phase, and of each slice of an
//! arm's timeline, told apart by their tags.
//!
//! `StartTime` and `BaseTime` are the same instant and every stamp is relative to it: some readers return
//! nothing at all where the two disagree.

use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::part::RenderError;
use super::tagged::{self, Tagged};
use crate::document::{Arm, Head, Measurement};

pub(super) fn render(head: &Head, run: &Measurement) -> Result<String, RenderError> {
    let began = began(head);
    let mut text = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment(&header(head, run))
        .with_start_time(began)
        .with_base_time(began)
        // Values are nanoseconds; the column that people read is milliseconds, as Java's logs have it.
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut text, &mut serializer)
        .map_err(IntervalLogWriterError::IoError)?;
    let elapsed = duration(head.elapsed_s.unwrap_or_default());
    let whole = tagged::all(run)?.into_iter();
    let whole = whole.map(|tagged| (Duration::ZERO, elapsed, tagged));
    for (start, length, tagged) in whole.chain(slices(run)?) {
        log.write_histogram(&tagged.histogram, start, length, Tag::new(&tagged.tag))?;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Zero for what is none.
fn duration(s: f64) -> Duration {
    Duration::try_from_secs_f64(s).unwrap_or_default()
}

fn began(head: &Head) -> SystemTime {
    let started_at = head.started_at.as_deref().unwrap_or_default();
    OffsetDateTime::parse(started_at, &Rfc3339).map_or(SystemTime::UNIX_EPOCH, SystemTime::from)
}

fn header(head: &Head, run: &Measurement) -> String {
    let tool = &head.tool;
    let arguments = head.arguments.join(" ");
    let mut lines = vec![
        format!("[{} {} {arguments}]", tool.name, tool.version),
        "[Values in nanoseconds, the maximum beside them in milliseconds]".to_owned(),
        "[Tags: ARM.PHASE, ARM.failed.PHASE and ARM.first.PHASE are of the whole run; ARM.timeline are totals by slice of the run, \
         to within 0.1 %]"
            .to_owned(),
    ];
    for Arm { name, .. } in &run.arms {
        let plain = tagged::plain(name);
        if plain != *name {
            lines.push(format!("[Arm {plain} is {name}]"));
        }
    }
    let lines: Vec<_> = lines.iter().map(|line| tagged::one_line(line)).collect();
    lines.join("\n")
}

/// The slices of all timelines with their starts and lengths, in the order of their starts, which some readers
/// rely on.
fn slices(run: &Measurement) -> Result<Vec<(Duration, Duration, Tagged)>, RenderError> {
    let mut slices = Vec::new();
    for arm in &run.arms {
        for slice in &arm.timeline {
            if let Some(text) = &slice.histogram {
                let tag = format!("{}.timeline", tagged::plain(&arm.name));
                let length = duration(slice.end_s - slice.start_s);
                slices.push((duration(slice.start_s), length, Tagged::decoded(tag, text)?));
            }
        }
    }
    slices.sort_by_key(|(start, ..)| *start);
    Ok(slices)
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::document::codec::decode_histogram;
    use crate::document::fixtures;

    #[test]
    fn the_log_reads_back_tag_by_tag() {
        let document = fixtures::interrupted();
        let text = render(&document.head, &document.body).expect("renders");
        let entries: Vec<_> = IntervalLogIterator::new(text.as_bytes())
            .collect::<Result<_, _>>()
            .expect("every line parses");
        let is_total = |tag: Tag| tag.as_str() == "regional.total";
        let (mut start, mut base) = (None, None);
        let mut totals = 0;
        for entry in entries {
            match entry {
                LogEntry::StartTime(time) => start = Some(time),
                LogEntry::BaseTime(time) => base = Some(time),
                LogEntry::Interval(interval) if interval.tag().is_some_and(is_total) => {
                    let read = decode_histogram(interval.encoded_histogram()).expect("decodes");
                    assert_eq!(read.len(), document.body.arms[1].phases.total.count);
                    totals += 1;
                }
                LogEntry::Interval(_) => {}
            }
        }
        assert_eq!(totals, 1);
        assert!(start.is_some() && start == base);
        assert!(text.contains("Tag=regional.failed.total,"), "{text}");
    }
}
