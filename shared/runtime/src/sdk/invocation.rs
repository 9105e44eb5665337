//! What each call of an AWS service takes over from the invocation that it is part of, and what the
//! log tells of it: at DEBUG the call, at TRACE each attempt, at WARN that one is tried again.

use super::described;
use super::timeouts;
use crate::deadline;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, Error,
    FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use std::time::Instant;

/// Keeps calls within the time of the invocation, and logs them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invocation;

/// A call that is under way.
#[derive(Debug)]
struct Call {
    began: Instant,
    /// What it is about, where the log is to tell.
    kinds: String,
}

impl Storable for Call {
    type Storer = StoreReplace<Self>;
}

/// Why the last attempt failed.
#[derive(Debug)]
struct Failed(&'static str);

impl Storable for Failed {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Invocation {
    fn name(&self) -> &'static str {
        "Invocation"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_told = tracing::enabled!(tracing::Level::DEBUG);
        let kinds = if is_told { described::kinds(context.input()) } else { String::new() };
        let state = cfg.interceptor_state();
        state.store_put(Call { began: Instant::now(), kinds });
        state.store_put(timeouts(deadline::left()));
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = names(cfg);
        let attempt = attempts(cfg);
        tracing::trace!(service, operation, attempt, "sending");
        if attempt > 1 {
            let why = cfg.load::<Failed>().map(|failed| failed.0);
            tracing::warn!(service, operation, attempt, why, "trying a call again");
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Err(error)) = context.output_or_error() {
            let why = why(error);
            let (service, operation) = names(cfg);
            tracing::trace!(service, operation, attempt = attempts(cfg), why, "an attempt failed");
            cfg.interceptor_state().store_put(Failed(why));
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return Ok(());
        }
        let (service, operation) = names(cfg);
        let (units, failed) = match context.output_or_error() {
            Some(Ok(output)) => (described::units(output), None),
            Some(Err(error)) => (None, Some(why(error))),
            None => (None, None),
        };
        if let Some(Call { began, kinds }) = cfg.load::<Call>() {
            let duration_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let attempts = attempts(cfg);
            tracing::debug!(service, operation, kinds, units, duration_us, attempts, failed, "called");
        }
        Ok(())
    }
}

fn names(cfg: &ConfigBag) -> (Option<String>, Option<String>) {
    let named = cfg.load::<Metadata>();
    (named.map(|named| named.service().to_owned()), named.map(|named| named.name().to_owned()))
}

fn attempts(cfg: &ConfigBag) -> u32 {
    cfg.load::<RequestAttempts>().map_or(0, RequestAttempts::attempts)
}

/// Why an attempt failed, in a word.
fn why(error: &OrchestratorError<Error>) -> &'static str {
    if error.is_timeout_error() {
        "timeout"
    } else if error.is_connector_error() {
        "connection"
    } else if error.is_operation_error() {
        // A condition that was not met, as a rule.
        "refused"
    } else if error.is_response_error() {
        "unreadable"
    } else {
        "other"
    }
}
