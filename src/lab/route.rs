//! Which service a request on the lab's main address is for.
//!
//! By the `Host` that it names, else by the scope that it is signed for, else by its form. Pure.

use http::header::{CONTENT_TYPE, HOST};
use http::request::Parts;

use super::cloudmap::TARGET_PREFIX;
use super::container;
use super::scenario::is_region;
use super::sigv4;
use super::task;

/// Where the counts are.
pub(super) const REQUESTS_PATH: &str = "/_lab/requests";

/// The STS endpoint that a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StsEndpoint {
    Global,
    Regional(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The lab's own counts.
    Requests,
    Container,
    /// The task metadata of ECS.
    Task,
    Sts(StsEndpoint),
    /// Cloud Map in this Region.
    CloudMap(String),
    S3,
}

/// The host that a request names, in lower case, without its port.
pub(super) fn host_of(parts: &Parts) -> String {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    without_port(host.unwrap_or_default()).to_ascii_lowercase()
}

pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The service; `region` is where an unsigned STS request on a bare address goes.
pub(super) fn route(parts: &Parts, region: &str) -> Target {
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    if path == REQUESTS_PATH && parts.method == http::Method::GET {
        return Target::Requests;
    }
    if let Some(target) = by_host(&host_of(parts)) {
        return target;
    }
    if let Some((signed_region, service)) = sigv4::scope(&parts.headers, query) {
        return match service.as_str() {
            "sts" if is_region(&signed_region) => Target::Sts(StsEndpoint::Regional(signed_region)),
            "sts" => Target::Sts(StsEndpoint::Regional(region.to_owned())),
            "servicediscovery" if is_region(&signed_region) => Target::CloudMap(signed_region),
            "servicediscovery" => Target::CloudMap(region.to_owned()),
            _ => Target::S3,
        };
    }
    if path == container::PATH {
        return Target::Container;
    }
    if path.starts_with(task::PATH) {
        return Target::Task;
    }
    let asks_cloudmap = parts
        .headers
        .get("x-amz-target")
        .is_some_and(|target| target.as_bytes().starts_with(TARGET_PREFIX.as_bytes()));
    if asks_cloudmap {
        return Target::CloudMap(region.to_owned());
    }
    let form = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    let asks_sts = path == "/" && query.split('&').any(|pair| pair.starts_with("Action="));
    if (parts.method == http::Method::POST && form) || asks_sts {
        return Target::Sts(StsEndpoint::Regional(region.to_owned()));
    }
    Target::S3
}

/// By a name under `amazonaws.com`.
fn by_host(host: &str) -> Option<Target> {
    let name = host.strip_suffix(".amazonaws.com")?;
    if name == "sts" {
        return Some(Target::Sts(StsEndpoint::Global));
    }
    if let Some(region) = name.strip_prefix("sts.").filter(|name| is_region(name)) {
        return Some(Target::Sts(StsEndpoint::Regional(region.to_owned())));
    }
    // Operations on instances go to `data-` before the service's own name.
    let cloudmap = name.strip_prefix("data-").unwrap_or(name);
    if let Some(region) = cloudmap
        .strip_prefix("servicediscovery.")
        .filter(|name| is_region(name))
    {
        return Some(Target::CloudMap(region.to_owned()));
    }
    s3_host(name).map(|_| Target::S3)
}

/// What an S3 host name names.
enum S3Host<'a> {
    Service,
    Bucket(&'a str),
}

/// Reads a name without `.amazonaws.com`; `None` if it is not S3's.
fn s3_host(name: &str) -> Option<S3Host<'_>> {
    let is_s3 = |rest: &str| {
        let rest = rest.strip_prefix("dualstack.").unwrap_or(rest);
        rest.is_empty() || is_region(rest)
    };
    let split = |name: &str| -> Option<bool> {
        let rest = name.strip_prefix("s3")?;
        let rest = rest.strip_prefix(['.', '-']).unwrap_or(rest);
        Some(is_s3(rest))
    };
    if split(name) == Some(true) {
        return Some(S3Host::Service);
    }
    name.match_indices(".s3")
        .find(|(at, _)| split(&name[at + 1..]) == Some(true))
        .map(|(at, _)| S3Host::Bucket(&name[..at]))
}

