//! Amounts that somebody asks for are those of the currency, or refused: never rounded.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use oms_domain::edit::{Catalogue, Edit};
use oms_domain::lifecycle::NewRefund;
use oms_domain::lines::{LineEdit, PriceList};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{ChargeOutcome, PaymentProvider};
use oms_domain::place::{PlaceError, WantedLine, place};
use oms_domain::{Currency, Decimal, Order, PaymentMethod, RuleViolation};
use serde_json::Map;

/// An order of one piece at 100, in the currency of its store.
fn placed(currency: Currency, lines: Vec<WantedLine>, discount: Decimal) -> Result<Order, PlaceError> {
    let store = store(currency, Decimal::ZERO, Decimal::ZERO);
    place(new_order(store, lines, discount), &[product(1, Decimal::ONE_HUNDRED)], true, &by(0))
}

fn order(currency: Currency) -> Order {
    placed(currency, vec![line(1, 1)], Decimal::ZERO).expect("it is placed")
}

fn paying(order: Order, amount: Option<Decimal>) -> Result<Order, RuleViolation> {
    let payment_method = PaymentMethod::CreditCard;
    order.add_payment(
        NewPayment {
            payment_method,
            amount,
            payment_details: Map::new(),
            provider: PaymentProvider::Simulated,
        },
        &by(1),
    )
}

fn paid(currency: Currency) -> Order {
    let order = paying(order(currency), None).expect("a payment");
    let id = order.payments[0].id;
    let sent = order.start_payment(id, PaymentProvider::Simulated, &by(2)).expect("it is pending");
    sent.finish_payment(id, ChargeOutcome::Paid(Map::new()), &by(3)).expect("it was sent")
}

/// What is said of the field, if it is refused.
fn said<T>(result: Result<T, impl Into<PlaceError>>) -> Option<(&'static str, String)> {
    match result.err()?.into() {
        PlaceError::Lines { problems, .. } => Some((problems[0].field, problems[0].message.clone())),
        PlaceError::Refused(RuleViolation::Field { field, message }) => Some((field, message)),
        PlaceError::Refused(other) => panic!("{other}"),
    }
}

/// Every way to ask for an amount of an order.
fn asked(currency: Currency, amount: Decimal) -> [Option<(&'static str, String)>; 7] {
    let products = [product(1, Decimal::ONE_HUNDRED)];
    let prices = PriceList { products: &products, currency, may_set_prices: true };
    let catalogue = Catalogue { store: None, prices };
    let priced = || WantedLine { unit_price: Some(amount), ..line(1, 1) };
    let edit = |edit: Edit| order(currency).edit(edit, &catalogue, &by(1));
    let line_id = order(currency).lines[0].id;
    let payment = paid(currency).payments[0].id;
    [
        said(placed(currency, vec![line(1, 1)], amount)),
        said(placed(currency, vec![priced()], Decimal::ZERO)),
        said(edit(Edit { discount_amount: Some(amount), ..Edit::default() })),
        said(edit(Edit { lines: Some(vec![priced()]), ..Edit::default() })),
        said(order(currency).add_line(&priced(), prices, &by(1))),
        said(order(currency).edit_line(
            line_id,
            LineEdit { unit_price: Some(amount), ..LineEdit::default() },
            prices,
            &by(1),
        )),
        said(paid(currency).start_refund(
            payment,
            NewRefund { amount: Some(amount), ..NewRefund::default() },
            &by(4),
        )),
    ]
}

#[test]
fn an_amount_finer_than_its_currency_is_refused_wherever_one_is_asked_for() {
    let fields = [
        "discount_amount",
        "unit_price",
        "discount_amount",
        "unit_price",
        "unit_price",
        "unit_price",
        "amount",
    ];
    for (currency, digits) in [(Currency::JPY, 0), (Currency::USD, 2), (Currency::KWD, 3)] {
        let finest = Decimal::new(1, digits);
        let coarse = [finest, Decimal::ONE + finest, Decimal::new(5, digits), Decimal::from(7)];
        for amount in coarse {
            assert_eq!(asked(currency, amount), [const { None }; 7], "{amount} {currency:?}");
        }
        let message = format!("Ensure that there are no more than {digits} decimal places.");
        for amount in [Decimal::new(5, digits + 1), Decimal::ONE + Decimal::new(1, digits + 5)] {
            let expected = fields.map(|field| Some((field, message.clone())));
            assert_eq!(asked(currency, amount), expected, "{amount} {currency:?}");
            assert_eq!(said(paying(order(currency), Some(amount))), Some(("amount", message.clone())));
        }
    }
}
