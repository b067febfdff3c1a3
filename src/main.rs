//! Parse, run, exit code; nothing else.

use std::process::ExitCode;

use anyhow::Context;
use awscreds_bench::cli::Cli;
use awscreds_bench::commands::{Command, execute};
use awscreds_bench::exit::Exit;
use awscreds_bench::panics;
use awscreds_bench::render;
use awscreds_bench::run::{Failure, interrupted_twice, leave};
use clap::Parser;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    panics::tell_in_one_line();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            render::usage(&answer);
            return u8::try_from(answer.exit_code()).unwrap_or(2).into();
        }
    };
    match run(cli.command()) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            render::failure(&failure.to_string());
            failure.exit.into()
        }
    }
}

fn run(command: Command) -> Result<Exit, Failure> {
    let mut runtime = if command.one_thread {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    if command.one_thread {
        // A connection that is flooded must not keep the one thread from its timers.
        runtime.event_interval(1);
    }
    let runtime = runtime.enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = execute(command) => ended,
            () = interrupted_twice() => Ok(Exit::Interrupted),
        }
    });
    // A name lookup that was given up on still holds its thread; nobody waits for that.
    runtime.shutdown_background();
    leave();
    ended
}
