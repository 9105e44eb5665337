//! How many orders of a user nobody has paid: what their counters say, and what has been placed
//! since.
//!
//! | pk | sk | attributes |
//! |---|---|---|
//! | `USER#<sub>` | `UNPAID` | `n` orders were placed since `k` of the user's orders had been counted |
//!
//! The counters follow within moments, which is too late for somebody who sends two hundred orders
//! at once. So each placing adds one to this item, in its own transaction and on condition that
//! there is room, and the counters say how many of the user's orders they have ever counted
//! ([`KNOWN`]): the difference is on its way, and counts as unpaid. Nobody has to take it away
//! again, because it vanishes as the counters catch up.

use crate::counters::counted::count;
use crate::counters::layout::{FRONT, cells_of};
use crate::counters::stream_position::Lanes;
use crate::{Item, Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use oms_domain::tally::{Counter, Scope};
use oms_domain::unpaid::is_unpaid;
use oms_domain::{Decimal, UserId};

/// Among a user's counters: how many of their orders have ever been counted, whatever has become of
/// them.
pub(crate) const KNOWN: &str = "k";
/// How many were placed.
const PLACED: &str = "n";
/// How many had been counted before them.
const SINCE: &str = "k";
/// How long the item is kept: as long as the stream keeps what is to be counted.
const RETENTION: SignedDuration = SignedDuration::from_hours(24);

/// A user's unpaid orders, as they are known when another one is to be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpaid {
    counted: u64,
    known: u64,
    gate: Option<Gate>,
    /// How far the counters have got with the stream.
    pub lanes: Lanes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gate {
    placed: u64,
    since: u64,
}

/// Leave to place one more order; it moves with the order, or the order is not placed.
#[derive(Clone, Debug)]
pub struct Pass {
    seen: Unpaid,
    /// How many may be unpaid of those that are counted or on their way, beside those that are
    /// known to be counted wrong.
    room: u64,
}

impl Unpaid {
    /// Where what is known of a user's unpaid orders stands.
    pub(crate) fn keys(user: &UserId) -> [(String, String); 2] {
        [
            (keys::user(user), keys::UNPAID.to_owned()),
            (keys::counters(&Scope::User(user.clone())), FRONT.to_owned()),
        ]
    }

    /// Takes in one of the items that stand there.
    pub(crate) fn read(&mut self, item: &Item) {
        if crate::text(item, keys::SK) == keys::UNPAID {
            self.gate = Some(Gate { placed: count(item, PLACED), since: count(item, SINCE) });
            return;
        }
        self.known = count(item, KNOWN);
        self.lanes = Lanes::read(item);
        let unpaid = cells_of(item).filter(|(cell, _)| counts_unpaid(cell)).map(|(_, value)| value);
        self.counted = u64::try_from(unpaid.sum::<Decimal>()).unwrap_or_default();
    }

    /// How many there are: counted, or on their way to be.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counted + self.on_their_way()
    }

    fn on_their_way(&self) -> u64 {
        // Counters that know less than they did are others: nothing is known of what is on its way
        // to them.
        let counted_since = |gate: &Gate| self.known.checked_sub(gate.since);
        let left = self.gate.as_ref().map(|gate| Some(gate.placed.saturating_sub(counted_since(gate)?)));
        left.flatten().unwrap_or(0)
    }

    /// Leave to place one more, where there are fewer than `limit`. Of those that the counters have
    /// as unpaid, `fewer` are known to be so no more.
    #[must_use]
    pub fn pass(&self, limit: u64, fewer: u64) -> Option<Pass> {
        let room = limit + fewer;
        (self.total() < room).then(|| Pass { seen: self.clone(), room })
    }
}

fn counts_unpaid(cell: &Counter) -> bool {
    matches!(cell, Counter::Orders(facets) if is_unpaid(facets.status, facets.payment_status))
}

