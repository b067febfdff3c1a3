//! Bodies in chunks, each with a signature or all with a trailer (Amazon S3 API Reference, "Signature Calculations
//! for the Authorization Header: Transferring Payload in Multiple Chunks", and the same "with trailing headers").

use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use crate::lab::sigv4::SigningKey;

/// Of all chunks but the last.
const SMALLEST: usize = 8192;
/// Bytes in a line beside the data.
const LONGEST_LINE: usize = 1024;
const MOST_TRAILERS: usize = 16;

/// What the body says of itself in `x-amz-content-sha256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) signed: bool,
    pub(super) trailer: bool,
}

/// The key, and the signature of the request's head: each chunk is signed over the signature before it.
pub(super) struct Chain<'a> {
    pub(super) key: &'a SigningKey,
    pub(super) seed: &'a str,
}

/// What is in the chunks.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) data: Vec<u8>,
    pub(super) trailers: HeaderMap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkError {
    /// It ends before its end, or is not made of chunks.
    Incomplete,
    /// A chunk that is not the last has less than it must.
    Small,
    Signature,
    Trailer,
}

/// Takes the chunks apart and checks every signature in them.
pub(super) fn decode(body: &[u8], form: Form, chain: &Chain<'_>) -> Result<Decoded, ChunkError> {
    let mut reader = Reader {
        rest: body,
        previous: chain.seed.to_owned(),
        key: form.signed.then_some(chain.key),
    };
    let mut decoded = Decoded::default();
    let mut last_had_enough = true;
    loop {
        let data = reader.chunk()?;
        if data.is_empty() {
            break;
        }
        if !last_had_enough {
            return Err(ChunkError::Small);
        }
        last_had_enough = data.len() >= SMALLEST;
        decoded.data.extend_from_slice(data);
    }
    if form.trailer {
        decoded.trailers = reader.trailers()?;
    } else if !reader.line()?.is_empty() {
        return Err(ChunkError::Incomplete);
    }
    if reader.rest.is_empty() {
        Ok(decoded)
    } else {
        Err(ChunkError::Incomplete)
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    /// The signature before the next one.
    previous: String,
    /// Of a body whose chunks are signed.
    key: Option<&'a SigningKey>,
}

impl<'a> Reader<'a> {
    /// Up to the next line's end, which is left out.
    fn line(&mut self) -> Result<&'a str, ChunkError> {
        let within = &self.rest[..self.rest.len().min(LONGEST_LINE)];
        let end = within.windows(2).position(|pair| pair == b"\r\n");
        let (line, rest) = self.rest.split_at(end.ok_or(ChunkError::Incomplete)?);
        self.rest = &rest[2..];
        std::str::from_utf8(line).map_err(|_| ChunkError::Incomplete)
    }

    /// The data of the next chunk; none in the last one, whose end is the body's.
    fn chunk(&mut self) -> Result<&'a [u8], ChunkError> {
        let line = self.line()?;
        let (size, signature) = match line.split_once(";chunk-signature=") {
            Some((size, signature)) => (size, Some(signature)),
            None => (line, None),
        };
        let digits = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = usize::from_str_radix(size, 16).ok().filter(|_| digits);
        let data = self
            .rest
            .split_at_checked(size.ok_or(ChunkError::Incomplete)?);
        let (data, rest) = data.ok_or(ChunkError::Incomplete)?;
        let hashes = [&[][..], data].map(|bytes| hex::encode(Sha256::digest(bytes)));
        self.verify("AWS4-HMAC-SHA256-PAYLOAD", &hashes.join("\n"), signature)?;
        if !data.is_empty() {
            self.rest = rest.strip_prefix(b"\r\n").ok_or(ChunkError::Incomplete)?;
        }
        Ok(data)
    }

    /// The headers after the last chunk.
    fn trailers(&mut self) -> Result<HeaderMap, ChunkError> {
        let (mut trailers, mut signed, mut signature) = (HeaderMap::new(), String::new(), None);
        loop {
            let line = self.line()?.trim();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or(ChunkError::Trailer)?;
            if name == "x-amz-trailer-signature" {
                signature = Some(value);
                continue;
            }
            let header =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| ChunkError::Trailer)?;
            let own = HeaderValue::from_str(value).map_err(|_| ChunkError::Trailer)?;
            signed.extend([name, ":", value.trim(), "\n"]);
            trailers.insert(header, own);
            if trailers.len() > MOST_TRAILERS {
                return Err(ChunkError::Trailer);
            }
        }
        let hash = hex::encode(Sha256::digest(signed));
        self.verify("AWS4-HMAC-SHA256-TRAILER", &hash, signature)?;
        Ok(trailers)
    }

    /// Whether the next signature of the chain is right, where there is one at all.
    fn verify(
        &mut self,
        algorithm: &str,
        hashes: &str,
        given: Option<&str>,
    ) -> Result<(), ChunkError> {
        let Some(key) = self.key else {
            return Ok(());
        };
        let given = given.ok_or(ChunkError::Signature)?;
        let signed = format!("{}\n{hashes}", self.previous);
        key.verify(algorithm, &signed, given)
            .map_err(|_| ChunkError::Signature)?;
        given.clone_into(&mut self.previous);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::lab::sigv4::{Authorization, Dialect};

    /// The example of the page named above, with its signatures as they are published.
    const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    const CHUNKS: [(usize, &str); 3] = [
        (
            65_536,
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        ),
        (
            1024,
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        ),
        (
            0,
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ),
    ];

    fn published() -> (http::request::Parts, Vec<u8>) {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;\
             x-amz-decoded-content-length;x-amz-storage-class,Signature={SEED}"
        );
        let request = http::Request::put("/examplebucket/chunkObject.txt")
            .header("host", "s3.amazonaws.com")
            .header("x-amz-date", "20130524T000000Z")
            .header("x-amz-storage-class", "REDUCED_REDUNDANCY")
            .header("authorization", authorization)
            .header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
            .header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", "66560")
            .header("content-length", "66824");
        let mut body = Vec::new();
        for (size, signature) in CHUNKS {
            body.extend(format!("{size:x};chunk-signature={signature}\r\n").bytes());
            body.extend(std::iter::repeat_n(b'a', size));
            body.extend(b"\r\n");
        }
        (request.body(()).unwrap().into_parts().0, body)
    }

    const SIGNED: Form = Form {
        signed: true,
        trailer: false,
    };

    /// What becomes of the published body once `change` has been at it.
    fn decoded(change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, ChunkError> {
        let (head, mut body) = published();
        let authorization = Authorization::read(&head, Dialect::S3).unwrap();
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(380_376);
        authorization.check_time(at, Dialect::S3).unwrap();
        authorization.check_signed_headers(&head).unwrap();
        let (hash, secret) = (
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        );
        let key = authorization.check_signature(&head, hash, secret, Dialect::S3);
        let key = key.unwrap();
        change(&mut body);
        decode(
            &body,
            SIGNED,
            &Chain {
                key: &key,
                seed: SEED,
            },
        )
        .map(|decoded| decoded.data)
    }

    #[test]
    fn the_published_example_is_taken_and_no_change_of_it() {
        assert_eq!(decoded(|_| ()).unwrap().len(), 66_560);
        assert_eq!(decoded(|body| body[200] = b'b'), Err(ChunkError::Signature));
        let last = |body: &mut Vec<u8>| body.truncate(body.len() - 86);
        assert_eq!(decoded(last), Err(ChunkError::Incomplete));
        assert_eq!(decoded(|body| body.push(b'a')), Err(ChunkError::Incomplete));
        assert_eq!(decoded(Vec::clear), Err(ChunkError::Incomplete));
    }
}
