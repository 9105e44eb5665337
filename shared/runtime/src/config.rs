//! Every setting, read in one place.

use crate::cursor::CursorKey;
use crate::secrets;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::tz::TimeZone;
use oms_domain::subscription::Protocol;
use oms_domain::{Currency, Decimal};
use std::num::NonZeroU32;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

mod aws;
mod gateway;
mod layout;
mod lookup;
mod texts;

pub use aws::AwsConfig;
use aws::aws;
pub use gateway::{Gateway, GatewayKeys, Secret, Stage, StripeConfig};
use layout::{list_shards, stock_shards, store_list_shards, write_schema};
use lookup::Lookup;
use texts::{commas, fraction, log_level, login_url, origins, protocols, switch, tracking_url};

/// How many pieces a list's partition may be split into.
pub const MAX_LIST_SHARDS: u32 = 64;
/// Into how many parts a shelf can be split: a look at all of them reads one unit.
pub const MAX_STOCK_SHARDS: u32 = 16;

/// The newest shape of the items of the table (`oms_table::schema` tells of each): the one that is
/// written unless an older one is asked for.
pub const SCHEMA: u32 = 3;

/// The most requests a minute that `RATE_LIMIT` may allow.
pub const MAX_RATE_LIMIT: u32 = 1_000_000;
/// The most unpaid orders that a user may be allowed.
pub const MAX_UNPAID_LIMIT: u32 = 10_000;

/// What `TRACKING_URL` must be.
const A_TRACKING_URL: &str = "an https URL with {} for the tracking number";

/// The longest that an answer may be kept, a day.
pub const MAX_CACHE_TIMEOUT_SECONDS: u64 = 86_400;

/// The longest that a gateway's answer is waited for before it is asked again: the longest that SQS
/// keeps a message back.
pub const MAX_SETTLE_AFTER_SECONDS: u64 = 900;

