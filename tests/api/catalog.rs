//! Stores and products: who sees and writes them, and what lies on the shelves.

use futures::future::join_all;
use oms_tests::http::Answer;
use oms_tests::shop::{Person, text};
use oms_tests::{Goods, Shop};
use reqwest::Method;
use serde_json::{Value, json};

fn product_path(goods: &Goods) -> String {
    format!("/api/products/{}/", text(&goods.product))
}

fn store_path(shop: &Shop) -> String {
    format!("/api/stores/{}/", text(&shop.store["id"]))
}

async fn patches(person: &Person, path: &str, body: Value) -> Answer {
    person.client.send(Method::PATCH, path, Some(body), &[]).await
}

async fn deletes(person: &Person, path: &str) -> Answer {
    person.client.send(Method::DELETE, path, None, &[]).await
}

#[tokio::test]
async fn a_vendors_store_is_their_own_and_nobody_elses_to_write() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let new = json!({ "name": "Café 2", "owner": "somebody else" });
    let store = shop.vendor.client.post("/api/stores/", new).await.expect(201);
    assert_eq!(store["owner"], json!(shop.vendor.id));
    assert_eq!((&store["slug"], &store["tax_rate"]), (&json!("cafe-2"), &json!("0.1000")));
    assert_eq!((&store["currency"], &store["status"]), (&json!("USD"), &json!("active")));

    let customer = Person::new("customer", None);
    let new = json!({ "name": "Mine" });
    assert_eq!(customer.client.post("/api/stores/", new.clone()).await.status, 403);
    for stranger in [&customer, &other.vendor] {
        assert_eq!(patches(stranger, &store_path(&shop), new.clone()).await.status, 403);
        assert_eq!(deletes(stranger, &store_path(&shop)).await.status, 403);
    }
    patches(&shop.vendor, &store_path(&shop), json!({ "status": "inactive" })).await.expect(200);
    for stranger in [&customer, &other.vendor] {
        assert_eq!(stranger.client.get(&store_path(&shop)).await.error(), "Store not found");
        assert_eq!(patches(stranger, &store_path(&shop), new.clone()).await.status, 404);
    }
    patches(&shop.staff, &store_path(&shop), new).await.expect(200);
}

#[tokio::test]
async fn customers_see_what_is_on_sale_and_its_vendor_sees_all() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 3).await;
    let draft = json!({ "store": shop.store["id"], "name": "Plate", "base_price": 5, "status": "draft" });
    shop.vendor.client.post("/api/products/", draft).await.expect(201);
    let (customer, vendor) = (Person::new("customer", None), Person::new("vendor", Some("vendor")));
    let list = format!("/api/products/?store={}", text(&shop.store["id"]));
    let count = async |person: &Person, more: &str| {
        person.client.get(&format!("{list}{more}")).await.expect(200)["count"].clone()
    };
    assert_eq!((count(&customer, "").await, count(&vendor, "").await), (json!(1), json!(1)));
    assert_eq!((count(&shop.vendor, "").await, count(&shop.staff, "").await), (json!(2), json!(2)));
    assert_eq!(count(&customer, "&status=draft").await, 0);
    assert_eq!(count(&shop.vendor, "&status=draft").await, 1);

    patches(&shop.vendor, &store_path(&shop), json!({ "status": "inactive" })).await.expect(200);
    assert_eq!(customer.client.get(&product_path(&mug)).await.error(), "Product not found");
    let refused = customer.client.get(&list).await.expect(400);
    let words = "Select a valid choice. That choice is not one of the available choices.";
    assert_eq!(refused["details"], json!({ "store": [words] }));
    assert_eq!(count(&shop.vendor, "").await, 2);
}

#[tokio::test]
async fn lists_are_searched_sorted_and_walked_by_their_links() {
    let shop = Shop::open().await;
    for (name, sku) in [("Cup", "C-1"), ("bowl", "B-1"), ("Plate", "P-1"), ("Jug", "J-1"), ("Tea pot", "T-1")]
    {
        let variants = json!([{ "name": "Blue", "sku": format!("{sku}-BLUE") }]);
        let new = json!({
            "store": shop.store["id"], "name": name, "sku": sku, "base_price": "1", "variants": variants,
        });
        shop.vendor.client.post("/api/products/", new).await.expect(201);
    }
    let base = format!("/api/v1/products/?store={}", text(&shop.store["id"]));
    let names = |page: &Value| -> Vec<String> {
        page["results"].as_array().unwrap().iter().map(|one| text(&one["name"]).to_owned()).collect()
    };
    let list = async |more: &str| shop.vendor.client.get(&format!("{base}{more}")).await.expect(200);
    assert_eq!(names(&list("").await), ["Tea pot", "Jug", "Plate", "bowl", "Cup"]);
    assert_eq!(names(&list("&search=b-1-blue").await), ["bowl"]);
    assert_eq!(names(&list("&search=%22tea%20pot%22%20T-1").await), ["Tea pot"]);
    assert_eq!(names(&list("&ordering=name&page_size=2&page=last").await), ["Tea pot"]);

    let mut page = list("&ordering=name&page_size=2").await;
    let mut walked = names(&page);
    while let Some(next) = page["next"].as_str() {
        let at = next.find("/api/").expect("a link to the API");
        page = shop.vendor.client.get(&next[at..]).await.expect(200);
        walked.extend(names(&page));
    }
    assert_eq!(walked, ["bowl", "Cup", "Jug", "Plate", "Tea pot"]);
    assert_eq!((&page["count"], page["previous"].is_string()), (&json!(5), true));
    let beyond = shop.vendor.client.get(&format!("{base}&page=2")).await;
    assert_eq!((beyond.status, beyond.error()), (404, "Invalid page."));
}

