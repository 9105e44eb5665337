//! Lists of the lines of orders, as a caller may see them: of the newest orders first, and within
//! an order the newest line first. Those of a product or a variant are found by rows of their own
//! ([`by_product`]); what else is asked for is looked through.

mod by_product;

use crate::app::App;
use crate::lists::orders::{DEEPEST, Visible};
use crate::lists::paging::{CursorBound, SortKey, SortPosition, Sorting, Value, Window};
use oms_domain::{Caller, Error, Line, Order, OrderId, OrderSummary, Outcome, ProductId, VariantId};
use oms_http::pages::{Links, Page, PageRequest};
use oms_http::query::Query;
use oms_http::search::contains_all;
use oms_http::views::item::ItemView;
use oms_table::lists::{Wanted, position};
use oms_table::projections::line_rows::LineRow;
use std::collections::HashMap;

/// How many orders are looked through for the lines of a kind.
const SIFTED: usize = 1_000;

/// Which lines are wanted, in which order.
#[derive(Clone, Debug)]
pub struct ItemQuery {
    product: Option<ProductId>,
    variant: Option<VariantId>,
    /// In lower case; each must be contained in one of the fields that are searched.
    terms: Vec<String>,
    sorting: Sorting<Key>,
}

/// What lines can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    CreatedAt,
    Quantity,
    UnitPrice,
    TotalPrice,
}

impl SortKey for Key {
    const ALL: &'static [Self] = &[Self::CreatedAt, Self::Quantity, Self::UnitPrice, Self::TotalPrice];
    const CREATED_AT: Self = Self::CreatedAt;

    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::Quantity => "quantity",
            Self::UnitPrice => "unit_price",
            Self::TotalPrice => "total_price",
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::CreatedAt => text.parse().ok().map(Value::Time),
            Self::Quantity | Self::UnitPrice | Self::TotalPrice => text.parse().ok().map(Value::Amount),
        }
    }
}

impl ItemQuery {
    /// The lines of a product or a variant, by the `search` and `ordering` of a request. Names that
    /// cannot be sorted by are dropped.
    #[must_use]
    pub fn new(product: Option<ProductId>, variant: Option<VariantId>, query: &Query) -> Self {
        Self { product, variant, terms: query.search_terms(), sorting: Sorting::read(query) }
    }

    /// Whether all lines are wanted, the newest first.
    fn is_any(&self) -> bool {
        let is_narrowed = self.product.is_some() || self.variant.is_some() || !self.terms.is_empty();
        !is_narrowed && self.sorting.keys().is_empty() && self.sorting.descends
    }

    /// A page of the lines of some orders that are wanted.
    ///
    /// # Errors
    /// 404 for a page that does not exist.
    pub fn page_of(&self, orders: &[Order], request: &PageRequest, links: &Links) -> Outcome<Page<ItemView>> {
        let at = self.sorting.at(request)?;
        let lines = orders.iter().flat_map(|order| order.lines.iter().map(move |line| (order, line)));
        let lines = lines.map(|(order, line)| (LineRow::of(order, line), (order, line)));
        let lines = lines.filter(|(row, _)| self.wants(row));
        let placed = lines.map(|(row, line)| (self.place(&row), (self.place(&row), line)));
        let cut = self.sorting.cut(placed.collect(), request, at.as_ref())?;
        let ends = cut.ends(|(place, _)| place.clone());
        let shown =
            cut.listed.iter().map(|(place, (order, line))| (place.clone(), ItemView::new(order, line)));
        let shown = shown.collect();
        Ok(self.sorting.page(&cut, ends, shown, links))
    }

    fn wants(&self, row: &LineRow) -> bool {
        let entry = &row.entry;
        self.product.is_none_or(|product| product == entry.product)
            && (self.variant.is_none() || self.variant == entry.variant)
            && contains_all([&*entry.product_name, &*entry.variant_name, &*entry.order_number], &self.terms)
    }

    fn place(&self, row: &LineRow) -> SortPosition {
        self.sorting.place(row.created_at, row.id.0, |key| match key {
            Key::CreatedAt => Value::Time(row.created_at),
            Key::Quantity => Value::Amount(row.entry.quantity.into()),
            Key::UnitPrice => Value::Amount(row.entry.unit_price),
            Key::TotalPrice => Value::Amount(row.entry.total_price),
        })
    }
}

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

