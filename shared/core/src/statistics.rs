//! Statistics as a caller may see them.

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Reply};
use crate::http::query::Query;
use crate::table::OrderSummary;
use crate::table::lists::{OrderList, Wanted};
use jiff::tz::TimeZone;
use oms_domain::calendar::Calendar;
use oms_domain::place::invalid_pk;
use oms_domain::tally::Scope;
use oms_domain::{StoreId, UserId};

/// How many of the newest orders statistics show.
const NEWEST: usize = 10;

/// Whose statistics are asked for: several scopes are added up.
#[derive(Clone, Debug)]
pub struct Asked {
    scopes: Vec<Scope>,
    newest: usize,
}

impl Asked {
    fn new(scopes: Vec<Scope>) -> Self {
        Self { scopes, newest: NEWEST }
    }

    /// The scopes.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// How many of the newest orders are looked at.
    #[must_use]
    pub const fn newest(&self) -> usize {
        self.newest
    }

    /// The same, of which fewer of the newest orders are looked at: for statistics that show none.
    #[must_use]
    pub fn looking_at(self, newest: usize) -> Self {
        Self { newest, ..self }
    }
}

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
                Ok(Asked::new(vec![Scope::Store(id)]))
            } else {
                Err(unknown())
            };
        }
        if caller.is_staff() {
            let user = query.filled("user").map(|user| Scope::User(UserId(user.to_owned())));
            return Ok(Asked::new(vec![user.unwrap_or(Scope::All)]));
        }
        let mut scopes = vec![Scope::User(caller.user.id.clone())];
        if caller.is_vendor() {
            let stores = self.table().stores_ever_of(&caller.user.id).await?;
            scopes.extend(stores.into_iter().map(|store| Scope::Store(store.id)));
        }
        Ok(Asked::new(scopes))
    }

    /// The last days and months of the deployment's time zone.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        let zone = &self.config().time_zone;
        Calendar::new(self.now(), zone.clone(), zone)
    }

    /// The last days and months as a request asks for them: of the time zone `?tz=`, else of the
    /// deployment's.
    ///
    /// # Errors
    /// 400 for what is no time zone's name.
    pub fn calendar_asked_by(&self, query: &Query) -> Reply<Calendar> {
        let Some(name) = query.filled("tz") else { return Ok(self.calendar()) };
        let unknown = |_| ApiError::field("tz", format!("\"{name}\" is not a valid choice."));
        let shown = TimeZone::get(name).map_err(unknown)?;
        Ok(Calendar::new(self.now(), self.config().time_zone.clone(), &shown))
    }

    /// The newest of the orders that the statistics are of.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn newest_of(&self, asked: &Asked) -> Reply<Vec<OrderSummary>> {
        let lists: Vec<_> = asked.scopes.iter().map(OrderList::of).collect();
        Ok(self.table().listed_orders(&lists, &Wanted::default(), asked.newest).await?)
    }
}
