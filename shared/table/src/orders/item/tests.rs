//! An order that was accepted can always be brought to its end, however large it is.

use super::*;
use crate::answer::FromAnswer;
use jiff::Timestamp;
use oms_domain::attention::Dispute;
use oms_domain::catalog::{Product, ProductStatus, Store, StoreStatus, Variant};
use oms_domain::edit::{Catalogue, Edit};
use oms_domain::lifecycle::{NewRefund, RefundOutcome, Shipment};
use oms_domain::lines::PriceList;
use oms_domain::paying::NewPayment;
use oms_domain::payment::{ChargeOutcome, MAX_PAYMENTS, MAX_REFUNDS, MAX_REFUNDS_EVER, PaymentProvider};
use oms_domain::place::{NewOrder, WantedLine, place};
use oms_domain::{
    Actor, Address, AddressId, Currency, Decimal, OrderSummary, PaymentMethod, ProductId, RuleViolation,
    ShippingMethod, User, VariantId,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A character that takes as many bytes as any.
const WIDE: &str = "\u{1F600}";

const LAYOUT: Layout = Layout { lists: ListShards::ONE, stock_shards: 1, schema: SCHEMA };

fn words(count: usize) -> String {
    WIDE.repeat(count)
}

/// A map of so many bytes, as they are stored.
fn kept(bytes: usize) -> Map<String, Value> {
    let map = Map::from_iter([("n".to_owned(), json!("x".repeat(bytes - 5)))]);
    assert_eq!(oms_domain::size::of_map(&map), bytes);
    map
}

fn by(second: i64) -> Actor {
    Actor { id: UserId("u".repeat(255)), at: Timestamp::from_second(1_800_000_000 + second).unwrap() }
}

fn product(n: u128) -> Product {
    let at = by(0).at;
    let price = Decimal::new(999_999, 2);
    let variant = Variant {
        id: VariantId(Uuid::from_u128(200 + n)),
        name: words(40),
        sku: words(16),
        current_price: price,
    };
    Product {
        id: ProductId(Uuid::from_u128(100 + n)),
        store: StoreId(Uuid::from_u128(1)),
        name: words(60),
        slug: "s".repeat(100),
        sku: words(16),
        description: String::new(),
        base_price: price,
        current_price: price,
        status: ProductStatus::Active,
        variants: vec![variant],
        created_at: at,
        updated_at: at,
    }
}

fn address() -> Address {
    Address {
        id: AddressId(Uuid::from_u128(9)),
        full_name: words(255),
        address_line1: words(255),
        address_line2: words(255),
        city: words(255),
        state: words(255),
        postal_code: words(20),
        country: "GB".into(),
        phone_number: "1".repeat(32),
    }
}

/// An order of 40 lines with the largest extra data, some of them with the longest notes.
fn ordered(lines_with_notes: u128) -> Order {
    let at = by(0).at;
    let store = Store {
        id: StoreId(Uuid::from_u128(1)),
        name: words(255),
        slug: "s".repeat(255),
        description: String::new(),
        owner: None,
        currency: Currency::USD,
        tax_rate: Decimal::new(1, 1),
        shipping_costs: BTreeMap::new(),
        status: StoreStatus::Active,
        unpaid_limits: oms_domain::unpaid::UnpaidLimits {
            minutes: Some(43_200),
            manual_minutes: Some(43_200),
        },
        created_at: at,
        updated_at: at,
    };
    let line = |n| WantedLine {
        product: ProductId(Uuid::from_u128(100 + n)),
        variant: Some(VariantId(Uuid::from_u128(200 + n))),
        quantity: 1,
        unit_price: None,
        notes: if n < lines_with_notes { words(2_000) } else { String::new() },
        extra_data: kept(4_096),
    };
    let name = || words(60);
    let new = NewOrder {
        id: OrderId::from_fresh(Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_1234)),
        order_number: "ORD-20261122-0001".into(),
        user: User {
            id: by(0).id,
            username: name(),
            email: "e".repeat(255),
            first_name: name(),
            last_name: name(),
        },
        store,
        lines: (0..40).map(line).collect(),
        customer_id: words(100),
        payment_method: PaymentMethod::CreditCard,
        shipping_address: address(),
        billing_address: Some(address()),
        shipping_method: ShippingMethod::Standard,
        currency: None,
        discount_amount: Decimal::ZERO,
        notes: words(2_000),
        special_instructions: words(2_000),
        language: "en".into(),
        extra_data: kept(16_384),
    };
    place(new, &(0..40).map(product).collect::<Vec<_>>(), false, &by(0)).unwrap()
}

/// What the table then holds, if it takes it.
fn saved(order: &Order, seen: Option<u64>) -> Result<Order, TableError> {
    let (item, older) = to_items(order, seen, LAYOUT)?;
    let told = serde_json::to_string(&serde_dynamo::Item::from(item.clone())).expect("it is an item");
    assert!(size::of_item(&item) <= size::MAX_ITEM_BYTES && told.len() <= size::MAX_JSON_BYTES);
    if !older.is_empty() {
        log_to_item(order.id, older, LAYOUT)?;
    }
    from_item(item)
}

