//! The interceptor that turns the SDK's hooks into phases.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::telemetry::CaptureHttpAttemptTelemetry;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
    BeforeDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::facts::ArmFacts;
use super::timeline::{self, Timeline};
use super::transport::{Route, authority};
use crate::measure::Phase;

/// Writes the phases of each observed call on its timeline, notes where it went, and sends it along a
/// [`Route`] if there is one.
#[derive(Debug)]
pub(super) struct Instrument {
    pub facts: Arc<ArmFacts>,
    pub route: Option<Route>,
}

#[dyn_dispatch_hint]
impl Intercept for Instrument {
    fn name(&self) -> &'static str {
        "Instrument"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        timeline::write(Timeline::start);
        Ok(())
    }

    // Serialization lasts until the first attempt: checksums and compression come after the hook that
    // ends it in the narrow sense.
    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        timeline::write(|t| t.enter(Phase::Serialize));
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        timeline::write(|t| t.begin_attempt(Phase::Endpoint));
        Ok(())
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        self.facts.endpoint.get_or_init(|| origin(request.uri()));
        if let Some(route) = &self.route {
            let uri = route.apply(request.uri());
            request.set_uri(uri)?;
        }
        Ok(())
    }

    fn read_before_signing(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        timeline::write(|t| t.enter(Phase::Signing));
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        timeline::write(|_| {
            let telemetry = CaptureHttpAttemptTelemetry::new();
            context.request_mut().add_extension(telemetry);
        });
        Ok(())
    }

    // The SDK's own capture of the connection is on the request once every interceptor has modified it.
    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        timeline::write(|t| {
            let telemetry = request.extension().cloned().unwrap_or_default();
            t.transmit(telemetry, request.extension().cloned().unwrap_or_default());
        });
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.facts
            .note_date(context.response().headers().get("date"));
        timeline::write(|t| t.enter(Phase::Deserialize));
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map(Metadata::name);
        let response = context.response_mut();
        if operation != Some(STREAMED) || !response.status().is_success() {
            bound_body(response);
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        _: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        timeline::write(Timeline::leave);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        timeline::write(|t| {
            if let Some(remote) = t.new_remote() {
                self.facts.note_remote(remote);
            }
            t.end_attempt();
        });
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        timeline::write(Timeline::end);
        Ok(())
    }
}

/// The operation whose answer nobody holds as a whole.
const STREAMED: &str = "GetObject";

/// More than any other answer is long: a thousand instances of Cloud Map take a few hundred thousand bytes. The SDK
/// reads an answer to its end before it looks at it.
const LONGEST_BODY: usize = 16 << 20;

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer has more than {LONGEST_BODY} bytes")]
struct TooLong;

/// Ends a body with an error where it gets longer than that.
fn bound_body(response: &mut HttpResponse) {
    let stated = response.headers().get("content-length");
    let stated: Option<usize> = stated.and_then(|length| length.parse().ok());
    if stated.is_none_or(|length| length > LONGEST_BODY) {
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        let body = Limited::new(body, LONGEST_BODY).map_err(|error| {
            if error.is::<LengthLimitError>() {
                TooLong.into()
            } else {
                error
            }
        });
        *response.body_mut() = SdkBody::from_body_1_x(body);
    }
}

/// `scheme://authority` of a URI.
fn origin(uri: &str) -> String {
    uri[..authority(uri).end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_scheme_and_authority() {
        for (uri, expected) in [
            ("https://sts.amazonaws.com", "https://sts.amazonaws.com"),
            ("https://b.s3.aws.com/key?x=1", "https://b.s3.aws.com"),
            ("http://127.0.0.1:4566?x=/", "http://127.0.0.1:4566"),
        ] {
            assert_eq!(origin(uri), expected);
        }
    }
}
