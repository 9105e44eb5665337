//! Lists of orders as a caller may see them.

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Reply};
use crate::http::pages::{Links, Page, PageRequest};
use crate::table::OrderSummary;
use crate::table::lists::{OrderList, Wanted, position};
use crate::views::order::OrderListView;
use futures::future::try_join_all;
use oms_domain::statistics::Counts;
use oms_domain::tally::Scope;
use oms_domain::{Status, StoreId, UserId};

/// How deep a page may lie that is asked for by its number alone, in entries.
pub(crate) const DEEPEST: u64 = 10_000;

/// How long an order is a recent one: 30 days.
const RECENT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// Which of the orders that a caller may see are listed.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// All of them.
    All,
    /// Those of a status.
    OfStatus(Status),
    /// Those placed since then.
    Since(jiff::Timestamp),
}

/// Which orders a caller may see, as lists and as counters.
#[derive(Clone, Debug)]
pub struct Visible {
    lists: Vec<OrderList>,
    /// The stores that the caller owns, where that matters.
    owned: Vec<StoreId>,
}

impl App {
    /// All orders that a caller may see: their own; a vendor's also those of their stores; for
    /// staff all.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn visible_to(&self, caller: &Caller) -> Reply<Visible> {
        if caller.is_staff() {
            return Ok(Visible { lists: vec![OrderList::All], owned: Vec::new() });
        }
        let own = OrderList::OfUser(caller.user.id.clone());
        let owned: Vec<StoreId> = if caller.is_vendor() {
            let stores = self.table().stores_of(&caller.user.id).await?;
            stores.into_iter().map(|store| store.id).collect()
        } else {
            Vec::new()
        };
        let stores = owned.iter().map(|store| OrderList::OfStore(*store));
        Ok(Visible { lists: std::iter::once(own).chain(stores).collect(), owned })
    }

    /// The caller's own orders, whoever they are.
    #[must_use]
    pub fn own_orders(&self, caller: &Caller) -> Visible {
        Visible { lists: vec![OrderList::OfUser(caller.user.id.clone())], owned: Vec::new() }
    }

    /// The orders that were placed in the last 30 days.
    #[must_use]
    pub fn recent(&self) -> Which {
        let since = self.now().checked_sub(RECENT).unwrap_or(jiff::Timestamp::MIN);
        Which::Since(since)
    }

    /// A page of orders, newest first.
    ///
    /// # Errors
    /// 404 for a page that does not exist.
    pub async fn page_of_orders(
        &self,
        caller: &Caller,
        visible: &Visible,
        which: Which,
        request: &PageRequest,
        links: &Links,
    ) -> Reply<Page<OrderListView>> {
        let counted = self.count_of(visible, which).await?;
        let number = request.resolve(counted)?;
        let size = u64::from(request.size);
        let before = (number - 1) * size;
        // With a cursor the page begins right there; without one the entries before are read over.
        let skipped = if request.cursor.is_some() { 0 } else { before };
        if skipped > DEEPEST {
            return Err(ApiError::InvalidPage);
        }
        let limit = usize::try_from(skipped + size + 1).unwrap_or(usize::MAX);
        let wanted = which.wanted(request.cursor.as_deref());
        let found = self.table().newest_orders(&visible.lists, &wanted, limit).await?;
        let mut entries: Vec<_> =
            found.into_iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).collect();
        let has_next = entries.len() as u64 > size;
        entries.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let cursor = entries.last().map(|last| position(last.created_at, last.id));
        // The counters follow the table within moments; what is on the page is there for certain.
        let count = counted.max(before + entries.len() as u64 + u64::from(has_next));
        Ok(Page {
            count,
            next: has_next.then(|| links.page(number + 1, cursor.as_deref())),
            previous: (number > 1).then(|| links.page(number - 1, None)),
            results: entries.iter().map(|order| visible.show(caller, order)).collect(),
        })
    }

    /// How many orders some lists have, by the counters.
    async fn count_of(&self, visible: &Visible, which: Which) -> Reply<u64> {
        let counts = visible.lists.iter().map(|list| self.count_of_list(list, which));
        let count: u64 = try_join_all(counts).await?.into_iter().sum();
        let twice = self.in_two_lists(visible, which).await?.len();
        Ok(count.saturating_sub(twice as u64))
    }

    /// How many lines the orders of some lists have together, by the counters.
    pub(crate) async fn count_lines(&self, visible: &Visible) -> Reply<u64> {
        let counts = visible.lists.iter().map(|list| async move {
            let scope = scope_of(list);
            self.table().counts(&scope, self.today()).await
        });
        let counts = try_join_all(counts).await?;
        let lines: u64 = counts.iter().map(|counts| counts.lines).sum();
        let twice = self.in_two_lists(visible, Which::All).await?;
        let twice: u64 = twice.iter().map(|order| u64::from(order.item_count)).sum();
        Ok(lines.saturating_sub(twice))
    }

    /// A vendor's own orders from their own stores, which are in two of the lists.
    pub(crate) async fn in_two_lists(&self, visible: &Visible, which: Which) -> Reply<Vec<OrderSummary>> {
        if visible.owned.is_empty() {
            return Ok(Vec::new());
        }
        let own: Vec<_> = visible.lists.iter().take(1).cloned().collect();
        let limit = usize::try_from(DEEPEST).unwrap_or(usize::MAX);
        let mut own = self.table().newest_orders(&own, &which.wanted(None), limit).await?;
        own.retain(|order| visible.owned.contains(&order.store.id));
        Ok(own)
    }

    async fn count_of_list(&self, list: &OrderList, which: Which) -> Reply<u64> {
        let scope = scope_of(list);
        match which {
            Which::All => Ok(total(&self.table().counts(&scope, self.today()).await?)),
            Which::OfStatus(status) => {
                Ok(self.table().counts(&scope, self.today()).await?.orders_with(status))
            }
            Which::Since(since) => {
                // Whole days are counted already; of the first one only the end belongs to it.
                let zone = &self.config().time_zone;
                let first = since.to_zoned(zone.clone()).date();
                let next = first.tomorrow().and_then(|day| day.to_zoned(zone.clone()));
                let next = next.map_or(since, |start| start.timestamp());
                let (counts, partial) = futures::try_join!(
                    self.table().counts(&scope, first),
                    self.table().count_orders(list, since, next)
                )?;
                let whole = counts.days.iter().filter(|(day, _)| **day > first);
                Ok(partial + whole.map(|(_, count)| count).sum::<u64>())
            }
        }
    }
}

