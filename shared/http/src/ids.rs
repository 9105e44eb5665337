//! Ids in paths.

use super::ApiError;
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use oms_domain::{Error, Kind};
use std::str::FromStr;

/// What a path can name by an id.
pub trait PathKey: FromStr {
    /// What is not found where there is none, as in "Order not found".
    const KIND: Kind;
    /// The parameter's name in the route.
    const PARAM: &'static str = "id";
}

/// The id in a path. One that is not well-formed is not found, like one that names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathId<T>(pub T);

impl<T: PathKey, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // Parameters that are no UTF-8 are an error here; they name nothing either.
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Error::NotFound(T::KIND))?;
        let text = params.iter().find(|(name, _)| *name == T::PARAM).map(|(_, text)| text);
        text.and_then(|text| text.parse().ok()).map(Self).ok_or(Error::NotFound(T::KIND).into())
    }
}
