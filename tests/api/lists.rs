//! Filters, search, orderings and pages of lists of orders. What each combination gives is
//! compared with a model elsewhere (`tests/models`); here is what a client sees of them.

use oms_tests::shop::text;
use oms_tests::{Answer, Person, Shop, eventually};
use serde_json::{Value, json};

fn path_of(link: &Value) -> String {
    let link = text(link);
    link[link.find("/api/").expect("a link into the API")..].to_owned()
}

fn ids(page: &Value) -> Vec<Value> {
    page["results"].as_array().into_iter().flatten().map(|order| order["id"].clone()).collect()
}

/// A page of a person's orders once the counters know of so many.
async fn counted(person: &Person, path: &str, count: usize) -> Value {
    let page = || async { person.client.get(path).await.expect(200) };
    eventually(page, move |page: &Value| page["count"] == count).await
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused_with_every_other_one() {
    let shop = Shop::open().await;
    let path = "/api/orders/?status=nope&status__in=pending,new&payment_method=gold&currency=XYZ1&store=7\
                &created_at__gte=soon&created_at__lt=2026-13-01&total_amount__gte=much&total_amount__lte=1,5";
    let refused = shop.staff.client.get(path).await.expect(400);
    let no_choice =
        |value: &str| json!([format!("Select a valid choice. {value} is not one of the available choices.")]);
    let (no_time, no_number) = (json!(["Enter a valid date/time."]), json!(["A valid number is required."]));
    assert_eq!(
        refused["details"],
        json!({
            "status": no_choice("nope"), "status__in": no_choice("new"), "payment_method": no_choice("gold"),
            "currency": no_choice("XYZ1"), "store": ["Must be a valid UUID."],
            "created_at__gte": no_time, "created_at__lt": no_time,
            "total_amount__gte": no_number, "total_amount__lte": no_number,
        })
    );
    let fine = "/api/orders/?status=&colour=red&created_at__gte=2026-01-01T00:00:00+02:00&ordering=nonsense&search=%20";
    shop.staff.client.get(fine).await.expect(200);
}

#[tokio::test]
async fn a_shop_finds_the_orders_that_it_looks_for() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let mut orders = Vec::new();
    for (person, quantity) in [(&ada, 1), (&bob, 3), (&ada, 2)] {
        orders.push(person.order(&shop, &mug, quantity).await);
    }
    shop.does("confirm_order", &orders[1]).await.expect(200);
    let path = format!("/api/orders/{}/", text(&orders[0]["id"]));
    shop.vendor.client.change(&path, json!({ "payment_reference": "Wire-é 77" })).await.expect(200);
    counted(&shop.vendor, "/api/orders/", 3).await;
    let all = [&orders[0]["id"], &orders[1]["id"], &orders[2]["id"]];
    for (query, expected) in [
        ("ordering=-total_amount".to_owned(), vec![1, 2, 0]),
        ("ordering=total_amount&page_size=1&page=last".to_owned(), vec![1]),
        ("status=confirmed".to_owned(), vec![1]),
        ("status__in=pending,shipped&ordering=created_at".to_owned(), vec![0, 2]),
        (format!("user={}", ada.id), vec![2, 0]),
        (format!("user={}&total_amount__gte=60", ada.id), vec![2]),
        ("search=WIRE+77".to_owned(), vec![0]),
        (format!("search={}", text(&orders[1]["order_number"])), vec![1]),
        ("search=nothing-like-it".to_owned(), vec![]),
        ("created_at__lt=2020-01-01".to_owned(), vec![]),
        ("ordering=-confirmed_at,created_at".to_owned(), vec![0, 2, 1]),
    ] {
        let page = counted(
            &shop.vendor,
            &format!("/api/orders/?{query}"),
            match query.as_str() {
                query if query.contains("page=last") => 3,
                _ => expected.len(),
            },
        )
        .await;
        let expected: Vec<Value> = expected.iter().map(|n: &usize| all[*n].clone()).collect();
        assert_eq!(ids(&page), expected, "{query}");
    }
    let of_bob = format!("/api/orders/?user={}", bob.id);
    assert_eq!(
        ada.client.get(&of_bob).await.expect(200)["count"],
        0,
        "others' orders are not there to be filtered"
    );
}

