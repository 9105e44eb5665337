//! What every HTTP function does alike: the edge around its router, who calls, what a body says,
//! what an answer looks like.
//!
//! [`edge::serve`] is where a function starts; [`Reply`] is what its handlers return.

pub mod auth;
pub mod body;
mod choices;
pub mod edge;
pub mod error;
pub mod etag;
pub mod exact;
pub mod groups;
pub mod ids;
pub mod pages;
pub mod query;
pub mod rate_limit;
pub mod responses;
pub mod search;
pub mod tagged;
pub mod target;
pub mod validation;
pub mod views;

pub use auth::{Admin, Authenticated, Staff};
pub use body::{ActionBody, JsonObject, UnusedBody};
pub use error::{ApiError, Reply};
pub use ids::PathId;
pub use pages::{Page, PageRequest};
pub use query::Query;
pub use tagged::Tagged;
pub use target::Target;

#[cfg(test)]
use oms_runtime::config;
#[cfg(test)]
#[path = "../../runtime/src/testing.rs"]
mod testing;
