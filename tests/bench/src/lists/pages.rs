//! The kinds of lists, and what a page of each may cost.

use super::{Cost, Line, Unit, Who};
use jiff::SignedDuration;
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_workspace::report::Fault;

/// A list to read.
pub(super) struct List {
    pub(super) name: &'static str,
    pub(super) who: Who,
    pub(super) path: String,
    pub(super) trips: u64,
    pub(super) units: u64,
    /// Whether it needs more orders than the smaller table has.
    pub(super) only_large: bool,
}

impl List {
    const fn line(&self) -> Line {
        Line { name: self.name, unit: Unit::Read, units: self.units, trips: self.trips }
    }
}

/// Reads a page of each kind of list.
pub(super) async fn measure(
    harness: &Harness,
    generator: &OrderGenerator,
    size: u64,
) -> Result<Vec<(Line, Option<Cost>)>, Fault> {
    let mut lists = lists(generator, size)?;
    lists.extend(others(generator));
    let mut measured = Vec::new();
    for list in lists {
        if list.only_large && size < 10_000 {
            measured.push((list.line(), None));
        } else {
            measured.push(read(harness, list).await?);
        }
    }
    Ok(measured)
}

/// Reads a page of a list.
pub(super) async fn read(harness: &Harness, list: List) -> Result<(Line, Option<Cost>), Fault> {
    let answer = harness.get(&harness.token(&list.who.user())?, &list.path).await?;
    let cost = Cost::of(&answer, Unit::Read, 200)?;
    Ok((list.line(), Some(Cost { count: answer.body["count"].as_u64(), ..cost })))
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

/// Lists of order items, products and payments.
fn others(generator: &OrderGenerator) -> Vec<List> {
    let list = |name, who, path: &str, trips, units| List {
        name,
        who,
        path: format!("/api/{path}"),
        trips,
        units,
        only_large: false,
    };
    let items = |name, who, query: &str, trips, units| {
        list(name, who, &format!("order-items/?{query}"), trips, units)
    };
    // Half a unit for each product, and as much for each order that payments are shown from.
    let products = |name, who, query: &str, trips| list(name, who, &format!("products/?{query}"), trips, 16);
    let payments = |name, who, query: &str| list(name, who, &format!("payments/?{query}"), 4, 16);
    let of_store = generator.stores.first().map(|store| format!("store={}", store.id)).unwrap_or_default();
    vec![
        items("items", Who::Staff, "", 3, 8),
        items("items, last page", Who::Staff, "page=last", 3, 8),
        // By its number alone, the summaries of all orders before it are read.
        items("items, page 10", Who::Staff, "page=10", 3, 12),
        items("items of a vendor", Who::Vendor, "", 4, 8),
        items("items of a customer", Who::Customer, "", 3, 8),
        products("products", Who::Staff, "", 2),
        products("products, last page", Who::Staff, "page=last", 3),
        products("products of a status", Who::Staff, "status=active", 2),
        products("products of a store", Who::Staff, &of_store, 2),
        products("products for a vendor", Who::Vendor, "", 3),
        products("products for a customer", Who::Customer, "", 2),
        payments("payments", Who::Staff, ""),
        payments("payments, last page", Who::Staff, "page=last"),
        payments("payments by status", Who::Staff, "status=paid"),
        payments("payments by method", Who::Staff, "payment_method=paypal"),
        payments("payments by currency", Who::Staff, "currency=USD"),
        payments("payments by amount", Who::Staff, "ordering=-amount"),
        List { trips: 5, ..payments("payments of a vendor", Who::Vendor, "") },
        payments("payments of a customer", Who::Customer, ""),
    ]
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
