//! What the reader of a list of the catalogue has just done, which the indexes may not have yet.
//!
//! Whatever they have made, changed or deleted within the last seconds is read consistently, a unit
//! each, and takes the place of what the indexes say of it. Customers write no stores and products:
//! for them nothing is asked for.

use crate::app::App;
use crate::lists::read_your_writes::SETTLING;
use jiff::Timestamp;
use oms_domain::catalog::StoreStatus;
use oms_domain::{AddressId, Caller, Outcome, ProductId, StoreId, UserId};
use oms_table::TableError;
use oms_table::catalog::assortments::Assortment;
use oms_table::catalog::products::ProductSummary;
pub use oms_table::catalog::recent_changes::CatalogueWrite;
use oms_table::catalog::stores::StoreSummary;
use oms_table::recent_writes::noting;
use std::collections::BTreeSet;
use uuid::Uuid;

/// What lists of the catalogue have in common.
pub trait Listed {
    /// Its id.
    fn id(&self) -> Uuid;
    /// When it was made.
    fn created_at(&self) -> Timestamp;
}

impl Listed for ProductSummary {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

impl Listed for StoreSummary {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// What a reader has just changed, as it is now.
#[derive(Clone, Debug)]
pub struct JustChanged<T> {
    ids: BTreeSet<Uuid>,
    /// What there is of it: the rest is no more.
    pub entries: Vec<T>,
}

impl<T> Default for JustChanged<T> {
    fn default() -> Self {
        Self { ids: BTreeSet::new(), entries: Vec::new() }
    }
}

impl<T: Listed + Clone> JustChanged<T> {
    /// Whether an entry is of what was changed.
    pub fn has(&self, id: Uuid) -> bool {
        self.ids.contains(&id)
    }

    /// Puts what was changed in the place of what an index says of it, whether or not it belongs
    /// into the list.
    pub fn put_into(&self, listed: &mut Vec<T>) {
        listed.retain(|entry| !self.has(entry.id()));
        listed.extend_from_slice(&self.entries);
    }
}

/// What a reader has just changed of the catalogue.
#[derive(Clone, Debug, Default)]
pub struct ChangedCatalogue {
    /// The products.
    pub products: JustChanged<ProductSummary>,
    /// The stores, also those whose products they are.
    pub stores: JustChanged<StoreSummary>,
    assortments: Vec<Assortment>,
}

impl ChangedCatalogue {
    /// Whether a store has just been deleted.
    #[must_use]
    pub fn is_gone(&self, store: StoreId) -> bool {
        self.stores.has(store.0) && self.stores.entries.iter().all(|one| one.id != store)
    }

    /// Puts the counts of the stores that were changed in the place of what the index says of them,
    /// among those of the stores of a status.
    pub fn put_counts_into(&self, counted: &mut Vec<Assortment>, status: StoreStatus) {
        counted.retain(|one| !self.stores.has(one.store.0));
        let has_status = |one: &&Assortment| {
            self.stores.entries.iter().any(|store| store.id == one.store && store.status == status)
        };
        counted.extend(self.assortments.iter().filter(has_status).cloned());
    }
}

impl App {
    /// Writes something of the catalogue and notes it for whoever does so, at the same time and in
    /// a write of its own.
    ///
    /// # Errors
    /// Those of the write.
    pub async fn noting<T>(
        &self,
        by: &Caller,
        changes: &[CatalogueWrite],
        write: impl Future<Output = Result<T, TableError>>,
    ) -> Result<T, TableError> {
        noting(self.now(), write, |at| self.table().note_recent_changes(&by.user.id, at, changes)).await
    }

    /// What a caller has changed of the catalogue within the last seconds, of what is wanted.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn changed_catalogue(
        &self,
        caller: &Caller,
        wanted: impl Fn(&CatalogueWrite) -> bool,
    ) -> Outcome<ChangedCatalogue> {
        if !caller.is_staff() && !caller.is_vendor() {
            return Ok(ChangedCatalogue::default());
        }
        let now = self.now();
        let recent = self.table().recent_changes(&caller.user.id, now).await?;
        let recent = recent.into_iter().filter(|change| now.duration_since(change.at) <= SETTLING);
        let (mut products, mut stores) = (BTreeSet::new(), BTreeSet::new());
        for change in recent.map(|change| change.what).filter(wanted) {
            match change {
                CatalogueWrite::Product(product, store) => {
                    products.insert(product);
                    stores.insert(store);
                }
                CatalogueWrite::Store(store) => {
                    stores.insert(store);
                }
                CatalogueWrite::Address(..) => {}
            }
        }
        let found = self.table().catalogue_now(&products, &stores).await?;
        Ok(ChangedCatalogue {
            products: JustChanged { ids: products.iter().map(|id| id.0).collect(), entries: found.products },
            stores: JustChanged { ids: stores.iter().map(|id| id.0).collect(), entries: found.stores },
            assortments: found.assortments,
        })
    }

    /// The products whose stock a caller has moved with orders within the last seconds.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn stock_just_moved(&self, caller: &Caller) -> Outcome<BTreeSet<ProductId>> {
        Ok(self.table().stock_moved(&caller.user.id, self.now(), SETTLING).await?)
    }

    /// Whose an address is, also where the caller has just made it and the index does not have it
    /// yet.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn user_of_address(&self, caller: &Caller, id: AddressId) -> Outcome<Option<UserId>> {
        if let Some(user) = self.table().user_of_address(id).await? {
            return Ok(Some(user));
        }
        let recent = self.table().recent_changes(&caller.user.id, self.now()).await?;
        Ok(recent.into_iter().find_map(|change| match change.what {
            CatalogueWrite::Address(address, user) => (address == id).then_some(user),
            CatalogueWrite::Store(_) | CatalogueWrite::Product(..) => None,
        }))
    }
}
