//! A walk through every operation of the OpenAPI document: strangers and the wrong people are
//! refused, a stale `If-Match` too, and the example is accepted from the right one, once for each
//! key.
//!
//! **A new operation** makes this fail until it has a line in [`OPERATIONS`]: its `operationId`,
//! who sends the example, who is refused with what (403 or 404), and the [`Stage`] in which the
//! world must be. The example of a body is made of its fields' own (`#[schema(example = …)]`), or
//! is given whole with `request_body(content = …, example = json!(…))`. Ids in it, and in the path,
//! are the samples of `infra/openapi/src/examples.rs`; an id of a new kind needs a sample there,
//! and `World` must make one. Then `cargo openapi` writes the document anew.

use futures::StreamExt;
use oms_tests::world::Stage::{
    CalledOff, Confirmed, Delivered, Erasing, InBulk, Paid, Payable, Placed, Shipped, Subscribed, Told,
    TwoItems, Waiting,
};
use oms_tests::world::Who::{Admin, Other, OtherVendor, Owner, Staff, Vendor};
use oms_tests::world::{Stage, Who, World};
use oms_tests::{Answer, Client, stack};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Who is refused, and with which status.
pub(crate) type Refused = &'static [(Who, u16)];

const NOBODY: Refused = &[];
const STRANGERS: Refused = &[(Other, 404), (OtherVendor, 404)];
const PAYERS: Refused = &[(Vendor, 403), (Other, 404), (OtherVendor, 404)];
const CUSTOMERS: Refused = &[(Owner, 403), (Other, 404), (OtherVendor, 404)];
const SUBSCRIBERS: Refused = &[(Owner, 403), (OtherVendor, 404)];
const NO_ADMIN: Refused = &[(Owner, 403), (Vendor, 403), (Staff, 403)];
const NO_STAFF: Refused = &[(Owner, 403), (Vendor, 403), (OtherVendor, 403)];
const NO_SELLER: Refused = &[(Owner, 403), (OtherVendor, 403)];

