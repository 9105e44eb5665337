//! Lists of the lines of orders, as a caller may see them: of the newest orders first, and within
//! an order the newest line first. Those of a product or a variant are found by rows of their own
//! ([`by_product`]); what else is asked for is looked through.

mod by_order;
mod by_product;

use crate::app::App;
use crate::lists::orders::Visible;
use crate::lists::paging::{SortKey, SortPosition, Sorting, Value};
use oms_domain::{Caller, Order, Outcome, ProductId, VariantId};
use oms_http::pages::{Links, Page, PageRequest};
use oms_http::query::Query;
use oms_http::search::contains_all;
use oms_http::views::item::ItemView;
use oms_table::lists::Wanted;
use oms_table::projections::line_rows::LineRow;

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

    /// The visible orders, each of which is looked through for what is wanted.
    async fn orders_of_items(
        &self,
        caller: &Caller,
        visible: &Visible,
        query: &ItemQuery,
    ) -> Outcome<Vec<Order>> {
        let recent = self.settling_writes(caller).await?;
        let (orders, _) = self.listed_with(caller, visible, &recent, &Wanted::default(), SIFTED + 1).await?;
        if orders.len() > SIFTED {
            return Err(query.too_many());
        }
        let mut orders = self.table().orders(orders.iter().map(|order| order.id)).await?;
        orders.retain(|order| visible.sees(caller, &order.user.id, order.store.id));
        Ok(orders)
    }
}
