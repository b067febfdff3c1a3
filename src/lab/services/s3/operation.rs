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
        let mut pairs = query.split('&');
        pairs.any(|pair| pair.split('=').next() == Some(name))
    };
    let any = |names: &str| names.split(' ').any(asks);
    match (bucket, key) {
        (true, true) if !any(OTHER_ON_OBJECTS) => on_object(method, copies, asks),
        (true, false) if !any(OTHER_ON_BUCKETS) => on_bucket(method, asks),
        (false, _) if method == Method::GET => "s3:ListBuckets",
        _ => "s3:other",
    }
}

fn on_object(method: &Method, copies: bool, asks: impl Fn(&str) -> bool) -> &'static str {
    let part_of_upload = asks("uploadId");
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

    #[test]
    fn operations_by_path() {
        for (method, path, query, operation) in [
            (Method::GET, "/", "", "ListBuckets"),
            (Method::GET, "/b", "list-type=2&prefix=x", "ListObjectsV2"),
            (Method::GET, "/b/", "", "ListObjects"),
            (Method::GET, "/b", "location", "GetBucketLocation"),
            (Method::PUT, "/b", "", "CreateBucket"),
            (Method::HEAD, "/b", "", "HeadBucket"),
            (Method::DELETE, "/b", "", "DeleteBucket"),
            (Method::GET, "/b/k/l", "x-id=GetObject", "GetObject"),
            (Method::PUT, "/b/k", "x-id=PutObject", "PutObject"),
            (Method::PUT, "/b/k", "partNumber=1&uploadId=2", "UploadPart"),
            (Method::HEAD, "/b/k", "", "HeadObject"),
            (Method::DELETE, "/b/k", "", "DeleteObject"),
            (Method::GET, "/b", "policy", "other"),
            (Method::PATCH, "/b", "", "other"),
        ] {
            let named = name(&method, false, path, query, false);
            assert_eq!(named, format!("s3:{operation}"), "{method} {path}?{query}");
        }
    }

    #[test]
    fn operations_by_virtual_host() {
        let of = |method: &Method, path| name(method, true, path, "", false);
        assert_eq!(of(&Method::GET, "/"), "s3:ListObjects");
        assert_eq!(of(&Method::GET, "/k"), "s3:GetObject");
        assert_eq!(name(&Method::PUT, true, "/k", "", true), "s3:CopyObject");
    }
}
