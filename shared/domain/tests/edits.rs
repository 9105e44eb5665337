//! What may be changed of an order, until when, and what it then costs.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use jiff::tz::TimeZone;
use oms_domain::catalog::{Product, Store};
use oms_domain::edit::{Catalogue, Edit};
use oms_domain::lifecycle::{OrderChange, Shipment};
use oms_domain::lines::{LineEdit, PriceList};
use oms_domain::paying::NewPayment;
use oms_domain::payment::PaymentProvider;
use oms_domain::place::{LineProblem, PlaceError, StockMove, WantedLine, place};
use oms_domain::tally::{Counter, Scope, tally};
use oms_domain::{
    Currency, Decimal, Error, FieldChange, Order, OrderId, PaymentMethod, ProductId, RuleViolation,
    ShippingMethod, Status, StoreId, Stored, VariantId,
};
use serde_json::{Map, json};
use uuid::Uuid;

fn cents(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

fn mugs() -> Store {
    store(Currency::USD, Decimal::new(1, 1), cents(1000))
}

/// Two mugs at 10.00 and one at 5.00: 25.00, tax 2.50, shipping 10.00.
fn placed() -> Order {
    let products = [product(1, cents(1000)), product(2, cents(500))];
    let new = new_order(mugs(), vec![line(1, 2), line(2, 1)], Decimal::ZERO);
    place(new, &products, false, &by(0)).expect("a good order")
}

fn wants(lines: Vec<WantedLine>) -> Edit {
    Edit { lines: Some(lines), ..Edit::default() }
}

/// Edits as a customer may, with prices that have doubled since.
fn edit(order: Order, edit: Edit) -> Result<OrderChange, PlaceError> {
    let products = [product(1, cents(2000)), product(2, cents(1000)), product(3, cents(100))];
    let prices = PriceList { products: &products, currency: Currency::USD, may_set_prices: false };
    order.edit(edit, &Catalogue { store: Some(&mugs()), prices }, &by(60))
}

fn paying(order: Order) -> Order {
    let payment_method = PaymentMethod::CreditCard;
    let new = NewPayment {
        payment_method,
        amount: None,
        payment_details: Map::new(),
        provider: PaymentProvider::Simulated,
    };
    order.add_payment(new, &by(1)).expect("a payment")
}

fn sent(order: Order) -> Order {
    let payment = paying(order);
    let id = payment.payments[0].id;
    payment.start_payment(id, PaymentProvider::Simulated, &by(2)).expect("it is pending")
}

fn taken(n: u128, quantity: i64) -> StockMove {
    let (product, variant) = (ProductId(Uuid::from_u128(100 + n)), VariantId(Uuid::from_u128(200 + n)));
    StockMove { product, variant: Some(variant), quantity }
}

#[test]
fn an_order_of_before_keeps_what_it_has_for_its_store() {
    let mut order = edit(placed(), wants(vec![line(1, 1)])).unwrap().order;
    order.stored = Stored::new(7_u8);
    assert_eq!(order.as_of(1).unwrap().stored.get::<u8>(), Some(&7));
}

#[test]
fn what_was_sold_keeps_its_price_and_its_id_and_the_rest_is_new() {
    let order = placed();
    let kept = order.lines[1].clone();
    let OrderChange { order, stock } = edit(order, wants(vec![line(3, 4), line(2, 3)])).unwrap();
    let lines: Vec<_> =
        order.lines.iter().map(|line| (line.id.number(), line.quantity, line.unit_price)).collect();
    assert_eq!(lines, [(2, 3, cents(500)), (3, 4, cents(100))]);
    assert_eq!(order.lines[0].product, kept.product);
    assert_eq!(stock, [taken(1, 2), taken(2, -2), taken(3, -4)]);
    assert_eq!((order.subtotal, order.total_amount), (cents(1900), cents(1900 + 190 + 1000)));
}

#[test]
fn a_price_that_is_not_ours_is_told_where_it_stands() {
    let priced = |n, price| WantedLine { unit_price: Some(cents(price)), ..line(n, 1) };
    let refused = edit(placed(), wants(vec![priced(1, 1000), priced(2, 1000), priced(3, 99), line(3, 1)]));
    let problem = |index, price: &str| {
        let message = format!("The price is now {price}.");
        LineProblem { index, field: "unit_price", message }
    };
    let problems = vec![problem(1, "5.00"), problem(2, "1.00")];
    let refused = refused.unwrap_err();
    assert_eq!(refused, PlaceError::Lines { wanted: 4, problems });
    // DRF's shape tells of each line, also of those after the last wrong one.
    let Error::Invalid(details) = Error::from(refused) else { panic!("it is a refusal of fields") };
    let told = |price: &str| json!({ "unit_price": [format!("The price is now {price}.")] });
    assert_eq!(details, json!({ "items": [{}, told("5.00"), told("1.00"), {}] }));
}

#[test]
fn a_pending_payment_follows_and_a_sent_one_stands_in_the_way() {
    let order = edit(paying(placed()), wants(vec![line(1, 1)])).unwrap().order;
    assert_eq!((order.total_amount, order.payments[0].amount), (cents(2100), cents(2100)));
    let refused = |wanted| edit(sent(placed()), wanted).unwrap_err();
    assert_eq!(refused(wants(vec![line(1, 1)])), PlaceError::Refused(RuleViolation::ItemsPaidFor));
    let express = Edit { shipping_method: Some(ShippingMethod::Express), ..Edit::default() };
    assert!(matches!(
        refused(express),
        PlaceError::Refused(RuleViolation::Field { field: "shipping_method", .. })
    ));
    let discount = Edit { discount_amount: Some(cents(1)), ..Edit::default() };
    assert!(matches!(
        refused(discount),
        PlaceError::Refused(RuleViolation::Field { field: "discount_amount", .. })
    ));
}

#[test]
fn once_accepted_an_order_takes_back_what_was_read_of_it_and_nothing_else() {
    let accepted = placed().confirm(&by(1)).unwrap();
    let read = Edit { store: Some(accepted.store.id), ..wants(vec![line(1, 2), line(2, 1)]) };
    assert_eq!(edit(accepted.clone(), read).unwrap(), OrderChange::from(accepted.clone()));
    let fewer = edit(accepted.clone(), wants(vec![line(1, 2)])).unwrap_err();
    assert_eq!(fewer, PlaceError::Refused(RuleViolation::ItemsFixed));
    // How it travels may change until it does.
    let overnight = Edit { shipping_method: Some(ShippingMethod::Overnight), ..Edit::default() };
    let order = edit(accepted, overnight.clone()).unwrap().order;
    assert_eq!((order.shipping_cost, order.total_amount), (cents(5000), cents(7750)));
    let shipped = placed().confirm(&by(1)).unwrap().ship(Shipment::default(), &by(2)).unwrap();
    assert!(edit(shipped, overnight).is_err());
}

/// What was agreed with one vendor, such as a discount, must not reach another's store.
#[test]
fn an_order_stays_in_its_store_in_every_status() {
    let there = Store { id: StoreId(Uuid::from_u128(2)), ..mugs() };
    let cups = [Product { store: there.id, ..product(7, cents(1)) }];
    let prices = PriceList { products: &cups, currency: Currency::USD, may_set_prices: true };
    let words = "An order cannot move to another store.".to_owned();
    for status in Status::ALL {
        let order = Order { status: *status, ..placed() };
        for lines in [None, Some(vec![line(7, 1)])] {
            let elsewhere = Edit { store: Some(there.id), lines, ..Edit::default() };
            let refused = order.clone().edit(elsewhere, &Catalogue { store: Some(&there), prices }, &by(1));
            let refusal = RuleViolation::Field { field: "store", message: words.clone() };
            assert_eq!(refused, Err(PlaceError::Refused(refusal)), "{status}");
        }
    }
}

/// Orders could move between stores once; what they were is still in their logs.
#[test]
fn a_log_that_holds_a_change_of_stores_is_still_read() {
    let before = placed();
    let mut moved =
        edit(before.clone(), Edit { notes: Some("Moved".into()), ..Edit::default() }).unwrap().order;
    let there = Store { id: StoreId(Uuid::from_u128(2)), ..mugs() }.snapshot();
    let stored = |store| serde_json::to_value(store).unwrap();
    let change = FieldChange { from: stored(&before.store), to: stored(&there) };
    moved.log[1].changes.insert("store".into(), change);
    moved.store = there;
    assert_eq!(moved.as_of(1), Some(before.clone()));
    assert_eq!(moved.history()[1].changes["store"].from["id"], before.store.id.0.to_string());
    let counted = tally(moved.as_of(1).as_ref(), &moved, &TimeZone::UTC);
    let orders = |id| counted.of(&Scope::Store(id)).find(|(cell, _)| *cell == Counter::Lines).map(|(_, n)| n);
    assert_eq!(orders(before.store.id), Some(Decimal::from(-2)));
    assert_eq!(orders(moved.store.id), Some(Decimal::TWO));
}

/// What a client read it may send back, whatever order it keeps its lines in, with prices or
/// without.
#[test]
fn the_same_lines_in_another_order_are_no_change() {
    let products = [product(1, cents(1000)), product(2, cents(500))];
    let priced = |n, quantity, price| WantedLine { unit_price: Some(cents(price)), ..line(n, quantity) };
    // The same mug at three prices, as those who run the store may sell it.
    let mugs_of = vec![priced(1, 2, 1000), priced(1, 2, 800), line(2, 1), priced(1, 1, 700)];
    let placed = place(new_order(mugs(), mugs_of.clone(), Decimal::ZERO), &products, true, &by(0)).unwrap();
    let sent_back = [
        mugs_of.iter().rev().cloned().collect(),
        vec![line(1, 2), line(1, 1), priced(1, 2, 1000), line(2, 1)],
        vec![line(1, 1), line(2, 1), line(1, 2), line(1, 2)],
    ];
    for order in [placed.clone(), placed.clone().confirm(&by(1)).unwrap(), sent(placed)] {
        for wanted in &sent_back {
            let prices = PriceList { products: &products, currency: Currency::USD, may_set_prices: true };
            let catalogue = Catalogue { store: Some(&mugs()), prices };
            let edited = order.clone().edit(wants(wanted.clone()), &catalogue, &by(60)).unwrap();
            assert_eq!(edited, OrderChange::from(order.clone()), "{wanted:?}");
        }
    }
    let other = vec![line(1, 2), line(1, 2), line(2, 2), line(1, 1)];
    assert!(edit(placed_and_confirmed(), wants(other)).is_err());
}

fn placed_and_confirmed() -> Order {
    placed().confirm(&by(1)).expect("it is pending")
}

/// Stores could turn to another currency once. Their open orders stay in the old one.
#[test]
fn nothing_of_another_currency_is_taken_into_an_order() {
    let turned = store(Currency::JPY, cents(10), cents(250_000));
    let products = [product(1, cents(150_000)), product(2, cents(500)), product(3, cents(100))];
    let prices = PriceList { products: &products, currency: Currency::JPY, may_set_prices: true };
    let catalogue = Catalogue { store: Some(&turned), prices };
    let edit = |edit| placed().edit(edit, &catalogue, &by(1));
    let words = "The store sells in JPY now, and this order is in USD.".to_owned();
    for (lines, index, field) in [
        (vec![line(1, 2), line(2, 1), line(3, 1)], 2, "product"),
        (vec![line(1, 2), line(2, 2)], 1, "quantity"),
    ] {
        let problems = vec![LineProblem { index, field, message: words.clone() }];
        let wanted = lines.len();
        assert_eq!(edit(wants(lines)), Err(PlaceError::Lines { wanted, problems }));
    }
    let express = Edit { shipping_method: Some(ShippingMethod::Express), ..Edit::default() };
    let refusal = RuleViolation::Field { field: "shipping_method", message: words.clone() };
    assert_eq!(edit(express), Err(PlaceError::Refused(refusal)));
    let refusal = RuleViolation::Field { field: "product", message: words };
    assert_eq!(placed().add_line(&line(3, 1), prices, &by(1)), Err(refusal));
    let fewer = edit(wants(vec![line(1, 1)])).unwrap().order;
    assert_eq!((fewer.currency, fewer.lines[0].unit_price), (Currency::USD, cents(1000)));
}

#[test]
fn a_discount_is_never_more_than_there_is_to_take_off() {
    let discounted =
        |order, amount| edit(order, Edit { discount_amount: Some(cents(amount)), ..Edit::default() });
    let order = discounted(placed(), 3500).unwrap().order;
    assert_eq!((order.tax_amount, order.total_amount), (cents(0), cents(0)));
    assert!(discounted(placed(), 3501).is_err());
    assert!(edit(order, wants(vec![line(2, 1)])).is_err());
}

#[test]
fn a_line_that_becomes_something_else_gets_its_price_and_the_last_one_stays() {
    let products = [product(3, cents(100))];
    let prices = PriceList { products: &products, currency: Currency::USD, may_set_prices: false };
    let order = placed();
    let (first, second) = (order.lines[0].id, order.lines[1].id);
    let other = line(3, 1);
    let to_other =
        LineEdit { product: Some(other.product), variant: Some(other.variant), ..LineEdit::default() };
    let OrderChange { order, stock } = order.edit_line(first, to_other, prices, &by(1)).unwrap();
    assert_eq!((order.lines[0].id, order.lines[0].unit_price), (first, cents(100)));
    assert_eq!(stock, [taken(1, 2), taken(3, -2)]);
    let order = order.remove_line(first, &by(2)).unwrap().order;
    assert_eq!(order.clone().remove_line(second, &by(3)), Err(RuleViolation::LastLine));
    let (OrderChange { order, .. }, added) = order.add_line(&other, prices, &by(4)).unwrap();
    assert_eq!(added, OrderId::line(order.id, 3));
}

/// An order with three lines of one kind, of which two differ in what their customer says alone.
fn alike() -> (Order, Vec<WantedLine>) {
    let data = |n: u8| Map::from_iter([("n".to_owned(), n.into())]);
    let said = |notes: &str, n: u8| WantedLine { notes: notes.into(), extra_data: data(n), ..line(1, 1) };
    let lines = vec![said("Red", 1), said("Blue", 2), line(1, 1)];
    let products = [product(1, cents(1000))];
    let order = place(new_order(mugs(), lines.clone(), Decimal::ZERO), &products, false, &by(0));
    (order.expect("a good order"), lines)
}

#[test]
fn what_is_said_of_fixed_lines_is_refused_where_it_is_something_else() {
    let (order, lines) = alike();
    let confirmed = order.clone().confirm(&by(10)).unwrap();
    let other_notes = |line: &mut WantedLine| line.notes = "Green".into();
    let other_data = |line: &mut WantedLine| {
        line.extra_data.insert("n".to_owned(), 3.into());
    };
    for (order, refusal) in
        [(confirmed, RuleViolation::ItemsFixed), (sent(order), RuleViolation::ItemsPaidFor)]
    {
        for change in [&other_notes as &dyn Fn(&mut WantedLine), &other_data] {
            for which in 0..3 {
                let mut wanted = lines.clone();
                change(&mut wanted[which]);
                let refused = edit(order.clone(), wants(wanted)).unwrap_err();
                assert_eq!(refused, PlaceError::Refused(refusal.clone()));
            }
        }
    }
}

#[test]
fn what_was_read_of_fixed_lines_can_be_sent_back_in_any_order_and_without_what_is_said() {
    let (order, lines) = alike();
    let confirmed = order.confirm(&by(10)).unwrap();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let mut wanted: Vec<WantedLine> = order.iter().map(|at| lines[*at].clone()).collect();
        let same = edit(confirmed.clone(), wants(wanted.clone())).unwrap().order;
        assert_eq!(same, confirmed);
        // What is left out says nothing.
        wanted.iter_mut().for_each(|line| line.notes.clear());
        assert_eq!(edit(confirmed.clone(), wants(wanted)).unwrap().order, confirmed);
    }
    let bare = edit(confirmed.clone(), wants(vec![line(1, 1), line(1, 1), line(1, 1)]));
    assert_eq!(bare.unwrap().order, confirmed);
}

#[test]
fn lines_keep_their_ids_whatever_order_they_come_back_in_while_they_may_change() {
    let (order, lines) = alike();
    let wanted = vec![lines[2].clone(), lines[1].clone(), lines[0].clone()];
    assert_eq!(edit(order.clone(), wants(wanted)).unwrap().order, order);
}
