//! An answer that tells of which version it is.

use crate::etag::Version;
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What a client is shown of a resource, with the resource's version, which its entity tag carries
/// and `If-Match` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tagged<T> {
    version: Version,
    /// What is shown.
    pub view: T,
}

impl<T> Tagged<T> {
    /// What is shown of a resource in this version.
    pub const fn new(version: u64, view: T) -> Self {
        Self { version: Version(version), view }
    }

    pub(crate) const fn version(&self) -> Version {
        self.version
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        (self.version, Json(self.view)).into_response()
    }
}