/// The settings of a function, from its environment; each field names its variable and default,
/// and docs/settings.md what it is for.
#[derive(Clone, Debug)]
pub struct Config {
    /// `TABLE_NAME`: the one DynamoDB table. Required.
    pub table_name: String,
    /// `STACK_NAME`: whose figures those for CloudWatch are; without it, none are written.
    pub stack_name: Option<String>,
    /// `TOPIC_ARN`: the SNS topic that events go to.
    pub topic_arn: Option<String>,
    /// `QUEUE_URL`: the SQS queue of jobs.
    pub queue_url: Option<String>,
    /// `SETTLEMENTS_QUEUE_URL`: the SQS queue of payments to settle.
    pub settlements_queue_url: Option<String>,
    /// `FAILURE_QUEUE_URL`: the SQS queue of records that the stream's consumers set aside.
    pub failure_queue_url: Option<String>,
    /// `JOB_FAILURES_QUEUE_URL`: the SQS queue of jobs that the worker could not end, for whoever
    /// shows how many there are.
    pub job_failures_queue_url: Option<String>,
    /// `LOGIN_URL`: where people log in for a token of `AUTH_AUDIENCE`, with a code and its PKCE
    /// verifier; Cognito's login page.
    pub login_url: Option<String>,
    /// `AUTH_…`: whose tokens are accepted; nothing for functions that answer no HTTP.
    pub auth: Option<AuthConfig>,
    /// `CACHE_TIMEOUT` in seconds (300): how long `my_orders` may be kept.
    pub cache_timeout: Duration,
    /// `STATS_CACHE_TIMEOUT` in seconds (600): how long statistics may be kept.
    pub stats_cache_timeout: Duration,
    /// `PAGE_SIZE` (20): the entries of a page where the request does not say.
    pub page_size: NonZeroU32,
    /// `MAX_PAGE_SIZE` (100): the most entries that a request can ask for.
    pub max_page_size: NonZeroU32,
    /// `CURRENCY` (USD): of stores that set none, and of the top-level statistics.
    pub currency: Currency,
    /// `TAX_RATE` (0.1000): a fraction from 0 to 1, for stores that set none.
    pub tax_rate: Decimal,
    /// `TIME_ZONE` (UTC): of order numbers and of statistics by day and month.
    pub time_zone: TimeZone,
    /// `TRACKING_URL`: where parcels can be followed, with `{}` for the carrier's number.
    pub tracking_url: Option<String>,
    /// `STAGE` (dev): what this deployment is for.
    pub stage: Stage,
    /// `PAYMENT_GATEWAY` (simulated). With `STAGE=production` neither the simulated one nor a test
    /// key will do.
    pub payment_gateway: Gateway,
    /// `STRIPE_WEBHOOK_SECRET`: `whsec_…`, what Stripe signs its events with. Required where
    /// `PAYMENT_GATEWAY` is `stripe` and the function moves money.
    pub stripe_webhook_secret: Option<Secret>,
    /// `SETTLE_AFTER_SECONDS` (60): when what a gateway has not answered is asked for again; at
    /// least as long as a request may take, 900 at most.
    pub settle_after: Duration,
    /// `MAX_STORES_PER_OWNER` (20).
    pub max_stores_per_owner: NonZeroU32,
    /// `MAX_PRODUCTS_PER_STORE` (5000).
    pub max_products_per_store: NonZeroU32,
    /// `SUBSCRIPTION_PROTOCOLS` (email, https and sqs): how subscribers may be told.
    pub subscription_protocols: Vec<Protocol>,
    /// `MAX_UNPAID_ORDERS` (50): how many pending orders that nobody has paid a user may have, at
    /// most [`MAX_UNPAID_LIMIT`]; 0 for any number.
    pub max_unpaid_orders: u32,
    /// `LIST_SHARDS` (1), from 1 to [`MAX_LIST_SHARDS`].
    pub list_shards: u32,
    /// `STORE_LIST_SHARDS` (1), from 1 to [`MAX_LIST_SHARDS`].
    pub store_list_shards: u32,
    /// `STOCK_SHARDS` (1), from 1 to [`MAX_STOCK_SHARDS`].
    pub stock_shards: u32,
    /// `WRITE_SCHEMA` ([`SCHEMA`]): the shape in which items are written, from 1 on.
    pub write_schema: u32,
    /// `CURSOR_KEY`: what the cursors of lists are sealed with; unless it is set, it follows from
    /// `TABLE_NAME` and `AUTH_ISSUER`, which keeps chance and haste out but not those who know
    /// both. A cursor shows its holder nothing that the list before it did not.
    pub cursor_key: CursorKey,
    /// `CORS_ORIGINS`: comma-separated origins that browsers may call from, or `*`; `:*` at the end
    /// of one stands for any port.
    pub cors_origins: Vec<String>,
    /// `RATE_LIMIT` (600): how many requests a minute a caller may make, of which staff and vendors
    /// may make ten times as many; none for 0.
    pub rate_limit: Option<NonZeroU32>,
    /// `LOG_LEVEL` (INFO).
    pub log_level: LevelFilter,
    /// `DEBUG_CAPACITY` (off): whether answers tell the capacity units that they took.
    pub debug_capacity: bool,
    /// How AWS is reached, from the variables that the SDKs agree on.
    pub aws: AwsConfig,
}

/// Whose tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthConfig {
    /// `AUTH_ISSUER`: what `iss` must be.
    pub issuer: String,
    /// `AUTH_AUDIENCE`: what `aud` must contain, one of a comma-separated list; for access tokens
    /// of Cognito, what `client_id` must be.
    pub audiences: Vec<String>,
    /// `AUTH_JWKS` or `AUTH_JWKS_URL`; unless set, `<AUTH_ISSUER>/.well-known/jwks.json`.
    pub keys: KeySource,
}

/// Where the public keys that sign tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// `AUTH_JWKS`: the JSON Web Key Set itself.
    Inline(String),
    /// `AUTH_JWKS_URL`: where it is fetched from, `https` unless it is on this machine.
    Url(String),
}

/// The settings that may hold an ARN instead of the secret.
pub(crate) const NAMED_SECRETS: [&str; 3] = ["CURSOR_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"];

/// Every setting that makes no sense, each in a sentence that names the variable and its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration makes no sense:\n- {}", problems.join("\n- "))]
pub struct ConfigError {
    /// The sentences, in the order in which the variables are read.
    pub problems: Vec<String>,
}

impl ConfigError {
    /// The variables that the sentences are about: fit for strangers, as values may not be.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().filter_map(|problem| problem.split_whitespace().next())
    }
}

impl Config {
    /// Reads the environment of this process, and the secrets that it names by an ARN.
    ///
    /// # Errors
    /// All settings that are missing or make no sense, at once; or else the first secret that
    /// cannot be read.
    #[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
    pub async fn from_env(keys: GatewayKeys) -> Result<Self, ConfigError> {
        Self::with_secrets(keys, |name| std::env::var(name).ok()).await
    }

