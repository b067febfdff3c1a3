//! Which bucket and which Region a host name means.

use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

use crate::lab::router::without_port;
use crate::lab::scenario::is_region;

pub(super) struct Hosts;

/// `BUCKET.s3.REGION.amazonaws.com` and its kin; any other name is the service itself.
impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = without_port(host);
        let virtual_host = VirtualHost::new(name);
        Ok(match bucket_of(name) {
            Some(bucket) => virtual_host.with_bucket(bucket),
            None => virtual_host,
        })
    }
}

/// The bucket that a virtual host names.
pub(super) fn bucket_of(host: &str) -> Option<&str> {
    let bucket = bucket_in(host.strip_suffix(".amazonaws.com")?)?;
    (!bucket.is_empty()).then_some(bucket)
}

/// The Region whose endpoint a name under `amazonaws.com` is; a name without one is that of us-east-1.
pub(super) fn region_in(name: &str) -> &str {
    let last = name.rsplit(['.']).next().unwrap_or(name);
    let last = last.strip_prefix("s3-").unwrap_or(last);
    if is_region(last) { last } else { "us-east-1" }
}

/// The bucket that a name under `amazonaws.com` names, empty for S3 itself; `None` if it is not S3's.
pub(super) fn bucket_in(name: &str) -> Option<&str> {
    let is_s3 = |name: &str| {
        name.strip_prefix("s3").is_some_and(|rest| {
            let rest = rest.strip_prefix(['.', '-']).unwrap_or(rest);
            let rest = rest.strip_prefix("dualstack.").unwrap_or(rest);
            rest.is_empty() || is_region(rest)
        })
    };
    if is_s3(name) {
        return Some("");
    }
    let mut ends = name.match_indices(".s3").map(|(at, _)| at);
    ends.find(|at| is_s3(&name[at + 1..])).map(|at| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

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
    #[test]
    fn regions_of_endpoints() {
        for name in [
            "logs.s3.eu-west-1",
            "s3-eu-west-1",
            "s3.dualstack.eu-west-1",
        ] {
            assert_eq!(region_in(name), "eu-west-1", "{name}");
        }
        assert_eq!(region_in("s3"), "us-east-1");
        assert_eq!(region_in("logs.s3"), "us-east-1");
    }
}
