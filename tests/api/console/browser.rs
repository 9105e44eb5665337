//! The scenarios, each with what it is given.

use super::in_a_browser;
use futures::StreamExt;
use oms_tests::{Person, Shop};
use serde_json::{Value, json};

/// More than a bulk update does within its request.
const MANY: usize = 101;

fn token(person: &Person) -> &str {
    person.client.token().expect("everybody has a token")
}

/// A shop with ten mugs, of which a customer has ordered two, and the order.
async fn shop_with_an_order() -> (Shop, Person, Value) {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 12).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;
    (shop, ada, order)
}

/// What most scenarios need.
fn given(shop: &Shop, ada: &Person, order: &Value) -> Value {
    json!({
        "vendor": token(&shop.vendor), "staff": token(&shop.staff), "customer": token(ada),
        "store": shop.store["id"], "order": order["id"], "number": order["order_number"],
    })
}

/// Runs a scenario with a shop of its own, that has one order.
async fn with_an_order(scenario: &str) {
    let (shop, ada, order) = shop_with_an_order().await;
    in_a_browser(scenario, given(&shop, &ada, &order)).await;
}

/// The same, where the order has been paid.
async fn with_a_paid_order(scenario: &str) {
    let (shop, ada, order) = shop_with_an_order().await;
    let mut given = given(&shop, &ada, &order);
    given["payment"] = ada.pays(&order).await["id"].clone();
    in_a_browser(scenario, given).await;
}

#[tokio::test]
async fn an_orders_whole_life_by_clicks() {
    with_a_paid_order("orders.life").await;
}

#[tokio::test]
async fn a_list_is_filtered_searched_saved_and_printed() {
    let (shop, ada, order) = shop_with_an_order().await;
    let other = ada.order(&shop, &shop.sells("Cup", 1).await, 1).await;
    shop.does("confirm_order", &other).await.expect(200);
    in_a_browser("orders.listed", given(&shop, &ada, &order)).await;
}

#[tokio::test]
async fn all_that_is_found_is_moved_by_a_job() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1_000).await;
    let ada = shop.customer().await;
    let placing = futures::stream::iter(0..MANY).map(|_| ada.order(&shop, &mug, 1));
    assert_eq!(placing.buffer_unordered(8).count().await, MANY);
    let given = json!({ "vendor": token(&shop.vendor), "staff": token(&shop.staff), "orders": MANY });
    in_a_browser("orders.bulk", given).await;
}

#[tokio::test]
async fn a_lost_race_shows_what_the_other_did() {
    with_an_order("orders.lost_race").await;
}

#[tokio::test]
async fn a_refund_knows_what_is_left() {
    with_a_paid_order("payments.refund").await;
}

#[tokio::test]
async fn stock_is_adjusted_and_a_stores_settings_change() {
    with_an_order("payments.shelves").await;
}

#[tokio::test]
async fn a_subscription_is_added_and_removed() {
    with_an_order("payments.subscriptions").await;
}

#[tokio::test]
async fn an_api_that_answers_500_is_tried_again_with_the_same_key() {
    with_an_order("trouble.server_error").await;
}

#[tokio::test]
async fn a_token_that_ends_in_mid_work_loses_nothing() {
    with_an_order("trouble.token_ends").await;
}

#[tokio::test]
async fn a_slow_api_is_told_of_and_nothing_jumps() {
    with_an_order("trouble.slow").await;
}

#[tokio::test]
async fn a_hundred_thousand_orders_are_shown_as_a_hundred_are() {
    with_an_order("trouble.many").await;
}

#[tokio::test]
async fn the_login_page_gives_a_code_and_the_code_a_token() {
    with_an_order("trouble.login_page").await;
}

#[tokio::test]
async fn staff_see_every_screen() {
    with_a_paid_order("screens.as_staff").await;
}

#[tokio::test]
async fn vendors_see_every_screen_but_one() {
    with_a_paid_order("screens.as_vendor").await;
}

#[tokio::test]
async fn admins_have_the_figures_proved() {
    let admin = Person::new("admin", Some("admin"));
    let staff = Person::new("staff", Some("staff"));
    in_a_browser("screens.proved", json!({ "admin": token(&admin), "staff": token(&staff) })).await;
}

#[tokio::test]
async fn customers_see_that_it_is_not_for_them() {
    with_a_paid_order("screens.as_customer").await;
}

#[tokio::test]
async fn nobody_is_barred_by_what_axe_knows() {
    for scenario in ["screens.axe_light", "screens.axe_dark", "screens.axe_phone"] {
        with_a_paid_order(scenario).await;
    }
}

#[tokio::test]
async fn a_browser_loads_little() {
    with_an_order("screens.weight").await;
}

#[tokio::test]
async fn there_is_soon_something_to_see() {
    in_a_browser("screens.paint", json!({})).await;
}