    /// As [`from_lookup`](Self::from_lookup), with the secrets that settings name by an ARN.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub async fn with_secrets(
        keys: GatewayKeys,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let aws = aws(&mut Lookup::new(&lookup), None);
        let secrets = secrets::named(&lookup, &aws).await;
        let secrets = secrets.map_err(|missing| ConfigError { problems: vec![missing.to_string()] })?;
        Self::from_lookup(keys, |name| secrets.get(name).cloned().or_else(|| lookup(name)))
    }

    /// Reads settings from anywhere, by the name of the variable. An empty value counts as unset,
    /// because templates cannot leave a variable out as easily as a shell can.
    ///
    /// # Errors
    /// All settings that are missing or make no sense, at once.
    pub fn from_lookup(
        keys: GatewayKeys,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        Self::read(keys, &lookup, None)
    }

    /// The same for a tool, which has credentials from elsewhere: a profile, a single sign-on.
    ///
    /// # Errors
    /// All settings that are missing or make no sense, at once.
    pub fn with_credentials(
        keys: GatewayKeys,
        lookup: impl Fn(&str) -> Option<String>,
        credentials: SharedCredentialsProvider,
    ) -> Result<Self, ConfigError> {
        Self::read(keys, &lookup, Some(credentials))
    }

    fn read(
        keys: GatewayKeys,
        lookup: &dyn Fn(&str) -> Option<String>,
        credentials: Option<SharedCredentialsProvider>,
    ) -> Result<Self, ConfigError> {
        let mut env = Lookup::new(lookup);
        let stage = env.parsed("STAGE", Stage::Dev, "dev, test, staging or production", gateway::stage);
        let config = Self {
            table_name: env.required("TABLE_NAME"),
            stack_name: env.text("STACK_NAME"),
            topic_arn: env.text("TOPIC_ARN"),
            queue_url: env.text("QUEUE_URL"),
            settlements_queue_url: env.text("SETTLEMENTS_QUEUE_URL"),
            failure_queue_url: env.text("FAILURE_QUEUE_URL"),
            job_failures_queue_url: env.text("JOB_FAILURES_QUEUE_URL"),
            login_url: env.parsed("LOGIN_URL", None, "an https URL", login_url),
            auth: auth(&mut env),
            cache_timeout: env.seconds("CACHE_TIMEOUT", 300, MAX_CACHE_TIMEOUT_SECONDS),
            stats_cache_timeout: env.seconds("STATS_CACHE_TIMEOUT", 600, MAX_CACHE_TIMEOUT_SECONDS),
            page_size: env.count("PAGE_SIZE", 20),
            max_page_size: env.count("MAX_PAGE_SIZE", 100),
            currency: env
                .parsed("CURRENCY", Currency::USD, "an ISO 4217 currency code", |text| text.parse().ok()),
            tax_rate: env.parsed("TAX_RATE", Decimal::new(1000, 4), "a fraction from 0 to 1", fraction),
            time_zone: env.parsed(
                "TIME_ZONE",
                TimeZone::UTC,
                "the name of a time zone, such as Europe/Paris",
                |text| TimeZone::get(text).ok(),
            ),
            tracking_url: env.parsed("TRACKING_URL", None, A_TRACKING_URL, tracking_url),
            stage,
            payment_gateway: gateway::chosen(&mut env, stage, keys),
            stripe_webhook_secret: env.text("STRIPE_WEBHOOK_SECRET").as_deref().map(Secret::from),
            settle_after: env.seconds("SETTLE_AFTER_SECONDS", 60, MAX_SETTLE_AFTER_SECONDS),
            max_stores_per_owner: env.count("MAX_STORES_PER_OWNER", 20),
            max_products_per_store: env.count("MAX_PRODUCTS_PER_STORE", 5_000),
            subscription_protocols: env.parsed(
                "SUBSCRIPTION_PROTOCOLS",
                vec![Protocol::Email, Protocol::Https, Protocol::Sqs],
                "a comma-separated list of email, https, sqs, sms",
                protocols,
            ),
            max_unpaid_orders: max_unpaid_orders(&mut env),
            list_shards: list_shards(&mut env),
            store_list_shards: store_list_shards(&mut env),
            stock_shards: stock_shards(&mut env),
            write_schema: write_schema(&mut env),
            cursor_key: cursor_key(&env),
            cors_origins: env.parsed(
                "CORS_ORIGINS",
                Vec::new(),
                "a comma-separated list of origins such as https://shop.example.com, or *",
                origins,
            ),
            rate_limit: rate_limit(&mut env),
            log_level: env.parsed(
                "LOG_LEVEL",
                LevelFilter::INFO,
                "one of OFF, ERROR, WARN, INFO, DEBUG, TRACE",
                log_level,
            ),
            debug_capacity: env.parsed("DEBUG_CAPACITY", false, "on or off", switch),
            aws: aws(&mut env, credentials),
        };
        check_page_sizes(&mut env, &config);
        env.finish(config)
    }
}

