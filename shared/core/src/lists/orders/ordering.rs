//! In which order a list of orders stands: what `ordering` says.

use super::entry::ListEntry;
use crate::lists::paging::{SortKey, SortPosition, Sorting, Value};
use jiff::{SignedDuration, Timestamp};
use oms_domain::{OrderSummary, PaymentStatus, Status};
use oms_table::lists::{position, time_bound};

/// What orders can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    CreatedAt,
    UpdatedAt,
    ConfirmedAt,
    ShippedAt,
    DeliveredAt,
    TotalAmount,
    Status,
    PaymentStatus,
}

impl SortKey for Key {
    const ALL: &'static [Self] = &[
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::ConfirmedAt,
        Self::ShippedAt,
        Self::DeliveredAt,
        Self::TotalAmount,
        Self::Status,
        Self::PaymentStatus,
    ];
    const CREATED_AT: Self = Self::CreatedAt;

    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::ConfirmedAt => "confirmed_at",
            Self::ShippedAt => "shipped_at",
            Self::DeliveredAt => "delivered_at",
            Self::TotalAmount => "total_amount",
            Self::Status => "status",
            Self::PaymentStatus => "payment_status",
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::CreatedAt | Self::UpdatedAt | Self::ConfirmedAt | Self::ShippedAt | Self::DeliveredAt => {
                text.parse().ok().map(Value::Time)
            }
            Self::TotalAmount => text.parse().ok().map(Value::Amount),
            Self::Status => text.parse::<Status>().ok().map(|status| Value::Word(status.as_str())),
            Self::PaymentStatus => {
                text.parse::<PaymentStatus>().ok().map(|status| Value::Word(status.as_str()))
            }
        }
    }
}

impl Key {
    fn of(self, order: &ListEntry) -> Value {
        let time = |of: fn(&OrderSummary) -> Option<Timestamp>| {
            order.summary().and_then(of).map_or(Value::Nothing, Value::Time)
        };
        match self {
            Self::CreatedAt => Value::Time(order.created_at()),
            Self::UpdatedAt => time(|order| Some(order.updated_at)),
            Self::ConfirmedAt => time(|order| order.confirmed_at),
            Self::ShippedAt => time(|order| order.shipped_at),
            Self::DeliveredAt => time(|order| order.delivered_at),
            Self::TotalAmount => Value::Amount(order.total()),
            Self::Status => order.facets().status.map_or(Value::Nothing, |one| Value::Word(one.as_str())),
            Self::PaymentStatus => Value::Word(order.facets().payment_status.as_str()),
        }
    }

    /// Whether the facts of an order tell it.
    const fn is_a_fact(self) -> bool {
        match self {
            Self::CreatedAt | Self::TotalAmount | Self::Status | Self::PaymentStatus => true,
            Self::UpdatedAt | Self::ConfirmedAt | Self::ShippedAt | Self::DeliveredAt => false,
        }
    }
}

/// The orders that an index keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SortIndex {
    /// By time of placing.
    Created,
    /// By total.
    Total,
}

/// How a list of orders is sorted.
pub(super) type Ordering = Sorting<Key>;

impl Ordering {
    /// The index that keeps this order, if any does; but for ties, where it
    /// [sorts these](Self::sorts_ties).
    pub(super) fn along(&self) -> Option<SortIndex> {
        match self.keys().as_slice() {
            [] | [Key::CreatedAt, ..] => Some(SortIndex::Created),
            [Key::TotalAmount] => Some(SortIndex::Total),
            _ => None,
        }
    }

    /// Whether orders that were placed at the same time are sorted by something else, and by their
    /// ids only then.
    pub(super) fn sorts_ties(&self) -> bool {
        self.keys().first() == Some(&Key::CreatedAt)
    }

