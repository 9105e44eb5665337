//! What somebody may try to do to an order.

use crate::fixtures::{by, line, new_order, product, store};
use oms_domain::catalog::Product;
use oms_domain::edit::{Catalogue, Edit};
use oms_domain::lifecycle::{NewRefund, OrderChange, RefundOutcome, Shipment};
use oms_domain::lines::{LineEdit, PriceList};
use oms_domain::paying::NewPayment;
use oms_domain::payment::{AfterRefund, ChargeOutcome, PaymentProvider};
use oms_domain::place::{PlaceError, place};
use oms_domain::{Actor, Currency, Decimal, LineId, Order, RuleViolation, ShippingMethod, Status};
use proptest::prelude::*;
use serde_json::Map;

/// Something that somebody tries to do to an order.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Confirm,
    Process,
    Ship,
    SendOut,
    Deliver,
    Cancel { as_manager: bool },
    Write(Status),
    Pay,
    PayByHand,
    EditPayment,
    RemovePayment,
    Start,
    Finish { paid: bool },
    Refund { cents: Option<u16> },
    RefundOrder { restock: bool },
    FinishRefund { succeeds: bool },
    Replace { lines: Vec<(u128, u32)>, shipping: Option<ShippingMethod>, discount: Option<u8> },
    Note(u8),
    AddLine { product: u128, quantity: u32 },
    EditLine { which: prop::sample::Index, product: Option<u128>, quantity: Option<u32> },
    RemoveLine { which: prop::sample::Index },
    Rate { stars: u8 },
    Delete,
}

fn lines() -> impl Strategy<Value = Vec<(u128, u32)>> {
    prop::collection::vec((1u128..=3, 1u32..5), 1..4)
}

pub(crate) fn edit() -> impl Strategy<Value = Command> {
    let which = || any::<prop::sample::Index>();
    let method = prop::option::of(prop::sample::select(ShippingMethod::ALL));
    prop_oneof![
        (lines(), method, any::<Option<u8>>()).prop_map(|(lines, shipping, discount)| Command::Replace {
            lines,
            shipping,
            discount
        }),
        any::<u8>().prop_map(Command::Note),
        (1u128..=3, 1u32..5).prop_map(|(product, quantity)| Command::AddLine { product, quantity }),
        (which(), prop::option::of(1u128..=3), prop::option::of(1u32..5))
            .prop_map(|(which, product, quantity)| Command::EditLine { which, product, quantity }),
        which().prop_map(|which| Command::RemoveLine { which }),
    ]
}

pub(crate) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => Just(Command::Confirm),
        1 => Just(Command::Process),
        1 => Just(Command::Ship),
        1 => Just(Command::SendOut),
        1 => Just(Command::Deliver),
        1 => any::<bool>().prop_map(|as_manager| Command::Cancel { as_manager }),
        1 => prop::sample::select(Status::ALL).prop_map(Command::Write),
        2 => Just(Command::Pay),
        1 => Just(Command::PayByHand),
        1 => Just(Command::EditPayment),
        1 => Just(Command::RemovePayment),
        2 => Just(Command::Start),
        2 => any::<bool>().prop_map(|paid| Command::Finish { paid }),
        1 => any::<Option<u16>>().prop_map(|cents| Command::Refund { cents }),
        1 => any::<bool>().prop_map(|restock| Command::RefundOrder { restock }),
        1 => any::<bool>().prop_map(|succeeds| Command::FinishRefund { succeeds }),
        8 => edit(),
        1 => (1u8..=5).prop_map(|stars| Command::Rate { stars }),
    ]
}

fn products() -> Vec<Product> {
    let prices = (1..).zip([2999, 450, 1250]);
    prices.map(|(n, cents)| product(n, Decimal::new(cents, 2))).collect()
}

pub(crate) fn placed() -> Order {
    let store = store(Currency::USD, Decimal::new(1, 1), Decimal::TEN);
    place(new_order(store, vec![line(1, 2), line(2, 3)], Decimal::ZERO), &products(), false, &by(0))
        .expect("a good order")
}

fn line_at(order: &Order, which: &prop::sample::Index) -> LineId {
    order.lines[which.index(order.lines.len())].id
}

