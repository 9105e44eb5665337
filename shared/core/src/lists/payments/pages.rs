//! A page of a list of payments.

use super::PaymentQuery;
use super::plan::{Base, MAX_SORTED, Plan, PlanInput, SortIndex, plan};
use crate::app::App;
use crate::lists::orders::{IndexMerge, MAX_READ, Visible, scope_of};
use crate::lists::paging::{CursorBound, PageSlice, SortPosition, Window};
use crate::lists::read_your_writes::Settling;
use oms_domain::{Caller, Order, OrderId, Outcome, PaymentEntry};
use oms_http::pages::{Links, Page, PageNumber, PageRequest};
use oms_http::views::payment::PaymentView;
use oms_runtime::meter::{self, side_by_side};
use oms_table::lists::OrderList;
use oms_table::orders::part::OrderPart;
use oms_table::projections::order_rows::total_position;
use oms_table::projections::payment_rows::position_of;
use oms_table::projections::search_rows::{SearchCoverage, coverage, is_within_a_name};
use std::collections::{BTreeMap, BTreeSet};

/// How many orders a search may find by a term.
const MAX_FOUND: usize = 1_000;

/// A request for a page.
#[derive(Clone, Copy)]
struct PageQuery<'a> {
    caller: &'a Caller,
    visible: &'a Visible,
    query: &'a PaymentQuery,
    request: &'a PageRequest,
    at: Option<&'a CursorBound>,
}

/// Orders that have been read whole.
type Orders = BTreeMap<OrderId, Order>;

impl PageQuery<'_> {
    /// The payments of some orders that are wanted, and that the caller may see.
    fn of<'o>(self, orders: impl IntoIterator<Item = &'o Order>) -> Vec<PaymentEntry> {
        let runs = |o: &Order| self.caller.is_staff() || self.visible.owns(o.store.id);
        let seen = orders.into_iter().filter(|o| self.visible.sees(self.caller, &o.user.id, o.store.id));
        let seen = seen.filter(|o| !o.is_deleted() && (!self.query.is_for_managers() || runs(o)));
        seen.flat_map(|order| self.query.of(order)).collect()
    }

    /// Whether only one user's own payments are looked through, which are few.
    fn is_of_one_user(self) -> bool {
        matches!(self.visible.lists(), [OrderList::OfUser(_)])
    }

    /// How many entries come before the page, where its number says so, and are on it.
    fn reach(self) -> u64 {
        let size = u64::from(self.request.size);
        let before = match (self.at, self.request.number) {
            (None, PageNumber::Nth(number)) => (number - 1).saturating_mul(size),
            (Some(_), _) | (None, PageNumber::Last) => 0,
        };
        before.saturating_add(size + 1)
    }

    /// A page of all that is wanted, sorted here.
    fn cut(self, rows: Vec<PaymentEntry>) -> Outcome<PageSlice<PaymentEntry>> {
        let rows = rows.into_iter().map(|row| (self.query.place(&row), row));
        self.query.sorting.cut(rows.collect(), self.request, self.at)
    }
}

impl App {
    /// A page of the payments of the visible orders.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too much would have to be read or sorted.
    pub async fn page_of_payments(
        &self,
        caller: &Caller,
        visible: &Visible,
        query: &PaymentQuery,
        request: &PageRequest,
        links: &Links,
    ) -> Outcome<Page<PaymentView>> {
        let at = query.sorting.at(request)?;
        let turn = PageQuery { caller, visible, query, request, at: at.as_ref() };
        let begun = async { futures::try_join!(self.orders_found(turn), self.settling(caller, visible)) };
        let (found, settling) = meter::at_once(begun).await?;
        let settled = self.settled(&settling).await?;
        let settling: BTreeSet<OrderId> = settling.into_iter().collect();
        let (cut, orders) = match found {
            Some(ids) => {
                let mut orders = settled.orders;
                let missing = ids.into_iter().filter(|id| !settling.contains(id));
                let read = self.table().parts_of_orders_soon(missing, OrderPart::Payments).await?;
                orders.extend(read.into_iter().map(|order| (order.id, order)));
                (turn.cut(turn.of(orders.values()))?, orders)
            }
            None => (self.listed(turn, &settled, &settling).await?, settled.orders),
        };
        let ends = cut.ends(|row| query.place(row));
        let views = self.in_full(turn, &cut.listed, orders).await?;
        Ok(query.sorting.page(&cut, ends, views, links))
    }

    /// What a page shows. Whose order has gone, or what has become another than was asked for since
    /// its row was written, is left out.
    async fn in_full(
        &self,
        turn: PageQuery<'_>,
        rows: &[PaymentEntry],
        mut orders: Orders,
    ) -> Outcome<Vec<(SortPosition, PaymentView)>> {
        let missing: BTreeSet<OrderId> =
            rows.iter().map(|row| row.id.order()).filter(|id| !orders.contains_key(id)).collect();
        if !missing.is_empty() {
            let read = self.table().parts_of_orders_soon(missing, OrderPart::Payments).await?;
            orders.extend(read.into_iter().map(|order| (order.id, order)));
        }
        let shown = rows.iter().filter_map(|row| {
            let order = orders.get(&row.id.order())?;
            let payment = order.payment(row.id)?;
            let is_wanted = turn.query.wants(&PaymentEntry::of(order, payment));
            is_wanted.then(|| (turn.query.place(row), PaymentView::new(order, payment)))
        });
        Ok(shown.collect())
    }

