//! The first screen of what programs asked of the lab.

use super::parts::{Screen, Sentence};
use crate::document::LabResult;
use crate::figures;
use crate::render::lab::requests;

pub(super) fn screen(result: &LabResult) -> Screen {
    let asked: u64 = result.requests.values().map(|n| n.count).sum();
    let failed: u64 = result.requests.values().map(|n| n.count - n.ok).sum();
    let asked = figures::counted(asked, "request");
    let text = match failed {
        0 => format!("{asked} reached the lab, all answered."),
        failed => format!(
            "{asked} reached the lab, {} of them not answered with success.",
            figures::count(failed)
        ),
    };
    Screen {
        title: format!("Requests that reached the lab `{}`", result.scenario),
        answer: vec![Sentence::plain(text)],
        table: (!result.requests.is_empty()).then(|| requests(result)),
        ..Screen::default()
    }
}