fn max_unpaid_orders(env: &mut Lookup<'_>) -> u32 {
    env.parsed("MAX_UNPAID_ORDERS", 50, "a number from 0 to 10000", |text| {
        text.parse().ok().filter(|limit| *limit <= MAX_UNPAID_LIMIT)
    })
}

fn rate_limit(env: &mut Lookup<'_>) -> Option<NonZeroU32> {
    let is_good = |limit: &u32| *limit <= MAX_RATE_LIMIT;
    let expected = "a number of requests from 0 to 1000000";
    NonZeroU32::new(env.parsed("RATE_LIMIT", 600, expected, |text| text.parse().ok().filter(is_good)))
}

fn check_page_sizes(env: &mut Lookup<'_>, config: &Config) {
    let (size, most) = (config.page_size, config.max_page_size);
    if size > most {
        env.problem(format!("PAGE_SIZE is {size}, which is more than MAX_PAGE_SIZE, {most}"));
    }
}

fn cursor_key(env: &Lookup<'_>) -> CursorKey {
    let of = |name| env.text(name).unwrap_or_default();
    let derived = || format!("cursors of {} for {}", of("TABLE_NAME"), of("AUTH_ISSUER"));
    CursorKey::new(&env.text("CURSOR_KEY").unwrap_or_else(derived))
}

fn auth(env: &mut Lookup<'_>) -> Option<AuthConfig> {
    let names = ["AUTH_ISSUER", "AUTH_AUDIENCE", "AUTH_JWKS", "AUTH_JWKS_URL"];
    if names.into_iter().all(|name| env.text(name).is_none()) {
        return None;
    }
    let issuer = env.required("AUTH_ISSUER");
    let audiences = env.required("AUTH_AUDIENCE");
    let keys = match (env.text("AUTH_JWKS"), env.text("AUTH_JWKS_URL")) {
        (Some(jwks), None) => KeySource::Inline(jwks),
        (None, Some(url)) if is_safe_url(&url) => KeySource::Url(url),
        (None, Some(url)) => {
            env.problem(format!("AUTH_JWKS_URL is \"{url}\", but must be an https URL"));
            return None;
        }
        (None, None) if is_safe_url(&issuer) => KeySource::Url(well_known_keys(&issuer)),
        // Without an issuer, that is what is missing.
        (None, None) if issuer.is_empty() => return None,
        (None, None) => {
            env.problem(format!(
                "AUTH_JWKS or AUTH_JWKS_URL is missing: it does not follow from AUTH_ISSUER, \"{issuer}\", which is no https URL"
            ));
            return None;
        }
        (Some(_), Some(_)) => {
            env.problem("AUTH_JWKS and AUTH_JWKS_URL are both set: give one".to_owned());
            return None;
        }
    };
    Some(AuthConfig { issuer, audiences: commas(&audiences), keys })
}

/// Where Cognito and most other issuers keep their keys.
fn well_known_keys(issuer: &str) -> String {
    format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'))
}

/// Keys fetched without TLS could be anyone's, except on the machine itself.
fn is_safe_url(url: &str) -> bool {
    url.starts_with("https://") || is_on_this_machine(url)
}

/// Whether a URL leads to a plain HTTP server on the machine itself, as on the local stack.
#[must_use]
pub fn is_on_this_machine(url: &str) -> bool {
    ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .filter_map(|local| url.strip_prefix(local))
        .any(|rest| rest.is_empty() || rest.starts_with([':', '/']))
}

/// Whether Lambda, or what plays it, waits for this process to take invocations.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where settings are read")]
pub fn is_under_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

#[cfg(test)]
mod tests;
