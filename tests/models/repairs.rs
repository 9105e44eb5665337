//! What an operator finds and mends.

use jiff::{SignedDuration, Timestamp};
use oms_domain::Decimal;
use oms_domain::Order;
use oms_domain::drift::Difference;
use oms_domain::tally::{Cell, Scope};
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_harness::Shop;
use oms_table::TableError;
use orderctl::{rebuild, verify};
use stats_aggregator::Audits;

/// The first order that holds no money, deleted.
fn deleted(orders: &[Order], by: &oms_domain::Actor) -> Order {
    let mut deleted = orders.iter().filter_map(|order| order.clone().delete(by).ok());
    deleted.next().expect("an unpaid order").order
}

#[tokio::test]
async fn a_wrong_counter_a_missed_order_and_a_missed_deletion_are_found_and_mended() {
    let harness = Harness::set_up().unwrap();
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(5, 2, since, SignedDuration::from_hours(1));
    let orders: Vec<Order> = (0..40).map(|number| generator.order(number).unwrap()).collect();
    for order in &orders {
        harness.save(None, order).await.unwrap();
    }
    // All but two of them reach the consumer, and of one its deletion does not.
    harness.keep(orders[2..].to_vec()).await.unwrap();
    let by = oms_domain::Actor { id: oms_domain::UserId("admin".into()), at: since };
    let gone = deleted(&orders[4..], &by);
    harness.save(Some(gone.version - 1), &gone).await.unwrap();
    let damaged = Scope::Store(orders[3].store.id);
    let damage = Difference { cell: Cell::Lines, counted: Decimal::ZERO, expected: Decimal::from(5) };
    harness.app.table().correct(&damaged, &[damage]).await.unwrap();

    let found = verify::run(&harness.app).await.unwrap();
    assert!(!found.is_well && found.text.contains(": lines is "), "{}", found.text);
    let mended = rebuild::run(&harness.app, true).await.unwrap();
    assert!(mended.is_well && mended.text.contains("1 counters corrected"), "{}", mended.text);
    let found = verify::run(&harness.app).await.unwrap();
    assert!(found.is_well && found.text.ends_with("drift 0"), "{}", found.text);
    let counts = harness.app.table().counts_by_status(&Scope::All);
    assert_eq!(counts.await.unwrap().total(), 39);
}

#[tokio::test]
async fn an_audit_finds_a_wrong_counter_of_a_user_and_no_deletion_that_is_still_to_be_counted() {
    let harness = Harness::set_up().unwrap();
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(1, 1, since, SignedDuration::from_hours(1));
    let orders: Vec<Order> = (0..10).map(|number| generator.order(number).unwrap()).collect();
    for order in &orders {
        harness.save(None, order).await.unwrap();
    }
    let user = orders[0].user.id.clone();
    harness.keep(orders.clone()).await.unwrap();
    let of = async |audits: &Audits| audits.of(&harness.app, user.clone()).await;
    let audits = Audits::default();
    assert_eq!((of(&audits).await, of(&audits).await), (Some(0), None), "a minute apart");

    let audits = Audits::every(SignedDuration::ZERO);
    let by = oms_domain::Actor { id: oms_domain::UserId("admin".into()), at: since };
    let gone = deleted(&orders[4..], &by);
    harness.save(Some(gone.version - 1), &gone).await.unwrap();
    assert_eq!(of(&audits).await, None, "not counted yet");
    harness.keep(vec![gone]).await.unwrap();
    assert_eq!(of(&audits).await, Some(0));

    let damage = Difference { cell: Cell::Lines, counted: Decimal::ZERO, expected: Decimal::ONE };
    harness.app.table().correct(&Scope::User(user.clone()), &[damage]).await.unwrap();
    assert_eq!((of(&audits).await, of(&audits).await), (None, Some(1)));
}

