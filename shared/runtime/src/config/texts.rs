//! What the text of a setting means; nothing where it makes no sense.

use oms_domain::Decimal;
use oms_domain::subscription::Protocol;
use tracing::level_filters::LevelFilter;

pub(super) fn tracking_url(url: &str) -> Option<Option<String>> {
    let is_good = url.starts_with("https://") && url.matches("{}").count() == 1;
    is_good.then(|| Some(url.to_owned()))
}

/// An origin: a path or a policy's next word behind it would end up in a header.
pub(super) fn login_url(url: &str) -> Option<Option<String>> {
    let host = url.strip_prefix("https://")?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_host)).then(|| Some(url.to_owned()))
}

pub(super) fn protocols(text: &str) -> Option<Vec<Protocol>> {
    commas(text).iter().map(|word| word.parse().ok()).collect()
}

pub(super) fn fraction(text: &str) -> Option<Decimal> {
    let rate = Decimal::from_str_exact(text).ok()?;
    (Decimal::ZERO..=Decimal::ONE).contains(&rate).then_some(rate)
}

pub(super) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// `WARNING` is accepted besides the levels' own names: it is what Python calls it.
pub(super) fn log_level(text: &str) -> Option<LevelFilter> {
    let name = if text.eq_ignore_ascii_case("warning") { "warn" } else { text };
    name.parse().ok().filter(|_| name.chars().all(char::is_alphabetic))
}

pub(super) fn origins(text: &str) -> Option<Vec<String>> {
    let origins = commas(text);
    let is_origin = |origin: &String| {
        origin == "*"
            || origin.split_once("://").is_some_and(|(scheme, host)| {
                let host = host.strip_suffix(":*").unwrap_or(host);
                matches!(scheme, "http" | "https")
                    && !host.is_empty()
                    && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/*".contains(&byte))
            })
    };
    origins.iter().all(is_origin).then_some(origins)
}

pub(super) fn commas(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
