//! A signer that does as it is told, right or wrong: written for these cases alone, from the description of the
//! protocol, so that it shares nothing with the lab's checker or the SDK's signer.

use std::fmt::Write;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

use super::case::{Base, Case};

/// Who signs.
pub struct Signer {
    pub key: String,
    pub secret: String,
    pub token: Option<String>,
}

/// A request as it is sent.
pub struct Wire {
    pub head: String,
    pub body: Vec<u8>,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const OBJECT: &str = "/awscreds-bench-lab/object-1k";
const NEW_OBJECT: &str = "/awscreds-bench-lab/put-by-a-case";
const FORM: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const TRAILER: &str = "x-amz-checksum-crc32";

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let mut escaped = String::new();
    for byte in text.bytes() {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// The scope and the time, and what is made of a secret by them.
struct Signing {
    stamp: String,
    scope: String,
    key: Vec<u8>,
}

impl Signing {
    fn new(case: &Case, secret: &str, now: SystemTime) -> Self {
        let now = OffsetDateTime::from(now) + time::Duration::seconds(case.signed.ahead);
        let form = format_description!("[year][month][day]T[hour][minute][second]Z");
        let stamp = now.format(form).unwrap();
        let or = |own: &Option<String>, usual: &str| own.clone().unwrap_or(usual.to_owned());
        let service = if case.base.is_sts() { "sts" } else { "s3" };
        let scope = [
            or(&case.signed.day, &stamp[..8]),
            or(&case.signed.region, "eu-west-1"),
            or(&case.signed.service, service),
            or(&case.signed.terminator, "aws4_request"),
        ];
        let secret = format!("AWS4{secret}").into_bytes();
        let key = scope.iter().fold(secret, |key, part| hmac(&key, part));
        Self {
            stamp,
            scope: scope.join("/"),
            key,
        }
    }

    fn sign(&self, algorithm: &str, rest: &str) -> String {
        let (stamp, scope) = (&self.stamp, &self.scope);
        hex::encode(hmac(
            &self.key,
            &format!("{algorithm}\n{stamp}\n{scope}\n{rest}"),
        ))
    }
}

/// What is known of a request before it is signed.
struct Draft {
    method: &'static str,
    path: String,
    /// As they are sent.
    query: Vec<String>,
    headers: Vec<[String; 2]>,
    body: Vec<u8>,
    /// What is signed for the body.
    hash: String,
}

impl Draft {
    fn new(case: &Case, host: &str, keys: &Signer) -> Self {
        let (base, signed) = (case.base, &case.signed);
        let body = match base {
            Base::Sts => FORM.as_bytes().to_vec(),
            base if base.chunks().is_some() => Vec::new(),
            base if base.is_put() => b"hello".to_vec(),
            _ => Vec::new(),
        };
        let body = signed
            .body
            .as_ref()
            .map_or(body, |own| own.clone().into_bytes());
        let usual = match (base.chunks(), base) {
            (Some(chunks), _) => chunks.to_owned(),
            (None, Base::S3Presigned | Base::S3PresignedPut) => "UNSIGNED-PAYLOAD".to_owned(),
            _ => hash(&body),
        };
        let hash = signed.hash.clone().unwrap_or(usual);
        let host = signed.host.as_deref().unwrap_or(host);
        let mut headers = vec![["host".to_owned(), host.to_owned()]];
        let mut header =
            |name: &str, value: &str| headers.push([name.to_owned(), value.to_owned()]);
        if base == Base::Sts {
            header("content-type", "application/x-www-form-urlencoded");
        }
        if !base.is_sts() && !base.is_presigned() {
            header("x-amz-content-sha256", &hash);
        }
        if base.chunks().is_some() {
            let sizes: usize = signed.sizes().iter().sum();
            let length = signed.decoded_length.clone().unwrap_or(sizes.to_string());
            header("content-encoding", "aws-chunked");
            header("x-amz-decoded-content-length", &length);
            if base != Base::S3Chunks {
                header("x-amz-trailer", TRAILER);
            }
        }
        if let Some(token) = &keys.token
            && !base.is_presigned()
        {
            header("x-amz-security-token", token);
        }
        headers.extend(signed.headers.iter().cloned());
        let usual = match base {
            base if base.is_sts() => "/",
            base if base.is_put() => NEW_OBJECT,
            _ => OBJECT,
        };
        let form = FORM.split('&').map(str::to_owned);
        Self {
            method: match base {
                Base::Sts => "POST",
                base if base.is_put() => "PUT",
                _ => "GET",
            },
            path: signed.path.clone().unwrap_or(usual.to_owned()),
            query: match base {
                Base::StsPresigned => form.chain(signed.query.clone()).collect(),
                _ => signed.query.clone(),
            },
            headers,
            body,
            hash,
        }
    }

    /// The names of the headers that are signed, in order.
    fn signed_names(&self, case: &Case) -> Vec<String> {
        let own = self.headers.iter().map(|[name, _]| name.to_lowercase());
        let mut names: Vec<String> = own
            .filter(|name| !case.signed.unsigned.contains(name))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn canonical(&self, case: &Case, list: &str) -> String {
        let signed = &case.signed;
        let mut query = self.query.clone();
        for pair in &mut query {
            if !pair.contains('=') {
                pair.push('=');
            }
        }
        query.sort();
        let query = signed.sign_query.clone().unwrap_or(query.join("&"));
        let mut headers = String::new();
        for name in list.split(';') {
            let own = self
                .headers
                .iter()
                .filter(|[own, _]| own.eq_ignore_ascii_case(name));
            let values: Vec<String> = own
                .map(|[_, value]| value.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect();
            let value = match &signed.sign_host {
                Some(host) if name == "host" => host.clone(),
                _ => values.join(","),
            };
            let _ = writeln!(headers, "{name}:{value}");
        }
        let path = signed.sign_path.as_ref().unwrap_or(&self.path);
        format!(
            "{}\n{path}\n{query}\n{headers}\n{list}\n{}",
            self.method, self.hash
        )
    }
}

impl super::case::Signed {
    /// Bytes of the chunks before the last, empty one.
    fn sizes(&self) -> Vec<usize> {
        self.chunks.clone().unwrap_or(vec![8192, 100])
    }
}

/// The request that a case sends to the lab at `host`.
pub fn request(case: &Case, host: &str, keys: &Signer, now: SystemTime) -> Wire {
    let signed = &case.signed;
    let secret = signed.secret.as_ref().unwrap_or(&keys.secret);
    let signing = Signing::new(case, secret, now);
    let mut draft = Draft::new(case, host, keys);
    let credential = format!(
        "{}/{}",
        signed.key.as_ref().unwrap_or(&keys.key),
        signing.scope
    );
    if !case.base.is_presigned() {
        draft
            .headers
            .push(["x-amz-date".to_owned(), signing.stamp.clone()]);
    }
    draft
        .headers
        .retain(|[name, _]| !signed.without.contains(name));
    let list = signed
        .sign_list
        .clone()
        .unwrap_or(draft.signed_names(case).join(";"));
    if case.base.is_presigned() {
        let expires = signed.expires.as_deref().unwrap_or("60");
        for (name, value) in [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &signing.stamp),
            ("X-Amz-Expires", expires),
            ("X-Amz-SignedHeaders", &list),
        ] {
            draft.query.push(format!("{name}={}", escaped(value)));
        }
        if let Some(token) = &keys.token {
            draft
                .query
                .push(format!("X-Amz-Security-Token={}", escaped(token)));
        }
        draft.query.retain(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !signed.without.iter().any(|gone| gone == name)
        });
    }
    let digest = hash(draft.canonical(case, &list).as_bytes());
    let mut signature = signing.sign(ALGORITHM, &digest);
    if case.base.chunks().is_some() {
        draft.body = chunked(case, &signing, &signature);
    }
    if case.sent.upper_case_signature {
        signature = signature.to_uppercase();
    }
    if case.base.is_presigned() {
        draft.query.push(format!("X-Amz-Signature={signature}"));
    } else {
        let text = format!(
            "{ALGORITHM} Credential={credential}, SignedHeaders={list}, Signature={signature}"
        );
        draft.headers.push(["authorization".to_owned(), text]);
    }
    sent(case, draft)
}

/// The chunks, each signed over the signature before it.
fn chunked(case: &Case, signing: &Signing, seed: &str) -> Vec<u8> {
    let (signed, mut body, mut previous) = (
        case.base != Base::S3UnsignedTrailer,
        Vec::new(),
        seed.to_owned(),
    );
    let mut whole = Vec::new();
    let sizes = case.signed.sizes().into_iter().chain([0]);
    for (number, size) in sizes.enumerate() {
        let data = vec![b'a'; size];
        whole.extend_from_slice(&data);
        let rest = format!("{previous}\n{}\n{}", hash(b""), hash(&data));
        previous = signing.sign("AWS4-HMAC-SHA256-PAYLOAD", &rest);
        let _ = match (signed, case.sent.wrong_chunk_signature == Some(number)) {
            (true, false) => write!(
                body_text(&mut body),
                "{size:x};chunk-signature={previous}\r\n"
            ),
            (true, true) => write!(
                body_text(&mut body),
                "{size:x};chunk-signature={}\r\n",
                hash(b"another")
            ),
            (false, _) => write!(body_text(&mut body), "{size:x}\r\n"),
        };
        body.extend(data);
        if size > 0 {
            body.extend(b"\r\n");
        }
    }
    if case.base != Base::S3Chunks {
        let checksum = checksum(&whole);
        let line = format!("{TRAILER}:{checksum}");
        let rest = format!("{previous}\n{}", hash(format!("{line}\n").as_bytes()));
        let signature = signing.sign("AWS4-HMAC-SHA256-TRAILER", &rest);
        body.extend(format!("{line}\r\n").bytes());
        if signed {
            body.extend(format!("x-amz-trailer-signature:{signature}\r\n").bytes());
        }
    }
    body.extend(b"\r\n");
    body
}

/// Text goes onto the end of bytes.
fn body_text(body: &mut Vec<u8>) -> impl Write + '_ {
    struct Text<'a>(&'a mut Vec<u8>);
    impl Write for Text<'_> {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0.extend(text.bytes());
            Ok(())
        }
    }
    Text(body)
}

