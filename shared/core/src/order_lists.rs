//! Lists of orders as a caller may see them.

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Reply};
use crate::http::pages::{Links, Page, PageRequest};
use crate::table::OrderSummary;
use crate::table::lists::{OrderList, position};
use crate::views::order::OrderListView;
use oms_domain::statistics::Counts;
use oms_domain::tally::Scope;
use oms_domain::{Status, StoreId};

/// How deep a page may lie that is asked for by its number alone, in entries.
const DEEPEST: u64 = 10_000;

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

    /// A page of orders, newest first.
    ///
    /// # Errors
    /// 404 for a page that does not exist.
    pub async fn page_of_orders(
        &self,
        caller: &Caller,
        visible: &Visible,
        request: &PageRequest,
        links: &Links,
    ) -> Reply<Page<OrderListView>> {
        let counted = self.count_of(visible).await?;
        let number = request.resolve(counted)?;
        let size = u64::from(request.size);
        let before = (number - 1) * size;
        // With a cursor the page begins right there; without one the entries before are read over.
        let skipped = if request.cursor.is_some() { 0 } else { before };
        if skipped > DEEPEST {
            return Err(ApiError::InvalidPage);
        }
        let limit = usize::try_from(skipped + size + 1).unwrap_or(usize::MAX);
        let after = request.cursor.as_deref();
        let found = self.table().newest_orders(&visible.lists, after, limit).await?;
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

    /// How many orders a list has, by the counters.
    async fn count_of(&self, visible: &Visible) -> Reply<u64> {
        let mut count = 0;
        for list in &visible.lists {
            let scope = match list {
                OrderList::OfUser(user) => Scope::User(user.clone()),
                OrderList::OfStore(store) => Scope::Store(*store),
                OrderList::All => Scope::All,
            };
            count += total(&self.table().counts(&scope, self.today()).await?);
        }
        if !visible.owned.is_empty() {
            let own: Vec<_> = visible.lists.iter().take(1).cloned().collect();
            let limit = usize::try_from(DEEPEST).unwrap_or(usize::MAX);
            let own = self.table().newest_orders(&own, None, limit).await?;
            let twice = own.iter().filter(|order| visible.owned.contains(&order.store.id)).count();
            count = count.saturating_sub(twice as u64);
        }
        Ok(count)
    }
}

fn total(counts: &Counts) -> u64 {
    Status::ALL.iter().map(|status| counts.orders_with(*status)).sum()
}

impl Visible {
    fn show(&self, caller: &Caller, order: &OrderSummary) -> OrderListView {
        let manages = caller.is_staff() || self.owned.contains(&order.store.id);
        OrderListView::new(order, manages)
    }
}