/// Other lines, and with them another way of sending them.
fn replacement(lines: &[(u128, u32)], shipping: Option<ShippingMethod>, discount: Option<u8>) -> Edit {
    Edit {
        lines: Some(lines.iter().map(|(product, quantity)| line(*product, *quantity)).collect()),
        shipping_method: shipping,
        discount_amount: discount.map(Decimal::from),
        ..Edit::default()
    }
}

/// Another product for a line, or more or less of it.
fn line_edit(product: Option<u128>, quantity: Option<u32>) -> LineEdit {
    let wanted = product.map(|product| line(product, 1));
    LineEdit {
        product: wanted.as_ref().map(|wanted| wanted.product),
        variant: wanted.map(|wanted| wanted.variant),
        quantity,
        ..LineEdit::default()
    }
}

/// Does it.
pub(crate) fn run(order: Order, command: &Command, by: &Actor) -> Result<OrderChange, PlaceError> {
    let last = order.payments.last().map(|payment| payment.id);
    let unpaid = RuleViolation::PaymentNotProcessable;
    let products = products();
    let prices = PriceList { products: &products, currency: Currency::USD, may_set_prices: false };
    Ok(match command {
        Command::Confirm => order.confirm(by)?.into(),
        Command::Process => order.process(by)?.into(),
        Command::Ship => order.ship(Shipment::default(), by)?.into(),
        Command::SendOut => order.send_out_for_delivery(by)?.into(),
        Command::Deliver => order.deliver(by)?.into(),
        Command::Cancel { as_manager } => order.cancel(*as_manager, "why not", by)?,
        Command::Write(status) => order.move_to(*status, true, by)?,
        Command::Pay => {
            let payment_method = oms_domain::PaymentMethod::CreditCard;
            let provider = PaymentProvider::Simulated;
            let new = NewPayment { payment_method, amount: None, payment_details: Map::new(), provider };
            order.add_payment(new, by)?.into()
        }
        Command::PayByHand => order.pay_manually(last.ok_or(unpaid)?, "R-1", by)?.into(),
        Command::EditPayment => {
            let details = Map::from_iter([("token".into(), "tok_decline".into())]);
            order.edit_payment(last.ok_or(unpaid)?, None, Some(details), by)?.into()
        }
        Command::RemovePayment => order.remove_payment(last.ok_or(unpaid)?, by)?.into(),
        Command::Start => order.start_payment(last.ok_or(unpaid)?, PaymentProvider::Simulated, by)?.into(),
        Command::Finish { paid } => {
            let outcome = if *paid {
                ChargeOutcome::Paid(Map::new())
            } else {
                ChargeOutcome::Declined(Map::new(), "No.".into())
            };
            order.finish_payment(last.ok_or(unpaid)?, outcome, by)?.into()
        }
        Command::Refund { cents } => {
            let amount = cents.map(|cents| Decimal::new(i64::from(cents), 2));
            let refund = NewRefund { amount, reason: String::new(), then: AfterRefund::Nothing };
            order.start_refund(last.ok_or(unpaid)?, refund, by)?.0
        }
        Command::RefundOrder { restock } => order.start_order_refund(*restock, "", by)?.0,
        Command::FinishRefund { succeeds } => {
            let pending = order.payments.iter().flat_map(|payment| payment.pending_refunds()).next();
            let id = pending.ok_or(unpaid)?.id;
            let outcome = if *succeeds { RefundOutcome::Succeeded } else { RefundOutcome::Refused };
            order.finish_refund(id, outcome, by)
        }
        Command::Replace { lines, shipping, discount } => {
            let edit = replacement(lines, *shipping, *discount);
            let store = store(Currency::USD, Decimal::new(2, 1), Decimal::TEN);
            order.edit(edit, &Catalogue { store: Some(&store), prices }, by)?
        }
        Command::Note(n) => {
            let edit = Edit { notes: Some(n.to_string()), ..Edit::default() };
            order.edit(edit, &Catalogue { store: None, prices }, by)?
        }
        Command::AddLine { product, quantity } => order.add_line(&line(*product, *quantity), prices, by)?.0,
        Command::EditLine { which, product, quantity } => {
            let id = line_at(&order, which);
            order.edit_line(id, line_edit(*product, *quantity), prices, by)?
        }
        Command::RemoveLine { which } => {
            let id = line_at(&order, which);
            order.remove_line(id, by)?
        }
        Command::Rate { stars } => order.rate(*stars, "so so", by)?.into(),
        Command::Delete => order.delete(by)?,
    })
}
