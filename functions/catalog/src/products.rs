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

use oms_domain::Currency;
use oms_http::Tagged;
use oms_table::catalog::products::StockedProduct;
use oms_table::entity::Versioned;
use view::ProductView;

/// The longest name of a product or a variant, in characters.
const MAX_NAME_CHARS: usize = 255;
/// The longest stock keeping unit, in characters.
const MAX_SKU_CHARS: usize = 64;

fn tagged(product: &Versioned<StockedProduct>, currency: Currency) -> Tagged<ProductView> {
    let view = ProductView::new(&product.entity, currency);
    Tagged::new(product.version, view)
}
