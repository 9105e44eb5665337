//! Products and what lies on their shelves.

use crate::catalog::assortments::Counting;
use crate::catalog::stock::{self, StockLevel};
use crate::entity::{FIRST_VERSION, Versioned};
use crate::idempotency::Keyed;
use crate::lists::Entry;
use crate::writes::part;
use crate::{Item, Table, TableError, entity, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use oms_domain::catalog::{Product, ProductStatus, Store};
use oms_domain::{ProductId, StoreId, VariantId};
use serde::Deserialize;

/// The product's fields that lists show, filter, search or sort by.
const SUMMARY_FIELDS: [&str; 6] = ["id", "store", "name", "sku", "status", "created_at"];
/// The variants' stock keeping units, in the summary only.
const VARIANT_SKUS: &str = "variant_skus";
const WHAT: &str = "a product";
/// Whose products are limited, as clients read it.
const A_STORE: &str = "A store";
const PRODUCTS: &str = "products";
/// Up to so many shelves of one product are read by their keys, together with those of other
/// products; more of them by a query of their own, which costs less capacity but one more trip.
const FEW_SHELVES: usize = 8;
/// How many of those queries run at the same time.
const QUERIES_AT_ONCE: usize = 10;

/// A product and what lies on its shelves.
#[derive(Clone, Debug, PartialEq)]
pub struct StockedProduct {
    /// The product.
    pub product: Product,
    /// Its own shelf and one for each variant.
    pub stock_levels: Vec<StockLevel>,
}

impl StockedProduct {
    /// How many pieces lie on the shelf of a variant, or on the product's own.
    #[must_use]
    pub fn available(&self, variant: Option<VariantId>) -> u64 {
        let stock_level = self.stock_levels.iter().find(|stock_level| stock_level.variant == variant);
        stock_level.map_or(0, |stock_level| stock_level.available)
    }
}

/// The store that a product is in, unless that is no more, and the one that it moves to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stores<'a> {
    /// The one that it is in.
    pub of: Option<&'a Store>,
    /// Another one.
    pub to: Option<&'a Store>,
}

/// What an index carries of a product.
#[derive(Clone, Debug, Deserialize)]
pub struct ProductSummary {
    /// What paths and orders name the product by.
    pub id: ProductId,
    /// The store that sells it.
    pub store: StoreId,
    /// What customers know it as.
    pub name: String,
    /// Its stock keeping unit.
    #[serde(default)]
    pub sku: String,
    /// Those of its variants.
    #[serde(default)]
    pub variant_skus: Vec<String>,
    /// Whether it is on sale.
    pub status: ProductStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Entry for ProductSummary {
    fn read(item: Item) -> Result<Self, TableError> {
        entity::read(item, "a product")
    }
}

impl Table {
    /// A product with its shelves.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn product(&self, id: ProductId) -> Result<Option<Versioned<StockedProduct>>, TableError> {
        let items = self.collection(keys::product(id), "").await?;
        let stock_levels = items.iter().filter_map(stock::stock_level).collect();
        let product = items.into_iter().find(|item| text(item, keys::SK) == keys::PRODUCT);
        let Some(product) = product else {
            return Ok(None);
        };
        let product = entity::read_versioned(product, &[VARIANT_SKUS], WHAT)?;
        Ok(Some(product.map(|product| StockedProduct { product, stock_levels })))
    }

