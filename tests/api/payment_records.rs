//! Payments as resources: listed, changed while pending, deleted while no money has moved.

use oms_tests::shop::text;
use oms_tests::{Client, Person, Shop, eventually};
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<&str> {
    page["results"].as_array().expect("a page").iter().map(|one| text(&one["id"])).collect()
}

/// The list, once the counters have caught up.
async fn counted(client: &Client, path: &str, count: u64) -> Value {
    eventually(|| async { client.get(path).await.expect(200) }, |page| page["count"] == count).await
}

#[tokio::test]
async fn a_pending_payment_is_changed_and_a_later_one_is_not() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let order = ada.order(&shop, &mug, 1).await;
    let new = json!({ "order": order["id"], "payment_method": "credit_card" });
    let payment = ada.client.post("/api/payments/", new).await.expect(201);
    let path = format!("/api/payments/{}/", text(&payment["id"]));

    let changed =
        ada.client.change(&path, json!({ "payment_method": "paypal", "status": "paid" })).await.expect(200);
    assert_eq!(
        (&changed["payment_method_display"], &changed["status"]),
        (&json!("PayPal"), &json!("pending"))
    );
    // What a client read, it can send back.
    let mut whole = changed.clone();
    whole["payment_details"] = json!({ "token": "tok_decline" });
    whole["amount"] = json!("1.00");
    let put = ada.client.put(&path, whole).await.expect(200);
    assert_eq!((&put["payment_details"]["token"], &put["amount"]), (&json!("tok_decline"), &json!("42.99")));
    let missing = ada.client.put(&path, json!({})).await;
    assert_eq!(missing.body["details"], json!({ "payment_method": ["This field is required."] }));
    let same = ada.client.change(&path, json!({ "payment_method": "paypal" })).await;
    assert_eq!((same.status, same.body["updated_at"].clone()), (200, put["updated_at"].clone()));

    assert_eq!(bob.client.change(&path, json!({})).await.error(), "Payment not found");
    let stale = [("If-Match", "\"nothing\"")];
    let body = Some(json!({ "payment_method": "debit_card" }));
    assert_eq!(ada.client.send(reqwest::Method::PATCH, &path, body, &stale).await.status, 412);
    for card in [
        json!({ "card": { "numbers": ["4242-4242-4242-4242"] } }),
        json!({ "number": 4_242_424_242_424_242_u64 }),
        json!({ "note": "4242\u{a0}4242 4242_4242" }),
    ] {
        for answer in [
            ada.client.change(&path, json!({ "payment_details": card })).await,
            ada.client.put(&path, json!({ "payment_method": "paypal", "payment_details": card })).await,
        ] {
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert!(answer.body["details"]["payment_details"].is_array() && !answer.text.contains("4242"));
        }
    }

    ada.client.post(&format!("{path}process_payment/"), json!({})).await.expect(402);
    let late = ada.client.change(&path, json!({ "payment_method": "debit_card" })).await;
    assert_eq!((late.status, late.error()), (400, "Payment cannot be changed with current status"));
}

