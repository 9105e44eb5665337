//! Which gateway takes the money, with which keys, and what a deployment may make do with.

use super::is_safe_url;
use super::lookup::Lookup;
use std::fmt;

/// What a deployment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Somebody's own trials.
    Dev,
    /// Tests.
    Test,
    /// A rehearsal of production.
    Staging,
    /// Real customers and real money.
    Production,
}

/// Whether a function moves money, and so must be given the keys of the gateway. All functions know
/// which gateway it is; no others hold what could move money at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayKeys {
    /// It charges or pays back.
    Required,
    /// It does neither.
    NotNeeded,
}

/// Who moves the money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// Our own, which does what the payment's token says. For trials and tests.
    Simulated,
    /// Stripe's PaymentIntents.
    Stripe(StripeConfig),
}

/// How Stripe is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripeConfig {
    /// `STRIPE_SECRET_KEY`: `sk_…`, or a restricted `rk_…`; empty in functions that move no money.
    pub secret_key: Secret,
    /// `STRIPE_API_URL` (`https://api.stripe.com`), without a slash at its end.
    pub api_url: String,
}

/// A text that nobody may read in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for who it is meant for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Gateway {
    /// Its name, as `PAYMENT_GATEWAY` says it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Gateway::Simulated => "simulated",
            Gateway::Stripe(_) => "stripe",
        }
    }
}

pub(super) fn stage(text: &str) -> Option<Stage> {
    match text {
        "dev" => Some(Stage::Dev),
        "test" => Some(Stage::Test),
        "staging" => Some(Stage::Staging),
        "production" => Some(Stage::Production),
        _ => None,
    }
}

/// The gateway that is asked for; what is wrong with it becomes a problem of `env`.
pub(super) fn chosen(env: &mut Lookup<'_>, stage: Stage, keys: GatewayKeys) -> Gateway {
    let is_stripe = env.parsed("PAYMENT_GATEWAY", false, "simulated or stripe", |text| match text {
        "simulated" => Some(false),
        "stripe" => Some(true),
        _ => None,
    });
    if !is_stripe {
        if stage == Stage::Production {
            env.problem("PAYMENT_GATEWAY is simulated, which takes no money: STAGE is production".to_owned());
        }
        return Gateway::Simulated;
    }
    for name in ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] {
        if keys == GatewayKeys::Required && env.text(name).is_none() {
            env.problem(format!("{name} is missing: PAYMENT_GATEWAY is stripe"));
        }
    }
    let api_url = env.text("STRIPE_API_URL").unwrap_or_else(|| "https://api.stripe.com".to_owned());
    if !is_safe_url(&api_url) {
        env.problem(format!("STRIPE_API_URL is \"{api_url}\", but must be an https URL"));
    }
    let secret_key = env.text("STRIPE_SECRET_KEY").unwrap_or_default();
    if stage == Stage::Production && is_test_key(&secret_key) {
        env.problem("STRIPE_SECRET_KEY is a test key, which takes no money: STAGE is production".to_owned());
    }
    let secret_key = Secret::from(secret_key.as_str());
    Gateway::Stripe(StripeConfig { secret_key, api_url: api_url.trim_end_matches('/').to_owned() })
}

/// Whether a key of Stripe's, secret or restricted, is one for trials.
fn is_test_key(key: &str) -> bool {
    ["sk_test_", "rk_test_"].iter().any(|prefix| key.starts_with(prefix))
}
