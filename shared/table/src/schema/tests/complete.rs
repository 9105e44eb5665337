//! An order that has everything that an order can have, so that its item shows every field.

use jiff::Timestamp;
use oms_domain::attention::Dispute;
use oms_domain::catalog::{Product, ProductStatus, Store, StoreStatus, Variant};
use oms_domain::edit::{Catalogue, Edit};
use oms_domain::lifecycle::{NewRefund, RefundOutcome, Shipment};
use oms_domain::lines::PriceList;
use oms_domain::order::StoreSnapshot;
use oms_domain::paying::NewPayment;
use oms_domain::payment::{ChargeOutcome, PaymentProvider};
use oms_domain::place::{NewOrder, WantedLine, place};
use oms_domain::unpaid::UnpaidLimits;
use oms_domain::{
    Actor, Address, AddressId, Currency, Decimal, JobId, Line, Order, OrderId, PaymentMethod, ProductId,
    ShippingMethod, StoreId, User, UserId, VariantId,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The tokens of its last saves, by version.
pub(super) const TOKENS: [(u64, u32); 3] = [(9, 900_009), (10, 41), (11, 4_000_000_000)];

fn by(second: i64) -> Actor {
    Actor { id: UserId("ada".into()), at: Timestamp::from_second(1_800_000_000 + second).unwrap() }
}

fn extra(value: Value) -> Map<String, Value> {
    Map::from_iter([("gift".to_owned(), value)])
}

fn product(n: u128, variants: Vec<Variant>) -> Product {
    Product {
        id: ProductId(Uuid::from_u128(100 + n)),
        store: StoreId(Uuid::from_u128(1)),
        name: format!("Product {n}"),
        slug: format!("product-{n}"),
        sku: format!("SKU-{n}"),
        description: String::new(),
        base_price: Decimal::new(2_000, 2),
        current_price: Decimal::new(1_500, 2),
        status: ProductStatus::Active,
        variants,
        created_at: by(0).at,
        updated_at: by(0).at,
    }
}

fn address(street: &str) -> Address {
    Address {
        id: AddressId(Uuid::from_u128(9)),
        full_name: "Ada Lovelace".into(),
        address_line1: street.into(),
        address_line2: "Flat 2".into(),
        city: "London".into(),
        state: "Greater London".into(),
        postal_code: "SW1Y 4JH".into(),
        country: "GB".into(),
        phone_number: "+44 20 7946 0000".into(),
    }
}

/// The order after a life that leaves a trace of everything.
pub(super) fn complete() -> Order {
    let blue = Variant {
        id: VariantId(Uuid::from_u128(201)),
        name: "Blue".into(),
        sku: "SKU-1-B".into(),
        current_price: Decimal::new(1_600, 2),
    };
    let products = [product(1, vec![blue]), product(2, Vec::new()), product(3, Vec::new())];
    let line = |n: u128, variant| WantedLine {
        product: ProductId(Uuid::from_u128(100 + n)),
        variant,
        quantity: 2,
        unit_price: None,
        notes: format!("Line {n}"),
        extra_data: extra(json!({"wrap": [1, 2.5, null, true]})),
    };
    let lines = vec![line(1, Some(VariantId(Uuid::from_u128(201)))), line(2, None), line(3, None)];
    let order = place(new_order(lines), &products, true, &by(0)).unwrap();
    let prices = PriceList { products: &products, currency: Currency::USD, may_set_prices: true };
    let edit = Edit { notes: Some("Ring once.".into()), ..Edit::default() };
    let order = order.edit(edit, &Catalogue { store: None, prices }, &by(1)).unwrap().order;
    let third = order.lines[2].id;
    let order = order.remove_line(third, &by(2)).unwrap().order;
    let payment = NewPayment {
        payment_method: PaymentMethod::CreditCard,
        amount: None,
        payment_details: extra(json!("tok_visa")),
        provider: PaymentProvider::Stripe,
    };
    let order = order.add_payment(payment, &by(3)).unwrap();
    let paid = order.payments[0].id;
    let order = order.start_payment(paid, PaymentProvider::Stripe, &by(4)).unwrap();
    let answer = Map::from_iter([("id".to_owned(), json!("pi_1"))]);
    let order = order.finish_payment(paid, ChargeOutcome::Paid(answer), &by(5)).unwrap();
    let refund =
        NewRefund { amount: Some(Decimal::new(100, 2)), reason: "A scratch".into(), ..NewRefund::default() };
    let (started, refund) = order.start_refund(paid, refund, &by(6)).unwrap();
    let order = started.order.finish_refund(refund, RefundOutcome::Succeeded, &by(7)).order;
    let dispute = Dispute::new("dp_1", "needs_response", "fraudulent", Decimal::new(500, 2));
    let order = order.record_dispute(paid, dispute, &by(8));
    let order = order.confirm(&by(9)).unwrap();
    let shipment =
        Shipment { tracking_number: Some("1Z999".into()), estimated_delivery: Some(by(90_000).at) };
    let order = order.ship(shipment, &by(10)).unwrap();
    let order = order.deliver(&by(11)).unwrap();
    let mut order = order.rate(4, "Good", &by(12)).unwrap();
    // What one order cannot have all at once.
    order.cancelled_at = Some(by(13).at);
    order.erased_at = Some(by(14).at);
    order.payment_reference = "INV-1".into();
    order.payments_made = 1;
    if let Some(last) = order.log.last_mut() {
        last.reason = "Because".into();
        last.job = Some(JobId(Uuid::from_u128(77)));
    }
    every_field_is_there(&order);
    order
}

fn new_order(lines: Vec<WantedLine>) -> NewOrder {
    let store = Store {
        id: StoreId(Uuid::from_u128(1)),
        name: "Engines".into(),
        slug: "engines".into(),
        description: "Of all kinds".into(),
        owner: None,
        currency: Currency::USD,
        tax_rate: Decimal::new(1, 1),
        shipping_costs: BTreeMap::new(),
        status: StoreStatus::Active,
        unpaid_limits: UnpaidLimits { minutes: Some(60), manual_minutes: Some(120) },
        created_at: by(0).at,
        updated_at: by(0).at,
    };
    NewOrder {
        id: OrderId::from_fresh(Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_1234)),
        order_number: "ORD-20270115-0001".into(),
        user: User {
            id: by(0).id,
            username: "ada".into(),
            email: "ada@example.com".into(),
            first_name: "Ada".into(),
            last_name: "Lovelace".into(),
        },
        store,
        lines,
        customer_id: "C-1".into(),
        payment_method: PaymentMethod::CreditCard,
        shipping_address: address("12 St James's Square"),
        billing_address: Some(address("13 St James's Square")),
        shipping_method: ShippingMethod::Express,
        currency: None,
        discount_amount: Decimal::new(150, 2),
        notes: "Ring twice.".into(),
        special_instructions: "Leave it with Charles.".into(),
        language: "en-GB".into(),
        extra_data: extra(json!(1)),
    }
}

