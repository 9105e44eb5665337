//! All lines that a caller may see, of the newest orders first: by their orders, whose summaries
//! say how many lines each has. No more orders are listed than the counters expect the page to
//! take, and only those are read whole that the page shows.

use crate::app::App;
use crate::lists::orders::Visible;
use crate::lists::paging::{CursorBound, Window};
use oms_domain::{Caller, Error, Line, Order, OrderId, OrderSummary, Outcome};
use oms_http::pages::{Links, Page, PageRequest};
use oms_http::views::item::ItemView;
use oms_table::lists::{Wanted, position};
use oms_table::orders::part::OrderPart;
use oms_table::recent_writes::RecentWrite;
use std::collections::HashMap;

/// How many lines may lie before a page that is asked for by its number alone, and after it.
const DEEPEST: u64 = 10_000;
/// How many orders are listed beyond those that are expected to have the lines of a page.
const TO_SPARE: u64 = 2;

/// Where a line stands in the list of all: in the order at a position of the orders' list.
#[derive(Clone, Debug)]
struct LinePosition {
    order_at: String,
    order: OrderId,
    line: u16,
}

impl LinePosition {
    fn of(order: &Order, line: &Line) -> Self {
        Self { order_at: position(order.created_at, order.id), order: order.id, line: line.id.number() }
    }

    fn read(text: &str) -> Option<Self> {
        let (order_at, line) = text.rsplit_once('/')?;
        let (_, order) = order_at.split_once('#')?;
        Some(Self { order_at: order_at.to_owned(), order: order.parse().ok()?, line: line.parse().ok()? })
    }

    fn show(&self) -> String {
        format!("{}/{}", self.order_at, self.line)
    }
}

/// Orders, read one after the other until they have the lines of a page.
struct LineWalk<'a> {
    oldest_first: bool,
    /// The line that the page begins behind, in the direction of reading.
    at: Option<&'a LinePosition>,
    /// How many lines come before the page in the orders that are yet to be listed, then in those
    /// that were read.
    over: usize,
    /// How many lines are to be found.
    on_page: usize,
    orders: Vec<Order>,
}

impl LineWalk<'_> {
    /// The lines of the page that have been found, in the direction of reading.
    fn lines(&self) -> Vec<(&Order, &Line)> {
        let lines = self.orders.iter().flat_map(|order| {
            let mut lines: Vec<_> = order.lines.iter().map(|line| (order, line)).collect();
            // The newest line of an order first, as the orders themselves.
            if !self.oldest_first {
                lines.reverse();
            }
            lines
        });
        let is_beyond = |(order, line): &(&Order, &Line)| {
            self.at.is_none_or(|at| {
                let number = line.id.number();
                at.order != order.id || if self.oldest_first { number > at.line } else { number < at.line }
            })
        };
        lines.filter(is_beyond).skip(self.over).take(self.on_page).collect()
    }

    fn missing(&self) -> usize {
        self.on_page - self.lines().len()
    }

    /// Of the orders that follow, those whose lines the page needs, and how many were gone over or
    /// are needed.
    fn cover(&mut self, listed: &[OrderSummary]) -> (Vec<OrderId>, usize) {
        let (mut ids, mut expected, missing) = (Vec::new(), 0, self.missing());
        for (number, order) in listed.iter().enumerate() {
            let lines = usize::try_from(order.item_count).unwrap_or(usize::MAX);
            if self.orders.is_empty() && ids.is_empty() && self.over >= lines {
                self.over -= lines;
                continue;
            }
            if expected >= self.over + missing {
                return (ids, number);
            }
            expected += lines;
            ids.push(order.id);
        }
        (ids, listed.len())
    }
}

