//! What a change is aimed at.

use crate::auth::Verifier;
use crate::etag::IfMatch;
use crate::ids::PathKey;
use crate::{ApiError, Authenticated, PathId};
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use oms_domain::Caller;
use std::sync::Arc;

/// Who wants to change what, and in which version. As an extractor, it answers 401 to strangers and
/// 404 to what is no id.
#[derive(Clone, Debug)]
pub struct Target<Id> {
    /// Who wants to.
    pub caller: Caller,
    /// What.
    pub id: Id,
    /// The version that it must have.
    pub expected: IfMatch,
}

impl<Id, S> FromRequestParts<S> for Target<Id>
where
    Id: PathKey + Send,
    S: Send + Sync,
    Arc<Verifier>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, state).await?;
        let PathId(id) = PathId::from_request_parts(parts, state).await?;
        let Ok(expected) = IfMatch::from_request_parts(parts, state).await;
        Ok(Self { caller, id, expected })
    }
}