#[tokio::test]
async fn a_wrong_counter_is_corrected_while_a_busy_consumer_counts() {
    let harness = Harness::set_up().unwrap();
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(5, 2, since, SignedDuration::from_hours(1));
    let orders: Vec<Order> = (0..120).map(|number| generator.order(number).unwrap()).collect();
    for order in &orders {
        harness.save(None, order).await.unwrap();
    }
    let (before, meanwhile) = orders.split_at(40);
    harness.keep(before.to_vec()).await.unwrap();
    let damage = Difference { cell: Cell::Lines, counted: Decimal::ZERO, expected: Decimal::ONE };
    harness.app.table().correct(&Scope::All, &[damage]).await.unwrap();

    let counting = async {
        for order in meanwhile {
            harness.keep(vec![order.clone()]).await.unwrap();
        }
    };
    let (mended, ()) = tokio::join!(rebuild::run(&harness.app, false), counting);
    let mended = mended.unwrap();
    assert!(mended.is_well && mended.text.contains("all: 1 counters corrected"), "{}", mended.text);
    let found = verify::run(&harness.app).await.unwrap();
    assert!(found.is_well && found.text.ends_with("drift 0"), "{}", found.text);
    let counts = harness.app.table().counts_by_status(&Scope::All);
    assert_eq!(counts.await.unwrap().total(), 120);
}

#[tokio::test]
async fn one_holds_the_counters_at_a_time_and_a_hold_that_runs_out_is_lifted() {
    let harness = Harness::set_up().unwrap();
    let (table, now) = (harness.app.table(), harness.app.now());
    let minute = SignedDuration::from_mins(1);
    let mut hold = table.hold_counters(now, minute).await.unwrap();
    assert!(matches!(table.hold_counters(now, minute).await, Err(TableError::Conflict)));
    assert_eq!(table.held_until(now).await.unwrap(), Some(now + minute));
    table.renew_hold(&mut hold, now + minute, minute).await.unwrap();
    assert_eq!(table.held_until(now + minute).await.unwrap(), Some(now + minute + minute));
    // Whoever held it has died over it.
    assert_eq!(table.held_until(now + minute + minute).await.unwrap(), None);
    assert!(matches!(table.renew_hold(&mut hold, now, minute).await, Err(TableError::Conflict)));
    let other = table.hold_counters(now, minute).await.unwrap();
    table.release_hold(other).await.unwrap();
    assert_eq!(table.held_until(now).await.unwrap(), None);
}

#[tokio::test]
async fn rows_that_no_order_has_are_removed_while_orders_change() {
    let harness = Harness::set_up().unwrap();
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(5, 2, since, SignedDuration::from_hours(1));
    let mut orders: Vec<Order> = (0..30).map(|number| generator.order(number).unwrap()).collect();
    // One is gone from the table altogether, another has rows of a code that it had once.
    let gone = orders.pop().unwrap();
    let mut renamed = orders[3].clone();
    renamed.tracking_number = "1Z9999999999999999".into();
    for order in &orders {
        harness.save(None, order).await.unwrap();
    }
    harness.keep(orders.clone()).await.unwrap();
    harness.app.table().replace_rows(&[gone.clone(), renamed]).await.unwrap();
    let shop = Shop::open(&harness).await.unwrap();
    let listed = async |query: &str| {
        let answer = harness.get(&shop.staff, &format!("/api/orders/?{query}")).await.unwrap();
        (answer.status, answer.body["results"].to_string())
    };
    let by_total = "page_size=100&ordering=total_amount";
    assert!(listed(by_total).await.1.contains(&gone.id.to_string()), "or there is nothing to remove");

    // Meanwhile each order is given another tracking number, and then its own again.
    let crew = async {
        for order in &orders {
            for number in ["1Z8888888888888888", &order.tracking_number] {
                let path = format!("/api/orders/{}/", order.id);
                let body = serde_json::json!({ "tracking_number": number });
                let answer = harness.send(http::Method::PATCH, &shop.staff, &path, Some(body)).await.unwrap();
                assert_eq!(answer.status, 200, "{}", answer.body);
                harness.follow(order.id).await.unwrap();
            }
        }
    };
    let (mended, ()) = tokio::join!(rebuild::run(&harness.app, true), crew);
    let mended = mended.unwrap();
    assert!(!mended.text.contains(" 0 rows removed"), "{}", mended.text);
    let again = rebuild::run(&harness.app, true).await.unwrap();
    assert!(again.text.contains("29 orders written, 0 rows removed"), "{}", again.text);
    assert!(!listed(by_total).await.1.contains(&gone.id.to_string()));
    for order in &orders {
        let codes = [&order.order_number, &order.tracking_number, &order.payment_reference];
        for code in codes.into_iter().filter(|code| !code.is_empty()) {
            let found = listed(&format!("search={code}")).await;
            assert!(found.0 == 200 && found.1.contains(&order.id.to_string()), "{code}: {}", found.1);
        }
    }
    for code in ["1Z9999999999999999", "1Z8888888888888888"] {
        assert_eq!(listed(&format!("search={code}")).await, (200, "[]".into()));
    }
}
