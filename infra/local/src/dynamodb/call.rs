//! A call of DynamoDB, and the items that it names.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The keys of the tables: the names of the partition key and of the sort key, if there is one.
pub(super) type KeySchemas = BTreeMap<String, Vec<String>>;

/// An item, by its table and its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ItemKey {
    /// The table's name.
    pub table: String,
    /// Its key, in JSON.
    key: String,
    /// The text of its partition key; empty where it is no text.
    pub partition: String,
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is to be done, e.g. `PutItem`.
    pub operation: String,
    /// The request.
    pub body: Value,
    /// The access key that signed it. Locally that is the name of a function, or nobody's.
    pub caller: String,
}

impl ItemKey {
    /// The request that names it alone.
    pub(super) fn request(&self) -> Value {
        let key: Value = serde_json::from_str(&self.key).unwrap_or_default();
        json!({ "TableName": self.table, "Key": key })
    }
}

/// What a part of a call does to an item or a table: the action that a policy has to allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Action {
    /// The action of IAM, without `dynamodb:`.
    pub name: &'static str,
    /// The table.
    pub table: String,
    /// The index.
    pub index: Option<String>,
    /// The partition keys that are named; a scan names none.
    pub partitions: Vec<String>,
}

/// The parts of a transaction, and the actions that each needs.
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>)
const PARTS: [(&str, &str); 5] = [
    ("Put", "PutItem"),
    ("Update", "UpdateItem"),
    ("Delete", "DeleteItem"),
    ("ConditionCheck", "ConditionCheckItem"),
    ("Get", "GetItem"),
];

impl Call {
    /// The operation that a call's target header names, e.g. `DynamoDB_20120810.GetItem`.
    pub fn operation_of(target: &str) -> &str {
        target.rsplit('.').next().unwrap_or_default()
    }

    /// The access key that a call's signature names.
    pub fn caller_of(authorization: &str) -> &str {
        let credential = authorization.split_once("Credential=").map(|(_, rest)| rest);
        credential.and_then(|rest| rest.split('/').next()).unwrap_or_default()
    }

    /// The items of a transaction, in its order; or the one item of a single write.
    pub(super) fn items(&self, schemas: &KeySchemas) -> Vec<ItemKey> {
        match self.operation.as_str() {
            "TransactWriteItems" | "TransactGetItems" => {
                let parts = self.parts().map(|(_, part)| key_of(part, schemas));
                parts.map(Option::unwrap_or_default).collect()
            }
            "PutItem" | "UpdateItem" | "DeleteItem" => key_of(&self.body, schemas).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let items = self.body["TransactItems"].as_array().into_iter().flatten();
        items.map(|item| {
            let part = PARTS.iter().find_map(|(part, action)| Some((*action, item.get(part)?)));
            part.unwrap_or(("", &Value::Null))
        })
    }

    /// What a policy has to allow.
    pub(super) fn actions(&self, schemas: &KeySchemas) -> Vec<Action> {
        let of = |name, request: &Value, index: Option<&str>| Action {
            name,
            table: text(&request["TableName"]).to_owned(),
            index: index.map(str::to_owned),
            partitions: key_of(request, schemas).into_iter().map(|item| item.partition).collect(),
        };
        match self.operation.as_str() {
            "TransactWriteItems" | "TransactGetItems" => {
                self.parts().map(|(action, part)| of(action, part, None)).collect()
            }
            "BatchGetItem" => self.batch(schemas, "BatchGetItem", |request| {
                request["Keys"].as_array().into_iter().flatten().cloned().collect()
            }),
            "BatchWriteItem" => self.batch(schemas, "BatchWriteItem", |requests| {
                let requests = requests.as_array().into_iter().flatten();
                requests.map(|request| written(request).clone()).collect()
            }),
            "GetItem" => vec![of("GetItem", &self.body, None)],
            "PutItem" => vec![of("PutItem", &self.body, None)],
            "UpdateItem" => vec![of("UpdateItem", &self.body, None)],
            "DeleteItem" => vec![of("DeleteItem", &self.body, None)],
            "Query" => {
                let mut query = of("Query", &self.body, self.body["IndexName"].as_str());
                query.partitions = partition_asked(&self.body).into_iter().collect();
                vec![query]
            }
            "Scan" => vec![of("Scan", &self.body, self.body["IndexName"].as_str())],
            "DescribeTable" => vec![of("DescribeTable", &self.body, None)],
            "DescribeTimeToLive" => vec![of("DescribeTimeToLive", &self.body, None)],
            _ => Vec::new(),
        }
    }

    fn batch(
        &self,
        schemas: &KeySchemas,
        name: &'static str,
        items: impl Fn(&Value) -> Vec<Value>,
    ) -> Vec<Action> {
        let tables = self.body["RequestItems"].as_object().into_iter().flatten();
        let action = |(table, request): (&String, &Value)| Action {
            name,
            table: table.clone(),
            index: None,
            partitions: items(request)
                .into_iter()
                .filter_map(|item| key_in(table, &item, schemas))
                .map(|item| item.partition)
                .collect(),
        };
        tables.map(action).collect()
    }
}

/// The items that a batch of writes names, with the requests that write them.
pub(super) fn batched<'a>(
    table: &str,
    requests: &'a Value,
    schemas: &KeySchemas,
) -> Vec<(ItemKey, &'a Value)> {
    let requests = requests.as_array().into_iter().flatten();
    requests.filter_map(|request| Some((key_in(table, written(request), schemas)?, request))).collect()
}

/// The item or the key in a part of a batch of writes.
fn written(request: &Value) -> &Value {
    let put = request.get("PutRequest").and_then(|put| put.get("Item"));
    put.or_else(|| request.get("DeleteRequest").and_then(|delete| delete.get("Key"))).unwrap_or(&Value::Null)
}

fn key_of(request: &Value, schemas: &KeySchemas) -> Option<ItemKey> {
    let item = request.get("Key").or_else(|| request.get("Item"))?;
    key_in(text(&request["TableName"]), item, schemas)
}

fn key_in(table: &str, item: &Value, schemas: &KeySchemas) -> Option<ItemKey> {
    // One that was made beside a table of the template, under a longer name, has its keys.
    let beside =
        || schemas.iter().find(|(known, _)| table.starts_with(known.as_str())).map(|(_, names)| names);
    let names = schemas.get(table).or_else(beside)?;
    let partition = names.first().map(|name| text(&item[name]["S"])).unwrap_or_default().to_owned();
    let key: Value = names.iter().map(|name| (name.clone(), item[name].clone())).collect();
    Some(ItemKey { table: table.to_owned(), key: key.to_string(), partition })
}

/// The partition that a query is about: its first condition of equality.
fn partition_asked(body: &Value) -> Option<String> {
    let expression = text(&body["KeyConditionExpression"]);
    let name = expression.split('=').nth(1)?.split_whitespace().next()?;
    body["ExpressionAttributeValues"][name]["S"].as_str().map(str::to_owned)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
