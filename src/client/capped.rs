//! A limit on what is held of an answer. The SDK reads a whole answer before it looks at it, however long it is.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Bytes of one answer of a service: a thousand instances of Cloud Map take a few hundred thousand.
const LARGEST: usize = 16 * 1024 * 1024;

/// Which answers are held whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// All of them.
    All,
    /// Refusals alone: an object is passed on as it comes.
    Refusals,
}

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer has more than {LARGEST} bytes")]
struct TooLong;

/// `client`, with answers that are held whole cut off when they get too long.
pub(super) fn capped(client: SharedHttpClient, held: Held) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        let connector = client.http_connector(settings, components);
        SharedHttpConnector::new(Capped { connector, held })
    })
}

#[derive(Debug)]
struct Capped {
    connector: SharedHttpConnector,
    held: Held,
}

impl HttpConnector for Capped {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, held) = (self.connector.call(request), self.held);
        HttpConnectorFuture::new(async move {
            let response: HttpResponse = answer.await?;
            if held == Held::Refusals && response.status().is_success() {
                return Ok(response);
            }
            Ok(response.map(|body| {
                let body = Limited::new(body, LARGEST).map_err(|error| {
                    if error.is::<LengthLimitError>() {
                        TooLong.into()
                    } else {
                        error
                    }
                });
                SdkBody::from_body_1_x(body)
            }))
        })
    }
}
