//! What AWS asks in us-east-1, in USD, without free tiers and discounts: each price with the page
//! that says so. The only place of the project that knows prices of requests.

use oms_domain::Decimal;
use std::fmt::Write as _;

/// A price, and who says so.
pub(super) struct Price {
    what: &'static str,
    /// In USD, as [`Decimal`] reads it.
    usd: &'static str,
    per: &'static str,
    source: &'static str,
    /// When the page is from, as far as it says.
    date: &'static str,
}

impl Price {
    /// What one of it costs, in USD.
    pub(super) fn usd(&self) -> Decimal {
        self.usd.parse().unwrap_or_default()
    }

    /// What a number of single ones costs, where the price is that of a million.
    pub(super) fn of(&self, number: Decimal) -> Decimal {
        self.usd() * number / Decimal::from(1_000_000)
    }
}

const DYNAMODB: &str = "https://airbyte.com/data-engineering-resources/dynamodb-pricing";
const GATEWAY: &str = "https://awsforengineers.com/blog/aws-api-gateway-pricing-explained";
const BALANCER: &str = "https://cloud-horizons.com/blog/alb-the-line-item-nobody-watches/";

macro_rules! prices {
    ($($name:ident: $what:literal, $usd:literal a $per:literal, $source:expr, $date:literal;)+) => {
        $(pub(super) const $name: Price =
            Price { what: $what, usd: $usd, per: $per, source: $source, date: $date };)+
        const PRICES: &[Price] = &[$($name),+];
    };
}

prices! {
    WRITES: "write units of DynamoDB", "0.625" a "million", DYNAMODB, "July 2025";
    READS: "read units of DynamoDB", "0.125" a "million", DYNAMODB, "July 2025";
    STORAGE: "storage of DynamoDB", "0.25" a "GB and month",
        "https://aws.amazon.com/dynamodb/pricing/", "undated";
    RECOVERY: "its point-in-time recovery, of the table alone", "0.20" a "GB and month",
        "https://finops.com.py/services/dynamodb/backups", "undated";
    CALLS: "requests to an HTTP API", "1.00" a "million", GATEWAY, "May 2025";
    OUT: "data out to the internet", "0.09" a "GB", GATEWAY, "May 2025";
    INVOCATIONS: "requests to Lambda", "0.20" a "million",
        "https://appropri8-astro.pages.dev/tutorials/2025/12/02/deploying-simple-api-aws/page/7",
        "December 2025";
    GB_SECONDS: "Lambda's time, arm64", "13.3334" a "million GB-seconds",
        "https://cloudchipr.com/blog/aws-lambda-pricing", "2024";
    PUBLISHES: "publishes to SNS", "0.50" a "million",
        "https://www.factualminds.com/blog/amazon-sns-pricing-publishes-fanout-protocols/", "June 2026";
    QUEUE: "requests to SQS", "0.40" a "million",
        "https://cloudburn.io/blog/amazon-sqs-pricing", "March 2026";
    LOGS: "logs taken in", "0.50" a "GB",
        "https://hykell.com/kb/platform-specific-guides/aws-cloudwatch-logs-pricing", "undated";
    SERVER: "an instance t3.large, four times a t3.small", "0.0832" a "hour",
        "https://go-cloud.io/?p=10607", "2026";
    BALANCER_HOUR: "a load balancer", "0.0225" a "hour", BALANCER, "May 2026";
    BALANCER_UNIT: "a capacity unit of it", "0.008" a "hour", BALANCER, "May 2026";
    DATABASE: "PostgreSQL on db.t4g.small in two zones", "0.064" a "hour",
        "https://infratally.com/articles/aws-rds-pricing-explained-2026.html", "2026";
    DISK: "its storage in one zone, charged for each of both", "0.115" a "GB and month",
        "https://www.usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator/", "June 2026";
}

/// The prices as a table.
pub(super) fn table() -> String {
    let mut text = "| price in us-east-1 | USD | for a | said by | of |\n|---|---|---|---|---|\n".to_owned();
    for Price { what, usd, per, source, date } in PRICES {
        let host = source.split('/').nth(2).unwrap_or(source);
        let host = host.trim_start_matches("www.");
        let _ = writeln!(text, "| {what} | {usd} | {per} | [{host}]({source}) | {date} |");
    }
    text
}