#[tokio::test]
async fn every_problem_of_a_product_is_told_at_once() {
    let shop = Shop::open().await;
    let wrong = json!({
        "store": "x", "name": "", "base_price": "-1", "slug": "a b", "status": "sold",
        "variants": [{ "name": "Blue" }, { "stock": -1 }],
    });
    let refused = shop.vendor.client.post("/api/products/", wrong).await.expect(400);
    let slug = "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.";
    let details = json!({
        "store": ["Must be a valid UUID."],
        "name": ["This field may not be blank."],
        "base_price": ["Ensure this value is greater than or equal to 0."],
        "slug": [slug],
        "status": ["\"sold\" is not a valid choice."],
        "variants": [{}, {
            "name": ["This field is required."],
            "stock": ["Ensure this value is greater than or equal to 0."],
        }],
    });
    assert_eq!(refused["details"], details);
}

#[tokio::test]
async fn prices_have_the_digits_of_the_stores_currency() {
    let shop = Shop::open().await;
    let yen = json!({ "currency": "JPY", "shipping_costs": { "standard": 500 } });
    let store = patches(&shop.vendor, &store_path(&shop), yen).await.expect(200);
    assert_eq!(store["shipping_costs"], json!({ "standard": "500" }));
    let new = |price: &str| json!({ "store": shop.store["id"], "name": "Tea", "base_price": price });
    let refused = shop.vendor.client.post("/api/products/", new("150.5")).await.expect(400);
    let words = "Ensure that there are no more than 0 decimal places.";
    assert_eq!(refused["details"], json!({ "base_price": [words] }));
    let tea = shop.vendor.client.post("/api/products/", new("150")).await.expect(201);
    assert_eq!((&tea["base_price"], &tea["current_price"]), (&json!("150"), &json!("150")));
}

#[tokio::test]
async fn variants_are_changed_added_and_removed_within_their_product() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let change = json!({ "stock": 99, "variants": [
        { "name": "Red", "stock": 4 },
        { "id": mug.variant, "name": "Navy", "stock": 77 },
    ]});
    let changed = patches(&shop.vendor, &product_path(&mug), change).await.expect(200);
    let shown = |product: &Value| -> Vec<Value> {
        let variants = product["variants"].as_array().unwrap().iter();
        variants.map(|one| json!([one["name"], one["current_price"], one["stock"]])).collect()
    };
    assert_eq!(shown(&changed), [json!(["Red", "29.99", 4]), json!(["Navy", "29.99", 10])]);
    assert_eq!(changed["stock"], 0, "stock changes by adjust_stock alone");
    assert_eq!(shop.vendor.client.get(&product_path(&mug)).await.expect(200), changed);

    let put = shop.vendor.client.send(Method::PUT, &product_path(&mug), Some(changed.clone()), &[]).await;
    assert_eq!(put.expect(200)["variants"], changed["variants"], "what was read can be sent back");
    let one = json!({ "variants": [{ "id": changed["variants"][0]["id"] }] });
    let left = patches(&shop.vendor, &product_path(&mug), one).await.expect(200);
    assert_eq!(shown(&left), [json!(["Red", "29.99", 4])]);
    let gone = json!({ "variants": [{ "id": mug.variant }] });
    let refused = patches(&shop.vendor, &product_path(&mug), gone).await.expect(400);
    let words = format!("Invalid pk \"{}\" - object does not exist.", text(&mug.variant));
    assert_eq!(refused["details"], json!({ "variants": [{ "id": [words] }] }));
}

#[tokio::test]
async fn all_48_variants_can_be_replaced_at_once_and_a_49th_not_added() {
    let shop = Shop::open().await;
    let variants = |prefix: &str, count: usize| -> Value {
        (0..count).map(|n| json!({ "name": format!("{prefix}{n}"), "stock": n })).collect()
    };
    let new = json!({
        "store": shop.store["id"], "name": "Mug", "base_price": 1, "variants": variants("a", 48),
    });
    let mug = shop.vendor.client.post("/api/products/", new).await.expect(201);
    let path = format!("/api/products/{}/", text(&mug["id"]));
    let replaced = patches(&shop.vendor, &path, json!({ "variants": variants("b", 48) })).await.expect(200);
    assert_eq!(replaced["variants"][47]["stock"], 47);
    let list = format!("/api/products/?store={}", text(&shop.store["id"]));
    assert_eq!(shop.vendor.client.get(&list).await.expect(200)["results"], json!([replaced]));
    let refused = patches(&shop.vendor, &path, json!({ "variants": variants("c", 49) })).await.expect(400);
    let words = "Ensure this field has no more than 48 elements.";
    assert_eq!(refused["details"]["variants"], json!({ "non_field_errors": [words] }));
}

