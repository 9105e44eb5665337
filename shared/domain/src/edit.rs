//! Changing an order's fields, and with them its price.

use crate::catalog::Store;
use crate::lifecycle::OrderChange;
use crate::lines::{PriceList, kept_lines, moves_between, says_nothing_else, sells_in_another};
use crate::order::{Address, Line, Order};
use crate::place::{PlaceError, WantedLine, invalid_pk, not_this_currency};
use crate::{
    Actor, ChangeKind, Currency, Decimal, PaymentMethod, RuleViolation, ShippingMethod, Status, StoreId,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// What somebody wants changed of an order; none leaves a field as it is. Who may ask for what is
/// the caller's to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    /// Who the client believes to sell it.
    pub store: Option<StoreId>,
    /// The currency that the client believes it to be in.
    pub currency: Option<Currency>,
    /// What is wanted instead of all its lines.
    pub lines: Option<Vec<WantedLine>>,
    /// How it travels.
    pub shipping_method: Option<ShippingMethod>,
    /// What staff take off, in the order's currency; refused where it is finer.
    pub discount_amount: Option<Decimal>,
    /// What the customer says they will pay with. A payment that there is keeps its own.
    pub payment_method: Option<PaymentMethod>,
    /// The client's own name for the customer.
    pub customer_id: Option<String>,
    /// The customer's language.
    pub language: Option<String>,
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
    /// The order's store; none where it does not exist.
    pub store: Option<&'a Store>,
    /// What lines are priced by.
    pub prices: PriceList<'a>,
}

impl Order {
    /// Changes some of its fields, and reprices it where they are part of its price. A pending
    /// payment's amount follows the total. What the order's status forbids is refused, unless it is
    /// what there is already: what a client read, it may send back.
    ///
    /// # Errors
    /// [`RuleViolation::ItemsFixed`] and [`RuleViolation::ItemsPaidFor`] for other lines; a field
    /// error for what else can no longer change, for another store or currency;
    /// [`RuleViolation::Erased`]; what [`crate::place::place`] refuses.
    pub fn edit(
        mut self,
        edit: Edit,
        catalogue: &Catalogue<'_>,
        by: &Actor,
    ) -> Result<OrderChange, PlaceError> {
        // Every field by name, so that the compiler asks what becomes of a new one.
        let Edit {
            store,
            currency,
            lines,
            shipping_method,
            discount_amount,
            payment_method,
            customer_id,
            language,
            shipping_address,
            billing_address,
            tracking_number,
            estimated_delivery,
            payment_reference,
            notes,
            special_instructions,
            extra_data,
        } = edit;
        let before = self.state();
        let had = self.lines.clone();
        self.check_not_erased()?;
        self.check_store(store, currency)?;
        let relined = self.set_lines(lines.as_deref(), catalogue, by)?;
        let reshipped = self.set_shipping(shipping_method, catalogue)?;
        let discounted = self.set_discount(discount_amount)?;
        if relined || reshipped || discounted {
            self.reprice(by)?;
        }
        let status = self.status;
        let pending = Until { is_over: status != Status::Pending, status };
        pending.set("payment_method", &mut self.payment_method, payment_method)?;
        pending.set("customer_id", &mut self.customer_id, customer_id)?;
        pending.set("language", &mut self.language, language)?;
        let shipped = Until { is_over: !status.is_before_shipping(), status };
        shipped.set("shipping_address", &mut self.shipping_address, shipping_address)?;
        shipped.set("billing_address", &mut self.billing_address, billing_address)?;
        set(&mut self.tracking_number, tracking_number);
        set(&mut self.estimated_delivery, estimated_delivery);
        set(&mut self.payment_reference, payment_reference);
        set(&mut self.notes, notes);
        set(&mut self.special_instructions, special_instructions);
        set(&mut self.extra_data, extra_data);
        let stock = moves_between(&had, &self.lines);
        Ok(OrderChange { order: self.changed(&before, ChangeKind::Edit, by, ""), stock })
    }

