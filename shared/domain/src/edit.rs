//! Changing an order's fields, and with them its price.

use crate::catalog::Store;
use crate::lifecycle::Moved;
use crate::lines::{PriceList, is_same, moves_between};
use crate::order::{Address, Line, Order};
use crate::place::{PlaceError, WantedLine, check_store, invalid_pk};
use crate::{Actor, Currency, Decimal, Deed, Refusal, ShippingMethod, StoreId};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// What somebody wants changed of an order; none leaves a field as it is. Who may ask for what is
/// the caller's to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    /// Who sells it.
    pub store: Option<StoreId>,
    /// The currency that the client believes it to be in.
    pub currency: Option<Currency>,
    /// What is wanted instead of all its lines.
    pub lines: Option<Vec<WantedLine>>,
    /// How it travels.
    pub shipping_method: Option<ShippingMethod>,
    /// What staff take off.
    pub discount_amount: Option<Decimal>,
    /// Where it goes.
    pub shipping_address: Option<Address>,
    /// Where the bill goes, or nowhere else.
    pub billing_address: Option<Option<Address>>,
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// When it should arrive.
    pub estimated_delivery: Option<Option<Timestamp>>,
    /// The payment's name elsewhere.
    pub payment_reference: Option<String>,
    /// The customer's notes.
    pub notes: Option<String>,
    /// For the courier.
    pub special_instructions: Option<String>,
    /// What the client keeps with it.
    pub extra_data: Option<Map<String, Value>>,
}

/// What an edit may need of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue<'a> {
    /// The wanted store, or the order's own; none where it does not exist.
    pub store: Option<&'a Store>,
    /// What lines are priced by.
    pub prices: PriceList<'a>,
}

impl Order {
    /// Changes some of its fields, and reprices it where they are part of its price. A pending
    /// payment's amount follows the total.
    ///
    /// # Errors
    /// [`Refusal::ItemsFixed`] for other lines, and a field error for another store, once it is
    /// not pending; a field error for what is part of the price once it has left the store or its
    /// payment has been sent; what [`crate::place::place`] refuses.
    pub fn edit(mut self, edit: Edit, catalogue: &Catalogue<'_>, by: &Actor) -> Result<Moved, PlaceError> {
        let before = self.state();
        let had = self.lines.clone();
        let moved_house = self.set_store(&edit, catalogue)?;
        let relined = self.set_lines(edit.lines.as_deref(), moved_house, catalogue, by)?;
        let reshipped = self.set_shipping(edit.shipping_method, moved_house, catalogue)?;
        let discounted = self.set_discount(edit.discount_amount)?;
        if moved_house || relined || reshipped || discounted {
            self.reprice(by)?;
        }
        set(&mut self.shipping_address, edit.shipping_address);
        set(&mut self.billing_address, edit.billing_address);
        set(&mut self.tracking_number, edit.tracking_number);
        set(&mut self.estimated_delivery, edit.estimated_delivery);
        set(&mut self.payment_reference, edit.payment_reference);
        set(&mut self.notes, edit.notes);
        set(&mut self.special_instructions, edit.special_instructions);
        set(&mut self.extra_data, edit.extra_data);
        let stock = moves_between(&had, &self.lines);
        Ok(Moved { order: self.changed(&before, Deed::Edit, by, ""), stock })
    }

    /// Moves it to another store; whether that is another one.
    fn set_store(&mut self, edit: &Edit, catalogue: &Catalogue<'_>) -> Result<bool, Refusal> {
        let Some(id) = edit.store.filter(|id| *id != self.store.id) else {
            return match edit.currency.filter(|currency| *currency != self.currency) {
                Some(_) => Err(not_this_currency(self.currency)),
                None => Ok(false),
            };
        };
        if self.items_are_fixed() {
            return Err(Refusal::fixed("store"));
        }
        let store = catalogue.store.filter(|store| store.id == id);
        let store = store.ok_or_else(|| unknown_store(id))?;
        check_store(store, edit.currency)?;
        if self.currency != store.currency {
            self.discount_amount = Decimal::ZERO;
        }
        self.store = store.snapshot();
        self.currency = store.currency;
        self.tax_rate = store.tax_rate;
        Ok(true)
    }

    /// Replaces its lines; whether they are others now. Another store's prices are its own, so
    /// nothing that was sold before keeps its price there.
    fn set_lines(
        &mut self,
        wanted: Option<&[WantedLine]>,
        moved_house: bool,
        catalogue: &Catalogue<'_>,
        by: &Actor,
    ) -> Result<bool, PlaceError> {
        let Some(wanted) = wanted else {
            return if moved_house { Err(required("items").into()) } else { Ok(false) };
        };
        if self.items_are_fixed() {
            return if is_unchanged(&self.lines, wanted) {
                Ok(false)
            } else {
                Err(Refusal::ItemsFixed.into())
            };
        }
        let had = if moved_house { &[] } else { self.lines.as_slice() };
        let (lines, made) = self.till(catalogue.prices, by).ring_up(wanted, had, self.lines_made())?;
        let changed = lines != self.lines;
        (self.lines, self.lines_made) = (lines, made);
        Ok(changed)
    }

    /// Sends it another way, at the store's price; whether that is another one.
    fn set_shipping(
        &mut self,
        method: Option<ShippingMethod>,
        moved_house: bool,
        catalogue: &Catalogue<'_>,
    ) -> Result<bool, Refusal> {
        let method = method.unwrap_or(self.shipping_method);
        if method == self.shipping_method && !moved_house {
            return Ok(false);
        }
        self.check_price_may_change("shipping_method")?;
        let store = catalogue.store.filter(|store| store.id == self.store.id);
        let store = store.ok_or_else(|| unknown_store(self.store.id))?;
        self.shipping_method = method;
        self.shipping_cost = store.shipping_cost(method);
        Ok(true)
    }

    fn set_discount(&mut self, discount: Option<Decimal>) -> Result<bool, Refusal> {
        let Some(discount) = discount.filter(|discount| *discount != self.discount_amount) else {
            return Ok(false);
        };
        self.check_price_may_change("discount_amount")?;
        self.discount_amount = discount;
        Ok(true)
    }

    fn check_price_may_change(&self, field: &'static str) -> Result<(), Refusal> {
        if self.status.is_before_shipping() && !self.amount_is_fixed() {
            Ok(())
        } else {
            Err(Refusal::fixed(field))
        }
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// Whether these are the lines that there are: what a client read, it may send back.
fn is_unchanged(lines: &[Line], wanted: &[WantedLine]) -> bool {
    let is_line = |(line, wanted): (&Line, &WantedLine)| {
        is_same(line, wanted)
            && line.quantity == wanted.quantity
            && wanted.unit_price.is_none_or(|price| price == line.unit_price)
    };
    lines.len() == wanted.len() && lines.iter().zip(wanted).all(is_line)
}

fn unknown_store(id: StoreId) -> Refusal {
    Refusal::Field { field: "store", message: invalid_pk(&id) }
}

fn required(field: &'static str) -> Refusal {
    Refusal::Field { field, message: "This field is required.".into() }
}

fn not_this_currency(currency: Currency) -> Refusal {
    let message = format!("This store sells in {}.", currency.code());
    Refusal::Field { field: "currency", message }
}
