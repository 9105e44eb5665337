//! That the local table is as strict as DynamoDB. Each case names the rule's page in the developer
//! guide, `https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/`.

use super::*;
use serde_json::json;
use std::collections::BTreeMap;

/// Long enough for another call to come in between.
const IN_FLIGHT: Duration = Duration::from_millis(60);
const TABLE: &str = "things";

fn tables() -> Vec<Table> {
    let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    let definition = json!({
        "TableName": TABLE,
        "AttributeDefinitions": [attribute("pk"), attribute("sk"), attribute("who")],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by_who",
            "KeySchema": [{ "AttributeName": "who", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "ALL" },
        }],
        "BillingMode": "PAY_PER_REQUEST",
    });
    vec![Table { name: TABLE.to_owned(), definition, ttl_attribute: None }]
}

fn router(conduct: Conduct) -> Arc<RequestRouter> {
    let database = Database::memory().unwrap();
    let tables = tables();
    database.create_table(serde_json::from_value(tables[0].definition.clone()).unwrap()).unwrap();
    let system = System {
        tables,
        topics: Vec::new(),
        queues: Vec::new(),
        functions: Vec::new(),
        operators: BTreeMap::new(),
    };
    RequestRouter::new(database, &system, conduct).unwrap()
}

fn slow() -> Arc<RequestRouter> {
    router(Conduct { transaction: IN_FLIGHT, ..Conduct::default() })
}

fn key(id: &str) -> Value {
    json!({ "pk": { "S": id }, "sk": { "S": "-" } })
}

fn put(id: &str) -> Value {
    json!({ "TableName": TABLE, "Item": key(id) })
}

fn get(id: &str) -> Value {
    json!({ "TableName": TABLE, "Key": key(id) })
}

fn transaction(ids: &[&str]) -> Value {
    json!({ "TransactItems": ids.iter().map(|id| json!({ "Put": put(id) })).collect::<Vec<_>>() })
}

async fn call(router: &Arc<RequestRouter>, operation: &str, body: Value) -> Answer {
    let call = Call { operation: operation.to_owned(), body, caller: "local".to_owned() };
    Arc::clone(router).answer(call).await.unwrap()
}

/// The code of an error, or the status of a success; with the reasons of a cancelled transaction.
fn code(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let code = body["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or("ok").to_owned();
    let reasons = body["CancellationReasons"].as_array().into_iter().flatten();
    let reasons: Vec<&str> = reasons.filter_map(|reason| reason["Code"].as_str()).collect();
    if reasons.is_empty() { code } else { format!("{code} {}", reasons.join(" ")) }
}

/// What a call is answered while a transaction on `a` and `b` is in flight.
async fn meanwhile(operation: &str, body: Value) -> Answer {
    let router = slow();
    let transaction = tokio::spawn({
        let router = Arc::clone(&router);
        async move { call(&router, "TransactWriteItems", transaction(&["a", "b"])).await }
    });
    tokio::time::sleep(IN_FLIGHT / 6).await;
    let answer = call(&router, operation, body).await;
    assert_eq!(code(&transaction.await.unwrap()), "ok");
    answer
}

#[tokio::test]
async fn a_transaction_in_flight_keeps_its_items() {
    // transaction-apis.html, "Transaction conflict handling in DynamoDB"
    let update = json!({ "TableName": TABLE, "Key": key("b"), "UpdateExpression": "SET x = :one",
        "ExpressionAttributeValues": { ":one": { "N": "1" } } });
    let check = json!({ "TransactItems": [{ "ConditionCheck": { "TableName": TABLE, "Key": key("b"),
        "ConditionExpression": "attribute_exists(pk)" } }] });
    let reads = |id| json!({ "TransactItems": [{ "Get": get("c") }, { "Get": get(id) }] });
    let cases = [
        ("PutItem", put("a"), "TransactionConflictException"),
        ("UpdateItem", update, "TransactionConflictException"),
        ("DeleteItem", get("b"), "TransactionConflictException"),
        ("PutItem", put("c"), "ok"),
        (
            "TransactWriteItems",
            transaction(&["c", "a"]),
            "TransactionCanceledException None TransactionConflict",
        ),
        ("TransactWriteItems", check, "TransactionCanceledException TransactionConflict"),
        ("TransactWriteItems", transaction(&["c", "d"]), "ok"),
        ("TransactGetItems", reads("b"), "TransactionCanceledException None TransactionConflict"),
        ("TransactGetItems", reads("d"), "ok"),
        ("GetItem", get("a"), "ok"),
        ("BatchGetItem", json!({ "RequestItems": { TABLE: { "Keys": [key("a")] } } }), "ok"),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(code(&meanwhile(operation, body.clone()).await), expected, "{operation} {body}");
    }
}

#[tokio::test]
async fn a_batch_leaves_out_what_a_transaction_is_at() {
    let requests = ["a", "c"].map(|id| json!({ "PutRequest": { "Item": key(id) } }));
    let answer = meanwhile("BatchWriteItem", json!({ "RequestItems": { TABLE: requests } })).await;
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer["UnprocessedItems"], json!({ TABLE: [requests[0]] }));
}

