//! Worker processes: started together, begun together, and listened to until they end.

use std::process::Stdio;

use anyhow::{Context, anyhow};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::message::{Message, WorkerRequest};

use crate::credentials::{ExchangeStats, Variables};
use crate::measure::Stop;
use crate::run::Failure;

/// What the workers of one arm reported.
#[derive(Default)]
pub(super) struct WorkerResults {
    /// Requests with the number of the worker that served them.
    pub(super) requests: Vec<(usize, WorkerRequest)>,
    pub(super) exchanges: Vec<(String, ExchangeStats)>,
    /// False if the workers were stopped before they had ended.
    pub(super) complete: bool,
}

/// Started processes that wait for their beginning. They end when the value goes.
pub(super) struct Workers(Vec<(Child, Lines<BufReader<ChildStdout>>)>);

impl Workers {
    /// Starts a process of this program for each list of arguments, with `variables` for its environment, and waits
    /// until all of them are ready.
    pub(super) async fn start(
        arguments: Vec<Vec<String>>,
        variables: &Variables,
    ) -> Result<Self, Failure> {
        let program = std::env::current_exe();
        let program = program
            .context("cannot find this program")
            .map_err(unstarted)?;
        let mut processes = Vec::new();
        for arguments in arguments {
            let mut command = Command::new(&program);
            command.args(arguments).env_clear().envs(variables);
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            let child = command.kill_on_drop(true).spawn();
            let mut child = child
                .context("cannot start a worker process")
                .map_err(unstarted)?;
            let out = child.stdout.take().context("a worker has no output");
            let lines = BufReader::new(out.map_err(unstarted)?).lines();
            processes.push((child, lines));
        }
        for (_, lines) in &mut processes {
            if !matches!(next(lines).await, Some(Message::Ready)) {
                return Err(unstarted(anyhow!(
                    "a worker process ended before it was ready"
                )));
            }
        }
        Ok(Self(processes))
    }

    /// Lets them begin, all at once, and listens until the last one has ended; `served` hears of each request.
    pub(super) async fn run(self, stop: &Stop, mut served: impl FnMut()) -> WorkerResults {
        let (sender, mut receiver) = unbounded_channel();
        let mut children = Vec::new();
        for (worker, (mut child, lines)) in self.0.into_iter().enumerate() {
            if let Some(mut input) = child.stdin.take() {
                // A worker that has died has nothing more to tell, which is what is results of it.
                let _ = input.write_all(b"begin\n").await;
            }
            tokio::spawn(listen(worker, lines, sender.clone()));
            children.push(child);
        }
        drop(sender);
        let mut results = WorkerResults::default();
        let mut ended = 0;
        let workers = children.len();
        loop {
            tokio::select! {
                message = receiver.recv() => match message {
                    Some((worker, Message::Request(request))) => {
                        served();
                        results.requests.push((worker, request));
                    }
                    Some((_, Message::Exchanges(exchanges))) => {
                        ended += 1;
                        let exchanges = exchanges.into_iter();
                        results.exchanges.extend(exchanges.map(|(name, all)| (name, all.stats())));
                    }
                    Some((_, Message::Ready)) => (),
                    None => break,
                },
                () = stop.stopped() => break,
            }
        }
        results.complete = ended == workers;
        for mut child in children {
            if results.complete {
                // It has said its last; how it ends makes no difference any more.
                let _ = child.wait().await;
            }
        }
        results
    }
}

async fn listen(
    worker: usize,
    mut lines: Lines<BufReader<ChildStdout>>,
    sender: UnboundedSender<(usize, Message)>,
) {
    while let Some(message) = next(&mut lines).await {
        if sender.send((worker, message)).is_err() {
            return;
        }
    }
}

/// The next line; `None` at the end, and for one that was cut off.
async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Message> {
    let line = lines.next_line().await.ok()??;
    serde_json::from_str(&line).ok()
}

fn unstarted(error: anyhow::Error) -> Failure {
    Failure::new(error, "try fewer --workers")
}
