//! Figures for CloudWatch, as JSON lines in its embedded metric format, which Lambda's log delivers
//! and CloudWatch turns into metrics: no call, and none of it in a request.
//!
//! The consumers of the stream and of the queue write them. A figure is written after the change
//! that it speaks of has been applied: a repeat writes none, a consumer that dies at that moment
//! loses some. What must be exact stands in the statistics. Two figures are written by requests:
//! [`order_placed`], so that somebody knows of orders where nobody consumes the stream, and
//! [`webhook_refused`].

use jiff::Timestamp;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_cloudwatch_embedded::{Builder, Collector};
use oms_domain::Decimal;
use oms_domain::business_metrics::BusinessMetric;
use serde_json::json;
use std::io::Write;

/// What all figures are filed under.
pub const NAMESPACE: &str = "OrderManagement";
/// The dimension that every figure has: whose it is, so that no stack's alarm hears another's.
const STACK: &str = "Stack";
/// The dimension that the figures of consumers have as well: which one wrote it.
const CONSUMER: &str = "Consumer";

const ORDERS_PLACED: &str = "OrdersPlaced";
const ORDERS_CREATED: &str = "OrdersCreated";
const ORDER_VALUE: &str = "OrderValue";
const TRANSITION_TIME: &str = "StatusTransitionTime";
const PAYMENT_SUCCESS: &str = "PaymentSuccess";
const SATISFACTION: &str = "Satisfaction";
const REFUNDS: &str = "Refunds";
const REFUNDS_REFUSED: &str = "RefundsRefused";
const DISPUTED: &str = "PaymentsDisputed";
const GATEWAY_SILENCE: &str = "GatewaySilence";
const NEED_ATTENTION: &str = "PaymentsNeedingAttention";
const EVENTS_PUBLISHED: &str = "EventsPublished";
const LAG: &str = "ConsumerLag";
const DRIFT: &str = "Drift";
const WEBHOOKS_REFUSED: &str = "WebhooksRefused";

/// The figures of this process.
#[derive(Clone, Copy)]
pub struct Metrics {
    collector: &'static Collector,
    is_heard: bool,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// The process has figures already.
#[derive(Debug, thiserror::Error)]
#[error("the metrics could not be set up: {0}")]
pub struct NoMetrics(String);

impl Metrics {
    /// Begins to gather figures, once in a process. Those of no stack are for nobody to read.
    ///
    /// # Errors
    /// [`NoMetrics`] the second time.
    pub fn start(consumer: &'static str, stack: Option<&str>) -> Result<Self, NoMetrics> {
        let builder = Builder::new().cloudwatch_namespace(NAMESPACE).with_dimension(CONSUMER, consumer);
        let builder = builder.with_dimension(STACK, stack.unwrap_or_default().to_owned());
        let collector = builder.init().map_err(|error| NoMetrics(error.to_string()))?;
        describe_counter!(ORDERS_CREATED, Unit::Count, "Orders placed");
        describe_histogram!(ORDER_VALUE, "What an order comes to, by currency");
        describe_histogram!(TRANSITION_TIME, Unit::Seconds, "How long orders stay in a status");
        describe_histogram!(
            PAYMENT_SUCCESS,
            "1 for a payment that went through, 0 for one that was declined"
        );
        describe_histogram!(SATISFACTION, "Stars that customers gave, 1 to 5");
        describe_counter!(REFUNDS, Unit::Count, "Refunds that went through");
        describe_counter!(REFUNDS_REFUSED, Unit::Count, "Refunds that the gateway refused");
        describe_counter!(DISPUTED, Unit::Count, "News of disputes that are open or lost");
        describe_histogram!(GATEWAY_SILENCE, Unit::Seconds, "How long a gateway has owed an answer");
        describe_counter!(NEED_ATTENTION, Unit::Count, "Payments that a person must look at");
        describe_counter!(EVENTS_PUBLISHED, Unit::Count, "Events published, repeats included");
        describe_histogram!(LAG, Unit::Milliseconds, "From a change to its having been applied");
        describe_histogram!(DRIFT, Unit::Count, "Counters of an audited user that are wrong");
        Ok(Self { collector, is_heard: stack.is_some() })
    }

