//! Statistics as a caller may see them.

mod doubts;
mod folded;
pub mod read_your_writes;
pub mod verify;
pub mod verify_all;

pub use self::doubts::OTHERS;
use self::folded::Pair;
use crate::app::App;
use jiff::tz::TimeZone;
use oms_domain::calendar::Calendar;
use oms_domain::tally::Scope;
use oms_domain::{Caller, Error, OrderSummary, Outcome, StoreId};
use oms_http::query::Query;
use oms_table::lists::{OrderList, Wanted};

/// How many of the newest orders statistics show.
const NEWEST: usize = 10;

/// Whose statistics are asked for: several scopes are added up.
#[derive(Clone, Debug)]
pub struct StatisticsQuery {
    scopes: Vec<Scope>,
    /// A user's orders of a store, in place of scopes: nothing is counted of these.
    pair: Option<Pair>,
    newest: usize,
}

impl StatisticsQuery {
    fn new(scopes: Vec<Scope>) -> Self {
        Self { scopes, pair: None, newest: NEWEST }
    }

    /// The scopes.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Whether the orders themselves are added up, so that there are no counters that could drift.
    #[must_use]
    pub const fn is_folded(&self) -> bool {
        self.pair.is_some()
    }

    /// The user and the store whose orders are asked for, where it is one of each.
    #[must_use]
    pub(crate) const fn pair(&self) -> Option<&Pair> {
        self.pair.as_ref()
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
    /// stores and their own; for staff everybody's. `?user=` narrows to a user, `?store=` to a
    /// store: to all of it for those who run it, to what they bought there for others.
    ///
    /// # Errors
    /// 400 for what is no store's id; 403 for `?user=` of somebody else, unless staff ask.
    pub async fn statistics_asked_by(&self, caller: &Caller, query: &Query) -> Outcome<StatisticsQuery> {
        let own = &caller.user.id;
        let user = query.user("user")?;
        if user.as_ref().is_some_and(|user| user != own && !caller.is_staff()) {
            return Err(Error::Forbidden);
        }
        let store = query.id("store")?.map(StoreId);
        match (user, store) {
            (Some(user), Some(store)) => Ok(StatisticsQuery::of_pair(user, store)),
            (Some(user), None) => Ok(StatisticsQuery::new(vec![Scope::User(user)])),
            (None, Some(store)) if self.orders(caller).manages(store).await? => {
                Ok(StatisticsQuery::new(vec![Scope::Store(store)]))
            }
            (None, Some(store)) => Ok(StatisticsQuery::of_pair(own.clone(), store)),
            (None, None) => Ok(StatisticsQuery::new(self.scopes_of(caller).await?)),
        }
    }

    /// All that a caller may see.
    async fn scopes_of(&self, caller: &Caller) -> Outcome<Vec<Scope>> {
        if caller.is_staff() {
            return Ok(vec![Scope::All]);
        }
        let mut scopes = vec![Scope::User(caller.user.id.clone())];
        if caller.is_vendor() {
            let stores = self.table().stores_ever_of(&caller.user.id).await?;
            scopes.extend(stores.into_iter().map(|store| Scope::Store(store.id)));
        }
        Ok(scopes)
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
    pub fn calendar_asked_by(&self, query: &Query) -> Outcome<Calendar> {
        let Some(name) = query.filled("tz") else { return Ok(self.calendar()) };
        let unknown = |_| Error::field("tz", format!("\"{name}\" is not a valid choice."));
        let shown = TimeZone::get(name).map_err(unknown)?;
        Ok(Calendar::new(self.now(), self.config().time_zone.clone(), &shown))
    }

    /// The newest of the orders that the statistics are of.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn newest_of(&self, asked: &StatisticsQuery) -> Outcome<Vec<OrderSummary>> {
        let lists: Vec<_> = asked.scopes.iter().map(OrderList::of).collect();
        Ok(self.table().listed_orders(&lists, &Wanted::default(), asked.newest).await?)
    }
}
