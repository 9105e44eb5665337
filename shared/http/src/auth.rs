//! Who calls: tokens, roles, and the extractors that let only some of them in.

mod claims;
mod keys;
mod provider;
#[cfg(test)]
pub(crate) mod tests;
mod verifier;

pub use verifier::{
    AuthError, KEYS_AGE_SECONDS, LEEWAY_SECONDS, MAX_REMEMBERED_TOKENS, MAX_TOKEN_BYTES, REFETCH_SECONDS,
    Verifier,
};

use super::ApiError;
use axum::extract::{FromRef, FromRequestParts};
use http::header::AUTHORIZATION;
use http::request::Parts;
use oms_domain::{Caller, Error};
use oms_runtime::invocation::Invocation;
use std::sync::Arc;

/// A verified caller. As an extractor, it answers 401 to everyone else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated(pub Caller);

impl<S> FromRequestParts<S> for Authenticated
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = match bearer(parts) {
            Some(token) => Arc::<Verifier>::from_ref(state).verify(token).await,
            None => return Err(ApiError::Unauthenticated),
        };
        match caller {
            Ok(caller) => {
                if let Some(invocation) = parts.extensions.get::<Arc<Invocation>>() {
                    invocation.note_user(&caller.user.id.0);
                }
                Ok(Self(caller))
            }
            Err(AuthError::Refused(reason)) => {
                tracing::info!(reason, "token refused");
                Err(ApiError::Unauthenticated)
            }
            Err(error @ AuthError::NoKeys(_)) => Err(Error::Unavailable(error.into()).into()),
        }
    }
}

/// The token that a request brings, if it brings one.
#[must_use]
pub fn bearer(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// A caller who is staff or admin. As an extractor, it answers 403 to other callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff(pub Caller);

/// A caller who is an admin. As an extractor, it answers 403 to other callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin(pub Caller);

impl<S> FromRequestParts<S> for Staff
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        if caller.is_staff() { Ok(Self(caller)) } else { Err(Error::Forbidden.into()) }
    }
}

impl<S> FromRequestParts<S> for Admin
where
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        if caller.is_admin() { Ok(Self(caller)) } else { Err(Error::Forbidden.into()) }
    }
}
