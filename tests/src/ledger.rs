//! The simulated gateway's own ledger, as its operator sees it: what it holds of an order.

use crate::Client;
use crate::shop::text;
use serde_json::Value;

/// What the gateway has taken and given back for an order, in cents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The charges that went through.
    pub charges: Vec<i64>,
    /// The refunds that went through, sorted.
    pub refunds: Vec<i64>,
}

impl Ledger {
    /// Reads the gateway's entries of every payment and refund that an order has, or might have.
    pub async fn of(order: &Value) -> Self {
        let client = Client::stranger();
        let id: uuid::Uuid = text(order).parse().expect("an id");
        let child = |bits: u128| uuid::Uuid::from_u128(id.as_u128() | bits).to_string();
        let mut ledger = Self::default();
        for payment in 0..3 {
            ledger.charges.extend(entry(&client, &child(0x8000 + payment), "CHARGE").await);
            for refund in 0..12 {
                let key = child(0xc000 + payment * 0x100 + refund);
                ledger.refunds.extend(entry(&client, &key, "REFUND").await);
            }
        }
        ledger.refunds.sort_unstable();
        ledger
    }

    /// What is left with the gateway.
    #[must_use]
    pub fn balance(&self) -> i64 {
        self.charges.iter().sum::<i64>() - self.refunds.iter().sum::<i64>()
    }

    /// What the API says of an order's payments, in the gateway's terms.
    #[must_use]
    pub fn as_told(order: &Value) -> Self {
        let mut told = Self::default();
        for payment in order["payments"].as_array().into_iter().flatten() {
            let is_ours = ["paid", "partially_refunded", "refunded"].contains(&text(&payment["status"]));
            told.charges.extend(is_ours.then(|| cents(&payment["amount"])));
            let refunds = payment["refunds"].as_array().into_iter().flatten();
            told.refunds
                .extend(refunds.filter(|one| one["status"] == "succeeded").map(|one| cents(&one["amount"])));
        }
        told.refunds.sort_unstable();
        told
    }
}

/// An entry's cents, where the gateway moved money for the key.
async fn entry(client: &Client, key: &str, kind: &str) -> Option<i64> {
    let item = client.item(&format!("GATEWAY#SIMULATED#{key}"), kind).await;
    (item["status"]["S"] == "succeeded").then(|| cents(&item["amount"]["S"]))
}

/// `"42.99"` as 4299.
///
/// # Panics
/// Where it is no amount of a currency with two digits.
#[must_use]
#[track_caller]
pub fn cents(amount: &Value) -> i64 {
    let (whole, part) = text(amount).split_once('.').expect("two digits after the point");
    assert_eq!(part.len(), 2, "{amount}");
    whole.parse::<i64>().expect("a number") * 100 + part.parse::<i64>().expect("a number")
}
