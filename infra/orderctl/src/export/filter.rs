//! Which orders are meant.

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use oms_domain::{Order, Status, StoreId, UserId};

/// Which orders are meant: those that all options allow.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Filter {
    /// Only orders of this status; may be repeated
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Vec<Status>,
    /// Only orders of the store with this id; may be repeated
    #[arg(long, value_name = "ID")]
    store: Vec<StoreId>,
    /// Only orders of the user with this id, the `sub` of their token; may be repeated
    #[arg(long, value_name = "ID", value_parser = user)]
    user: Vec<UserId>,
    /// Only orders placed at this time or later: 2026-11-01 (its beginning in UTC) or
    /// 2026-11-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,
    /// Only orders placed before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,
    /// Orders that were deleted as well
    #[arg(long)]
    deleted: bool,
}

impl Filter {
    /// Whether an order is meant.
    pub(super) fn wants(&self, order: &Order) -> bool {
        is_one(&self.status, &order.status)
            && is_one(&self.store, &order.store.id)
            && is_one(&self.user, &order.user.id)
            && self.since.is_none_or(|since| order.created_at >= since)
            && self.until.is_none_or(|until| order.created_at < until)
            && (self.deleted || !order.is_deleted())
    }
}

/// Whether a value is one of those asked for; any is where none was.
fn is_one<T: PartialEq>(asked: &[T], value: &T) -> bool {
    asked.is_empty() || asked.contains(value)
}

fn status(word: &str) -> Result<Status, String> {
    let words = || Status::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ");
    word.parse().map_err(|_| format!("it is none of {}", words()))
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a Result of each parser")]
fn user(id: &str) -> Result<UserId, String> {
    Ok(UserId(id.to_owned()))
}

fn time(text: &str) -> Result<Timestamp, String> {
    // A date with a time has no offset, or it would be a timestamp: nobody can tell when that is.
    let is_day = text.len() == "2026-11-01".len();
    let day =
        || Some(text.parse::<Date>().ok().filter(|_| is_day)?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let time = || text.parse::<Timestamp>().ok();
    time().or_else(day).ok_or_else(|| "it is no 2026-11-01 or 2026-11-01T08:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_beginning_and_a_time_needs_its_offset() {
        let midnight: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        assert_eq!(time("2026-11-01"), Ok(midnight));
        assert_eq!(time("2026-11-01T02:00:00+02:00"), Ok(midnight));
        for other in ["yesterday", "2026-13-01", "2026-11-01T08:00:00", ""] {
            assert!(time(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_status_that_there_is_not_is_told_which_there_are() {
        assert_eq!(status("shipped"), Ok(Status::Shipped));
        assert!(status("lost").unwrap_err().contains("pending, confirmed"));
    }
}
