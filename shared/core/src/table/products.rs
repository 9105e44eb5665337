//! Products and what lies on their shelves.

use super::entity::{FIRST_VERSION, Versioned};
use super::stock::{self, Shelf};
use super::writes::part;
use super::{Item, Table, TableError, entity, keys, text};
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use oms_domain::catalog::{Product, ProductStatus};
use oms_domain::{ProductId, StoreId, VariantId};
use serde::Deserialize;

/// The product's fields that lists show, filter, search or sort by.
const SUMMARY_FIELDS: [&str; 6] = ["id", "store", "name", "sku", "status", "created_at"];
/// The variants' stock keeping units, in the summary only.
const VARIANT_SKUS: &str = "variant_skus";
const WHAT: &str = "a product";
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
    pub shelves: Vec<Shelf>,
}

impl StockedProduct {
    /// How many pieces lie on the shelf of a variant, or on the product's own.
    #[must_use]
    pub fn available(&self, variant: Option<VariantId>) -> u64 {
        let shelf = self.shelves.iter().find(|shelf| shelf.variant == variant);
        shelf.map_or(0, |shelf| shelf.available)
    }
}

/// What an index carries of a product.
#[derive(Clone, Debug, Deserialize)]
pub struct ProductSummary {
    /// Its id.
    pub id: ProductId,
    /// The store that sells it.
    pub store: StoreId,
    /// Its name.
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

impl Table {
    /// A product with its shelves.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn product(&self, id: ProductId) -> Result<Option<Versioned<StockedProduct>>, TableError> {
        let items = self.collection(keys::product(id), "").await?;
        let shelves = items.iter().filter_map(stock::shelf).collect();
        let product = items.into_iter().find(|item| text(item, keys::SK) == keys::PRODUCT);
        let Some(product) = product else {
            return Ok(None);
        };
        let Versioned { entity: product, version } = entity::read_versioned(product, WHAT)?;
        let entity = StockedProduct { product, shelves };
        Ok(Some(Versioned { entity, version }))
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
        let mut stocked = self.with_few_shelves(few).await?;
        let many = futures::stream::iter(many.into_iter().map(|p| self.with_all_shelves(p)))
            .buffer_unordered(QUERIES_AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        stocked.extend(many);
        Ok(stocked)
    }

    async fn with_few_shelves(&self, products: Vec<Product>) -> Result<Vec<StockedProduct>, TableError> {
        let wanted = products.iter().flat_map(|product| {
            let variants = product.variants.iter().map(|variant| Some(variant.id));
            std::iter::once(None).chain(variants).map(|shelf| (keys::product(product.id), keys::shelf(shelf)))
        });
        let items = self.get_items(wanted.collect()).await?;
        let stocked = products.into_iter().map(|product| {
            let pk = keys::product(product.id);
            let own = items.iter().filter(|item| text(item, keys::PK) == pk);
            let shelves = own.filter_map(stock::shelf).collect();
            StockedProduct { product, shelves }
        });
        Ok(stocked.collect())
    }

    async fn with_all_shelves(&self, product: Product) -> Result<StockedProduct, TableError> {
        let pk = keys::product(product.id);
        let items = self.collection(pk, keys::STOCK_PREFIX).await?;
        let shelves = items.iter().filter_map(stock::shelf).collect();
        Ok(StockedProduct { product, shelves })
    }

    /// Makes a product with its shelves, in [`FIRST_VERSION`].
    ///
    /// # Errors
    /// [`TableError::Conflict`] where its id is taken or its store has gone.
    pub async fn insert_product(&self, stocked: &StockedProduct) -> Result<(), TableError> {
        let product = &stocked.product;
        let mut items = vec![
            part(self.put_new(to_item(product, FIRST_VERSION)?)?),
            self.must_exist(keys::store(product.store), keys::STORE.to_owned())?,
        ];
        for shelf in &stocked.shelves {
            items.push(self.new_shelf(product.id, *shelf)?);
        }
        self.transact_as_seen(items).await
    }

    /// Changes a product that was seen in version `seen`, into the next one; makes the shelves of
    /// its new variants and removes those of the removed ones.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn replace_product(
        &self,
        seen: u64,
        product: &Product,
        made: &[Shelf],
        removed: &[VariantId],
    ) -> Result<(), TableError> {
        let put = self.put_over(Some(seen), to_item(product, seen + 1)?)?;
        if made.is_empty() && removed.is_empty() {
            return self.put(put).await;
        }
        let mut items = vec![part(put)];
        for shelf in made {
            items.push(self.new_shelf(product.id, *shelf)?);
        }
        for variant in removed {
            let shelf = keys::shelf(Some(*variant));
            items.push(self.delete_any(keys::product(product.id), shelf)?);
        }
        self.transact_as_seen(items).await
    }

    /// Removes a product that was seen in version `seen`, with its shelves.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn delete_product(&self, seen: &Versioned<StockedProduct>) -> Result<(), TableError> {
        let StockedProduct { product, shelves } = &seen.entity;
        let pk = || keys::product(product.id);
        let mut items = vec![self.delete_seen(pk(), keys::PRODUCT.to_owned(), seen.version)?];
        for shelf in shelves {
            items.push(self.delete_any(pk(), keys::shelf(shelf.variant))?);
        }
        self.transact_as_seen(items).await
    }
}

fn to_item(product: &Product, version: u64) -> Result<Item, TableError> {
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
