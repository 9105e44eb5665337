//! Products and what lies on their shelves.

use crate::catalog::assortments::Counting;
use crate::catalog::stock::{self, StockLevel};
use crate::entity::{FIRST_VERSION, Versioned};
use crate::idempotency::Keyed;
use crate::lists::{Entry, RangeKeys, through_item};
use crate::writes::part;
use crate::{Item, Table, TableError, entity, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use jiff::Timestamp;
use oms_domain::catalog::{Product, ProductStatus, Store};
use oms_domain::{Currency, ProductId, StoreId, VariantId};
use oms_runtime::meter::side_by_side;
use serde::Deserialize;
use serde::de::Deserializer;

/// The product's fields that lists show, filter, search or sort by.
const SUMMARY_FIELDS: [&str; 6] = ["id", "store", "name", "sku", "status", "created_at"];
/// The variants' stock keeping units, in the summary only.
const VARIANT_SKUS: &str = "variant_skus";
const WHAT: &str = "a product";
/// Whose products are limited, as clients read it.
const A_STORE: &str = "A store";
const PRODUCTS: &str = "products";
/// The currency of its prices, in the summary only; what was last saved by older code has none.
const CURRENCY: &str = "currency";
/// How many products are read at the same time.
const READS_AT_ONCE: usize = 25;

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
    /// The currency of its prices, if it is known.
    #[serde(default)]
    pub currency: Option<Currency>,
}

impl Entry for ProductSummary {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<(RangeKeys, Self), D::Error> {
        through_item(json, |item| entity::read(item, "a product"))
    }
}

impl Table {
    /// A product with its shelves.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn product(&self, id: ProductId) -> Result<Option<Versioned<StockedProduct>>, TableError> {
        stocked(self.collection(keys::product(id), "").await?)
    }

    /// Some products with their shelves, those that exist, in no order: as they are now where that
    /// is asked for, the others for half the price and perhaps a moment old. Each is a query, half
    /// a unit for 4 KB: its shelves one by one would cost as much each.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn products(
        &self,
        ids: &[ProductId],
        is_exact: impl Fn(ProductId) -> bool,
    ) -> Result<Vec<StockedProduct>, TableError> {
        let is_exact = &is_exact;
        let lanes = ids.chunks(ids.len().div_ceil(READS_AT_ONCE).max(1)).map(|lane| async move {
            let mut read = Vec::new();
            for id in lane {
                let product = stocked(self.range(keys::product(*id), "", is_exact(*id)).await?)?;
                read.extend(product.map(|product| product.entity));
            }
            Ok::<_, TableError>(read)
        });
        Ok(side_by_side(lanes).await?.into_iter().flatten().collect())
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
        let item = priced_in(Some(store.currency), to_item(product, FIRST_VERSION)?);
        items.push(part(self.put_new(item)?));
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
        // It moves only where the currency is the same.
        let currency = stores.of.or(stores.to).map(|store| store.currency);
        let put = self.put_seen(seen, priced_in(currency, to_item(product, seen.version + 1)?))?;
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
            let stock_level = keys::stock_level(Some(*variant), 0);
            items.push(self.delete_any(keys::product(product.id), stock_level)?);
        }
        let replaced = match stores.to {
            None => self.transact_as_seen(items, key).await,
            Some(_) => {
                let replaced = self.transact(items, key).await;
                replaced.map_err(|error| error.or_full(A_STORE, PRODUCTS, most))
            }
        };
        replaced?;
        let is_removed = |level: &&StockLevel| level.variant.is_some_and(|id| removed.contains(&id));
        self.sweep_stock(product.id, seen.entity.stock_levels.iter().filter(is_removed)).await;
        Ok(())
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
                items.push(self.delete_any(pk(), keys::stock_level(stock_level.variant, 0))?);
            }
        }
        if let Some(store) = store {
            self.begin_assortment(store).await?;
            let gone = seen.iter().map(|seen| seen.entity.product.status);
            items.push(self.count_product(store.id, Counting::gone(gone))?);
        }
        self.transact_as_seen(items, None).await?;
        for Versioned { entity: StockedProduct { product, stock_levels }, .. } in seen {
            self.sweep_stock(product.id, stock_levels).await;
        }
        Ok(())
    }
}

/// A product from the items of its partition, with its shelves.
fn stocked(items: Vec<Item>) -> Result<Option<Versioned<StockedProduct>>, TableError> {
    let stock_levels = stock::stock_levels(&items);
    let Some(product) = items.into_iter().find(|item| text(item, keys::SK) == keys::PRODUCT) else {
        return Ok(None);
    };
    let product = entity::read_versioned(product, &[VARIANT_SKUS, CURRENCY], WHAT)?;
    Ok(Some(product.map(|product| StockedProduct { product, stock_levels })))
}

/// The item with the currency, so that a list need not read the store.
fn priced_in(currency: Option<Currency>, mut item: Item) -> Item {
    if let (Some(AttributeValue::M(summary)), Some(currency)) = (item.get_mut(keys::SUMMARY), currency) {
        summary.insert(CURRENCY.to_owned(), AttributeValue::S(currency.code().to_owned()));
    }
    item
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
