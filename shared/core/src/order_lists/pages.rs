//! A page of a list of orders.

use super::filters::Filters;
use super::ordering::{Ordering, Place};
use super::plan::{Base, Method, Plan, plan};
use super::walk::{MAX_READ, Walk};
use super::{Visible, scope_of};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Reply};
use crate::http::pages::{Links, Page, PageRequest};
use crate::http::query::Query;
use crate::table::OrderSummary;
use crate::table::lists::{OrderList, position};
use crate::views::order::OrderListView;
use futures::future::try_join_all;
use std::collections::HashSet;

/// How many orders are sorted in memory at most.
const MAX_SORTED: u64 = 10_000;

/// What a request asks a list for.
#[derive(Clone, Debug)]
pub struct Asked {
    filters: Filters,
    ordering: Ordering,
}

/// Where a page begins, or ends: at an order that the page before, or after it, showed.
#[derive(Clone, Debug)]
enum At {
    After(Place),
    Before(Place),
}

/// A page before it is shown.
struct Cut {
    count: u64,
    number: u64,
    has_next: bool,
    orders: Vec<OrderSummary>,
}

impl Asked {
    /// Reads `ordering`, beside filters that have been read.
    #[must_use]
    pub fn new(filters: Filters, query: &Query) -> Self {
        Self { filters, ordering: Ordering::read(query) }
    }

    fn at(&self, cursor: &str) -> Option<At> {
        let place = self.ordering.read_place(cursor.get(1..)?)?;
        match cursor.chars().next()? {
            '>' => Some(At::After(place)),
            '<' => Some(At::Before(place)),
            _ => None,
        }
    }

    /// What was too much, and what to do about it.
    fn too_many(&self) -> ApiError {
        let filters = &self.filters;
        let name = if !filters.terms.is_empty() {
            "search"
        } else if self.ordering.along().is_none() {
            return self.too_many_to_sort();
        } else if filters.least.is_some() {
            "total_amount__gte"
        } else if filters.most.is_some() {
            "total_amount__lte"
        } else {
            "created_at__gte"
        };
        ApiError::field(name, "Too many orders to look through: narrow the filter.")
    }

    fn too_many_to_sort(&self) -> ApiError {
        let by = self.ordering.first();
        ApiError::field("ordering", format!("Too many orders to sort by {by}: narrow the filter."))
    }
}

impl App {
    /// A page of the visible orders that are asked for.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too much would have to be read or sorted.
    pub async fn page_of_orders(
        &self,
        caller: &Caller,
        visible: &Visible,
        asked: &Asked,
        request: &PageRequest,
        links: &Links,
    ) -> Reply<Page<OrderListView>> {
        let at = match &request.cursor {
            None => None,
            Some(cursor) => Some(asked.at(cursor).ok_or(ApiError::InvalidPage)?),
        };
        let bases = self.bases(caller, visible, asked).await?;
        let after = at.as_ref().map(|(At::After(place) | At::Before(place))| place);
        let ordering = match at {
            Some(At::Before(_)) => asked.ordering.reversed(),
            Some(At::After(_)) | None => asked.ordering.clone(),
        };
        let planned = plan(&bases, &asked.filters, &ordering, after);
        let cut = match planned.method {
            Method::Walk { count, of } => {
                self.walked(caller, visible, asked, request, at.as_ref(), (planned, count, of)).await?
            }
            Method::Gather => self.gathered(caller, visible, asked, request, at.as_ref(), planned).await?,
        };
        let place =
            |order: Option<&OrderSummary>| order.map(|o| asked.ordering.show(&asked.ordering.place(o)));
        let last = place(cut.orders.last()).map(|place| format!(">{place}"));
        let first = place(cut.orders.first()).map(|place| format!("<{place}"));
        Ok(Page {
            count: cut.count,
            next: cut.has_next.then(|| links.page(cut.number + 1, last.as_deref())),
            previous: (cut.number > 1).then(|| links.page(cut.number - 1, first.as_deref())),
            results: cut.orders.iter().map(|order| visible.show(caller, order)).collect(),
        })
    }

    /// The lists to look through, with what their counters say.
    async fn bases(&self, caller: &Caller, visible: &Visible, asked: &Asked) -> Reply<Vec<Base>> {
        let filters = &asked.filters;
        let mut lists = visible.narrowed(caller, filters);
        if lists.len() > 1 {
            // A vendor's own orders elsewhere are few, and looked through by themselves.
            lists.retain(|list| !matches!(list, OrderList::OfUser(_)));
        }
        let bases = lists.into_iter().map(|list| async {
            let since = if filters.limit_times() { self.counted_since(filters.from) } else { self.today() };
            let counts = self.table().counts(&scope_of(&list), since).await?;
            let in_times = if filters.limit_times() && !filters.limit_facets() {
                Some(self.count_between(&list, &counts, filters.from, filters.before).await?)
            } else {
                None
            };
            let spans = self.table().spans_of(&list);
            let is_whole = visible.shows_all_of(&list);
            Ok::<_, ApiError>(Base { list, is_whole, counts, in_times, spans })
        });
        try_join_all(bases).await
    }

