//! Lets go of credentials that a service calls expired, whatever their own expiry says: a clock may be wrong,
//! and a session can be revoked.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use super::keeper::Keeper;

/// An interceptor for clients whose credentials come from a strategy: when a service answers `ExpiredToken`
/// or `ExpiredTokenException`, the strategy fetches others at once, and the next call waits for them.
#[derive(Clone, Debug)]
pub struct RefusalInterceptor(pub(super) Arc<Keeper>);

impl RefusalInterceptor {
    /// Says that a service refused the credentials with this access key ID, for clients that are not the SDK's.
    /// Others are fetched at once, unless these are not the current ones any more.
    pub fn refuse(&self, access_key_id: &str) {
        self.0.refuse(access_key_id);
    }
}

/// The access key ID that an attempt was signed with.
#[derive(Debug)]
struct SignedWith(String);

impl Storable for SignedWith {
    type Storer = StoreReplace<Self>;
}

#[dyn_dispatch_hint]
impl Intercept for RefusalInterceptor {
    fn name(&self) -> &'static str {
        "RefusalInterceptor"
    }

    fn read_after_signing(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The request is gone when the answer is there.
        if let Some(access_key_id) = access_key_id(context.request()) {
            let signed_with = SignedWith(access_key_id.to_owned());
            cfg.interceptor_state().store_put(signed_with);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().is_some_and(says_expired)
            && let Some(SignedWith(access_key_id)) = cfg.load::<SignedWith>()
        {
            self.refuse(access_key_id);
        }
        Ok(())
    }
}

/// Of `ExpiredToken` and `ExpiredTokenException`.
const CODE: &str = "ExpiredToken";

/// Whether the service refused the request for the age of its credentials. The code is in a header or in the
/// body, as the protocol has it.
fn says_expired(response: &HttpResponse) -> bool {
    if !matches!(response.status().as_u16(), 400 | 401 | 403) {
        return false;
    }
    let header = response.headers().get("x-amzn-errortype");
    let body = response.body().bytes().unwrap_or_default();
    header.is_some_and(|code| code.starts_with(CODE))
        || body
            .windows(CODE.len())
            .any(|window| window == CODE.as_bytes())
}

/// The access key ID that a request was signed with.
fn access_key_id(request: &HttpRequest) -> Option<&str> {
    let authorization = request.headers().get("authorization")?;
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').next()
}
