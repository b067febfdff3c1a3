//! `sts`: the global endpoint against the Region's own.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use aws_sdk_sts::config::Region;
use clap::{Args, ValueEnum};

use super::command::{Command, Completed};
use crate::client::{ArmFacts, sampled};
use crate::credentials::Source;
use crate::document::{Arm, Comparison, Finding, Severity, Statistic, Verdict};
use crate::lab::ExportedSource;
use crate::measure::Call;
use crate::measure::load::CallFuture;
use crate::run::{
    ArmCall, CheckOptions, Failure, LoadOptions, OutputOptions, PacingOptions, Session,
    TargetOptions, names,
};

/// The pseudo-Region under which the SDK's endpoint rules give the global endpoint.
const GLOBAL: &str = "aws-global";

/// The Region that calls to the global endpoint are signed for.
const GLOBAL_SIGNING: &str = "us-east-1";

/// Time STS calls: the global endpoint against the Region's own
#[derive(Args, Clone, Debug)]
pub struct StsArgs {
    /// Compare the global endpoint with these Regions' own [default: the configured Region]
    #[arg(long, value_name = "REGION,…", num_args = 0..=1, value_delimiter = ',', default_missing_value = "")]
    regional: Option<Vec<String>>,

    /// The operation to call
    #[arg(long, value_enum, value_name = "OPERATION", default_value_t = Operation::GetCallerIdentity)]
    operation: Operation,

    /// The token for `assume-role-with-web-identity` [default: `AWS_WEB_IDENTITY_TOKEN_FILE`]
    #[arg(long, value_name = "FILE")]
    web_identity_token_file: Option<PathBuf>,

