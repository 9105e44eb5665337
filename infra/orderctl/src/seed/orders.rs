//! The demo's orders: placed by customers, paid or not, and moved on by staff.

use oms_workspace::error::Result;
use serde_json::{Value, json};

use super::Customer;
use super::catalogue::Shelf;
use super::client::{Client, id};

/// Where an order of the demo ends up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pending,
    Confirmed,
    Processing,
    Shipped,
    OutForDelivery,
    Delivered,
    Cancelled,
    Refunded,
}

/// What becomes of twenty orders in a row; most have arrived, as in a shop that has been open for a
/// while.
const FATES: [Fate; 20] = [
    Fate::Delivered,
    Fate::Pending,
    Fate::Shipped,
    Fate::Delivered,
    Fate::Confirmed,
    Fate::Delivered,
    Fate::Cancelled,
    Fate::Processing,
    Fate::Delivered,
    Fate::OutForDelivery,
    Fate::Pending,
    Fate::Delivered,
    Fate::Shipped,
    Fate::Confirmed,
    Fate::Delivered,
    Fate::Refunded,
    Fate::Pending,
    Fate::Delivered,
    Fate::Processing,
    Fate::Shipped,
];
const PAYMENT_METHODS: [&str; 7] = [
    "credit_card",
    "paypal",
    "debit_card",
    "bank_transfer",
    "digital_wallet",
    "cash_on_delivery",
    "cryptocurrency",
];
const SHIPPING_METHODS: [&str; 5] = ["standard", "express", "standard", "pickup", "overnight"];
const NOTES: [&str; 4] = ["", "Please ring twice.", "", "Leave it with the neighbours."];

/// Makes the order with this number, from placing it to where it ends up.
pub(super) async fn make(
    number: usize,
    shelves: &[Shelf],
    customers: &[Customer],
    staff: &Client,
) -> Result<()> {
    let customer = &customers[scatter(number, 1) % customers.len()];
    let fate = FATES[number % FATES.len()];
    let method = PAYMENT_METHODS[scatter(number, 2) % PAYMENT_METHODS.len()];
    let shelf = &shelves[scatter(number, 3) % shelves.len()];
    let order = json!({
        "store": shelf.store,
        "items": items(number, shelf),
        "payment_method": method,
        "shipping_address": customer.address,
        "shipping_method": SHIPPING_METHODS[number % SHIPPING_METHODS.len()],
        "notes": NOTES[number % NOTES.len()],
    });
    let order = id(&customer.client.post("/api/orders/", &order).await?)?;
    pay(number, &order, method, fate, &customer.client, staff).await?;
    for (action, body) in actions(number, fate) {
        staff.patch(&format!("/api/orders/{order}/{action}/"), &body).await?;
    }
    Ok(())
}

/// One to three lines of different products.
fn items(number: usize, shelf: &Shelf) -> Vec<Value> {
    let first = scatter(number, 4);
    let lines = 1 + scatter(number, 5) % 3;
    (0..lines)
        .map(|line| {
            let product = &shelf.products[(first + line) % shelf.products.len()];
            let mut item = json!({ "product": product.id, "quantity": 1 + scatter(number, 6 + line) % 3 });
            if !product.variants.is_empty() {
                item["variant"] = json!(product.variants[scatter(number, 9) % product.variants.len()]);
            }
            item
        })
        .collect()
}

/// Pays what has to be paid: of what is still pending a third, with a refusal now and then; cash
/// waits for the courier. What no gateway knows of, staff say was paid.
async fn pay(
    number: usize,
    order: &str,
    method: &str,
    fate: Fate,
    customer: &Client,
    staff: &Client,
) -> Result<()> {
    let is_by_hand = matches!(method, "bank_transfer" | "cash_on_delivery");
    let must = matches!(fate, Fate::Refunded | Fate::Processing);
    let is_paid =
        must || (method != "cash_on_delivery" && (fate != Fate::Pending || number.is_multiple_of(3)));
    let is_declined = fate == Fate::Pending && number % 5 == 1 && !is_by_hand;
    if !is_paid && !is_declined {
        return Ok(());
    }
    let token = if is_declined { "tok_decline" } else { "tok_approve" };
    let mut payment = json!({ "order": order, "payment_method": method });
    if !is_by_hand {
        payment["payment_details"] = json!({ "token": token });
    }
    let payment = id(&customer.post("/api/payments/", &payment).await?)?;
    let path = format!("/api/payments/{payment}/process_payment/");
    if is_by_hand {
        staff.post(&path, &json!({ "reference": format!("RECEIPT-{number:04}") })).await?;
    } else {
        customer.post(&path, &json!({})).await?;
    }
    Ok(())
}

/// What staff do to an order until it is where it ends up.
fn actions(number: usize, fate: Fate) -> Vec<(&'static str, Value)> {
    let confirm = ("confirm_order", json!({}));
    let process = ("process_order", json!({}));
    let ship = ("ship_order", json!({ "tracking_number": format!("1Z{:08}", 40_000_000 + number * 7919) }));
    let out = ("out_for_delivery_order", json!({}));
    let deliver = ("deliver_order", json!({}));
    match fate {
        Fate::Pending => vec![],
        Fate::Confirmed => vec![confirm],
        Fate::Processing => vec![confirm, process],
        Fate::Shipped => vec![confirm, ship],
        Fate::OutForDelivery => vec![confirm, process, ship, out],
        Fate::Delivered => vec![confirm, ship, out, deliver],
        Fate::Cancelled => vec![("cancel_order", json!({ "reason": "Ordered by mistake" }))],
        Fate::Refunded => {
            vec![confirm, ship, deliver, ("refund_order", json!({ "reason": "Arrived damaged" }))]
        }
    }
}

/// A number that looks random and is the same every time.
fn scatter(number: usize, salt: usize) -> usize {
    let mixed = (number.wrapping_mul(31).wrapping_add(salt)).wrapping_mul(2_654_435_761);
    (mixed >> 7) & 0xffff
}