/// Every operation that needs a token: who may do it, who may not, and when.
pub(crate) const OPERATIONS: &[(&str, Who, Refused, Stage)] = &[
    ("orders_list", Owner, NOBODY, Placed),
    ("orders_create", Owner, NOBODY, Placed),
    ("orders_my_orders", Owner, NOBODY, Placed),
    ("orders_recent_orders", Owner, NOBODY, Placed),
    ("orders_pending_orders", Owner, NOBODY, Placed),
    ("orders_order_stats", Owner, NOBODY, Placed),
    ("orders_retrieve", Owner, STRANGERS, Placed),
    ("orders_update", Owner, STRANGERS, Placed),
    ("orders_partial_update", Vendor, CUSTOMERS, Placed),
    ("orders_delete", Admin, &[(Owner, 403), (Vendor, 403), (Staff, 403), (Other, 404)], Placed),
    ("orders_bulk_update_status", Vendor, &[(Owner, 403), (Other, 403)], Placed),
    ("orders_bulk_update_job", Vendor, &[(Owner, 404), (Other, 404), (OtherVendor, 404)], InBulk),
    ("orders_history", Owner, STRANGERS, Placed),
    ("orders_rate_order", Owner, &[(Vendor, 403), (Staff, 403), (Other, 404), (OtherVendor, 404)], Delivered),
    ("orders_confirm_order", Vendor, CUSTOMERS, Placed),
    ("orders_process_order", Vendor, CUSTOMERS, Confirmed),
    ("orders_ship_order", Vendor, CUSTOMERS, Confirmed),
    ("orders_out_for_delivery_order", Vendor, CUSTOMERS, Shipped),
    ("orders_deliver_order", Staff, CUSTOMERS, Shipped),
    ("orders_cancel_order", Owner, STRANGERS, Placed),
    ("orders_refund_order", Vendor, CUSTOMERS, Shipped),
    ("order_items_list", Owner, NOBODY, Placed),
    ("order_items_create", Owner, NOBODY, Placed),
    ("order_items_by_order", Owner, STRANGERS, Placed),
    ("order_items_retrieve", Owner, STRANGERS, Placed),
    ("order_items_update", Owner, STRANGERS, TwoItems),
    ("order_items_partial_update", Owner, STRANGERS, Placed),
    ("order_items_delete", Owner, STRANGERS, TwoItems),
    ("payments_list", Owner, NOBODY, Payable),
    ("payments_create", Owner, NOBODY, Placed),
    ("payments_payment_stats", Owner, NOBODY, Placed),
    ("payments_retrieve", Owner, STRANGERS, Payable),
    ("payments_update", Owner, STRANGERS, Payable),
    ("payments_partial_update", Owner, STRANGERS, Payable),
    ("payments_delete", Owner, STRANGERS, Payable),
    ("payments_process_payment", Owner, STRANGERS, Payable),
    ("payments_refund_payment", Vendor, CUSTOMERS, Paid),
    ("payments_simulate_action", Owner, PAYERS, Waiting),
    ("payments_confirm_refund", Vendor, CUSTOMERS, CalledOff),
    ("notifications_list", Owner, NOBODY, Told),
    ("notifications_mark_all_read", Owner, NOBODY, Told),
    ("notifications_retrieve", Owner, &[(Other, 404), (Vendor, 404), (Admin, 404)], Told),
    ("notifications_partial_update", Owner, &[(Other, 404), (Vendor, 404), (Admin, 404)], Told),
    ("notifications_list_subscriptions", Vendor, &[(Owner, 403)], Subscribed),
    ("notifications_create_subscription", Vendor, &[(Owner, 403), (OtherVendor, 400)], Placed),
    ("notifications_retrieve_subscription", Vendor, SUBSCRIBERS, Subscribed),
    ("notifications_update_subscription", Vendor, SUBSCRIBERS, Subscribed),
    ("notifications_partial_update_subscription", Staff, SUBSCRIBERS, Subscribed),
    ("notifications_delete", Vendor, SUBSCRIBERS, Subscribed),
    ("stores_list", Owner, NOBODY, Placed),
    ("stores_create", Staff, &[(Owner, 403)], Placed),
    ("stores_retrieve", Owner, NOBODY, Placed),
    ("stores_update", Vendor, NO_SELLER, Placed),
    ("stores_partial_update", Vendor, NO_SELLER, Placed),
    ("stores_delete", Vendor, NO_SELLER, Delivered),
    ("products_list", Owner, NOBODY, Placed),
    ("products_create", Vendor, &[(Owner, 403)], Placed),
    ("products_retrieve", Owner, NOBODY, Placed),
    ("products_update", Vendor, NO_SELLER, Placed),
    ("products_partial_update", Vendor, NO_SELLER, Placed),
    ("products_delete", Vendor, NO_SELLER, Placed),
    ("products_adjust_stock", Vendor, NO_SELLER, Placed),
    ("addresses_list", Owner, NOBODY, Placed),
    ("addresses_create", Owner, NOBODY, Placed),
    ("addresses_retrieve", Owner, STRANGERS, Placed),
    ("addresses_update", Owner, STRANGERS, Placed),
    ("addresses_partial_update", Owner, STRANGERS, Placed),
    ("addresses_delete", Owner, STRANGERS, Placed),
    ("system_system", Staff, NO_STAFF, Placed),
    ("users_erase", Admin, NO_ADMIN, Delivered),
    ("users_erasure", Admin, NO_ADMIN, Erasing),
    ("users_export", Owner, &[(Other, 404), (Vendor, 404), (Staff, 403)], Told),
];

/// How many operations are walked through at the same time.
const AT_ONCE: usize = 6;

/// An operation of the document, with what to send.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    /// With the sample ids, and the query that it needs.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    headers: BTreeSet<String>,
    is_public: bool,
}

impl Operation {
    fn read(path: &str, method: &str, operation: &Value) -> Self {
        let mut operation_path = path.to_owned();
        let mut query = String::new();
        let mut headers = BTreeSet::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if let Some(name) = parameter["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
                headers.insert(name.to_owned());
                continue;
            }
            let name = parameter["name"].as_str().expect("a parameter has a name");
            let example = parameter["example"].as_str().unwrap_or_default();
            match parameter["in"].as_str() {
                Some("path") => operation_path = operation_path.replace(&format!("{{{name}}}"), example),
                Some("query") if parameter["required"] == true => query += &format!("?{name}={example}"),
                _ => {}
            }
        }
        Self {
            id: operation["operationId"].as_str().expect("an operation has a name").to_owned(),
            method: method.to_uppercase().parse().expect("a method"),
            path: operation_path + &query,
            body: operation["requestBody"]["content"]["application/json"].get("example").cloned(),
            headers,
            is_public: operation.get("security").is_none(),
        }
    }

    /// Its example, with the ids of a world.
    pub(crate) fn body_in(&self, world: &World) -> Option<Value> {
        let body = self.body.as_ref().map(|body| world.with_ids(&body.to_string()));
        body.map(|body| serde_json::from_str(&body).expect("it is still JSON"))
    }

    /// Sends it.
    pub(crate) async fn sent(&self, world: &World, client: &Client, headers: &[(&str, &str)]) -> Answer {
        let body = self.body_in(world);
        client.send(self.method.clone(), &world.with_ids(&self.path), body, headers).await
    }
}

