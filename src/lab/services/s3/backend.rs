//! The S3 operations that the lab offers, over [`Objects`].

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::crypto::{self, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::{
    self, Bucket, BucketLocationConstraint, CommonPrefix, CreateBucketInput, CreateBucketOutput,
    DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput, ETag,
    EncodingType, GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput, GetObjectOutput,
    HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
    ListBucketsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, PutObjectInput, PutObjectOutput, Range, StreamingBlob, Timestamp,
};
use s3s::{Body, S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::objects::{LARGEST_OBJECT, Object, Objects};
use crate::clock;

/// Everything but the characters that S3 leaves as they are under `encoding-type=url`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/');

type Digest = fn(&[u8]) -> String;

/// The checksums that an object may bring along: the header, and what stands in it.
const CHECKSUMS: [(&str, Digest); 5] = [
    ("x-amz-checksum-crc32", digest::<Crc32>),
    ("x-amz-checksum-crc32c", digest::<Crc32c>),
    ("x-amz-checksum-crc64nvme", digest::<Crc64Nvme>),
    ("x-amz-checksum-sha1", digest::<Sha1>),
    ("x-amz-checksum-sha256", digest::<Sha256>),
];

type Output<T> = S3Result<S3Response<T>>;

pub(super) struct Backend {
    pub(super) objects: Mutex<Objects>,
    pub(super) region: String,
}

impl Backend {
    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl S3 for Backend {
    async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> Output<CreateBucketOutput> {
        let bucket = request.input.bucket;
        self.objects().create_bucket(&bucket, clock::wall())?;
        Ok(S3Response::new(CreateBucketOutput {
            location: Some(format!("/{bucket}")),
        }))
    }

    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> Output<DeleteBucketOutput> {
        self.objects().delete_bucket(&request.input.bucket)?;
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> Output<HeadBucketOutput> {
        self.objects().bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput {
            bucket_region: Some(self.region.clone()),
            ..HeadBucketOutput::default()
        }))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> Output<ListBucketsOutput> {
        let objects = self.objects();
        let buckets = objects.buckets.iter().map(|(name, bucket)| Bucket {
            name: Some(name.clone()),
            creation_date: Some(Timestamp::from(bucket.created)),
            ..Bucket::default()
        });
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..ListBucketsOutput::default()
        }))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> Output<GetBucketLocationOutput> {
        self.objects().bucket(&request.input.bucket)?;
        // us-east-1 is written as nothing at all.
        let region = (self.region != "us-east-1").then(|| self.region.clone());
        Ok(S3Response::new(GetBucketLocationOutput {
            location_constraint: region.map(BucketLocationConstraint::from),
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> Output<PutObjectOutput> {
        let mut input = request.input;
        self.objects().bucket(&input.bucket)?;
        let bytes = read(input.body.take()).await?;
        let checksums = verified_checksums(&input, &bytes)?;
        let mut object = Object::new(bytes, clock::wall());
        object.content_type = input.content_type.unwrap_or(object.content_type);
        object.metadata = input.metadata;
        object.checksums = checksums.clone();
        if let Some(claimed) = input.content_md5 {
            let claimed = STANDARD.decode(claimed);
            if hex::encode(claimed.map_err(|_| s3_error!(InvalidDigest))?) != object.etag {
                return Err(s3_error!(
                    BadDigest,
                    "The Content-MD5 you specified did not match what we received."
                ));
            }
        }
        let etag = object.etag.clone();
        let condition = input.if_none_match;
        let create_only = condition.is_some_and(|condition| condition.is_any());
        let mut objects = self.objects();
        objects.put(&input.bucket, &input.key, object, create_only)?;
        let output = PutObjectOutput {
            e_tag: Some(ETag::Strong(etag)),
            ..PutObjectOutput::default()
        };
        Ok(S3Response::with_headers(output, checksums))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> Output<GetObjectOutput> {
        let input = request.input;
        let object = self.objects().get(&input.bucket, &input.key)?;
        let (bytes, content_range) = slice(&object.bytes, input.range)?;
        let whole = content_range.is_none();
        let mut response = S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(bytes.len()).ok(),
            body: Some(StreamingBlob::from(Body::from(bytes))),
            content_range,
            content_type: Some(object.content_type),
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(Timestamp::from(object.modified)),
            metadata: object.metadata,
            ..GetObjectOutput::default()
        });
        // A checksum is of the whole object, and of use to nobody who reads a part.
        if whole && input.checksum_mode.is_some() {
            response.headers = object.checksums;
        }
        Ok(response)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> Output<HeadObjectOutput> {
        let input = request.input;
        let object = self.objects().get(&input.bucket, &input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(object.bytes.len()).ok(),
            content_type: Some(object.content_type),
            e_tag: Some(ETag::Strong(object.etag)),
            last_modified: Some(Timestamp::from(object.modified)),
            metadata: object.metadata,
            ..HeadObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> Output<DeleteObjectOutput> {
        let input = request.input;
        self.objects().delete(&input.bucket, &input.key)?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> Output<ListObjectsOutput> {
        let request = request.map_input(ListObjectsV2Input::from);
        let response = self.list_objects_v2(request).await?;
        Ok(response.map_output(|page| {
            let next = page.next_continuation_token;
            let next = next.map(|next| encoded(&next, page.encoding_type.as_ref()));
            ListObjectsOutput {
                is_truncated: page.is_truncated,
                contents: page.contents,
                common_prefixes: page.common_prefixes,
                delimiter: page.delimiter,
                encoding_type: page.encoding_type,
                marker: page.start_after,
                max_keys: page.max_keys,
                name: page.name,
                next_marker: next,
                prefix: page.prefix,
                ..ListObjectsOutput::default()
            }
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Output<ListObjectsV2Output> {
        let input = request.input;
        // Up to 1,000, which is also the default.
        let most = input.max_keys.unwrap_or(1000).clamp(0, 1000).unsigned_abs() as usize;
        let after = input.continuation_token.as_ref();
        let after = after.or(input.start_after.as_ref());
        let page = self.objects().list(
            &input.bucket,
            input.prefix.as_deref().unwrap_or_default(),
            input.delimiter.as_deref(),
            after.map_or("", String::as_str),
            most,
        )?;
        let written = |text: &String| encoded(text, input.encoding_type.as_ref());
        let contents = page.objects.iter().map(|(key, object)| dto::Object {
            key: Some(written(key)),
            size: i64::try_from(object.bytes.len()).ok(),
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(Timestamp::from(object.modified)),
            ..dto::Object::default()
        });
        let prefixes = page.prefixes.iter().map(|prefix| CommonPrefix {
            prefix: Some(written(prefix)),
        });
        Ok(S3Response::new(ListObjectsV2Output {
            is_truncated: Some(page.next.is_some()),
            contents: Some(contents.collect()),
            common_prefixes: Some(prefixes.collect()),
            delimiter: input.delimiter.as_ref().map(written),
            key_count: i32::try_from(page.objects.len() + page.prefixes.len()).ok(),
            max_keys: i32::try_from(most).ok(),
            prefix: input.prefix.as_ref().map(written),
            start_after: input.start_after.as_ref().map(written),
            continuation_token: input.continuation_token,
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            next_continuation_token: page.next,
            ..ListObjectsV2Output::default()
        }))
    }
}

async fn read(blob: Option<StreamingBlob>) -> S3Result<Bytes> {
    let body = blob.map_or_else(Body::empty, Body::from);
    let read = Limited::new(body, LARGEST_OBJECT).collect().await;
    // A copy: what was read may be a part of a larger buffer, which would not count against what the lab keeps.
    let own = |read: Collected<Bytes>| Bytes::copy_from_slice(&read.to_bytes());
    read.map(own).map_err(|error| {
        if error.is::<LengthLimitError>() {
            s3_error!(EntityTooLarge, "The lab takes up to 256 MiB")
        } else {
            s3_error!(IncompleteBody, "The request body is broken")
        }
    })
}

/// The checksums that the client sent along, if they are right.
fn verified_checksums(input: &PutObjectInput, bytes: &[u8]) -> S3Result<HeaderMap> {
    let headers = [
        &input.checksum_crc32,
        &input.checksum_crc32c,
        &input.checksum_crc64nvme,
        &input.checksum_sha1,
        &input.checksum_sha256,
    ];
    let mut verified = HeaderMap::new();
    for (header, (name, digest)) in headers.into_iter().zip(CHECKSUMS) {
        let Some(claimed) = header.as_deref() else {
            continue;
        };
        if digest(bytes) != claimed {
            return Err(s3_error!(
                BadDigest,
                "The checksum you specified did not match the calculated checksum."
            ));
        }
        let value = HeaderValue::from_str(claimed).map_err(S3Error::internal_error)?;
        verified.insert(name, value);
    }
    Ok(verified)
}

fn digest<C: crypto::Checksum>(bytes: &[u8]) -> String {
    STANDARD.encode(C::checksum(bytes))
}

/// The part of an object that was asked for, and what `Content-Range` says of it.
fn slice(bytes: &Bytes, range: Option<Range>) -> S3Result<(Bytes, Option<String>)> {
    let Some(range) = range else {
        return Ok((bytes.clone(), None));
    };
    let length = bytes.len();
    let part = range
        .check(length as u64)
        .map_err(|_| s3_error!(InvalidRange, "The requested range is not satisfiable"))?;
    let content_range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
    let part = bytes.slice(part.start as usize..part.end as usize);
    Ok((part, Some(content_range)))
}

/// A key, a prefix or a delimiter as it is written: escaped where the client has asked for that, since XML
/// cannot hold every key.
fn encoded(text: &str, encoding: Option<&EncodingType>) -> String {
    match encoding {
        Some(encoding) if encoding.as_str() == EncodingType::URL => {
            utf8_percent_encode(text, ESCAPED).to_string()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped_only_where_that_is_asked_for() {
        let url = EncodingType::from_static(EncodingType::URL);
        assert_eq!(encoded("k ey/ü+x", Some(&url)), "k%20ey/%C3%BC%2Bx");
        assert_eq!(encoded("k ey/ü+x", None), "k ey/ü+x");
    }
}
