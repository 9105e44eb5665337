//! Whoever has changed the catalogue, or ordered of it, sees it in the next list, where the indexes
//! are far behind their table and the consumer of the stream does nothing.

use http::Method;
use oms_harness::Harness;
use oms_workspace::tokens::User;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

/// By how much the indexes are behind: more than the requests of a test take that must be faster.
const LATE: Duration = Duration::from_secs(4);

struct World {
    harness: Harness,
    staff: String,
    vendor: String,
    /// Staff who have changed nothing, and see what the indexes have.
    onlooker: String,
}

impl World {
    fn new() -> Self {
        let harness = Harness::with_late_indexes(LATE).unwrap();
        let token = |name: &str, group: &str| harness.token(&User::new(name, Some(group))).unwrap();
        let (staff, vendor) = (token("boss", "staff"), token("seller", "vendor"));
        Self { staff, vendor, onlooker: token("onlooker", "staff"), harness }
    }

    async fn sends(&self, method: Method, token: &str, path: &str, body: Value) -> Value {
        let answer = self.harness.send(method.clone(), token, path, Some(body)).await.unwrap();
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
        answer.body
    }

    async fn makes(&self, token: &str, group: &str, body: Value) -> String {
        let made = self.sends(Method::POST, token, &format!("/api/{group}/"), body).await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn changes(&self, token: &str, group: &str, id: &str, body: Value) {
        self.sends(Method::PATCH, token, &format!("/api/{group}/{id}/"), body).await;
    }

    async fn deletes(&self, token: &str, group: &str, id: &str) {
        self.sends(Method::DELETE, token, &format!("/api/{group}/{id}/"), json!({})).await;
    }

    async fn sells(&self, store: &str, name: &str, status: &str) -> String {
        let new = json!({ "store": store, "name": name, "base_price": 5, "status": status, "stock": 100 });
        self.makes(&self.vendor, "products", new).await
    }

    /// What a field of the entries of a list is, in their order; as many as it counts.
    async fn lists(&self, token: &str, path: &str, field: &str) -> Vec<Value> {
        let page = self.sends(Method::GET, token, path, json!({})).await;
        let shown: Vec<Value> =
            page["results"].as_array().unwrap().iter().map(|one| one[field].clone()).collect();
        assert_eq!(page["count"], shown.len(), "{path}: {shown:?}");
        shown
    }

    /// The same of all pages of one entry, of which each counts them all.
    async fn walks(&self, token: &str, path: &str, field: &str) -> Vec<Value> {
        let (mut walked, mut counts) = (Vec::new(), Vec::new());
        let mut next = Some(format!("{path}page_size=1"));
        while let Some(path) = next {
            let page = self.sends(Method::GET, token, &path, json!({})).await;
            walked.extend(page["results"].as_array().unwrap().iter().map(|one| one[field].clone()));
            counts.push(page["count"].as_u64().unwrap());
            next = page["next"].as_str().map(|next| next[next.find("/api/").unwrap()..].to_owned());
        }
        let all = walked.len() as u64;
        assert!(counts.iter().all(|count| *count == all), "{path}: {counts:?} of {walked:?}");
        walked
    }
}

#[tokio::test]
async fn a_vendor_sees_what_they_have_just_made_changed_and_deleted_of_their_products() {
    let world = World::new();
    let vendor = &world.vendor;
    let a = world.makes(vendor, "stores", json!({ "name": "A" })).await;
    let b = world.makes(vendor, "stores", json!({ "name": "B" })).await;
    let mug = world.sells(&a, "Mug", "active").await;
    let cup = world.sells(&a, "Cup", "active").await;
    let names = async |path: &str| world.lists(vendor, &format!("/api/products/{path}"), "name").await;
    assert_eq!(names("").await, ["Cup", "Mug"], "where the index has no store yet either");
    sleep(LATE).await;

    let jug = world.sells(&a, "Jug", "active").await;
    assert!(world.lists(&world.onlooker, "/api/products/?search=jug", "name").await.is_empty());
    for list in ["?".to_owned(), format!("?store={a}&")] {
        assert_eq!(names(&list).await, ["Jug", "Cup", "Mug"], "{list}");
        assert_eq!(names(&format!("{list}ordering=created_at")).await, ["Mug", "Cup", "Jug"], "{list}");
        assert_eq!(names(&format!("{list}ordering=name")).await, ["Cup", "Jug", "Mug"], "{list}");
        assert_eq!(names(&format!("{list}search=jug")).await, ["Jug"], "{list}");
        let walked = world.walks(vendor, &format!("/api/products/{list}"), "name").await;
        assert_eq!(walked, ["Jug", "Cup", "Mug"], "{list}");
    }
    world.changes(vendor, "products", &mug, json!({ "status": "archived" })).await;
    for list in ["?".to_owned(), format!("?store={a}&")] {
        assert_eq!(names(&format!("{list}status=active")).await, ["Jug", "Cup"], "{list}");
        assert_eq!(names(&format!("{list}status=archived")).await, ["Mug"], "{list}");
        assert_eq!(names(&format!("{list}status=archived&ordering=name")).await, ["Mug"], "{list}");
    }
    world.changes(vendor, "products", &cup, json!({ "name": "Bowl" })).await;
    assert_eq!(names("?ordering=name").await, ["Bowl", "Jug", "Mug"]);
    assert!(names("?search=cup").await.is_empty());
    world
        .sends(Method::POST, vendor, &format!("/api/products/{cup}/adjust_stock/"), json!({ "stock": 7 }))
        .await;
    let stock = world.lists(vendor, "/api/products/?search=bowl", "stock").await;
    assert_eq!(stock, [json!(7)]);
    world.changes(vendor, "products", &jug, json!({ "store": b })).await;
    assert_eq!(names(&format!("?store={a}")).await, ["Bowl", "Mug"]);
    assert_eq!(names(&format!("?store={b}")).await, ["Jug"]);
    world.deletes(vendor, "products", &cup).await;
    assert_eq!(names("").await, ["Jug", "Mug"]);
    assert!(names("?search=bowl").await.is_empty());
    world.changes(vendor, "stores", &a, json!({ "status": "inactive" })).await;
    assert_eq!(names("").await, ["Jug", "Mug"]);
    world.deletes(vendor, "stores", &b).await;
    assert_eq!(names("").await, ["Mug"]);
    assert!(names("?search=jug").await.is_empty());
}

#[tokio::test]
async fn staff_and_vendors_see_what_they_have_just_made_changed_and_deleted_of_stores() {
    let world = World::new();
    let (vendor, staff) = (&world.vendor, &world.staff);
    world.makes(staff, "stores", json!({ "name": "A" })).await;
    sleep(LATE).await;

    let b = world.makes(staff, "stores", json!({ "name": "B" })).await;
    let own = world.makes(vendor, "stores", json!({ "name": "C", "status": "inactive" })).await;
    let names = async |who: &str, path: &str| world.lists(who, &format!("/api/stores/{path}"), "name").await;
    assert!(names(&world.onlooker, "?search=b").await.is_empty());
    assert_eq!(names(staff, "?status=active").await, ["B", "A"]);
    assert_eq!(names(staff, "?status=active&ordering=name").await, ["A", "B"]);
    assert_eq!(names(vendor, "?status=inactive").await, ["C"]);
    assert_eq!(names(vendor, "?search=c").await, ["C"]);
    let product = json!({ "store": own, "name": "Mug", "base_price": 5, "status": "draft" });
    world.makes(vendor, "products", product).await;
    assert_eq!(world.lists(vendor, "/api/products/", "name").await, ["Mug"]);

    world.changes(staff, "stores", &b, json!({ "status": "inactive", "name": "Z" })).await;
    assert_eq!(names(staff, "?status=active").await, ["A"]);
    assert_eq!(names(staff, "?search=z").await, ["Z"]);
    world.changes(vendor, "stores", &own, json!({ "status": "active" })).await;
    assert!(names(vendor, "?status=inactive").await.is_empty());
    sleep(LATE).await;
    assert_eq!(names(vendor, "").await, ["C", "A"]);

    world.deletes(staff, "stores", &b).await;
    assert_eq!(names(staff, "").await, ["C", "A"]);
    assert!(names(staff, "?search=z").await.is_empty());
    assert_eq!(world.walks(staff, "/api/stores/?", "name").await, ["C", "A"]);
    world.deletes(vendor, "stores", &own).await;
    assert_eq!(names(vendor, "").await, ["A"]);
    assert!(world.lists(vendor, "/api/products/?search=mug", "name").await.is_empty());
}

/// An address that staff have made for somebody.
async fn address_of(world: &World, user: &str) -> String {
    let new = json!({
        "full_name": "Ada Lovelace", "address_line1": "12 St James's Square", "city": "London",
        "postal_code": "SW1Y 4JH", "country": "GB", "user": user,
    });
    world.makes(&world.staff, "addresses", new).await
}

#[tokio::test]
async fn staff_find_an_address_that_they_have_just_made_for_somebody() {
    let world = World::new();
    let address = address_of(&world, "ada").await;
    let path = format!("/api/addresses/{address}/");
    let seen = async |who: &str| world.harness.get(who, &path).await.unwrap().status;
    assert_eq!((seen(&world.staff).await, seen(&world.onlooker).await), (200, 404));
    world.changes(&world.staff, "addresses", &address, json!({ "city": "Bath" })).await;
    world.deletes(&world.staff, "addresses", &address).await;
    assert_eq!(seen(&world.staff).await, 404);
}

#[tokio::test]
async fn staff_see_the_lines_of_a_product_in_what_they_have_just_ordered() {
    let world = World::new();
    let (staff, address) = (&world.staff, address_of(&world, "ada").await);
    let store = world.makes(&world.vendor, "stores", json!({ "name": "A" })).await;
    let mug = world.sells(&store, "Mug", "active").await;
    let cup = world.sells(&store, "Cup", "active").await;
    let order = async |quantity: u32| {
        let items = json!([{ "product": mug, "quantity": quantity }, { "product": cup, "quantity": 9 }]);
        let order = json!({
            "store": store, "payment_method": "credit_card", "shipping_address": address,
            "user": "ada", "items": items,
        });
        world.makes(staff, "orders", order).await
    };
    let list = format!("/api/order-items/?product={mug}&");
    let of_mug = async |who: &str, more: &str| world.lists(who, &format!("{list}{more}"), "quantity").await;
    let mut orders = vec![order(1).await];
    world.harness.follow(orders[0].parse().unwrap()).await.unwrap();
    sleep(LATE).await;
    assert_eq!(of_mug(&world.onlooker, "").await, [1]);
    orders.push(order(2).await);
    orders.push(order(3).await);
    assert_eq!(of_mug(&world.onlooker, "").await, [1]);
    for more in ["", "search=mug", "ordering=-quantity"] {
        assert_eq!(of_mug(staff, more).await, [3, 2, 1], "{more}");
    }
    assert_eq!(world.walks(staff, &list, "quantity").await, [3, 2, 1]);
    assert_eq!(of_mug(&world.onlooker, "").await, [1]);

    let line = async |order: &str| {
        let lines = format!("/api/order-items/?order={order}&product={mug}");
        world.lists(staff, &lines, "id").await[0].as_str().unwrap().to_owned()
    };
    let (old, new) = (line(&orders[0]).await, line(&orders[1]).await);
    world.changes(staff, "order-items", &old, json!({ "quantity": 5 })).await;
    world.deletes(staff, "order-items", &new).await;
    assert_eq!(of_mug(staff, "").await, [3, 5]);
    assert_eq!(of_mug(staff, "ordering=quantity").await, [3, 5]);
    for order in &orders {
        world.harness.follow(order.parse().unwrap()).await.unwrap();
    }
    assert_eq!(of_mug(staff, "").await, [3, 5], "where rows are there and the index is behind");
    sleep(LATE).await;
    assert_eq!(
        (of_mug(staff, "").await, of_mug(&world.onlooker, "").await),
        (vec![json!(3), json!(5)], vec![json!(3), json!(5)])
    );
}

#[tokio::test]
async fn whoever_has_just_ordered_pages_through_all_lines_as_they_are() {
    let world = World::new();
    let (staff, address) = (&world.staff, address_of(&world, "ada").await);
    let store = world.makes(&world.vendor, "stores", json!({ "name": "A" })).await;
    let mug = world.sells(&store, "Mug", "active").await;
    let order = async |quantities: &[u32]| {
        let items = quantities.iter().map(|quantity| json!({ "product": mug, "quantity": quantity }));
        let order = json!({
            "store": store, "payment_method": "credit_card", "shipping_address": address,
            "user": "ada", "items": items.collect::<Vec<_>>(),
        });
        let order = world.makes(staff, "orders", order).await;
        world.harness.follow(order.parse().unwrap()).await.unwrap();
        order
    };
    let list = "/api/order-items/?";
    let old = order(&[1, 2]).await;
    sleep(LATE).await;
    let new = order(&[3, 4, 5]).await;
    let newest = order(&[6]).await;
    assert_eq!(world.lists(&world.onlooker, list, "quantity").await.len(), 2, "what the index has");
    assert_eq!(world.lists(staff, list, "quantity").await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(world.walks(staff, list, "quantity").await, [6, 5, 4, 3, 2, 1]);
    let stock = world.lists(staff, "/api/products/", "stock").await;
    assert_eq!(stock, [100 - 21], "what the orders took");

    let line = async |order: &str| {
        let lines = format!("/api/order-items/?order={order}");
        world.lists(staff, &lines, "id").await[0].as_str().unwrap().to_owned()
    };
    world.changes(staff, "order-items", &line(&old).await, json!({ "quantity": 7 })).await;
    world.deletes(staff, "order-items", &line(&new).await).await;
    let admin = world.harness.token(&User::new("boss", Some("admin"))).unwrap();
    world.deletes(&admin, "orders", &newest).await;
    let changed = [&old, &new, &newest].map(|order| order.parse().unwrap());
    let changed = world.harness.app.table().orders_and_tombstones(changed).await.unwrap();
    world.harness.apply(changed).await.unwrap();
    let shown = world.walks(staff, list, "quantity").await;
    assert_eq!(shown, world.lists(staff, list, "quantity").await);
    sleep(LATE).await;
    assert_eq!(world.walks(staff, list, "quantity").await, shown, "also where the index has it");
    assert_eq!((shown.len(), shown.contains(&json!(7))), (4, true), "{shown:?}");
    world.deletes(staff, "order-items", &line(&old).await).await;
    world.harness.follow(old.parse().unwrap()).await.unwrap();
    let left = world.walks(&world.onlooker, list, "quantity").await;
    assert_eq!(left.len(), 3, "where the index says that there are more lines than there are: {left:?}");
}
