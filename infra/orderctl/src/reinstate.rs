//! Puts a table that was restored from a backup back into service: AWS restores its items and
//! indexes, but neither its stream, nor what expires, nor its backups, tags and protection.

use crate::environment::Environment;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    PointInTimeRecoverySpecification, StreamSpecification, StreamViewType, TableDescription, TableStatus,
    Tag, TimeToLiveSpecification, TimeToLiveStatus,
};
use clap::Args;
use oms_runtime::config::Config;
use oms_runtime::sdk;
use oms_table::keys::EXPIRES_AT;
use oms_workspace::report::{Fault, Report};
use std::time::Duration;

/// How often the table is looked at while it changes, and how many times: an hour in all.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOKS: u32 = 1_800;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// For how many days a table can be restored to any second of them: as long as AWS keeps them.
const RECOVERY_DAYS: i32 = 35;
/// What an emulator says of an operation that it does not know.
const UNKNOWN_OPERATION: &str = "UnknownOperationException";

/// What the table is given besides.
#[derive(Args, Clone, Debug, Default)]
pub struct Reinstate {
    /// A tag of the table; may be repeated
    #[arg(long = "tag", value_name = "NAME=VALUE", value_parser = crate::cli::pair)]
    pub tags: Vec<(String, String)>,
    /// Protect it from being deleted
    #[arg(long)]
    pub protect: bool,
}

impl Reinstate {
    /// Does what was asked, of a deployment.
    ///
    /// # Errors
    /// As [`run`], and where settings are missing.
    pub async fn run(&self, environment: &Environment) -> Result<Report, Fault> {
        run(&environment.config().await?, self).await
    }
}

/// Gives the table what it lacks, and says what there is to do besides. What it has is left alone,
/// so that it may be run again.
///
/// # Errors
/// No such table; one that is not ready within an hour; a permission that is missing.
pub async fn run(config: &Config, wanted: &Reinstate) -> Result<Report, Fault> {
    let restored = Restored { client: patient(&sdk::dynamodb(config)), name: &config.table_name };
    let table = restored.ready().await?;
    let mut text = String::new();
    let stream = match stream_of(&table) {
        Some(arn) => {
            text.push_str("the stream is on\n");
            arn
        }
        None => {
            let arn = restored.start_stream().await?;
            text.push_str("the stream was off: it is on now\n");
            arn
        }
    };
    text.push_str(restored.let_items_expire().await?);
    text.push_str(restored.keep_backups().await?);
    if wanted.protect && table.deletion_protection_enabled() != Some(true) {
        let update = restored.client.update_table().table_name(restored.name);
        update.deletion_protection_enabled(true).send().await?;
        restored.ready().await?;
        text.push_str("it could be deleted: it is protected now\n");
    }
    if !wanted.tags.is_empty() {
        restored.tag(&table, &wanted.tags).await?;
        text.push_str("it has its tags\n");
    }
    text.push_str(&format!(
        "now let the consumers read the new stream: sam deploy --parameter-overrides TableStreamArn={stream}\n\
         then catch up what they had not applied: orderctl redrive, and prove it: orderctl verify"
    ));
    Ok(Report::new(text, true).with("stream", stream))
}

/// The same client, which waits longer than a request may: these change the table, not an item.
fn patient(client: &Client) -> Client {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build();
    Client::from_conf(client.config().to_builder().timeout_config(timeouts).build())
}

/// The stream that is on.
fn stream_of(table: &TableDescription) -> Option<String> {
    let is_on = table.stream_specification().is_some_and(StreamSpecification::stream_enabled);
    table.latest_stream_arn().filter(|_| is_on).map(str::to_owned)
}

/// Whether an operation is none of this DynamoDB's: an emulator's, which keeps no backups.
fn is_unknown<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some(UNKNOWN_OPERATION)
}

/// A table that was restored.
struct Restored<'a> {
    client: Client,
    name: &'a str,
}

impl Restored<'_> {
    /// The table, once it is not being changed.
    async fn ready(&self) -> Result<TableDescription, Fault> {
        for _ in 0..LOOKS {
            let described = self.client.describe_table().table_name(self.name).send().await?;
            let table = described.table.ok_or("DynamoDB tells nothing of the table")?;
            if table.table_status() == Some(&TableStatus::Active) {
                return Ok(table);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(format!("the table {} is still being changed", self.name).into())
    }

    async fn start_stream(&self) -> Result<String, Fault> {
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()?;
        self.client.update_table().table_name(self.name).stream_specification(stream).send().await?;
        let table = self.ready().await?;
        stream_of(&table).ok_or_else(|| "the stream was switched on, and is off".into())
    }

    async fn let_items_expire(&self) -> Result<&'static str, Fault> {
        let described = self.client.describe_time_to_live().table_name(self.name).send().await?;
        let status = described.time_to_live_description.and_then(|described| described.time_to_live_status);
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok("items expire\n");
        }
        let expiry = TimeToLiveSpecification::builder().attribute_name(EXPIRES_AT).enabled(true).build()?;
        self.client
            .update_time_to_live()
            .table_name(self.name)
            .time_to_live_specification(expiry)
            .send()
            .await?;
        Ok("nothing expired: items do now\n")
    }

    async fn keep_backups(&self) -> Result<&'static str, Fault> {
        let recovery = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(true)
            .recovery_period_in_days(RECOVERY_DAYS)
            .build()?;
        let update = self.client.update_continuous_backups().table_name(self.name);
        match update.point_in_time_recovery_specification(recovery).send().await {
            Ok(_) => Ok("it can be restored to any second from now on\n"),
            Err(error) if is_unknown(&error) => Ok("this DynamoDB keeps no backups\n"),
            Err(error) => Err(error.into()),
        }
    }

    async fn tag(&self, table: &TableDescription, tags: &[(String, String)]) -> Result<(), Fault> {
        let arn = table.table_arn().ok_or("DynamoDB tells no ARN of the table")?;
        let tags = tags.iter().map(|(name, value)| Tag::builder().key(name).value(value).build());
        let tags: Vec<Tag> = tags.collect::<Result<_, _>>()?;
        self.client.tag_resource().resource_arn(arn).set_tags(Some(tags)).send().await?;
        Ok(())
    }
}