    /// From where an index by time is read to find what comes after a place: where ties are sorted,
    /// any of the same time may.
    pub(super) fn begin_after(&self, place: &SortPosition) -> String {
        if !self.sorts_ties() {
            return position(place.created_at, place.id);
        }
        let next = SignedDuration::from_micros(i64::from(self.descends));
        time_bound(place.created_at.saturating_add(next).unwrap_or(Timestamp::MAX))
    }

    /// Whether the facts of orders suffice to sort them.
    pub(super) fn is_by_facts(&self) -> bool {
        self.keys().into_iter().all(Key::is_a_fact)
    }

    /// Whether it is sorted by where it stands.
    pub(super) fn is_by_status(&self) -> bool {
        self.keys().contains(&Key::Status)
    }

    /// Where an order stands.
    pub(super) fn place_of(&self, order: &ListEntry) -> SortPosition {
        self.place(order.created_at(), order.id().0, |key| key.of(order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_http::query::Query;

    fn ordering(text: &str) -> Ordering {
        Ordering::read(&Query::parse(&format!("ordering={text}")))
    }

    #[test]
    fn an_index_keeps_the_orders_by_time_and_by_total() {
        for (text, along) in [
            ("", Some(SortIndex::Created)),
            ("-created_at", Some(SortIndex::Created)),
            ("nope,created_at", Some(SortIndex::Created)),
            ("total_amount", Some(SortIndex::Total)),
            ("-total_amount,-created_at", Some(SortIndex::Total)),
            ("total_amount,-created_at", None),
            ("status", None),
            ("created_at,status", Some(SortIndex::Created)),
            ("-created_at,total_amount", Some(SortIndex::Created)),
            ("status,created_at", None),
        ] {
            assert_eq!(ordering(text).along(), along, "{text}");
        }
        assert!(ordering("").descends && !ordering("created_at").descends);
        let sorts_ties = |text: &str| ordering(text).sorts_ties();
        assert!(sorts_ties("-created_at,total_amount") && sorts_ties("created_at,-status"));
        assert!(!sorts_ties("") && !sorts_ties("created_at") && !sorts_ties("total_amount"));
        assert_eq!(ordering("-status,total_amount").first(), "status");
    }

    #[test]
    fn a_page_begins_with_all_of_its_cursors_time_where_ties_are_sorted() {
        let at = Timestamp::from_second(7).unwrap();
        let id = uuid::Uuid::from_u128(5);
        let begin = |text: &str| {
            let by = ordering(text);
            by.begin_after(&by.place(at, id, |_| Value::Nothing))
        };
        let (smallest, largest) = (position(at, uuid::Uuid::nil()), position(at, uuid::Uuid::max()));
        assert_eq!(begin("created_at"), position(at, id));
        assert!(begin("created_at,status") < smallest && begin("-created_at,status") > largest);
        let (before, after) =
            (Timestamp::from_microsecond(6_999_999), Timestamp::from_microsecond(7_000_001));
        assert!(begin("created_at,status") > position(before.unwrap(), uuid::Uuid::max()));
        assert!(begin("-created_at,status") < position(after.unwrap(), uuid::Uuid::nil()));
    }

    #[test]
    fn a_cursor_is_read_by_the_key_that_wrote_it() {
        for key in Key::ALL {
            let text = match key {
                Key::TotalAmount => "12.50",
                Key::Status => "out_for_delivery",
                Key::PaymentStatus => "partially_refunded",
                Key::CreatedAt | Key::UpdatedAt | Key::ConfirmedAt | Key::ShippedAt | Key::DeliveredAt => {
                    "2026-10-24T20:00:00Z"
                }
            };
            let (by, value) = (ordering(key.name()), key.read(text).unwrap());
            for value in [value, Value::Nothing] {
                let place = by.place(Timestamp::UNIX_EPOCH, uuid::Uuid::nil(), |_| value.clone());
                assert_eq!(by.read_place(&by.show(&place)), Some(place), "{key:?}");
            }
            assert_eq!(key.read("nonsense"), None, "{key:?}");
        }
    }
}
