//! What each call of an AWS service takes over from the invocation that it is part of.

use super::timeouts;
use crate::deadline;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_types::config_bag::ConfigBag;

/// Keeps calls within the time of the invocation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invocation;

impl Intercept for Invocation {
    fn name(&self) -> &'static str {
        "Invocation"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(timeouts(deadline::left()));
        Ok(())
    }
}
