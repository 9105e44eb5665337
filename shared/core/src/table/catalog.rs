//! Stores and products.

use super::stock::Shelf;
use super::writes::part;
use super::{Item, Table, TableError, keys, record, stock, text};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::catalog::{Product, Store};
use oms_domain::{ProductId, StoreId, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A product and what lies on its shelves.
#[derive(Clone, Debug, PartialEq)]
pub struct StockedProduct {
    /// The product.
    pub product: Product,
    /// Its own shelf and one for each variant.
    pub shelves: Vec<Shelf>,
}

/// What an order needs of the catalogue and of its user, read in one trip.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    /// The store.
    pub store: Option<Store>,
    /// The products that exist.
    pub products: Vec<Product>,
    /// The user's own addresses that exist.
    pub addresses: Vec<super::addresses::AddressRecord>,
}

impl Table {
    /// Everything that an order refers to, in one trip.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn offer(
        &self,
        store: StoreId,
        products: &[ProductId],
        user: &UserId,
        addresses: &[oms_domain::AddressId],
    ) -> Result<Offer, TableError> {
        let mut wanted = std::collections::BTreeSet::new();
        wanted.insert((keys::store(store), keys::STORE.to_owned()));
        wanted.extend(
            products
                .iter()
                .map(|id| (keys::product(*id), keys::PRODUCT.to_owned())),
        );
        wanted.extend(
            addresses
                .iter()
                .map(|id| (keys::user(user), keys::address(*id))),
        );
        let mut offer = Offer::default();
        for item in self.get_items(wanted.into_iter().collect()).await? {
            match text(&item, keys::SK) {
                keys::STORE => offer.store = Some(read(item, "a store")?),
                keys::PRODUCT => offer.products.push(read(item, "a product")?),
                _ => offer.addresses.push(read(item, "an address")?),
            }
        }
        Ok(offer)
    }

    /// A store.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn store(&self, id: StoreId) -> Result<Option<Store>, TableError> {
        let item = self
            .get_item(keys::store(id), keys::STORE.to_owned())
            .await?;
        item.map(|item| read(item, "a store")).transpose()
    }

    /// Makes a store.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where its id is taken.
    pub async fn insert_store(&self, store: &Store) -> Result<(), TableError> {
        let mut item = listed(
            store,
            keys::LIST_OF_STORES.to_owned(),
            store.created_at,
            store.id,
        )?;
        item.extend(super::key(keys::store(store.id), keys::STORE.to_owned()));
        if let Some(owner) = &store.owner {
            let list = AttributeValue::S(keys::list_of_owner(owner));
            item.insert(keys::Index::ByUser.hash_key().into(), list);
        }
        self.put(self.put_new(item)?).await
    }

    /// A product with its shelves.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn product(&self, id: ProductId) -> Result<Option<StockedProduct>, TableError> {
        let items = self.collection(keys::product(id), "").await?;
        let shelves = items.iter().filter_map(stock::shelf).collect();
        let product = items
            .into_iter()
            .find(|item| text(item, keys::SK) == keys::PRODUCT);
        let product = product.map(|item| read(item, "a product")).transpose()?;
        Ok(product.map(|product| StockedProduct { product, shelves }))
    }

    /// The shelves of some products, in one trip.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn with_shelves(
        &self,
        products: Vec<Product>,
    ) -> Result<Vec<StockedProduct>, TableError> {
        let mut wanted = Vec::new();
        for product in &products {
            let pk = keys::product(product.id);
            wanted.push((pk.clone(), keys::shelf(None)));
            wanted.extend(
                product
                    .variants
                    .iter()
                    .map(|v| (pk.clone(), keys::shelf(Some(v.id)))),
            );
        }
        let items = self.get_items(wanted).await?;
        let stocked = products.into_iter().map(|product| {
            let pk = keys::product(product.id);
            let own = items.iter().filter(|item| text(item, keys::PK) == pk);
            let shelves = own.filter_map(stock::shelf).collect();
            StockedProduct { product, shelves }
        });
        Ok(stocked.collect())
    }

    /// Makes a product with its shelves.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where its id is taken.
    pub async fn insert_product(&self, stocked: &StockedProduct) -> Result<(), TableError> {
        let product = &stocked.product;
        let all = keys::LIST_OF_PRODUCTS.to_owned();
        let mut item = listed(product, all, product.created_at, product.id)?;
        item.extend(super::key(
            keys::product(product.id),
            keys::PRODUCT.to_owned(),
        ));
        let list = AttributeValue::S(keys::list_of_products(product.store));
        item.insert(keys::Index::ByStore.hash_key().into(), list);
        let mut items = vec![part(self.put_new(item)?)];
        for shelf in &stocked.shelves {
            items.push(self.new_shelf(product.id, *shelf)?);
        }
        self.transact(items).await.map_err(|error| match error {
            TableError::Cancelled(_) => TableError::Conflict,
            other => other,
        })
    }
}

/// An entity whose whole self is what lists show, under `summary`.
fn listed<T: Serialize>(
    entity: &T,
    list_of_all: String,
    made: jiff::Timestamp,
    id: impl std::fmt::Display,
) -> Result<Item, TableError> {
    let summary: Item = serde_dynamo::to_item(entity).map_err(TableError::shape("an entity"))?;
    Ok(Item::from([
        (keys::SUMMARY.to_owned(), AttributeValue::M(summary)),
        (
            keys::Index::ByAll.hash_key().to_owned(),
            AttributeValue::S(list_of_all),
        ),
        (
            keys::LIST_AT.to_owned(),
            AttributeValue::S(keys::list_at(made, id)),
        ),
        (
            record::SCHEMA_ATTRIBUTE.to_owned(),
            AttributeValue::N(record::SCHEMA.to_string()),
        ),
    ]))
}

/// An entity from its item, or from what an index carries of it.
pub(crate) fn read<T: DeserializeOwned>(
    mut item: Item,
    what: &'static str,
) -> Result<T, TableError> {
    let summary = match item.remove(keys::SUMMARY) {
        Some(AttributeValue::M(summary)) => summary,
        _ => item,
    };
    serde_dynamo::from_item(summary).map_err(TableError::shape(what))
}
