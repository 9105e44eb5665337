//! What an operator finds and mends.

use jiff::{SignedDuration, Timestamp};
use oms_domain::reconciliation::Difference;
use oms_domain::tally::{Counter, Scope};
use oms_domain::{Decimal, Order, OrderId};
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_harness::Shop;
use oms_table::TableError;
use oms_table::counters::lock::LockState;
use orderctl::rebuild::Rebuild;
use orderctl::{rebuild, verify};
use stats_aggregator::Audits;
use std::collections::BTreeSet;

fn with_projections() -> Rebuild {
    Rebuild { projections: true, ..Rebuild::default() }
}

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
    harness.apply(orders[2..].to_vec()).await.unwrap();
    let by = oms_domain::Actor { id: oms_domain::UserId("admin".into()), at: since };
    let gone = deleted(&orders[4..], &by);
    harness.save(Some(gone.version - 1), &gone).await.unwrap();
    let damaged = Scope::Store(orders[3].store.id);
    let damage = Difference { cell: Counter::Lines, counted: Decimal::ZERO, expected: Decimal::from(5) };
    harness.app.table().correct(&damaged, &[damage]).await.unwrap();

    let found = verify::run(&harness.app, None).await.unwrap();
    assert!(!found.is_well && found.text.contains(": lines is "), "{}", found.text);
    let mended = rebuild::run(&harness.app, &with_projections()).await.unwrap();
    assert!(mended.is_well && mended.text.contains("1 counters corrected"), "{}", mended.text);
    let found = verify::run(&harness.app, None).await.unwrap();
    assert!(found.is_well && found.text.ends_with("drift 0"), "{}", found.text);
    let counts = harness.app.table().counts_by_status(&Scope::All);
    assert_eq!(counts.await.unwrap().counts().total(), 39);
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
    harness.apply(orders.clone()).await.unwrap();
    let of = async |audits: &Audits| audits.of(&harness.app, user.clone()).await;
    let audits = Audits::every(SignedDuration::from_secs(1));
    assert_eq!(of(&audits).await, None, "a new process counts first");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!((of(&audits).await, of(&audits).await), (Some(0), None), "a second apart");

    let audits = Audits::every(SignedDuration::ZERO);
    let by = oms_domain::Actor { id: oms_domain::UserId("admin".into()), at: since };
    let gone = deleted(&orders[4..], &by);
    harness.save(Some(gone.version - 1), &gone).await.unwrap();
    assert_eq!(of(&audits).await, None, "not counted yet");
    harness.apply(vec![gone]).await.unwrap();
    assert_eq!(of(&audits).await, Some(0));

    let damage = Difference { cell: Counter::Lines, counted: Decimal::ZERO, expected: Decimal::ONE };
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
    harness.apply(before.to_vec()).await.unwrap();
    let damage = Difference { cell: Counter::Lines, counted: Decimal::ZERO, expected: Decimal::ONE };
    harness.app.table().correct(&Scope::All, &[damage]).await.unwrap();

    let counting = async {
        for order in meanwhile {
            harness.apply(vec![order.clone()]).await.unwrap();
        }
    };
    let counters = Rebuild::default();
    let (mended, ()) = tokio::join!(rebuild::run(&harness.app, &counters), counting);
    let mended = mended.unwrap();
    assert!(mended.is_well && mended.text.contains("all: 1 counters corrected"), "{}", mended.text);
    let found = verify::run(&harness.app, None).await.unwrap();
    assert!(found.is_well && found.text.ends_with("drift 0"), "{}", found.text);
    let counts = harness.app.table().counts_by_status(&Scope::All);
    assert_eq!(counts.await.unwrap().counts().total(), 120);
}

