//! The name of an S3 operation from its request line, as the S3 API Reference pairs them.

use http::Method;

/// Parameters of a query that make other operations of requests on objects than those named here.
const OTHER_ON_OBJECTS: &str = "acl tagging retention legal-hold attributes torrent";
/// And of requests on buckets.
const OTHER_ON_BUCKETS: &str = "acl cors encryption lifecycle logging notification object-lock policy \
                                replication session tagging uploads versioning versions website";

/// The name that a request is counted under. `virtual_host` says that the bucket is in the host and
/// not in the path.
pub(super) fn name(
    method: &Method,
    virtual_host: bool,
    path: &str,
    query: &str,
    copies: bool,
) -> &'static str {
    let path = path.trim_start_matches('/');
    let (bucket, key) = if virtual_host {
        (true, !path.is_empty())
    } else {
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        (!bucket.is_empty(), !key.is_empty())
    };
    let asks = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    };
    match (bucket, key) {
        (true, true) => on_object(method, copies, asks),
        (true, false) => on_bucket(method, asks),
        _ if method == Method::GET => "s3:ListBuckets",
        _ => "s3:other",
    }
}

fn on_object(method: &Method, copies: bool, asks: impl Fn(&str) -> bool) -> &'static str {
    let part_of_upload = asks("uploadId");
    if OTHER_ON_OBJECTS.split(' ').any(&asks) {
        return "s3:other";
    }
    match *method {
        Method::GET if part_of_upload => "s3:ListParts",
        Method::GET => "s3:GetObject",
        Method::HEAD => "s3:HeadObject",
        Method::PUT if part_of_upload => "s3:UploadPart",
        Method::PUT if copies => "s3:CopyObject",
        Method::PUT => "s3:PutObject",
        Method::DELETE if part_of_upload => "s3:AbortMultipartUpload",
        Method::DELETE => "s3:DeleteObject",
        Method::POST if asks("uploads") => "s3:CreateMultipartUpload",
        Method::POST if part_of_upload => "s3:CompleteMultipartUpload",
        _ => "s3:other",
    }
}

fn on_bucket(method: &Method, asks: impl Fn(&str) -> bool) -> &'static str {
    if OTHER_ON_BUCKETS.split(' ').any(&asks) {
        return "s3:other";
    }
    match *method {
        Method::GET if asks("location") => "s3:GetBucketLocation",
        Method::GET if asks("list-type") => "s3:ListObjectsV2",
        Method::GET => "s3:ListObjects",
        Method::HEAD => "s3:HeadBucket",
        Method::PUT => "s3:CreateBucket",
        Method::DELETE => "s3:DeleteBucket",
        Method::POST if asks("delete") => "s3:DeleteObjects",
        _ => "s3:other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &Method, path: &str, query: &str) -> &'static str {
        name(method, false, path, query, false)
    }

    #[test]
    fn operations_by_path() {
        assert_eq!(of(&Method::GET, "/", ""), "s3:ListBuckets");
        assert_eq!(
            of(&Method::GET, "/b", "list-type=2&prefix=x"),
            "s3:ListObjectsV2"
        );
        assert_eq!(of(&Method::GET, "/b/", ""), "s3:ListObjects");
        assert_eq!(of(&Method::GET, "/b", "location"), "s3:GetBucketLocation");
        assert_eq!(of(&Method::PUT, "/b", ""), "s3:CreateBucket");
        assert_eq!(of(&Method::HEAD, "/b", ""), "s3:HeadBucket");
        assert_eq!(of(&Method::DELETE, "/b", ""), "s3:DeleteBucket");
        assert_eq!(of(&Method::GET, "/b/k/l", "x-id=GetObject"), "s3:GetObject");
        assert_eq!(of(&Method::PUT, "/b/k", "x-id=PutObject"), "s3:PutObject");
        assert_eq!(
            of(&Method::PUT, "/b/k", "partNumber=1&uploadId=2"),
            "s3:UploadPart"
        );
        assert_eq!(of(&Method::HEAD, "/b/k", ""), "s3:HeadObject");
        assert_eq!(of(&Method::DELETE, "/b/k", ""), "s3:DeleteObject");
        assert_eq!(of(&Method::GET, "/b", "policy"), "s3:other");
        assert_eq!(of(&Method::PATCH, "/b", ""), "s3:other");
    }

    #[test]
    fn operations_by_virtual_host() {
        let of = |method: &Method, path| name(method, true, path, "", false);
        assert_eq!(of(&Method::GET, "/"), "s3:ListObjects");
        assert_eq!(of(&Method::GET, "/k"), "s3:GetObject");
        assert_eq!(name(&Method::PUT, true, "/k", "", true), "s3:CopyObject");
    }
}
