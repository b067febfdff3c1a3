//! `sts`: the global endpoint against the Region's own.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use aws_sdk_sts::Client;
use aws_sdk_sts::config::Region;
use clap::{Args, ValueEnum};

use super::command::{Command, Completed, Kind};
use super::{diagnose, regions};
use crate::client::{ArmFacts, Setup, SetupError, sampled};
use crate::credentials::Variables;
use crate::document::{Arm, Comparison, Finding, Statistic, Verdict};
use crate::figures::time;
use crate::lab::ExportedSource;
use crate::measure::load::CallFuture;
use crate::run::{ArmCall, Failure, Hint, MeasuringOptions, Session, names};

/// The pseudo-Region under which the SDK's endpoint rules give the global endpoint.
const GLOBAL: &str = "aws-global";

/// The Region that calls to the global endpoint are signed for.
const GLOBAL_SIGNING: &str = "us-east-1";

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench sts --regional --lab        try it, without an AWS account
  awscreds-bench sts --regional              the global endpoint against the Region's own
  awscreds-bench sts --lab imds-slow -n 10   a first call that waits for credentials";

/// Time STS calls: the global endpoint against the Region's own
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct StsArgs {
    /// Compare the global endpoint with these Regions' own [default: the configured Region]
    #[arg(long, value_name = "REGION,…", num_args = 0..=1, value_delimiter = ',', default_missing_value = "")]
    regional: Option<Vec<String>>,

    /// The operation to call
    #[arg(long, value_enum, value_name = "OPERATION", default_value_t = Operation::GetCallerIdentity, hide_short_help = true)]
    operation: Operation,

    /// The token for `assume-role-with-web-identity` [default: `AWS_WEB_IDENTITY_TOKEN_FILE`]
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    web_identity_token_file: Option<PathBuf>,

    #[command(flatten)]
    options: MeasuringOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Operation {
    GetCallerIdentity,
    AssumeRole,
    AssumeRoleWithWebIdentity,
}

impl From<StsArgs> for Command {
    fn from(args: StsArgs) -> Self {
        let MeasuringOptions { output, checks, .. } = args.options.clone();
        Self::new(Kind::Latencies, output, checks, run(args))
    }
}

async fn run(args: StsArgs) -> Result<Completed, Failure> {
    let session = args.options.begin("sts").await?;
    match measured(&args, &session).await {
        Err(failure) => Err(diagnose::explained(&session, failure).await),
        completed => completed,
    }
}

async fn measured(args: &StsArgs, session: &Session) -> Result<Completed, Failure> {
    let options = &args.options;
    let request = request(args, session)?;
    let mut arms = Vec::new();
    for (name, region) in arm_regions(args.regional.as_deref(), session.setup.region())? {
        arms.push(arm(session, name, region, &request).await?);
    }
    options.checks.meant_for_arms(&names(&arms))?;
    let plan = options.plan();
    let first = session.warm_up(&arms, &plan).await?;
    let mut run = session.measure(&plan, first);
    run.interleaved(&arms, &plan).await;
    let findings = findings(session, &run.body.arms, &run.body.comparisons);
    Ok(diagnose::completed(session, run, findings).await)
}

/// The arms' names and the Regions under which the SDK is asked for an endpoint.
fn arm_regions<'a>(
    regional: Option<&'a [String]>,
    configured: &'a str,
) -> Result<Vec<(&'a str, &'a str)>, Failure> {
    let Some(named) = regional else {
        return Ok(vec![("regional", configured)]);
    };
    let named = named.iter().map(String::as_str);
    let named: Vec<&str> = named.filter(|region| !region.is_empty()).collect();
    named.iter().try_for_each(|name| regions::known(name))?;
    let regions = match named[..] {
        [] => vec![("regional", configured)],
        [region] => vec![("regional", region)],
        _ => named.iter().map(|&region| (region, region)).collect(),
    };
    if let Some((_, region)) = regions.iter().find(|(_, name)| !has_global_endpoint(name)) {
        return Err(Failure::new(
            anyhow!(
                "Region {region} has no global STS endpoint to compare with: its partition is not `aws`"
            ),
            "leave out --regional to measure the Region's own endpoint alone",
        ));
    }
    Ok([vec![("global", GLOBAL)], regions].concat())
}