    #[command(flatten)]
    load: LoadOptions,
    #[command(flatten)]
    pacing: PacingOptions,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    checks: CheckOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Operation {
    GetCallerIdentity,
    AssumeRole,
    AssumeRoleWithWebIdentity,
}

impl From<StsArgs> for Command {
    fn from(args: StsArgs) -> Self {
        Self::new(args.output.clone(), args.checks.clone(), run(args))
    }
}

async fn run(args: StsArgs) -> Result<Completed, Failure> {
    let source = args.target.source.unwrap_or(Source::Chain);
    let session = Session::begin("sts", &args.target, &args.output, source).await?;
    let request = Request::of(&args, &session)?;
    let mut arms = Vec::new();
    for (name, region) in arm_regions(args.regional.as_deref(), session.setup.region())? {
        arms.push(arm(&session, name, region, &request).await?);
    }
    args.checks.meant_for_arms(&names(&arms))?;
    let plan = args.load.plan(&args.pacing);
    session.warm_up(&arms, &plan).await?;
    let mut run = session.measure(&plan);
    run.interleaved(&arms, &plan).await;
    let findings = findings(&session, &run.arms, run.comparisons());
    Ok(Completed::measured(run.document(findings)))
}

/// The arms' names and the Regions under which the SDK is asked for an endpoint.
fn arm_regions(
    regional: Option<&[String]>,
    configured: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let named: Vec<&str> = regional
        .unwrap_or_default()
        .iter()
        .map(String::as_str)
        .filter(|r| !r.is_empty())
        .collect();
    let only = |region: &str| ("regional".to_owned(), region.to_owned());
    if regional.is_none() {
        return Ok(vec![only(configured)]);
    }
    let regions = match named[..] {
        [] => vec![only(configured)],
        [region] => vec![only(region)],
        _ => named
            .iter()
            .map(|&region| (region.to_owned(), region.to_owned()))
            .collect(),
    };
    if let Some((_, region)) = regions
        .iter()
        .find(|(_, region)| !has_global_endpoint(region))
    {
        return Err(Failure::new(
            anyhow!(
                "Region {region} has no global STS endpoint to compare with: its partition is not `aws`"
            ),
            "leave out --regional to measure the Region's own endpoint alone",
        ));
    }
    Ok([("global".to_owned(), GLOBAL.to_owned())]
        .into_iter()
        .chain(regions)
        .collect())
}

/// Only the `aws` partition has a global STS endpoint.
fn has_global_endpoint(region: &str) -> bool {
    !["cn-", "us-gov-", "us-iso", "eu-isoe", "eusc-"]
        .iter()
        .any(|prefix| region.starts_with(prefix))
}

async fn arm(
    session: &Session,
    name: String,
    region: String,
    request: &Request,
) -> Result<ArmCall, Failure> {
    let facts = Arc::new(ArmFacts::default());
    let setup = &session.setup;
    let identity = setup.identity(&facts).await?;
    let sdk = setup.sdk_config(setup.connections(&facts)?, &identity);
    // A configured endpoint takes the place of the global one, but not of the Region to sign for.
    let overridden = region == GLOBAL && setup.endpoint_override("STS").is_some();
    let region = if overridden {
        GLOBAL_SIGNING.to_owned()
    } else {
        region
    };
    let mut config = aws_sdk_sts::config::Builder::from(&sdk).region(Region::new(region));
    config.push_interceptor(setup.interceptor(&facts));
    let config = config.build();
    let call = StsCall {
        client: aws_sdk_sts::Client::from_conf(config),
        request: request.clone(),
    };
    Ok(ArmCall {
        name,
        call: Arc::new(call),
        facts,
    })
}

/// What every call of a run asks for.
#[derive(Clone)]
enum Request {
    GetCallerIdentity,
    AssumeRole { role: String },
    AssumeRoleWithWebIdentity { role: String, token: String },
}

impl Request {
    fn of(args: &StsArgs, session: &Session) -> Result<Self, Failure> {
        match args.operation {
            Operation::GetCallerIdentity => Ok(Self::GetCallerIdentity),
            Operation::AssumeRole => Ok(Self::AssumeRole {
                role: role(args, session)?,
            }),
            Operation::AssumeRoleWithWebIdentity => Ok(Self::AssumeRoleWithWebIdentity {
                role: role(args, session)?,
                token: token(args, session)?,
            }),
        }
    }
}

fn role(args: &StsArgs, session: &Session) -> Result<String, Failure> {
    let configured = || session.setup.variables().get("AWS_ROLE_ARN").cloned();
    let labs = || session.lab().map(|lab| lab.role_arn().to_owned());
    args.target
        .role_arn
        .clone()
        .or_else(configured)
        .or_else(labs)
        .ok_or_else(|| {
            Failure::new(
                anyhow!("no role to assume"),
                "pass --role-arn or set AWS_ROLE_ARN",
            )
        })
}

fn token(args: &StsArgs, session: &Session) -> Result<String, Failure> {
    const VARIABLE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
    let configured = || session.setup.variables().get(VARIABLE).map(PathBuf::from);
    let labs = || {
        let variables = session.lab()?.environment(ExportedSource::WebIdentity);
        variables
            .into_iter()
            .find(|(name, _)| name == VARIABLE)
            .map(|(_, path)| PathBuf::from(path))
    };
    let path = args
        .web_identity_token_file
        .clone()
        .or_else(configured)
        .or_else(labs)
        .ok_or_else(|| {
            Failure::new(
                anyhow!("no web identity token"),
                "pass --web-identity-token-file or set AWS_WEB_IDENTITY_TOKEN_FILE",
            )
        })?;
    std::fs::read_to_string(&path).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!(
            "cannot read the web identity token file {}",
            path.display()
        ));
        Failure::new(error, "check the path and that this user may read it")
    })
}

struct StsCall {
    client: aws_sdk_sts::Client,
    request: Request,
}

impl Call for StsCall {
    fn call(&self) -> CallFuture<'_> {
        const SESSION: &str = "awscreds-bench";
        Box::pin(async move {
            match &self.request {
                Request::GetCallerIdentity => {
                    sampled(Box::pin(self.client.get_caller_identity().send())).await
                }
                Request::AssumeRole { role } => {
                    sampled(Box::pin(
                        self.client
                            .assume_role()
                            .role_arn(role)
                            .role_session_name(SESSION)
                            .send(),
                    ))
                    .await
                }
                Request::AssumeRoleWithWebIdentity { role, token } => {
                    let call = self.client.assume_role_with_web_identity();
                    sampled(Box::pin(
                        call.role_arn(role)
                            .role_session_name(SESSION)
                            .web_identity_token(token)
                            .send(),
                    ))
                    .await
                }
            }
        })
    }
}

