//! Every kind of identifier, each a type of its own.
//!
//! An order's id is a UUIDv7 whose last 16 bits are 0. The ids of its lines (1…) and payments
//! (0x8000…) are the same UUID with those bits set, so that a child's id names its order and one
//! read finds both.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares UUID newtypes.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident,)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
        }
    )+};
}

ids! {
    /// A customer's address.
    AddressId,
    /// A piece of work that is done apart from the request that asked for it.
    JobId,
    /// A line of an order: its order's id with the low 16 bits 1 to 0x7fff.
    LineId,
    /// One notification of one change, for one user.
    NotificationId,
    /// An order: a UUIDv7 with the low 16 bits 0.
    OrderId,
    /// A payment: its order's id with the low 16 bits 0x8000 to 0xbfff.
    PaymentId,
    /// A product.
    ProductId,
    /// A refund: its order's id with the low 16 bits from 0xc000, 256 a payment.
    RefundId,
    /// A store.
    StoreId,
    /// A subscriber to the events: the same for the same protocol and endpoint.
    SubscriptionId,
    /// A variant of a product.
    VariantId,
}

const CHILD_BITS: u128 = 0xffff;
const FIRST_PAYMENT: u16 = 0x8000;
const FIRST_REFUND: u16 = 0xc000;
const REFUNDS_A_PAYMENT: u16 = 0x100;

/// A user: the subject of their token, at most 255 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub String);

/// The longest id of a user, in characters: it becomes a part of keys.
pub const MAX_USER_CHARS: usize = 255;

/// A text that no user has for an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no user's id")]
pub struct NoUserId;

impl std::str::FromStr for UserId {
    type Err = NoUserId;

    fn from_str(text: &str) -> Result<Self, NoUserId> {
        let fits = (1..=MAX_USER_CHARS).contains(&text.chars().count());
        if fits { Ok(Self(text.to_owned())) } else { Err(NoUserId) }
    }
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl OrderId {
    /// The order's id made from a fresh UUIDv7, by clearing the bits kept for its children.
    #[must_use]
    pub const fn from_fresh(id: Uuid) -> Self {
        Self(Uuid::from_u128(id.as_u128() & !CHILD_BITS))
    }

    /// When the id was made, to the millisecond: a moment before the order was placed.
    #[must_use]
    pub fn made_at(self) -> jiff::Timestamp {
        let millis = i64::try_from(self.0.as_u128() >> 80).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX)
    }

    /// The id of the `n`th line ever added, from 1.
    #[must_use]
    pub const fn line(self, n: u16) -> LineId {
        LineId(Uuid::from_u128(self.0.as_u128() | n as u128))
    }

    /// The id of the `n`th payment ever made, from 0.
    #[must_use]
    pub const fn payment(self, n: u16) -> PaymentId {
        PaymentId(Uuid::from_u128(self.0.as_u128() | (FIRST_PAYMENT + n) as u128))
    }

    /// The id of what the change to `version` told of as its `index`th notice: the time of the
    /// change and the order's own random bits, so that a repeat makes the same id again and ids
    /// sort by time.
    #[must_use]
    pub fn notification(self, at: jiff::Timestamp, version: u64, index: u8) -> NotificationId {
        let millis = u128::try_from(at.as_millisecond()).unwrap_or(0) & 0xffff_ffff_ffff;
        let order_bits = (self.0.as_u128() >> 16) & 0x3fff_ffff_ffff;
        let which = (u128::from(version) << 2 | u128::from(index & 3)) & CHILD_BITS;
        let sequence = (u128::from(version) >> 14) & 0xfff;
        NotificationId(Uuid::from_u128(
            millis << 80 | 0x7 << 76 | sequence << 64 | 0b10 << 62 | order_bits << 16 | which,
        ))
    }
}

impl NotificationId {
    /// Sorts before every notification of a change made at this time or later, and after all
    /// that were made earlier.
    #[must_use]
    pub fn first_at(at: jiff::Timestamp) -> Self {
        let millis = u128::try_from(at.as_millisecond()).unwrap_or(0) & 0xffff_ffff_ffff;
        Self(Uuid::from_u128(millis << 80))
    }
}

impl LineId {
    /// The order that the line belongs to.
    #[must_use]
    pub const fn order(self) -> OrderId {
        OrderId::from_fresh(self.0)
    }

    /// Its number within the order, from 1.
    #[must_use]
    pub const fn number(self) -> u16 {
        (self.0.as_u128() & CHILD_BITS) as u16
    }
}

impl PaymentId {
    /// The order that the payment belongs to.
    #[must_use]
    pub const fn order(self) -> OrderId {
        OrderId::from_fresh(self.0)
    }

    /// Its number within the order, from 0; none where the id is no payment's.
    #[must_use]
    pub const fn number(self) -> Option<u16> {
        let bits = (self.0.as_u128() & CHILD_BITS) as u16;
        if bits < FIRST_REFUND { bits.checked_sub(FIRST_PAYMENT) } else { None }
    }

    /// The name that we give to the payment, for people: `TXN-` and 16 hexadecimal digits.
    #[must_use]
    pub fn transaction_id(self) -> String {
        format!("TXN-{:016X}", self.0.as_u64_pair().1)
    }

    /// The id of the payment's `n`th refund, from 0. Being the same for the same `n`, it serves as
    /// the refund's key at the gateway.
    #[must_use]
    pub fn refund(self, n: u8) -> RefundId {
        let payment = self.number().unwrap_or(0) & 0x3f;
        let bits = FIRST_REFUND + payment * REFUNDS_A_PAYMENT + u16::from(n);
        RefundId(Uuid::from_u128(self.order().0.as_u128() | u128::from(bits)))
    }
}

impl RefundId {
    /// The payment that it pays back.
    #[must_use]
    pub const fn payment(self) -> PaymentId {
        let bits = (self.0.as_u128() & CHILD_BITS) as u16;
        OrderId::from_fresh(self.0).payment(bits.saturating_sub(FIRST_REFUND) / REFUNDS_A_PAYMENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_childs_id_names_its_order() {
        let order = OrderId::from_fresh(Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_1234));
        assert_eq!(order.to_string(), "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000");
        assert_eq!(order.line(3).to_string(), "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0003");
        assert_eq!((order.line(3).order(), order.line(3).number()), (order, 3));
        assert_eq!(order.payment(1).to_string(), "0192aaaa-bbbb-7ccc-8ddd-eeeeffff8001");
        assert_eq!((order.payment(1).order(), order.payment(1).number()), (order, Some(1)));
        assert_eq!(PaymentId(order.line(3).0).number(), None);
        let refund = order.payment(19).refund(100);
        assert_eq!((refund.payment(), PaymentId(refund.0).number()), (order.payment(19), None));
    }

    #[test]
    fn notifications_of_one_order_have_distinct_sorted_ids() {
        let order = OrderId::from_fresh(Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_1234));
        let at = jiff::Timestamp::from_second(1_800_000_000).expect("in range");
        let ids: Vec<_> =
            (1..40_000).flat_map(|version| (0..2).map(move |i| order.notification(at, version, i))).collect();
        assert!(ids.is_sorted() && ids.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(ids[0].0.get_version_num(), 7);
        assert!(NotificationId::first_at(at) < ids[0]);
        let next_ms = at.checked_add(jiff::SignedDuration::from_millis(1)).expect("in range");
        assert!(ids[ids.len() - 1] < NotificationId::first_at(next_ms));
    }
}
