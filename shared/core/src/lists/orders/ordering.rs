//! In which order a list of orders stands: what `ordering` says.

use super::entry::ListEntry;
use jiff::Timestamp;
use oms_domain::{Decimal, OrderId, OrderSummary};
use oms_http::query::Query;
use std::cmp::Ordering as Compared;

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

impl Key {
    const ALL: [Self; 8] = [
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::ConfirmedAt,
        Self::ShippedAt,
        Self::DeliveredAt,
        Self::TotalAmount,
        Self::Status,
        Self::PaymentStatus,
    ];

    pub(super) const fn name(self) -> &'static str {
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

    fn of(self, order: &ListEntry) -> Option<Value> {
        let time = |of: fn(&OrderSummary) -> Option<Timestamp>| order.summary().and_then(of).map(Value::Time);
        match self {
            Self::CreatedAt => Some(Value::Time(order.created_at())),
            Self::UpdatedAt => time(|order| Some(order.updated_at)),
            Self::ConfirmedAt => time(|order| order.confirmed_at),
            Self::ShippedAt => time(|order| order.shipped_at),
            Self::DeliveredAt => time(|order| order.delivered_at),
            Self::TotalAmount => Some(Value::Amount(order.total())),
            Self::Status => Some(Value::Word(order.facets().status.as_str().to_owned())),
            Self::PaymentStatus => Some(Value::Word(order.facets().payment_status.as_str().to_owned())),
        }
    }

    /// Whether the facts of an order tell it.
    const fn is_a_fact(self) -> bool {
        match self {
            Self::CreatedAt | Self::TotalAmount | Self::Status | Self::PaymentStatus => true,
            Self::UpdatedAt | Self::ConfirmedAt | Self::ShippedAt | Self::DeliveredAt => false,
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::CreatedAt | Self::UpdatedAt | Self::ConfirmedAt | Self::ShippedAt | Self::DeliveredAt => {
                text.parse().ok().map(Value::Time)
            }
            Self::TotalAmount => text.parse().ok().map(Value::Amount),
            Self::Status | Self::PaymentStatus => Some(Value::Word(text.to_owned())),
        }
    }
}

/// A value that orders are sorted by. None stands after all of them, as in PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Time(Timestamp),
    Amount(Decimal),
    Word(String),
}

impl Value {
    fn show(&self) -> String {
        match self {
            Self::Time(time) => time.to_string(),
            Self::Amount(amount) => amount.to_string(),
            Self::Word(word) => word.clone(),
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

/// How a list is sorted. Ties go by time of placing and then id, in the direction of the first
/// key: so that an index read from either end has them right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ordering {
    keys: Vec<(Key, bool)>,
    pub(super) descends: bool,
}

/// Where an order stands in a sorted list, whether or not it is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SortPosition {
    values: Vec<Option<Value>>,
    pub(super) created_at: Timestamp,
    pub(super) id: OrderId,
}

impl SortPosition {
    /// The total, where it is sorted by.
    pub(super) fn total(&self) -> Option<Decimal> {
        self.values.iter().flatten().find_map(|value| match value {
            Value::Amount(amount) => Some(*amount),
            Value::Time(_) | Value::Word(_) => None,
        })
    }
}

impl Ordering {
    /// Reads `ordering`; the newest first where it names nothing that orders are sorted by.
    pub(super) fn read(query: &Query) -> Self {
        let known = |name: &str| Key::ALL.into_iter().find(|key| key.name() == name);
        let mut keys = query.sort_keys(known);
        // A key that comes again says nothing new.
        let mut seen = Vec::new();
        keys.retain(|(key, _)| {
            let is_new = !seen.contains(key);
            seen.push(*key);
            is_new
        });
        let descends = keys.first().is_none_or(|(_, descends)| *descends);
        // The ties say what a last `created_at` of the same direction does.
        if keys.last() == Some(&(Key::CreatedAt, descends)) {
            keys.pop();
        }
        Self { keys, descends }
    }

    /// The index that keeps this order, if any does.
    pub(super) fn along(&self) -> Option<SortIndex> {
        match self.keys.as_slice() {
            [] => Some(SortIndex::Created),
            [(Key::TotalAmount, _)] => Some(SortIndex::Total),
            _ => None,
        }
    }

    /// What it sorts by first, as requests name it.
    pub(super) fn first(&self) -> &'static str {
        self.keys.first().map_or(Key::CreatedAt, |(key, _)| *key).name()
    }

