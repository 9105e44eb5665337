//! Statistics as a caller may see them.

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Reply};
use crate::http::query::Query;
use crate::table::OrderSummary;
use crate::table::lists::{OrderList, Wanted};
use crate::views::statistics::oldest_month;
use futures::future::try_join_all;
use oms_domain::place::invalid_pk;
use oms_domain::statistics::Counts;
use oms_domain::tally::Scope;
use oms_domain::{StoreId, UserId};

/// Whose statistics are asked for: several scopes are added up.
#[derive(Clone, Debug)]
pub struct Asked(Vec<Scope>);

impl App {
    /// Reads whose statistics a request asks for: a customer's own; for a vendor those of their
    /// stores and their own; for staff everybody's. `?store=` narrows to a store that the caller
    /// runs, `?user=` (staff) to a user; from others `?user=` is ignored.
    ///
    /// # Errors
    /// 400 for a store that does not exist, or that the caller does not run.
    pub async fn statistics_asked_by(&self, caller: &Caller, query: &Query) -> Reply<Asked> {
        if let (Some(store), true) = (query.filled("store"), caller.is_staff() || caller.is_vendor()) {
            let unknown = || ApiError::field("store", invalid_pk(&store));
            let id: StoreId = store.parse().map_err(|_| unknown())?;
            return if self.orders(caller).manages(id).await? {
                Ok(Asked(vec![Scope::Store(id)]))
            } else {
                Err(unknown())
            };
        }
        if caller.is_staff() {
            let user = query.filled("user").map(|user| Scope::User(UserId(user.to_owned())));
            return Ok(Asked(vec![user.unwrap_or(Scope::All)]));
        }
        let mut scopes = vec![Scope::User(caller.user.id.clone())];
        if caller.is_vendor() {
            let stores = self.table().stores_of(&caller.user.id).await?;
            scopes.extend(stores.into_iter().map(|store| Scope::Store(store.id)));
        }
        Ok(Asked(scopes))
    }

    /// The counters that were asked for, with the days of the last 12 months.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn counts_of(&self, asked: &Asked) -> Reply<Counts> {
        let since = oldest_month(self.today());
        let counts = asked.0.iter().map(|scope| self.table().counts(scope, since));
        Ok(try_join_all(counts).await?.into_iter().sum())
    }

    /// The newest of the orders that the statistics are of.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn newest_of(&self, asked: &Asked, limit: usize) -> Reply<Vec<OrderSummary>> {
        let lists: Vec<_> = asked
            .0
            .iter()
            .map(|scope| match scope {
                Scope::User(user) => OrderList::OfUser(user.clone()),
                Scope::Store(store) => OrderList::OfStore(*store),
                Scope::All => OrderList::All,
            })
            .collect();
        Ok(self.table().newest_orders(&lists, &Wanted::default(), limit).await?)
    }
}
