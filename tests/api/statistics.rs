//! Statistics as several people see them.

use oms_tests::shop::text;
use oms_tests::{Person, Shop, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn days_and_months_are_those_of_the_time_zone_that_is_asked_for() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    for action in ["confirm_order", "ship_order"] {
        shop.does(action, &order).await.expect(200);
    }
    eventually(
        || async { ada.client.get("/api/orders/order_stats/").await.expect(200) },
        |stats: &Value| stats["shipped_orders"] == 1,
    )
    .await;
    let placed: jiff::Timestamp =
        order["created_at"].as_str().and_then(|at| at.parse().ok()).expect("a time");
    for name in ["UTC", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati"] {
        let stats = ada.client.get(&format!("/api/orders/order_stats/?tz={name}")).await.expect(200);
        let day = placed.in_tz(name).expect("a zone").date();
        for (by, placed_in, many) in [
            ("orders_by_day", day.to_string(), 30),
            ("orders_by_month", day.strftime("%Y-%m").to_string(), 12),
        ] {
            let buckets = stats[by].as_object().expect("a map");
            assert_eq!(buckets.len(), many, "{name} {by}");
            for (bucket, count) in buckets {
                assert_eq!(count, &json!(u64::from(*bucket == placed_in)), "{name} {by} {bucket}");
            }
        }
        assert_eq!(stats["revenue_by_month"][day.strftime("%Y-%m").to_string()], "42.99", "{name}");
        assert_eq!(stats["total_orders"], 1);
    }
    let refused = ada.client.get("/api/orders/order_stats/?tz=Mars/Olympus").await;
    let words = "\"Mars/Olympus\" is not a valid choice.";
    assert_eq!((refused.status, &refused.body["details"]), (400, &json!({ "tz": [words] })));
}

#[tokio::test]
async fn an_admin_sees_whether_the_counters_are_what_the_orders_logs_add_up_to() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let admin = Person::new("admin", Some("admin"));
    let ways: [&[&str]; 4] =
        [&[], &["confirm_order", "ship_order", "deliver_order"], &["cancel_order"], &["confirm_order"]];
    for way in ways {
        let order = ada.order(&shop, &mug, 2).await;
        ada.pays(&order).await;
        for action in way {
            shop.does(action, &order).await.expect(200);
        }
    }
    let deleted = ada.order(&shop, &mug, 1).await;
    admin.client.delete(&format!("/api/orders/{}/", text(&deleted["id"]))).await.expect(200);

    let store = text(&shop.store["id"]).to_owned();
    let path = format!("/api/orders/order_stats/?store={store}&verify=true");
    let verified = eventually(
        || async { admin.client.get(&path).await.expect(200) },
        |stats: &Value| stats["total_orders"] == 4 && stats["orders_behind"] == 0,
    )
    .await;
    assert_eq!((&verified["drift"], &verified["orders_verified"]), (&json!(0), &json!(4)), "{verified}");
    assert_eq!(verified["differences"], json!([]));
    for other in [&shop.staff, &shop.vendor, &ada] {
        other.client.get("/api/orders/order_stats/?verify=true").await.expect(403);
    }

    let key = json!({ "pk": { "S": format!("COUNTERS#STORE#{store}") }, "sk": { "S": "BY_STATUS" } });
    let damage = json!({
        "Key": key, "UpdateExpression": "ADD l :one", "ExpressionAttributeValues": { ":one": { "N": "1" } },
    });
    admin.client.dynamodb("UpdateItem", damage).await;
    let verified = admin.client.get(&path).await.expect(200);
    assert_eq!(verified["drift"], 1, "{verified}");
    let wrong = json!({
        "scope": format!("store {store}"), "counter": "lines", "counted": "5", "expected": "4",
    });
    assert_eq!(verified["differences"], json!([wrong]));
}

#[tokio::test]
async fn a_vendor_who_buys_from_their_own_store_counts_the_order_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    ada.order(&shop, &mug, 1).await;
    let address = json!({
        "full_name": "V. Endor", "address_line1": "1 High Street", "city": "Leeds", "postal_code": "LS1 1AA",
        "country": "GB",
    });
    let address = shop.vendor.client.post("/api/addresses/", address).await.expect(201);
    let mut body = ada.order_of(&shop, &mug, 1);
    body["shipping_address"] = address["id"].clone();
    let own = shop.vendor.client.post("/api/orders/", body).await.expect(201);
    shop.vendor.pays(&own).await;
    shop.does("confirm_order", &own).await.expect(200);
    shop.does("ship_order", &own).await.expect(200);
    let read = || async { shop.vendor.client.get("/api/orders/order_stats/").await.expect(200) };
    let is_exact = |stats: &Value| {
        stats["total_orders"] == 2 && stats["shipped_orders"] == 1 && stats["total_revenue"] == "42.99"
    };
    assert!(is_exact(&read().await), "at once");
    let month =
        |stats: &Value| stats["revenue_by_month"].as_object().map(|all| all.values().next_back().cloned());
    assert_eq!(month(&read().await), Some(Some(json!("42.99"))));
    eventually(
        || shop.vendor.client.get("/api/orders/order_stats/"),
        |answer| answer.header("x-cache") == "hit",
    )
    .await;
    let counted = read().await;
    assert!(is_exact(&counted), "when it is counted: {counted}");
    assert_eq!(counted["status_transition_times"]["confirmed→shipped"]["count"], 1);
    let paid = shop.vendor.client.get("/api/payments/payment_stats/").await.expect(200);
    assert_eq!((&paid["total_payments"], &paid["total_amount"]), (&json!(1), &json!("42.99")));
}

#[tokio::test]
async fn what_the_shop_keeps_of_a_payment_that_went_back_in_part_is_counted() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let (part, whole) = (ada.order(&shop, &mug, 1).await, ada.order(&shop, &mug, 1).await);
    for (order, back) in [(&part, json!({ "amount": "2.99" })), (&whole, json!({}))] {
        let path = format!("/api/payments/{}/", text(&ada.pays(order).await["id"]));
        shop.vendor.client.post(&format!("{path}refund_payment/"), back).await.expect(200);
    }
    let get = async |order: &Value| {
        let order = ada.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
        let payment = &order["payments"][0];
        (order["is_paid"].clone(), payment["is_successful"].clone(), payment["is_refunded"].clone())
    };
    assert_eq!(get(&part).await, (json!(true), json!(true), json!(false)));
    assert_eq!(get(&whole).await, (json!(false), json!(false), json!(true)));
    let read = || async { shop.vendor.client.get("/api/payments/payment_stats/").await.expect(200) };
    let stats = eventually(read, |stats| stats["refunded_amount"] == "45.98").await;
    let figure = |name: &str| stats[name].clone();
    assert_eq!((figure("total_amount"), figure("refunded_payments")), (json!("40.00"), json!(2)));
    assert_eq!((figure("average_payment_amount"), figure("success_rate")), (json!("42.99"), json!(1.0)));
    assert_eq!(figure("by_currency")["USD"]["total_amount"], "40.00");
    let listed = ada.client.get("/api/orders/my_orders/?ordering=created_at").await.expect(200);
    assert_eq!(
        (&listed["results"][0]["is_paid"], &listed["results"][1]["is_paid"]),
        (&json!(true), &json!(false))
    );
}
