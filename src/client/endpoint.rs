//! Where calls are sent instead of to a service's own endpoint.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use url::Url;

/// Why nothing can be sent to what was named as an endpoint; `None` if something can.
pub fn unusable(endpoint: &str) -> Option<String> {
    if !endpoint.contains("://") {
        let meant = format!("`http://{endpoint}` or `https://{endpoint}`");
        return Some(format!("it is no URL: a URL begins as in {meant}"));
    }
    match Url::parse(endpoint) {
        Ok(url) if !["http", "https"].contains(&url.scheme()) => {
            Some(format!("`{}` is neither http nor https", url.scheme()))
        }
        Ok(url) if url.has_host() => None,
        Ok(_) => Some("it names no host".to_owned()),
        Err(error) => Some(format!("it is no URL: {error}")),
    }
}

/// The endpoint that a client of the service takes from the configuration, as the SDK's clients look it up.
pub(super) fn configured(sdk: &SdkConfig, service: &str) -> Option<String> {
    let own = || {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        sdk.service_config()?.load_config(key.ok()?)
    };
    own().or_else(|| sdk.endpoint_url().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url_with_a_host() {
        for good in [
            "http://localhost:9",
            "https://sts.aws.com/",
            "http://[::1]:80",
        ] {
            assert_eq!(unusable(good), None);
        }
        for (bad, why) in [
            ("localhost:9", "http://localhost:9"),
            ("ftp://h", "neither http nor https"),
            ("http://", "host"),
            ("http://h:port", "port"),
            ("", "no URL"),
        ] {
            assert!(
                unusable(bad).is_some_and(|said| said.contains(why)),
                "{bad}"
            );
        }
    }
}
