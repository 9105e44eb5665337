//! The lines of an order: priced by the catalogue, and changed for as long as they may be.

use crate::catalog::{Product, ProductStatus, Variant};
use crate::lifecycle::OrderChange;
use crate::order::{Line, MAX_LINES, MAX_LINES_EVER, Order, State};
use crate::place::{LineProblem, PlaceError, StockMove, WantedLine, invalid_pk, summed};
use crate::pricing::{line_total, totals};
use crate::{
    Actor, ChangeKind, Currency, Decimal, LineId, Money, OrderId, Payment, PaymentState, ProductId,
    RuleViolation, Status, StoreId, VariantId,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// What lines are priced by.
#[derive(Clone, Copy, Debug)]
pub struct PriceList<'a> {
    /// What the catalogue holds of the wanted products.
    pub products: &'a [Product],
    /// The currency of its prices.
    pub currency: Currency,
    /// Whether the caller may sell at other prices: what those who run the store may.
    pub may_set_prices: bool,
}

/// What somebody wants changed of a line; none leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineEdit {
    /// Another product.
    pub product: Option<ProductId>,
    /// Another kind of it, or none.
    pub variant: Option<Option<VariantId>>,
    /// How many, from 1.
    pub quantity: Option<u32>,
    /// What the client believes one to cost, or what staff sell it at, in the order's currency.
    pub unit_price: Option<Decimal>,
    /// The customer's wishes.
    pub notes: Option<String>,
    /// What the client keeps with it.
    pub extra_data: Option<Map<String, Value>>,
}

impl LineEdit {
    /// The new line that is wanted; none where what it must name is missing.
    #[must_use]
    pub fn into_new(self) -> Option<WantedLine> {
        Some(WantedLine {
            product: self.product?,
            variant: self.variant.flatten(),
            quantity: self.quantity?,
            unit_price: self.unit_price,
            notes: self.notes.unwrap_or_default(),
            extra_data: self.extra_data.unwrap_or_default(),
        })
    }

    /// What is then wanted instead of a line.
    #[must_use]
    pub fn of(self, line: &Line) -> WantedLine {
        let variant = self.variant.unwrap_or_else(|| line.variant.as_ref().map(|variant| variant.id));
        WantedLine {
            product: self.product.unwrap_or(line.product.id),
            variant,
            quantity: self.quantity.unwrap_or(line.quantity),
            unit_price: self.unit_price,
            notes: self.notes.unwrap_or_else(|| line.notes.clone()),
            extra_data: self.extra_data.unwrap_or_else(|| line.extra_data.clone()),
        }
    }
}

/// Single lines. Each takes the order as it was seen and returns it as it should be saved.
impl Order {
    /// Whether its lines are fixed: it has been accepted, or its payment sent to the gateway.
    #[must_use]
    pub fn items_are_fixed(&self) -> bool {
        self.status != Status::Pending || self.amount_is_fixed()
    }

    /// Whether money has been asked for, so that its total can no longer change.
    #[must_use]
    pub fn amount_is_fixed(&self) -> bool {
        self.sent_payment().is_some()
    }

