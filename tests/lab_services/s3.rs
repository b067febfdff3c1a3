//! S3 through the SDK: the protocol is `s3s`'s, the objects and the rules of entry are ours.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use awscreds_bench::lab::{BUCKET, KEY, LARGE_KEY, Lab};

use super::support::{config, count, imds_credentials, lab, raw, s3, static_keys};

/// A client that speaks TLS under S3's real name, with the bucket in the host.
fn virtual_host(lab: &Lab, credentials: Credentials) -> aws_sdk_s3::Client {
    let endpoint = format!(
        "https://s3.{}.amazonaws.com:{}",
        lab.region(),
        lab.address().port()
    );
    aws_sdk_s3::Client::new(&config(lab, credentials).endpoint_url(endpoint).build())
}

#[tokio::test]
async fn the_lab_brings_an_object() {
    let lab = lab("").await;
    for client in [
        s3(&lab, static_keys(&lab)),
        virtual_host(&lab, static_keys(&lab)),
    ] {
        let object = client
            .get_object()
            .bucket(BUCKET)
            .key(KEY)
            .send()
            .await
            .unwrap();
        assert_eq!(
            object.body.collect().await.unwrap().into_bytes().len(),
            1024
        );
        let head = client
            .head_object()
            .bucket(BUCKET)
            .key(LARGE_KEY)
            .send()
            .await
            .unwrap();
        assert_eq!(head.content_length(), Some(1 << 20));
        client.head_bucket().bucket(BUCKET).send().await.unwrap();
    }
    assert_eq!(count(&lab, "s3:GetObject").ok, 2);
    assert_eq!(count(&lab, "s3:HeadObject").ok, 2);
    assert_eq!(count(&lab, "s3:HeadBucket").ok, 2);
}

const TRIP: &str = "round-trip";
/// A key that every escaping on the way has to leave alone.
const AWKWARD: &str = "a/b c+d";

/// A client, and a bucket of its own with one object of ten bytes.
async fn with_bucket(lab: &Lab) -> aws_sdk_s3::Client {
    let client = s3(lab, imds_credentials(lab).await);
    client.create_bucket().bucket(TRIP).send().await.unwrap();
    let put = client.put_object().bucket(TRIP).key(AWKWARD);
    let put = put.metadata("colour", "blue").content_type("text/plain");
    let body = ByteStream::from_static(b"0123456789");
    put.body(body).send().await.unwrap();
    client
}

#[tokio::test]
async fn what_was_put_comes_back_whole_or_in_part() {
    let lab = lab("").await;
    let client = with_bucket(&lab).await;
    let get = client.get_object().bucket(TRIP).key(AWKWARD);
    let part = get.clone().range("bytes=2-5").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 2-5/10"));
    let part = part.body.collect().await.unwrap().into_bytes();
    assert_eq!(part.as_ref(), b"2345");
    let whole = get.send().await.unwrap();
    assert_eq!(whole.metadata().unwrap()["colour"], "blue");
    assert_eq!(whole.content_type(), Some("text/plain"));
    let beyond = client
        .get_object()
        .bucket(TRIP)
        .key(AWKWARD)
        .range("bytes=99-");
    let beyond = beyond.send().await.unwrap_err();
    assert_eq!(beyond.code(), Some("InvalidRange"));
}

#[tokio::test]
async fn buckets_and_their_contents_are_listed() {
    let lab = lab("").await;
    let client = with_bucket(&lab).await;
    let list = client.list_objects_v2().bucket(TRIP).delimiter("/");
    let listed = list.send().await.unwrap();
    assert_eq!(listed.common_prefixes()[0].prefix(), Some("a/"));
    let listed = client.list_objects().bucket(TRIP).send().await.unwrap();
    assert_eq!(listed.contents()[0].key(), Some(AWKWARD));
    let buckets = client.list_buckets().send().await.unwrap();
    assert_eq!(buckets.buckets().len(), 2);
    let location = client.get_bucket_location().bucket(TRIP);
    let location = location.send().await.unwrap();
    let location = location.location_constraint().unwrap().as_str();
    assert_eq!(location, lab.region());
    let listings = ["ListObjectsV2", "ListObjects", "ListBuckets"];
    for operation in ["CreateBucket", "PutObject"].iter().chain(&listings) {
        let counted = count(&lab, &format!("s3:{operation}"));
        assert_eq!((counted.count, counted.ok), (1, 1), "{operation}");
    }
}

#[tokio::test]
async fn a_bucket_goes_when_it_is_empty() {
    let lab = lab("").await;
    let client = with_bucket(&lab).await;
    let delete = client.delete_bucket().bucket(TRIP);
    let full = delete.clone().send().await.unwrap_err();
    assert_eq!(full.code(), Some("BucketNotEmpty"));
    let object = client.delete_object().bucket(TRIP).key(AWKWARD);
    object.send().await.unwrap();
    let gone = client.get_object().bucket(TRIP).key(AWKWARD);
    assert_eq!(gone.send().await.unwrap_err().code(), Some("NoSuchKey"));
    delete.send().await.unwrap();
    let gone = client.list_objects_v2().bucket(TRIP);
    assert_eq!(gone.send().await.unwrap_err().code(), Some("NoSuchBucket"));
}

