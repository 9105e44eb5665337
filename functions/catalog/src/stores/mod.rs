//! Stores.

pub(crate) mod create;
pub(crate) mod delete;
mod fields;
pub(crate) mod list;
pub(crate) mod retrieve;
pub(crate) mod update;
mod view;

use axum::Json;
use oms_domain::catalog::Store;
use oms_http::etag::Version;
use oms_table::entity::Versioned;
use view::StoreView;

/// A store as the answer.
type Shown = (Version, Json<StoreView>);

fn show(store: &Versioned<Store>) -> Shown {
    (Version(store.version), Json(StoreView::from(&store.entity)))
}