    /// The payment by which money has been asked for.
    pub(crate) fn sent_payment(&self) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.is_beyond_pending())
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`RuleViolation::ItemsFixed`], [`RuleViolation::Full`], a field error where it cannot be had
    /// as wanted.
    pub fn add_line(
        mut self,
        wanted: &WantedLine,
        prices: PriceList<'_>,
        by: &Actor,
    ) -> Result<(OrderChange, LineId), RuleViolation> {
        let before = self.state();
        self.check_items_may_change()?;
        if self.lines.len() >= MAX_LINES {
            return Err(RuleViolation::Full { what: "items", limit: MAX_LINES });
        }
        let had = self.lines.clone();
        let id = self.id.line(next_number(self.lines_made())?);
        let line = self.pricing(prices, by).new_line(wanted, id).map_err(as_field)?;
        self.lines_made = id.number();
        self.lines.push(line);
        let moved = self.relined(&had, &before, ChangeKind::AddLine, by)?;
        Ok((moved, id))
    }

    /// Changes a line. It keeps its id, and the price it was sold at unless it becomes something
    /// else.
    ///
    /// # Errors
    /// [`RuleViolation::ItemsFixed`], a field error where it cannot be had as wanted.
    pub fn edit_line(
        mut self,
        id: LineId,
        edit: LineEdit,
        prices: PriceList<'_>,
        by: &Actor,
    ) -> Result<OrderChange, RuleViolation> {
        let before = self.state();
        self.check_items_may_change()?;
        let had = self.lines.clone();
        let pricing = self.pricing(prices, by);
        if let Some(line) = self.lines.iter_mut().find(|line| line.id == id) {
            let wanted = edit.of(line);
            let edited = if is_same(line, &wanted) {
                pricing.kept_line(&wanted, line)
            } else {
                let created_at = line.created_at;
                pricing.new_line(&wanted, id).map(|line| Line { created_at, ..line })
            };
            *line = edited.map_err(as_field)?;
        }
        self.relined(&had, &before, ChangeKind::EditLine, by)
    }

    /// Takes a line out.
    ///
    /// # Errors
    /// [`RuleViolation::ItemsFixed`]; [`RuleViolation::LastLine`].
    pub fn remove_line(mut self, id: LineId, by: &Actor) -> Result<OrderChange, RuleViolation> {
        let before = self.state();
        self.check_items_may_change()?;
        let had = self.lines.clone();
        self.lines.retain(|line| line.id != id);
        if self.lines.is_empty() {
            return Err(RuleViolation::LastLine);
        }
        self.relined(&had, &before, ChangeKind::RemoveLine, by)
    }

    /// How many lines it has ever had.
    pub(crate) fn lines_made(&self) -> u16 {
        let highest = self.lines.last().map_or(0, |line| line.id.number());
        self.lines_made.max(highest)
    }

    /// Adds up what has changed; a pending payment's amount follows the total.
    pub(crate) fn reprice(&mut self, by: &Actor) -> Result<(), RuleViolation> {
        let totals =
            totals(&self.lines, self.tax_rate, self.shipping_cost, self.discount_amount, self.currency)?;
        self.subtotal = totals.subtotal.amount();
        self.tax_amount = totals.tax.amount();
        self.shipping_cost = totals.shipping.amount();
        self.discount_amount = totals.discount.amount();
        self.total_amount = totals.total.amount();
        for payment in &mut self.payments {
            if payment.status == PaymentState::Pending && payment.amount != self.total_amount {
                payment.amount = self.total_amount;
                payment.updated_at = by.at;
            }
        }
        Ok(())
    }

    pub(crate) fn pricing<'a>(&self, prices: PriceList<'a>, by: &Actor) -> Pricing<'a> {
        Pricing { order: self.id, store: self.store.id, currency: self.currency, prices, at: by.at }
    }

    pub(crate) fn check_items_may_change(&self) -> Result<(), RuleViolation> {
        if self.status != Status::Pending {
            Err(RuleViolation::ItemsFixed)
        } else if self.amount_is_fixed() {
            Err(RuleViolation::ItemsPaidFor)
        } else {
            Ok(())
        }
    }

    fn relined(
        mut self,
        had: &[Line],
        before: &State,
        kind_of_change: ChangeKind,
        by: &Actor,
    ) -> Result<OrderChange, RuleViolation> {
        self.reprice(by)?;
        let stock = moves_between(had, &self.lines);
        Ok(OrderChange { order: self.changed(before, kind_of_change, by, ""), stock })
    }
}

/// What moves on the shelves when an order's lines become others.
pub(crate) fn moves_between(had: &[Line], lines: &[Line]) -> Vec<StockMove> {
    let back = had.iter().map(StockMove::back_from);
    summed(back.chain(lines.iter().map(StockMove::taken_by)))
}