/// CRC-32 as S3 writes it.
fn checksum(bytes: &[u8]) -> String {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (0xEDB8_8320 * (crc & 1));
        }
    }
    STANDARD.encode((!crc).to_be_bytes())
}

/// The request as it goes out, with what is done to it on the way.
fn sent(case: &Case, draft: Draft) -> Wire {
    let sent = &case.sent;
    let replaced = |text: String, pairs: &[[String; 2]]| {
        pairs.iter().fold(text, |text, [from, to]| {
            assert!(
                text.contains(from.as_str()),
                "{}: no {from} in {text}",
                case.name
            );
            text.replace(from.as_str(), to)
        })
    };
    let body = if sent.replace_body.is_empty() {
        draft.body
    } else {
        replaced(String::from_utf8(draft.body).unwrap(), &sent.replace_body).into_bytes()
    };
    let body = body[..body.len() - sent.cut].to_vec();
    let query = draft.query.join("&");
    let question = if query.is_empty() { "" } else { "?" };
    let mut head = format!(
        "{} {}{question}{query} HTTP/1.1\r\n",
        draft.method, draft.path
    );
    for [name, value] in &draft.headers {
        if !sent.remove.contains(name) {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    for line in &sent.add {
        let _ = write!(head, "{line}\r\n");
    }
    let _ = write!(
        head,
        "content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    Wire {
        head: replaced(head, &sent.replace),
        body,
    }
}
