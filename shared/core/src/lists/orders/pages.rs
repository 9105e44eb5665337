//! A page of a list of orders.

use super::entry::{ListEntry, in_full};
use super::index_merge::IndexMerge;
use super::ordering::SortIndex;
use super::plan::{Base, Method, Plan, plan};
use super::query::{Changed, CountersOfList, FAR, OrderQuery, PageQuery, PageRead, PageSlice};
use super::times::InList;
use super::{Visible, scope_of};
use crate::app::App;
use crate::lists::paging::Window;
use futures::future::BoxFuture;
use oms_domain::{Caller, Error, OrderId, OrderSummary, Outcome};
use oms_http::pages::{Links, Page, PageRequest};
use oms_http::responses::List;
use oms_http::views::order::OrderListView;
use oms_runtime::meter::{self, side_by_side};
use oms_table::TableError;
use oms_table::counters::CountersRead;
use oms_table::lists::{OrderList, Span, position};
use oms_table::projections::order_rows::total_position;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// How many orders are sorted in memory at most.
const MAX_SORTED: u64 = 10_000;

/// A page of orders, and for staff who ask for it how it was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OrderListPage)]
pub struct OrderPage {
    /// How many entries all pages have together.
    #[schema(example = 12)]
    pub count: u64,
    /// The next page; none after the last.
    pub next: Option<String>,
    /// The page before; none before the first.
    pub previous: Option<String>,
    /// The entries of this page.
    pub results: Vec<OrderListView>,
    /// With `?explain=true`: the plan, what it should have cost, and what it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub explain: Option<Value>,
}

impl List for OrderPage {}

/// A page that a request asks for.
#[derive(Clone, Copy)]
pub(super) struct PageWanted<'a> {
    pub(super) caller: &'a Caller,
    pub(super) visible: &'a Visible,
    pub(super) asked: &'a OrderQuery,
    pub(super) request: &'a PageRequest,
    pub(super) links: &'a Links,
}

impl App {
    /// A page of the visible orders that are asked for, with all that the caller has just done to
    /// them.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too much would have to be read or sorted.
    pub async fn page_of_orders(
        &self,
        caller: &Caller,
        visible: &Visible,
        asked: &OrderQuery,
        request: &PageRequest,
        links: &Links,
    ) -> Outcome<OrderPage> {
        let wanted = PageWanted { caller, visible, asked, request, links };
        let unchanged = Changed::default();
        let first = async { Ok(self.page_of(wanted, &unchanged).await) };
        let (first, recent) = meter::both(first, self.settling_writes(caller)).await?;
        if recent.is_empty() {
            return Ok(first?.page);
        }
        let orders: Vec<OrderId> = recent.iter().map(|write| write.order).collect();
        // How far they are counted is read after the counters, which tell only then.
        let mut changed = Changed::new(self.settled(&orders).await?, caller, visible);
        // A page that the counters know nothing of may be there all the same.
        if let Ok(first) = first {
            if changed.are_shown(&first, &recent, asked) {
                return Ok(first.page);
            }
            let read = first.counters.into_iter();
            changed.read = read.map(|(list, read)| (list, CountersOfList::All(read))).collect();
        }
        Ok(self.page_of(wanted, &changed).await?.page)
    }

    /// A page of orders of which the caller has changed some.
    pub(super) async fn page_of(&self, wanted: PageWanted<'_>, changed: &Changed) -> Outcome<PageRead> {
        let PageWanted { caller, visible, asked, request, links } = wanted;
        let at = asked.ordering.at(request)?;
        let at = at.as_ref();
        let turn = PageQuery { caller, visible, asked, request, at, changed, wanted: &asked.filters };
        let sought = self.sought(turn).await?;
        let asked = OrderQuery { filters: sought.filters, ..asked.clone() };
        let turn = PageQuery { asked: &asked, ..turn };
        let (ordering, mut bases) = (turn.ordering(), sought.bases);
        let counters = bases.iter_mut().map(|base| (base.list.clone(), std::mem::take(&mut base.read)));
        let counters = counters.collect();
        let planned = plan(&bases, &turn.wish(&ordering));
        let plan = planned.clone();
        let mut cut = match planned.method {
            _ if sought.is_all => {
                turn.cut(sought.found.into_iter().chain(turn.changed_and_wanted()).collect())?
            }
            Method::IndexMerge { count } => self.merged(turn, &bases, planned, count, sought.found).await?,
            Method::Gather => self.gathered(turn, &bases, planned, sought.found).await?,
        };
        let by = &asked.ordering;
        let ends = cut.ends(|order| by.place_of(order));
        let orders = in_full(self.table(), std::mem::take(&mut cut.listed)).await?;
        let place = |order: &OrderSummary| by.place_of(&ListEntry::Summary(Box::new(order.clone())));
        let shown = orders.iter().map(|order| (place(order), visible.show(caller, order))).collect();
        let Page { count, next, previous, results } = by.page(&cut, ends, shown, links);
        let page = OrderPage {
            count,
            next,
            previous,
            results,
            explain: (asked.explain && caller.is_staff()).then(|| plan.explain(self.request().consumed())),
        };
        Ok(PageRead { page, listed: orders, counters })
    }

