//! Customers' addresses.

pub(crate) mod create;
pub(crate) mod delete;
mod fields;
pub(crate) mod list;
pub(crate) mod retrieve;
pub(crate) mod update;
pub(crate) mod view;

use oms_core::lists::just_changed::CatalogueWrite;
use oms_domain::Caller;
use oms_http::Tagged;
use oms_table::catalog::addresses::{AddressRecord, BookEntry};
use view::AddressView;

fn tagged(entry: &BookEntry) -> Tagged<AddressView> {
    Tagged::new(entry.record.version, AddressView::from(entry))
}

/// What is noted of a write of an address: nothing of one's own, which is found without an index.
fn noted(caller: &Caller, record: &AddressRecord) -> Option<CatalogueWrite> {
    let (id, user) = (record.address.id, &record.user);
    (*user != caller.user.id).then(|| CatalogueWrite::Address(id, user.clone()))
}
