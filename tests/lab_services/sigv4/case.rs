//! One signed request with one thing about it that is not as it should be, as `cases.toml` tells it.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Where rules come from, by the names that cases give.
    pub published: BTreeMap<String, String>,
    /// Why a rule is thought to hold that AWS has not published.
    pub unpublished: BTreeMap<String, String>,
    pub case: Vec<Case>,
}

/// What is sent and signed if nothing else is said.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// `GetCallerIdentity` as a form.
    Sts,
    StsPresigned,
    S3Get,
    S3Put,
    S3Presigned,
    S3PresignedPut,
    /// A body of signed chunks.
    S3Chunks,
    /// The same with a checksum after it.
    S3ChunksTrailer,
    /// Chunks without signatures, and a checksum after them.
    S3UnsignedTrailer,
}

impl Base {
    pub fn is_presigned(self) -> bool {
        matches!(
            self,
            Self::StsPresigned | Self::S3Presigned | Self::S3PresignedPut
        )
    }

    pub fn is_sts(self) -> bool {
        matches!(self, Self::Sts | Self::StsPresigned)
    }

    pub fn is_put(self) -> bool {
        !matches!(
            self,
            Self::Sts | Self::StsPresigned | Self::S3Get | Self::S3Presigned
        )
    }

    /// The `x-amz-content-sha256` of a body in chunks.
    pub fn chunks(self) -> Option<&'static str> {
        match self {
            Self::S3Chunks => Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            Self::S3ChunksTrailer => Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
            Self::S3UnsignedTrailer => Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            _ => None,
        }
    }
}

/// Whose keys sign.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// A user's, without a token.
    #[default]
    Static,
    /// A role session's, whose token is sent and signed.
    Session,
    /// The same, past its end.
    Expired,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    pub base: Base,
    /// The name of a published or unpublished rule.
    pub rule: String,
    /// AWS's answer: the status, and the error's code if it is one.
    pub aws: String,
    #[serde(default)]
    pub keys: Keys,
    #[serde(flatten)]
    pub signed: Signed,
    #[serde(flatten)]
    pub sent: Sent,
}

/// What is done before or while signing.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Signed {
    pub host: Option<String>,
    pub path: Option<String>,
    /// Added to the query, as it is sent.
    pub query: Vec<String>,
    /// Added to the headers.
    pub headers: Vec<[String; 2]>,
    pub body: Option<String>,
    /// Headers that are sent and not signed.
    pub unsigned: Vec<String>,
    /// Headers that are left out.
    pub without: Vec<String>,
    /// The path, the query, the list of headers or the host in what is signed, where it is another.
    pub sign_path: Option<String>,
    pub sign_query: Option<String>,
    pub sign_list: Option<String>,
    pub sign_host: Option<String>,
    /// Parts of the scope.
    pub day: Option<String>,
    pub region: Option<String>,
    pub service: Option<String>,
    pub terminator: Option<String>,
    /// Seconds that the signer's clock is ahead.
    pub ahead: i64,
    pub expires: Option<String>,
    /// What stands for the body in what is signed.
    pub hash: Option<String>,
    pub key: Option<String>,
    pub secret: Option<String>,
    pub token: Option<String>,
    /// Bytes of the chunks before the last, empty one.
    pub chunks: Option<Vec<usize>>,
    /// `x-amz-decoded-content-length`, if it is another.
    pub decoded_length: Option<String>,
}

/// What is done to the request once it is signed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// Lines added to the head.
    pub add: Vec<String>,
    /// Headers taken away.
    pub remove: Vec<String>,
    /// Texts in the head, and what takes their place.
    pub replace: Vec<[String; 2]>,
    pub upper_case_signature: bool,
    /// The same in the body.
    pub replace_body: Vec<[String; 2]>,
    /// Bytes cut off the body's end.
    pub cut: usize,
    /// The number of the chunk whose signature is another's.
    pub wrong_chunk_signature: Option<usize>,
}