    /// The lists to look through, with what their counters say, also by day where `by_day`.
    pub(super) async fn bases(&self, turn: PageQuery<'_>, by_day: bool) -> Outcome<Vec<Base>> {
        let mut lists = turn.visible.narrowed(turn.caller, &turn.asked.filters);
        if lists.len() > 1 {
            // A vendor's own orders elsewhere are few, and looked through by themselves.
            lists.retain(|list| !matches!(list, OrderList::OfUser(_)));
        }
        side_by_side(lists.into_iter().map(|list| self.base(turn, list, by_day))).await
    }

    async fn base(&self, turn: PageQuery<'_>, list: OrderList, by_day: bool) -> Outcome<Base> {
        let filters = &turn.asked.filters;
        let (table, scope) = (self.table(), scope_of(&list));
        let scopes = table.row_scopes(&list).await?;
        let along = turn.asked.ordering.along();
        // What is gathered by its status, or sorted by it, is found by all facets, if by facts.
        let is_limited = filters.limit_times() || filters.limit_totals() || filters.days.is_some();
        let is_gathered = along.is_none() || (filters.statuses.is_some() && is_limited);
        let by_facets = filters.limit_more_than_statuses() || (is_gathered && !scopes.is_empty());
        let known = turn.changed.read.get(&list);
        let mut reads: Vec<BoxFuture<'_, Result<CountersRead, TableError>>> = Vec::new();
        let mut read = match known {
            Some(CountersOfList::All(read)) => read.clone(),
            Some(CountersOfList::Front(front)) => vec![front.clone()],
            None => {
                reads.push(if by_facets {
                    Box::pin(table.counts_by_facets(&scope))
                } else {
                    Box::pin(table.counts_by_status(&scope))
                });
                Vec::new()
            }
        };
        let is_all = matches!(known, Some(CountersOfList::All(_)));
        let jumps = turn.may_jump(&list);
        if !is_all && (by_day || filters.limit_times() || (jumps && along == Some(SortIndex::Created))) {
            let since = if by_day { None } else { filters.from };
            reads.push(Box::pin(table.counts_by_day(&scope, self.counted_since(since))));
        }
        let by_total = !scopes.is_empty() && filters.limit_totals();
        if !is_all && (by_total || (jumps && along == Some(SortIndex::Total))) {
            reads.push(Box::pin(table.counts_by_total(&scope, None)));
        }
        if !reads.is_empty() {
            read.extend(side_by_side(reads).await?);
        }
        let (changed, zone) = (turn.changed, &self.config().time_zone);
        let counts = read.iter().map(|read| changed.settling.complete(read, zone)).sum();
        let in_list = InList { list: &list, counts: &counts, changed };
        let in_times =
            if filters.limit_times() { Some(self.count_in_times(in_list, filters).await?) } else { None };
        let in_totals = if by_total { Some(self.count_in_totals(in_list, filters).await?) } else { None };
        let is_whole = turn.visible.shows_all_of(&list);
        let spans = table.spans_of(&list).await?;
        Ok(Base { is_whole, counts, read, in_times, in_totals, on_days: None, spans, scopes, list })
    }

