//! Customers' addresses.

pub(crate) mod create;
pub(crate) mod delete;
mod fields;
pub(crate) mod list;
pub(crate) mod retrieve;
pub(crate) mod update;
mod view;

use oms_http::Tagged;
use oms_table::catalog::addresses::BookEntry;
use view::AddressView;

fn tagged(entry: &BookEntry) -> Tagged<AddressView> {
    Tagged::new(entry.version, AddressView::from(entry))
}
