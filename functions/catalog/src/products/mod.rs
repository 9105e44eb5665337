//! Products, with their variants and what lies on their shelves.

pub(crate) mod adjust_stock;
pub(crate) mod create;
pub(crate) mod delete;
mod fields;
pub(crate) mod list;
pub(crate) mod retrieve;
pub(crate) mod update;
mod variants;
mod view;

use axum::Json;
use oms_domain::Currency;
use oms_http::etag::Version;
use oms_table::catalog::products::StockedProduct;
use oms_table::entity::Versioned;
use view::ProductView;

/// The most pieces that one shelf holds, and that one request moves.
const MAX_STOCK: i64 = 1_000_000_000;

/// A product as the answer.
type Shown = (Version, Json<ProductView>);

fn show(product: &Versioned<StockedProduct>, currency: Currency) -> Shown {
    let view = ProductView::new(&product.entity, currency);
    (Version(product.version), Json(view))
}