    /// Whether it may be said to be of this store and in this currency: only of its own. What was
    /// agreed with one vendor, a discount or a payment's name, is none of another's.
    fn check_store(&self, store: Option<StoreId>, currency: Option<Currency>) -> Result<(), RuleViolation> {
        if store.is_some_and(|store| store != self.store.id) {
            let message = "An order cannot move to another store.".into();
            return Err(RuleViolation::Field { field: "store", message });
        }
        match currency.filter(|currency| *currency != self.currency) {
            Some(_) => Err(not_this_currency(self.currency)),
            None => Ok(()),
        }
    }

    /// Replaces its lines; whether they are others now.
    fn set_lines(
        &mut self,
        wanted: Option<&[WantedLine]>,
        catalogue: &Catalogue<'_>,
        by: &Actor,
    ) -> Result<bool, PlaceError> {
        let Some(wanted) = wanted else { return Ok(false) };
        if self.items_are_fixed() && is_unchanged(&self.lines, wanted) {
            return Ok(false);
        }
        self.check_items_may_change()?;
        let pricing = self.pricing(catalogue.prices, by);
        let (lines, made) = pricing.price_lines(wanted, &self.lines, self.lines_made())?;
        let changed = lines != self.lines;
        (self.lines, self.lines_made) = (lines, made);
        Ok(changed)
    }

    /// Sends it another way, at the store's price; whether that is another one.
    fn set_shipping(
        &mut self,
        method: Option<ShippingMethod>,
        catalogue: &Catalogue<'_>,
    ) -> Result<bool, RuleViolation> {
        let Some(method) = method.filter(|method| *method != self.shipping_method) else {
            return Ok(false);
        };
        self.check_price_may_change("shipping_method")?;
        let store = catalogue.store.ok_or_else(|| unknown_store(self.store.id))?;
        if store.currency != self.currency {
            let message = sells_in_another(store.currency, self.currency);
            return Err(RuleViolation::Field { field: "shipping_method", message });
        }
        self.shipping_method = method;
        self.shipping_cost = store.shipping_cost(method);
        Ok(true)
    }

    fn set_discount(&mut self, discount: Option<Decimal>) -> Result<bool, RuleViolation> {
        let Some(discount) = discount.filter(|discount| *discount != self.discount_amount) else {
            return Ok(false);
        };
        let discount = RuleViolation::unless_exact("discount_amount", discount, self.currency)?;
        self.check_price_may_change("discount_amount")?;
        self.discount_amount = discount;
        Ok(true)
    }

    fn check_price_may_change(&self, field: &'static str) -> Result<(), RuleViolation> {
        if !self.status.is_before_shipping() {
            return Err(RuleViolation::fixed_by_status(field, self.status));
        }
        match self.sent_payment() {
            Some(payment) => Err(RuleViolation::fixed_by_payment(field, payment.status)),
            None => Ok(()),
        }
    }
}

/// Until when some fields may change.
struct Until {
    is_over: bool,
    status: Status,
}

impl Until {
    /// Gives a field another value.
    fn set<T: PartialEq>(
        &self,
        name: &'static str,
        field: &mut T,
        value: Option<T>,
    ) -> Result<(), RuleViolation> {
        let Some(value) = value.filter(|value| value != field) else { return Ok(()) };
        if self.is_over {
            return Err(RuleViolation::fixed_by_status(name, self.status));
        }
        *field = value;
        Ok(())
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// Whether these are the lines that there are, in any order. What is left out of them stays.
fn is_unchanged(lines: &[Line], wanted: &[WantedLine]) -> bool {
    let is_kept = |(kept, wanted): (Option<&Line>, &WantedLine)| {
        kept.is_some_and(|line| says_nothing_else(line, wanted))
    };
    lines.len() == wanted.len() && kept_lines(wanted, lines).into_iter().zip(wanted).all(is_kept)
}

fn unknown_store(id: StoreId) -> RuleViolation {
    RuleViolation::Field { field: "store", message: invalid_pk(&id) }
}
