//! The task metadata endpoint that ECS gives its containers, version 4: where a task learns its zone.

use http::StatusCode;
use serde_json::json;

use super::issuer::ACCOUNT;
use super::reply::{Response, reply};
use super::stage::Turn;

/// What `ECS_CONTAINER_METADATA_URI_V4` ends in.
pub(super) const PATH: &str = "/v4/awscreds-bench-task-1";
/// The name that requests are counted under.
pub(super) const OPERATION: &str = "container:metadata";

/// Answers for the container (the path itself) and for its task (`/task` under it).
pub(super) async fn answer(turn: Turn<'_>, path: &str, region: &str, zone: &str) -> Response {
    turn.due().await;
    let arn = |what: &str| format!("arn:aws:ecs:{region}:{ACCOUNT}:{what}");
    let task = arn("task/awscreds-bench/awscreds-bench-task-1");
    let body = match path
        .strip_prefix(PATH)
        .map(|rest| rest.trim_end_matches('/'))
    {
        Some("") => json!({
            "DockerId": "awscreds-bench-task-1",
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
            "AvailabilityZone": zone,
            "LaunchType": "FARGATE",
        }),
        _ => {
            return reply(StatusCode::NOT_FOUND, "text/plain", "404 page not found");
        }
    };
    reply(StatusCode::OK, "application/json", body.to_string())
}
