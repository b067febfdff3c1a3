//! The figure of a distribution at which arms are compared.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;

/// What is compared. Its name is `mean`, or `p` and a percentage with two digits before the decimal point,
/// which is left out: `p50`, `p999`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(into = "String", try_from = "String")]
pub enum Statistic {
    Mean,
    /// 0.5 is the median.
    Quantile(f64),
}

impl Statistic {
    /// What a run's arms are compared at.
    pub const USUAL: [Self; 4] = [
        Self::Quantile(0.5),
        Self::Quantile(0.9),
        Self::Quantile(0.99),
        Self::Mean,
    ];

    /// In nanoseconds; `None` of nothing.
    pub(crate) fn of(self, distribution: &Distribution) -> Option<f64> {
        let duration = match self {
            Self::Mean => distribution.mean(),
            Self::Quantile(quantile) => distribution.quantile(quantile),
        };
        duration.map(|duration| duration.as_nanos() as f64)
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Quantile(quantile) => {
                let percent = format!("{:.3}", quantile * 100.0);
                let percent = percent.trim_end_matches('0').trim_end_matches('.');
                write!(f, "p{}", percent.replace('.', ""))
            }
        }
    }
}

impl From<Statistic> for String {
    fn from(statistic: Statistic) -> Self {
        statistic.to_string()
    }
}

impl TryFrom<String> for Statistic {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let digits = match name.strip_prefix('p') {
            _ if name == "mean" => return Ok(Self::Mean),
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits,
            _ => "",
        };
        // `p100` would otherwise be a tenth.
        let fits = digits.len() <= 2 || (digits.len() <= 6 && digits.starts_with('9'));
        let quantile: f64 = format!("0.{digits:0>2}").parse().unwrap_or_default();
        (fits && quantile > 0.0)
            .then_some(Self::Quantile(quantile))
            .ok_or_else(|| format!("`{name}` is neither `mean` nor a percentile such as `p999`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_keep_their_names() {
        for name in ["mean", "p5", "p50", "p90", "p99", "p975", "p999", "p9999"] {
            let statistic: Statistic = serde_json::from_value(name.into()).unwrap();
            assert_eq!(serde_json::to_value(statistic).unwrap(), name);
        }
        let read = |name: &str| Statistic::try_from(name.to_owned());
        assert_eq!(read("p999"), Ok(Statistic::Quantile(0.999)));
        for bad in [
            "", "p", "p0", "p00", "p100", "p500", "p9x", "P99", "99", "p99.9", "p9999999",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
