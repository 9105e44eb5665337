//! Many at once.

use futures::future::join_all;
use oms_tests::Shop;
use oms_tests::shop::text;
use serde_json::json;

#[tokio::test]
async fn a_hundred_buyers_of_ten_mugs_get_ten() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let buyers = join_all((0..100).map(|_| shop.customer())).await;
    let answers = join_all(buyers.iter().map(|buyer| buyer.buys(&shop, &mug, 1))).await;
    let sold: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(sold.len(), 10);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status, answer.error()), (400, "Insufficient stock. Available: 0"));
        assert_eq!(answer.body["code"], "insufficient_stock");
    }
    assert_eq!(shop.stock(&mug).await, 0);
    let numbers: std::collections::HashSet<_> =
        sold.iter().map(|answer| text(&answer.body["order_number"]).to_owned()).collect();
    assert_eq!(numbers.len(), 10, "order numbers are unique");
}

#[tokio::test]
async fn of_twenty_who_confirm_one_order_one_does() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1).await;
    let order = shop.customer().await.order(&shop, &mug, 1).await;
    let answers = join_all((0..20).map(|_| shop.does("confirm_order", &order))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.error(), "Order cannot be confirmed in its current status");
    }
}

#[tokio::test]
async fn of_twenty_who_pay_one_order_one_is_charged() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let new = json!({ "order": order["id"], "payment_method": "credit_card" });
    let answers = join_all((0..20).map(|_| ada.client.post("/api/payments/", new.clone()))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    let path = format!("/api/payments/{}/process_payment/", text(&made[0].body["id"]));
    let answers = join_all((0..20).map(|_| ada.client.post(&path, json!({})))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.error(), "Payment cannot be processed with current status");
    }
}

#[tokio::test]
async fn of_twenty_who_cancel_one_order_one_gets_the_stock_back() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 5).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 3).await;
    let path = format!("/api/orders/{}/cancel_order/", text(&order["id"]));
    let answers = join_all((0..20).map(|_| ada.client.patch(&path))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(shop.stock(&mug).await, 5);
}
