//! Random lives of orders: whatever is done to them, the log tells the truth and the sums agree.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use oms_domain::catalog::{Product, ProductStatus, Store, StoreStatus, Variant};
use oms_domain::lifecycle::{NewRefund, RefundOutcome, Shipment};
use oms_domain::money::digits;
use oms_domain::order::MAX_LINES;
use oms_domain::payment::{AfterRefund, ChargeOutcome, NewPayment};
use oms_domain::place::{NewOrder, StockMove, WantedLine, place};
use oms_domain::tally::{Cell, Scope, Tally, tally};
use oms_domain::{
    Actor, Address, AddressId, Currency, Decimal, Order, OrderId, PaymentMethod, PaymentStatus,
    ProductId, Refusal, RefundState, ShippingMethod, Status, StoreId, User, UserId, VariantId,
};
use proptest::prelude::*;
use serde_json::Map;
use std::collections::BTreeMap;
use uuid::Uuid;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn by(second: i64) -> Actor {
    Actor { id: UserId("clerk".into()), at: at(second) }
}

fn store(currency: Currency, tax_rate: Decimal, shipping: Decimal) -> Store {
    Store {
        id: StoreId(Uuid::from_u128(1)),
        name: "Mugs".into(),
        slug: "mugs".into(),
        description: String::new(),
        owner: None,
        currency,
        tax_rate,
        shipping_costs: BTreeMap::from([(ShippingMethod::Standard, shipping)]),
        status: StoreStatus::Active,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn product(n: u128, price: Decimal) -> Product {
    Product {
        id: ProductId(Uuid::from_u128(100 + n)),
        store: StoreId(Uuid::from_u128(1)),
        name: format!("Mug {n}"),
        slug: format!("mug-{n}"),
        sku: String::new(),
        description: String::new(),
        base_price: price,
        current_price: price,
        status: ProductStatus::Active,
        variants: vec![Variant {
            id: VariantId(Uuid::from_u128(200 + n)),
            name: "Blue".into(),
            sku: String::new(),
            current_price: price,
        }],
        created_at: at(0),
        updated_at: at(0),
    }
}

fn new_order(store: Store, lines: Vec<WantedLine>, discount_amount: Decimal) -> NewOrder {
    let address = Address {
        id: AddressId(Uuid::from_u128(9)),
        full_name: "Ada".into(),
        address_line1: "1 Row".into(),
        address_line2: String::new(),
        city: "London".into(),
        state: String::new(),
        postal_code: String::new(),
        country: "GB".into(),
        phone_number: String::new(),
    };
    NewOrder {
        id: OrderId::from_fresh(Uuid::from_u128(0x0192_aaaa_bbbb_7ccc_8ddd_eeee_ffff_1234)),
        order_number: "ORD-20261122-0001".into(),
        user: User {
            id: UserId("ada".into()),
            username: "ada".into(),
            email: String::new(),
            first_name: String::new(),
            last_name: String::new(),
        },
        store,
        lines,
        customer_id: String::new(),
        payment_method: PaymentMethod::CreditCard,
        shipping_address: address,
        billing_address: None,
        shipping_method: ShippingMethod::Standard,
        currency: None,
        discount_amount,
        notes: String::new(),
        special_instructions: String::new(),
        language: "en".into(),
        extra_data: Map::new(),
    }
}

fn line(n: u128, quantity: u32) -> WantedLine {
    WantedLine {
        product: ProductId(Uuid::from_u128(100 + n)),
        variant: Some(VariantId(Uuid::from_u128(200 + n))),
        quantity,
        unit_price: None,
        notes: String::new(),
        extra_data: Map::new(),
    }
}

/// Something that somebody tries to do to an order.
#[derive(Clone, Debug)]
enum Command {
    Confirm,
    Process,
    Ship,
    SendOut,
    Deliver,
    Cancel { as_manager: bool },
    Pay,
    Start,
    Finish { paid: bool },
    Refund { cents: Option<u16> },
    RefundOrder { restock: bool },
    FinishRefund { succeeds: bool },
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Confirm),
        Just(Command::Process),
        Just(Command::Ship),
        Just(Command::SendOut),
        Just(Command::Deliver),
        any::<bool>().prop_map(|as_manager| Command::Cancel { as_manager }),
        Just(Command::Pay),
        Just(Command::Pay),
        Just(Command::Start),
        Just(Command::Start),
        any::<bool>().prop_map(|paid| Command::Finish { paid }),
        any::<bool>().prop_map(|paid| Command::Finish { paid }),
        any::<Option<u16>>().prop_map(|cents| Command::Refund { cents }),
        any::<bool>().prop_map(|restock| Command::RefundOrder { restock }),
        any::<bool>().prop_map(|succeeds| Command::FinishRefund { succeeds }),
    ]
}

