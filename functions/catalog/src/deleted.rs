//! The answer to a DELETE.

use serde::Serialize;
use utoipa::ToSchema;

/// Something is gone. Orders that refer to it keep what they know of it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Deleted {
    /// What happened.
    #[schema(example = "Product deleted successfully")]
    pub(crate) message: &'static str,
}