/// Only the `aws` partition has a global STS endpoint.
fn has_global_endpoint(region: &str) -> bool {
    !["cn-", "us-gov-", "us-iso", "eu-isoe", "eusc-"]
        .iter()
        .any(|prefix| region.starts_with(prefix))
}

async fn arm(
    session: &Session,
    name: &str,
    region: &str,
    request: &Request,
) -> Result<ArmCall, Failure> {
    let setup = Arc::clone(&session.setup);
    setup.check_endpoint("STS")?;
    // A configured endpoint takes the place of the global one, but not of the Region to sign for.
    let overridden = region == GLOBAL && setup.endpoint_override("STS").is_some();
    let region = if overridden { GLOBAL_SIGNING } else { region };
    let region = Region::new(region.to_owned());
    let request = Arc::clone(request);
    let make = move |facts| {
        let (setup, region, request) = (Arc::clone(&setup), region.clone(), Arc::clone(&request));
        async move {
            let client = client(&setup, region, &facts).await?;
            Ok(move || request(&client))
        }
    };
    Ok(ArmCall::made(name, make).await?)
}

async fn client(
    setup: &Setup,
    region: Region,
    facts: &Arc<ArmFacts>,
) -> Result<Client, SetupError> {
    let identity = setup.identity(facts).await?;
    let sdk = setup.sdk_config(setup.connections(facts)?, &identity);
    let mut config = aws_sdk_sts::config::Builder::from(&sdk).region(region);
    config.push_interceptor(setup.interceptor(facts));
    Ok(Client::from_conf(config.build()))
}

/// What every call of a run asks for.
type Request = Arc<dyn Fn(&Client) -> CallFuture<'static> + Send + Sync>;

fn request(args: &StsArgs, session: &Session) -> Result<Request, Failure> {
    const SESSION: &str = "awscreds-bench";
    Ok(match args.operation {
        Operation::GetCallerIdentity => {
            Arc::new(|client| Box::pin(sampled(Box::pin(client.get_caller_identity().send()))))
        }
        Operation::AssumeRole => {
            let role = role(args, session)?;
            Arc::new(move |client| {
                let call = client.assume_role().role_arn(&role);
                Box::pin(sampled(Box::pin(call.role_session_name(SESSION).send())))
            })
        }
        Operation::AssumeRoleWithWebIdentity => {
            let (role, token) = (role(args, session)?, token(args, session)?);
            Arc::new(move |client| {
                let call = client.assume_role_with_web_identity().role_arn(&role);
                let call = call.role_session_name(SESSION).web_identity_token(&token);
                Box::pin(sampled(Box::pin(call.send())))
            })
        }
    })
}

fn role(args: &StsArgs, session: &Session) -> Result<String, Failure> {
    let configured = || session.setup.named.variables.get("AWS_ROLE_ARN").cloned();
    let labs = || session.lab().map(|lab| lab.role_arn().to_owned());
    let named = args.options.target.role_arn.clone();
    let role = named.or_else(configured).or_else(labs);
    role.context("no role to assume")
        .hint("pass --role-arn or set AWS_ROLE_ARN")
}

fn token(args: &StsArgs, session: &Session) -> Result<String, Failure> {
    const VARIABLE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
    let configured = || session.setup.named.variables.get(VARIABLE).cloned();
    let labs = || {
        let variables = session.lab()?.environment(ExportedSource::WebIdentity);
        Variables::from_iter(variables).remove(VARIABLE)
    };
    let named = args.web_identity_token_file.clone();
    let path = named.or_else(|| configured().or_else(labs).map(PathBuf::from));
    let path = path
        .context("no web identity token")
        .hint("pass --web-identity-token-file or set AWS_WEB_IDENTITY_TOKEN_FILE")?;
    let unread = || format!("cannot read the web identity token file {}", path.display());
    std::fs::read_to_string(&path)
        .with_context(unread)
        .hint("check the path and that this user may read it")
}

