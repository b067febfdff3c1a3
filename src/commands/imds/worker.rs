//! A worker process as web servers keep them: request after request, and for each of them credentials.
//!
//! It is started by [`compare_cache`](super::compare_cache), which it tells how every request went.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::Context;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use clap::{Args, ValueEnum};

use super::message::{Ended, Exchanged, Message, WorkerRequest};
use crate::client::{SetupError, credentials_outcome, error_text, provider_of};
use crate::clock;
use crate::commands::command::{Command, Completed, Kind};
use crate::credentials::{Exchanges, NamedSource, Source, watching};
use crate::measure::{IdentityPath, Outcome};
use crate::render;
use crate::run::{Failure, OutputOptions, environment};
use crate::strategies::{CacheLookup, FileCache};

/// Where a worker looks for credentials before it asks the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Cache {
    /// Nowhere: each request starts from nothing, as a PHP request does.
    None,
    /// In the process's own memory, until they have expired.
    Memory,
    /// In the file that all processes share.
    File,
}

/// Work off requests, each of which needs credentials
#[derive(Args, Clone, Debug)]
pub struct WorkerArgs {
    #[arg(long, value_enum)]
    cache: Cache,
    #[arg(long)]
    cache_dir: PathBuf,
    #[arg(long, value_enum)]
    source: Source,
    #[arg(long)]
    profile: Option<String>,
    #[arg(long)]
    region: Option<String>,
    #[arg(long)]
    role_arn: Option<String>,
    #[arg(long, value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// From one request to the next.
    #[arg(long, value_parser = humantime::parse_duration)]
    every: Duration,
    /// Before the first one, so that workers do not keep step.
    #[arg(long, value_parser = humantime::parse_duration)]
    offset: Duration,
    #[arg(long, value_parser = humantime::parse_duration)]
    lasting: Duration,
    #[arg(long)]
    requests: Option<u64>,
}

impl From<WorkerArgs> for Command {
    fn from(args: WorkerArgs) -> Self {
        Self::unchecked(OutputOptions::plain(), Kind::Text, run(args)).on_one_thread()
    }
}

/// Works until the time is over.
async fn run(args: WorkerArgs) -> Result<Completed, Failure> {
    let mut worker = Worker::new(&args);
    say(&Message::Ready)?;
    let begun = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await;
    let begun = begun.map_err(io::Error::from).and_then(|read| read);
    if begun
        .context("cannot wait for the beginning")
        .map_err(Failure::without_hint)?
        == 0
    {
        // Whoever started this process has gone.
        return Ok(Completed::nothing());
    }
    let start = clock::now();
    let mut next = args.offset;
    let mut left = args.requests.unwrap_or(u64::MAX);
    while next < args.lasting && left > 0 {
        tokio::time::sleep(next.saturating_sub(clock::since(start))).await;
        say(&Message::Request(worker.serve(start).await))?;
        // A worker that is late skips the requests that others would have served meanwhile.
        let behind = clock::since(start).saturating_sub(next);
        let periods = 1 + (behind.as_nanos() / args.every.as_nanos().max(1)) as u32;
        next += args.every * periods;
        left -= 1;
    }
    let exchanges = worker.exchanges.snapshot().into_iter();
    let exchanges = exchanges.map(|(name, stats)| (name, Exchanged::of(&stats)));
    say(&Message::Exchanges(exchanges.collect()))?;
    Ok(Completed::nothing())
}

/// A line for whoever started this process.
fn say(message: &Message) -> Result<(), Failure> {
    let line = serde_json::to_string(message).context("what was measured does not go into JSON");
    let said = line.and_then(|line| {
        render::write(None, &(line + "\n")).context("cannot tell what was measured")
    });
    said.map_err(Failure::without_hint)
}

struct Worker {
    cache: Cache,
    directory: PathBuf,
    limit: Duration,
    named: NamedSource,
    exchanges: Exchanges,
    /// What a process keeps that keeps anything.
    kept: Option<(SharedCredentialsProvider, Option<Credentials>)>,
}