/// What AWS serves at the global endpoint, and the cure for using it.
const REMEDY: &str = "use the Region's own endpoint: set AWS_STS_REGIONAL_ENDPOINTS=regional (or \
    `sts_regional_endpoints = regional` in the profile) for SDKs that still default to the global one, and \
    do not configure the Region `aws-global`";

fn findings(session: &Session, arms: &[Arm], comparisons: &[Comparison]) -> Vec<Finding> {
    if let Some(url) = session
        .setup
        .endpoint_override("STS")
        .filter(|_| arms.len() > 1)
    {
        return vec![overridden(&url)];
    }
    let medians = comparisons
        .iter()
        .filter(|comparison| comparison.statistic == Statistic::Quantile(0.5));
    let from_global = medians.filter(|comparison| comparison.baseline == "global");
    from_global
        .filter_map(|comparison| match comparison.verdict {
            Verdict::Faster => Some(global_slower(arms, comparison)),
            Verdict::NoDifference => Some(same(arms, comparison)),
            Verdict::Slower | Verdict::Inconclusive => None,
        })
        .collect()
}

fn overridden(url: &str) -> Finding {
    Finding::new(
        Severity::Warning,
        "sts-endpoint-override",
        "every arm was sent to one configured endpoint, so their comparison says nothing about AWS",
        format!("the configuration puts {url} in the place of STS"),
        "unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_STS, or leave out --endpoint-url",
    )
}

fn global_slower(arms: &[Arm], comparison: &Comparison) -> Finding {
    let ms = |us: f64| us / 1e3;
    Finding::new(
        Severity::Warning,
        "sts-global-endpoint",
        format!(
            "the global STS endpoint costs {:.1} ms more per call than the Region's own",
            ms(-comparison.difference_us)
        ),
        format!(
            "median {:.1} ms at {} against {:.1} ms at {}",
            ms(comparison.baseline_us),
            reached(arms, &comparison.baseline),
            ms(comparison.candidate_us),
            reached(arms, &comparison.candidate),
        ),
        REMEDY,
    )
}

fn same(arms: &[Arm], comparison: &Comparison) -> Finding {
    Finding::new(
        Severity::Info,
        "sts-global-endpoint-is-local",
        format!(
            "the global STS endpoint is as fast as that of arm {}",
            comparison.candidate
        ),
        format!(
            "{} and {}; since 2025 AWS serves the global endpoint inside the Regions that are enabled by default",
            reached(arms, &comparison.baseline),
            reached(arms, &comparison.candidate),
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

    fn names(regional: Option<&[&str]>) -> Vec<(String, String)> {
        let owned: Option<Vec<String>> =
            regional.map(|r| r.iter().map(ToString::to_string).collect());
        arm_regions(owned.as_deref(), "eu-west-1").unwrap()
    }

    fn pair(name: &str, region: &str) -> (String, String) {
        (name.to_owned(), region.to_owned())
    }

    #[test]
    fn arms_are_named_global_and_regional_or_by_region() {
        let global = pair("global", GLOBAL);
        assert_eq!(names(None), [pair("regional", "eu-west-1")]);
        assert_eq!(
            names(Some(&[""])),
            [global.clone(), pair("regional", "eu-west-1")]
        );
        assert_eq!(
            names(Some(&["us-west-2"])),
            [global.clone(), pair("regional", "us-west-2")]
        );
        let two = [
            global,
            pair("us-west-2", "us-west-2"),
            pair("eu-west-3", "eu-west-3"),
        ];
        assert_eq!(names(Some(&["us-west-2", "eu-west-3"])), two);
    }

    #[test]
    fn partitions_without_a_global_endpoint_are_refused() {
        let refused = arm_regions(Some(&["cn-north-1".to_owned()]), "eu-west-1");
        assert!(refused.unwrap_err().to_string().contains("cn-north-1"));
    }
}
