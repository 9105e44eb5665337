//! A table of a test's own beside the stack's, at which none of the stack's consumers is at work.

use crate::http::Client;
use crate::stack::stack;
use serde_json::{Value, json};

/// A table like the stack's, empty at first. It stays until the stack ends.
#[derive(Clone, Debug)]
pub struct OwnTable {
    /// What it is called.
    pub name: String,
    client: Client,
}

impl OwnTable {
    /// Makes one.
    ///
    /// # Panics
    /// Where DynamoDB does not.
    pub async fn create() -> Self {
        let client = Client::stranger();
        let like = client.dynamodb("DescribeTable", json!({})).await["Table"].clone();
        let indexes = like["GlobalSecondaryIndexes"].as_array().expect("the table has indexes").iter();
        let indexes: Vec<Value> = indexes
            .map(|index| {
                let name = &index["IndexName"];
                json!({ "IndexName": name, "KeySchema": index["KeySchema"], "Projection": index["Projection"] })
            })
            .collect();
        let new = json!({
            "AttributeDefinitions": like["AttributeDefinitions"], "KeySchema": like["KeySchema"],
            "GlobalSecondaryIndexes": indexes, "BillingMode": "PAY_PER_REQUEST",
        });
        let name = format!("{}-{}", stack().setting("TABLE_NAME"), uuid::Uuid::new_v4().simple());
        client.dynamodb_of(&name, "CreateTable", new).await;
        Self { name, client }
    }

    /// Writes an item.
    pub async fn put(&self, item: &Value) {
        self.client.dynamodb_of(&self.name, "PutItem", json!({ "Item": item })).await;
    }

    /// How many items have a sort key.
    pub async fn count(&self, sk: &str) -> usize {
        self.items().await.iter().filter(|item| item["sk"]["S"] == sk).count()
    }

    /// All items, by their keys; fewer than DynamoDB sends at once.
    ///
    /// # Panics
    /// Where there are more.
    pub async fn items(&self) -> Vec<Value> {
        let page = self.client.dynamodb_of(&self.name, "Scan", json!({ "ConsistentRead": true })).await;
        assert!(page["LastEvaluatedKey"].is_null(), "there are more items than a test can compare");
        let mut items = page["Items"].as_array().cloned().unwrap_or_default();
        items.sort_by_key(|item| (item["pk"].to_string(), item["sk"].to_string()));
        items
    }
}
