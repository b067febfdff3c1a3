//! Whether a limit speaks of arms that a run has.

use super::limit::Threshold;
use super::parse::ParseError;
use crate::nearest::nearest;

impl Threshold {
    /// Whether it can be held against arms of these names, each with or without a base to compare it with.
    ///
    /// # Errors
    ///
    /// If it speaks of an arm that is not there, or of a change where there is nothing to compare with.
    pub fn meant_for(&self, arms: &[(&str, bool)]) -> Result<(), ParseError> {
        const NO_BASE: &str = "a percentage of a time or a rate is a change: of a run's later arms against its \
             first, and in `compare` of NEW's arms against those that match in BASE";
        let refused = |message: String, hint: String| {
            ParseError::new(&self.text, self.arm_at.clone(), message, hint)
        };
        let Some(name) = &self.arm else {
            if self.is_relative() && !arms.iter().any(|(_, has_base)| *has_base) {
                return Err(ParseError::new(
                    &self.text,
                    0..self.text.len(),
                    "there is nothing to compare with".to_owned(),
                    NO_BASE.to_owned(),
                ));
            }
            return Ok(());
        };
        match arms.iter().find(|(known, _)| known == name) {
            None => {
                let names: Vec<&str> = arms.iter().map(|(name, _)| *name).collect();
                let like = nearest(name, names.iter().copied())
                    .map_or_else(String::new, |nearest| format!("did you mean `{nearest}`? "));
                let hint = format!("{like}the arms are {}", names.join(", "));
                Err(refused(format!("no arm is called `{name}`"), hint))
            }
            Some((_, false)) if self.is_relative() => Err(refused(
                format!("the arm `{name}` has nothing to be compared with"),
                NO_BASE.to_owned(),
            )),
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str, arms: &[(&str, bool)]) -> Result<(), String> {
        let threshold: Threshold = text.parse().expect("a good expression");
        threshold.meant_for(arms).map_err(|error| error.to_string())
    }

    const RUN: [(&str, bool); 2] = [("global", false), ("regional", true)];

    #[test]
    fn known_arms_are_accepted() {
        for good in [
            "p99 > 1s",
            "p99 > 5%",
            "global.total.p99 > 1s",
            "regional.total.p99 > 5%",
            "global.failed > 5%",
        ] {
            assert_eq!(meant(good, &RUN), Ok(()), "{good}");
        }
    }

    #[test]
    fn an_unknown_arm_is_pointed_at_and_its_nearest_suggested() {
        let error = meant("regionl.total.p99 > 1s", &RUN).unwrap_err();
        assert!(
            error.contains("regionl.total.p99 > 1s\n  ^^^^^^^\n"),
            "{error}"
        );
        assert!(
            error.contains("did you mean `regional`? the arms are global, regional"),
            "{error}"
        );
    }

    #[test]
    fn a_change_needs_a_base() {
        assert!(
            meant("global.total.p99 > 5%", &RUN)
                .unwrap_err()
                .contains("`global` has nothing")
        );
        assert!(
            meant("p99 > 5%", &RUN[..1])
                .unwrap_err()
                .contains("nothing to compare with")
        );
    }
}