    /// Some products with their shelves, those that exist, in no order.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn products(
        &self,
        ids: impl IntoIterator<Item = ProductId>,
    ) -> Result<Vec<StockedProduct>, TableError> {
        let wanted = ids.into_iter().map(|id| (keys::product(id), keys::PRODUCT.to_owned()));
        let items = self.get_items(wanted.collect()).await?;
        let products = items.into_iter().map(|item| entity::read(item, WHAT));
        let products: Vec<Product> = products.collect::<Result<_, _>>()?;
        let (few, many): (Vec<_>, Vec<_>) =
            products.into_iter().partition(|product| product.variants.len() < FEW_SHELVES);
        let mut stocked = self.with_few_stock_levels(few).await?;
        let many = futures::stream::iter(many.into_iter().map(|p| self.with_all_stock_levels(p)))
            .buffer_unordered(QUERIES_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        stocked.extend(many);
        Ok(stocked)
    }

    async fn with_few_stock_levels(&self, products: Vec<Product>) -> Result<Vec<StockedProduct>, TableError> {
        let wanted = products.iter().flat_map(|product| {
            let variants = product.variants.iter().map(|variant| Some(variant.id));
            std::iter::once(None)
                .chain(variants)
                .map(|stock_level| (keys::product(product.id), keys::stock_level(stock_level)))
        });
        let items = self.get_items(wanted.collect()).await?;
        let stocked = products.into_iter().map(|product| {
            let pk = keys::product(product.id);
            let own = items.iter().filter(|item| text(item, keys::PK) == pk);
            let stock_levels = own.filter_map(stock::stock_level).collect();
            StockedProduct { product, stock_levels }
        });
        Ok(stocked.collect())
    }

    async fn with_all_stock_levels(&self, product: Product) -> Result<StockedProduct, TableError> {
        let pk = keys::product(product.id);
        let items = self.collection(pk, keys::STOCK_PREFIX).await?;
        let stock_levels = items.iter().filter_map(stock::stock_level).collect();
        Ok(StockedProduct { product, stock_levels })
    }

    /// Makes a product of a store with its shelves, in [`FIRST_VERSION`]. The store may have so
    /// many.
    ///
    /// # Errors
    /// [`TableError::Full`]; [`TableError::Conflict`] where its id is taken, or the store has gone
    /// or sells in another currency by now.
    pub async fn insert_product(
        &self,
        stocked: &StockedProduct,
        store: &Store,
        most: u32,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let product = &stocked.product;
        let mut items = self.counted_in(store, product.status, most).await?;
        items.push(part(self.put_new(to_item(product, FIRST_VERSION)?)?));
        for stock_level in &stocked.stock_levels {
            items.push(self.new_stock_level(product.id, *stock_level)?);
        }
        self.transact(items, key).await.map_err(|error| error.or_full(A_STORE, PRODUCTS, most))
    }

    /// Changes a product that was seen in version `seen`, into the next one; makes the shelves of
    /// its new variants and removes those of the removed ones. A store that it moves to may have so
    /// many.
    ///
    /// # Errors
    /// [`TableError::Full`]; [`TableError::Conflict`] where somebody else was faster.
    pub async fn replace_product(
        &self,
        seen: &Versioned<StockedProduct>,
        product: &Product,
        (made, removed): (&[StockLevel], &[VariantId]),
        (stores, most): (&Stores<'_>, u32),
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let before = &seen.entity.product;
        let put = self.put_seen(seen, to_item(product, seen.version + 1)?)?;
        let mut items = self.recounted(before, product, stores, most).await?;
        let is_counted = !items.is_empty();
        if !is_counted && made.is_empty() && removed.is_empty() {
            return self.put(put, key).await;
        }
        items.push(part(put));
        for stock_level in made {
            items.push(self.new_stock_level(product.id, *stock_level)?);
        }
        for variant in removed {
            let stock_level = keys::stock_level(Some(*variant));
            items.push(self.delete_any(keys::product(product.id), stock_level)?);
        }
        if stores.to.is_none() {
            return self.transact_as_seen(items, key).await;
        }
        self.transact(items, key).await.map_err(|error| error.or_full(A_STORE, PRODUCTS, most))
    }

    /// What the counts of stores become where a product gets another status or store.
    async fn recounted(
        &self,
        before: &Product,
        product: &Product,
        stores: &Stores<'_>,
        most: u32,
    ) -> Result<Vec<TransactWriteItem>, TableError> {
        let mut items = Vec::new();
        if let Some(to) = stores.to {
            items = self.counted_in(to, product.status, most).await?;
        }
        // Of a store that is no more, nothing is counted.
        let Some(of) = stores.of.filter(|_| stores.to.is_some() || before.status != product.status) else {
            return Ok(items);
        };
        self.begin_assortment(of).await?;
        let counting = match stores.to {
            Some(_) => Counting::gone([before.status]),
            None => Counting::Turned(before.status, product.status),
        };
        items.push(self.count_product(of.id, counting)?);
        Ok(items)
    }

    /// Counts a product more in a store that may have so many. The currency of a store that has had
    /// one is fixed; that of a first one's store must be what the prices were read in.
    async fn counted_in(
        &self,
        store: &Store,
        status: ProductStatus,
        most: u32,
    ) -> Result<Vec<TransactWriteItem>, TableError> {
        let is_first = !self.begin_assortment(store).await?.was_begun();
        let mut items = vec![self.count_product(store.id, Counting::Made(status, most))?];
        if is_first {
            items.push(self.must_sell_in(store.id, store.currency)?);
        }
        Ok(items)
    }

    /// Removes some products of a store, which were seen so, with their shelves; all or none.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn delete_products(
        &self,
        seen: &[Versioned<StockedProduct>],
        store: Option<&Store>,
    ) -> Result<(), TableError> {
        let mut items = Vec::new();
        for Versioned { entity: StockedProduct { product, stock_levels }, version, .. } in seen {
            let pk = || keys::product(product.id);
            items.push(self.delete_seen(pk(), keys::PRODUCT.to_owned(), *version)?);
            for stock_level in stock_levels {
                items.push(self.delete_any(pk(), keys::stock_level(stock_level.variant))?);
            }
        }
        if let Some(store) = store {
            self.begin_assortment(store).await?;
            let gone = seen.iter().map(|seen| seen.entity.product.status);
            items.push(self.count_product(store.id, Counting::gone(gone))?);
        }
        self.transact_as_seen(items, None).await
    }
}

pub(crate) fn to_item(product: &Product, version: u64) -> Result<Item, TableError> {
    let mut item = entity::item(product, version, &SUMMARY_FIELDS, WHAT)?;
    let skus = product.variants.iter().map(|variant| &variant.sku);
    let skus: Vec<_> = skus.filter(|sku| !sku.is_empty()).map(|sku| AttributeValue::S(sku.clone())).collect();
    if let Some(AttributeValue::M(summary)) = item.get_mut(keys::SUMMARY)
        && !skus.is_empty()
    {
        summary.insert(VARIANT_SKUS.to_owned(), AttributeValue::L(skus));
    }
    let of_store = keys::list_of_store_products(product.store, product.status);
    Ok(entity::with_texts(
        item,
        [
            (keys::PK, keys::product(product.id)),
            (keys::SK, keys::PRODUCT.to_owned()),
            (keys::Index::Store.hash_key(), of_store),
            (keys::Index::All.hash_key(), keys::list_of_products(product.status)),
            (keys::LIST_AT, keys::list_at(product.created_at, product.id)),
        ],
    ))
}