impl App {
    /// A page of the lines of the visible orders that are wanted.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where too much would have to be read or sorted.
    pub async fn page_of_items(
        &self,
        caller: &Caller,
        visible: &Visible,
        query: &ItemQuery,
        request: &PageRequest,
        links: &Links,
    ) -> Outcome<Page<ItemView>> {
        if query.is_any() {
            return self.page_of_all_items(caller, visible, request, links).await;
        }
        let is_of_many = caller.is_staff() || visible.lists().len() > 1;
        if is_of_many
            && let Some(page) = self.page_of_items_sold(caller, visible, query, request, links).await?
        {
            return Ok(page);
        }
        let orders = self.orders_of_items(caller, visible, query).await?;
        query.page_of(&orders, request, links)
    }

    /// A page of all lines of the visible orders.
    ///
    /// # Errors
    /// 404 for a page that does not exist.
    async fn page_of_all_items(
        &self,
        caller: &Caller,
        visible: &Visible,
        request: &PageRequest,
        links: &Links,
    ) -> Outcome<Page<ItemView>> {
        let counted = self.count_lines(visible).await?;
        let at = CursorBound::read(request, LinePosition::read)?;
        let mut window = Window::of(counted, request, at.as_ref())?;
        if window.skipped > DEEPEST {
            let words = format!(
                "Too many items before and after this page to count up to it, more than {DEEPEST}: follow next or previous, or narrow the filter."
            );
            return Err(Error::field("page", words));
        }
        let (at, oldest_first) = (at.as_ref().map(CursorBound::place), window.is_backward());
        // Each order has a line at least, so that no more orders can be on the page than lines.
        let wanted = Wanted { after: at.map(|at| at.order_at.as_str()), oldest_first };
        let orders = self.listed_for(caller, visible, &wanted, window.reach()).await?;
        let skipped = few(std::mem::take(&mut window.skipped));
        let on_page = window.reach();
        let (first, orders) = covering(&orders, skipped, on_page);
        let ids: Vec<OrderId> = at.map(|at| at.order).into_iter().chain(orders).collect();
        let loaded = self.table().orders(ids.iter().copied()).await?;
        let loaded: HashMap<OrderId, &Order> = loaded.iter().map(|order| (order.id, order)).collect();
        let seen = ids.iter().filter_map(|id| loaded.get(id).copied());
        let seen = seen.filter(|order| visible.sees(caller, &order.user.id, order.store.id));
        let lines = seen.flat_map(|order| {
            let lines = order.lines.iter().map(move |line| (order, line));
            // The newest line of an order first, as the orders themselves.
            let lines: Vec<_> = if oldest_first { lines.collect() } else { lines.rev().collect() };
            lines
        });
        let lines = lines.filter(|(order, line)| {
            at.is_none_or(|at| {
                let number = line.id.number();
                at.order != order.id || if oldest_first { number > at.line } else { number < at.line }
            })
        });
        let cut = window.cut(lines.skip(first).take(on_page).collect());
        let ends = cut.ends(|(order, line)| LinePosition::of(order, line).show());
        let shown = cut.listed.iter();
        let shown =
            shown.map(|(order, line)| (LinePosition::of(order, line).show(), ItemView::new(order, line)));
        let shown = shown.collect();
        Ok(cut.page(ends, shown, links))
    }

    /// The visible orders, each of which is looked through for what is wanted.
    async fn orders_of_items(
        &self,
        caller: &Caller,
        visible: &Visible,
        query: &ItemQuery,
    ) -> Outcome<Vec<Order>> {
        let orders = self.listed_for(caller, visible, &Wanted::default(), SIFTED + 1).await?;
        if orders.len() > SIFTED {
            return Err(query.too_many());
        }
        let mut orders = self.table().orders(orders.iter().map(|order| order.id)).await?;
        orders.retain(|order| visible.sees(caller, &order.user.id, order.store.id));
        Ok(orders)
    }
}

/// The orders whose lines a page shows, by how many lines each has, and how many lines of the
/// first of them come before the page.
fn covering(orders: &[OrderSummary], skipped: usize, wanted: usize) -> (usize, Vec<OrderId>) {
    let (mut before, mut first, mut ids) = (0, 0, Vec::new());
    for order in orders {
        let lines = usize::try_from(order.item_count).unwrap_or(usize::MAX);
        if before >= skipped + wanted {
            break;
        }
        if before + lines > skipped {
            if ids.is_empty() {
                first = skipped - before;
            }
            ids.push(order.id);
        }
        before += lines;
    }
    (first, ids)
}

fn few(many: u64) -> usize {
    usize::try_from(many).unwrap_or(usize::MAX)
}