    /// The orders that a search may mean, by the longest of its terms that rows of codes can tell;
    /// none where they cannot tell any, or the whole list is as cheap to look through.
    async fn orders_found(&self, turn: PageQuery<'_>) -> Outcome<Option<BTreeSet<OrderId>>> {
        let of_rows = |term: &&String| coverage(term) == SearchCoverage::All && !is_within_a_name(term);
        let longest = turn.query.terms.iter().filter(of_rows).max_by_key(|term| term.len());
        let Some(term) = longest.filter(|_| !turn.is_of_one_user()) else { return Ok(None) };
        let found = self.table().with_code(term, MAX_FOUND).await?;
        if found.len() >= MAX_FOUND {
            return Err(turn.query.too_many());
        }
        Ok(Some(found))
    }

    /// A page by rows, of which those of orders that are settling are replaced by the orders.
    async fn listed(
        &self,
        turn: PageQuery<'_>,
        settled: &Settling,
        settling: &BTreeSet<OrderId>,
    ) -> Outcome<PageSlice<PaymentEntry>> {
        let is_by_row = |row: &PaymentEntry| !settling.contains(&row.id.order()) && turn.query.wants(row);
        let sorting = turn.query.sorting.towards(turn.at);
        let bases = self.payment_bases(turn, settled);
        let begun = async { futures::try_join!(bases, self.paid_elsewhere(turn)) };
        let (bases, mut elsewhere) = meter::at_once(begun).await?;
        let now = turn.of(settled.orders.values());
        elsewhere.retain(is_by_row);
        if turn.visible.lists().len() > 1 {
            elsewhere.extend(now.iter().filter(|row| !turn.visible.owns(row.store)).cloned());
        }
        let after = turn.at.map(CursorBound::place);
        let wish = PlanInput { query: turn.query, sorting: &sorting, after, reach: turn.reach() };
        let planned = plan(&bases, &wish);
        let counted: u64 = bases.iter().map(|base| base.counted(turn.query)).sum();
        let counted_all = counted + elsewhere.len() as u64;
        let is_base = |row: &PaymentEntry| turn.visible.lists().len() == 1 || turn.visible.owns(row.store);
        elsewhere.extend(now.into_iter().filter(is_base));
        let known = elsewhere;
        if planned.along.is_some() {
            return self.merged_by_row(turn, planned, counted_all, known, is_by_row).await;
        }
        if turn.query.terms.is_empty() && counted > MAX_SORTED {
            return Err(turn.query.too_many_to_sort());
        }
        let most = usize::try_from(MAX_SORTED).unwrap_or(usize::MAX) + 1;
        let mut walk = IndexMerge::new(self, planned.reads(0), true);
        let mut rows = walk.take(most, is_by_row, || turn.query.too_many()).await?;
        if rows.len() == most {
            return Err(turn.query.too_many());
        }
        rows.extend(known);
        turn.cut(rows)
    }

    /// A page of what an index keeps in order, and of what is `known`.
    async fn merged_by_row(
        &self,
        turn: PageQuery<'_>,
        planned: Plan,
        counted: u64,
        known: Vec<PaymentEntry>,
        is_wanted: impl Fn(&PaymentEntry) -> bool,
    ) -> Outcome<PageSlice<PaymentEntry>> {
        let PageQuery { query, request, at, .. } = turn;
        let window = Window::of(counted, request, at)?;
        let sorting = if window.from_end { query.sorting.reversed() } else { query.sorting.towards(at) };
        let mut known: Vec<_> = known.into_iter().map(|row| (query.place(&row), row)).collect();
        known.retain(|(place, _)| at.is_none_or(|at| sorting.compare(place, at.place()).is_gt()));
        known.sort_by(|(a, _), (b, _)| sorting.compare(a, b));
        let known = known.into_iter().map(|(_, row)| {
            let position = position_of(&row);
            let by_amount = planned.along == Some(SortIndex::Amount);
            (if by_amount { total_position(row.amount, &position) } else { position }, row)
        });
        let reach = window.reach();
        let reads = planned.reads(reach as u64);
        let mut walk = IndexMerge::new(self, reads, sorting.descends).with(known.collect());
        Ok(window.cut(walk.take(reach, is_wanted, || query.too_many()).await?))
    }

    /// The lists to look through, with what their counters say.
    async fn payment_bases(&self, turn: PageQuery<'_>, settled: &Settling) -> Outcome<Vec<Base>> {
        let lists = turn.visible.lists();
        // A vendor's own payments elsewhere are few, and looked through by themselves.
        let is_base = |list: &&OrderList| lists.len() == 1 || !matches!(list, OrderList::OfUser(_));
        side_by_side(lists.iter().filter(is_base).map(|list| async move {
            let (table, scope) = (self.table(), scope_of(list));
            let read = table.counts_of_payments(&scope).await?;
            let counts = settled.complete(&read, &self.config().time_zone).payments;
            let (spans, scopes) = (table.spans_of_payments(list).await?, table.payment_scopes(list).await?);
            Ok(Base { spans, scopes, counts })
        }))
        .await
    }

    /// A vendor's own payments, of those that are wanted, to the stores of others.
    async fn paid_elsewhere(&self, turn: PageQuery<'_>) -> Outcome<Vec<PaymentEntry>> {
        let lists = turn.visible.lists();
        let own = lists.iter().find(|list| matches!(list, OrderList::OfUser(_)));
        let Some(own) = own.filter(|_| lists.len() > 1) else { return Ok(Vec::new()) };
        let spans = self.table().spans_of_payments(own).await?.into_iter();
        let mut walk = IndexMerge::new(self, spans.map(|span| (span, MAX_READ as u64)).collect(), true);
        let most = usize::try_from(MAX_SORTED).unwrap_or(usize::MAX);
        let is_elsewhere = |row: &PaymentEntry| !turn.visible.owns(row.store) && turn.query.wants(row);
        walk.take(most, is_elsewhere, || turn.query.too_many()).await
    }
}
