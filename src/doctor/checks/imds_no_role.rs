//! The instance has no role.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "imds-no-role",
    level: Level::Error,
    title: "the instance has no role",
    explanation: "Instance metadata answers, and there is no role in it: no instance profile is attached to the instance, or its role was deleted.",
    consequence: "Metadata gives no credentials, although everything about it works.",
    remedy: "attach an instance profile: aws ec2 associate-iam-instance-profile --instance-id ID --iam-instance-profile Name=NAME",
    reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html",
    provoked_by: "lab scenario `imds-no-role`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let metadata = seen.metadata.as_ref()?;
    if (metadata.token.status(), metadata.role.status()) != (Some(200), Some(404)) {
        return None;
    }
    let level = if seen.winner().is_some() {
        Level::Info
    } else {
        Level::Error
    };
    let evidence = format!("{}: a token was given, the role is 404", metadata.endpoint);
    Some(Sighting::new(level, CHECK.title, evidence))
}
