//! Lists of the payments of orders, as a caller may see them.
//!
//! A payment lives in its order; what lists filter, search and sort by stands in a row of its own
//! ([`oms_table`], `payment_rows`), which the stream's consumer keeps. A page is found by rows,
//! then shown from the orders. What the rows do not have yet of the newest orders is added
//! ([`fresh`]): so a client who has made or paid a payment sees it in its next list.

mod fresh;
mod pages;
mod plan;

use crate::lists::paging::{SortKey, SortPosition, Sorting, Value};
pub use oms_domain::PaymentEntry;
use oms_domain::tally::PaymentFacets;
use oms_domain::{Currency, Error, Order, Outcome, PaymentMethod, PaymentState};
use oms_http::pages::{Links, Page, PageRequest};
use oms_http::query::Query;
use oms_http::search::contains_all;
use oms_http::views::payment::PaymentView;

/// Which payments are wanted, in which order.
#[derive(Clone, Debug)]
pub struct PaymentQuery {
    status: Option<PaymentState>,
    payment_method: Option<PaymentMethod>,
    currency: Option<Currency>,
    attention: Option<bool>,
    /// In lower case; each must be contained in one of the fields that are searched.
    terms: Vec<String>,
    sorting: Sorting<Key>,
}

/// What payments can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    CreatedAt,
    Amount,
    Status,
}

impl SortKey for Key {
    const ALL: &'static [Self] = &[Self::CreatedAt, Self::Amount, Self::Status];
    const CREATED_AT: Self = Self::CreatedAt;

    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::Amount => "amount",
            Self::Status => "status",
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::CreatedAt => text.parse().ok().map(Value::Time),
            Self::Amount => text.parse().ok().map(Value::Amount),
            Self::Status => text.parse::<PaymentState>().ok().map(|state| Value::Word(state.as_str())),
        }
    }
}

impl PaymentQuery {
    /// Reads the filters, `search` and `ordering`. Names that cannot be sorted by are dropped.
    ///
    /// # Errors
    /// 400 where a filter's value is no choice.
    pub fn read(query: &Query) -> Outcome<Self> {
        Ok(Self {
            status: query.choice("status", |word| word.parse().ok())?,
            payment_method: query.choice("payment_method", |word| word.parse().ok())?,
            currency: query.choice("currency", |word| word.parse().ok())?,
            attention: query.choice("attention", |word| word.to_ascii_lowercase().parse().ok())?,
            terms: query.search_terms(),
            sorting: Sorting::read(query),
        })
    }

    /// Whether it is asked for what only those who run orders look after.
    #[must_use]
    pub const fn is_for_managers(&self) -> bool {
        self.attention.is_some()
    }

    /// Whether payments with these facets are wanted, as far as the facets tell.
    fn wants_facets(&self, facets: &PaymentFacets) -> bool {
        let PaymentFacets { status, payment_method, currency, attention } = facets;
        self.currency.is_none_or(|wanted| wanted == *currency)
            && self.attention.is_none_or(|wanted| wanted == *attention)
            && self.status.is_none_or(|wanted| wanted == *status)
            && self.payment_method.is_none_or(|wanted| wanted == *payment_method)
    }

    fn wants(&self, row: &PaymentEntry) -> bool {
        self.wants_facets(&row.facets)
            && contains_all([row.transaction_id.as_str(), row.order_number.as_str()], &self.terms)
    }

    /// Whether any facet is asked for.
    const fn limits_facets(&self) -> bool {
        self.status.is_some()
            || self.payment_method.is_some()
            || self.currency.is_some()
            || self.attention.is_some()
    }

    fn place(&self, row: &PaymentEntry) -> SortPosition {
        self.sorting.place(row.created_at, row.id.0, |key| match key {
            Key::CreatedAt => Value::Time(row.created_at),
            Key::Amount => Value::Amount(row.amount),
            Key::Status => Value::Word(row.facets.status.as_str()),
        })
    }

    /// The payments of an order that are wanted.
    fn of(&self, order: &Order) -> Vec<PaymentEntry> {
        let rows = order.payments.iter().map(|payment| PaymentEntry::of(order, payment));
        rows.filter(|row| self.wants(row)).collect()
    }

    /// A page of the payments of an order that the caller sees.
    ///
    /// # Errors
    /// 404 for a page that does not exist.
    pub fn page_of(&self, order: &Order, request: &PageRequest, links: &Links) -> Outcome<Page<PaymentView>> {
        let at = self.sorting.at(request)?;
        let rows = self.of(order).into_iter().map(|row| (self.place(&row), row));
        let cut = self.sorting.cut(rows.collect(), request, at.as_ref())?;
        let ends = cut.ends(|row| self.place(row));
        let shown = cut.listed.iter().filter_map(|row| Some((self.place(row), order.payment(row.id)?)));
        let views = shown.map(|(place, payment)| (place, PaymentView::new(order, payment))).collect();
        Ok(self.sorting.page(&cut, ends, views, links))
    }

    /// What was too much, and what to do about it.
    fn too_many(&self) -> Error {
        let field = if self.terms.is_empty() { "ordering" } else { "search" };
        Error::field(field, "Too many payments to look through: narrow the filter.")
    }

    fn too_many_to_sort(&self) -> Error {
        let by = self.sorting.first();
        Error::field("ordering", format!("Too many payments to sort by {by}: narrow the filter."))
    }
}