/// The lines that there were, each beside the wanted one that keeps it: the one that is the same in
/// all that it has, else in all that the wanted one says, else in number and price, else another of
/// its kind. What says no price is the same at any, so it comes last.
pub(crate) fn kept_lines<'a>(wanted: &[WantedLine], had: &'a [Line]) -> Vec<Option<&'a Line>> {
    let mut had: Vec<&Line> = had.iter().collect();
    let mut kept = vec![None; wanted.len()];
    let rules: [fn(&Line, &WantedLine) -> bool; 4] = [is_equal, says_nothing_else, has_all, is_same];
    for keeps in rules {
        for says_price in [true, false] {
            for (kept, wanted) in kept.iter_mut().zip(wanted) {
                if kept.is_none() && wanted.unit_price.is_some() == says_price {
                    let found = had.iter().position(|line| keeps(line, wanted));
                    *kept = found.map(|at| had.remove(at));
                }
            }
        }
    }
    kept
}

/// Whether a line is the wanted one in all that either says.
fn is_equal(line: &Line, wanted: &WantedLine) -> bool {
    has_all(line, wanted) && line.notes == wanted.notes && line.extra_data == wanted.extra_data
}

/// Whether a line is the wanted one in all that this says: empty notes and data say nothing.
pub(crate) fn says_nothing_else(line: &Line, wanted: &WantedLine) -> bool {
    has_all(line, wanted)
        && (wanted.notes.is_empty() || line.notes == wanted.notes)
        && (wanted.extra_data.is_empty() || line.extra_data == wanted.extra_data)
}

/// Whether a line is the wanted one in kind, number and price.
fn has_all(line: &Line, wanted: &WantedLine) -> bool {
    is_same(line, wanted)
        && line.quantity == wanted.quantity
        && wanted.unit_price.is_none_or(|price| price == line.unit_price)
}

/// What is said where a store has turned to another currency than an order's, as stores could once.
pub(crate) fn sells_in_another(store: Currency, order: Currency) -> String {
    format!("The store sells in {} now, and this order is in {}.", store.code(), order.code())
}

/// Whether a line is of the wanted kind: it then keeps the price it was sold at.
fn is_same(line: &Line, wanted: &WantedLine) -> bool {
    line.product.id == wanted.product && line.variant.as_ref().map(|variant| variant.id) == wanted.variant
}

fn as_field((field, message): LineError) -> RuleViolation {
    RuleViolation::Field { field, message }
}

fn next_number(made: u16) -> Result<u16, RuleViolation> {
    let full = RuleViolation::Full { what: "items ever added", limit: usize::from(MAX_LINES_EVER) };
    if made < MAX_LINES_EVER { Ok(made + 1) } else { Err(full) }
}

/// What is wrong with one line: the field and the message.
type LineError = (&'static str, String);

/// Where wanted lines become priced ones.
pub(crate) struct Pricing<'a> {
    pub(crate) order: OrderId,
    pub(crate) store: StoreId,
    pub(crate) currency: Currency,
    pub(crate) prices: PriceList<'a>,
    pub(crate) at: Timestamp,
}

