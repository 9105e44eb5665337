//! Who outside hears of events.
//!
//! What is wanted is written first, then the topic is made to follow, then it is noted that it
//! does. Where that is cut off, the record shows it, and whatever comes next (a repeat, a read, a
//! change, a deletion) goes on from there: nobody hears whom no record names.

pub(crate) mod create;
pub(crate) mod delete;
mod endpoint;
mod fields;
mod follow;
pub(crate) mod list;
pub(crate) mod retrieve;
pub(crate) mod update;
mod view;

use oms_core::app::App;
use oms_domain::place::invalid_pk;
use oms_domain::{Caller, Error, Kind, Outcome, StoreId, SubscriptionId};
use oms_http::Tagged;
use oms_table::entity::Versioned;
use oms_table::notifications::subscriptions::SubscriptionRecord;
use view::SubscriptionView;

/// A record and its version.
type Record = Versioned<SubscriptionRecord>;

fn tagged(record: &Record) -> Tagged<SubscriptionView> {
    Tagged::new(record.version, SubscriptionView::from(&record.entity))
}

/// Lets in those who may manage any subscription at all.
///
/// # Errors
/// 403 for customers.
fn manager(caller: &Caller) -> Outcome<()> {
    if caller.is_staff() || caller.is_vendor() { Ok(()) } else { Err(Error::Forbidden) }
}

/// Whether the caller manages a subscription: staff all, a vendor those of their stores.
async fn manages(app: &App, caller: &Caller, record: &Record) -> Outcome<bool> {
    match record.entity.subscription.store {
        Some(store) => app.orders(caller).manages(store).await,
        None => Ok(caller.is_staff()),
    }
}

/// A subscription that the caller manages.
///
/// # Errors
/// 404.
async fn load(app: &App, caller: &Caller, id: SubscriptionId) -> Outcome<Record> {
    let record = app.table().subscription(id).await?.ok_or(Error::NotFound(Kind::Subscription))?;
    if manages(app, caller, &record).await? { Ok(record) } else { Err(Error::NotFound(Kind::Subscription)) }
}

/// Checks that the caller may let somebody hear of a store's events, or of those of all.
///
/// # Errors
/// 400 for a store that does not exist or is not theirs, and for none where they are no staff.
async fn check_store(app: &App, caller: &Caller, store: Option<StoreId>) -> Outcome<()> {
    let Some(store) = store else {
        let required = || Error::field("store", "This field is required.");
        return if caller.is_staff() { Ok(()) } else { Err(required()) };
    };
    let exists = app.table().store(store).await?.is_some();
    if exists && app.orders(caller).manages(store).await? {
        Ok(())
    } else {
        Err(Error::field("store", invalid_pk(&store)))
    }
}
