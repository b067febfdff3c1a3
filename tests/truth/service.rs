//! What services answer: the least that the SDK takes for an answer.

use super::server::answer;

/// STS to `GetCallerIdentity`.
pub fn caller_identity() -> Vec<u8> {
    answer(200, "content-type: text/xml\r\n", CALLER)
}

pub const CALLER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>AIDA</UserId>\
    <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// A refusal of STS.
pub fn refusal(status: u16, headers: &str, code: &str) -> Vec<u8> {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    );
    answer(
        status,
        &format!("content-type: text/xml\r\n{headers}"),
        &body,
    )
}
