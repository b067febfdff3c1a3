//! What is to be resolved: `cloudmap://SERVICE.NAMESPACE[:PORT]`.

use std::fmt;
use std::str::FromStr;

const SCHEME: &str = "cloudmap://";

/// A service in a namespace of Cloud Map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub service: String,
    pub namespace: String,
    /// For instances that do not say their own in `AWS_INSTANCE_PORT`.
    pub port: Option<u16>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a target: it has the form cloudmap://SERVICE.NAMESPACE, with :PORT at its \
                 end if instances do not name theirs"
            )
        };
        let rest = text.strip_prefix(SCHEME).ok_or_else(wrong)?;
        let (name, port) = match rest.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| wrong())?)),
            None => (rest, None),
        };
        let (service, namespace) = name.split_once('.').ok_or_else(wrong)?;
        let good = |name: &str| !name.is_empty() && !name.contains(['/', '?', '#', ' ']);
        if !good(service) || !good(namespace) || port == Some(0) {
            return Err(wrong());
        }
        Ok(Self {
            service: service.to_owned(),
            namespace: namespace.to_owned(),
            port,
        })
    }
}

impl Target {
    /// The name that DNS knows the service by.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}.{}", self.service, self.namespace)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.host())?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_label_is_the_service_and_the_rest_the_namespace() {
        let target: Target = "cloudmap://server.grpc.demo".parse().unwrap();
        assert_eq!(
            (target.service.as_str(), target.namespace.as_str()),
            ("server", "grpc.demo")
        );
        assert_eq!(target.port, None);
        let ported: Target = "cloudmap://server.grpc.demo:50051".parse().unwrap();
        assert_eq!(ported.port, Some(50_051));
        assert_eq!(ported.to_string(), "cloudmap://server.grpc.demo:50051");
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "server.grpc.demo",
            "cloudmap://server",
            "cloudmap://.demo",
            "cloudmap://server.",
            "cloudmap://server.demo:0",
            "cloudmap://server.demo:port",
            "cloudmap://server.demo/path",
        ] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }
}