    /// The same from its other end.
    pub(super) fn reversed(&self) -> Self {
        let keys = self.keys.iter().map(|(key, descends)| (*key, !descends));
        Self { keys: keys.collect(), descends: !self.descends }
    }

    /// Whether the facts of orders suffice to sort them.
    pub(super) fn is_by_facts(&self) -> bool {
        self.keys.iter().all(|(key, _)| key.is_a_fact())
    }

    pub(super) fn place(&self, order: &ListEntry) -> SortPosition {
        let values = self.keys.iter().map(|(key, _)| key.of(order));
        SortPosition { values: values.collect(), created_at: order.created_at(), id: order.id() }
    }

    pub(super) fn compare(&self, a: &SortPosition, b: &SortPosition) -> Compared {
        let directed = |compared: Compared, descends| if descends { compared.reverse() } else { compared };
        let values = self.keys.iter().zip(a.values.iter().zip(&b.values));
        let by_keys = values.map(|((_, descends), (a, b))| {
            // `None < Some(_)` is how Rust sees it.
            let empty_last = a.is_none().cmp(&b.is_none());
            directed(empty_last.then_with(|| a.cmp(b)), *descends)
        });
        let ties = (a.created_at, a.id).cmp(&(b.created_at, b.id));
        by_keys.fold(Compared::Equal, Compared::then).then(directed(ties, self.descends))
    }

    /// A place as text, for a cursor.
    pub(super) fn show(&self, place: &SortPosition) -> String {
        let values: Vec<_> = place.values.iter().map(|value| value.as_ref().map(Value::show)).collect();
        serde_json::json!([place.created_at, place.id, values]).to_string()
    }

    /// The place that a text shows.
    pub(super) fn read_place(&self, text: &str) -> Option<SortPosition> {
        let (created_at, id, values): (Timestamp, OrderId, Vec<Option<String>>) =
            serde_json::from_str(text).ok()?;
        if values.len() != self.keys.len() {
            return None;
        }
        let values = self.keys.iter().zip(values).map(|((key, _), value)| match value {
            None => Some(None),
            Some(text) => key.read(&text).map(Some),
        });
        Some(SortPosition { values: values.collect::<Option<_>>()?, created_at, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn ordering(text: &str) -> Ordering {
        Ordering::read(&Query::parse(&format!("ordering={text}")))
    }

    fn place(amount: Option<i64>, second: i64, id: u128) -> SortPosition {
        SortPosition {
            values: vec![amount.map(|amount| Value::Amount(amount.into()))],
            created_at: Timestamp::from_second(second).unwrap(),
            id: OrderId(Uuid::from_u128(id)),
        }
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
            ("created_at,status", None),
        ] {
            assert_eq!(ordering(text).along(), along, "{text}");
        }
        assert!(ordering("").descends && !ordering("created_at").descends);
        assert_eq!(ordering("-status,total_amount").first(), "status");
    }

    #[test]
    fn nothing_is_the_largest_and_ties_go_the_way_of_the_first_key() {
        let mut places = [
            place(None, 1, 1),
            place(Some(5), 2, 1),
            place(Some(5), 1, 2),
            place(Some(5), 1, 1),
            place(Some(4), 9, 9),
        ];
        let up = ordering("total_amount");
        places.sort_by(|a, b| up.compare(a, b));
        let sorted = places.clone();
        assert_eq!(
            sorted.each_ref().map(|place| (
                place.total(),
                place.created_at.as_second(),
                place.id.0.as_u128()
            )),
            [
                (Some(4.into()), 9, 9),
                (Some(5.into()), 1, 1),
                (Some(5.into()), 1, 2),
                (Some(5.into()), 2, 1),
                (None, 1, 1)
            ]
        );
        let down = ordering("-total_amount");
        places.sort_by(|a, b| down.compare(a, b));
        assert!(places.iter().eq(sorted.iter().rev()));
        assert_eq!(up.reversed(), down);
    }

    #[test]
    fn a_place_survives_as_text() {
        let by = ordering("total_amount");
        for place in [place(Some(5), 2, 1), place(None, 2, 1)] {
            assert_eq!(by.read_place(&by.show(&place)), Some(place));
        }
        assert_eq!(by.read_place("[]"), None);
        assert_eq!(ordering("").read_place(&by.show(&place(None, 1, 1))), None);
    }
}
