//! The task metadata endpoint that ECS gives its containers, version 4: where a task learns its zone.

use http::StatusCode;
use serde_json::json;

use crate::lab::issuer::ACCOUNT;
use crate::lab::response::{Response, response};
use crate::lab::state::{CALLERS_ZONE, LabState};

/// The lab's task, which is also its role session's name.
pub(super) const NAME: &str = "awscreds-bench-task-1";
/// What `ECS_CONTAINER_METADATA_URI_V4` ends in.
pub(in crate::lab) const PATH: &str = "/v4/awscreds-bench-task-1";

/// Answers for the container (the path itself) and for its task (`/task` under it).
pub(super) fn metadata(path: &str, state: &LabState) -> Response {
    let region = &state.scenario.region;
    let arn = |what: &str| format!("arn:aws:ecs:{region}:{ACCOUNT}:{what}");
    let task = arn("task/awscreds-bench/awscreds-bench-task-1");
    let body = match path
        .strip_prefix(PATH)
        .map(|rest| rest.trim_end_matches('/'))
    {
        Some("") => json!({
            "DockerId": NAME,
            "Name": "client",
            "ContainerARN": arn("container/awscreds-bench/awscreds-bench-task-1/client"),
            "Labels": {"com.amazonaws.ecs.task-arn": task},
        }),
        Some("/task") => json!({
            "Cluster": "awscreds-bench",
            "TaskARN": task,
            "Family": "client",
            "Revision": "1",
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
            "AvailabilityZone": state.zone_name(CALLERS_ZONE),
            "LaunchType": "FARGATE",
        }),
        _ => return response(StatusCode::NOT_FOUND, "text/plain", "404 page not found"),
    };
    response(StatusCode::OK, "application/json", body.to_string())
}
