//! The lines of a product or a variant for those who see the lines of many users, from the rows
//! that the stream's consumer keeps of them, and from the orders that the reader has just changed.

use super::ItemQuery;
use crate::app::App;
use crate::lists::orders::{IndexMerge, MAX_READ, Visible};
use crate::lists::paging::{PageSlice, Window};
use oms_domain::{Caller, Error, OrderId, Outcome};
use oms_http::pages::{Links, Page, PageRequest};
use oms_http::views::item::ItemView;
use oms_table::lists::Span;
use oms_table::orders::part::OrderPart;
use oms_table::projections::line_rows::{LineRow, span_of_lines};
use std::collections::BTreeSet;

/// How many lines are sorted in memory at most.
const MAX_SORTED: usize = 10_000;

impl ItemQuery {
    /// Whether the newest first is what is asked for, of all that a span has.
    fn is_of_all(&self) -> bool {
        let is_narrowed = self.product.is_some() && self.variant.is_some();
        self.terms.is_empty() && self.sorting.keys().is_empty() && !is_narrowed
    }

    pub(super) fn too_many(&self) -> Error {
        let by = self.sorting.first();
        let (field, what) = match (self.terms.is_empty(), self.sorting.keys().is_empty()) {
            (false, _) => ("search", "to look through".to_owned()),
            (true, false) => ("ordering", format!("to sort by {by}")),
            (true, true) if self.variant.is_some() => ("variant", "to look through".to_owned()),
            (true, true) => ("product", "to look through".to_owned()),
        };
        Error::field(field, format!("Too many items {what}: narrow the filter."))
    }
}

impl App {
    /// A page of the lines of a product or a variant, by rows; none where the query names neither.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too much would have to be read or sorted.
    pub async fn page_of_items_sold(
        &self,
        caller: &Caller,
        visible: &Visible,
        query: &ItemQuery,
        request: &PageRequest,
        links: &Links,
    ) -> Outcome<Option<Page<ItemView>>> {
        let Some(span) = span_of_lines(query.product, query.variant) else { return Ok(None) };
        let at = query.sorting.at(request)?;
        let is_wanted =
            |row: &LineRow| query.wants(row) && visible.sees(caller, &row.entry.user, row.entry.store);
        // What the reader has just done is read from the orders, whatever their rows say.
        let (recent, mut orders) = self.settling_orders(caller).await?;
        let lines = orders.values().flat_map(|order| order.lines.iter().map(|line| LineRow::of(order, line)));
        let known: Vec<LineRow> = lines.filter(is_wanted).collect();
        let is_old = |row: &LineRow| !recent.contains(&row.id.order());
        let cut: PageSlice<LineRow> = if caller.is_staff() && query.is_of_all() {
            let counted = self.table().count_all_but(&span, &recent).await?;
            let counted = counted.ok_or_else(|| query.too_many())? + known.len() as u64;
            let window = Window::of(counted, request, at.as_ref())?;
            let sorting = query.sorting.towards(at.as_ref());
            let sorting = if window.from_end { query.sorting.reversed() } else { sorting };
            let after =
                at.as_ref().map(|at| oms_table::lists::position(at.place().created_at, at.place().id));
            let known = known.into_iter().map(|row| (row.position(), row)).collect();
            let reads = vec![(span.narrowed(after.clone(), sorting.descends), window.reach() as u64)];
            let walk = IndexMerge::new(self, reads, sorting.descends);
            let mut walk = walk.with_all(known, after.as_deref());
            window.cut(walk.take(window.reach(), is_old, || query.too_many()).await?)
        } else {
            let rows = self.lines_of(span, query, |row| is_old(row) && is_wanted(row)).await?;
            let rows = rows.into_iter().chain(known).map(|row| (query.place(&row), row)).collect();
            query.sorting.cut(rows, request, at.as_ref())?
        };
        let ends = cut.ends(|row| query.place(row));
        let missing: BTreeSet<OrderId> =
            cut.listed.iter().map(|row| row.id.order()).filter(|id| !orders.contains_key(id)).collect();
        let read = self.table().parts_of_orders_soon(missing, OrderPart::Lines).await?;
        orders.extend(read.into_iter().map(|order| (order.id, order)));
        let shown = cut.listed.iter().filter_map(|row| {
            let order = orders.get(&row.id.order())?;
            let line = order.line(row.id)?;
            is_wanted(&LineRow::of(order, line)).then(|| (query.place(row), ItemView::new(order, line)))
        });
        let shown = shown.collect();
        Ok(Some(query.sorting.page(&cut, ends, shown, links)))
    }

    /// Of the lines of a span, those that are wanted.
    async fn lines_of(
        &self,
        span: Span,
        query: &ItemQuery,
        is_wanted: impl Fn(&LineRow) -> bool,
    ) -> Outcome<Vec<LineRow>> {
        let mut walk = IndexMerge::new(self, vec![(span, MAX_READ as u64)], true);
        let rows = walk.take(MAX_SORTED + 1, is_wanted, || query.too_many()).await?;
        if rows.len() > MAX_SORTED { Err(query.too_many()) } else { Ok(rows) }
    }
}