/// The largest order that is accepted.
fn largest() -> Order {
    let many = (0..=40).take_while(|notes| saved(&ordered(*notes), None).is_ok()).last().expect("some are");
    assert!(many < 40, "there is a limit");
    saved(&ordered(many), None).unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Decline,
    Pay,
    GiveSomeBack,
    Confirm,
    Ship,
    Rename,
}

/// The order after a step, where the rules and the room allow it.
fn after(order: &Order, step: Step, at: i64) -> Option<Order> {
    let (by, seen) = (&by(at), Some(order.version));
    let then = |order: &Order, changed: Result<Order, RuleViolation>| {
        saved(&changed.ok()?, Some(order.version)).ok()
    };
    match step {
        Step::Decline | Step::Pay => {
            let new = NewPayment {
                payment_method: PaymentMethod::CreditCard,
                amount: None,
                payment_details: kept(4_096),
                provider: PaymentProvider::Stripe,
            };
            let made = then(order, order.clone().add_payment(new, by))?;
            let id = made.payments.last()?.id;
            let sent = then(&made, made.clone().start_payment(id, PaymentProvider::Stripe, by))?;
            let response = Map::from_iter([("id".to_owned(), json!("pi_".repeat(100)))]);
            let outcome = if matches!(step, Step::Pay) {
                ChargeOutcome::Paid(response)
            } else {
                ChargeOutcome::Declined(response, "Declined. ".repeat(30))
            };
            then(&sent, sent.clone().finish_payment(id, outcome, by))
        }
        Step::GiveSomeBack => {
            let id = order.collected_payment()?.id;
            let refund =
                NewRefund { amount: Some(Decimal::new(1, 2)), reason: words(500), ..NewRefund::default() };
            let (started, refund) = order.clone().start_refund(id, refund, by).ok()?;
            let started = saved(&started.order, seen).ok()?;
            let finished = started.clone().finish_refund(refund, RefundOutcome::Succeeded, by);
            saved(&finished.order, Some(started.version)).ok()
        }
        Step::Confirm => then(order, order.clone().confirm(by)),
        Step::Ship => {
            let shipment = Shipment { tracking_number: Some(words(100)), estimated_delivery: Some(by.at) };
            then(order, order.clone().ship(shipment, by))
        }
        Step::Rename => edited(order, Edit { notes: Some(words(1_999)), ..Edit::default() }, by).ok(),
    }
}

/// The order after an edit, where there is room for it.
fn edited(order: &Order, edit: Edit, by: &Actor) -> Result<Order, TableError> {
    let prices = PriceList { products: &[], currency: Currency::USD, may_set_prices: true };
    let catalogue = Catalogue { store: None, prices };
    let edited = order.clone().edit(edit, &catalogue, by).expect("it may be edited");
    saved(&edited.order, Some(order.version))
}

/// Whatever the rules allow of what brings an order to its end fits into the table.
fn can_be_ended(order: &Order) {
    let by = &by(9_000);
    let seen = Some(order.version);
    let reason = words(500);
    let mut ways = Vec::new();
    ways.extend(order.clone().delete(by).map(|moved| moved.order));
    ways.extend(order.clone().cancel(true, &reason, by).map(|moved| moved.order));
    ways.extend(order.clone().start_order_refund(true, &reason, by).map(|(started, _)| started.order));
    ways.extend(order.clone().confirm(by));
    ways.extend(order.clone().deliver(by));
    let shipment = Shipment { tracking_number: Some(words(100)), estimated_delivery: Some(by.at) };
    ways.extend(order.clone().ship(shipment, by));
    if let Some(payment) = order.collected_payment() {
        let all = NewRefund { reason: reason.clone(), ..NewRefund::default() };
        ways.extend(order.clone().start_refund(payment.id, all, by).map(|(started, _)| started.order));
        let long = "d".repeat(100);
        let dispute = Dispute::new(&long, &long, &long, payment.amount);
        ways.push(order.clone().record_dispute(payment.id, dispute, by));
    }
    for changed in ways {
        let action = changed.log.last().map(|change| change.action);
        let kept = saved(&changed, seen).unwrap_or_else(|error| panic!("{action:?}: {error}"));
        let mut kept = kept;
        let pending: Vec<_> = kept
            .payments
            .iter()
            .flat_map(|payment| payment.pending_refunds())
            .map(|refund| refund.id)
            .collect();
        for refund in pending {
            let seen = Some(kept.version);
            let finished = kept.finish_refund(refund, RefundOutcome::Succeeded, by).order;
            kept = saved(&finished, seen).unwrap_or_else(|error| panic!("after {action:?}: {error}"));
        }
    }
}

