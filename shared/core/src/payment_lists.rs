//! Lists of the payments of orders, as a caller may see them.
//!
//! A payment lives in its order, so a list of payments is a walk through a list of orders: those
//! of the newest orders first, and within an order the newest payment first. How many there are
//! is what the counters say. A search or another ordering takes all payments into memory.

use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Reply};
use crate::http::pages::{Links, Page, PageRequest};
use crate::http::query::Query;
use crate::http::search::contains_all;
use crate::order_lists::{Visible, scope_of};
use crate::table::lists::{Wanted, position};
use crate::views::payment::PaymentView;
use futures::future::try_join_all;
use oms_domain::{Currency, Decimal, Order, OrderId, Payment, PaymentMethod, PaymentState};
use std::cmp::Ordering;

/// How many orders are looked through for one page.
const LOOKED_THROUGH: usize = 1_000;
/// How many of them are read at a time.
const AT_A_TIME: usize = 100;

/// Which payments are wanted, in which order.
#[derive(Clone, Debug, Default)]
pub struct PaymentQuery {
    status: Option<PaymentState>,
    payment_method: Option<PaymentMethod>,
    currency: Option<Currency>,
    terms: Vec<String>,
    ordering: Vec<(Key, bool)>,
}

/// What payments can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    CreatedAt,
    Amount,
    Status,
}

impl PaymentQuery {
    /// Reads the filters, `search` and `ordering`. Names that cannot be sorted by are dropped.
    ///
    /// # Errors
    /// 400 where a filter's value is no choice.
    pub fn read(query: &Query) -> Reply<Self> {
        let ordering = query.sort_keys(|name| match name {
            "created_at" => Some(Key::CreatedAt),
            "amount" => Some(Key::Amount),
            "status" => Some(Key::Status),
            _ => None,
        });
        Ok(Self {
            status: query.choice("status", |word| word.parse().ok())?,
            payment_method: query.choice("payment_method", |word| word.parse().ok())?,
            currency: query.choice("currency", |word| word.parse().ok())?,
            terms: query.search_terms(),
            ordering,
        })
    }

    /// The payments of an order that are wanted, the newest first.
    fn of<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = &'a Payment> {
        order.payments.iter().rev().filter(move |payment| self.wants(order, payment))
    }

    fn wants(&self, order: &Order, payment: &Payment) -> bool {
        let searched = [payment.transaction_id.as_str(), order.order_number.as_str()];
        self.counts(order.currency, payment.status, payment.payment_method)
            && contains_all(searched, &self.terms)
    }

    fn counts(&self, currency: Currency, status: PaymentState, method: PaymentMethod) -> bool {
        self.currency.is_none_or(|wanted| wanted == currency)
            && self.status.is_none_or(|wanted| wanted == status)
            && self.payment_method.is_none_or(|wanted| wanted == method)
    }

    /// Sorts as asked for; ties, and what is not asked for, the newest first.
    fn sort(&self, found: &mut [(&Order, &Payment)]) {
        let newest = |a: &Payment, b: &Payment| (b.created_at, b.id).cmp(&(a.created_at, a.id));
        found.sort_by(|(_, a), (_, b)| {
            let by_keys = self.ordering.iter().map(|(key, descends)| {
                let ordering = match key {
                    Key::CreatedAt => (a.created_at, a.id).cmp(&(b.created_at, b.id)),
                    Key::Amount => Decimal::cmp(&a.amount, &b.amount),
                    Key::Status => a.status.as_str().cmp(b.status.as_str()),
                };
                if *descends { ordering.reverse() } else { ordering }
            });
            by_keys.fold(Ordering::Equal, Ordering::then).then_with(|| newest(a, b))
        });
    }
}

/// Where a page begins: after a payment of the order at a position of the orders' list.
#[derive(Clone, Copy, Debug)]
struct Cursor<'a> {
    order_at: &'a str,
    order: OrderId,
    payment: u16,
}

impl<'a> Cursor<'a> {
    /// Reads what [`show`](Self::show) wrote; nothing where the client made it up.
    fn read(text: &'a str) -> Option<Self> {
        let (order_at, payment) = text.rsplit_once('/')?;
        let (_, order) = order_at.split_once('#')?;
        Some(Self { order_at, order: order.parse().ok()?, payment: payment.parse().ok()? })
    }

    fn show(order_at: &str, payment: u16) -> String {
        format!("{order_at}/{payment}")
    }

    /// Whether a payment comes after it.
    fn precedes(self, order: &Order, payment: &Payment) -> bool {
        self.order != order.id || payment.id.number().unwrap_or_default() < self.payment
    }
}

/// What a walk has found so far.
#[derive(Debug, Default)]
struct Walk {
    skipped: usize,
    found: Vec<PaymentView>,
    /// Where the next page begins, as far as the walk went.
    cursor: Option<String>,
    has_more: bool,
}

impl App {
    /// A page of the payments of an order that the caller sees.
    ///
    /// # Errors
    /// 404 for a page that does not exist.
    pub fn page_of_payments_of(
        &self,
        order: &Order,
        query: &PaymentQuery,
        request: &PageRequest,
        links: &Links,
    ) -> Reply<Page<PaymentView>> {
        sorted_page(std::slice::from_ref(order), query, request, links)
    }