impl Pricing<'_> {
    /// Prices all that is wanted. A line that the order already `had` keeps its id and the price
    /// it was sold at; new ones are numbered after the `made` that there have ever been. The lines
    /// come in the order of their ids, with how many there have been now.
    pub(crate) fn price_lines(
        &self,
        wanted: &[WantedLine],
        had: &[Line],
        mut made: u16,
    ) -> Result<(Vec<Line>, u16), PlaceError> {
        let mut lines = Vec::with_capacity(wanted.len());
        let mut problems = Vec::new();
        for (index, (wanted, kept)) in wanted.iter().zip(kept_lines(wanted, had)).enumerate() {
            let line = if let Some(line) = kept {
                self.kept_line(wanted, line)
            } else {
                made = next_number(made)?;
                self.new_line(wanted, self.order.line(made))
            };
            match line {
                Ok(line) => lines.push(line),
                Err((field, message)) => problems.push(LineProblem { index, field, message }),
            }
        }
        lines.sort_by_key(|line| line.id);
        if problems.is_empty() {
            Ok((lines, made))
        } else {
            Err(PlaceError::Lines { wanted: wanted.len(), problems })
        }
    }

    /// A line that the order already has, as it is wanted now.
    fn kept_line(&self, wanted: &WantedLine, line: &Line) -> Result<Line, LineError> {
        if wanted.quantity > line.quantity {
            self.check_currency("quantity")?;
        }
        let unit_price = self.agreed(wanted.unit_price, line.unit_price)?;
        let kept = Line {
            quantity: wanted.quantity,
            unit_price,
            total_price: self.total(unit_price, wanted.quantity)?,
            notes: wanted.notes.clone(),
            extra_data: wanted.extra_data.clone(),
            ..line.clone()
        };
        let updated_at = if kept == *line { line.updated_at } else { self.at };
        Ok(Line { updated_at, ..kept })
    }

    fn new_line(&self, wanted: &WantedLine, id: LineId) -> Result<Line, LineError> {
        let (product, variant) = self.find(wanted)?;
        self.check_currency("product")?;
        let price = variant.map_or(product.current_price, |variant| variant.current_price);
        let unit_price = self.agreed(wanted.unit_price, Money::rounded(price, self.currency).amount())?;
        Ok(Line {
            id,
            product: product.snapshot(),
            variant: variant.map(Variant::snapshot),
            quantity: wanted.quantity,
            unit_price,
            total_price: self.total(unit_price, wanted.quantity)?,
            notes: wanted.notes.clone(),
            extra_data: wanted.extra_data.clone(),
            created_at: self.at,
            updated_at: self.at,
        })
    }

    fn check_currency(&self, field: &'static str) -> Result<(), LineError> {
        let sells_in = self.prices.currency;
        if sells_in == self.currency {
            Ok(())
        } else {
            Err((field, sells_in_another(sells_in, self.currency)))
        }
    }

    fn find(&self, wanted: &WantedLine) -> Result<(&Product, Option<&Variant>), LineError> {
        let listed = self.prices.products.iter().find(|product| product.id == wanted.product);
        let product = listed
            .filter(|product| self.prices.may_set_prices || product.status == ProductStatus::Active)
            .ok_or_else(|| ("product", invalid_pk(&wanted.product)))?;
        if product.store != self.store {
            return Err(("product", "Product does not belong to the selected store.".into()));
        }
        if product.status != ProductStatus::Active {
            return Err(("product", "Product is not on sale.".into()));
        }
        let Some(id) = wanted.variant else { return Ok((product, None)) };
        let variant = product
            .variant(id)
            .ok_or_else(|| ("variant", "Variant does not belong to the selected product.".to_owned()))?;
        Ok((product, Some(variant)))
    }

    /// The price that the client and we agree on: ours, or what those say who may set prices.
    fn agreed(&self, offered: Option<Decimal>, price: Decimal) -> Result<Decimal, LineError> {
        let offered = offered.map(|offered| Money::exact(offered, self.currency)).transpose();
        let offered = offered.map_err(|error| ("unit_price", error.to_string()))?.map(Money::amount);
        match offered {
            Some(offered) if self.prices.may_set_prices => Ok(offered),
            Some(offered) if offered != price => Err(("unit_price", format!("The price is now {price}."))),
            Some(_) | None => Ok(price),
        }
    }

    fn total(&self, unit_price: Decimal, quantity: u32) -> Result<Decimal, LineError> {
        let total = line_total(unit_price, quantity, self.currency);
        total.map(Money::amount).map_err(|refusal| ("quantity", refusal.to_string()))
    }
}
