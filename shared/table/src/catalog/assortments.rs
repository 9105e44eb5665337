//! How many products each store has: counted in the transaction that makes, changes or removes one,
//! so that limits hold however many write at the same time and lists know their length.
//!
//! | pk | sk | attributes | `by-all` |
//! |---|---|---|---|
//! | `STORE#<id>` | `PRODUCTS` | `made`: how many it has ever had; `count`; `summary`: how many of each status | `ASSORTMENTS#<the store's status>` |
//!
//! Where nobody has counted yet, as in data from before there were counters, the index is counted
//! first. Whatever is made later is made beside its counter.

use crate::counters::counted::{COUNT, built, number};
use crate::keys::{self, Index};
use crate::lists::{OrderList, Span, Wanted};
use crate::{Item, Table, TableError, entity, key};
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, TransactWriteItem};
use futures::future::try_join_all;
use oms_domain::StoreId;
use oms_domain::catalog::{ProductStatus, Store, StoreStatus};
use serde::Deserialize;

const MADE: &str = "made";
const WHAT: &str = "the count of a store's products";

/// How many products a store has of each status.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Assortment {
    /// The store.
    pub store: StoreId,
    draft: u64,
    active: u64,
    archived: u64,
    /// How many it has ever had; an index does not tell.
    #[serde(default)]
    made: u64,
}

impl Assortment {
    /// How many products of a status there are.
    #[must_use]
    pub const fn of(&self, status: ProductStatus) -> u64 {
        match status {
            ProductStatus::Draft => self.draft,
            ProductStatus::Active => self.active,
            ProductStatus::Archived => self.archived,
        }
    }

    /// Whether the store has ever had a product, which is what its orders are for.
    #[must_use]
    pub const fn was_begun(&self) -> bool {
        self.made > 0
    }
}

/// How a store's products become others.
#[derive(Clone, Copy, Debug)]
pub enum Counting {
    /// A new one, where there may be so many.
    Made(ProductStatus, u32),
    /// One that became another.
    Turned(ProductStatus, ProductStatus),
    /// So many fewer of each status.
    Gone([u64; 3]),
}

impl Counting {
    /// Products of these statuses are no more.
    pub fn gone(statuses: impl IntoIterator<Item = ProductStatus>) -> Self {
        let mut gone = [0; 3];
        for status in statuses {
            match status {
                ProductStatus::Draft => gone[0] += 1,
                ProductStatus::Active => gone[1] += 1,
                ProductStatus::Archived => gone[2] += 1,
            }
        }
        Self::Gone(gone)
    }
}