    /// A page of the payments of the visible orders.
    ///
    /// # Errors
    /// 404 for a page that does not exist; 400 where more than [`LOOKED_THROUGH`] orders would
    /// have to be looked through.
    pub async fn page_of_payments(
        &self,
        caller: &Caller,
        visible: &Visible,
        query: &PaymentQuery,
        request: &PageRequest,
        links: &Links,
    ) -> Reply<Page<PaymentView>> {
        if !query.terms.is_empty() || !query.ordering.is_empty() {
            let wanted = Wanted::default();
            let orders = self.table().newest_orders(visible.lists(), &wanted, LOOKED_THROUGH + 1).await?;
            if orders.len() > LOOKED_THROUGH {
                return Err(too_many("name one with `order`, or leave `search` and `ordering` out"));
            }
            let orders = self.table().orders(orders.iter().map(|order| order.id)).await?;
            let seen = orders.into_iter().filter(|o| visible.sees(caller, &o.user.id, o.store.id));
            return sorted_page(&seen.collect::<Vec<_>>(), query, request, links);
        }
        let counted = self.count_payments(visible, query).await?;
        let number = request.resolve(counted)?;
        let before = (number - 1) * u64::from(request.size);
        let cursor = request.cursor.as_deref().and_then(Cursor::read);
        let skip = if cursor.is_some() { 0 } else { usize::try_from(before).unwrap_or(usize::MAX) };
        let size = usize::try_from(request.size).unwrap_or(usize::MAX);
        let walk = self.walk(caller, visible, query, cursor, skip, size).await?;
        if walk.skipped < skip && walk.has_more {
            return Err(too_many("follow the links of the pages before"));
        }
        let next = walk.cursor.filter(|_| walk.has_more);
        Ok(Page {
            count: counted.max(before + walk.found.len() as u64),
            next: next.map(|next| links.page(number + 1, Some(&next))),
            previous: (number > 1).then(|| links.page(number - 1, None)),
            results: walk.found,
        })
    }

    /// Walks through the orders for `size` payments after `skip`, [`LOOKED_THROUGH`] orders far.
    async fn walk(
        &self,
        caller: &Caller,
        visible: &Visible,
        query: &PaymentQuery,
        cursor: Option<Cursor<'_>>,
        skip: usize,
        size: usize,
    ) -> Reply<Walk> {
        let mut walk = Walk::default();
        let mut after = cursor.map(|cursor| cursor.order_at.to_owned());
        let mut first = cursor.map(|cursor| cursor.order);
        for _ in 0..LOOKED_THROUGH / AT_A_TIME {
            let wanted = Wanted { after: after.as_deref() };
            let listed = self.table().newest_orders(visible.lists(), &wanted, AT_A_TIME).await?;
            let ids = first.take().into_iter().chain(listed.iter().map(|order| order.id));
            let mut orders = self.table().orders(ids).await?;
            orders.sort_by_key(|order| std::cmp::Reverse((order.created_at, order.id)));
            orders.retain(|order| visible.sees(caller, &order.user.id, order.store.id));
            for order in &orders {
                let at = position(order.created_at, order.id);
                let payments = query.of(order);
                for payment in payments.filter(|one| cursor.is_none_or(|at| at.precedes(order, one))) {
                    if walk.skipped < skip {
                        walk.skipped += 1;
                    } else if walk.found.len() == size {
                        walk.has_more = true;
                        return Ok(walk);
                    } else {
                        walk.found.push(PaymentView::new(order, payment));
                        walk.cursor = Some(Cursor::show(&at, payment.id.number().unwrap_or_default()));
                    }
                }
            }
            after = listed.last().map(|last| position(last.created_at, last.id));
            if listed.len() < AT_A_TIME {
                return Ok(walk);
            }
        }
        // The page ends where the walk does; the next one goes on from there.
        walk.cursor = after.map(|at| Cursor::show(&at, 0));
        walk.has_more = true;
        Ok(walk)
    }

    /// How many payments the visible orders have that are wanted, by the counters.
    async fn count_payments(&self, visible: &Visible, query: &PaymentQuery) -> Reply<u64> {
        let counts = visible.lists().iter().map(|list| async move {
            let scope = scope_of(list);
            self.table().counts(&scope, self.today()).await
        });
        let counts = try_join_all(counts).await?;
        let counted = counts.iter().flat_map(|counts| &counts.payments);
        let counted =
            counted.filter(|((currency, status, method), _)| query.counts(*currency, *status, *method));
        let counted: u64 = counted.map(|(_, group)| group.count).sum();
        let twice = self.in_two_lists(visible).await?;
        if twice.is_empty() {
            return Ok(counted);
        }
        let twice = self.table().orders(twice.iter().map(|order| order.id)).await?;
        let twice: usize = twice.iter().map(|order| query.of(order).count()).sum();
        Ok(counted.saturating_sub(twice as u64))
    }
}

fn sorted_page(
    orders: &[Order],
    query: &PaymentQuery,
    request: &PageRequest,
    links: &Links,
) -> Reply<Page<PaymentView>> {
    let mut found: Vec<(&Order, &Payment)> =
        orders.iter().flat_map(|order| query.of(order).map(move |payment| (order, payment))).collect();
    query.sort(&mut found);
    Page::of(found.iter().map(|(order, payment)| PaymentView::new(order, payment)).collect(), request, links)
}

fn too_many(instead: &str) -> ApiError {
    let message = format!("More than {LOOKED_THROUGH} orders to look through: {instead}.");
    ApiError::Rule { code: "too_many_entries", message }
}
