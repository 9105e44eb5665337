//! Who may write which field of an order until when, as one table. What a caller may not write is
//! ignored, what the order's status forbids is 400.

use oms_tests::shop::{Person, text};
use oms_tests::{Goods, Shop};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Until when a field may be written.
#[derive(Clone, Copy)]
enum Until {
    Always,
    Shipped,
    Confirmed,
    Never,
}

/// A field, until when those who run the order may write it, and whether its customer may, too.
const FIELDS: [(&str, Until, bool); 16] = [
    ("notes", Until::Always, true),
    ("special_instructions", Until::Always, true),
    ("extra_data", Until::Always, true),
    ("shipping_address", Until::Shipped, true),
    ("billing_address", Until::Shipped, true),
    ("shipping_method", Until::Shipped, true),
    ("items", Until::Confirmed, true),
    ("payment_method", Until::Confirmed, true),
    ("customer_id", Until::Confirmed, true),
    ("language", Until::Confirmed, true),
    ("tracking_number", Until::Always, false),
    ("estimated_delivery", Until::Always, false),
    ("payment_reference", Until::Always, false),
    ("discount_amount", Until::Shipped, false),
    ("store", Until::Never, true),
    ("currency", Until::Never, true),
];

/// Fields that nobody writes.
const READ_ONLY: [&str; 5] = ["order_number", "user", "total_amount", "payment_status", "version"];

/// The statuses, and the actions that lead there.
const STATUSES: [(&str, &[&str]); 8] = [
    ("pending", &[]),
    ("confirmed", &["confirm_order"]),
    ("processing", &["confirm_order", "process_order"]),
    ("shipped", &["confirm_order", "ship_order"]),
    ("out_for_delivery", &["confirm_order", "ship_order", "out_for_delivery_order"]),
    ("delivered", &["confirm_order", "ship_order", "deliver_order"]),
    ("cancelled", &["cancel_order"]),
    ("refunded", &["confirm_order", "ship_order", "refund_order"]),
];

#[test]
fn every_field_that_can_be_written_is_in_the_table_and_what_is_placed_can_be_changed() {
    let document = oms_openapi::document();
    let fields_of = |body: &str| -> BTreeSet<&str> {
        let fields = document["components"]["schemas"][body]["properties"].as_object();
        fields.expect("a body has fields").keys().map(String::as_str).collect()
    };
    let tabled: BTreeSet<&str> = FIELDS.iter().map(|(field, ..)| *field).chain(["status"]).collect();
    let changed = fields_of("PatchOrder");
    assert_eq!(changed, tabled);
    let fixed: Vec<&str> = fields_of("CreateOrder").difference(&changed).copied().collect();
    assert_eq!(fixed, ["user"], "it can be placed with, but not changed");
}

fn may_change(until: Until, status: &str) -> bool {
    match until {
        Until::Always => true,
        Until::Shipped => ["pending", "confirmed", "processing"].contains(&status),
        Until::Confirmed => status == "pending",
        Until::Never => false,
    }
}

/// Another value than the field has, the nth.
fn other(field: &str, n: usize, addresses: &[Value], mug: &Goods, order: &Value) -> Value {
    match field {
        "extra_data" => json!({ "n": n }),
        "shipping_address" | "billing_address" => {
            addresses.iter().find(|address| **address != order[field]).expect("one of two").clone()
        }
        "shipping_method" if order[field] == "express" => json!("overnight"),
        "shipping_method" => json!("express"),
        "items" => {
            let quantity = order["items"][0]["quantity"].as_u64().expect("a number") + 1;
            json!([{ "product": mug.product, "variant": mug.variant, "quantity": quantity }])
        }
        "payment_method" if order[field] == "paypal" => json!("credit_card"),
        "payment_method" => json!("paypal"),
        "language" => json!(if order[field] == "fr" { "de" } else { "fr" }),
        "estimated_delivery" => json!(format!("2027-01-01T12:00:{n:02}.000000Z")),
        "discount_amount" => json!(format!("1.{n:02}")),
        "store" => json!("0192f0c0-11aa-7b02-8c11-3d1e5a7b0a01"),
        "currency" => json!("CHF"),
        _ => json!(format!("{n}")),
    }
}

