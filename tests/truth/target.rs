//! A server, and what a client of it needs.

use tempfile::NamedTempFile;

use super::server::{Behaviour, Request, Server, Step};
use super::tls::acceptor;
use super::tool::Run;

/// What a server does with a request.
pub type Answer = fn(&Request) -> Vec<Step>;

pub struct Target {
    pub server: Server,
    /// The file that vouches for the server, where it speaks TLS.
    bundle: Option<NamedTempFile>,
}

impl Target {
    pub fn plain(answer: Answer) -> Self {
        Self {
            server: Server::answering(answer),
            bundle: None,
        }
    }

    /// Over TLS, after a greeting.
    pub fn secured(greeting: Vec<Step>, answer: Answer) -> Self {
        let (tls, bundle) = acceptor();
        Self {
            server: Server::start(Behaviour {
                greeting,
                tls: Some(tls),
                answer: Box::new(answer),
            }),
            bundle: Some(bundle),
        }
    }

    /// A run against it that is yet to come.
    pub fn run(&self, command: &str) -> Run {
        let run = Run::calling(&self.server.url(), command);
        match &self.bundle {
            Some(bundle) => run.with("AWS_CA_BUNDLE", bundle.path().to_str().unwrap()),
            None => run,
        }
    }
}