#[tokio::test]
async fn one_has_the_lock_at_a_time_and_one_that_runs_out_is_lifted() {
    let harness = Harness::set_up().unwrap();
    let (table, now) = (harness.app.table(), harness.app.now());
    let minute = SignedDuration::from_mins(1);
    let (mut lock, mut journal) = table.lock_counters(now, minute).await.unwrap();
    assert!(matches!(table.lock_counters(now, minute).await, Err(TableError::Conflict)));
    table.renew_counter_lock(&mut lock, now + minute, minute).await.unwrap();
    let is_journal = |state: LockState| matches!(state, LockState::Journal(_));
    assert!(is_journal(table.state_of_counter_lock(now + minute).await.unwrap()));
    assert!(table.stop_counting(&mut journal).await.unwrap().is_empty());
    assert_eq!(table.state_of_counter_lock(now + minute).await.unwrap(), LockState::Stopped);
    // Whoever had it has died over it.
    assert_eq!(table.state_of_counter_lock(now + minute + minute).await.unwrap(), LockState::None);
    assert!(matches!(table.renew_counter_lock(&mut lock, now, minute).await, Err(TableError::Conflict)));
    assert!(matches!(table.next_journal(&mut journal).await, Err(TableError::Conflict)));
    let (lock, _) = table.lock_counters(now, minute).await.unwrap();
    table.release_counter_lock(lock).await.unwrap();
    assert_eq!(table.state_of_counter_lock(now).await.unwrap(), LockState::None);
}

/// How many orders an entry of a full journal names here, for some 360 KB.
const NAMED: u128 = 10_000;
/// How many such entries are more than is read at once, which is 20 MB.
const ENTRIES: u128 = 62;

#[tokio::test]
async fn a_journal_of_a_busy_day_is_read_to_its_end() {
    let harness = Harness::set_up().unwrap();
    let (table, now) = (harness.app.table(), harness.app.now());
    let (_, mut journal) = table.lock_counters(now, SignedDuration::from_mins(10)).await.unwrap();
    let LockState::Journal(state) = table.state_of_counter_lock(now).await.unwrap() else {
        panic!("a journal is kept")
    };
    for entry in 0..ENTRIES {
        let ids = (entry * NAMED..(entry + 1) * NAMED).map(|n| OrderId(uuid::Uuid::from_u128(n << 16)));
        table.keep_journal(&state, ids).await.unwrap();
    }
    let named = table.next_journal(&mut journal).await.unwrap();
    assert_eq!(named.len() as u128, ENTRIES * NAMED);
    let (_, id) = state.split_once('#').expect("a state names its journal");
    let whole = table.collection(format!("JOURNAL#{id}"), "").await;
    assert!(matches!(whole, Err(TableError::TooMuch)), "what is cut short is an error");
}

#[tokio::test]
async fn each_order_that_is_counted_under_the_lock_is_in_one_journal() {
    let harness = Harness::set_up().unwrap();
    let (table, now) = (harness.app.table(), harness.app.now());
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
    let generator = OrderGenerator::new(3, 1, since, SignedDuration::from_hours(1));
    let orders: Vec<Order> = (0..12).map(|number| generator.order(number).unwrap()).collect();
    for order in &orders {
        harness.save(None, order).await.unwrap();
    }
    let apply = async |orders: &[Order]| harness.apply(orders.to_vec()).await.unwrap();
    let ids = |orders: &[Order]| -> BTreeSet<OrderId> { orders.iter().map(|order| order.id).collect() };
    apply(&orders[..2]).await;
    let (lock, mut journal) = table.lock_counters(now, SignedDuration::from_mins(1)).await.unwrap();
    apply(&orders[2..5]).await;
    assert_eq!(table.next_journal(&mut journal).await.unwrap(), ids(&orders[2..5]));
    apply(&orders[5..7]).await;
    // What comes again is counted already.
    apply(&orders[2..7]).await;
    assert_eq!(table.stop_counting(&mut journal).await.unwrap(), ids(&orders[5..7]));
    let held = async { apply(&orders[7..]).await };
    let opens = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let counts = table.counts_by_status(&Scope::All).await.unwrap();
        assert_eq!(counts.counts().total(), 7, "nothing is counted");
        table.next_journal(&mut journal).await.unwrap()
    };
    let ((), stopped) = tokio::join!(held, opens);
    assert_eq!(stopped, BTreeSet::new());
    assert_eq!(table.next_journal(&mut journal).await.unwrap(), ids(&orders[7..]));
    table.release_counter_lock(lock).await.unwrap();
    assert_eq!(table.counts_by_status(&Scope::All).await.unwrap().counts().total(), 12);
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
    harness.apply(orders.clone()).await.unwrap();
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
    let projections = with_projections();
    let (mended, ()) = tokio::join!(rebuild::run(&harness.app, &projections), crew);
    let mended = mended.unwrap();
    assert!(!mended.text.contains(" 0 rows removed"), "{}", mended.text);
    let again = rebuild::run(&harness.app, &with_projections()).await.unwrap();
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
