//! Lists of the lines of orders, as a caller may see them: of the newest orders first, and within
//! an order the newest line first.

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Reply};
use crate::http::pages::{Links, Page, PageRequest};
use crate::order_lists::{DEEPEST, Visible};
use crate::table::OrderSummary;
use crate::table::lists::{Wanted, position};
use crate::views::order::ItemView;
use oms_domain::{Line, Order, OrderId, ProductId, VariantId};
use std::collections::HashMap;

/// How many orders are looked through for the lines of a kind.
const SIFTED: usize = 1_000;

/// Of what lines are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfKind {
    /// Of this product.
    pub product: Option<ProductId>,
    /// Of this variant.
    pub variant: Option<VariantId>,
}

impl OfKind {
    /// Whether any will do.
    #[must_use]
    pub fn is_any(self) -> bool {
        self == Self::default()
    }

    /// The lines of an order that are of the kind, the newest first.
    #[must_use]
    pub fn items_of(self, order: &Order) -> Vec<ItemView> {
        let lines = order.lines.iter().rev().filter(|line| self.includes(line));
        lines.map(|line| ItemView::new(order, line)).collect()
    }

    fn includes(self, line: &Line) -> bool {
        let variant = line.variant.as_ref().map(|variant| variant.id);
        self.product.is_none_or(|product| product == line.product.id)
            && (self.variant.is_none() || self.variant == variant)
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

    /// All lines of the visible orders that are of a kind.
    ///
    /// # Errors
    /// 400 where there are more than [`SIFTED`] orders to look through.
    pub async fn items_of_kind(&self, visible: &Visible, kind: OfKind) -> Reply<Vec<ItemView>> {
        let orders = self.table().newest_orders(visible.lists(), &Wanted::default(), SIFTED + 1).await?;
        if orders.len() > SIFTED {
            let message = format!("More than {SIFTED} orders to look through: name one with `order`.");
            return Err(ApiError::Rule { code: "too_many_entries", message });
        }
        let mut orders = self.table().orders(orders.iter().map(|order| order.id)).await?;
        orders.sort_by_key(|order| std::cmp::Reverse((order.created_at, order.id)));
        Ok(orders.iter().flat_map(|order| kind.items_of(order)).collect())
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
