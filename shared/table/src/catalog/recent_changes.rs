//! The trail of a user through the catalogue: what they have made, changed and deleted last. Its
//! steps are written, kept and read like those of orders ([`crate::recent_writes`]), in a range of
//! their own, so that neither trail pushes steps of the other out of those that are read.
//!
//! | pk | sk | attributes |
//! |---|---|---|
//! | `USER#<sub>` | `CATALOGUE_TRAIL#<time of the change>#STORE#<id>` | |
//! | | `CATALOGUE_TRAIL#<time of the change>#PRODUCT#<id>` | `s` the product's store |
//! | | `CATALOGUE_TRAIL#<time of the change>#ADDRESS#<id>` | `u` whose it is |
//!
//! A step has no version: what indexes carry of the catalogue has none to compare it with, and
//! pages show stores and products as they are anyway.

use crate::catalog::assortments::Assortment;
use crate::catalog::products::ProductSummary;
use crate::catalog::stores::{StoreSummary, is_there};
use crate::recent_writes::{STORE, USER};
use crate::{Item, Table, TableError, entity, key, keys, text};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use jiff::Timestamp;
use oms_domain::{AddressId, ProductId, StoreId, UserId};
use std::collections::BTreeSet;

/// What a user has made, changed or deleted of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogueWrite {
    /// A store, or how many products it has.
    Store(StoreId),
    /// A product, and the store that it is in.
    Product(ProductId, StoreId),
    /// An address, and whose it is.
    Address(AddressId, UserId),
}

/// A change of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentChange {
    /// What was changed.
    pub what: CatalogueWrite,
    /// When.
    pub at: Timestamp,
}

/// Some of the catalogue as it is now: what was asked for and is not here is no more.
#[derive(Clone, Debug, Default)]
pub struct CatalogueNow {
    /// The products.
    pub products: Vec<ProductSummary>,
    /// The stores.
    pub stores: Vec<StoreSummary>,
    /// How many products those stores have, if they have had any.
    pub assortments: Vec<Assortment>,
}

impl CatalogueWrite {
    fn step(&self, by: &UserId, at: Timestamp) -> Item {
        let (what, attribute) = match self {
            Self::Store(id) => (keys::store(*id), None),
            Self::Product(id, store) => (keys::product(*id), Some((STORE, store.to_string()))),
            Self::Address(id, user) => (keys::address(*id), Some((USER, user.0.clone()))),
        };
        let mut item = key(keys::user(by), keys::step(keys::RECENT_CHANGE_PREFIX, at, what));
        item.extend(attribute.map(|(name, value)| (name.to_owned(), AttributeValue::S(value))));
        item
    }
}

impl RecentChange {
    fn read(item: &Item) -> Option<Self> {
        let mut parts = text(item, keys::SK).strip_prefix(keys::RECENT_CHANGE_PREFIX)?.split('#');
        let (at, kind, id) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        let what = match kind {
            "STORE" => CatalogueWrite::Store(id.parse().ok()?),
            "PRODUCT" => CatalogueWrite::Product(id.parse().ok()?, text(item, STORE).parse().ok()?),
            "ADDRESS" => CatalogueWrite::Address(id.parse().ok()?, UserId(text(item, USER).to_owned())),
            _ => return None,
        };
        Some(Self { what, at })
    }
}

impl Table {
    /// Notes that a user is changing something of the catalogue.
    pub async fn note_recent_changes(&self, by: &UserId, at: Timestamp, changes: &[CatalogueWrite]) {
        join_all(changes.iter().map(|change| self.note(change.step(by, at), at))).await;
    }

    /// What a user has changed of the catalogue within the last quarter of an hour, the last 16
    /// changes, the newest first. A consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn recent_changes(
        &self,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<RecentChange>, TableError> {
        let items = self.steps(user, keys::RECENT_CHANGE_PREFIX, now).await?;
        Ok(items.iter().filter_map(RecentChange::read).collect())
    }

    /// Some products and stores as they are now, in one trip: what lists know of them, and how many
    /// products those stores have.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn catalogue_now(
        &self,
        products: &BTreeSet<ProductId>,
        stores: &BTreeSet<StoreId>,
    ) -> Result<CatalogueNow, TableError> {
        let wanted = products.iter().map(|id| (keys::product(*id), keys::PRODUCT));
        let of_store = |id: &StoreId| [keys::STORE, keys::ASSORTMENT].map(|sk| (keys::store(*id), sk));
        let wanted = wanted.chain(stores.iter().flat_map(of_store));
        let wanted = wanted.map(|(pk, sk)| (pk, sk.to_owned())).collect();
        let mut now = CatalogueNow::default();
        for item in self.get_items(wanted).await? {
            match text(&item, keys::SK) {
                keys::PRODUCT => now.products.push(entity::read(item, "a product")?),
                keys::ASSORTMENT => {
                    now.assortments.push(entity::read(item, "the count of a store's products")?)
                }
                _ if is_there(&item) => now.stores.push(entity::read(item, "a store")?),
                _ => {}
            }
        }
        Ok(now)
    }
}