#[tokio::test]
async fn links_lead_through_all_orders_once_while_more_are_placed() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let mut placed = Vec::new();
    for _ in 0..7 {
        placed.push(ada.order(&shop, &mug, 1).await["id"].clone());
    }
    for ordering in ["-created_at", "total_amount", "status,-created_at"] {
        let mut found = Vec::new();
        let mut page =
            counted(&ada, &format!("/api/orders/?page_size=2&ordering={ordering}"), placed.len()).await;
        loop {
            found.extend(ids(&page));
            if page["next"].is_null() {
                break;
            }
            if found.len() == 2 {
                placed.push(ada.order(&shop, &mug, 9).await["id"].clone());
            }
            page = ada.client.get(&path_of(&page["next"])).await.expect(200);
            assert!(found.len() <= placed.len(), "{found:?}");
        }
        for id in &placed[..placed.len() - 1] {
            assert_eq!(found.iter().filter(|found| *found == id).count(), 1, "{ordering}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_we_did_not_make_for_this_list_is_no_page() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    for _ in 0..3 {
        ada.order(&shop, &mug, 1).await;
    }
    let first = counted(&ada, "/api/orders/?page_size=1", 3).await;
    let next = path_of(&first["next"]);
    ada.client.get(&next).await.expect(200);
    ada.client.get(&next.replace("/api/orders", "/api/v1/orders")).await.expect(200);
    let is_refused = |answer: Answer| assert_eq!((answer.status, answer.error()), (404, "Invalid page."));
    is_refused(ada.client.get(&next.replace("page=2", "page=3")).await);
    is_refused(ada.client.get(&next.replace("/orders/", "/orders/my_orders/")).await);
    is_refused(ada.client.get(&format!("{next}&status=pending")).await);
    is_refused(ada.client.get("/api/orders/?page=2&cursor=eyJhIjoxfQ").await);
}

#[tokio::test]
async fn items_are_found_by_name_and_number_and_sorted_by_what_they_come_to() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.sells("Mug", 10).await, shop.sells("Tea Cup", 10).await);
    let ada = shop.customer().await;
    let (first, second) = (ada.order(&shop, &mug, 2).await, ada.order(&shop, &cup, 3).await);
    let third = ada.order(&shop, &mug, 1).await;
    let (first, second, third) = (&first["items"][0], &second["items"][0], &third["items"][0]);
    let number = text(&third["id"]).to_owned();
    counted(&ada, "/api/order-items/", 3).await;
    let order = ada.client.get(&format!("/api/order-items/{number}/")).await.expect(200)["order"].clone();
    let order = ada.client.get(&format!("/api/orders/{}/", text(&order))).await.expect(200);
    for (query, expected) in [
        ("ordering=-quantity".to_owned(), vec![second, first, third]),
        ("ordering=total_price".to_owned(), vec![third, first, second]),
        ("ordering=unit_price,-quantity".to_owned(), vec![second, first, third]),
        ("search=CUP".to_owned(), vec![second]),
        ("search=%22tea+cup%22+blue".to_owned(), vec![second]),
        ("search=tea+mug".to_owned(), vec![]),
        (format!("search={}", text(&order["order_number"])), vec![third]),
    ] {
        let page = ada.client.get(&format!("/api/order-items/?{query}")).await.expect(200);
        let expected: Vec<_> = expected.iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids(&page), expected, "{query}");
    }
    // Which page is the last, the counters say, which follow within moments.
    let last = "/api/order-items/?ordering=nonsense&page_size=2&page=last";
    let last = || async { ada.client.get(last).await.expect(200) };
    eventually(last, |page: &Value| ids(page) == [first["id"].clone()]).await;
}

#[tokio::test]
async fn staff_see_how_a_page_was_found_and_customers_do_not() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    ada.order(&shop, &mug, 1).await;
    let path = format!("/api/orders/?explain=true&status=pending&store={}", text(&shop.store["id"]));
    let page = counted(&shop.staff, &path, 1).await;
    assert_eq!((&page["explain"]["method"], &page["explain"]["ways"]), (&json!("walk"), &json!(["List"])));
    assert!(text(&page["explain"]["units"]).parse::<f64>().is_ok_and(|units| units <= 6.0), "{page}");
    assert_eq!(ada.client.get(&path).await.expect(200)["explain"], Value::Null);
}

#[tokio::test]
async fn what_is_no_id_is_refused_alike_in_every_filter() {
    let shop = Shop::open().await;
    for (path, name) in [
        ("orders/", "store"),
        ("orders/order_stats/", "store"),
        ("payments/", "order"),
        ("products/", "store"),
        ("order-items/", "order"),
        ("order-items/", "product"),
        ("order-items/", "variant"),
    ] {
        let refused = shop.staff.client.get(&format!("/api/{path}?{name}=nope")).await.expect(400);
        assert_eq!(refused["details"], json!({ name: ["Must be a valid UUID."] }), "{path}");
    }
}
