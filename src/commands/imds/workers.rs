//! Worker processes: started together, begun together, and listened to until they end.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::worker::{Cache, Message, Task, WorkerRequest};
use crate::client::{ArmFacts, timeline};
use crate::credentials::Variables;
use crate::measure::load::CallFuture;
use crate::measure::{Call, Sample, Stop};
use crate::run::{Failure, Fresh, Hint};

const HINT: &str = "try fewer --workers";

/// What the workers of one arm reported.
#[derive(Default)]
pub(super) struct WorkerResults {
    /// Requests with the number of the worker that served them.
    pub(super) requests: Vec<(usize, WorkerRequest)>,
    pub(super) facts: ArmFacts,
    /// False if the workers were stopped before they had ended.
    pub(super) complete: bool,
}

/// Started processes that wait for their beginning. They end when the value goes.
pub(super) struct Workers(Vec<Process>);

struct Process {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Workers {
    /// Starts a process of this program for each task, with `variables` for its environment, and waits until all
    /// of them are ready.
    pub(super) async fn start(
        tasks: impl Iterator<Item = Task>,
        variables: &Variables,
    ) -> Result<Self, Failure> {
        let start = |task| Process::start(&task, variables).hint(HINT);
        let mut processes = tasks.map(start).collect::<Result<Vec<_>, _>>()?;
        for process in &mut processes {
            if !matches!(process.next().await, Some(Message::Ready)) {
                return Err(anyhow!("a worker process ended before it was ready")).hint(HINT);
            }
        }
        Ok(Self(processes))
    }

    /// Lets them begin, all at once, and listens until the last one has ended; `served` counts the requests.
    pub(super) async fn run(self, stop: &Stop, served: &AtomicU64) -> WorkerResults {
        let (sender, mut receiver) = unbounded_channel();
        let (mut ended, workers) = (0, self.0.len());
        let mut processes = JoinSet::new();
        for (worker, process) in self.0.into_iter().enumerate() {
            processes.spawn(process.run(worker, sender.clone()));
        }
        drop(sender);
        let mut results = WorkerResults::default();
        loop {
            tokio::select! {
                message = receiver.recv() => match message {
                    Some((worker, Message::Request(request))) => {
                        served.fetch_add(1, Ordering::Relaxed);
                        results.requests.push((worker, request));
                    }
                    Some((_, Message::Exchanges(exchanges))) => {
                        ended += 1;
                        for (operation, stats) in exchanges {
                            results.facts.exchanges.absorb(&operation, &stats);
                        }
                    }
                    Some((_, Message::Ready)) => (),
                    None => break,
                },
                () = stop.stopped() => break,
            }
        }
        results.complete = ended == workers;
        results
    }
}

/// First requests, each served by a process that was started for it and finds nothing in a file.
pub(super) fn first_requests(task: &Task, cache: Cache, variables: &Variables) -> Fresh {
    let facts = Arc::<ArmFacts>::default();
    let call = Arc::new(FirstRequest {
        task: Task {
            cache,
            offset: Duration::ZERO,
            requests: Some(1),
            ..task.clone()
        },
        variables: variables.clone(),
        facts: Arc::clone(&facts),
    });
    Fresh { call, facts }
}

struct FirstRequest {
    task: Task,
    variables: Variables,
    facts: Arc<ArmFacts>,
}

impl Call for FirstRequest {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async {
            let served = self.serve().await;
            served.unwrap_or_else(|failure| timeline::never_sent(failure.error.to_string()))
        })
    }
}

impl FirstRequest {
    async fn serve(&self) -> Result<Sample, Failure> {
        let folder = tempfile::tempdir().context("cannot make a directory for the cache")?;
        let task = Task {
            directory: folder.path().join("credentials"),
            ..self.task.clone()
        };
        let workers = Workers::start(std::iter::once(task), &self.variables).await?;
        let mut results = workers.run(&Stop::default(), &AtomicU64::new(0)).await;
        for (operation, stats) in results.facts.exchanges.snapshot() {
            self.facts.exchanges.absorb(&operation, &stats);
        }
        let served = results.requests.pop();
        let (_, request) = served.context("a worker process ended before it had served")?;
        Ok(request.sample())
    }
}

impl Process {
    fn start(task: &Task, variables: &Variables) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let task = serde_json::to_string(task).context("a worker's task does not go into JSON")?;
        let mut command = Command::new(program);
        command
            .args(["imds-worker", &task])
            .env_clear()
            .envs(variables);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start a worker process")?;
        let output = child.stdout.take().context("a worker has no output")?;
        Ok(Self {
            child,
            output: BufReader::new(output).lines(),
        })
    }

    /// Lets it begin, and hands on what it says until it has ended.
    async fn run(mut self, worker: usize, sender: UnboundedSender<(usize, Message)>) {
        if let Some(mut input) = self.child.stdin.take() {
            // A worker that has died has nothing more to tell, which its results will show.
            let _ = input.write_all(b"begin\n").await;
        }
        while let Some(message) = self.next().await {
            if sender.send((worker, message)).is_err() {
                return;
            }
        }
        // It has said its last; how it ends makes no difference any more.
        let _ = self.child.wait().await;
    }

    /// The next line; `None` at the end, and for one that was cut off.
    async fn next(&mut self) -> Option<Message> {
        let line = self.output.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let running = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(running) = running {
            // It is told, and not killed, as it has to end what its source has started. Gone already is as good.
            let _ = kill_process(running, Signal::TERM);
        }
    }
}
