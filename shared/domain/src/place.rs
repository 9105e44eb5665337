//! Placing an order: what is wanted, checked against the catalogue and priced by it.

use crate::catalog::{Product, Store, StoreStatus};
use crate::lines::{PriceList, Pricing};
use crate::order::{Address, Line, Order, User};
use crate::pricing::totals;
use crate::stored::Stored;
use crate::{
    Actor, Change, ChangeKind, Currency, Decimal, OrderId, PaymentMethod, PaymentStatus, ProductId,
    RuleViolation, ShippingMethod, Status, VariantId,
};
use serde_json::{Map, Value};

/// So many pieces taken from a shelf, or put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockMove {
    /// Of which product.
    pub product: ProductId,
    /// Of which kind; the product's own shelf where none.
    pub variant: Option<VariantId>,
    /// Negative is taken, positive is put back.
    pub quantity: i64,
}

impl StockMove {
    /// What a line takes.
    #[must_use]
    pub fn taken_by(line: &Line) -> Self {
        Self { quantity: -i64::from(line.quantity), ..Self::back_from(line) }
    }

    /// What a line gives back.
    #[must_use]
    pub fn back_from(line: &Line) -> Self {
        Self {
            product: line.product.id,
            variant: line.variant.as_ref().map(|variant| variant.id),
            quantity: i64::from(line.quantity),
        }
    }
}

/// Moves of the same shelf as one, in a fixed order; what evens out is left out.
#[must_use]
pub fn summed(moves: impl IntoIterator<Item = StockMove>) -> Vec<StockMove> {
    let mut stock_levels = std::collections::BTreeMap::new();
    for one in moves {
        *stock_levels.entry((one.product, one.variant)).or_insert(0) += one.quantity;
    }
    let moved = stock_levels.into_iter().filter(|(_, quantity)| *quantity != 0);
    moved.map(|((product, variant), quantity)| StockMove { product, variant, quantity }).collect()
}

/// A line that a client wants.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedLine {
    /// What.
    pub product: ProductId,
    /// Which kind.
    pub variant: Option<VariantId>,
    /// How many, from 1.
    pub quantity: u32,
    /// What the client believes one to cost, in the store's currency.
    pub unit_price: Option<Decimal>,
    /// The customer's wishes.
    pub notes: String,
    /// What the client keeps with it.
    pub extra_data: Map<String, Value>,
}

/// Everything that placing an order takes.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Its fresh id.
    pub id: OrderId,
    /// Its fresh number.
    pub order_number: String,
    /// Whose it is.
    pub user: User,
    /// Who sells it.
    pub store: Store,
    /// What is wanted.
    pub lines: Vec<WantedLine>,
    /// The client's own name for the customer.
    pub customer_id: String,
    /// What the customer says they will pay with.
    pub payment_method: PaymentMethod,
    /// Where it goes.
    pub shipping_address: Address,
    /// Where the bill goes.
    pub billing_address: Option<Address>,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// The currency that the client believes it is in.
    pub currency: Option<Currency>,
    /// What staff take off, in the order's currency; refused where it is finer.
    pub discount_amount: Decimal,
    /// The customer's notes.
    pub notes: String,
    /// For the courier.
    pub special_instructions: String,
    /// The customer's language.
    pub language: String,
    /// What the client keeps with it.
    pub extra_data: Map<String, Value>,
}

/// What is wrong with one wanted line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// Which of the wanted lines, from 0.
    pub index: usize,
    /// Which field of it.
    pub field: &'static str,
    /// What is wrong, in DRF's words where it has some.
    pub message: String,
}

/// Why an order was not placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Some lines cannot be had as wanted.
    #[error("{} of {wanted} lines cannot be had as wanted", .problems.len())]
    Lines {
        /// How many lines are wanted.
        wanted: usize,
        /// What is wrong with some of them.
        problems: Vec<LineProblem>,
    },
    /// A rule about the whole order.
    #[error(transparent)]
    Refused(#[from] RuleViolation),
}

/// Checks a wanted order against the catalogue, prices it, and makes version 1 of it.
/// `may_set_prices` is what staff may. The stock to take with it is [`StockMove::taken_by`] of
/// its lines.
///
/// # Errors
/// All lines that cannot be had at once; else the first rule about the whole order.
pub fn place(
    new: NewOrder,
    products: &[Product],
    may_set_prices: bool,
    by: &Actor,
) -> Result<Order, PlaceError> {
    let currency = new.store.currency;
    check_store(&new.store, new.currency)?;
    let prices = PriceList { products, currency, may_set_prices };
    let pricing = Pricing { order: new.id, store: new.store.id, currency, prices, at: by.at };
    let (lines, lines_made) = pricing.price_lines(&new.lines, &[], 0)?;
    let tax_rate = new.store.tax_rate;
    let shipping = new.store.shipping_cost(new.shipping_method);
    let discount = RuleViolation::unless_exact("discount_amount", new.discount_amount, currency)?;
    let totals = totals(&lines, tax_rate, shipping, discount, currency)?;
    Ok(Order {
        id: new.id,
        version: 1,
        order_number: new.order_number,
        user: new.user,
        store: new.store.snapshot(),
        customer_id: new.customer_id,
        status: Status::Pending,
        status_since: by.at,
        payment_status: PaymentStatus::Pending,
        payment_method: new.payment_method,
        payment_reference: String::new(),
        subtotal: totals.subtotal.amount(),
        tax_rate,
        tax_amount: totals.tax.amount(),
        shipping_cost: totals.shipping.amount(),
        discount_amount: totals.discount.amount(),
        total_amount: totals.total.amount(),
        currency,
        shipping_address: new.shipping_address,
        billing_address: new.billing_address,
        shipping_method: new.shipping_method,
        tracking_number: String::new(),
        estimated_delivery: None,
        notes: new.notes,
        special_instructions: new.special_instructions,
        language: new.language,
        extra_data: new.extra_data,
        created_at: by.at,
        updated_at: by.at,
        confirmed_at: None,
        shipped_at: None,
        delivered_at: None,
        cancelled_at: None,
        deleted_at: None,
        erased_at: None,
        unpaid_limits: new.store.unpaid_limits,
        rating: None,
        lines,
        lines_made,
        payments_made: 0,
        payments: Vec::new(),
        log: vec![Change {
            version: 1,
            at: by.at,
            by: by.id.clone(),
            action: ChangeKind::Place,
            reason: String::new(),
            changes: std::collections::BTreeMap::new(),
            previous_status_lasted_us: None,
            job: None,
        }],
        stored: Stored::default(),
    })
}

/// Whether a store takes an order in the currency that the client believes it to be in.
fn check_store(store: &Store, believed: Option<Currency>) -> Result<(), RuleViolation> {
    if store.status != StoreStatus::Active {
        return Err(RuleViolation::Field { field: "store", message: "This store takes no orders.".into() });
    }
    match believed.filter(|currency| *currency != store.currency) {
        Some(_) => Err(not_this_currency(store.currency)),
        None => Ok(()),
    }
}

/// What is said to a client that believes an order to be in another currency than its store's.
pub(crate) fn not_this_currency(currency: Currency) -> RuleViolation {
    let message = format!("This store sells in {}.", currency.code());
    RuleViolation::Field { field: "currency", message }
}

/// DRF's words for a reference to what does not exist, or what the caller may not see.
#[must_use]
pub fn invalid_pk(id: &impl std::fmt::Display) -> String {
    format!("Invalid pk \"{id}\" - object does not exist.")
}
