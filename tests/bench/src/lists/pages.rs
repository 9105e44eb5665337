//! The kinds of lists, and what a page of each may cost.

use super::{Cost, Line, Unit, Who};
use jiff::SignedDuration;
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_workspace::report::Fault;

/// A list to read.
struct List {
    name: &'static str,
    who: Who,
    path: String,
    trips: u64,
    units: u64,
    /// Whether it needs more orders than the smaller table has.
    only_large: bool,
}

/// Reads a page of each kind of list.
pub(super) async fn measure(
    harness: &Harness,
    generator: &OrderGenerator,
    size: u64,
) -> Result<Vec<(Line, Option<Cost>)>, Fault> {
    let mut measured = Vec::new();
    for list in lists(generator, size)? {
        let line = Line { name: list.name, unit: Unit::Read, units: list.units, trips: list.trips };
        if list.only_large && size < 10_000 {
            measured.push((line, None));
            continue;
        }
        let answer = harness.get(&harness.token(&list.who.user())?, &list.path).await?;
        let count = answer.body["count"].as_u64();
        measured.push((line, Some(Cost { count, ..Cost::of(&answer, Unit::Read, 200)? })));
    }
    Ok(measured)
}

fn lists(generator: &OrderGenerator, size: u64) -> Result<Vec<List>, Fault> {
    let line = |name, query: String, trips, units| List {
        name,
        who: Who::Staff,
        path: format!("/api/orders/?{query}"),
        trips,
        units,
        only_large: false,
    };
    let store = generator.stores.first().ok_or("no stores")?.id;
    let some = generator.order(size / 2)?;
    let day = (generator.placed_at(size) - SignedDuration::from_hours(48)).strftime("%Y-%m-%d");
    let mine = |name, query: &str| List {
        who: Who::Customer,
        path: format!("/api/orders/my_orders/?{query}"),
        ..line(name, String::new(), 2, 4)
    };
    let all = vec![
        mine("my orders", ""),
        mine("my orders, last page", "page=last"),
        line("all", String::new(), 2, 6),
        line("all, last page", "page=last".into(), 2, 6),
        line("by status", "status=shipped".into(), 2, 6),
        line("by store", format!("store={store}"), 2, 6),
        line("by store and status", format!("store={store}&status=delivered"), 2, 6),
        line("payment status", "payment_status=paid".into(), 3, 40),
        line("payment method", "payment_method=cryptocurrency".into(), 3, 40),
        line("shipping method", "shipping_method=overnight".into(), 3, 40),
        line("two statuses", "status__in=pending,confirmed".into(), 3, 40),
        line(
            "status, method, shipping",
            "status=delivered&payment_method=paypal&shipping_method=express".into(),
            3,
            40,
        ),
        line(
            "rare facets",
            "status=processing&payment_method=cryptocurrency&shipping_method=international".into(),
            3,
            40,
        ),
        line("payment status, method", "payment_status=pending&payment_method=paypal".into(), 3, 40),
        line("status, shipping method", "status=delivered&shipping_method=pickup".into(), 3, 40),
        line("currency, payment method", "currency=USD&payment_method=digital_wallet".into(), 3, 40),
        line("store, payment method", format!("store={store}&payment_method=paypal"), 3, 40),
        line("user, status", format!("user={}&status=delivered", some.user.id), 3, 40),
        line("a day", format!("created_at__gte={day}"), 3, 40),
        line("a day, status", format!("created_at__gte={day}&status=pending"), 3, 40),
        line("totals", "total_amount__gte=100&total_amount__lte=250".into(), 3, 40),
        line("search, whole number", format!("search={}", some.order_number), 3, 10),
        line("search, infix of a number", format!("search={}", &some.order_number[8..]), 3, 10),
        line("search, infix of a tracking number", format!("search={}", infix(generator, size)?), 3, 10),
        line("search, a day of numbers", format!("search={}", &some.order_number[4..12]), 3, 10),
        line("search, a month of numbers", format!("search={}", &some.order_number[..10]), 3, 10),
        line("search, some numbers of a day", format!("search={}", &some.order_number[8..15]), 3, 40),
        line("by total", "ordering=-total_amount".into(), 3, 20),
        List { only_large: true, ..line("page 250", "page=250".into(), 3, 10) },
        List {
            only_large: true,
            ..line("page 250 by total", "page=250&ordering=total_amount".into(), 3, 20)
        },
        List { only_large: true, ..line("page 500", "page=500".into(), 3, 10) },
        List {
            only_large: true,
            ..line("page 500 by total", "page=500&ordering=total_amount".into(), 3, 20)
        },
    ];
    Ok(all)
}

/// A part of some tracking number.
fn infix(generator: &OrderGenerator, size: u64) -> Result<String, Fault> {
    for number in size / 3..size {
        let order = generator.order(number)?;
        if let Some(part) = order.tracking_number.get(5..15) {
            return Ok(part.to_owned());
        }
    }
    Err("no order was shipped".into())
}
