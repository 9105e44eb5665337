//! An order as one aggregate: its lines, its payments and the log of its changes.

use crate::change::differences;
use crate::payment::{Payment, status_of_order};
use crate::personal_data::PersonalData;
use crate::stored::Stored;
use crate::unpaid::UnpaidLimits;
use crate::{
    Actor, AddressId, Change, ChangeKind, Currency, Decimal, LineId, OrderId, PaymentMethod, PaymentStatus,
    ProductId, ShippingMethod, Status, StoreId, UserId, VariantId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many lines an order may have.
pub const MAX_LINES: usize = 40;
/// How many lines an order may ever have had: their numbers end where the payments' begin.
pub const MAX_LINES_EVER: u16 = 0x7fff;
/// How many changes the order itself keeps; past that the older half is kept elsewhere.
pub const MAX_LOG: usize = 64;

/// A user as they were when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The subject of their token.
    pub id: UserId,
    /// What they are called in the system.
    pub username: String,
    /// Where mail reaches them; empty where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Their given name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub first_name: String,
    /// Their family name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_name: String,
}

/// A store as it was when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSnapshot {
    /// The store that it was placed with.
    pub id: StoreId,
    /// The name that the store had then.
    pub name: String,
    /// Its name in links.
    pub slug: String,
    /// What it says about itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// An address as it was when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address in the address book that this is a copy of.
    pub id: AddressId,
    /// Who lives there.
    pub full_name: String,
    /// Street and number.
    pub address_line1: String,
    /// Flat, floor.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address_line2: String,
    /// Town.
    pub city: String,
    /// State or province.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Postal code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// For the courier.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone_number: String,
}

/// What a customer thought of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// From 1, bad, to 5, good.
    pub stars: u8,
    /// In their words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// When they said so.
    pub created_at: Timestamp,
}

/// A product as it was when it was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductSnapshot {
    /// The product that this is a copy of.
    pub id: ProductId,
    /// The name that it was sold under.
    pub name: String,
    /// Its name in links.
    pub slug: String,
    /// Its stock keeping unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sku: String,
    /// The price on its label, in the order's currency.
    pub base_price: Decimal,
    /// The price it was sold at, in the order's currency.
    pub current_price: Decimal,
    /// Whether it was on sale: `active` for customers.
    pub status: crate::catalog::ProductStatus,
}

/// A variant as it was when it was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantSnapshot {
    /// The variant that this is a copy of.
    pub id: VariantId,
    /// The name that it was sold under, such as `Blue`.
    pub name: String,
    /// Its stock keeping unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sku: String,
    /// The price it was sold at, in the order's currency.
    pub current_price: Decimal,
}

/// A product in an order, with what it cost then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its id, which names its order.
    pub id: LineId,
    /// What was bought.
    pub product: ProductSnapshot,
    /// Which kind of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<VariantSnapshot>,
    /// How many.
    pub quantity: u32,
    /// What one cost, in the order's currency and exactly in its digits.
    pub unit_price: Decimal,
    /// What all of them cost: `unit_price` times `quantity`, in the order's currency.
    pub total_price: Decimal,
    /// The customer's wishes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// What the client keeps with it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra_data: Map<String, Value>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An order. Every change goes through one of its methods, each of which raises `version` by one