    /// A page of what an index keeps in order.
    async fn walked(
        &self,
        caller: &Caller,
        visible: &Visible,
        asked: &Asked,
        request: &PageRequest,
        at: Option<&At>,
        (planned, counted, of): (Plan, u64, u64),
    ) -> Reply<Cut> {
        let elsewhere = self.own_elsewhere(caller, visible, asked).await?;
        let counted = counted + elsewhere.len() as u64;
        let number = request.resolve(counted)?;
        let size = u64::from(request.size);
        let before = (number - 1) * size;
        // Without a cursor, what comes before the page is read over, from the nearer end.
        let behind = counted.saturating_sub(before + size);
        let from_end = at.is_none() && behind < before;
        let on_page = if from_end { size.min(counted - before) } else { size + 1 };
        let skipped = match at {
            Some(_) => 0,
            None if from_end => behind,
            None => before,
        };
        let ordering = match at {
            Some(At::Before(_)) => asked.ordering.reversed(),
            None if from_end => asked.ordering.reversed(),
            Some(At::After(_)) | None => asked.ordering.clone(),
        };
        let mut elsewhere: Vec<_> = elsewhere
            .into_iter()
            .map(|order| (ordering.place(&order), order))
            .filter(|(place, _)| match at {
                Some(At::After(after) | At::Before(after)) => ordering.compare(place, after).is_gt(),
                None => true,
            })
            .collect();
        elsewhere.sort_by(|(a, _), (b, _)| ordering.compare(a, b));
        let known = elsewhere.into_iter().map(|(_, order)| (position(order.created_at, order.id), order));

        let spans = planned.spans.len().max(1) as u64;
        let at_once = (skipped + on_page).saturating_mul(of.max(1)) / counted.max(1) / spans;
        let at_once = usize::try_from(at_once + at_once / 4 + 2).unwrap_or(usize::MAX);
        let mut walk = Walk::new(self, planned.spans, ordering.descends).with(known.collect());
        let wanted = |order: &OrderSummary| asked.filters.want(order);
        let limit = usize::try_from(skipped + on_page).unwrap_or(usize::MAX);
        let mut orders = walk.take(limit, at_once, wanted, || asked.too_many()).await?;
        orders.drain(..orders.len().min(usize::try_from(skipped).unwrap_or(usize::MAX)));
        let mut has_next = orders.len() as u64 > size;
        orders.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        if from_end || matches!(at, Some(At::Before(_))) {
            orders.reverse();
            has_next = behind > 0 || matches!(at, Some(At::Before(_)));
        }
        // The counters follow the table within moments; what is on the page is there for certain.
        let count = counted.max(before + orders.len() as u64 + u64::from(has_next));
        Ok(Cut { count, number, has_next, orders })
    }

    /// A page of what is sorted in memory.
    async fn gathered(
        &self,
        caller: &Caller,
        visible: &Visible,
        asked: &Asked,
        request: &PageRequest,
        at: Option<&At>,
        planned: Plan,
    ) -> Reply<Cut> {
        let wanted = |order: &OrderSummary| {
            asked.filters.want(order) && visible.sees(caller, &order.user.id, order.store.id)
        };
        let mut walk = Walk::new(self, planned.spans, asked.ordering.descends);
        let most = usize::try_from(MAX_SORTED).unwrap_or(usize::MAX) + 1;
        let mut orders = walk.take(most, MAX_READ, wanted, || asked.too_many()).await?;
        if orders.len() == most {
            return Err(asked.too_many_to_sort());
        }
        orders.extend(self.own_elsewhere(caller, visible, asked).await?);
        let mut seen = HashSet::new();
        orders.retain(|order| seen.insert(order.id));
        let mut sorted: Vec<_> =
            orders.into_iter().map(|order| (asked.ordering.place(&order), order)).collect();
        sorted.sort_by(|(a, _), (b, _)| asked.ordering.compare(a, b));

        let count = sorted.len() as u64;
        let number = request.resolve(count)?;
        let size = usize::try_from(request.size).unwrap_or(usize::MAX);
        let before =
            |place: &Place| sorted.partition_point(|(p, _)| asked.ordering.compare(p, place).is_lt());
        let start = match at {
            None => usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(size),
            Some(At::After(place)) => {
                sorted.partition_point(|(p, _)| asked.ordering.compare(p, place).is_le())
            }
            Some(At::Before(place)) => before(place).saturating_sub(size),
        };
        let end = match at {
            Some(At::Before(place)) => before(place),
            Some(At::After(_)) | None => start.saturating_add(size).min(sorted.len()),
        };
        let has_next = end < sorted.len();
        let page = sorted.into_iter().skip(start).take(end.saturating_sub(start));
        Ok(Cut { count, number, has_next, orders: page.map(|(_, order)| order).collect() })
    }

    /// Of what is asked for, a vendor's own orders from the stores of others; nothing where they
    /// are among those that are looked through anyway.
    async fn own_elsewhere(
        &self,
        caller: &Caller,
        visible: &Visible,
        asked: &Asked,
    ) -> Reply<Vec<OrderSummary>> {
        let lists = visible.narrowed(caller, &asked.filters);
        let own = lists.iter().find(|list| matches!(list, OrderList::OfUser(_)));
        let Some(own) = own.filter(|_| lists.len() > 1) else { return Ok(Vec::new()) };
        let mut walk = Walk::new(self, self.table().spans_of(own), true);
        let elsewhere =
            |order: &OrderSummary| asked.filters.want(order) && !visible.owned.contains(&order.store.id);
        let most = usize::try_from(MAX_SORTED).unwrap_or(usize::MAX);
        walk.take(most, MAX_READ, elsewhere, || asked.too_many()).await
    }
}
