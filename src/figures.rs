//! Figures as people read them: three significant digits and the unit.
//!
//! All times come in as microseconds, the unit of the document.

use std::time::Duration;

/// Between a number and its unit, so that no line breaks there; [`spaced`] makes it an ordinary space
/// once the lines are broken.
pub const JOINT: char = '\u{a0}';

/// Text whose lines are broken, ready to be shown and searched.
#[must_use]
pub fn spaced(text: &str) -> String {
    text.replace(JOINT, " ")
}

/// What stands where a figure could not be measured.
pub const ABSENT: &str = "–";

type Unit = (f64, &'static str);

const TIMES: [Unit; 4] = [(1e6, "s"), (1e3, "ms"), (1.0, "µs"), (1e-3, "ns")];
/// In powers of ten, as networks and disks are sold.
const THROUGHPUTS: [Unit; 4] = [(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")];

/// The microseconds of a duration.
#[must_use]
pub fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

/// `850 µs`, `12.3 ms`, `1.25 s`.
#[must_use]
pub fn time(us: f64) -> String {
    match three_digits(us) {
        0.0 => "0".to_owned(),
        us => with_unit(us, &TIMES),
    }
}

/// [`time()`] of seconds.
#[must_use]
pub fn seconds(s: f64) -> String {
    time(s * 1e6)
}

/// [`time()`], or a dash where nothing was measured.
#[must_use]
pub fn time_or_absent(us: Option<f64>) -> String {
    us.map_or_else(|| ABSENT.to_owned(), time)
}

/// [`time()`] with its sign, for differences.
#[must_use]
pub fn difference(us: f64) -> String {
    let plus = if three_digits(us) > 0.0 { "+" } else { "" };
    format!("{plus}{}", time(us))
}

/// `85.1 … 90.3 ms`: both ends in the unit of the larger. Ends on either side of zero carry signs.
#[must_use]
pub fn interval(low_us: f64, high_us: f64) -> String {
    let widest = three_digits(low_us.abs().max(high_us.abs()));
    if widest == 0.0 {
        return "0".to_owned();
    }
    let (scale, name) = unit(widest, &TIMES);
    let digits = digits_after_point(widest / scale);
    let [low, high] = [low_us, high_us].map(|us| number(us / scale, digits));
    let plus = if low_us < 0.0 && high_us > 0.0 {
        "+"
    } else {
        ""
    };
    format!("{low}{JOINT}…{JOINT}{plus}{high}{JOINT}{name}")
}

/// `97.4 %`. Never rounds a remainder away: `100 %` is all and `0 %` is nothing.
#[must_use]
pub fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    let size = percent.abs();
    let figure = match size {
        _ if size == 0.0 => "0".to_owned(),
        _ if size < 0.01 => "<0.01".to_owned(),
        _ if size < 1.0 => number(percent, 2),
        _ if (size - 100.0).abs() < 1e-9 => "100".to_owned(),
        _ if size > 99.9 && size < 100.0 => ">99.9".to_owned(),
        _ => number(percent, 1),
    };
    format!("{figure}{JOINT}%")
}

/// `12,345`.
#[must_use]
pub fn count(n: u64) -> String {
    match n / 1000 {
        0 => n.to_string(),
        thousands => format!("{},{:03}", count(thousands), n % 1000),
    }
}

/// `1 call`, `200 calls`.
#[must_use]
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `198/s`.
#[must_use]
pub fn rate(per_s: f64) -> String {
    let rounded = three_digits(per_s);
    if rounded >= 1000.0 {
        return format!("{}/s", count(rounded as u64));
    }
    format!("{}/s", number(rounded, digits_after_point(rounded)))
}

/// `1.62 GB/s`.
#[must_use]
pub fn throughput(bytes_per_s: f64) -> String {
    with_unit(three_digits(bytes_per_s), &THROUGHPUTS)
}

fn with_unit(rounded: f64, units: &[Unit]) -> String {
    let (scale, name) = unit(rounded, units);
    let scaled = rounded / scale;
    let number = number(scaled, digits_after_point(scaled));
    format!("{number}{JOINT}{name}")
}

/// The largest of the units that the value is not less than one of, or else the smallest.
fn unit(value: f64, units: &[Unit]) -> Unit {
    let fits = units.iter().find(|(scale, _)| value.abs() >= *scale);
    *fits.unwrap_or(&units[units.len() - 1])
}

/// Rounded before the unit is chosen, so that 999.7 µs is `1.00 ms` and not `1000 µs`.
fn three_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let step = 10_f64.powf(value.abs().log10().floor() - 2.0);
    (value / step).round() * step
}

fn digits_after_point(value: f64) -> usize {
    match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    }
}

/// With a real minus sign, and none before a zero.
fn number(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
    if value < 0.0 && !is_zero {
        format!("−{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (us, shown) in [
            (0.0, "0"),
            (0.85, "850 ns"),
            (1.6, "1.60 µs"),
            (850.0, "850 µs"),
            (999.7, "1.00 ms"),
            (12_345.0, "12.3 ms"),
            (1_250_000.0, "1.25 s"),
            (99_990.0, "100 ms"),
            (125_000_000.0, "125 s"),
        ] {
            assert_eq!(spaced(&time(us)), shown);
        }
    }

    #[test]
    fn differences_carry_their_sign() {
        assert_eq!(spaced(&difference(-87_900.0)), "−87.9 ms");
        assert_eq!(spaced(&difference(120.0)), "+120 µs");
        assert_eq!(difference(0.0), "0");
    }

    #[test]
    fn an_interval_has_one_unit_and_signs_only_across_zero() {
        let interval = |low, high| spaced(&interval(low, high));
        assert_eq!(interval(85_100.0, 90_300.0), "85.1 … 90.3 ms");
        assert_eq!(interval(-400.0, 1_300.0), "−0.40 … +1.30 ms");
        assert_eq!(interval(-2.0, -1.0), "−2.00 … −1.00 µs");
        assert_eq!(interval(-0.1, 900.0), "0 … +900 µs");
    }

    #[test]
    fn a_percentage_never_claims_all_or_nothing_falsely() {
        for (fraction, shown) in [
            (0.0, "0 %"),
            (0.000_01, "<0.01 %"),
            (0.004_2, "0.42 %"),
            (0.25, "25.0 %"),
            (0.9987, "99.9 %"),
            (0.99999, ">99.9 %"),
            (1.0, "100 %"),
        ] {
            assert_eq!(spaced(&percent(fraction)), shown);
        }
    }

    #[test]
    fn counts_and_rates() {
        let counts = [7, 999, 1000, 1_234_567].map(count);
        assert_eq!(counts, ["7", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "call"), "1 call");
        let rates = [198.4, 3.21, 15_230.0].map(rate);
        assert_eq!(rates, ["198/s", "3.21/s", "15,200/s"]);
        let throughputs = [1_624_000_000.0, 999_700.0, 12.0].map(|b| spaced(&throughput(b)));
        assert_eq!(throughputs, ["1.62 GB/s", "1.00 MB/s", "12.0 B/s"]);
    }
}
