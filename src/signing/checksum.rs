//! Payload checksums, and the path that a streamed S3 upload takes: the body read in frames, its
//! checksum taken as it goes by, the whole cut into `aws-chunked` chunks with the checksum as a trailer.
//!
//! The parts are the SDK's own, put together as its S3 client does over TLS, where the payload itself
//! is not signed. Over plain HTTP the client also signs each chunk; that is not measured.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use aws_runtime::content_encoding::{AwsChunkedBody, AwsChunkedBodyOptions};
use aws_smithy_checksums::ChecksumAlgorithm;
use aws_smithy_checksums::body::ChecksumCache;
use aws_smithy_checksums::body::calculate::ChecksumBody;
use aws_smithy_checksums::http::HttpChecksum;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// What the streamed body hands out at a time: what the SDK sends as one chunk.
const FRAME: usize = 64 * 1024;

/// The checksums that are timed.
pub const ALGORITHMS: [ChecksumAlgorithm; 3] = [
    ChecksumAlgorithm::Crc32,
    ChecksumAlgorithm::Crc64Nvme,
    ChecksumAlgorithm::Sha256,
];

/// The checksum of a payload in memory.
pub fn of(algorithm: ChecksumAlgorithm, payload: &[u8]) -> Bytes {
    let mut checksum = algorithm.into_impl();
    checksum.update(payload);
    aws_smithy_checksums::Checksum::finalize(checksum)
}

/// Encodes a streamed payload as `aws-chunked` with its checksum as a trailer, reads it to its end as
/// a connection would, and gives the number of bytes that would have been sent.
pub fn send_with_trailer(algorithm: ChecksumAlgorithm, payload: &Bytes) -> u64 {
    let body = SdkBody::from_body_1_x(Frames(payload.clone()));
    let body = ChecksumBody::new(body, algorithm.into_impl()).with_cache(ChecksumCache::new());
    let options = chunked(algorithm, payload.len() as u64);
    let body = AwsChunkedBody::new(SdkBody::from_body_1_x(body), options);
    drain(SdkBody::from_body_1_x(body))
}

/// The length that the SDK would announce for such a body.
pub fn encoded_length(algorithm: ChecksumAlgorithm, payload: u64) -> u64 {
    chunked(algorithm, payload).encoded_length()
}

fn chunked(algorithm: ChecksumAlgorithm, payload: u64) -> AwsChunkedBodyOptions {
    AwsChunkedBodyOptions::default()
        .with_trailer_len(HttpChecksum::size(algorithm.into_impl().as_ref()))
        .with_stream_length(payload)
}

/// Reads a body that waits for nothing but to be asked again, as `aws-chunked` bodies do between their
/// parts.
fn drain(mut body: SdkBody) -> u64 {
    let mut context = Context::from_waker(Waker::noop());
    let mut sent = 0;
    loop {
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Ready(Some(Ok(frame))) => {
                sent += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Pending => (),
            Poll::Ready(_) => return sent,
        }
    }
}

/// A body of known length that is not known to be in memory, like a file.
struct Frames(Bytes);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let next = self.0.len().min(FRAME);
        Poll::Ready(Some(Ok(Frame::data(self.0.split_to(next)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_body_is_sent_with_its_trailer() {
        for algorithm in ALGORITHMS {
            for size in [0, 1, FRAME, 3 * FRAME + 5] {
                let payload = Bytes::from(vec![7; size]);
                let sent = send_with_trailer(algorithm, &payload);
                assert_eq!(sent, encoded_length(algorithm, size as u64), "{size}");
            }
        }
    }

    /// The check value of the CRC catalogue, and that of RFC 6234.
    #[test]
    fn checksums_have_their_published_values() {
        let hex = |algorithm| hex::encode(of(algorithm, b"123456789"));
        assert_eq!(hex(ChecksumAlgorithm::Crc32), "cbf43926");
        assert_eq!(hex(ChecksumAlgorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(
            hex(ChecksumAlgorithm::Sha256),
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"
        );
    }
}
