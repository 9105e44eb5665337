//! Logs as JSON, one object a line, on standard output, where Lambda takes them from.
//!
//! Nothing that goes there may hold a token, a body, or what a person typed.

use crate::config::Config;
use std::error::Error;
use std::fmt::Write;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Crates that would show requests and credentials where `LOG_LEVEL` asks for more.
const TALKATIVE: [&str; 6] = ["aws", "h2", "hyper", "lambda", "rustls", "tower"];

/// Begins to log at `LOG_LEVEL`. Calling it again changes nothing.
pub fn init(config: &Config) {
    init_at(config.log_level);
}

/// Says why this process cannot start, which is then the first line of its log.
pub fn cannot_start(why: &impl Error) {
    init_at(LevelFilter::ERROR);
    tracing::error!(error = chain(why), "the function cannot start");
}

fn init_at(level: LevelFilter) {
    let quiet = level.min(LevelFilter::INFO);
    let targets =
        Targets::new().with_default(level).with_targets(TALKATIVE.into_iter().map(|name| (name, quiet)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false);
    // It fails only where a subscriber has been set already.
    let _ = tracing_subscriber::registry().with(lines).with(targets).try_init();
}

/// An error with everything that caused it, for one field of a log line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
