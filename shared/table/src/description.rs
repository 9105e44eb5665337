//! What DynamoDB says of the table itself, for operators. No function asks.

use crate::{Table, TableError};
use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexDescription, KeySchemaElement, PointInTimeRecoveryStatus, Projection,
    TableDescription,
};

/// A table as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// `ACTIVE` where it can be used.
    pub status: String,
    /// Its keys, such as `pk HASH, sk RANGE`.
    pub keys: String,
    /// Its indexes, by name.
    pub indexes: Vec<DescribedIndex>,
    /// What records of its stream hold; none where it has no stream.
    pub stream_view: Option<String>,
    /// The stream that it has now.
    pub stream_arn: Option<String>,
    /// Whether DeleteTable is refused; none where that is not told.
    pub is_protected: Option<bool>,
}

/// One of its indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedIndex {
    /// What it is called.
    pub name: String,
    /// `ACTIVE` where it can be used.
    pub status: String,
    /// Its keys, and what it carries: `list_user HASH, list_at RANGE: summary`.
    pub shape: String,
    /// How many items it has, as of some hours ago.
    pub items: u64,
}

/// What the account may use in the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableQuotas {
    /// Write units a second of one table, on demand too.
    pub table_write_units: i64,
    /// Read units a second of one table.
    pub table_read_units: i64,
}

/// The shape of an index in one line, by which two can be compared.
#[must_use]
pub fn shape(keys: &str, projection: &str, attributes: &[String]) -> String {
    let carried = if projection == "INCLUDE" { attributes.join(", ") } else { projection.to_owned() };
    format!("{keys}: {carried}")
}

impl Described {
    /// About how many orders there are that are not deleted: each has two entries in the index of
    /// statuses. DynamoDB counts every few hours.
    #[must_use]
    pub fn orders_estimate(&self) -> u64 {
        self.indexes.iter().find(|index| index.name == "by-status").map_or(0, |index| index.items / 2)
    }
}

impl Table {
    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What DynamoDB says of the table.
    ///
    /// # Errors
    /// [`TableError`] where it does not answer, or there is no such table.
    pub async fn describe(&self) -> Result<Described, TableError> {
        let answer = self.client.describe_table().table_name(&self.name).send().await?;
        Ok(answer.table.map(described).unwrap_or_default())
    }

    /// The attribute by which items expire; none where none do.
    ///
    /// # Errors
    /// [`TableError`] where DynamoDB does not answer.
    pub async fn expiry_attribute(&self) -> Result<Option<String>, TableError> {
        let answer = self.client.describe_time_to_live().table_name(&self.name).send().await?;
        let found = answer.time_to_live_description;
        let is_on = |status: &str| matches!(status, "ENABLED" | "ENABLING");
        let found = found.filter(|ttl| ttl.time_to_live_status().is_some_and(|at| is_on(at.as_str())));
        Ok(found.and_then(|ttl| ttl.attribute_name))
    }

    /// Whether the table can be brought back to any second of the last weeks.
    ///
    /// # Errors
    /// [`TableError`] where DynamoDB does not answer.
    pub async fn has_backups(&self) -> Result<bool, TableError> {
        let answer = self.client.describe_continuous_backups().table_name(&self.name).send().await?;
        let recovery =
            answer.continuous_backups_description.and_then(|all| all.point_in_time_recovery_description);
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
        Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
    }

    /// What one table may use at most in this account and region.
    ///
    /// # Errors
    /// [`TableError`] where DynamoDB does not answer.
    pub async fn quotas(&self) -> Result<TableQuotas, TableError> {
        let answer = self.client.describe_limits().send().await?;
        Ok(TableQuotas {
            table_write_units: answer.table_max_write_capacity_units.unwrap_or_default(),
            table_read_units: answer.table_max_read_capacity_units.unwrap_or_default(),
        })
    }
}

fn described(table: TableDescription) -> Described {
    let stream = table.stream_specification.as_ref().filter(|stream| stream.stream_enabled());
    Described {
        status: table.table_status.as_ref().map_or("", |status| status.as_str()).to_owned(),
        keys: keys_of(table.key_schema()),
        stream_view: stream.and_then(|stream| Some(stream.stream_view_type()?.as_str().to_owned())),
        stream_arn: table.latest_stream_arn.clone(),
        is_protected: table.deletion_protection_enabled,
        indexes: table.global_secondary_indexes().iter().map(index).collect(),
    }
}

fn index(index: &GlobalSecondaryIndexDescription) -> DescribedIndex {
    let projection = index.projection();
    let kind = projection.and_then(Projection::projection_type).map_or("", |kind| kind.as_str());
    let attributes = projection.map(Projection::non_key_attributes).unwrap_or_default();
    DescribedIndex {
        name: index.index_name.clone().unwrap_or_default(),
        status: index.index_status.as_ref().map_or("", |status| status.as_str()).to_owned(),
        shape: shape(&keys_of(index.key_schema()), kind, attributes),
        items: index.item_count.and_then(|items| u64::try_from(items).ok()).unwrap_or_default(),
    }
}

fn keys_of(schema: &[KeySchemaElement]) -> String {
    let keys = schema.iter().map(|key| format!("{} {}", key.attribute_name(), key.key_type().as_str()));
    keys.collect::<Vec<_>>().join(", ")
}