pub(crate) async fn document() -> Value {
    Client::stranger().get("/api/schema/").await.expect(200)
}

pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("the document has paths");
    let methods = paths.iter().flat_map(|(path, item)| {
        item.as_object().expect("a path has methods").iter().map(move |(method, one)| (path, method, one))
    });
    methods.map(|(path, method, one)| Operation::read(path, method, one)).collect()
}

#[tokio::test]
async fn every_operation_has_a_line_in_the_walk_and_every_line_an_operation() {
    let secured = operations(&document().await).into_iter().filter(|operation| !operation.is_public);
    let secured: BTreeSet<String> = secured.map(|operation| operation.id).collect();
    let walked: BTreeSet<String> = OPERATIONS.iter().map(|(id, ..)| (*id).to_owned()).collect();
    assert_eq!(walked.len(), OPERATIONS.len(), "an operation has two lines");
    let missing: Vec<_> = secured.symmetric_difference(&walked).collect();
    assert!(missing.is_empty(), "in the document or in OPERATIONS, but not in both: {missing:?}");
}

#[tokio::test]
async fn every_operation_refuses_the_wrong_people_and_accepts_its_example_from_the_right_one() {
    let document = document().await;
    let walks = operations(&document).into_iter().map(|operation| async move {
        let (id, who, refused, stage) = OPERATIONS.iter().find(|(id, ..)| *id == operation.id)?;
        let walked = tokio::spawn(async move { walk(&operation, *who, refused, *stage).await }).await;
        walked.is_err().then_some(*id)
    });
    let failed: Vec<_> = futures::stream::iter(walks).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<_> = failed.into_iter().flatten().collect();
    assert!(failed.is_empty(), "what is wrong is told above: {failed:?}");
}

async fn walk(operation: &Operation, who: Who, refused: Refused, stage: Stage) {
    let id = &operation.id;
    let world = &World::at(stage).await;
    let stranger = operation.sent(world, &Client::stranger(), &[]).await;
    assert_eq!((stranger.status, stranger.error()), (401, "Authentication required"), "{id}");
    for (wrong, status) in refused {
        let answer = operation.sent(world, &world.who(*wrong), &[]).await;
        assert_eq!(answer.status, *status, "{id} by {wrong:?}: {}", answer.text);
    }
    let right = world.who(who);
    if operation.headers.contains("IfMatch") {
        let stale = operation.sent(world, &right, &[("If-Match", "\"0-0000000000000000\"")]).await;
        assert_eq!(stale.status, 412, "{id}: {}", stale.text);
    }
    let key: &[(&str, &str)] =
        if operation.headers.contains("IdempotencyKey") { &[("Idempotency-Key", "walk")] } else { &[] };
    let accepted = operation.sent(world, &right, key).await;
    assert!((200..300).contains(&accepted.status), "{id} by {who:?}: {} {}", accepted.status, accepted.text);
    assert_eq!(accepted.header("idempotent-replayed"), "", "{id}");
    if !key.is_empty() {
        let again = operation.sent(world, &right, key).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (accepted.status, "true"), "{id}");
        assert_eq!(again.body, accepted.body, "{id}");
    }
    if operation.headers.contains("IfNoneMatch") {
        let tag = accepted.header("etag");
        assert!(!tag.is_empty(), "{id} has no tag");
    }
}

#[tokio::test]
async fn every_body_must_be_json() {
    let world = &World::at(Payable).await;
    let staff = world.who(Staff);
    let token = staff.token().expect("staff have a token");
    // What Stripe tells is checked for its signature before anything else is looked at.
    let all = operations(&document().await);
    let is_write = |method: &Method| [Method::POST, Method::PUT, Method::PATCH].contains(method);
    for operation in all.iter().filter(|operation| is_write(&operation.method) && !operation.is_public) {
        let url = format!("{}{}", stack().setting("API_URL"), world.with_ids(&operation.path));
        for (content_type, body, status) in [
            ("text/plain", "{}", 415),
            ("application/json", "{\"a\": ", 400),
            ("application/json", "[]", 400),
        ] {
            let request = staff.bare().request(operation.method.clone(), &url).bearer_auth(token);
            let answer = request.header("Content-Type", content_type).body(body).send().await;
            let answer = answer.expect("the API answers");
            assert_eq!(answer.status().as_u16(), status, "{} {content_type} {body}", operation.id);
            let error: Value = answer.json().await.expect("an error in JSON");
            assert!(error["error"].is_string() && error["code"].is_string(), "{}: {error}", operation.id);
        }
    }
}

