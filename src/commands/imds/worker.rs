//! A worker process as web servers keep them: request after request, and for each of them credentials.
//!
//! It is started by [`compare_cache`](super::compare_cache), which it tells in JSON how every request went.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::Context;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::usable::Usable;
use crate::client::{SetupError, credentials_outcome, error_text, provider_of};
use crate::clock;
use crate::commands::command::{Command, Completed, Kind};
use crate::credentials::{ExchangeStats, Exchanges, NamedSource, watching};
use crate::disclosure;
use crate::measure::{IdentityPath, Outcome, Phase, Sample, Stop};
use crate::render;
use crate::run::{CheckOptions, Failure, OutputOptions, environment, stop_on_signal};
use crate::strategies::{CacheLookup, FileCache};

/// Work off requests, each of which needs credentials
#[derive(Args, Clone, Debug)]
pub struct WorkerArgs {
    /// In JSON
    #[arg(value_parser = |json: &str| serde_json::from_str::<Task>(json))]
    task: Task,
}

impl From<WorkerArgs> for Command {
    fn from(args: WorkerArgs) -> Self {
        let (output, checks) = (OutputOptions::default(), CheckOptions::default());
        Self {
            one_thread: true,
            ..Self::new(Kind::Text, output, checks, run(args.task))
        }
    }
}

/// Works until the time is over, or whoever started this process has had enough: what its source has started ends too.
async fn run(task: Task) -> Result<Completed, Failure> {
    let stop = Stop::default();
    stop_on_signal(stop.clone());
    tokio::select! {
        worked = work(task) => worked?,
        () = stop.stopped() => (),
    }
    // All of it was said on the way.
    Ok(Completed::text(String::new()))
}

async fn work(mut task: Task) -> Result<(), Failure> {
    task.named.variables = environment();
    let Task { every, lasting, .. } = task;
    let (mut next, mut left) = (task.offset, task.requests.unwrap_or(u64::MAX));
    let mut worker = Worker {
        task,
        exchanges: Exchanges::default(),
        provider: None,
        credentials: None,
    };
    say(&Message::Ready)?;
    let begun = tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await;
    let begun = begun.map_err(io::Error::from).and_then(|read| read);
    if begun.context("cannot wait for the beginning")? == 0 {
        // Whoever started this process has gone.
        return Ok(());
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
    say(&Message::Exchanges(worker.exchanges.snapshot()))
}

/// A line for whoever started this process.
fn say(message: &Message) -> Result<(), Failure> {
    let line = serde_json::to_string(message).context("what was measured does not go into JSON")?;
    Ok(render::write(None, &(line + "\n")).context("cannot tell what was measured")?)
}

/// What a worker is to do: the argument of its process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) cache: Cache,
    /// Of the file cache.
    pub(super) directory: PathBuf,
    /// In the worker's own environment.
    pub(super) named: NamedSource,
    /// For each request's credentials.
    pub(super) timeout: Duration,
    /// From one request to the next.
    pub(super) every: Duration,
    /// Before the first one, so that workers do not keep step.
    pub(super) offset: Duration,
    pub(super) lasting: Duration,
    pub(super) requests: Option<u64>,
}

/// Where a worker looks for credentials before it asks the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Cache {
    /// Nowhere: each request starts from nothing, as a PHP request does.
    None,
    /// In the process's own memory, until they have expired.
    Memory,
    /// In the file that all processes share.
    File,
}

/// A line that a worker prints.
#[derive(Serialize, Deserialize)]
pub(super) enum Message {
    /// Everything is set up; the next line of standard input begins the work.
    Ready,
    Request(WorkerRequest),
    /// The last line: all exchanges with the source, by operation.
    Exchanges(BTreeMap<String, ExchangeStats>),
}

/// How one request came by its credentials. No secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct WorkerRequest {
    /// When it began, since the worker's beginning.
    pub(super) at: Duration,
    pub(super) took: Duration,
    pub(super) path: IdentityPath,
    /// Expiry of what it got, in seconds since 1970: tells one set of credentials from the next.
    pub(super) expires: Option<u64>,
    /// Why it got none.
    pub(super) error: Option<(Outcome, String)>,
}