/// and writes the log; the fields are public to read and to store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// A UUIDv7 whose last 16 bits are 0; its lines' and payments' ids have them set.
    pub id: OrderId,
    /// How many changes it has had; the placing is the first.
    pub version: u64,
    /// `ORD-YYYYMMDD-NNNN`.
    pub order_number: String,
    /// Whose it is.
    pub user: User,
    /// Who sells it.
    pub store: StoreSnapshot,
    /// The client's own name for the customer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub customer_id: String,
    /// Where it stands.
    pub status: Status,
    /// Since when it has stood there.
    pub status_since: Timestamp,
    /// How its money stands; follows the payments.
    pub payment_status: PaymentStatus,
    /// What the customer said they would pay with.
    pub payment_method: PaymentMethod,
    /// The payment's name elsewhere, set by staff.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payment_reference: String,
    /// The lines' totals together, in the order's currency, as every amount below.
    pub subtotal: Decimal,
    /// The store's tax rate when it was priced, a fraction: 0.1 is ten per cent.
    pub tax_rate: Decimal,
    /// Tax on the subtotal less the discount, rounded once, half up, to the currency's digits.
    pub tax_amount: Decimal,
    /// The store's price for the shipping method.
    pub shipping_cost: Decimal,
    /// What staff took off, at most subtotal and shipping.
    pub discount_amount: Decimal,
    /// What there is to pay: subtotal + tax + shipping − discount.
    pub total_amount: Decimal,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Where it goes.
    pub shipping_address: Address,
    /// Where the bill goes, if elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<Address>,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// The carrier's number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tracking_number: String,
    /// When it should arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_delivery: Option<Timestamp>,
    /// The customer's notes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// For the courier.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub special_instructions: String,
    /// The customer's language, BCP 47.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// What the client keeps with it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra_data: Map<String, Value>,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the store accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// When it was handed to the carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped_at: Option<Timestamp>,
    /// When it arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When it was called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// When it was deleted. From then on it is nowhere to be seen; its log stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// When what says who its customer is was last taken out of it; it takes no such data since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Timestamp>,
    /// How long it may stay unpaid: its store's limits when it was placed.
    #[serde(default, skip_serializing_if = "UnpaidLimits::are_none")]
    pub unpaid_limits: UnpaidLimits,
    /// What its customer thought of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// What was bought, by id.
    #[serde(rename = "items")]
    pub lines: Vec<Line>,
    /// How many lines it has ever had, so that no id is used again.
    #[serde(default)]
    pub lines_made: u16,
    /// Its payments, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<Payment>,
    /// How many payments it had ever had when one was last deleted, so that no id is used again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub payments_made: u16,
    /// The changes, oldest first: all of them, or those that [`Order::trimmed`] has left.
    pub log: Vec<Change>,
    /// What whoever stores it keeps with it.
    #[serde(skip)]
    pub stored: Stored,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// An order's fields as JSON, without what the log itself keeps.
pub type State = Map<String, Value>;

/// Fields that each change sets by itself: the log's own version and times say them.
const NOT_LOGGED: [&str; 4] = ["version", "log", "updated_at", "status_since"];

impl Order {
    /// Whether the customer's money can still be taken for it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        match self.status {
            Status::Pending
            | Status::Confirmed
            | Status::Processing
            | Status::Shipped
            | Status::OutForDelivery
            | Status::Delivered => !self.is_deleted(),
            Status::Cancelled | Status::Refunded => false,
        }
    }

    /// Whether it has been deleted.
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// The line with this id.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    /// Its fields as JSON, without those that the log keeps.
    #[must_use]
    pub fn state(&self) -> State {
        let without_log = Order { log: Vec::new(), ..self.clone() };
        match serde_json::to_value(without_log) {
            Ok(Value::Object(mut state)) => {
                state.retain(|name, _| !NOT_LOGGED.contains(&name.as_str()));
                state
            }
            Ok(_) | Err(_) => unreachable!("an order is a plain struct with string keys"),
        }
    }

    /// Closes a change: the payment status follows, the version rises, the log says what happened.
    /// Where nothing became different it stays as it is. What was erased stays so.
    pub(crate) fn changed(
        mut self,
        before: &State,
        kind_of_change: ChangeKind,
        by: &Actor,
        reason: &str,
    ) -> Order {
        self.payment_status = status_of_order(&self.payments);
        let changes = differences(before, &self.state());
        if changes.is_empty() {
            return self;
        }
        let status_changed = changes.contains_key("status");
        let lasted = by.at.as_microsecond() - self.status_since.as_microsecond();
        self.version += 1;
        self.updated_at = by.at;
        if status_changed {
            self.status_since = by.at;
        }
        self.log.push(Change {
            version: self.version,
            at: by.at,
            by: by.id.clone(),
            action: kind_of_change,
            reason: reason.to_owned(),
            changes,
            previous_status_lasted_us: status_changed.then_some(lasted),
            job: None,
        });
        if self.erased_at.is_some() {
            // Money still moves, and whoever moves it may say why.
            PersonalData::erase(&mut self);
        }
        self
    }
}