/// Whose counters count a list.
pub(crate) fn scope_of(list: &OrderList) -> Scope {
    match list {
        OrderList::OfUser(user) => Scope::User(user.clone()),
        OrderList::OfStore(store) => Scope::Store(*store),
        OrderList::All => Scope::All,
    }
}

fn total(counts: &Counts) -> u64 {
    Status::ALL.iter().map(|status| counts.orders_with(*status)).sum()
}

impl Which {
    const fn wanted(self, after: Option<&str>) -> Wanted<'_> {
        let (status, since) = match self {
            Which::All => (None, None),
            Which::OfStatus(status) => (Some(status), None),
            Which::Since(since) => (None, Some(since)),
        };
        Wanted { after, since, status }
    }
}

impl Visible {
    /// The lists that hold them; a vendor's own orders from their own stores are in two.
    pub(crate) fn lists(&self) -> &[OrderList] {
        &self.lists
    }

    /// Whether an order of a user from a store is among them.
    #[must_use]
    pub fn sees(&self, caller: &Caller, user: &UserId, store: StoreId) -> bool {
        caller.is_staff() || *user == caller.user.id || self.owned.contains(&store)
    }

    fn show(&self, caller: &Caller, order: &OrderSummary) -> OrderListView {
        let manages = caller.is_staff() || self.owned.contains(&order.store.id);
        OrderListView::new(order, manages)
    }
}
