//! What is left of an order whose customer was erased: its sums, its money and what happened to it,
//! and nothing that says who they are.

#[path = "histories/commands.rs"]
mod commands;
mod fixtures;

use commands::{Command, command, placed, run};
use fixtures::{at, by, line, new_order, product, store};
use jiff::tz::TimeZone;
use oms_domain::edit::{Catalogue, Edit};
use oms_domain::lifecycle::{NewRefund, OrderChange, RefundOutcome, Shipment};
use oms_domain::lines::PriceList;
use oms_domain::order_events::notices;
use oms_domain::paying::NewPayment;
use oms_domain::payment::{AfterRefund, ChargeOutcome, PaymentProvider};
use oms_domain::personal_data::{ERASED, PersonalData};
use oms_domain::place::{WantedLine, place};
use oms_domain::tally::tally;
use oms_domain::{
    Address, AddressId, ChangeKind, Currency, Decimal, Order, PaymentMethod, PaymentStatus, RuleViolation,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Stands in everything that a person may write.
const MARKER: &str = "Zz-marker";

fn marked() -> String {
    MARKER.to_owned()
}

fn map() -> Map<String, Value> {
    Map::from_iter([(MARKER.to_owned(), json!([{ "deep": MARKER }])), ("token".into(), json!(MARKER))])
}

fn address(n: u128) -> Address {
    Address {
        id: AddressId(Uuid::from_u128(n)),
        full_name: marked(),
        address_line1: marked(),
        address_line2: marked(),
        city: marked(),
        state: marked(),
        postal_code: marked(),
        country: "GB".into(),
        phone_number: marked(),
    }
}

fn marked_line(n: u128) -> WantedLine {
    WantedLine { notes: marked(), extra_data: map(), ..line(n, 2) }
}

/// An order whose customer, and whoever dealt with it, wrote as much as they could: also what was
/// replaced or taken out since.
fn told_everything() -> Order {
    let products = [product(1, Decimal::new(2999, 2)), product(2, Decimal::TEN)];
    let prices = PriceList { products: &products, currency: Currency::USD, may_set_prices: false };
    let catalogue = Catalogue { store: None, prices };
    let mut new =
        new_order(store(Currency::USD, Decimal::ZERO, Decimal::ONE), vec![marked_line(1)], Decimal::ZERO);
    new.user.username = marked();
    new.user.email = marked();
    new.user.first_name = marked();
    new.user.last_name = marked();
    (new.customer_id, new.notes, new.special_instructions) = (marked(), marked(), marked());
    (new.language, new.extra_data) = (marked(), map());
    (new.shipping_address, new.billing_address) = (address(1), Some(address(2)));
    let order = place(new, &products, false, &by(0)).expect("the rules allow it");
    let edit = Edit {
        notes: Some(format!("{MARKER} 2")),
        extra_data: Some(Map::from_iter([("new".into(), json!(MARKER))])),
        shipping_address: Some(address(3)),
        billing_address: Some(Some(address(4))),
        language: Some(format!("{MARKER} 2")),
        ..Edit::default()
    };
    let order = order.edit(edit, &catalogue, &by(1)).expect("the rules allow it").order;
    let (OrderChange { order, .. }, added) =
        order.add_line(&marked_line(2), prices, &by(2)).expect("the rules allow it");
    paid(order.remove_line(added, &by(3)).expect("the rules allow it").order)
}

/// The same, after a payment that was taken out and one that failed, at its end.
fn paid(mut order: Order) -> Order {
    let payment = || NewPayment {
        payment_method: PaymentMethod::CreditCard,
        amount: None,
        payment_details: map(),
        provider: PaymentProvider::Simulated,
    };
    let last = |order: &Order| order.payments.last().expect("the rules allow it").id;
    let answer = || {
        Map::from_iter([
            ("id".into(), json!("ch_1")),
            ("payer".into(), json!(MARKER)),
            ("card".into(), json!({ "last4": MARKER })),
        ])
    };
    order = order.add_payment(payment(), &by(4)).expect("the rules allow it");
    let (id, details) = (last(&order), Map::from_iter([("again".into(), json!(MARKER))]));
    order = order
        .edit_payment(id, None, Some(details), &by(5))
        .expect("the rules allow it")
        .remove_payment(id, &by(6))
        .expect("the rules allow it");
    for outcome in [ChargeOutcome::Declined(answer(), marked()), ChargeOutcome::Paid(answer())] {
        order = order.add_payment(payment(), &by(7)).expect("the rules allow it");
        let id = last(&order);
        order = order.start_payment(id, PaymentProvider::Simulated, &by(8)).expect("the rules allow it");
        order = order.finish_payment(id, outcome, &by(9)).expect("the rules allow it");
    }
    order = order
        .confirm(&by(10))
        .expect("the rules allow it")
        .ship(Shipment::default(), &by(11))
        .expect("the rules allow it");
    order = order
        .deliver(&by(12))
        .expect("the rules allow it")
        .rate(4, MARKER, &by(13))
        .expect("the rules allow it");
    refunded(order, 100, 14)
}

/// The same, with some cents paid back for a reason.
fn refunded(order: Order, cents: i64, second: i64) -> Order {
    let id = order.payments.last().expect("the rules allow it").id;
    let refund =
        NewRefund { amount: Some(Decimal::new(cents, 2)), reason: marked(), then: AfterRefund::Nothing };
    let (started, refund) = order.start_refund(id, refund, &by(second)).expect("the rules allow it");
    started.order.finish_refund(refund, RefundOutcome::Succeeded, &by(second + 1)).order
}

fn json_of(order: &Order) -> String {
    serde_json::to_string(order).expect("the rules allow it")
}

fn sums_of(order: &Order) -> (Decimal, Decimal, PaymentStatus, Decimal) {
    let refunded = order.payments.iter().map(|payment| payment.refunded_amount()).sum();
    (order.subtotal, order.total_amount, order.payment_status, refunded)
}

#[test]
fn nothing_that_a_person_wrote_is_left_in_an_order_nor_in_what_it_was() {
    let order = told_everything();
    assert!(json_of(&order).matches(MARKER).count() > 60, "{}", json_of(&order));
    let erased = order.clone().erase(&by(20)).unwrap();
    assert_eq!(erased.version, order.version + 1);
    assert!(!json_of(&erased).contains(MARKER), "{}", json_of(&erased));
    for version in 1..=erased.version {
        let then = erased.as_of(version).unwrap();
        assert!(!json_of(&then).contains(MARKER));
        let before = order.as_of(version.min(order.version)).unwrap();
        assert_eq!((then.status, sums_of(&then)), (before.status, sums_of(&before)), "version {version}");
        assert_eq!(then.lines.len(), before.lines.len());
    }
    for change in erased.history() {
        assert!(!serde_json::to_string(&change).unwrap().contains(MARKER), "{change:?}");
    }
    assert_eq!((erased.user.username.as_str(), erased.user.id.0.as_str()), (ERASED, "ada"));
    assert_eq!((erased.shipping_address.country.as_str(), erased.rating.as_ref().unwrap().stars), ("GB", 4));
    let paid = erased.payments.last().unwrap();
    assert_eq!(paid.gateway_response, Map::from_iter([("id".into(), json!("ch_1"))]));
}

#[test]
fn an_erasure_counts_for_nothing_is_told_to_nobody_and_says_nothing() {
    let order = told_everything();
    let erased = order.clone().erase(&by(20)).unwrap();
    let change = erased.log.last().unwrap();
    assert_eq!(
        (change.action, change.by.0.as_str(), change.reason.as_str()),
        (ChangeKind::Erase, "clerk", "")
    );
    assert_eq!(change.changes.keys().collect::<Vec<_>>(), ["erased_at"]);
    assert!(notices(&erased, change).is_empty());
    assert_eq!(tally(Some(&order), &erased, &TimeZone::UTC).iter().count(), 0);
    let whole = |order: &Order| tally(None, order, &TimeZone::UTC);
    assert!(whole(&order).iter().eq(whole(&erased).iter()));
    assert_eq!(sums_of(&erased), sums_of(&order));
    assert_eq!(erased.clone().erase(&by(30)).unwrap(), erased, "the second time nothing is left to do");
}

#[test]
fn the_logs_json_is_erased_as_the_order_is() {
    let mut order = told_everything();
    order.log.clear();
    let mut json = serde_json::to_value(&order).unwrap();
    Order::erase_json(&mut json);
    PersonalData::erase(&mut order);
    let typed = serde_json::to_value(&order).unwrap();
    assert_eq!(json, typed);
    let mut unknown = json!({ "id": order.user.id, "nickname": MARKER });
    oms_domain::User::erase_json(&mut unknown);
    assert_eq!(unknown, json!({ "id": "ada" }));
}

#[test]
fn the_older_half_of_a_log_is_erased_by_itself_and_leads_back_as_before() {
    let mut order = told_everything();
    for n in 0..70 {
        let edit = Edit { notes: Some(format!("{MARKER} {n}")), ..Edit::default() };
        let prices = PriceList { products: &[], currency: Currency::USD, may_set_prices: false };
        order = order.edit(edit, &Catalogue { store: None, prices }, &by(30 + n)).unwrap().order;
    }
    let (order, mut older) = order.trimmed();
    assert!(!older.is_empty());
    older.iter_mut().for_each(|change| change.erase());
    let mut erased = order.erase(&by(200)).unwrap();
    erased.recall(older);
    assert!(erased.log_reaches(0) && !json_of(&erased).contains(MARKER));
    assert_eq!(erased.as_of(1).unwrap().lines.len(), 1);
}

#[test]
fn an_erased_order_takes_nothing_more_that_people_write_but_its_money_moves() {
    let erased = told_everything().erase(&by(20)).unwrap();
    let prices = PriceList { products: &[], currency: Currency::USD, may_set_prices: false };
    let edit = Edit { notes: Some(marked()), ..Edit::default() };
    let edited = erased.clone().edit(edit, &Catalogue { store: None, prices }, &by(21));
    assert_eq!(edited, Err(RuleViolation::Erased.into()));
    assert_eq!(placed_unpaid().rate(3, MARKER, &by(21)), Err(RuleViolation::Erased));
    let new = NewPayment {
        payment_method: PaymentMethod::CreditCard,
        amount: None,
        payment_details: map(),
        provider: PaymentProvider::Simulated,
    };
    assert_eq!(placed_unpaid().add_payment(new.clone(), &by(21)), Err(RuleViolation::Erased));
    let manual = NewPayment { payment_details: Map::new(), ..new };
    assert!(placed_unpaid().add_payment(manual, &by(21)).is_ok());

    let back = refunded(erased.clone(), 250, 22);
    assert_eq!(back.payments.last().unwrap().refunded_amount(), Decimal::new(350, 2));
    assert!(!json_of(&back).contains(MARKER), "the reason of the refund is not kept");
    let (closing, refund) = back.start_order_refund(false, MARKER, &by(30)).unwrap();
    let closed = closing.order.finish_refund(refund, RefundOutcome::Succeeded, &by(31)).order;
    assert_eq!(closed.payment_status, PaymentStatus::Refunded);
    assert!(!json_of(&closed).contains(MARKER));
}

/// A delivered order that nobody has paid, erased.
fn placed_unpaid() -> Order {
    let order = placed()
        .confirm(&by(1))
        .expect("the rules allow it")
        .ship(Shipment::default(), &by(2))
        .expect("the rules allow it");
    order.deliver(&by(3)).expect("the rules allow it").erase(&by(4)).expect("the rules allow it")
}

#[test]
fn an_order_is_erased_once_its_goods_and_its_money_have_come_to_rest() {
    let refused = |order: Order| assert_eq!(order.erase(&by(50)), Err(RuleViolation::NotAtRest));
    let order = placed();
    refused(order.clone());
    assert!(order.clone().delete(&by(1)).unwrap().order.erase(&by(50)).is_ok());
    assert!(order.clone().cancel(true, MARKER, &by(1)).unwrap().order.erase(&by(50)).is_ok());
    let confirmed = order.confirm(&by(1)).unwrap();
    refused(confirmed.clone());
    let shipped = confirmed.ship(Shipment::default(), &by(2)).unwrap();
    refused(shipped.clone());
    let delivered = shipped.deliver(&by(3)).unwrap();
    assert!(delivered.clone().erase(&by(50)).is_ok());

    let delivered = told_everything();
    let id = delivered.payments.last().unwrap().id;
    let refund = NewRefund { amount: None, reason: String::new(), then: AfterRefund::Nothing };
    let (refunding, refund) = delivered.clone().start_refund(id, refund, &by(21)).unwrap();
    refused(refunding.order.clone());
    let failed = refunding.order.finish_refund(refund, RefundOutcome::Refused, &by(22)).order;
    refused(failed.clone());
    assert!(failed.dismiss_attention(id, &by(23)).erase(&by(50)).is_ok());
    assert_eq!(delivered.erase(&by(60)).unwrap().erased_at, Some(at(60)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happened_to_an_order_its_erasure_changes_no_figure_and_its_log_leads_back(
        commands in prop::collection::vec((command(), 1i64..100_000), 0..40),
        is_deleted in any::<bool>(),
        then in prop::collection::vec((command(), 1i64..100_000), 0..10),
    ) {
        let mut commands = commands;
        commands.extend(is_deleted.then_some((Command::Delete, 1)));
        let mut order = placed();
        order.user.email = marked();
        let mut second = 0;
        for (command, pause) in &commands {
            second += pause;
            order = run(order.clone(), command, &by(second)).map_or(order, |changed| changed.order);
        }
        let Ok(erased) = order.clone().erase(&by(5_000_000)) else {
            prop_assert!(!order.is_at_rest());
            return Ok(());
        };
        prop_assert_eq!(tally(Some(&order), &erased, &TimeZone::UTC).iter().count(), 0);
        prop_assert_eq!(sums_of(&erased), sums_of(&order));
        let mut now = erased;
        for (command, pause) in &then {
            second += pause;
            now = run(now.clone(), command, &by(6_000_000 + second)).map_or(now, |changed| changed.order);
        }
        for version in 1..=now.version {
            let state = now.as_of(version);
            prop_assert!(state.is_some(), "version {}", version);
            let json = json_of(&state.unwrap());
            for written in [MARKER, "why not", "so so", "1 Row", "tok_decline"] {
                prop_assert!(!json.contains(written), "{written}: {json}");
            }
        }
        prop_assert!(now.history().len() == now.log.len());
    }
}