    /// Notes a figure of the business.
    pub fn note(self, measure: BusinessMetric) {
        match measure {
            BusinessMetric::Created { value, currency } => {
                counter!(ORDERS_CREATED).increment(1);
                histogram!(ORDER_VALUE, "Currency" => currency.code()).record(shown(value));
            }
            BusinessMetric::Moved { from, to, lasted_us } => {
                let seconds = Decimal::from(lasted_us) / Decimal::from(1_000_000);
                let transition = format!("{from}→{to}");
                histogram!(TRANSITION_TIME, "Transition" => transition).record(shown(seconds));
            }
            // Their average is the success rate, their number that of all payments.
            BusinessMetric::Paid => histogram!(PAYMENT_SUCCESS).record(1.0),
            BusinessMetric::Declined => histogram!(PAYMENT_SUCCESS).record(0.0),
            BusinessMetric::Refunded => counter!(REFUNDS).increment(1),
            BusinessMetric::RefundRefused => counter!(REFUNDS_REFUSED).increment(1),
            BusinessMetric::Disputed => counter!(DISPUTED).increment(1),
            BusinessMetric::Rated(stars) => histogram!(SATISFACTION).record(f64::from(stars)),
            BusinessMetric::NeedsAttention(payment) => {
                tracing::error!(%payment, order = %payment.order(), "a person must look at a payment");
                counter!(NEED_ATTENTION).increment(1);
            }
        }
    }

    /// Notes that an event was published.
    pub fn published(self) {
        counter!(EVENTS_PUBLISHED).increment(1);
    }

    /// Notes that a gateway was asked in vain for an answer that it has owed since then.
    pub fn gateway_silence(self, since: Timestamp, now: Timestamp) {
        let silent_s = now.duration_since(since).as_secs().max(0);
        histogram!(GATEWAY_SILENCE).record(f64::from(u32::try_from(silent_s).unwrap_or(u32::MAX)));
    }

    /// Notes how many counters of a user who was audited are wrong.
    pub fn drift(self, counters: usize) {
        histogram!(DRIFT).record(f64::from(u32::try_from(counters).unwrap_or(u32::MAX)));
    }

    /// Ends an invocation: notes how late its oldest record was, and writes all figures as lines.
    pub fn end(self, oldest: Option<Timestamp>, now: Timestamp, lines: impl Write) {
        if let Some(oldest) = oldest {
            let lag_ms = now.duration_since(oldest).as_millis().max(0);
            histogram!(LAG).record(f64::from(u32::try_from(lag_ms).unwrap_or(u32::MAX)));
        }
        let flushed =
            if self.is_heard { self.collector.flush(lines) } else { self.collector.flush(std::io::sink()) };
        if let Err(error) = flushed {
            tracing::warn!(%error, "the metrics could not be written");
        }
    }
}

/// Writes that an order of a stack was placed, as a line. The stream's consumer counts the same
/// order: an alarm is raised where orders are placed and none is counted.
pub fn order_placed(stack: &str, now: Timestamp, lines: impl Write) {
    count_one(ORDERS_PLACED, stack, now, lines);
}

/// Writes that a stack refused an event of the gateway whose signature does not fit, as a line.
/// Where all are refused, the secret is the wrong one, and nobody else would tell.
pub fn webhook_refused(stack: &str, now: Timestamp, lines: impl Write) {
    count_one(WEBHOOKS_REFUSED, stack, now, lines);
}

/// Writes a figure of a request, which is one of the stack and of no consumer.
fn count_one(figure: &str, stack: &str, now: Timestamp, mut lines: impl Write) {
    let line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[STACK]],
                "Metrics": [{ "Name": figure, "Unit": "Count" }],
            }],
        },
        STACK: stack,
        figure: 1,
    });
    // In one piece, so that it does not end up within a line of the log.
    if let Err(error) = lines.write_all(format!("{line}\n").as_bytes()) {
        tracing::warn!(%error, "a figure could not be written");
    }
}

