//! For how long an order may stay unpaid: its store says so when it is placed, and past that the
//! order is called off, so that nobody keeps goods from others without paying.

use crate::lifecycle::OrderChange;
use crate::order::Order;
use crate::{Actor, Payment, PaymentMethod, PaymentStatus, RuleViolation, Status};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The longest that a store may wait for its money, in minutes: thirty days.
pub const MAX_UNPAID_MINUTES: u32 = 43_200;

/// Why an order is called off that nobody has paid.
pub const NOT_PAID_IN_TIME: &str = "Not paid in time.";

/// How long a store's orders may stay unpaid, in minutes from their placing; none is for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnpaidLimits {
    /// Those that a gateway is to be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
    /// Those whose money people hand over: cash on delivery, bank transfers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual_minutes: Option<u32>,
}

/// Whether an order that stands like this waits for its money, which is what a user may have so
/// many of.
#[must_use]
pub const fn is_unpaid(status: Status, payment_status: PaymentStatus) -> bool {
    let is_pending = matches!(status, Status::Pending);
    match payment_status {
        PaymentStatus::Pending | PaymentStatus::Failed | PaymentStatus::Cancelled => is_pending,
        PaymentStatus::Authorized
        | PaymentStatus::Paid
        | PaymentStatus::PartiallyRefunded
        | PaymentStatus::Refunded => false,
    }
}

impl UnpaidLimits {
    pub(crate) fn are_none(&self) -> bool {
        *self == Self::default()
    }

    /// How long an order may stay unpaid that is to be paid in some way.
    #[must_use]
    pub fn of(&self, method: PaymentMethod) -> Option<SignedDuration> {
        let minutes = if method.is_manual() { self.manual_minutes } else { self.minutes };
        minutes.map(|minutes| SignedDuration::from_mins(minutes.into()))
    }
}

impl Order {
    /// Until when it may stay as it is. None where it may for ever: it has been accepted or called
    /// off, the money is under way or has been here once, or its store waits for as long as it
    /// takes.
    #[must_use]
    pub fn unpaid_until(&self) -> Option<Timestamp> {
        let is_waiting = self.status == Status::Pending && !self.is_deleted();
        if !is_waiting || self.payments.iter().any(Payment::is_beyond_pending) {
            return None;
        }
        let wait = self.unpaid_limits.of(self.method_to_pay_with())?;
        // Past the end of time is never.
        self.created_at.checked_add(wait).ok()
    }

    /// The same, if a change after version `seen` has set it: somebody must then see to it again.
    #[must_use]
    pub fn newly_unpaid_until(&self, seen: u64) -> Option<Timestamp> {
        let until = self.unpaid_until()?;
        let after = |version| self.as_of(version).and_then(|then| then.unpaid_until());
        let mut fresh = self.log.iter().map(|change| change.version).filter(|version| *version > seen);
        fresh.any(|version| after(version - 1) != after(version)).then_some(until)
    }

    /// Calls it off if its time has run out, with its payment that nobody has sent; else leaves it
    /// as it is.
    ///
    /// # Errors
    /// What [`Order::cancel`] refuses, which is nothing of what is pending.
    pub fn expire(self, by: &Actor) -> Result<OrderChange, RuleViolation> {
        if self.unpaid_until().is_none_or(|until| until > by.at) {
            return Ok(self.into());
        }
        self.cancel(true, NOT_PAID_IN_TIME, by)
    }

    /// What its customer pays with: what the payment that waits to be sent says, else what they
    /// said when they placed it.
    fn method_to_pay_with(&self) -> PaymentMethod {
        let waiting = self.payments.iter().rev().find(|payment| payment.is_live());
        waiting.map_or(self.payment_method, |payment| payment.payment_method)
    }
}