/// What AWS serves at the global endpoint, and the cure for using it.
const REMEDY: &str = "use the Region's own endpoint: set AWS_STS_REGIONAL_ENDPOINTS=regional (or \
    `sts_regional_endpoints = regional` in the profile) for SDKs that still default to the global one, and \
    do not configure the Region `aws-global`";

fn findings(session: &Session, arms: &[Arm], comparisons: &[Comparison]) -> Vec<Finding> {
    let stand_in = session.setup.endpoint_override("STS");
    if let Some(url) = stand_in.filter(|_| arms.len() > 1) {
        return vec![overridden(&url)];
    }
    let from_global = comparisons.iter().filter(|comparison| {
        comparison.statistic == Statistic::Quantile(0.5) && comparison.baseline == "global"
    });
    from_global
        .filter_map(|comparison| match comparison.verdict {
            Verdict::Faster => Some(global_slower(arms, comparison)),
            Verdict::NoDifference => Some(same(arms, comparison)),
            Verdict::Slower | Verdict::Inconclusive => None,
        })
        .collect()
}

fn overridden(url: &str) -> Finding {
    Finding::warning(
        "sts-endpoint-override",
        "every arm was sent to one configured endpoint, so their comparison says nothing about AWS",
        format!("the configuration puts {url} in the place of STS"),
        "unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS, or leave out --endpoint-url",
    )
    .change(["unset AWS_ENDPOINT_URL AWS_ENDPOINT_URL_STS"])
}

fn global_slower(arms: &[Arm], comparison: &Comparison) -> Finding {
    let more = time(-comparison.difference_us);
    let [global, own] = [comparison.baseline_us, comparison.candidate_us].map(time);
    let at_global = reached(arms, &comparison.baseline);
    let at_own = reached(arms, &comparison.candidate);
    Finding::warning(
        "sts-global-endpoint",
        format!("the global STS endpoint costs {more} more per call than the Region's own"),
        format!("median {global} at {at_global} against {own} at {at_own}"),
        REMEDY,
    )
    .change(["export AWS_STS_REGIONAL_ENDPOINTS=regional"])
}

fn same(arms: &[Arm], comparison: &Comparison) -> Finding {
    let regional = &comparison.candidate;
    Finding::info(
        "sts-global-endpoint-is-local",
        format!("the global STS endpoint is as fast as that of arm {regional}"),
        format!(
            "{} and {}; since 2025 AWS serves the global endpoint inside the Regions that are enabled by default",
            reached(arms, &comparison.baseline),
            reached(arms, regional),
        ),
        "nothing to gain in latency; the Region's own endpoint still has its own throttle and no \
            dependency on us-east-1",
    )
}

/// Where an arm really went.
fn reached(arms: &[Arm], name: &str) -> String {
    let Some(arm) = arms.iter().find(|arm| arm.name == name) else {
        return name.to_owned();
    };
    let endpoint = arm.endpoint.as_deref().unwrap_or("an unknown endpoint");
    format!("{endpoint} ({})", arm.remote_addresses.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and Regions of the arms.
    fn arms(regional: Option<&[&str]>) -> Vec<String> {
        let owned = regional.map(|r| r.iter().map(ToString::to_string).collect::<Vec<_>>());
        let arms = arm_regions(owned.as_deref(), "eu-west-1").unwrap();
        let arms = arms.iter().map(|(name, region)| format!("{name} {region}"));
        arms.collect()
    }

    #[test]
    fn arms_are_named_global_and_regional_or_by_region() {
        let regional = |region| [format!("global {GLOBAL}"), format!("regional {region}")];
        assert_eq!(arms(Some(&[""])), regional("eu-west-1"));
        assert_eq!(arms(Some(&["us-west-2"])), regional("us-west-2"));
        let named = [
            "global aws-global",
            "us-west-2 us-west-2",
            "eu-west-3 eu-west-3",
        ];
        assert_eq!(arms(Some(&["us-west-2", "eu-west-3"])), named);
        assert_eq!(arms(None), ["regional eu-west-1"]);
    }

    #[test]
    fn partitions_without_a_global_endpoint_are_refused() {
        let china = ["cn-north-1".to_owned()];
        let refused = arm_regions(Some(&china), "eu-west-1");
        assert!(refused.unwrap_err().to_string().contains("cn-north-1"));
    }
}
