//! What a payment's token makes the simulated gateway do.

use serde_json::{Map, Value};

/// What `payment_details.token` makes of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Approve,
    Decline { code: &'static str, why: &'static str },
    AskTheCustomer,
    LoseTheRequest,
    LoseTheAnswer,
    AnswerSlowly,
    AnswerTwice,
    RefuseTheFirstRefund,
    LoseTheAnswerAboutRefunds,
}

impl Script {
    /// What a token means; none means approval, and what is no text is no token that is known.
    pub(super) fn of(details: &Map<String, Value>) -> Self {
        let declined = |code, why| Script::Decline { code, why };
        let token = details.get("token").filter(|token| !token.is_null());
        match token.map_or("tok_approve", |token| token.as_str().unwrap_or_default()) {
            "tok_approve" => Script::Approve,
            "tok_decline" => declined("generic_decline", "The card was declined."),
            "tok_decline_insufficient_funds" => {
                declined("insufficient_funds", "The card has insufficient funds.")
            }
            "tok_authenticate" => Script::AskTheCustomer,
            "tok_timeout_before" => Script::LoseTheRequest,
            "tok_timeout_after" => Script::LoseTheAnswer,
            "tok_slow" => Script::AnswerSlowly,
            "tok_twice" => Script::AnswerTwice,
            "tok_refund_fails" => Script::RefuseTheFirstRefund,
            "tok_refund_timeout_after" => Script::LoseTheAnswerAboutRefunds,
            _ => declined("invalid_token", "The payment token is not known."),
        }
    }

    /// What the ledger notes of it for the refunds to come.
    pub(super) const fn of_refunds(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Script::RefuseTheFirstRefund => &[("script", "refuse")],
            Script::LoseTheAnswerAboutRefunds => &[("script", "lose")],
            Script::AnswerSlowly => &[("script", "slow")],
            Script::Approve
            | Script::Decline { .. }
            | Script::AskTheCustomer
            | Script::LoseTheRequest
            | Script::LoseTheAnswer
            | Script::AnswerTwice => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_token_chooses_what_happens() {
        for (token, code) in [
            ("tok_approve", None),
            ("tok_decline", Some("generic_decline")),
            ("tok_decline_insufficient_funds", Some("insufficient_funds")),
            ("tok_of_another_world", Some("invalid_token")),
        ] {
            let details = Map::from_iter([("token".to_owned(), json!(token))]);
            let script = Script::of(&details);
            let chosen = if let Script::Decline { code, .. } = script { Some(code) } else { None };
            assert!(chosen.is_some() || script == Script::Approve, "{token}");
            assert_eq!(chosen, code, "{token}");
        }
        for token in [json!(5), json!([]), json!(true), json!({"a": 1})] {
            let details = Map::from_iter([("token".to_owned(), token.clone())]);
            let is_unknown = matches!(Script::of(&details), Script::Decline { code: "invalid_token", .. });
            assert!(is_unknown, "{token}");
        }
        let null = Map::from_iter([("token".to_owned(), json!(null))]);
        assert_eq!(Script::of(&null), Script::Approve, "null says nothing");
        let asks = Map::from_iter([("token".to_owned(), json!("tok_authenticate"))]);
        assert_eq!((Script::of(&Map::new()), Script::of(&asks)), (Script::Approve, Script::AskTheCustomer));
    }
}
