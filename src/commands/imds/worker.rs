//! A worker process as web servers keep them: request after request, and for each of them credentials.
//!
//! It is started by [`compare_cache`](super::compare_cache), which it tells how every request went.

use std::io;
use std::time::{Instant, UNIX_EPOCH};

use anyhow::Context;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use clap::Args;

use super::message::{Cache, Message, Task, WorkerRequest};
use crate::client::{SetupError, credentials_outcome, error_text, provider_of};
use crate::clock;
use crate::commands::command::{Command, Completed, Kind};
use crate::credentials::{Exchanges, NamedSource, watching};
use crate::measure::{IdentityPath, Outcome};
use crate::render;
use crate::run::{CheckOptions, Failure, OutputOptions, environment};
use crate::strategies::{CacheLookup, FileCache};

/// Work off requests, each of which needs credentials
#[derive(Args, Clone, Debug)]
pub struct WorkerArgs {
    /// In JSON
    #[arg(value_parser = task)]
    task: Task,
}

fn task(json: &str) -> serde_json::Result<Task> {
    serde_json::from_str(json)
}

impl From<WorkerArgs> for Command {
    fn from(args: WorkerArgs) -> Self {
        let (output, checks) = (OutputOptions::plain(), CheckOptions::default());
        Self {
            one_thread: true,
            ..Self::new(Kind::Text, output, checks, run(args.task))
        }
    }
}

/// Works until the time is over.
async fn run(task: Task) -> Result<Completed, Failure> {
    let Task { every, lasting, .. } = task;
    let (mut next, mut left) = (task.offset, task.requests.unwrap_or(u64::MAX));
    let mut worker = Worker::new(task);
    say(&Message::Ready)?;
    let begun = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await;
    let begun = begun.map_err(io::Error::from).and_then(|read| read);
    if begun.context("cannot wait for the beginning")? == 0 {
        // Whoever started this process has gone.
        return Ok(Completed::nothing());
    }
    let start = clock::now();
    while next < lasting && left > 0 {
        tokio::time::sleep(next.saturating_sub(clock::since(start))).await;
        say(&Message::Request(worker.serve(start).await))?;
        // A worker that is late skips the requests that others would have served meanwhile.
        let behind = clock::since(start).saturating_sub(next);
        let periods = 1 + (behind.as_nanos() / every.as_nanos().max(1)) as u32;
        next += every * periods;
        left -= 1;
    }
    say(&Message::Exchanges(worker.exchanges.snapshot()))?;
    Ok(Completed::nothing())
}

/// A line for whoever started this process.
fn say(message: &Message) -> Result<(), Failure> {
    let line = serde_json::to_string(message).context("what was measured does not go into JSON")?;
    Ok(render::write(None, &(line + "\n")).context("cannot tell what was measured")?)
}

struct Worker {
    task: Task,
    named: NamedSource,
    exchanges: Exchanges,
    /// What a process keeps that keeps anything.
    provider: Option<SharedCredentialsProvider>,
    credentials: Option<Credentials>,
}

/// Credentials and how they were come by, or why there are none.
type Served = Result<(Credentials, IdentityPath), Unserved>;

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum Unserved {
    Setup(#[from] SetupError),
    Fetch(#[from] CredentialsError),
}

impl Worker {
    fn new(task: Task) -> Self {
        let named = NamedSource {
            source: task.source,
            variables: environment(),
            profile: task.profile.clone(),
            region: task.region.clone(),
            role_arn: task.role_arn.clone(),
        };
        Self {
            task,
            named,
            exchanges: Exchanges::default(),
            provider: None,
            credentials: None,
        }
    }

    /// One request. Its time begins before anything is set up for it.
    async fn serve(&mut self, start: Instant) -> WorkerRequest {
        let began = clock::now();
        let limit = self.task.timeout;
        let (served, last) =
            watching(Box::pin(tokio::time::timeout(limit, self.credentials()))).await;
        let mut request = WorkerRequest {
            at: began.saturating_duration_since(start),
            took: clock::since(began),
            path: IdentityPath::Load,
            expires: None,
            error: None,
        };
        match served {
            Ok(Ok((credentials, path))) => {
                request.path = path;
                request.expires = expiry(&credentials);
            }
            Ok(Err(error)) => {
                let outcome = match &error {
                    Unserved::Setup(_) => Outcome::Other,
                    Unserved::Fetch(error) => credentials_outcome(error, last),
                };
                request.error = Some((outcome, error_text(&error)));
            }
            Err(_) => {
                let error = format!("no credentials within {limit:?}");
                request.error = Some((Outcome::Timeout, error));
            }
        }
        request
    }

    async fn credentials(&mut self) -> Served {
        match self.task.cache {
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
        let now = clock::wall();
        let good = |held: &&Credentials| held.expiry().is_none_or(|expiry| now < expiry);
        if let Some(held) = self.credentials.as_ref().filter(good) {
            return Ok((held.clone(), IdentityPath::Hit));
        }
        if self.provider.is_none() {
            self.provider = Some(self.provider().await?);
        }
        let provider = self.provider.as_ref();
        let provider = provider.ok_or_else(CredentialsError::not_loaded_no_source)?;
        let fetched = provider.provide_credentials().await?;
        self.credentials = Some(fetched.clone());
        Ok((fetched, IdentityPath::Load))
    }

    /// With nothing kept in memory: what each request of a PHP worker would do.
    async fn kept_in_file(&self) -> Served {
        let cache = FileCache::builder(self.named.key())
            .directory(&self.task.directory)
            .limit(self.task.timeout);
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