/// Does it, and returns what went back on the shelf.
fn run(order: Order, command: &Command, by: &Actor) -> Result<(Order, Vec<StockMove>), Refusal> {
    let still = |order: Order| (order, Vec::new());
    let last = order.payments.last().map(|payment| payment.id);
    match command {
        Command::Confirm => order.confirm(by).map(still),
        Command::Process => order.process(by).map(still),
        Command::Ship => order.ship(Shipment::default(), by).map(still),
        Command::SendOut => order.send_out_for_delivery(by).map(still),
        Command::Deliver => order.deliver(by).map(still),
        Command::Cancel { as_manager } => {
            order.cancel(*as_manager, "why not", by).map(|moved| (moved.order, moved.stock))
        }
        Command::Pay => {
            let payment_method = PaymentMethod::CreditCard;
            let new = NewPayment { payment_method, amount: None, payment_details: Map::new() };
            order.add_payment(new, by).map(still)
        }
        Command::Start => {
            let id = last.ok_or(Refusal::PaymentNotProcessable)?;
            order.start_payment(id, by).map(still)
        }
        Command::Finish { paid } => {
            let outcome = if *paid {
                ChargeOutcome::Paid(Map::new())
            } else {
                ChargeOutcome::Declined(Map::new(), "No.".into())
            };
            let id = last.ok_or(Refusal::PaymentNotProcessable)?;
            order.finish_payment(id, outcome, by).map(still)
        }
        Command::Refund { cents } => {
            let amount = cents.map(|cents| Decimal::new(i64::from(cents), 2));
            let refund = NewRefund { amount, reason: String::new(), then: AfterRefund::Nothing };
            let id = last.ok_or(Refusal::PaymentNotRefundable)?;
            order.start_refund(id, refund, by).map(|(order, _)| still(order))
        }
        Command::RefundOrder { restock } => {
            order.start_order_refund(*restock, "", by).map(|(order, _)| still(order))
        }
        Command::FinishRefund { succeeds } => {
            let pending = order.payments.iter().flat_map(|payment| payment.pending_refunds()).next();
            let id = pending.ok_or(Refusal::PaymentNotRefundable)?.id;
            let outcome = if *succeeds { RefundOutcome::Succeeded } else { RefundOutcome::Refused };
            let moved = order.finish_refund(id, outcome, by);
            Ok((moved.order, moved.stock))
        }
    }
}

