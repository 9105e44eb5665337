//! What of the catalogue a caller may see, and what of it they may write. What a caller may not see
//! is 404; what they see but may not write is 403.

use oms_core::app::App;
use oms_domain::catalog::{ProductStatus, Store, StoreStatus};
use oms_domain::{AddressId, Caller, Currency, Error, Kind, Outcome, ProductId, StoreId, UserId};
use oms_table::catalog::addresses::BookEntry;
use oms_table::catalog::products::StockedProduct;
use oms_table::entity::Versioned;

/// A store that the caller may see.
#[derive(Clone, Debug)]
pub(crate) struct SeenStore {
    /// The store.
    pub(crate) store: Versioned<Store>,
    /// Whether the caller may write it and what is in it.
    pub(crate) manages: bool,
}

/// A product that the caller may see.
#[derive(Clone, Debug)]
pub(crate) struct SeenProduct {
    /// The product and its stock.
    pub(crate) product: Versioned<StockedProduct>,
    /// Its store; none where that is no more.
    pub(crate) store: Option<Store>,
    /// The currency of its prices.
    pub(crate) currency: Currency,
    /// Whether the caller may write it.
    pub(crate) manages: bool,
}

/// Lets in those who may write some part of the catalogue.
///
/// # Errors
/// 403 for customers.
pub(crate) fn sells(caller: &Caller) -> Outcome<()> {
    if caller.is_staff() || caller.is_vendor() { Ok(()) } else { Err(Error::Forbidden) }
}

/// Whether the caller may write what is in a store of this owner: staff, and the vendor whose
/// store it is.
pub(crate) fn manages(caller: &Caller, owner: Option<&UserId>) -> bool {
    caller.is_staff() || (caller.is_vendor() && owner == Some(&caller.user.id))
}

/// A store that the caller may see: active ones are everybody's to see.
///
/// # Errors
/// 404.
pub(crate) async fn store(app: &App, caller: &Caller, id: StoreId) -> Outcome<SeenStore> {
    let store = app.table().versioned_store(id).await?;
    let store = store.ok_or(Error::NotFound(Kind::Store))?;
    let manages = manages(caller, store.entity.owner.as_ref());
    if manages || store.entity.status == StoreStatus::Active {
        Ok(SeenStore { store, manages })
    } else {
        Err(Error::NotFound(Kind::Store))
    }
}

/// A product that the caller may see: active ones of active stores are everybody's to see.
///
/// # Errors
/// 404.
pub(crate) async fn product(app: &App, caller: &Caller, id: ProductId) -> Outcome<SeenProduct> {
    let product = app.table().product(id).await?;
    let product = product.ok_or(Error::NotFound(Kind::Product))?;
    let store = app.table().store(product.entity.product.store).await?;
    let manages = manages(caller, store.as_ref().and_then(|store| store.owner.as_ref()));
    let is_on_sale = product.entity.product.status == ProductStatus::Active
        && store.as_ref().is_some_and(|store| store.status == StoreStatus::Active);
    if manages || is_on_sale {
        let currency = store.as_ref().map_or(app.config().currency, |store| store.currency);
        Ok(SeenProduct { product, store, currency, manages })
    } else {
        Err(Error::NotFound(Kind::Product))
    }
}

/// An address that the caller may see: their own, and for staff everybody's.
///
/// # Errors
/// 404.
pub(crate) async fn address(app: &App, caller: &Caller, id: AddressId) -> Outcome<BookEntry> {
    let own = app.table().address(&caller.user.id, id).await?;
    if let Some(entry) = own {
        return Ok(entry);
    }
    let user = if caller.is_staff() { app.user_of_address(caller, id).await? } else { None };
    let entry = match user {
        Some(user) => app.table().address(&user, id).await?,
        None => None,
    };
    entry.ok_or(Error::NotFound(Kind::Address))
}

impl SeenStore {
    /// The store, for what only those who run it may do.
    ///
    /// # Errors
    /// 403 for the others.
    pub(crate) fn managed(self) -> Outcome<Versioned<Store>> {
        if self.manages { Ok(self.store) } else { Err(Error::Forbidden) }
    }
}

impl SeenProduct {
    /// The product, for what only those who run its store may do.
    ///
    /// # Errors
    /// 403 for the others.
    pub(crate) fn managed(self) -> Outcome<Self> {
        if self.manages { Ok(self) } else { Err(Error::Forbidden) }
    }
}