#[test]
fn the_largest_order_takes_every_payment_and_its_refunds_and_ends() {
    let mut order = largest();
    can_be_ended(&order);
    for n in 1..MAX_PAYMENTS {
        order = after(&order, Step::Decline, i64::try_from(n).unwrap()).expect("another payment");
    }
    order = after(&order, Step::Pay, 100).expect("the last payment");
    order = after(&order, Step::Confirm, 101).expect("it is confirmed");
    order = after(&order, Step::Ship, 102).expect("it is shipped");
    can_be_ended(&order);
    let mut given_back = 0;
    while let Some(next) = after(&order, Step::GiveSomeBack, 200 + given_back) {
        order = next;
        given_back += 1;
        can_be_ended(&order);
    }
    assert!(given_back > 0);
}

#[test]
fn one_payment_takes_all_the_refunds_that_it_may_have_with_the_longest_reasons() {
    let mut order = largest();
    order = after(&order, Step::Pay, 1).expect("a payment");
    for n in 1..=MAX_REFUNDS {
        order = after(&order, Step::GiveSomeBack, i64::try_from(n).unwrap() + 1).expect("another refund");
    }
    can_be_ended(&order);
    // What is left goes back even so, however often the gateway refuses it.
    for n in MAX_REFUNDS..MAX_REFUNDS_EVER {
        let (by, seen) = (&by(i64::try_from(n).unwrap() + 1), Some(order.version));
        let id = order.collected_payment().unwrap().id;
        let all = NewRefund { reason: words(500), ..NewRefund::default() };
        let (started, refund) = order.start_refund(id, all, by).expect("all that is left");
        let started = saved(&started.order, seen).expect("there is room for it");
        let seen = Some(started.version);
        let refused = started.finish_refund(refund, RefundOutcome::Refused, by);
        order = saved(&refused.order, seen).expect("there is room for its end");
        let cancelled = order.clone().cancel(true, &words(500), by).expect("it is pending");
        saved(&cancelled.order, Some(order.version)).expect("it can be called off");
    }
}

/// Lists show orders from their index entry, and those just changed from the order itself.
#[test]
fn what_an_index_carries_of_an_order_is_its_summary() {
    for order in [ordered(0), after(&ordered(3), Step::Decline, 1).unwrap(), largest()] {
        let seen = Some(order.version - 1).filter(|seen| *seen > 0);
        let (item, _) = to_items(&order, seen, LAYOUT).unwrap();
        let sent = serde_json::to_string(&serde_dynamo::Item::from(item)).unwrap();
        let read = Option::<OrderSummary>::from_answer(&mut serde_json::Deserializer::from_str(&sent));
        assert_eq!(read.unwrap(), Some(OrderSummary::of(&order)));
    }
}

#[test]
fn content_beyond_the_limit_is_refused_and_an_edit_within_it_is_not() {
    let order = largest();
    assert!(after(&order, Step::Rename, 1).is_some());
    assert!(matches!(saved(&ordered(40), None), Err(TableError::TooLarge)));
}

/// A stream's record of the order holds it twice, and Lambda takes 6 MB.
#[test]
fn an_order_full_of_empty_texts_can_be_told_of() {
    let empty = |bytes: usize, n: u8| {
        let texts = vec![""; bytes - 40];
        let map = Map::from_iter([("n".to_owned(), json!(n)), ("a".to_owned(), json!(texts))]);
        assert!((bytes - 40..bytes).contains(&oms_domain::size::of_map(&map)));
        map
    };
    let mut order = ordered(0);
    order.lines.iter_mut().for_each(|line| line.extra_data = empty(4_096, 0));
    order = saved(&order, None).unwrap();
    for n in 1..40_u8 {
        let edit = Edit { extra_data: Some(empty(16_384, n)), ..Edit::default() };
        order = edited(&order, edit, &by(n.into())).unwrap();
    }
    can_be_ended(&order);
}

#[test]
fn an_order_is_edited_no_more_once_its_history_is_as_long_as_it_may_be_and_can_be_ended() {
    let mut order = ordered(0);
    order.lines.truncate(1);
    order = saved(&order, None).unwrap();
    let edits = (1..1_000_i64).find(|n| {
        let mut data = kept(16_384);
        data.insert("m".to_owned(), json!(n));
        data["n"] = json!("x".repeat(16_300));
        match edited(&order, Edit { extra_data: Some(data), ..Edit::default() }, &by(*n)) {
            Ok(next) => {
                order = next;
                false
            }
            Err(error) => matches!(error, TableError::TooLarge),
        }
    });
    assert!(edits.is_some_and(|edits| (200..400).contains(&edits)), "{edits:?}");
    can_be_ended(&order);
    assert!(after(&order, Step::Pay, 5_000).is_some_and(|paid| paid.payment_status.is_paid()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_becomes_of_the_largest_order_it_can_be_ended(
        steps in prop::collection::vec(
            prop::sample::select(vec![
                Step::Decline, Step::Pay, Step::GiveSomeBack, Step::GiveSomeBack, Step::Confirm, Step::Ship, Step::Rename,
            ]),
            1..40,
        )
    ) {
        let mut order = largest();
        for (step, at) in steps.into_iter().zip(1..) {
            order = after(&order, step, at).unwrap_or(order);
        }
        can_be_ended(&order);
    }
}
