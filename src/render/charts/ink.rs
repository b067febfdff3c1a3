//! The colours of the charts, as classes: [`css`] says what each looks like in light and in dark, so that
//! one picture is right by day and by night. Series differ in their dashes too, for eyes and printers that
//! see no colours.

use std::fmt::Write;

/// What something in a chart is drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Muted,
    Grid,
    Axis,
    Paper,
    Failed,
    Loaded,
    /// An arm's own colour, dashed in its own way.
    Series(usize),
    /// An arm's own colour in one stroke.
    Solid(usize),
    /// An arm's own colour, dashed in the same way for all.
    Dashed(usize),
}

/// The inks that are no series': class, light, dark.
const FIXED: [(Ink, &str, &str, &str); 7] = [
    (Ink::Text, "text", "#1b2330", "#e6eaf2"),
    (Ink::Muted, "muted", "#566072", "#a3aec0"),
    (Ink::Grid, "grid", "#e3e7ee", "#2b3443"),
    (Ink::Axis, "axis", "#98a2b3", "#667288"),
    (Ink::Paper, "paper", "#ffffff", "#161c27"),
    (Ink::Failed, "failed", "#c81e1e", "#ff8080"),
    (Ink::Loaded, "loaded", "#8a5a00", "#f0c04a"),
];

/// Light, dark, dashes. Neighbours differ in lightness as well as in hue.
const SERIES: [(&str, &str, &str); 8] = [
    ("#1d5fd1", "#7cb0ff", "none"),
    ("#c2410c", "#ff9d5c", "7 3"),
    ("#0f7a4d", "#4ade94", "2 3"),
    ("#7c3aed", "#c9aeff", "9 3 2 3"),
    ("#0e7490", "#3fd5ee", "14 4"),
    ("#be185d", "#ff86bd", "4 2"),
    ("#6b6200", "#e0d04c", "12 3 2 3 2 3"),
    ("#475569", "#a9b8cf", "1 4"),
];

/// What the dashed variant of every series looks like.
const DASHES: &str = "5 3";

impl Ink {
    fn name(self) -> String {
        match self {
            Self::Series(index) => format!("series{}", index % SERIES.len()),
            Self::Solid(index) => format!("solid{}", index % SERIES.len()),
            Self::Dashed(index) => format!("dashed{}", index % SERIES.len()),
            fixed => FIXED
                .into_iter()
                .filter(|(ink, ..)| *ink == fixed)
                .map(|(_, name, ..)| name)
                .collect(),
        }
    }

    /// The class of what is drawn as a line.
    pub(super) fn line_class(self) -> String {
        format!("{}-l", self.name())
    }

    /// The class of areas and letters.
    pub(super) fn fill_class(self) -> String {
        format!("{}-f", self.name())
    }
}

/// The style sheet of every chart; charts may share one.
pub(in crate::render) fn css() -> String {
    let (mut light, mut dark) = (String::new(), String::new());
    let mut rule = |name: &str, day: &str, night: &str, dashes: &str| {
        for (rules, color) in [(&mut light, day), (&mut dark, night)] {
            let _ = write!(
                rules,
                ".{name}-l{{stroke:{color};stroke-dasharray:{dashes}}}.{name}-f{{fill:{color}}}"
            );
        }
    };
    for (_, name, day, night) in FIXED {
        rule(name, day, night, "none");
    }
    for (index, (day, night, dashes)) in SERIES.into_iter().enumerate() {
        rule(&format!("series{index}"), day, night, dashes);
        rule(&format!("solid{index}"), day, night, "none");
        rule(&format!("dashed{index}"), day, night, DASHES);
    }
    format!("{light}@media (prefers-color-scheme:dark){{{dark}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_a_class_of_its_own_in_the_style_sheet() {
        let css = css();
        let fixed = FIXED.map(|entry| entry.0);
        let series =
            (0..SERIES.len()).flat_map(|i| [Ink::Series(i), Ink::Solid(i), Ink::Dashed(i)]);
        let mut seen = Vec::new();
        for ink in fixed.into_iter().chain(series) {
            let class = ink.fill_class();
            assert!(css.contains(&format!(".{class}{{")), "{class}");
            assert!(!seen.contains(&class), "{class}");
            seen.push(class);
        }
    }

    /// The contrast of two colours as WCAG 2 defines it.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |color: &str| {
            let channel = |at: usize| {
                let value = u8::from_str_radix(&color[at..at + 2], 16).unwrap();
                let value = f64::from(value) / 255.0;
                if value <= 0.040_45 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_lines_stand_out_from_the_paper_by_day_and_by_night() {
        let (_, _, day, night) = FIXED[4];
        for (ink, name, light, dark) in FIXED {
            let least = match ink {
                Ink::Grid | Ink::Paper => continue,
                Ink::Axis => 2.5,
                _ => 4.5,
            };
            assert!(contrast(light, day) >= least, "{name} by day");
            assert!(contrast(dark, night) >= least, "{name} by night");
        }
        for (light, dark, _) in SERIES {
            assert!(contrast(light, day) >= 4.5, "{light}");
            assert!(contrast(dark, night) >= 4.5, "{dark}");
        }
    }
}