/// A field that an order gets one day is missed here by the compiler: give it a value above, and
/// the shape that has it a number.
#[rustfmt::skip]
fn every_field_is_there(order: &Order) {
    let Order {
        id: _, version: _, order_number: _, user: User { id: _, username: _, email: _, first_name: _, last_name: _ },
        store: StoreSnapshot { id: _, name: _, slug: _, description: _ }, customer_id: _, status: _,
        status_since: _, payment_status: _, payment_method: _, payment_reference: _, subtotal: _, tax_rate: _,
        tax_amount: _, shipping_cost: _, discount_amount: _, total_amount: _, currency: _,
        shipping_address: _, billing_address: Some(_), shipping_method: _, tracking_number: _,
        estimated_delivery: Some(_), notes: _, special_instructions: _, language: _, extra_data: _,
        created_at: _, updated_at: _, confirmed_at: Some(_), shipped_at: Some(_), delivered_at: Some(_),
        cancelled_at: Some(_), deleted_at: None, erased_at: Some(_), unpaid_limits: _, rating: Some(_), lines, lines_made: _,
        payments, payments_made: _, log, stored: _,
    } = order else {
        panic!("something is missing: {order:#?}");
    };
    let [Line { variant: Some(_), .. }, Line { variant: None, .. }] = &lines[..] else {
        panic!("it has other lines: {lines:#?}");
    };
    assert_eq!((payments.len(), payments[0].refunds.len()), (1, 1));
    assert!(log.len() as u64 == order.version, "the whole log is there");
}