/// Credentials and how they were come by, or why there are none.
type Served = Result<(Credentials, IdentityPath), Unserved>;

enum Unserved {
    Setup(SetupError),
    Fetch(CredentialsError),
}

impl From<SetupError> for Unserved {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl From<CredentialsError> for Unserved {
    fn from(error: CredentialsError) -> Self {
        Self::Fetch(error)
    }
}

impl Worker {
    fn new(args: &WorkerArgs) -> Self {
        Self {
            cache: args.cache,
            directory: args.cache_dir.clone(),
            limit: args.timeout,
            named: NamedSource {
                source: args.source,
                variables: environment(),
                profile: args.profile.clone(),
                region: args.region.clone(),
                role_arn: args.role_arn.clone(),
            },
            exchanges: Exchanges::default(),
            kept: None,
        }
    }

    /// One request. Its time begins before anything is set up for it.
    async fn serve(&mut self, start: Instant) -> WorkerRequest {
        let began = clock::now();
        let limit = self.limit;
        let (served, last) =
            watching(Box::pin(tokio::time::timeout(limit, self.credentials()))).await;
        let took = clock::since(began);
        let (path, ended): (_, Ended) = match served {
            Ok(Ok((credentials, path))) => (path, Ok(expiry(&credentials))),
            Ok(Err(Unserved::Fetch(error))) => {
                let outcome = credentials_outcome(&error, last);
                (IdentityPath::Load, Err((outcome, error_text(&error))))
            }
            Ok(Err(Unserved::Setup(error))) => {
                let failed = (Outcome::Other, error_text(&error));
                (IdentityPath::Load, Err(failed))
            }
            Err(_) => {
                let failed = (Outcome::Timeout, format!("no credentials within {limit:?}"));
                (IdentityPath::Load, Err(failed))
            }
        };
        WorkerRequest::new(began.saturating_duration_since(start), took, path, ended)
    }

    async fn credentials(&mut self) -> Served {
        match self.cache {
            Cache::None => {
                let provider = self.provider().await?;
                Ok((provider.provide_credentials().await?, IdentityPath::Load))
            }
            Cache::Memory => self.kept_in_memory().await,
            Cache::File => self.kept_in_file().await,
        }
    }

    /// As SDKs hold them that renew when they have expired.
    async fn kept_in_memory(&mut self) -> Served {
        let (provider, held) = match self.kept.take() {
            Some(kept) => kept,
            None => (self.provider().await?, None),
        };
        let now = clock::wall();
        let good = held.filter(|held| held.expiry().is_none_or(|expiry| now < expiry));
        let path = if good.is_some() {
            IdentityPath::Hit
        } else {
            IdentityPath::Load
        };
        let (_, held) = self.kept.insert((provider.clone(), good));
        if held.is_none() {
            *held = Some(provider.provide_credentials().await?);
        }
        let credentials = held
            .clone()
            .ok_or_else(CredentialsError::not_loaded_no_source)?;
        Ok((credentials, path))
    }

    /// With nothing kept in memory: what each request of a PHP worker would do.
    async fn kept_in_file(&self) -> Served {
        let cache = FileCache::builder(self.named.key())
            .directory(&self.directory)
            .limit(self.limit);
        if let Some(credentials) = cache.fresh() {
            return Ok((credentials, IdentityPath::Hit));
        }
        let resolved = cache.build(self.provider().await?).resolve().await?;
        let path = match resolved.lookup {
            CacheLookup::Hit => IdentityPath::Hit,
            CacheLookup::Wait => IdentityPath::Wait,
            CacheLookup::Load => IdentityPath::Load,
        };
        Ok((resolved.credentials, path))
    }

    async fn provider(&self) -> Result<SharedCredentialsProvider, SetupError> {
        provider_of(&self.named, &self.exchanges).await
    }
}

fn expiry(credentials: &Credentials) -> Option<u64> {
    let since = credentials.expiry()?.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}