#[tokio::test]
async fn stock_never_falls_below_none_and_no_adjustment_is_lost() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 0).await;
    let path = format!("{}adjust_stock/", product_path(&mug));
    let by = |delta: i64| json!({ "variant": mug.variant, "delta": delta, "reason": "counted" });
    let answers = join_all((0..20).map(|_| shop.vendor.client.post(&path, by(3)))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(shop.stock(&mug).await, 60);

    let answers = join_all((0..10).map(|_| shop.vendor.client.post(&path, by(-8)))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 7);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((answer.status, answer.error()), (400, "Insufficient stock. Available: 4"));
    }
    let to = json!({ "variant": mug.variant, "stock": 25 });
    let product = shop.vendor.client.post(&path, to).await.expect(200);
    assert_eq!((&product["variants"][0]["stock"], &product["stock"]), (&json!(25), &json!(0)));
    assert_eq!(Person::new("customer", None).client.post(&path, by(1)).await.status, 403);
}

#[tokio::test]
async fn a_repeat_with_the_same_key_makes_and_moves_nothing_twice() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let keyed = [("Idempotency-Key", "k")];
    let by = Some(json!({ "variant": mug.variant, "delta": -3 }));
    let path = format!("{}adjust_stock/", product_path(&mug));
    let adjust = || shop.vendor.client.send(Method::POST, &path, by.clone(), &keyed);
    let (first, again) = (adjust().await, adjust().await);
    assert_eq!((first.status, again.status), (200, 200), "{}", again.text);
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(first.body, again.body);
    assert_eq!(shop.stock(&mug).await, 7);

    let new = Some(json!({ "store": shop.store["id"], "name": "Plate", "base_price": 5 }));
    let keyed = [("Idempotency-Key", "l")];
    let make = || shop.vendor.client.send(Method::POST, "/api/products/", new.clone(), &keyed);
    let made = join_all((0..5).map(|_| make())).await;
    let list = format!("/api/products/?search=plate&store={}", text(&shop.store["id"]));
    assert_eq!(shop.vendor.client.get(&list).await.expect(200)["count"], 1);
    for answer in made {
        assert!([201, 409].contains(&answer.status), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_write_based_on_what_no_longer_is_is_held_back() {
    let shop = Shop::open().await;
    let path = store_path(&shop);
    let read = shop.vendor.client.get(&path).await;
    let tag = read.header("etag").to_owned();
    let rename = |name: &str| Some(json!({ "name": name }));
    let expecting = [("If-Match", tag.as_str())];
    let first = shop.vendor.client.send(Method::PATCH, &path, rename("A"), &expecting).await;
    assert_eq!(first.status, 200);
    assert_ne!(first.header("etag"), tag);
    let second = shop.vendor.client.send(Method::PATCH, &path, rename("B"), &expecting).await;
    assert_eq!(second.status, 412);
    let delete = shop.vendor.client.send(Method::DELETE, &path, None, &expecting).await;
    assert_eq!(delete.status, 412);

    let raced = join_all((0..5).map(|n| {
        let description = json!({ "description": format!("{n}") });
        patches(&shop.vendor, &path, description)
    }));
    assert!(raced.await.iter().all(|answer| answer.status == 200), "without If-Match, all are applied");
    assert_eq!(shop.vendor.client.get(&path).await.expect(200)["name"], "A");
}

#[tokio::test]
async fn what_is_deleted_stays_readable_in_orders_which_can_still_be_cancelled() {
    let shop = Shop::open().await;
    let (mug, plate) = (shop.sells("Mug", 5).await, shop.sells("Plate", 5).await);
    let ada = shop.customer().await;
    let of_mug = ada.order(&shop, &mug, 2).await;
    let of_plate = ada.order(&shop, &plate, 2).await;

    patches(&shop.vendor, &product_path(&mug), json!({ "variants": [] })).await.expect(200);
    let deleted = deletes(&shop.vendor, &product_path(&plate)).await.expect(200);
    assert_eq!(deleted, json!({ "message": "Product deleted successfully" }));
    assert_eq!(shop.staff.client.get(&product_path(&plate)).await.status, 404);
    for (order, name) in [(&of_mug, "Mug"), (&of_plate, "Plate")] {
        let path = format!("/api/orders/{}/cancel_order/", text(&order["id"]));
        let cancelled = ada.client.patch(&path).await.expect(200);
        assert_eq!(cancelled["items"][0]["product_name"], name);
    }

    let deleted = deletes(&shop.vendor, &store_path(&shop)).await.expect(200);
    assert_eq!(deleted, json!({ "message": "Store deleted successfully" }));
    assert_eq!(shop.staff.client.get(&product_path(&mug)).await.status, 404);
    let order = format!("/api/orders/{}/", text(&of_mug["id"]));
    assert_eq!(ada.client.get(&order).await.expect(200)["store_name"], "Mugs & More");
}
