//! Bars out of block characters.

const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const FULL: &str = "█";

/// A bar of `fraction` of `width` columns, to an eighth of a column. What is not zero shows.
pub(super) fn bar(fraction: f64, width: usize) -> String {
    if fraction <= 0.0 {
        return String::new();
    }
    let eighths = ((fraction.min(1.0) * width as f64 * 8.0).round() as usize).max(1);
    format!("{}{}", FULL.repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// [`bar`], filled up with blanks to `width`.
pub(super) fn padded(fraction: f64, width: usize) -> String {
    format!("{:<width$}", bar(fraction, width))
}

/// A bar in several fills, one after the other; together they are as long as their sum, to a column.
pub(super) fn stacked(parts: &[(char, f64)], width: usize) -> String {
    let mut text = String::new();
    let (mut sum, mut drawn) = (0.0, 0);
    for (fill, fraction) in parts {
        sum += fraction;
        let end = ((sum * width as f64).round() as usize).min(width);
        text.extend(std::iter::repeat_n(*fill, end.saturating_sub(drawn)));
        drawn = drawn.max(end);
    }
    match parts.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((fill, fraction)) if text.is_empty() && *fraction > 0.0 => fill.to_string(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn_to_an_eighth_and_never_vanish() {
        assert_eq!(bar(0.0, 10), "");
        assert_eq!(bar(0.000_1, 10), "▏");
        assert_eq!(bar(0.125, 1), "▏");
        assert_eq!(bar(0.55, 10), "█████▌");
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(padded(0.5, 4), "██  ");
    }

    #[test]
    fn stacked_parts_add_up_to_their_sum() {
        assert_eq!(stacked(&[('█', 0.5), ('▒', 0.25)], 8), "████▒▒");
        assert_eq!(
            stacked(&[('█', 1.0 / 3.0), ('▓', 1.0 / 3.0), ('▒', 1.0 / 3.0)], 10)
                .chars()
                .count(),
            10
        );
        assert_eq!(stacked(&[('█', 0.001), ('▒', 0.002)], 10), "▒");
        assert_eq!(stacked(&[('█', 0.0)], 10), "");
    }
}