#[tokio::test]
async fn every_role_writes_every_field_until_its_time_is_over() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1_000).await;
    let ada = shop.customer().await;
    let address = json!({
        "full_name": "Ada", "address_line1": "12 St James's Square", "city": "London",
        "postal_code": "SW1Y 4JH", "country": "GB",
    });
    let second = ada.client.post("/api/addresses/", address).await.expect(201);
    let addresses = [json!(ada.address), second["id"].clone()];
    let people: [(&str, &Person, bool); 3] =
        [("customer", &ada, false), ("vendor", &shop.vendor, true), ("staff", &shop.staff, true)];
    let mut n = 0;
    for (status, actions) in STATUSES {
        let order = ada.order(&shop, &mug, 2).await;
        if status == "refunded" {
            ada.pays(&order).await;
        }
        for action in actions {
            shop.does(action, &order).await.expect(200);
        }
        let path = format!("/api/orders/{}/", text(&order["id"]));
        for (role, person, manages) in people {
            for (field, until, is_customers) in FIELDS {
                n += 1;
                let before = person.client.get(&path).await.expect(200);
                assert_eq!(before["status"], status);
                let value = other(field, n % 60, &addresses, &mug, &before);
                let answer = person.client.change(&path, json!({ field: value })).await;
                let case = format!("{role} writes {field} of an order that is {status}: {}", answer.text);
                if !manages && !is_customers {
                    assert_eq!((answer.status, &answer.body["version"]), (200, &before["version"]), "{case}");
                } else if may_change(until, status) {
                    let answer = answer.expect(200);
                    if field != "items" {
                        assert_eq!(answer[field], value, "{case}");
                    }
                    assert_ne!(answer["version"], before["version"], "{case}");
                } else if field == "items" {
                    let words = "Order items cannot be changed in the order's current status";
                    assert_eq!((answer.status, answer.error()), (400, words), "{case}");
                } else {
                    let why = answer.body["details"][field][0].as_str().unwrap_or_default().to_owned();
                    assert_eq!(answer.status, 400, "{case}");
                    assert!(matches!(until, Until::Never) || why.contains(status), "{case}");
                }
            }
            let before = person.client.get(&path).await.expect(200);
            for field in READ_ONLY {
                let ignored = person.client.change(&path, json!({ field: "7" })).await.expect(200);
                assert_eq!(ignored, before, "{role} writes {field}");
            }
            // What was read may be sent back in any status.
            let sent = person.client.put(&path, before.clone()).await.expect(200);
            assert_eq!(sent["version"], before["version"], "{role} sends back an order that is {status}");
        }
    }
}

#[tokio::test]
async fn a_refusal_says_why_where_the_status_is_not_the_reason() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let unpaid = ada.order(&shop, &mug, 1).await;
    for action in ["confirm_order", "ship_order"] {
        shop.does(action, &unpaid).await.expect(200);
    }
    let refused = shop.does("refund_order", &unpaid).await;
    assert_eq!((refused.status, refused.error()), (400, "Order cannot be refunded in its current status"));
    assert_eq!(refused.body["details"], "The order has no paid payment of which anything is left.");

    let paid = ada.order(&shop, &mug, 1).await;
    ada.pays(&paid).await;
    let path = format!("/api/orders/{}/", text(&paid["id"]));
    let two = json!({ "items": [{ "product": mug.product, "variant": mug.variant, "quantity": 2 }] });
    let refused = ada.client.change(&path, two).await;
    assert_eq!(refused.error(), "Order items cannot be changed in the order's current status");
    assert_eq!(refused.body["details"], "The order's payment has been sent.");
    let refused = ada.client.change(&path, json!({ "shipping_method": "express" })).await;
    let words = "This field cannot be changed any more: the order's payment is paid.";
    assert_eq!(refused.body["details"], json!({ "shipping_method": [words] }));

    let cash = ada.order(&shop, &mug, 1).await;
    let pays = json!({ "order": cash["id"], "payment_method": "cash_on_delivery" });
    let payment = ada.client.post("/api/payments/", pays).await.expect(201);
    let process = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
    let refused = ada.client.post(&process, json!({})).await;
    assert_eq!((refused.status, refused.error()), (403, "Insufficient permissions"));
    assert_eq!(refused.body["details"], "The seller confirms cash on delivery and bank transfers.");
}

#[tokio::test]
async fn lists_and_statistics_follow_another_payment_method() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let pays = json!({ "order": order["id"], "payment_method": "credit_card" });
    ada.client.post("/api/payments/", pays).await.expect(201);
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let changed = ada.client.change(&path, json!({ "payment_method": "bank_transfer" })).await.expect(200);
    assert_eq!(changed["payments"][0]["payment_method"], "credit_card", "a payment keeps its own");
    for (method, count) in [("bank_transfer", 1), ("credit_card", 0)] {
        let list = format!("/api/orders/?store={}&payment_method={method}", text(&shop.store["id"]));
        let is_there = |list: &Value| {
            list["count"] == count && list["results"].as_array().is_some_and(|all| all.len() == count)
        };
        oms_tests::eventually(async || shop.vendor.client.get(&list).await.expect(200), is_there).await;
    }
}