fn placed() -> Order {
    let products = [product(1, Decimal::new(2999, 2)), product(2, Decimal::new(450, 2))];
    let store = store(Currency::USD, Decimal::new(1, 1), Decimal::TEN);
    place(new_order(store, vec![line(1, 2), line(2, 3)], Decimal::ZERO), &products, false, &by(0)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_log_leads_back_to_every_state_and_the_tallies_of_its_parts_are_the_tally_of_the_whole(
        commands in proptest::collection::vec((command(), 1i64..100_000), 0..40),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..4),
    ) {
        let mut states = vec![placed()];
        let mut given_back = Vec::new();
        let mut second = 0;
        for (command, pause) in &commands {
            second += pause;
            let seen = states.last().unwrap().clone();
            if let Ok((order, stock)) = run(seen.clone(), command, &by(second)) {
                prop_assert!(order.version == seen.version + 1 || order == seen);
                given_back.extend(stock);
                if order.version > seen.version {
                    states.push(order);
                }
            }
        }
        let now = states.last().unwrap();
        for state in &states {
            let then = now.as_of(state.version);
            prop_assert_eq!(then.as_ref(), Some(state));
        }
        prop_assert_eq!(now.as_of(now.version + 1), None);

        // However the stream cuts the history into batches, the counters come out the same.
        let mut stops: Vec<_> = cuts.iter().map(|cut| cut.index(states.len())).collect();
        stops.push(states.len() - 1);
        stops.sort_unstable();
        let mut sum = Tally::default();
        let mut before: Option<&Order> = None;
        for stop in stops {
            sum.absorb(tally(before, &states[stop], &TimeZone::UTC));
            before = Some(&states[stop]);
        }
        let whole = tally(None, now, &TimeZone::UTC);
        prop_assert_eq!(sum.iter().collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
        let count = |cell: &dyn Fn(Cell) -> bool| -> Decimal {
            whole.of(&Scope::All).filter(|(of, _)| cell(*of)).map(|(_, value)| value).sum()
        };
        prop_assert_eq!(count(&|cell| matches!(cell, Cell::Orders(_))), Decimal::ONE);
        prop_assert_eq!(
            count(&|cell| matches!(cell, Cell::Transitions(..))),
            Decimal::from(states.windows(2).filter(|pair| pair[0].status != pair[1].status).count())
        );

        // What was taken comes back once at most, and money never goes back that was not paid.
        let taken: i64 = now.lines.iter().map(|line| i64::from(line.quantity)).sum();
        let back: i64 = given_back.iter().map(|moved| moved.pieces).sum();
        prop_assert!(back == 0 || back == taken);
        for payment in &now.payments {
            let promised: Decimal = payment
                .refunds
                .iter()
                .filter(|refund| refund.status != RefundState::Failed)
                .map(|refund| refund.amount)
                .sum();
            prop_assert!(promised <= payment.amount);
        }
        if now.status == Status::Refunded {
            prop_assert!(now.payment_status == PaymentStatus::Refunded);
        }
    }

    #[test]
    fn totals_are_right_to_the_last_digit(
        prices in proptest::collection::vec((0u32..1_000_000, 1u32..50), 1..=MAX_LINES),
        currency in prop_oneof![Just(Currency::JPY), Just(Currency::USD), Just(Currency::KWD)],
        tax_basis_points in 0u32..=10_000,
        shipping in 0u32..100_000,
        discount in 0u32..1_000_000,
    ) {
        let places = digits(currency);
        let unit = 10_u128.pow(places);
        let amount = |minor: u32| Decimal::from_i128_with_scale(i128::from(minor), places);
        let products: Vec<_> =
            (1u128..).zip(&prices).map(|(n, (price, _))| product(n, amount(*price))).collect();
        let lines = (1u128..).zip(&prices).map(|(n, (_, quantity))| line(n, *quantity)).collect();
        let rate = Decimal::new(i64::from(tax_basis_points), 4);
        let new = new_order(store(currency, rate, amount(shipping)), lines, amount(discount));
        let order = place(new, &products, true, &by(0));

        // The same in whole minor units, with integers only.
        let subtotal: u128 = prices.iter().map(|(price, n)| u128::from(*price) * u128::from(*n)).sum();
        let (shipping, discount) = (u128::from(shipping), u128::from(discount));
        if discount > subtotal + shipping {
            prop_assert!(order.is_err());
            return Ok(());
        }
        let taxable = subtotal.saturating_sub(discount);
        let tax = (taxable * u128::from(tax_basis_points) + 5_000) / 10_000;
        let total = subtotal + tax + shipping - discount;
        let shown = |minor: u128| match places {
            0 => minor.to_string(),
            _ => format!("{}.{:0width$}", minor / unit, minor % unit, width = places as usize),
        };
        let order = order.unwrap();
        prop_assert_eq!(order.subtotal.to_string(), shown(subtotal));
        prop_assert_eq!(order.tax_amount.to_string(), shown(tax));
        prop_assert_eq!(order.shipping_cost.to_string(), shown(shipping));
        prop_assert_eq!(order.discount_amount.to_string(), shown(discount));
        prop_assert_eq!(order.total_amount.to_string(), shown(total));
    }
}
