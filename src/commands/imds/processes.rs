//! Worker processes: started together, begun together, and listened to until they end.

use std::process::Stdio;

use anyhow::{Context, anyhow};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::told::{Request, Told};
use crate::commands::Failure;
use crate::credentials::{ExchangeStats, Variables};
use crate::measure::Stop;

/// What the workers of one arm told.
#[derive(Default)]
pub(super) struct Heard {
    /// Requests with the number of the worker that served them.
    pub(super) requests: Vec<(usize, Request)>,
    pub(super) exchanges: Vec<(String, ExchangeStats)>,
    /// False if the workers were stopped before they had ended.
    pub(super) complete: bool,
}

/// Started processes that wait for their beginning. They end when the value goes.
pub(super) struct Processes(Vec<(Child, Lines<BufReader<ChildStdout>>)>);

impl Processes {
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
            if !matches!(next(lines).await, Some(Told::Ready)) {
                return Err(unstarted(anyhow!(
                    "a worker process ended before it was ready"
                )));
            }
        }
        Ok(Self(processes))
    }

    /// Lets them begin, all at once, and listens until the last one has ended; `served` hears of each request.
    pub(super) async fn run(self, stop: &Stop, mut served: impl FnMut()) -> Heard {
        let (sender, mut receiver) = unbounded_channel();
        let mut children = Vec::new();
        for (worker, (mut child, lines)) in self.0.into_iter().enumerate() {
            if let Some(mut input) = child.stdin.take() {
                // A worker that has died has nothing more to tell, which is what is heard of it.
                let _ = input.write_all(b"begin\n").await;
            }
            tokio::spawn(listen(worker, lines, sender.clone()));
            children.push(child);
        }
        drop(sender);
        let mut heard = Heard::default();
        let mut ended = 0;
        let workers = children.len();
        loop {
            tokio::select! {
                told = receiver.recv() => match told {
                    Some((worker, Told::Request(request))) => {
                        served();
                        heard.requests.push((worker, request));
                    }
                    Some((_, Told::Exchanges(exchanges))) => {
                        ended += 1;
                        let exchanges = exchanges.into_iter();
                        heard.exchanges.extend(exchanges.map(|(name, all)| (name, all.stats())));
                    }
                    Some((_, Told::Ready)) => (),
                    None => break,
                },
                () = stop.stopped() => break,
            }
        }
        heard.complete = ended == workers;
        for mut child in children {
            if heard.complete {
                // It has said its last; how it ends makes no difference any more.
                let _ = child.wait().await;
            }
        }
        heard
    }
}

async fn listen(
    worker: usize,
    mut lines: Lines<BufReader<ChildStdout>>,
    sender: UnboundedSender<(usize, Told)>,
) {
    while let Some(told) = next(&mut lines).await {
        if sender.send((worker, told)).is_err() {
            return;
        }
    }
}

/// The next line; `None` at the end, and for one that was cut off.
async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<Told> {
    let line = lines.next_line().await.ok()??;
    serde_json::from_str(&line).ok()
}

fn unstarted(error: anyhow::Error) -> Failure {
    Failure::new(error, "try fewer --workers")
}