#[tokio::test]
async fn a_streamed_put_is_checked_against_its_trailer() {
    let lab = lab("").await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, &vec![7; 300_000]).unwrap();
    // Over HTTP the payload is signed, over HTTPS it travels unsigned: two forms of aws-chunked.
    for client in [
        s3(&lab, static_keys(&lab)),
        virtual_host(&lab, static_keys(&lab)),
    ] {
        for algorithm in [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Sha256] {
            let body = ByteStream::from_path(file.path()).await.unwrap();
            let put = client
                .put_object()
                .bucket(BUCKET)
                .key("streamed")
                .body(body);
            put.checksum_algorithm(algorithm).send().await.unwrap();
            let object = client
                .get_object()
                .bucket(BUCKET)
                .key("streamed")
                .send()
                .await
                .unwrap();
            assert_eq!(
                object.body.collect().await.unwrap().into_bytes().len(),
                300_000
            );
        }
    }
    assert_eq!(count(&lab, "s3:PutObject").ok, 4);
}

#[tokio::test]
async fn a_presigned_get_needs_no_headers_and_expires() {
    let lab = lab("").await;
    let client = s3(&lab, imds_credentials(&lab).await);
    let presign = async |lifetime| {
        let presigning = PresigningConfig::expires_in(lifetime).unwrap();
        let get = client.get_object().bucket(BUCKET).key(KEY);
        get.presigned(presigning).await.unwrap().uri().to_owned()
    };
    let get = async |uri: &str| {
        let path = uri
            .strip_prefix(&format!("http://{}", lab.address()))
            .unwrap();
        raw(lab.address(), &format!("GET {path}"), &[])
            .await
            .unwrap()
    };
    let uri = presign(Duration::from_mins(1)).await;
    let answer = get(&uri).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("Content-Length"), Some("1024"));
    let forged = get(&uri.replace(KEY, LARGE_KEY)).await;
    assert_eq!(forged.status, 403);
    assert!(forged.body.contains("SignatureDoesNotMatch"), "{forged:?}");
    let short = presign(Duration::from_secs(1)).await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let late = get(&short).await;
    assert_eq!(late.status, 403);
    assert!(late.body.contains("Request has expired"), "{late:?}");
    assert_eq!(count(&lab, "s3:GetObject").count, 3);
}

/// The status and code of the error that `GetObject` meets.
async fn refusal(client: &aws_sdk_s3::Client) -> (u16, String) {
    let get = client.get_object().bucket(BUCKET).key(KEY);
    let error = get.send().await.unwrap_err();
    let status = error.raw_response().unwrap().status().as_u16();
    (status, error.code().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn bad_credentials_are_told_apart() {
    let lab = lab("[credentials]\nlifetime = \"1s\"").await;
    let unknown = s3(&lab, Credentials::for_tests());
    assert_eq!(
        refusal(&unknown).await,
        (403, "InvalidAccessKeyId".to_owned())
    );
    let key = &lab.static_credentials().access_key_id;
    let wrong = s3(&lab, Credentials::new(key, "wrong", None, None, "test"));
    assert_eq!(
        refusal(&wrong).await,
        (403, "SignatureDoesNotMatch".to_owned())
    );
    let issued = imds_credentials(&lab).await;
    let (id, secret) = (issued.access_key_id(), issued.secret_access_key());
    let token = issued.session_token().unwrap();
    let forged = Credentials::new(
        id,
        secret,
        Some("IQoJb3JpZ2luX2Vj".to_owned()),
        None,
        "test",
    );
    assert_eq!(
        refusal(&s3(&lab, forged)).await,
        (400, "InvalidToken".to_owned())
    );
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let expired = Credentials::new(id, secret, Some(token.to_owned()), None, "test");
    assert_eq!(
        refusal(&s3(&lab, expired)).await,
        (400, "ExpiredToken".to_owned())
    );
    let unsigned = raw(lab.address(), &format!("GET /{BUCKET}/{KEY}"), &[])
        .await
        .unwrap();
    assert_eq!(unsigned.status, 403);
    assert!(
        unsigned.body.contains("<Code>AccessDenied</Code>"),
        "{unsigned:?}"
    );
}

#[tokio::test]
async fn a_signature_of_an_hour_ago_is_too_skewed() {
    let lab = lab("").await;
    let hour_ago = std::time::SystemTime::now() - Duration::from_hours(1);
    let stale = aws_smithy_async::time::StaticTimeSource::new(hour_ago);
    let config = config(&lab, static_keys(&lab)).time_source(stale).build();
    let client = aws_sdk_s3::Client::new(&config);
    assert_eq!(
        refusal(&client).await,
        (403, "RequestTimeTooSkewed".to_owned())
    );
}
