//! Where a page of an export begins, as its cursor says it.

use oms_domain::{Error, NotificationId, OrderId, Outcome};
use std::fmt;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// With what there is once, and the newest notifications.
    Beginning,
    /// Behind a notification.
    Notifications(NotificationId),
    /// Among the orders.
    Orders(OrderPlace),
}

/// A place among the orders of a person: in the list of those that there are, or of those that were
/// deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OrderPlace {
    /// Whether it is in the second list.
    pub(super) is_deleted: bool,
    /// The place in the list of the last order that was shown; empty at the beginning.
    pub(super) last: String,
    /// How far its history was shown; 0 where it was shown whole.
    pub(super) version: u64,
}

impl OrderPlace {
    /// The order of which only a part was shown.
    pub(super) fn partly_shown(&self) -> Option<OrderId> {
        let (_, id) = self.last.split_once('#').filter(|_| self.version > 0)?;
        id.parse().ok()
    }
}

impl Place {
    /// The place that a cursor says.
    ///
    /// # Errors
    /// 404 for a cursor that says nothing here.
    pub(super) fn read(cursor: Option<&str>) -> Outcome<Self> {
        let Some(cursor) = cursor else { return Ok(Self::Beginning) };
        Self::parse(cursor).ok_or(Error::NoSuchPage)
    }

    fn parse(cursor: &str) -> Option<Self> {
        let (kind, rest) = cursor.split_at_checked(1)?;
        let is_deleted = match kind {
            "n" => return rest.parse().ok().map(Self::Notifications),
            "o" => false,
            "d" => true,
            _ => return None,
        };
        let (version, last) = rest.split_once(' ')?;
        Some(Self::Orders(OrderPlace { is_deleted, last: last.to_owned(), version: version.parse().ok()? }))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => Ok(()),
            Self::Notifications(last) => write!(f, "n{last}"),
            Self::Orders(OrderPlace { is_deleted, last, version }) => {
                write!(f, "{}{version} {last}", if *is_deleted { 'd' } else { 'o' })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let id = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
        let last = format!("2026-11-22T10:00:00.000000Z#{id}");
        let partly = OrderPlace { is_deleted: false, last: last.clone(), version: 7 };
        assert_eq!(partly.partly_shown(), id.parse().ok());
        let whole = OrderPlace { is_deleted: true, last, version: 0 };
        assert_eq!(whole.partly_shown(), None);
        let orders = [OrderPlace::default(), partly, whole].map(Place::Orders);
        for place in orders.into_iter().chain([Place::Notifications(id.parse().unwrap())]) {
            assert_eq!(Place::read(Some(&place.to_string())).unwrap(), place);
        }
        assert_eq!(Place::read(None).unwrap(), Place::Beginning);
        for wrong in ["", "n", "x1 ", "o", "o-1 a", "ü"] {
            assert!(matches!(Place::read(Some(wrong)), Err(Error::NoSuchPage)), "{wrong}");
        }
    }
}