impl Table {
    /// How many products a store has; nothing where it has never had one, or nobody has counted
    /// yet.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    async fn assortment(&self, store: StoreId) -> Result<Option<Assortment>, TableError> {
        let item = self.get_item(keys::store(store), keys::ASSORTMENT.to_owned()).await?;
        item.map(|item| entity::read(item, WHAT)).transpose()
    }

    /// How many products the stores of some statuses have that have any. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn assortments(&self, statuses: &[StoreStatus]) -> Result<Vec<Assortment>, TableError> {
        let lists: Vec<String> = statuses.iter().map(|status| keys::list_of_assortments(*status)).collect();
        let reads = lists.iter().map(|list| self.newest::<Item>(Index::All, list, usize::MAX));
        let items = try_join_all(reads).await?.into_iter().flatten();
        items.map(|item| entity::read(item, WHAT)).collect()
    }

    /// How many products a store has, counted in the index where nobody has counted yet. That an
    /// older store has orders says that it has had a product, whether or not it has one now.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn count_of_products(&self, store: StoreId) -> Result<Assortment, TableError> {
        if let Some(counted) = self.assortment(store).await? {
            return Ok(counted);
        }
        let lists = ProductStatus::ALL.iter().map(|status| {
            let list = Span::all(Index::Store, keys::list_of_store_products(store, *status));
            async move { Ok::<_, TableError>((*status, self.count_span(&list).await?)) }
        });
        let mut counted = Assortment { store, draft: 0, active: 0, archived: 0, made: 0 };
        for (status, count) in try_join_all(lists).await? {
            match status {
                ProductStatus::Draft => counted.draft = count,
                ProductStatus::Active => counted.active = count,
                ProductStatus::Archived => counted.archived = count,
            }
        }
        let orders = self.listed_orders(&[OrderList::OfStore(store)], &Wanted::default(), 1).await?;
        let sum = counted.draft + counted.active + counted.archived;
        Ok(Assortment { made: sum.max(orders.len() as u64), ..counted })
    }

    /// Like [`count_of_products`](Self::count_of_products), and from now on there is a counter.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn begin_assortment(&self, store: &Store) -> Result<Assortment, TableError> {
        if let Some(counted) = self.assortment(store.id).await? {
            return Ok(counted);
        }
        let counted = self.count_of_products(store.id).await?;
        self.put_unless_there(to_item(&counted, store)).await?;
        Ok(self.assortment(store.id).await?.unwrap_or(counted))
    }

    /// Counts a product, as part of the transaction that writes it.
    pub fn count_product(&self, store: StoreId, counting: Counting) -> Result<TransactWriteItem, TableError> {
        let update = self
            .counter(keys::store(store), keys::ASSORTMENT)
            .expression_attribute_names("#summary", keys::SUMMARY);
        let update = match counting {
            Counting::Made(status, most) => update
                .update_expression("SET #summary.#status = #summary.#status + :one ADD #count :one, #made :one")
                .condition_expression("#count < :most")
                .expression_attribute_names("#status", status.as_str())
                .expression_attribute_names("#count", COUNT)
                .expression_attribute_names("#made", MADE)
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":most", number(most.into())),
            Counting::Turned(from, to) => update
                .update_expression("SET #summary.#from = #summary.#from - :one, #summary.#to = #summary.#to + :one")
                .expression_attribute_names("#from", from.as_str())
                .expression_attribute_names("#to", to.as_str())
                .expression_attribute_values(":one", number(1)),
            Counting::Gone([draft, active, archived]) => update
                .update_expression(
                    "SET #summary.#draft = #summary.#draft - :draft, #summary.#active = #summary.#active - :active, \
                     #summary.#archived = #summary.#archived - :archived, #count = #count - :all",
                )
                .expression_attribute_names("#draft", ProductStatus::Draft.as_str())
                .expression_attribute_names("#active", ProductStatus::Active.as_str())
                .expression_attribute_names("#archived", ProductStatus::Archived.as_str())
                .expression_attribute_names("#count", COUNT)
                .expression_attribute_values(":draft", number(draft))
                .expression_attribute_values(":active", number(active))
                .expression_attribute_values(":archived", number(archived))
                .expression_attribute_values(":all", number(draft + active + archived)),
        };
        built(update)
    }

    /// Notes that a store has another status, as part of the transaction that writes it; where
    /// `is_unbegun`, only if it has never had a product.
    pub fn move_assortment(&self, store: &Store, is_unbegun: bool) -> Result<TransactWriteItem, TableError> {
        let update = self
            .counter(keys::store(store.id), keys::ASSORTMENT)
            .update_expression("SET #list = :list")
            .expression_attribute_names("#list", Index::All.hash_key())
            .expression_attribute_names("#made", MADE)
            .expression_attribute_values(":list", AttributeValue::S(keys::list_of_assortments(store.status)));
        built(if is_unbegun {
            update.condition_expression("#made = :none").expression_attribute_values(":none", number(0))
        } else {
            update.condition_expression("attribute_exists(#made)")
        })
    }

    /// Makes a transaction fail where a store has ever had a product.
    pub fn must_not_have_begun(&self, store: StoreId) -> Result<TransactWriteItem, TableError> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::store(store), keys::ASSORTMENT.to_owned())))
            .condition_expression("#made = :none")
            .expression_attribute_names("#made", MADE)
            .expression_attribute_values(":none", number(0));
        let check = check.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Removes the counter of a store that has no product, and has had one or not as was seen.
    pub fn end_assortment(&self, seen: &Assortment) -> Result<TransactWriteItem, TableError> {
        let delete = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::store(seen.store), keys::ASSORTMENT.to_owned())))
            .condition_expression("#count = :none AND #made = :made")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_names("#made", MADE)
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":made", number(seen.made));
        let delete = delete.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

fn to_item(counted: &Assortment, store: &Store) -> Item {
    let Assortment { draft, active, archived, made, .. } = counted;
    let summary = Item::from([
        ("store".to_owned(), AttributeValue::S(store.id.to_string())),
        (ProductStatus::Draft.as_str().to_owned(), number(*draft)),
        (ProductStatus::Active.as_str().to_owned(), number(*active)),
        (ProductStatus::Archived.as_str().to_owned(), number(*archived)),
    ]);
    let mut item = key(keys::store(store.id), keys::ASSORTMENT.to_owned());
    item.insert(MADE.to_owned(), number(*made));
    item.insert(COUNT.to_owned(), number(draft + active + archived));
    item.insert(keys::SUMMARY.to_owned(), AttributeValue::M(summary));
    let texts = [
        (Index::All.hash_key(), keys::list_of_assortments(store.status)),
        (keys::LIST_AT, keys::list_at(store.created_at, store.id)),
    ];
    entity::with_texts(item, texts)
}
