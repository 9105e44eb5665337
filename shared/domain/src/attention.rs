//! What a person must look at: where the gateway says something that the record did not expect.
//!
//! A payment remembers what is the matter with it until that is resolved, be it by the gateway, by
//! another refund, or because whoever runs the order says so.

use crate::choices::choices;
use crate::order::Order;
use crate::payment::{Payment, PaymentState};
use crate::{Actor, Change, ChangeKind, Currency, Decimal, Money, PaymentId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest text of the gateway's that is kept, in characters.
const MAX_CHARS: usize = 100;

choices! {
    /// What may be the matter with a payment.
    ConcernKind {
        /// The gateway refused to pay back, or took its word back that it had.
        RefundFailed = "refund_failed", "Refund failed";
        /// It charged what it had declined.
        ChargedLate = "charged_late", "Charged after a decline";
        /// The customer's bank disputes the charge, or has won.
        Disputed = "disputed", "Disputed";
        /// It reports another amount, currency or mode than was asked for.
        Contradicted = "contradicted", "Contradicted";
    }
}

/// Something that is the matter with a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    /// Of which kind it is; a payment has one of each at most.
    pub kind: ConcernKind,
    /// For a person to read.
    pub text: String,
    /// When it was last found to be so: what was started before is no answer to it.
    pub since: Timestamp,
    /// How much has not gone back that was to, in the order's currency.
    #[serde(default, skip_serializing_if = "Decimal::is_zero")]
    pub missing: Decimal,
}

/// The customer's bank wants a charge's money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The gateway's name for it.
    pub id: String,
    /// Where it stands, in the gateway's words: `needs_response`, `under_review`, `won`, `lost` and
    /// the like.
    pub status: String,
    /// Why, in the gateway's words: `fraudulent`, `product_not_received` and the like.
    pub reason: String,
    /// How much, in the order's currency.
    pub amount: Decimal,
}

impl Dispute {
    /// As the gateway tells it, whose texts are cut to what is kept.
    #[must_use]
    pub fn new(id: &str, status: &str, reason: &str, amount: Decimal) -> Self {
        let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect();
        Self { id: cut(id), status: cut(status), reason: cut(reason), amount }
    }

    /// Whether the money stays with the shop.
    fn is_won(&self) -> bool {
        matches!(self.status.as_str(), "won" | "warning_closed" | "prevented")
    }

    fn is_closed(&self) -> bool {
        self.is_won() || self.status == "lost"
    }
}

impl Payment {
    /// Whether a person must look at it.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        !self.attention.is_empty() || self.refunds.iter().any(|refund| refund.awaits_person)
    }

    /// What is the matter with it, for a person to read; empty where nothing is.
    #[must_use]
    pub fn attention_text(&self, currency: Currency) -> String {
        let concerns = self.attention.iter().map(|concern| concern.text.clone());
        let waits = self.refunds.iter().filter(|refund| refund.awaits_person);
        let waits = waits
            .map(|refund| format!("A refund of {} waits to be handed over.", told(refund.amount, currency)));
        concerns.chain(waits).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn raise(&mut self, kind: ConcernKind, text: String, by: &Actor) {
        self.raise_for(kind, text, Decimal::ZERO, by);
    }

    /// The same, of an amount that has not gone back.
    pub(crate) fn raise_for(&mut self, kind: ConcernKind, text: String, missing: Decimal, by: &Actor) {
        let known = self.attention.iter().position(|concern| concern.kind == kind);
        if missing.is_zero() && known.is_some_and(|at| self.attention[at].text == text) {
            return;
        }
        let before = known.map_or(Decimal::ZERO, |at| self.attention.remove(at).missing);
        self.attention.push(Concern { kind, text, since: by.at, missing: before + missing });
    }

    fn calm(&mut self, kind: ConcernKind) {
        self.attention.retain(|concern| concern.kind != kind);
    }

    /// Forgets the concerns that a refund which went through has met: all is back, or as much as
    /// was missing when it was started.
    pub(crate) fn calm_by_refund(&mut self, amount: Decimal, started_at: Timestamp) {
        if self.status == PaymentState::Refunded {
            self.calm(ConcernKind::RefundFailed);
            self.calm(ConcernKind::ChargedLate);
        }
        for concern in self.attention.iter_mut().filter(|concern| concern.since < started_at) {
            concern.missing = (concern.missing - amount).max(Decimal::ZERO);
        }
        let is_met =
            |concern: &Concern| concern.kind == ConcernKind::RefundFailed && concern.missing.is_zero();
        self.attention.retain(|concern| !is_met(concern));
    }
}

impl Order {
    /// Records where a dispute over a payment stands. What has been closed is not opened again by
    /// news that comes late.
    #[must_use]
    pub fn record_dispute(self, id: PaymentId, dispute: Dispute, by: &Actor) -> Self {
        let currency = self.currency;
        let known = self.payment(id).and_then(|payment| payment.dispute.as_ref());
        let is_late = |known: &Dispute| {
            *known == dispute || (known.id == dispute.id && known.is_closed() && !dispute.is_closed())
        };
        if known.is_some_and(is_late) {
            return self;
        }
        self.with_payment(id, ChangeKind::Dispute, by, |payment| {
            let about = format!("{} ({})", told(dispute.amount, currency), dispute.reason);
            if dispute.is_won() {
                payment.calm(ConcernKind::Disputed);
            } else if dispute.is_closed() {
                payment.raise(ConcernKind::Disputed, format!("The dispute over {about} was lost."), by);
            } else {
                let text = format!("The customer's bank disputes {about}: {}.", dispute.status);
                payment.raise(ConcernKind::Disputed, text, by);
            }
            payment.dispute = Some(dispute);
        })
    }

    /// Records that the gateway says something about a payment that cannot be: nothing else is
    /// believed of what it said.
    #[must_use]
    pub fn record_contradiction(self, id: PaymentId, text: String, by: &Actor) -> Self {
        self.with_payment_back(id, by).with_payment(id, ChangeKind::Contradict, by, |payment| {
            payment.raise(ConcernKind::Contradicted, text, by);
        })
    }

    /// Records that a person has looked at a payment, and nothing is left to do. A refund that
    /// waits to be handed over goes on waiting.
    #[must_use]
    pub fn dismiss_attention(self, id: PaymentId, by: &Actor) -> Self {
        self.with_payment(id, ChangeKind::Dismiss, by, |payment| payment.attention.clear())
    }
}

/// The kinds of what a change found to be the matter with a payment.
pub(crate) fn raised(change: &Change, id: PaymentId) -> impl Iterator<Item = ConcernKind> {
    let concerns = |value: &Value| serde_json::from_value::<Vec<Concern>>(value.clone()).unwrap_or_default();
    let field = change.of(&format!("payments.{id}.attention"));
    let (before, after) = field.map(|field| (concerns(&field.from), concerns(&field.to))).unwrap_or_default();
    let is_known = move |concern: &Concern| {
        let same = |known: &&Concern| known.kind == concern.kind && known.text == concern.text;
        before.iter().find(same).is_some_and(|known| known.missing >= concern.missing)
    };
    after.into_iter().filter(move |concern| !is_known(concern)).map(|concern| concern.kind)
}

/// An amount for a person to read.
pub(crate) fn told(amount: Decimal, currency: Currency) -> String {
    format!("{} {}", Money::rounded(amount, currency), currency.code())
}
