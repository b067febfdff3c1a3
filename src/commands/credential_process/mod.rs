//! `credential-process`: credentials for programs that start a process whenever they need some.

mod output;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process;
use std::time::Duration;

use anyhow::{Context, anyhow};
use aws_credential_types::Credentials;
use clap::Args;

use self::output::ProcessCredentials;
use super::command::{Command, Completed, Kind};
use crate::client::{error_text, provider_of};
use crate::clock;
use crate::credentials::{Exchanges, NamedSource, Source};
use crate::disclosure;
use crate::measure::Stop;
use crate::render;
use crate::run::{
    CheckOptions, Failure, OutputOptions, duration, environment, stop_on_signal, unless_stopped,
};
use crate::strategies::{CacheKey, FileCache, FileCacheBuilder, Windows};

/// Lists the keys of the calls that this process was started by, one inside the other.
const CALLERS: &str = "AWSCREDS_BENCH_CREDENTIAL_PROCESS";

/// For how long an SDK is told that expired credentials are good, where the source gives no others. It would refuse
/// them otherwise, and leave its user with none.
const EXTENSION: Duration = Duration::from_mins(5);

/// Print credentials for `credential_process`, from a cache that all processes of this user share
///
/// In ~/.aws/config: `credential_process = awscreds-bench credential-process`. Only one process per expiry asks the
/// source; the others read a file that nobody else can read. Without --source it is what the machine itself offers: a
/// web identity or a container endpoint if one is set up, or else the instance's metadata.
#[derive(Args, Clone, Debug)]
pub struct CredentialProcessArgs {
    /// Where credentials come from [default: web-identity, container or imds, the first that is set up]
    #[arg(long, value_name = "SOURCE")]
    source: Option<Source>,

    /// Profile of the shared AWS configuration files, for sources that read them; not the one that names this command
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// The role to assume, for `--source assume-role`
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,

    /// AWS Region, for sources that ask STS [default: as configured]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Give up on the source after this long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    timeout: Duration,

    /// The directory of the cache [default: awscreds-bench/credentials in the user's cache directory]
    #[arg(long, value_name = "DIRECTORY", env = "AWSCREDS_BENCH_CACHE_DIR")]
    cache_dir: Option<PathBuf>,
}

impl From<CredentialProcessArgs> for Command {
    fn from(args: CredentialProcessArgs) -> Self {
        // What an SDK reads has one form and one place.
        let (output, checks) = (OutputOptions::default(), CheckOptions::default());
        Self {
            one_thread: true,
            ..Self::new(Kind::Text, output, checks, run(args))
        }
    }
}

/// Reads the file, and sets up an SDK only if that is not enough.
async fn run(args: CredentialProcessArgs) -> Result<Completed, Failure> {
    let variables = environment();
    let named = NamedSource {
        source: args.source.unwrap_or_else(|| Source::ambient(&variables)),
        variables,
        profile: args.profile,
        region: args.region,
        role_arn: args.role_arn,
    };
    let key = named.key();
    let mut cache = FileCache::builder(key.clone())
        .disclosed(disclosure::without_secrets)
        .limit(args.timeout)
        .advisory(ahead_of_other_sdks);
    if let Some(directory) = args.cache_dir.filter(|name| !name.as_os_str().is_empty()) {
        cache = cache.directory(directory);
    }
    if let Some(credentials) = cache.fresh() {
        return printed(&credentials);
    }
    if named.source.reads_profiles() {
        mark_callers(&named, &key)?;
    }
    // Whoever is interrupted ends what the source has started.
    let stop = Stop::default();
    stop_on_signal(stop.clone());
    let fetched = unless_stopped(&stop, fetched(&named, cache, args.timeout)).await??;
    printed(&fetched)
}

/// What the source gives, or whoever has asked it just now.
async fn fetched(
    named: &NamedSource,
    cache: FileCacheBuilder,
    limit: Duration,
) -> Result<Credentials, Failure> {
    let source = named.source.name();
    let exchanges = Exchanges::default();
    let provider = tokio::time::timeout(limit, provider_of(named, &exchanges)).await;
    let provider = provider.map_err(|_| {
        let error = format!("no answer within {limit:?}");
        Failure::of_calls(&error, format!("no credentials from {source}"))
    })??;
    let resolved = cache.build(provider).resolve().await.map_err(|error| {
        let text = error_text(&error);
        Failure::of_calls(&text, format!("no credentials from {source}"))
    })?;
    for notice in &resolved.notices {
        render::warning(&notice.to_string());
    }
    Ok(resolved.credentials)
}

fn printed(credentials: &Credentials) -> Result<Completed, Failure> {
    let now = clock::wall();
    let extended = |expiry| {
        if expiry <= now {
            now + EXTENSION
        } else {
            expiry
        }
    };
    let expiry = credentials.expiry().map(extended);
    Completed::json(&ProcessCredentials::new(credentials, expiry))
}

/// Windows that begin no later than those of the SDKs that read the output. botocore runs the process again at
/// each call from 15 minutes before the expiry on: whoever does so must find that it is time to renew. Jitter
/// therefore begins them earlier, by up to half.
fn ahead_of_other_sdks(lifetime: Duration, chance: f64) -> Duration {
    Windows::of(lifetime).advisory.mul_f64(1.0 + chance / 2.0)
}

/// Starts over with a mark in the environment, which a `credential_process` of the profile will inherit: a profile
/// that names this very command would otherwise call itself for ever.
fn mark_callers(named: &NamedSource, key: &CacheKey) -> Result<(), Failure> {
    let callers = std::env::var(CALLERS).unwrap_or_default();
    let mut keys: Vec<&str> = callers.split(':').filter(|key| !key.is_empty()).collect();
    // The last one is this call itself, once it has started over.
    let me = process::id().to_string();
    let mine = format!("{}@{me}", key.as_str());
    if keys.last() == Some(&mine.as_str()) {
        return Ok(());
    }
    let same = |caller: &&str| caller.split('@').next() == Some(key.as_str());
    if keys.iter().any(same) {
        let profile = named.profile.as_ref();
        let profile = profile.map_or(String::new(), |name| format!(" `{name}`"));
        let source = named.source.name();
        return Err(Failure::new(
            anyhow!(
                "the profile{profile} names this very command as its `credential_process`, and with --source {source} the \
                 command asks that profile"
            ),
            "name the source behind it, such as --source imds, or with --profile another profile",
        ));
    }
    keys.push(&mine);
    let failed = "cannot start over with a mark for the profile";
    let error = process::Command::new(std::env::current_exe().context(failed)?)
        .args(std::env::args_os().skip(1))
        .env(CALLERS, keys.join(":"))
        .exec();
    Err(Failure::from(anyhow::Error::new(error).context(failed)))
}
