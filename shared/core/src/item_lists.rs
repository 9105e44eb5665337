//! Lists of the lines of orders, as a caller may see them: of the newest orders first, and within
//! an order the newest line first.

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Reply};
use crate::http::pages::{Links, Page, PageRequest};
use crate::http::query::Query;
use crate::http::search::contains_all;
use crate::order_lists::{DEEPEST, Visible};
use crate::table::OrderSummary;
use crate::table::lists::{Wanted, position};
use crate::views::item::ItemView;
use oms_domain::{Line, Order, OrderId, ProductId, VariantId};
use std::cmp::Ordering;
use std::collections::HashMap;

/// How many orders are looked through for the lines of a kind.
const SIFTED: usize = 1_000;

/// Which lines are wanted, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemQuery {
    product: Option<ProductId>,
    variant: Option<VariantId>,
    terms: Vec<String>,
    ordering: Vec<(Key, bool)>,
}

/// What lines can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    CreatedAt,
    Quantity,
    UnitPrice,
    TotalPrice,
}

impl ItemQuery {
    /// The lines of a product or a variant, by the `search` and `ordering` of a request. Names that
    /// cannot be sorted by are dropped.
    #[must_use]
    pub fn new(product: Option<ProductId>, variant: Option<VariantId>, query: &Query) -> Self {
        let ordering = query.sort_keys(|name| match name {
            "created_at" => Some(Key::CreatedAt),
            "quantity" => Some(Key::Quantity),
            "unit_price" => Some(Key::UnitPrice),
            "total_price" => Some(Key::TotalPrice),
            _ => None,
        });
        Self { product, variant, terms: query.search_terms(), ordering }
    }

    /// Whether all lines are wanted, the newest first.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self == Self::default()
    }

    /// The lines of some orders that are wanted, sorted.
    #[must_use]
    pub fn items_of(&self, orders: &[Order]) -> Vec<ItemView> {
        let lines = orders.iter().flat_map(|order| order.lines.iter().map(move |line| (order, line)));
        let mut lines: Vec<_> = lines.filter(|(order, line)| self.wants(order, line)).collect();
        lines.sort_by(|a, b| self.compare(a, b));
        lines.into_iter().map(|(order, line)| ItemView::new(order, line)).collect()
    }

    fn wants(&self, order: &Order, line: &Line) -> bool {
        let variant = line.variant.as_ref();
        let name = variant.map(|variant| &*variant.name).unwrap_or_default();
        self.product.is_none_or(|product| product == line.product.id)
            && (self.variant.is_none() || self.variant == variant.map(|variant| variant.id))
            && contains_all([&*line.product.name, name, &*order.order_number], &self.terms)
    }

    /// Ties, and what is not asked for, go by order and line, in the direction of the first key.
    fn compare(&self, (a_of, a): &(&Order, &Line), (b_of, b): &(&Order, &Line)) -> Ordering {
        let directed = |compared: Ordering, descends| if descends { compared.reverse() } else { compared };
        let by_keys = self.ordering.iter().map(|(key, descends)| {
            let compared = match key {
                Key::CreatedAt => a.created_at.cmp(&b.created_at),
                Key::Quantity => a.quantity.cmp(&b.quantity),
                Key::UnitPrice => a.unit_price.cmp(&b.unit_price),
                Key::TotalPrice => a.total_price.cmp(&b.total_price),
            };
            directed(compared, *descends)
        });
        let descends = self.ordering.first().is_none_or(|(_, descends)| *descends);
        let ties = (a_of.created_at, a.id).cmp(&(b_of.created_at, b.id));
        by_keys.fold(Ordering::Equal, Ordering::then).then(directed(ties, descends))
    }
}

/// Where a page of lines begins: after a line of the order at a position of the orders' list.
#[derive(Clone, Copy, Debug)]
struct Cursor<'a> {
    order_at: &'a str,
    order: OrderId,
    line: u16,
}

impl<'a> Cursor<'a> {
    /// Reads what [`show`](Self::show) wrote; nothing where the client made it up.
    fn read(text: &'a str) -> Option<Self> {
        let (order_at, line) = text.rsplit_once('/')?;
        let (_, order) = order_at.split_once('#')?;
        Some(Self { order_at, order: order.parse().ok()?, line: line.parse().ok()? })
    }

    fn show(order: &Order, line: &Line) -> String {
        format!("{}/{}", position(order.created_at, order.id), line.id.number())
    }
}

impl App {
    /// A page of all lines of the visible orders.
    ///
    /// # Errors
    /// 404 for a page that does not exist.
    pub async fn page_of_items(
        &self,
        caller: &Caller,
        visible: &Visible,
        request: &PageRequest,
        links: &Links,
    ) -> Reply<Page<ItemView>> {
        let counted = self.count_lines(visible).await?;
        let number = request.resolve(counted)?;
        let size = u64::from(request.size);
        let before = (number - 1) * size;
        let cursor = request.cursor.as_deref().and_then(Cursor::read);
        let skipped = if cursor.is_some() { 0 } else { before };
        if skipped > DEEPEST {
            return Err(ApiError::InvalidPage);
        }
        // Each order has a line at least, so that no more orders can be on the page than lines.
        let limit = few(skipped + size + 1);
        let wanted = Wanted { after: cursor.map(|cursor| cursor.order_at) };
        let orders = self.table().newest_orders(visible.lists(), &wanted, limit).await?;
        let (first, orders) = covering(&orders, few(skipped), few(size) + 1);
        let ids = cursor.map(|cursor| cursor.order).into_iter().chain(orders.iter().copied());
        let ids: Vec<OrderId> = ids.collect();
        let loaded = self.table().orders(ids.iter().copied()).await?;
        let loaded: HashMap<OrderId, &Order> = loaded.iter().map(|order| (order.id, order)).collect();
        let seen = ids.iter().filter_map(|id| loaded.get(id).copied());
        let lines = seen
            .filter(|order| visible.sees(caller, &order.user.id, order.store.id))
            .flat_map(|order| order.lines.iter().rev().map(move |line| (order, line)))
            .filter(|(order, line)| {
                cursor.is_none_or(|cursor| cursor.order != order.id || line.id.number() < cursor.line)
            });
        let mut lines: Vec<_> = lines.skip(first).take(few(size) + 1).collect();
        let has_next = lines.len() > few(size);
        lines.truncate(few(size));
        let next = lines.last().filter(|_| has_next).map(|(order, line)| Cursor::show(order, line));
        Ok(Page {
            count: counted.max(before + lines.len() as u64 + u64::from(has_next)),
            next: next.map(|next| links.page(number + 1, Some(&next))),
            previous: (number > 1).then(|| links.page(number - 1, None)),
            results: lines.iter().map(|(order, line)| ItemView::new(order, line)).collect(),
        })
    }

    /// The lines of the visible orders that are wanted, sorted.
    ///
    /// # Errors
    /// 400 where there are more than [`SIFTED`] orders to look through.
    pub async fn items_wanted(
        &self,
        caller: &Caller,
        visible: &Visible,
        query: &ItemQuery,
    ) -> Reply<Vec<ItemView>> {
        let orders = self.table().newest_orders(visible.lists(), &Wanted::default(), SIFTED + 1).await?;
        if orders.len() > SIFTED {
            let message = format!("More than {SIFTED} orders to look through: name one with `order`.");
            return Err(ApiError::Rule { code: "too_many_entries", message });
        }
        let mut orders = self.table().orders(orders.iter().map(|order| order.id)).await?;
        orders.retain(|order| visible.sees(caller, &order.user.id, order.store.id));
        Ok(query.items_of(&orders))
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
