//! The one pipeline of a measuring run: setup → arms → plan → measured → findings → document.
//!
//! A command begins a [`Session`] (the lab if asked for, the AWS configuration, signals), makes its [`ArmCall`]s with
//! the session's setup, warms them up, measures them with a [`Run`], and ends that with its own findings; a document
//! comes up. What only one command does is in that command's file; how a document looks is not known here.

mod assemble;
mod console;
mod credibility;
mod failure;
mod first_call;
mod first_finding;
mod head;
mod lab;
mod limits;
mod options;
mod pipeline;
mod session;
mod signals;
mod target;

pub use assemble::{arm, comparison, quantiles};
pub use console::Console;
pub use failure::{Failure, Hint};
pub use first_call::{FirstCalls, Fresh};
pub use head::{environment, head, rfc3339};
pub use lab::{LabRequests, RunningLab, load_scenario, since};
pub use limits::met_own_limit;
pub use options::{
    CheckOptions, Color, LoadOptions, MeasuringOptions, OutputOptions, PacingOptions,
    TargetOptions, USUAL_SCENARIO,
};
pub(crate) use options::{at_least_one, distinct, duration, rate, workers};
pub use pipeline::{ArmCall, Run, names};
pub use session::{Session, unless_stopped};
pub use signals::{Signals, interrupted_twice, leave, stop_on_signal};
pub use target::{client_variables, source_of};