impl WorkerRequest {
    /// Whether this request got its credentials from the source itself.
    pub(super) fn has_loaded(&self) -> bool {
        self.path == IdentityPath::Load && self.error.is_none()
    }

    /// The request as a measured call: all of it is [`Phase::Identity`].
    pub(super) fn sample(&self) -> Sample {
        let sample = Sample::of_phase(Phase::Identity, self.took).with_identity(self.path);
        match &self.error {
            None => sample,
            Some((outcome, error)) => sample.failed(*outcome, error.clone()),
        }
    }
}

struct Worker {
    task: Task,
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
    /// One request. Its time begins before anything is set up for it.
    async fn serve(&mut self, start: Instant) -> WorkerRequest {
        let began = clock::now();
        let limit = self.task.timeout;
        let (served, last) =
            watching(Box::pin(tokio::time::timeout(limit, self.credentials()))).await;
        let took = clock::since(began);
        // What this process has fetched is not known to the one that it tells.
        let told = |error: String| disclosure::without_secrets(&error);
        let failed = |outcome, error| (IdentityPath::Load, None, Some((outcome, told(error))));
        let (path, expires, error) = match served {
            Ok(Ok((credentials, path))) => (path, expiry(&credentials), None),
            Ok(Err(Unserved::Setup(error))) => failed(Outcome::Other, error_text(&error)),
            Ok(Err(Unserved::Fetch(error))) => {
                failed(credentials_outcome(&error, last), error_text(&error))
            }
            Err(_) => failed(Outcome::Timeout, format!("no credentials within {limit:?}")),
        };
        WorkerRequest {
            at: began.saturating_duration_since(start),
            took,
            path,
            expires,
            error,
        }
    }

    async fn credentials(&mut self) -> Served {
        match self.task.cache {
            Cache::None => {
                let fetched = self.provider().await?.provide_credentials().await?;
                Ok((fetched, IdentityPath::Load))
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
        let provider = match self.provider.take() {
            Some(provider) => provider,
            None => self.provider().await?,
        };
        let fetched = self.provider.insert(provider).provide_credentials().await?;
        self.credentials = Some(fetched.clone());
        Ok((fetched, IdentityPath::Load))
    }

    /// With nothing kept in memory: what each request of a PHP worker would do.
    async fn kept_in_file(&self) -> Served {
        let cache = FileCache::builder(self.task.named.key())
            .disclosed(disclosure::without_secrets)
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
        let provider = provider_of(&self.task.named, &self.exchanges).await?;
        Ok(SharedCredentialsProvider::new(Usable(provider)))
    }
}

fn expiry(credentials: &Credentials) -> Option<u64> {
    let since = credentials.expiry()?.duration_since(UNIX_EPOCH);
    since.ok().map(|since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_comes_back_as_it_was_meant() {
        let took = Duration::from_millis(7);
        let request = WorkerRequest {
            at: Duration::ZERO,
            took,
            path: IdentityPath::Load,
            expires: None,
            error: Some((Outcome::Timeout, "no answer".to_owned())),
        };
        let mut stats = ExchangeStats::default();
        stats.latency.record(took);
        stats.count = 1;
        let exchanges = BTreeMap::from([("imds:token".to_owned(), stats)]);
        let messages = [Message::Request(request), Message::Exchanges(exchanges)];
        let text = serde_json::to_string(&messages).expect("JSON");
        let back: [Message; 2] = serde_json::from_str(&text).expect("JSON");
        let [Message::Request(request), Message::Exchanges(exchanges)] = back else {
            panic!("{text}");
        };
        let sample = request.sample();
        assert_eq!((sample.outcome, sample.total), (Outcome::Timeout, took));
        assert_eq!(sample.phases.claimed(), took);
        assert_eq!((sample.identity.load, request.has_loaded()), (1, false));
        let stats = &exchanges["imds:token"];
        assert_eq!((stats.count, stats.latency.count()), (1, 1));
    }
}