    /// A page of what an index keeps in order, and of what was found elsewhere.
    async fn merged(
        &self,
        turn: PageQuery<'_>,
        bases: &[Base],
        planned: Plan,
        counted: u64,
        elsewhere: Vec<ListEntry>,
    ) -> Outcome<PageSlice> {
        let PageQuery { asked, request, at, .. } = turn;
        let counted = counted + elsewhere.len() as u64 + turn.changed_elsewhere();
        // Without a cursor, what comes before the page is read over, from the nearer end.
        let mut window = Window::of(counted, request, at)?;
        let ordering = if window.from_end { asked.ordering.reversed() } else { turn.ordering() };
        // Where the last run of ties ends shows at the entry after it.
        let reads = |window: &Window| planned.reads(window.reach() as u64 + u64::from(ordering.sorts_ties()));
        let mut spans = reads(&window);
        let is_whole = elsewhere.is_empty() && turn.changed.orders.is_empty();
        if let ([base], true) = (bases, is_whole && window.skipped >= FAR)
            && turn.may_jump(&base.list)
            && let Some(jump) = self.jump(base, planned.along, ordering.descends, window.skipped).await?
        {
            window.skipped -= jump.over;
            let begin = |span: Span| span.narrowed(Some(jump.to.clone()), ordering.descends);
            spans = reads(&window).into_iter().map(|(span, at_once)| (begin(span), at_once)).collect();
        }
        let mut elsewhere: Vec<_> = elsewhere
            .into_iter()
            .chain(turn.changed_and_wanted())
            .map(|order| (ordering.place_of(&order), order))
            .filter(|(place, _)| at.is_none_or(|at| ordering.compare(place, at.place()).is_gt()))
            .collect();
        elsewhere.sort_by(|(a, _), (b, _)| ordering.compare(a, b));
        let known = elsewhere.into_iter().map(|(_, order)| {
            let at = position(order.created_at(), order.id());
            let at = if planned.along == SortIndex::Total { total_position(order.total(), &at) } else { at };
            (at, order)
        });

        let mut walk = IndexMerge::new(self, spans, ordering.descends).with(known.collect());
        // Where ties are sorted, the walk begins before the cursor.
        let is_after = |order: &ListEntry| {
            !ordering.sorts_ties()
                || at.is_none_or(|at| ordering.compare(&ordering.place_of(order), at.place()).is_gt())
        };
        let wanted = |order: &ListEntry| {
            order.is_wanted(&asked.filters) && !turn.has_changed(order.id()) && is_after(order)
        };
        let mut taken = walk.take(window.reach(), &wanted, || asked.too_many()).await?;
        if ordering.sorts_ties() {
            take_ties(&mut walk, &mut taken, &wanted, || asked.too_many()).await?;
            taken.sort_by(|a, b| ordering.compare(&ordering.place_of(a), &ordering.place_of(b)));
            taken.truncate(window.reach());
        }
        Ok(window.cut(taken))
    }

    /// A page of what is sorted in memory, together with what was found elsewhere.
    async fn gathered(
        &self,
        turn: PageQuery<'_>,
        bases: &[Base],
        planned: Plan,
        found: Vec<ListEntry>,
    ) -> Outcome<PageSlice> {
        let PageQuery { caller, visible, asked, .. } = turn;
        let is_seen = |order: &OrderSummary| visible.sees(caller, &order.user.id, order.store.id);
        // What facts are read of, the caller may see all of.
        let wanted = |order: &ListEntry| {
            order.is_wanted(&asked.filters)
                && order.summary().is_none_or(is_seen)
                && !turn.has_changed(order.id())
        };
        if asked.ordering.along().is_none()
            && bases.iter().filter_map(|base| base.counted(&asked.filters)).sum::<u64>() > MAX_SORTED
        {
            return Err(asked.too_many_to_sort());
        }
        let all = planned.parts.into_iter().map(|part| (part.span, u64::MAX));
        let mut walk = IndexMerge::new(self, all.collect(), asked.ordering.descends);
        let most = usize::try_from(MAX_SORTED).unwrap_or(usize::MAX) + 1;
        let mut listed = walk.take(most, wanted, || asked.too_many()).await?;
        if listed.len() == most {
            return Err(asked.too_many());
        }
        listed.extend(found);
        listed.extend(turn.changed_and_wanted());
        turn.cut(listed)
    }

    /// Of what is asked for, a vendor's own orders from the stores of others; nothing where they
    /// are among those that are looked through anyway.
    pub(super) async fn own_elsewhere(&self, turn: PageQuery<'_>) -> Outcome<Vec<ListEntry>> {
        let PageQuery { caller, visible, asked, .. } = turn;
        if !turn.has_own_elsewhere() {
            return Ok(Vec::new());
        }
        let own = OrderList::OfUser(caller.user.id.clone());
        let spans = self.table().spans_of(&own).await?.into_iter().map(|span| (span, u64::MAX));
        let mut walk = IndexMerge::new(self, spans.collect(), true);
        let is_elsewhere = |order: &OrderSummary| !visible.owned.contains(&order.store.id);
        let elsewhere = |order: &ListEntry| {
            order.is_wanted(&asked.filters)
                && order.summary().is_some_and(is_elsewhere)
                && !turn.has_changed(order.id())
        };
        let most = usize::try_from(MAX_SORTED).unwrap_or(usize::MAX);
        walk.take(most, elsewhere, || asked.too_many()).await
    }
}

/// Takes the rest of what was placed at the same time as the last that was taken.
///
/// # Errors
/// Those of [`IndexMerge::take`].
async fn take_ties(
    walk: &mut IndexMerge<'_, ListEntry>,
    taken: &mut Vec<ListEntry>,
    wanted: impl Fn(&ListEntry) -> bool,
    too_far: impl Fn() -> Error,
) -> Outcome<()> {
    let Some(time) = taken.last().map(ListEntry::created_at) else { return Ok(()) };
    // The walk ends at the first entry of another time, wanted or not.
    let tied_or_over = |order: &ListEntry| order.created_at() != time || wanted(order);
    while let Some(next) = walk.take(1, tied_or_over, &too_far).await?.pop() {
        if next.created_at() != time {
            break;
        }
        taken.push(next);
    }
    Ok(())
}
