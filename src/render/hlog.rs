//! An `HdrHistogram` interval log: histograms of the whole run by arm and phase, and of each slice of an
//! arm's timeline, told apart by their tags.
//!
//! `StartTime` and `BaseTime` are the same instant and every stamp is relative to it: some readers return
//! nothing at all where the two disagree.

use std::io;
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};
use hdrhistogram::serialization::{V2DeflateSerializeError, V2DeflateSerializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::tagged::{self, UnreadableHistogram};
use crate::document::{Head, Measurement};

/// Values are nanoseconds; the column that people read is milliseconds, as Java's logs have it.
const NANOS_PER_MS: f64 = 1e6;

/// Why a log could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(transparent)]
    Unreadable(#[from] UnreadableHistogram),
    #[error("a histogram cannot be written")]
    Write(#[from] IntervalLogWriterError<V2DeflateSerializeError>),
    #[error("the log cannot be written")]
    Io(#[from] io::Error),
}

/// A histogram with its place in the run.
struct Interval {
    tag: String,
    start: Duration,
    length: Duration,
    histogram: hdrhistogram::Histogram<u64>,
}

pub(super) fn render(head: &Head, run: &Measurement) -> Result<String, LogError> {
    let began = began(head);
    let mut text = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment(&header(head, run))
        .with_start_time(began)
        .with_base_time(began)
        .with_max_value_divisor(NANOS_PER_MS)
        .begin_log_with(&mut text, &mut serializer)?;
    for interval in intervals(head, run)? {
        let tag = Tag::new(&interval.tag);
        log.write_histogram(&interval.histogram, interval.start, interval.length, tag)?;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn began(head: &Head) -> SystemTime {
    let started_at = head.started_at.as_deref().unwrap_or_default();
    OffsetDateTime::parse(started_at, &Rfc3339).map_or(SystemTime::UNIX_EPOCH, SystemTime::from)
}

fn header(head: &Head, run: &Measurement) -> String {
    let mut lines = vec![
        tagged::one_line(&format!(
            "[{} {} {}]",
            head.tool.name,
            head.tool.version,
            head.arguments.join(" ")
        )),
        "[Values in nanoseconds, the maximum beside them in milliseconds]".to_owned(),
        "[Tags: ARM.PHASE and ARM.failed.PHASE are of the whole run; ARM.timeline are totals by slice of the run, \
         to within 0.1 %]"
            .to_owned(),
    ];
    let renamed = run
        .arms
        .iter()
        .filter(|arm| tagged::plain(&arm.name) != arm.name);
    lines.extend(renamed.map(|arm| {
        tagged::one_line(&format!(
            "[Arm {} is {}]",
            tagged::plain(&arm.name),
            arm.name
        ))
    }));
    lines.join("\n")
}

/// In order of their starts, which some readers rely on.
fn intervals(head: &Head, run: &Measurement) -> Result<Vec<Interval>, UnreadableHistogram> {
    let whole = Duration::try_from_secs_f64(head.elapsed_s.unwrap_or_default()).unwrap_or_default();
    let mut intervals: Vec<_> = tagged::all(run)?
        .into_iter()
        .map(|tagged| Interval {
            tag: tagged.tag,
            start: Duration::ZERO,
            length: whole,
            histogram: tagged.histogram,
        })
        .collect();
    for arm in &run.arms {
        let tag = format!("{}.timeline", tagged::plain(&arm.name));
        for slice in &arm.timeline {
            let Some(text) = &slice.histogram else {
                continue;
            };
            let length = Duration::try_from_secs_f64(slice.end_s - slice.start_s);
            intervals.push(Interval {
                histogram: tagged::decode(text, &tag)?,
                tag: tag.clone(),
                start: Duration::try_from_secs_f64(slice.start_s).unwrap_or_default(),
                length: length.unwrap_or_default(),
            });
        }
    }
    intervals.sort_by_key(|interval| interval.start);
    Ok(intervals)
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
        let (mut start, mut base) = (None, None);
        let mut totals = 0;
        for entry in entries {
            match entry {
                LogEntry::StartTime(time) => start = Some(time),
                LogEntry::BaseTime(time) => base = Some(time),
                LogEntry::Interval(interval) => {
                    if interval.tag().map(|tag| tag.as_str().to_owned()).as_deref()
                        == Some("regional.total")
                    {
                        let read = decode_histogram(interval.encoded_histogram()).expect("decodes");
                        assert_eq!(read.len(), document.body.arms[1].phases.total.count);
                        totals += 1;
                    }
                }
            }
        }
        assert_eq!(totals, 1);
        assert!(start.is_some() && start == base);
        assert!(text.contains("Tag=regional.failed.total,"), "{text}");
    }
}
