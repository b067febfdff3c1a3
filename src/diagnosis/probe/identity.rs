//! Whom STS takes the credentials for, where it is, and what its clock says.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::Region;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_types::retry::RetryConfig;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::limits::IDENTIFY;
use super::links::ProbedLink;
use crate::client::{ArmFacts, Identity as Cached, Setup, SetupError, call_error_text, error_text};
use crate::clock;
use crate::credentials::Source;
use crate::diagnosis::examination::{Identity, LinkState, StsEndpoint};
use crate::diagnosis::subject::Subject;

/// Asks for every link that gave credentials.
pub(super) async fn ask(subject: &Subject, links: &mut [ProbedLink], region: &str) {
    let asked = links.iter_mut().filter_map(|(link, credentials)| {
        let credentials = credentials.take()?;
        Some(async move {
            let identity = identify(subject, credentials, region).await;
            if let LinkState::Loaded(fetched) = &mut link.state {
                fetched.identity = Some(identity);
            }
        })
    });
    join_all(asked).await;
}

async fn identify(subject: &Subject, credentials: Credentials, region: &str) -> Identity {
    let facts = Arc::new(ArmFacts::default());
    let mut sts = StsEndpoint::default();
    let client = match client(subject, credentials, region, &facts).await {
        Ok(client) => client,
        Err(error) => {
            let arn = Err(error_text(&error));
            return Identity { arn, sts };
        }
    };
    let start = clock::now();
    let call = timeout(IDENTIFY, client.get_caller_identity().send()).await;
    sts.first = clock::since(start);
    sts.endpoint = facts.endpoint().map(str::to_owned);
    sts.address = facts.remotes().first().map(ToString::to_string);
    sts.ahead_s = facts.clock_ahead_s();
    let arn = match call {
        Err(_) => Err(format!("no answer within {:.1} s", IDENTIFY.as_secs_f64())),
        Ok(Err(error)) => Err(call_error_text(&error)),
        Ok(Ok(answer)) => answer
            .arn
            .ok_or_else(|| "an answer without an ARN".to_owned()),
    };
    let left = IDENTIFY.saturating_sub(sts.first);
    if arn.is_ok() && !left.is_zero() {
        let again = clock::now();
        let warm = timeout(left, client.get_caller_identity().send()).await;
        sts.warm = matches!(warm, Ok(Ok(_))).then(|| clock::since(again));
    }
    Identity { arn, sts }
}

async fn client(
    subject: &Subject,
    credentials: Credentials,
    region: &str,
    facts: &Arc<ArmFacts>,
) -> Result<aws_sdk_sts::Client, SetupError> {
    let setup = Setup::load(subject.setup_options(Source::Chain, region, IDENTIFY)).await?;
    let connections = setup.connections(facts)?;
    let provider = SharedCredentialsProvider::new(credentials);
    let identity = Cached::timed(IdentityCache::lazy().build(), provider);
    let sdk = setup
        .sdk_config(connections, &identity)
        .into_builder()
        .retry_config(RetryConfig::disabled())
        .build();
    let mut config =
        aws_sdk_sts::config::Builder::from(&sdk).region(Region::new(region.to_owned()));
    config.push_interceptor(setup.interceptor(facts));
    Ok(aws_sdk_sts::Client::from_conf(config.build()))
}