/// Fields that stand in the description of a body, and that nobody can write there.
pub(crate) const IGNORED: &[&str] = &[
    "addresses_update: user",
    "addresses_partial_update: user",
    "orders_update: user",
    "products_update: stock",
    "products_partial_update: stock",
];

/// Who writes every field of an operation's body, and when: staff, but for what is its owner's
/// alone.
pub(crate) fn writer_of(operation: &Operation) -> (Who, Stage) {
    let line = OPERATIONS.iter().find(|(id, ..)| *id == operation.id);
    match line.map(|(_, who, _, stage)| (*who, *stage)) {
        Some((who, stage @ (Delivered | Told))) => (who, stage),
        Some((_, Subscribed)) => (Staff, Subscribed),
        Some(_) | None => (Staff, Payable),
    }
}

#[tokio::test]
async fn null_is_read_where_the_document_allows_it_and_refused_in_every_other_field() {
    let document = document().await;
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for operation in operations(&document).iter().filter(|operation| operation.body.is_some()) {
        let (who, stage) = writer_of(operation);
        let mut world = World::at(stage).await;
        for (name, field) in fields_of(&document, operation) {
            let field_of = format!("{}: {name}", operation.id);
            let mut with_null = operation.clone();
            with_null.body.as_mut().expect("it has a body")[&name] = Value::Null;
            let answer = with_null.sent(&world, &world.who(who), &[]).await;
            let is_refused = answer.status == 400
                && answer.body["details"][&name] == json!(["This field may not be null."]);
            let is_nullable = field["type"].as_array().is_some_and(|all| all.contains(&json!("null")));
            if is_refused == (is_nullable || IGNORED.contains(&field_of.as_str())) {
                wrong.push(format!("{field_of}: {} {}", answer.status, answer.text));
            }
            refused += u32::from(is_refused);
            // What was accepted may have ended the world as it was.
            if answer.status < 300 {
                world = World::at(stage).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused >= 60, "{refused}");
}

/// The fields of an operation's body, and their schemas.
pub(crate) fn fields_of(document: &Value, operation: &Operation) -> Vec<(String, Value)> {
    let all = document["paths"].as_object().expect("the document has paths").values();
    let mut all = all.flat_map(|item| item.as_object().expect("a path has methods").values());
    let found = all.find(|one| one["operationId"] == operation.id.as_str()).expect("it is in the document");
    let schema = &found["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    // What a gateway tells is the gateway's to describe.
    let Some(schema) = schema.as_str().and_then(|name| name.strip_prefix('#')) else { return Vec::new() };
    let fields = document.pointer(schema).and_then(|schema| schema["properties"].as_object());
    fields.into_iter().flatten().map(|(name, field)| (name.clone(), field.clone())).collect()
}

#[tokio::test]
async fn every_path_tells_its_methods_and_refuses_the_others() {
    let document = document().await;
    let world = World::at(Payable).await;
    let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let all = operations(&document);
    let paths: BTreeSet<&str> = all.iter().map(|operation| operation.path.as_str()).collect();
    for path in paths {
        let documented: Vec<&Method> = all
            .iter()
            .filter(|operation| operation.path == path)
            .map(|operation| &operation.method)
            .collect();
        let path = world.with_ids(path);
        let told = world.who(Staff).send(Method::OPTIONS, &path, None, &[]).await;
        let allow: BTreeSet<String> = told.header("allow").split(", ").map(str::to_owned).collect();
        let mut expected: BTreeSet<String> = documented.iter().map(ToString::to_string).collect();
        expected.insert("OPTIONS".to_owned());
        if expected.contains("GET") {
            expected.insert("HEAD".to_owned());
        }
        assert_eq!(allow, expected, "{path}");
        for field in ["name", "description", "renders", "parses"] {
            assert!(!told.body[field].is_null() && told.body[field] != "", "{path}: {field}");
        }
        for method in known.iter().filter(|method| !documented.contains(method)) {
            let refused = world.who(Owner).send(method.clone(), &path, None, &[]).await;
            assert_eq!(refused.status, 405, "{method} {path}: {}", refused.text);
            assert_eq!(refused.header("allow"), told.header("allow"), "{method} {path}");
        }
    }
}
