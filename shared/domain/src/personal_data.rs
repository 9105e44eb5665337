//! The register of personal data: of every stored field, whether it says something of a person, and
//! what becomes of it when that person is erased.
//!
//! A struct that is kept stands here once, with all of its fields: a new one does not compile until
//! it says what it is. What stays is what totals, statistics and the ledger need, and the user's
//! id: a pseudonym, by which the orders of one person still belong together. It means a person only
//! where the identity provider says whose it is.

mod register;

use crate::rule_violation::RuleViolation;
use crate::{Actor, Change, ChangeKind, FieldChange, Line, Order, Payment, PaymentState, Status};
use serde_json::{Map, Value};

/// What stands for a text that was erased, where there must be one.
pub const ERASED: &str = "[erased]";

/// What a gateway's answer keeps of a payment whose customer was erased: by what the gateway knows
/// it, and what came of it. All else may speak of who paid.
const GATEWAY_REFERENCES: [&str; 5] = ["gateway", "id", "status", "amount", "currency"];

/// What may hold personal data.
pub trait PersonalData {
    /// Takes the personal data out. Done twice, it is the same.
    fn erase(&mut self);

    /// The same of its JSON, as the log of an order keeps it.
    fn erase_json(value: &mut Value);
}

/// A struct whose fields are registered.
pub trait Registered: PersonalData {
    /// Takes the personal data out of the JSON of one of its fields, by the name that it is stored
    /// under. What is not known any more might be anything, and goes.
    fn erase_field(name: &str, value: &mut Value);
}

impl<T: PersonalData> PersonalData for Option<T> {
    fn erase(&mut self) {
        self.iter_mut().for_each(T::erase);
    }

    fn erase_json(value: &mut Value) {
        T::erase_json(value);
    }
}

impl<T: PersonalData> PersonalData for Vec<T> {
    fn erase(&mut self) {
        self.iter_mut().for_each(T::erase);
    }

    fn erase_json(value: &mut Value) {
        match value {
            Value::Array(entries) => entries.iter_mut().for_each(T::erase_json),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                *value = Value::Null;
            }
        }
    }
}

/// Erases the fields of a registered struct's JSON. What is empty stands in none, as in what is
/// stored.
pub fn erase_fields<T: Registered>(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.iter_mut().for_each(|(name, value)| T::erase_field(name, value));
            fields.retain(|_, value| !value.is_null());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            *value = Value::Null;
        }
    }
}

/// Registers structs with their fields: those that stay; those that are `named`, texts which must
/// not be empty and become [`ERASED`]; those that go; those that hold others, `within` which it is
/// looked further; and those that go `through` a function. A field that serde calls otherwise has
/// that name behind it.
///
/// With `declared` in front, the fields are told and nothing is made of them: of what is removed as
/// a whole, or holds nothing of a person.
#[macro_export]
macro_rules! personal_data {
    (declared $($type:ident { stays: [$($stays:ident),* $(,)?], goes: [$($goes:ident),* $(,)?] $(,)? })+) => {
        $(const _: fn(&$type) = |of| {
            let $type { $($stays: _,)* $($goes: _,)* } = of;
        };)+
    };
    ($($type:ident {
        stays: [$($stays:ident $(= $stays_name:literal)?),* $(,)?],
        named: [$($named:ident),* $(,)?],
        goes: [$($goes:ident),* $(,)?],
        within: [$($within:ident $(= $within_name:literal)?: $of:ty),* $(,)?],
        through: [$($through:ident: $cut:path),* $(,)?] $(,)?
    })+) => {$(
        impl $crate::personal_data::PersonalData for $type {
            fn erase(&mut self) {
                let Self { $($stays: _,)* $($named,)* $($goes,)* $($within,)* $($through,)* } = self;
                $(*$named = $crate::personal_data::ERASED.to_owned();)*
                $(*$goes = Default::default();)*
                $(<$of as $crate::personal_data::PersonalData>::erase($within);)*
                $($cut($through);)*
            }

            fn erase_json(value: &mut ::serde_json::Value) {
                $crate::personal_data::erase_fields::<Self>(value);
            }
        }

        impl $crate::personal_data::Registered for $type {
            fn erase_field(name: &str, value: &mut ::serde_json::Value) {
                if value.is_null() {
                    return;
                }
                match name {
                    $(_ if name == $crate::personal_data!(@name $stays $($stays_name)?) => {})*
                    $(_ if name == stringify!($named) => {
                        *value = $crate::personal_data::ERASED.into();
                    })*
                    $(_ if name == $crate::personal_data!(@name $within $($within_name)?) => {
                        <$of as $crate::personal_data::PersonalData>::erase_json(value);
                    })*
                    $(_ if name == stringify!($through) && value.is_object() => {
                        if let Some(fields) = value.as_object_mut() {
                            $cut(fields);
                        }
                    })*
                    _ => *value = ::serde_json::Value::Null,
                }
            }
        }
    )+};
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $name:literal) => { $name };
}

