//! What an honest source or service answers, and what of it is secret.

use crate::server::Step;

pub const CONTAINER_PATH: &str = "/credentials";
pub const KEY_ID: &str = "ASIAQHOSTILE7EXAMPLE";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYHOSTILEKEY";
pub const TOKEN: &str = "IQoJb3JpZ2luX2VjEHOSTILEsessionTOKEN/+0123456789abcdef==";
pub const METADATA_TOKEN: &str = "AQAEAHOSTILEmetadataTOKEN0123456789abcdef==";
pub const CONTAINER_TOKEN: &str = "HOSTILEcontainerAUTHORIZATION0123456789";
pub const WEB_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJIT1NUSUxFIjoxfQ.HOSTILEsignature0123456789";

/// None of these may leave the process but where they are asked for.
pub const SECRETS: [&str; 5] = [SECRET, TOKEN, METADATA_TOKEN, CONTAINER_TOKEN, WEB_TOKEN];

/// An answer with a body, and a length that is right.
pub fn http(status: &str, body: &[u8]) -> Vec<u8> {
    with_headers(status, &[], body)
}

pub fn with_headers(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let headers = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers: String = headers.collect();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub fn token(ttl: &str, body: &[u8]) -> Vec<u8> {
    with_headers(
        "200 OK",
        &[("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl)],
        body,
    )
}

/// Credentials as metadata and the container endpoint have them.
pub fn credentials(key_id: &str, expiration: &str) -> String {
    format!(
        r#"{{"Code":"Success","LastUpdated":"2026-01-01T00:00:00Z","Type":"AWS-HMAC","AccessKeyId":"{key_id}","SecretAccessKey":"{SECRET}","Token":"{TOKEN}","Expiration":"{expiration}"}}"#
    )
}

/// The same in the XML of STS.
pub fn assumed(action: &str, key_id: &str, expiration: &str) -> String {
    format!(
        r#"<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials><AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken><Expiration>{expiration}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/x</Arn></AssumedRoleUser></{action}Result></{action}Response>"#
    )
}

pub const FAR: &str = "2099-01-01T00:00:00Z";

const CALLER: &str = r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"#;

/// One instance, which is this very server.
pub const INSTANCES: &str = r#"{"Instances":[{"InstanceId":"i-1","NamespaceName":"demo","ServiceName":"server","HealthStatus":"HEALTHY","Attributes":{"AWS_INSTANCE_IPV4":"127.0.0.1","AWS_INSTANCE_PORT":"9"}}],"InstancesRevision":7}"#;

/// The action of a request to STS.
pub fn action(request: &str) -> &str {
    let action = request.split("Action=").nth(1).unwrap_or_default();
    action.split('&').next().unwrap_or_default()
}

pub fn answer(step: Step, request: &str) -> Vec<u8> {
    match step {
        Step::Token => token("21600", METADATA_TOKEN.as_bytes()),
        Step::Role => http("200 OK", b"role"),
        Step::Credentials | Step::Container => http("200 OK", credentials(KEY_ID, FAR).as_bytes()),
        Step::Place => http("200 OK", b"eu-west-1a"),
        Step::Sts => match action(request) {
            "GetCallerIdentity" => http("200 OK", CALLER.as_bytes()),
            action => http("200 OK", assumed(action, KEY_ID, FAR).as_bytes()),
        },
        Step::S3 => http("200 OK", b"an object"),
        Step::CloudMap => http("200 OK", INSTANCES.as_bytes()),
    }
}