#[tokio::test]
async fn a_repeat_is_told_that_the_first_is_still_running() {
    // API reference, TransactWriteItems, "TransactionInProgressException"
    let router = slow();
    let mut body = transaction(&["a"]);
    body["ClientRequestToken"] = json!("once");
    let first = call(&router, "TransactWriteItems", body.clone());
    let (first, second) = tokio::join!(first, async {
        tokio::time::sleep(IN_FLIGHT / 6).await;
        call(&router, "TransactWriteItems", body.clone()).await
    });
    assert_eq!([code(&first), code(&second)], ["ok", "TransactionInProgressException"]);
    assert_eq!(code(&call(&router, "TransactWriteItems", body).await), "ok");
}

#[tokio::test]
async fn an_index_that_is_behind_shows_a_write_later() {
    let delay = Duration::from_millis(80);
    let router = router(Conduct { index_delay: Some(delay), ..Conduct::default() });
    let mut item = put("a");
    item["Item"]["who"] = json!({ "S": "x" });
    assert_eq!(code(&call(&router, "PutItem", item).await), "ok");
    let query = json!({ "TableName": TABLE, "IndexName": "by_who", "KeyConditionExpression": "who = :x",
        "ExpressionAttributeValues": { ":x": { "S": "x" } } });
    let count = |answer: Answer| serde_json::from_str::<Value>(&answer.body).unwrap()["Count"].clone();
    assert_eq!(count(call(&router, "Query", query.clone()).await), 0);
    tokio::time::sleep(delay * 2).await;
    assert_eq!(count(call(&router, "Query", query.clone()).await), 1);
    assert_eq!(code(&call(&router, "DeleteItem", get("a")).await), "ok");
    assert_eq!(count(call(&router, "Query", query.clone()).await), 1);
    tokio::time::sleep(delay * 2).await;
    assert_eq!(count(call(&router, "Query", query).await), 0);
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let router = router(Conduct::default());
    let with = |name: &str, value: Value| {
        let mut item = put("a");
        item["Item"][name] = value;
        item
    };
    let many = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>();
    let transaction_of = |ids: &[String], extra: usize| {
        let puts = ids.iter().map(|id| {
            let mut put = put(id);
            put["Item"]["x"] = json!({ "S": "x".repeat(extra) });
            json!({ "Put": put })
        });
        json!({ "TransactItems": puts.collect::<Vec<_>>() })
    };
    let batch = |count| {
        let puts = many(count).into_iter().map(|id| json!({ "PutRequest": { "Item": key(&id) } }));
        json!({ "RequestItems": { TABLE: puts.collect::<Vec<_>>() } })
    };
    let keys = |count| {
        let keys: Vec<Value> = many(count).iter().map(|id| key(id)).collect();
        json!({ "RequestItems": { TABLE: { "Keys": keys } } })
    };
    let conditional = |condition: &str, names: Value, values: Value| {
        let mut item = put("a");
        item["ConditionExpression"] = json!(condition);
        if !names.is_null() {
            item["ExpressionAttributeNames"] = names;
        }
        if !values.is_null() {
            item["ExpressionAttributeValues"] = values;
        }
        item
    };
    let one = json!({ ":one": { "N": "1" } });
    let long = "attribute_exists(aaaaaaaaaa) OR ".repeat(130) + "attribute_exists(b)";
    // Constraints.html: an item, its key, expressions; transaction-apis.html: a transaction;
    // ReservedWords.html; API reference: batches.
    let cases = [
        ("PutItem", with("x", json!({ "S": "x".repeat(409_600 - 30) })), "ok"),
        ("PutItem", with("x", json!({ "S": "x".repeat(409_600) })), "ValidationException"),
        ("PutItem", with("x", json!({ "N": "1".repeat(39) })), "ValidationException"),
        ("PutItem", with("who", json!({ "S": "" })), "ValidationException"),
        ("PutItem", with("who", json!({ "N": "1" })), "ValidationException"),
        ("PutItem", with("sk", json!({ "S": "x".repeat(1_025) })), "ValidationException"),
        ("PutItem", with("pk", json!({ "S": "x".repeat(2_049) })), "ValidationException"),
        ("PutItem", with("pk", json!({ "S": "" })), "ValidationException"),
        ("TransactWriteItems", transaction_of(&many(100), 0), "ok"),
        ("TransactWriteItems", transaction_of(&many(101), 0), "ValidationException"),
        ("TransactWriteItems", transaction_of(&many(11), 399_000), "ValidationException"),
        ("TransactWriteItems", transaction(&["a", "a"]), "ValidationException"),
        ("BatchWriteItem", batch(25), "ok"),
        ("BatchWriteItem", batch(26), "ValidationException"),
        ("BatchGetItem", keys(100), "ok"),
        ("BatchGetItem", keys(101), "ValidationException"),
        ("PutItem", conditional("x < :one", Value::Null, one.clone()), "ConditionalCheckFailedException"),
        ("PutItem", conditional("x < :two", Value::Null, one.clone()), "ValidationException"),
        ("PutItem", conditional("attribute_exists(x)", Value::Null, one.clone()), "ValidationException"),
        ("PutItem", conditional("x < :one", json!({ "#x": "x" }), one.clone()), "ValidationException"),
        ("PutItem", conditional("#y < :one", json!({ "#x": "x" }), one.clone()), "ValidationException"),
        ("PutItem", conditional("status < :one", Value::Null, one.clone()), "ValidationException"),
        ("PutItem", conditional("", Value::Null, Value::Null), "ValidationException"),
        ("PutItem", conditional(&long, Value::Null, Value::Null), "ValidationException"),
    ];
    for (operation, body, expected) in cases {
        let text: String = body.to_string().chars().take(300).collect();
        assert_eq!(code(&call(&router, operation, body).await), expected, "{operation} {text}");
    }
}
