//! What an order needs of the catalogue.

pub mod addresses;
pub mod assortments;
pub mod catalog_lists;
pub mod products;
pub mod recent_changes;
pub mod stock;
pub mod stores;

use crate::catalog::addresses::AddressRecord;
use crate::catalog::stores::is_there;
pub use crate::entity::read;
use crate::orders::unpaid::Unpaid;
use crate::{Table, TableError, keys, text};
use oms_domain::catalog::{Product, Store};
use oms_domain::lines::PriceList;
use oms_domain::{Address, AddressId, Order, ProductId, StoreId, UserId};

/// What an order needs of the catalogue and of its user, read in one trip.
#[derive(Clone, Debug, Default)]
pub struct OrderReferences {
    /// The store.
    pub store: Option<Store>,
    /// The products that exist.
    pub products: Vec<Product>,
    /// The user's own addresses that exist.
    pub addresses: Vec<AddressRecord>,
    /// The user's unpaid orders; nothing is known of them unless they were asked for.
    pub unpaid: Unpaid,
}

impl OrderReferences {
    /// One of the user's own addresses.
    #[must_use]
    pub fn address(&self, id: AddressId) -> Option<Address> {
        let found = self.addresses.iter().find(|record| record.address.id == id);
        found.map(|record| record.address.clone())
    }

    /// What lines of an order are priced by. Where the store is no more there are no products
    /// either, in any currency.
    #[must_use]
    pub fn prices(&self, order: &Order, may_set_prices: bool) -> PriceList<'_> {
        let currency = self.store.as_ref().map_or(order.currency, |store| store.currency);
        PriceList { products: &self.products, currency, may_set_prices }
    }
}

impl Table {
    /// Everything that an order refers to, in one trip.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn references(
        &self,
        store: StoreId,
        products: &[ProductId],
        user: &UserId,
        addresses: &[AddressId],
    ) -> Result<OrderReferences, TableError> {
        self.offer_beside(store, products, user, addresses, []).await
    }

    /// The same, and how many unpaid orders the user has.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn references_and_unpaid(
        &self,
        store: StoreId,
        products: &[ProductId],
        user: &UserId,
        addresses: &[AddressId],
    ) -> Result<OrderReferences, TableError> {
        self.offer_beside(store, products, user, addresses, Unpaid::keys(user)).await
    }

    async fn offer_beside(
        &self,
        store: StoreId,
        products: &[ProductId],
        user: &UserId,
        addresses: &[AddressId],
        beside: impl IntoIterator<Item = (String, String)>,
    ) -> Result<OrderReferences, TableError> {
        let mut wanted = std::collections::BTreeSet::new();
        wanted.insert((keys::store(store), keys::STORE.to_owned()));
        wanted.extend(products.iter().map(|id| (keys::product(*id), keys::PRODUCT.to_owned())));
        wanted.extend(addresses.iter().map(|id| (keys::user(user), keys::address(*id))));
        wanted.extend(beside);
        let mut references = OrderReferences::default();
        for item in self.get_items(wanted.into_iter().collect()).await? {
            match text(&item, keys::SK) {
                keys::STORE if !is_there(&item) => {}
                keys::STORE => references.store = Some(read(item, "a store")?),
                keys::PRODUCT => references.products.push(read(item, "a product")?),
                sk if sk.starts_with(keys::ADDRESS_PREFIX) => {
                    references.addresses.push(read(item, "an address")?);
                }
                _ => references.unpaid.read(&item),
            }
        }
        Ok(references)
    }
}
