//! Percentile distributions as `HdrHistogram` prints them, in milliseconds: one section per arm and phase.
//!
//! Plotters of such files know of one distribution per file; a comment at the top says how to cut one out.

use std::fmt::Write;

use hdrhistogram::Histogram;

use super::part::RenderError;
use super::tagged;
use crate::document::{Head, Measurement};

/// Steps per halving of the distance to 100 %, as Java's default.
const TICKS: u32 = 5;
/// What three significant digits take: the next power of two above 2 × 10³.
const SUB_BUCKETS: u32 = 2048;

pub(super) fn render(head: &Head, run: &Measurement) -> Result<String, RenderError> {
    let command = tagged::one_line(&head.arguments.join(" "));
    let mut text = format!(
        "#[{} {} {command}]\n#[Values in milliseconds, one section per arm and phase. To cut one out:]\n\
         #[awk -v s='[ARM.PHASE]' '/^#\\[/ && $2 == \"section\" {{ on = $1 == \"#\" s }} on' FILE]\n",
        head.tool.name, head.tool.version,
    );
    for tagged in tagged::all(run)? {
        let _ = writeln!(text, "\n#[{}] section", tagged.tag);
        distribution(&mut text, &tagged.histogram);
    }
    Ok(text)
}

fn distribution(text: &mut String, histogram: &Histogram<u64>) {
    let ms = |nanos: f64| nanos / 1e6;
    let _ = writeln!(
        text,
        "{:>14} {:>14} {:>10} {:>14}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut count = 0;
    for step in histogram.iter_quantiles(TICKS) {
        count += step.count_since_last_iteration();
        let value = ms(step.value_iterated_to() as f64);
        let quantile = step.quantile_iterated_to();
        let _ = write!(text, "{value:14.6} {quantile:.12} {count:10}");
        if quantile < 1.0 {
            let _ = write!(text, " {:14.2}", 1.0 / (1.0 - quantile));
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "#[Mean    = {:14.6}, StdDeviation   = {:14.6}]\n#[Max     = {:14.6}, Total count    = {:14}]\n\
         #[Buckets = {:14}, SubBuckets     = {:14}]",
        ms(histogram.mean()),
        ms(histogram.stdev()),
        ms(histogram.max() as f64),
        histogram.len(),
        histogram.buckets(),
        SUB_BUCKETS,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures;

    #[test]
    fn a_section_is_the_distribution_of_its_tag() {
        let document = fixtures::sts();
        let text = render(&document.head, &document.body).expect("renders");
        let section = text.split_once("#[regional.total] section\n");
        let (_, section) = section.expect("the section");
        let section = section.split_once("\n#[regional.serialize]");
        let (section, _) = section.expect("its end");
        let rows = section.lines().filter(|line| !line.starts_with('#'));
        let rows = rows.map(|line| {
            let fields = line.split_whitespace();
            fields.filter_map(|field| field.parse().ok()).collect()
        });
        let rows: Vec<Vec<f64>> = rows.filter(|row: &Vec<f64>| row.len() >= 3).collect();
        let total = &document.body.arms[1].phases.total;
        let last = rows.last().expect("rows");
        assert!((last[0] * 1e3 - total.max_us.unwrap()).abs() <= total.max_us.unwrap() * 1e-3);
        assert_eq!(last[2] as u64, total.count);
        let median = rows.iter().find(|row| row[1] >= 0.5).expect("a median");
        assert!((median[0] * 1e3 / total.p50_us.unwrap() - 1.0).abs() < 1e-3);
        let mut pairs = rows.windows(2).map(|pair| (&pair[0], &pair[1]));
        assert!(pairs.all(|(one, next)| one[0] <= next[0] && one[2] <= next[2]));
    }
}
