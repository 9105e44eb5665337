//! Customers' addresses.

pub(crate) mod create;
pub(crate) mod delete;
mod fields;
pub(crate) mod list;
pub(crate) mod retrieve;
pub(crate) mod update;
mod view;

use axum::Json;
use oms_http::etag::Version;
use oms_table::catalog::addresses::BookEntry;
use view::AddressView;

/// An address as the answer.
type Shown = (Version, Json<AddressView>);

fn show(entry: &BookEntry) -> Shown {
    (Version(entry.version), Json(AddressView::from(entry)))
}