impl App {
    /// A page of all lines of the visible orders.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too many lines lie on both sides of it.
    pub(super) async fn page_of_all_items(
        &self,
        caller: &Caller,
        visible: &Visible,
        request: &PageRequest,
        links: &Links,
    ) -> Outcome<Page<ItemView>> {
        let counted = self.count_lines(caller, visible).await?;
        let at = CursorBound::read(request, LinePosition::read)?;
        let mut window = Window::of(counted.lines, request, at.as_ref())?;
        if window.skipped > DEEPEST {
            let words = format!(
                "Too many items before and after this page to count up to it, more than {DEEPEST}: follow next or previous, or narrow the filter."
            );
            return Err(Error::field("page", words));
        }
        let over = usize::try_from(std::mem::take(&mut window.skipped)).unwrap_or(usize::MAX);
        let mut walk = LineWalk {
            oldest_first: window.is_backward(),
            at: at.as_ref().map(CursorBound::place),
            over,
            on_page: window.reach(),
            orders: Vec::new(),
        };
        let orders_for = |lines: usize| {
            let orders = (lines as u64).saturating_mul(counted.orders).div_ceil(counted.lines.max(1));
            usize::try_from(orders + TO_SPARE).unwrap_or(usize::MAX).min(lines)
        };
        self.read_lines(caller, visible, &counted.recent, &mut walk, orders_for).await?;
        let cut = window.cut(walk.lines());
        let ends = cut.ends(|(order, line)| LinePosition::of(order, line).show());
        let shown = cut.listed.iter();
        let shown =
            shown.map(|(order, line)| (LinePosition::of(order, line).show(), ItemView::new(order, line)));
        let shown = shown.collect();
        Ok(cut.page(ends, shown, links))
    }

    /// Lists orders and reads those that a page of lines needs, until it is full or there are none:
    /// once, unless the orders have fewer lines than was expected.
    async fn read_lines(
        &self,
        caller: &Caller,
        visible: &Visible,
        recent: &[RecentWrite],
        walk: &mut LineWalk<'_>,
        orders_for: impl Fn(usize) -> usize,
    ) -> Outcome<()> {
        let mut after = walk.at.map(|at| at.order_at.clone());
        // What the page before showed the last line of may have more of them.
        let has_more = |at: &&LinePosition| walk.oldest_first || at.line > 1;
        let mut begun: Vec<OrderId> = walk.at.filter(has_more).map(|at| at.order).into_iter().collect();
        loop {
            let limit = orders_for(walk.over + walk.missing());
            let wanted = Wanted { after: after.as_deref(), oldest_first: walk.oldest_first };
            let (listed, end) = self.listed_with(caller, visible, recent, &wanted, limit).await?;
            let (ids, through) = walk.cover(&listed);
            let ids: Vec<OrderId> = begun.drain(..).chain(ids).collect();
            let mut read = self.orders_settled(&ids, recent).await?;
            read.retain(|_, order| visible.sees(caller, &order.user.id, order.store.id));
            walk.orders.extend(ids.iter().filter_map(|id| read.remove(id)));
            let used = through.checked_sub(1).and_then(|last| listed.get(last));
            let rest = used.filter(|_| through < listed.len()).map(|last| position(last.created_at, last.id));
            after = rest.or(end);
            if walk.missing() == 0 || after.is_none() {
                return Ok(());
            }
        }
    }

    /// Some orders by their ids, those that there are, perhaps a moment old; but not older than
    /// the reader's last changes have left them.
    async fn orders_settled(
        &self,
        ids: &[OrderId],
        recent: &[RecentWrite],
    ) -> Outcome<HashMap<OrderId, Order>> {
        let read = self.table().parts_of_orders_soon(ids.iter().copied(), OrderPart::Lines).await?;
        let mut read: HashMap<OrderId, Order> = read.into_iter().map(|order| (order.id, order)).collect();
        let is_behind = |write: &&RecentWrite| {
            let order = read.get(&write.order);
            ids.contains(&write.order) && order.is_none_or(|order| order.version < write.version)
        };
        let behind: Vec<OrderId> = recent.iter().filter(is_behind).map(|write| write.order).collect();
        read.retain(|id, _| !behind.contains(id));
        let now = self.table().orders(behind).await?;
        read.extend(now.into_iter().map(|order| (order.id, order)));
        Ok(read)
    }
}
