//! Into how many parts the lists are split, so that many can write them at the same time.
//!
//! A shop may turn that up and down at any time, and nothing is moved for it: an order stands in
//! the part that its last writer's settings gave it, and a list is read in as many parts as any
//! writer has ever had. How many those are is noted in the table before anything is written in one
//! that is new. Once an operator has written everything anew, it is as many as the settings say.

use crate::orders::item;
use crate::writes::{VERSION, while_held};
use crate::{Item, Layout, Table, TableError, key, keys, number};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::Order;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// How many parts of the lists of all orders and payments were ever written.
const ALL: &str = "list_shards";
/// How many parts of a store's lists were.
const OF_STORE: &str = "store_list_shards";

/// Into how many parts lists are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListShards {
    /// Those of all orders and payments.
    pub all: u16,
    /// Those of each store.
    pub of_store: u16,
}

impl ListShards {
    /// Lists that are whole.
    pub const ONE: Self = Self { all: 1, of_store: 1 };

    /// As many of each as either has.
    #[must_use]
    pub const fn widest(self, other: Self) -> Self {
        let all = if self.all > other.all { self.all } else { other.all };
        let of_store = if self.of_store > other.of_store { self.of_store } else { other.of_store };
        Self { all, of_store }
    }

    fn noted(item: Option<&Item>) -> Self {
        let noted = |name| item.and_then(|item| number(item, name)).and_then(|noted| noted.try_into().ok());
        Self { all: noted(ALL).unwrap_or(1), of_store: noted(OF_STORE).unwrap_or(1) }
    }
}

/// What an instance knows about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownListShards {
    /// What was noted when it looked.
    noted: Arc<OnceCell<ListShards>>,
    /// Whether its own are among what is noted.
    has_mine: Arc<OnceCell<()>>,
}

impl Table {
    /// What is noted about the table as a whole.
    pub(crate) async fn about_table(&self) -> Result<Option<Item>, TableError> {
        let item = self.get_item(keys::SCHEMA.to_owned(), keys::SCHEMA.to_owned()).await?;
        // Whoever asks at its start knows then how lists are read, and no request waits for it.
        let _ = self.list_shards.noted.set(ListShards::noted(item.as_ref()));
        Ok(item)
    }

    /// Notes something about the table as a whole.
    pub(crate) fn note_about_table(&self, name: &str, number: u64) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(keys::SCHEMA.to_owned(), keys::SCHEMA.to_owned())))
            .update_expression("SET #name = :number")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":number", AttributeValue::N(number.to_string()))
    }

    /// In how many parts lists have to be read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn list_shards(&self) -> Result<ListShards, TableError> {
        let look = || async {
            let item = self.get_item(keys::SCHEMA.to_owned(), keys::SCHEMA.to_owned()).await?;
            Ok::<_, TableError>(ListShards::noted(item.as_ref()))
        };
        let noted = self.list_shards.noted.get_or_try_init(look).await?;
        Ok(noted.widest(self.layout.lists))
    }

    /// How whatever stands in lists is written, from now on.
    pub(crate) async fn layout_of_lists(&self) -> Result<Layout, TableError> {
        self.list_shards.has_mine.get_or_try_init(|| self.note_list_shards()).await?;
        Ok(self.layout)
    }

    async fn note_list_shards(&self) -> Result<(), TableError> {
        let mine = self.layout.lists;
        let noted = self.list_shards.noted.get().copied().unwrap_or(ListShards::ONE);
        let of_both = [(ALL, mine.all, noted.all), (OF_STORE, mine.of_store, noted.of_store)];
        for (name, mine, noted) in of_both {
            if mine <= noted {
                continue;
            }
            let note = self.note_about_table(name, mine.into());
            let note = note.condition_expression("attribute_not_exists(#name) OR #name < :number");
            match note.send().await.map_err(TableError::from) {
                // As many are noted already.
                Ok(_) | Err(TableError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Puts an order into the parts of lists that the settings give it; nothing where somebody has
    /// written it since, who did the same.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn relist(&self, order: &Order) -> Result<(), TableError> {
        let [store, all] = item::split_lists(order, self.layout_of_lists().await?.lists);
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(keys::order(order.id), keys::ORDER.to_owned())))
            .update_expression("SET #store = :store, #all = :all")
            .condition_expression("#version = :seen")
            .expression_attribute_names("#store", store.0)
            .expression_attribute_names("#all", all.0)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":store", AttributeValue::S(store.1))
            .expression_attribute_values(":all", AttributeValue::S(all.1))
            .expression_attribute_values(":seen", AttributeValue::N(order.version.to_string()));
        match while_held(|| update.clone().send()).await.map_err(TableError::from) {
            Ok(_) | Err(TableError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Has lists read in no more parts than the settings say: for operators, who have had all
    /// orders and all their rows written anew with these settings since they asked for
    /// [`list_shards`](Self::list_shards), and know of nobody who still writes with those of
    /// before. Where more have been noted since then, nothing happens; whether it did, or there was
    /// nothing to do.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn narrow_lists(&self) -> Result<bool, TableError> {
        let (mine, seen) = (self.layout.lists, self.list_shards().await?);
        let mut is_narrow = true;
        for (name, mine, seen) in [(ALL, mine.all, seen.all), (OF_STORE, mine.of_store, seen.of_store)] {
            if mine == seen {
                continue;
            }
            let note = self.note_about_table(name, mine.into()).condition_expression("#name = :seen");
            let note = note.expression_attribute_values(":seen", AttributeValue::N(seen.to_string()));
            match note.send().await.map_err(TableError::from) {
                Ok(_) => {}
                Err(TableError::Conflict) => is_narrow = false,
                Err(error) => return Err(error),
            }
        }
        Ok(is_narrow)
    }
}
