//! Stores.

pub(crate) mod create;
pub(crate) mod delete;
mod fields;
pub(crate) mod list;
pub(crate) mod retrieve;
pub(crate) mod update;
mod view;

use oms_domain::catalog::Store;
use oms_http::Tagged;
use oms_table::entity::Versioned;
use view::StoreView;

fn tagged(store: &Versioned<Store>) -> Tagged<StoreView> {
    Tagged::new(store.version, StoreView::from(&store.entity))
}