/// The bucket that a virtual host names.
pub(super) fn bucket_of(host: &str) -> Option<&str> {
    match s3_host(host.strip_suffix(".amazonaws.com")?)? {
        S3Host::Bucket(bucket) => Some(bucket),
        S3Host::Service => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn target(method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Target {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        route(&request.body(()).unwrap().into_parts().0, "me-central-1")
    }

    fn regional(region: &str) -> Target {
        Target::Sts(StsEndpoint::Regional(region.to_owned()))
    }

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIA/20261120/eu-west-1/";

    #[test]
    fn a_name_decides() {
        let global = Target::Sts(StsEndpoint::Global);
        assert_eq!(target("POST", "sts.amazonaws.com:4566", "/", &[]), global);
        assert_eq!(
            target("POST", "sts.eu-west-1.amazonaws.com:4566", "/", &[]),
            regional("eu-west-1")
        );
        for host in ["", "data-"] {
            let host = format!("{host}servicediscovery.eu-west-1.amazonaws.com:4566");
            let cloudmap = Target::CloudMap("eu-west-1".to_owned());
            assert_eq!(target("POST", &host, "/", &[]), cloudmap);
        }
        for host in [
            "s3.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
            "s3-eu-west-1.amazonaws.com",
            "bucket.s3.eu-west-1.amazonaws.com:443",
            "a.b.s3.dualstack.eu-west-1.amazonaws.com",
        ] {
            assert_eq!(target("GET", host, "/", &[]), Target::S3, "{host}");
        }
    }

    #[test]
    fn on_a_bare_address_the_signature_decides() {
        let sts = format!("{SIGNED}sts/aws4_request, SignedHeaders=host, Signature=0");
        let signed = [("authorization", sts.as_str())];
        assert_eq!(
            target("POST", "127.0.0.1:4566", "/", &signed),
            regional("eu-west-1")
        );
        let s3 = format!("{SIGNED}s3/aws4_request, SignedHeaders=host, Signature=0");
        let signed = [("authorization", s3.as_str())];
        assert_eq!(
            target("GET", "127.0.0.1:4566", container::PATH, &signed),
            Target::S3
        );
        let cloudmap = format!("{SIGNED}servicediscovery/aws4_request, Signature=0");
        let signed = [("authorization", cloudmap.as_str())];
        assert_eq!(
            target("POST", "127.0.0.1:4566", "/", &signed),
            Target::CloudMap("eu-west-1".to_owned())
        );
        let presigned = "/?Action=GetCallerIdentity&X-Amz-Credential=AKIA%2F20261120%2Feu-west-3%2F\
                         sts%2Faws4_request&X-Amz-Signature=0";
        assert_eq!(
            target("GET", "127.0.0.1:4566", presigned, &[]),
            regional("eu-west-3")
        );
    }

    #[test]
    fn unsigned_the_form_decides() {
        let form = [(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )];
        assert_eq!(
            target("POST", "[::1]:80", "/", &form),
            regional("me-central-1")
        );
        let token = [("authorization", "a-token")];
        assert_eq!(
            target("GET", "localhost:4566", container::PATH, &token),
            Target::Container
        );
        let discover = [(
            "x-amz-target",
            "Route53AutoNaming_v20170314.DiscoverInstances",
        )];
        assert_eq!(
            target("POST", "localhost:4566", "/", &discover),
            Target::CloudMap("me-central-1".to_owned())
        );
        let task = format!("{}/task", task::PATH);
        assert_eq!(target("GET", "localhost:4566", &task, &[]), Target::Task);
        assert_eq!(target("GET", "localhost", "/bucket/key", &[]), Target::S3);
        assert_eq!(
            target("GET", "localhost", REQUESTS_PATH, &[]),
            Target::Requests
        );
    }

    #[test]
    fn buckets_of_virtual_hosts() {
        assert_eq!(bucket_of("logs.s3.eu-west-1.amazonaws.com"), Some("logs"));
        assert_eq!(bucket_of("a.b.s3.amazonaws.com"), Some("a.b"));
        assert_eq!(bucket_of("s3.eu-west-1.amazonaws.com"), None);
        assert_eq!(
            bucket_of("my.s3log.s3.us-east-1.amazonaws.com"),
            Some("my.s3log")
        );
        assert_eq!(bucket_of("localhost"), None);
    }
}
