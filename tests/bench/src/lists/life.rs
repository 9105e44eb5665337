//! What the steps of an order's life cost, beside how many other orders there are.

use super::{Cost, Line, THEIRS, Unit, Who};
use http::Method;
use oms_domain::Order;
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_harness::Shop;
use oms_runtime::deadline::Deadline;
use oms_runtime::scope::{Scope, within};
use oms_workspace::report::Fault;
use serde_json::json;
use std::sync::Arc;

/// Of how many orders the rows that searches find them by are measured.
const LIVES: u64 = 25;

type Measured = Vec<(Line, Option<Cost>)>;

/// Goes through the life of an order, and asks for statistics.
pub(super) async fn measure(
    harness: &Harness,
    generator: &OrderGenerator,
    size: u64,
) -> Result<Measured, Fault> {
    let mut measured = Measured::new();
    let mut note = |name, unit, units, trips, cost| {
        measured.push((Line { name, unit, units, trips }, Some(cost)));
    };
    let (orders, payments) = ("/api/orders/order_stats/", "/api/payments/payment_stats/");
    for (name, who, path) in [
        ("statistics of all", Who::Staff, orders),
        ("statistics of a customer", Who::Customer, orders),
        ("statistics of all payments", Who::Staff, payments),
        ("statistics of a customer's payments", Who::Customer, payments),
    ] {
        let answer = harness.get(&harness.token(&who.user())?, path).await?;
        note(name, Unit::Read, 3, 2, Cost::of(&answer, Unit::Read, 200)?);
    }

    let shop = Shop::open(harness).await?;
    // The first one leases a block of order numbers.
    shop.order(harness).await?;
    let made = shop.order(harness).await?;
    note("create", Unit::Write, 20, 2, Cost::of(&made, Unit::Write, 201)?);
    let path = format!("/api/orders/{}/", made.id()?);
    let read = harness.get(&shop.customer, &path).await?;
    note("read", Unit::Read, 1, 1, Cost::of(&read, Unit::Read, 200)?);
    let new = json!({ "order": made.id()?, "payment_method": "credit_card" });
    let payment = harness.send(Method::POST, &shop.customer, "/api/payments/", Some(new)).await?;
    note("make a payment", Unit::Write, 8, 2, Cost::of(&payment, Unit::Write, 201)?);
    let payment = format!("/api/payments/{}/", payment.id()?);
    let process = format!("{payment}process_payment/");
    let paid = harness.send(Method::POST, &shop.customer, &process, Some(json!({}))).await?;
    note("process payment", Unit::Write, 16, 3, Cost::of(&paid, Unit::Write, 200)?);
    let read = harness.get(&shop.customer, &payment).await?;
    note("read a payment", Unit::Read, 1, 1, Cost::of(&read, Unit::Read, 200)?);
    for (name, action) in [("confirm", "confirm"), ("ship", "ship"), ("deliver", "deliver")] {
        let done = harness.send(Method::PATCH, &shop.staff, &format!("{path}{action}_order/"), None).await?;
        note(name, Unit::Write, 8, 2, Cost::of(&done, Unit::Write, 200)?);
    }
    let [searched, children] = rows(harness, generator, size).await?;
    note("rows to search by, of a whole life", Unit::Write, 12, 12, searched);
    note("rows of payments and lines, of a whole life", Unit::Write, 30, 30, children);
    Ok(measured)
}

/// What the consumer writes from an order's placing to its end so that searches find it, and of its
/// payments and lines: the most that it is of some. Each row is a write of its own.
async fn rows(harness: &Harness, generator: &OrderGenerator, size: u64) -> Result<[Cost; 2], Fault> {
    let mut most = [Cost { tenths: 0, trips: 0, count: None }; 2];
    let since = size + THEIRS;
    for number in since..since + LIVES {
        let order = generator.order(number)?;
        let scopes = [(), ()].map(|()| Arc::new(Scope::new(String::new(), Deadline::default())));
        let [searched, children] = &scopes;
        let lives = (1..=order.version).map(|version| (order.as_of(version - 1), order.as_of(version)));
        for (before, after) in lives {
            let Some(after): Option<Order> = after else { return Err("an order's log has gaps".into()) };
            let changes = [(before.as_ref(), &after)];
            let table = harness.app.table();
            within(Arc::clone(children), table.keep_payment_rows(changes)).await?;
            within(Arc::clone(children), table.keep_line_rows(changes)).await?;
            within(Arc::clone(searched), table.keep_search_rows([(before, &after)])).await?;
        }
        for (most, scope) in most.iter_mut().zip(&scopes) {
            let spent = scope.meter().total();
            if spent.write_tenths > most.tenths {
                *most = Cost { tenths: spent.write_tenths, trips: spent.trips, count: None };
            }
        }
    }
    Ok(most)
}