/// Leaves of a gateway's answer what the ledger needs.
fn keep_references(response: &mut Map<String, Value>) {
    response.retain(|name, _| GATEWAY_REFERENCES.contains(&name.as_str()));
}

impl PersonalData for Change {
    fn erase(&mut self) {
        let Change {
            version: _,
            at: _,
            by: _,
            action: _,
            reason,
            changes,
            previous_status_lasted_us: _,
            job: _,
        } = self;
        reason.clear();
        for (path, FieldChange { from, to }) in changes {
            erase_at(path, from);
            erase_at(path, to);
        }
    }

    fn erase_json(value: &mut Value) {
        let erased = serde_json::from_value::<Change>(value.take()).ok().and_then(|mut change| {
            change.erase();
            serde_json::to_value(change).ok()
        });
        *value = erased.unwrap_or_default();
    }
}

/// Erases what a path of the log leads to ([`Change::changes`]).
fn erase_at(path: &str, value: &mut Value) {
    match path.split('.').collect::<Vec<_>>()[..] {
        ["items", _] => Option::<Line>::erase_json(value),
        ["items", _, name] => Line::erase_field(name, value),
        ["payments", _] => Option::<Payment>::erase_json(value),
        ["payments", _, name] => Payment::erase_field(name, value),
        [name] => Order::erase_field(name, value),
        _ => *value = Value::Null,
    }
}

impl Order {
    /// Whether its goods and its money have come to rest, so that nobody needs to know any more
    /// whose they are: it is delivered, cancelled, refunded or deleted, no charge and no refund is
    /// on its way, and no payment waits for a person to look at it.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let moves = |payment: &Payment| match payment.status {
            PaymentState::Processing | PaymentState::Authorized => true,
            PaymentState::Pending
            | PaymentState::Paid
            | PaymentState::Failed
            | PaymentState::Cancelled
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded => {
                payment.pending_refunds().next().is_some() || payment.needs_attention()
            }
        };
        let has_ended = match self.status {
            Status::Delivered | Status::Cancelled | Status::Refunded => true,
            Status::Pending
            | Status::Confirmed
            | Status::Processing
            | Status::Shipped
            | Status::OutForDelivery => self.is_deleted(),
        };
        has_ended && !self.payments.iter().any(moves)
    }

    /// Takes out of it what says who its customer is, also out of its log, as far as that is with
    /// it. What stays is enough for its totals, its statistics and its money, which may still go
    /// back. Where nothing is left to take out, it changes nothing.
    ///
    /// # Errors
    /// [`RuleViolation::NotAtRest`] unless [`Order::is_at_rest`].
    pub fn erase(self, by: &Actor) -> Result<Order, RuleViolation> {
        if !self.is_at_rest() {
            return Err(RuleViolation::NotAtRest);
        }
        let mut erased = self.clone();
        PersonalData::erase(&mut erased);
        if self.erased_at.is_some() && erased == self {
            return Ok(self);
        }
        // The log says that it was done, and not of what.
        let before = erased.state();
        erased.erased_at = Some(by.at);
        Ok(erased.changed(&before, ChangeKind::Erase, by, ""))
    }

    /// Whether it still takes what people write.
    ///
    /// # Errors
    /// [`RuleViolation::Erased`] where its customer was erased.
    pub(crate) const fn check_not_erased(&self) -> Result<(), RuleViolation> {
        if self.erased_at.is_some() { Err(RuleViolation::Erased) } else { Ok(()) }
    }
}