#[tokio::test]
async fn a_payment_that_moved_no_money_is_deleted_and_its_id_never_used_again() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    ada.pays_with(&order, "tok_decline").await.expect(402);
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let failed = ada.client.get(&path).await.expect(200)["payments"][0].clone();
    let failed_path = format!("/api/payments/{}/", text(&failed["id"]));
    let deleted = ada.client.delete(&failed_path).await.expect(200);
    assert_eq!(deleted, json!({ "message": "Payment deleted successfully" }));
    assert_eq!(ada.client.get(&failed_path).await.error(), "Payment not found");
    assert_eq!(ada.client.get(&path).await.expect(200)["payment_status"], "pending");

    // The deleted one's key means a decline at the gateway for ever.
    let paid = ada.pays(&order).await;
    assert_ne!(paid["id"], failed["id"]);
    let refused = ada.client.delete(&format!("/api/payments/{}/", text(&paid["id"]))).await;
    assert_eq!((refused.status, refused.error()), (400, "Payment cannot be deleted with current status"));
    let history = ada.client.get(&format!("{path}history/")).await.expect(200);
    let actions: Vec<_> =
        history["results"].as_array().unwrap().iter().map(|one| text(&one["action"])).collect();
    assert!(actions.contains(&"delete_payment"), "{actions:?}");
    let stats = || async { ada.client.get("/api/payments/payment_stats/").await.expect(200) };
    let stats = eventually(stats, |stats| stats["completed_payments"] == 1).await;
    assert_eq!((&stats["total_payments"], &stats["failed_payments"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn payments_are_listed_filtered_searched_and_sorted_for_those_who_may_see_them() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let mut made = Vec::new();
    for (pieces, token) in [(1, "tok_approve"), (3, "tok_decline"), (2, "tok_approve")] {
        let order = ada.order(&shop, &mug, pieces).await;
        ada.pays_with(&order, token).await;
        let order = ada.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
        made.push(order["payments"][0].clone());
        ada.order(&shop, &mug, 1).await;
    }
    let [first, failed, last] = [0, 1, 2].map(|n| text(&made[n]["id"]));
    bob.pays(&bob.order(&shop, &mug, 1).await).await;

    let all = counted(&ada.client, "/api/payments/", 3).await;
    assert_eq!(ids(&all), [last, failed, first]);
    assert_eq!(all["results"][0], made[2]);
    counted(&shop.vendor.client, "/api/payments/", 4).await;
    let stranger = Client::stranger().get("/api/payments/").await;
    assert_eq!(stranger.status, 401);

    let get = async |query: &str| ada.client.get(&format!("/api/payments/?{query}")).await.expect(200);
    assert_eq!(ids(&get("status=failed").await), [failed]);
    assert_eq!(get("status=failed").await["count"], 1);
    assert_eq!(ids(&get("payment_method=paypal").await), [""; 0]);
    assert_eq!(get("currency=USD&status=paid").await["count"], 2);
    let order = text(&made[0]["order"]);
    assert_eq!(ids(&get(&format!("order={order}&ordering=amount")).await), [first]);
    assert_eq!(ids(&get("ordering=amount").await), [first, last, failed]);
    assert_eq!(ids(&get("ordering=-amount").await), [failed, last, first]);
    assert_eq!(ids(&get("ordering=status,-created_at").await), [failed, last, first]);
    assert_eq!(ids(&get("ordering=created_at").await), [first, failed, last]);
    let number = text(&made[1]["order_number"]).to_lowercase();
    assert_eq!(ids(&get(&format!("search={number}")).await), [failed]);
    assert_eq!(ids(&get(&format!("search={}", text(&made[2]["transaction_id"]))).await), [last]);

    let page = get("page_size=1").await;
    let mut seen = vec![ids(&page)[0].to_owned()];
    let mut next = page["next"].clone();
    while let Some(link) = next.as_str() {
        let path =
            link.split_once("/api/").map(|(_, path)| format!("/api/{path}")).expect("an absolute link");
        let page = ada.client.get(&path).await.expect(200);
        seen.push(ids(&page)[0].to_owned());
        next = page["next"].clone();
    }
    assert_eq!(seen, [last, failed, first]);
    assert_eq!(ids(&get("page_size=1&page=2").await), [failed]);
    assert_eq!(ids(&get("page_size=2&page=last").await), [first]);
    assert_eq!(ada.client.get("/api/payments/?page=9").await.error(), "Invalid page.");

    let nope = ada.client.get("/api/payments/?status=nope").await;
    let words = "Select a valid choice. nope is not one of the available choices.";
    assert_eq!(nope.body["details"], json!({ "status": [words] }));
    let hidden = bob.client.get(&format!("/api/payments/?order={order}")).await;
    let words = "Select a valid choice. That choice is not one of the available choices.";
    assert_eq!(hidden.body["details"], json!({ "order": [words] }));
}

#[tokio::test]
async fn a_shop_finds_its_failed_payments_and_any_transaction_among_many() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let mut orders = Vec::new();
    let mut failed = Vec::new();
    for n in 0..12 {
        let order = ada.order(&shop, &mug, 1 + n % 3).await;
        if n % 5 == 1 {
            assert_eq!(ada.pays_with(&order, "tok_decline").await.status, 402);
        } else {
            ada.pays(&order).await;
        }
        let order = ada.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
        if n % 5 == 1 {
            failed.insert(0, text(&order["payments"][0]["id"]).to_owned());
        }
        orders.push(order);
    }
    counted(&shop.vendor.client, "/api/payments/", 12).await;
    let page = counted(&shop.vendor.client, "/api/payments/?status=failed&page_size=2", 3).await;
    assert_eq!(ids(&page), failed[..2]);
    let next = text(&page["next"]).split_once("/api/").map(|(_, path)| format!("/api/{path}")).unwrap();
    assert_eq!(ids(&shop.vendor.client.get(&next).await.expect(200)), failed[2..]);

    let sought = &orders[7]["payments"][0];
    let transaction = text(&sought["transaction_id"]);
    for term in [transaction, &transaction[1..16].to_lowercase()] {
        let found = counted(&shop.staff.client, &format!("/api/payments/?search={term}"), 1).await;
        assert_eq!(found["results"], json!([sought]), "{term}");
    }
    let refund = format!("/api/payments/{}/refund_payment/", text(&sought["id"]));
    shop.vendor.client.post(&refund, json!({})).await.expect(200);
    let admin = Person::new("admin", Some("admin"));
    admin.client.delete(&format!("/api/orders/{}/", text(&orders[7]["id"]))).await.expect(200);
    let gone = shop.staff.client.get(&format!("/api/payments/?search={transaction}")).await.expect(200);
    assert_eq!(gone["results"], json!([]));
    let left = counted(&shop.vendor.client, "/api/payments/?ordering=-amount", 11).await;
    assert!(!ids(&left).contains(&text(&sought["id"])));
}

#[tokio::test]
async fn a_payment_is_in_its_makers_next_list() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    for made in 1..=4 {
        let order = ada.order(&shop, &mug, 1).await;
        let new = json!({ "order": order["id"], "payment_method": "credit_card" });
        let payment = ada.client.post("/api/payments/", new).await.expect(201);
        let list = ada.client.get("/api/payments/").await.expect(200);
        assert_eq!((&list["results"][0]["id"], &list["count"]), (&payment["id"], &json!(made)));
        let path = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
        ada.client.post(&path, json!({})).await.expect(200);
        let paid = ada.client.get("/api/payments/?status=paid&ordering=-amount").await.expect(200);
        assert_eq!((ids(&paid).len(), &paid["count"]), (made, &json!(made)));
        assert_eq!(ada.client.get("/api/payments/?status=pending").await.expect(200)["count"], 0);
    }
}

#[tokio::test]
async fn a_payment_of_an_old_order_is_a_recent_one() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let old = ada.order(&shop, &mug, 1).await;
    for _ in 0..10 {
        ada.order(&shop, &mug, 1).await;
    }
    ada.pays(&old).await;
    let stats = || async { ada.client.get("/api/payments/payment_stats/").await.expect(200) };
    let stats = eventually(stats, |stats| stats["completed_payments"] == 1).await;
    let recent = stats["recent_payments"].as_array().expect("a list");
    assert_eq!((recent.len(), &recent[0]["status"]), (1, &json!("paid")));
}
