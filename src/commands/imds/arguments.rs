//! The options of `imds`, as typed.

use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::credentials::Source;
use crate::run::{self, CheckOptions, LoadOptions, OutputOptions, TargetOptions};

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench imds --concurrency            gently: how fast, and from which rate on it fails
  awscreds-bench imds --compare-cache --lab    what a cache shared by processes saves
  awscreds-bench imds --endpoint container     the agent of ECS or EKS instead";

/// Time cold credential fetches under 1, 2, 4, … workers
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES, mut_arg("source", |arg| arg.help("Where credentials come from [default: imds]")), mut_arg("warmup", |arg| arg.help("Fetches to make first, unmeasured [default: 1]")), mut_arg("requests", |arg| arg.help("Fetches per step [default: 20; in the lab 200]")))]
pub struct ImdsArgs {
    /// Worker counts to step through [default: 1,2,4,8, and on up to 64 in the lab]
    #[arg(short, long, value_name = "N,…", num_args = 0..=1, value_delimiter = ',', default_missing_value = "")]
    pub(super) concurrency: Option<Vec<String>>,

    /// The endpoint to fetch from: short for the --source of that name
    #[arg(long, value_name = "ENDPOINT", conflicts_with = "source", value_parser = endpoints())]
    pub(super) endpoint: Option<Source>,

    /// Compare worker processes without a cache, with a cache in memory, and with the file cache
    #[arg(long, conflicts_with = "concurrency")]
    pub(super) compare_cache: bool,

    /// Worker processes [default: 32 in the lab, 4 elsewhere]
    #[arg(long, value_name = "N", requires = "compare_cache", value_parser = run::workers)]
    pub(super) workers: Option<usize>,

    /// How often each worker gets a request that needs credentials [default: 200ms in the lab, 1s elsewhere]
    #[arg(long, value_name = "DURATION", requires = "compare_cache", value_parser = run::duration)]
    pub(super) every: Option<Duration>,

    #[command(flatten)]
    pub(super) load: LoadOptions,
    #[command(flatten)]
    pub(super) target: TargetOptions,
    #[command(flatten)]
    pub(super) checks: CheckOptions,
    #[command(flatten)]
    pub(super) output: OutputOptions,
}

impl ImdsArgs {
    /// Where credentials come from.
    pub(super) fn source(&self) -> Source {
        let named = self.endpoint.or_else(|| self.target.source());
        named.unwrap_or(Source::Imds)
    }
}

/// Endpoints of a node or a container.
fn endpoints() -> impl TypedValueParser<Value = Source> {
    let values = [
        PossibleValue::new("imds").help("Instance metadata"),
        PossibleValue::new("container").help(
            "The container credentials endpoint: the ECS agent's or the EKS Pod Identity agent's",
        ),
    ];
    PossibleValuesParser::new(values).try_map(|name| Source::from_str(&name, false))
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::*;

    #[test]
    fn an_endpoint_is_short_for_its_source_whatever_is_compared() {
        for (typed, source) in [
            ("", Source::Imds),
            ("--endpoint container", Source::Container),
            ("--compare-cache --endpoint container", Source::Container),
            ("--compare-cache --source profile", Source::Profile),
        ] {
            let command = ImdsArgs::augment_args(Command::new("imds")).no_binary_name(true);
            let matches = command.get_matches_from(typed.split_whitespace());
            let args = ImdsArgs::from_arg_matches(&matches).expect("options that are known");
            assert_eq!(args.source(), source, "{typed}");
        }
    }
}