/// A figure for a chart, where the last digits do not matter.
fn shown(value: Decimal) -> f64 {
    value.try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::{Currency, Status};
    use serde_json::Value;

    #[test]
    fn what_a_request_tells_is_a_line_of_its_stack() {
        let now: Timestamp = "2026-11-22T10:00:01Z".parse().unwrap();
        let (mut placed, mut refused) = (Vec::new(), Vec::new());
        order_placed("shop", now, &mut placed);
        webhook_refused("shop", now, &mut refused);
        for (figure, written) in [(ORDERS_PLACED, placed), (WEBHOOKS_REFUSED, refused)] {
            let text = String::from_utf8(written).unwrap();
            assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
            let line: Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&line[figure], &line[STACK]), (&json!(1), &json!("shop")));
            assert_eq!(line["_aws"]["Timestamp"], 1_795_341_601_000_i64);
            let told = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!((&told["Namespace"], &told["Dimensions"]), (&json!(NAMESPACE), &json!([[STACK]])));
            assert_eq!(told["Metrics"], json!([{ "Name": figure, "Unit": "Count" }]));
        }
    }

    #[test]
    fn figures_become_lines_that_cloudwatch_reads() {
        let metrics = Metrics::start("stats", Some("shop")).unwrap();
        let dollars =
            |value| BusinessMetric::Created { value: Decimal::new(value, 2), currency: Currency::USD };
        let moved =
            BusinessMetric::Moved { from: Status::Pending, to: Status::Confirmed, lasted_us: 1_500_000 };
        let payments = [BusinessMetric::Paid, BusinessMetric::Declined, BusinessMetric::Paid];
        let back = [BusinessMetric::Refunded, BusinessMetric::RefundRefused, BusinessMetric::Disputed];
        let troubled = BusinessMetric::NeedsAttention(oms_domain::PaymentId(uuid::Uuid::nil()));
        let orders = [dollars(7598), dollars(7598), dollars(1000), moved, BusinessMetric::Rated(5), troubled];
        for measure in orders.into_iter().chain(payments).chain(back) {
            metrics.note(measure);
        }
        metrics.drift(2);
        let now: Timestamp = "2026-11-22T10:00:01Z".parse().unwrap();
        metrics.gateway_silence("2026-11-22T08:59:59.5Z".parse().unwrap(), now);
        let mut written = Vec::new();
        metrics.end("2026-11-22T10:00:00.25Z".parse().ok(), now, &mut written);
        let text = String::from_utf8(written).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let with = |name: &str| lines.iter().find(|line| !line[name].is_null()).unwrap();
        for line in &lines {
            assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], NAMESPACE);
            assert_eq!((&line["Consumer"], &line["Stack"]), (&json!("stats"), &json!("shop")));
            let dimensions = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0].as_array().unwrap();
            assert_eq!(dimensions[..2], ["Consumer", "Stack"]);
        }
        assert_eq!(with(ORDERS_CREATED)[ORDERS_CREATED], 3);
        let paid = with(PAYMENT_SUCCESS)[PAYMENT_SUCCESS].clone();
        assert_eq!(paid, json!([1.0, 0.0, 1.0]));
        for counted in [REFUNDS, REFUNDS_REFUSED, DISPUTED] {
            assert_eq!(with(counted)[counted], 1);
        }
        assert_eq!(with(GATEWAY_SILENCE)[GATEWAY_SILENCE], json!([3601.0]));
        assert_eq!(with(DRIFT)[DRIFT], json!([2.0]));
        assert_eq!(with(NEED_ATTENTION)[NEED_ATTENTION], 1);
        assert_eq!(with(LAG)[LAG], json!([750.0]));
        assert_eq!(with(ORDER_VALUE)["Currency"], "USD");
        assert_eq!(with(TRANSITION_TIME)["Transition"], "pending→confirmed");
        assert_eq!(with(TRANSITION_TIME)[TRANSITION_TIME], json!([1.5]));
        let again = Metrics::start("stats", None);
        assert!(again.is_err());
    }
}