impl Table {
    /// A user's unpaid orders. A consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn unpaid(&self, user: &UserId) -> Result<Unpaid, TableError> {
        let mut unpaid = Unpaid::default();
        for item in self.get_items(Unpaid::keys(user).to_vec()).await? {
            unpaid.read(&item);
        }
        Ok(unpaid)
    }

    /// Counts an order among those on their way, as part of the transaction that places it.
    pub(crate) fn pass_update(
        &self,
        user: &UserId,
        pass: &Pass,
        now: Timestamp,
    ) -> Result<TransactWriteItem, TableError> {
        let n = |number: u64| AttributeValue::N(number.to_string());
        let ends = now.checked_add(RETENTION).unwrap_or(now).as_second();
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::user(user), keys::UNPAID.to_owned())))
            .expression_attribute_names("#n", PLACED)
            .expression_attribute_names("#k", SINCE)
            .expression_attribute_names("#ends", keys::EXPIRES_AT)
            .expression_attribute_values(":ends", AttributeValue::N(ends.to_string()))
            .expression_attribute_values(":one", n(1));
        let Pass { seen, room } = pass;
        let update = match seen.gate {
            Some(gate) if seen.on_their_way() > 0 => update
                // As many as there is room for, whoever else places one at the same time.
                .update_expression("SET #n = #n + :one, #ends = :ends")
                .condition_expression("#k = :k AND #n < :most")
                .expression_attribute_values(":k", n(gate.since))
                .expression_attribute_values(":most", n(room + seen.known - gate.since - seen.counted)),
            Some(gate) => update
                .update_expression("SET #n = :one, #k = :known, #ends = :ends")
                .condition_expression("#n = :n AND #k = :k")
                .expression_attribute_values(":n", n(gate.placed))
                .expression_attribute_values(":k", n(gate.since))
                .expression_attribute_values(":known", n(seen.known)),
            None => update
                .update_expression("SET #n = :one, #k = :known, #ends = :ends")
                .condition_expression("attribute_not_exists(#n)")
                .expression_attribute_values(":known", n(seen.known)),
        };
        let update = update.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpaid(counted: u64, known: u64, gate: Option<(u64, u64)>) -> Unpaid {
        let gate = gate.map(|(placed, since)| Gate { placed, since });
        Unpaid { counted, known, gate, ..Unpaid::default() }
    }

    #[test]
    fn what_is_placed_and_not_counted_yet_is_unpaid() {
        for (known, total) in [
            (unpaid(0, 0, None), 0),
            (unpaid(3, 10, None), 3),
            // Five were placed since ten were counted: of these, none, two and all have been
            // counted.
            (unpaid(3, 10, Some((5, 10))), 8),
            (unpaid(5, 12, Some((5, 10))), 8),
            (unpaid(8, 15, Some((5, 10))), 8),
            // Others were placed beside the gate, by staff or before there was one.
            (unpaid(9, 17, Some((5, 10))), 9),
            // The counters have been made anew.
            (unpaid(2, 0, Some((5, 10))), 2),
        ] {
            assert_eq!(known.total(), total, "{known:?}");
        }
    }

    #[test]
    fn one_more_is_let_in_while_there_are_fewer_than_the_limit() {
        let two_counted_one_on_its_way = unpaid(2, 7, Some((4, 4)));
        let lets_in = |limit, fewer| two_counted_one_on_its_way.pass(limit, fewer).is_some();
        assert_eq!([2, 3, 4].map(|limit| lets_in(limit, 0)), [false, false, true]);
        assert!(lets_in(3, 1), "one of them has just been paid");
    }

    #[test]
    fn an_item_is_read_as_the_consumer_writes_it() {
        use oms_domain::tally::OrderFacets;
        use oms_domain::{Currency, PaymentMethod, PaymentStatus, ShippingMethod, Status};
        let [_, (pk, sk)] = Unpaid::keys(&UserId("ada".to_owned()));
        let mut item = key(pk, sk.clone());
        let n = |number: u64| AttributeValue::N(number.to_string());
        for (place, payment_status) in PaymentStatus::ALL.iter().enumerate() {
            let facets = OrderFacets {
                status: Status::Pending,
                payment_status: *payment_status,
                payment_method: PaymentMethod::CreditCard,
                shipping_method: ShippingMethod::Standard,
                currency: Currency::USD,
            };
            let scope = Scope::User(UserId("ada".to_owned()));
            let (at, name) = crate::counters::layout::place_of(&scope, &Counter::Orders(facets));
            assert_eq!(at, sk);
            item.insert(name, n(10_u64.pow(u32::try_from(place).unwrap())));
        }
        item.insert(KNOWN.to_owned(), n(77));
        let mut read = Unpaid::default();
        read.read(&item);
        // Pending, failed and cancelled, of pending, authorized, paid, failed, partially refunded,
        // refunded, cancelled.
        assert_eq!((read.counted, read.known), (1_001_001, 77));
    }
}
