//! How a payment's refunds begin and end.

use crate::attention::{ConcernKind, told};
use crate::lifecycle::RefundOutcome;
use crate::payment::{
    AfterRefund, MAX_LATE_REASON_CHARS, MAX_REFUNDS, Payment, PaymentState, Refund, RefundState,
};
use crate::{Actor, Currency, Decimal, RefundId};

impl Payment {
    /// Puts all that is left of it on its way back; where that is nothing, it is back at once.
    pub(crate) fn pay_back_all(&mut self, why: &str, awaits_person: bool, currency: Currency, by: &Actor) {
        let left = self.refundable_amount();
        let id = self.push_refund(left, why, AfterRefund::Nothing, by);
        if left.is_zero() {
            self.settle_refund(id, RefundOutcome::Succeeded, currency, by);
        } else if let Some(refund) = self.refunds.last_mut() {
            refund.awaits_person = awaits_person;
        }
    }

    pub(crate) fn push_refund(
        &mut self,
        amount: Decimal,
        reason: &str,
        then: AfterRefund,
        by: &Actor,
    ) -> RefundId {
        let number = u8::try_from(self.refunds.len()).unwrap_or(u8::MAX);
        let id = self.id.refund(number);
        let is_late = self.refunds.len() >= MAX_REFUNDS;
        let kept_chars = if is_late { MAX_LATE_REASON_CHARS } else { usize::MAX };
        self.refunds.push(Refund {
            id,
            amount,
            status: RefundState::Pending,
            reason: reason.chars().take(kept_chars).collect(),
            created_at: by.at,
            then,
            awaits_person: false,
        });
        id
    }

    /// The pieces are back: what is still on its way brings none.
    pub(crate) fn restock_no_more(&mut self) {
        for refund in self.refunds.iter_mut().filter(|refund| refund.status == RefundState::Pending) {
            if refund.then == AfterRefund::CloseOrderAndRestock {
                refund.then = AfterRefund::CloseOrder;
            }
        }
    }

    /// What the gateway, or whoever has the money, says about a refund. What has succeeded may
    /// still fail, days later; what has failed stays so. What a success does to the order comes
    /// back.
    pub(crate) fn settle_refund(
        &mut self,
        id: RefundId,
        outcome: RefundOutcome,
        currency: Currency,
        by: &Actor,
    ) -> AfterRefund {
        let Some(refund) = self.refunds.iter_mut().find(|refund| refund.id == id) else {
            return AfterRefund::Nothing;
        };
        let (amount, started_at, mut then) = (refund.amount, refund.created_at, AfterRefund::Nothing);
        let shown = told(amount, currency);
        refund.awaits_person = false;
        match (refund.status, outcome) {
            (RefundState::Pending, RefundOutcome::Succeeded) => {
                refund.status = RefundState::Succeeded;
                then = refund.then;
            }
            (RefundState::Pending, RefundOutcome::Refused) => {
                refund.status = RefundState::Failed;
                let text = format!("The gateway refused to pay {shown} back.");
                self.raise_for(ConcernKind::RefundFailed, text, amount, by);
            }
            (RefundState::Succeeded, RefundOutcome::Refused) => {
                refund.status = RefundState::Failed;
                let text = format!("The gateway had paid {shown} back, and then it failed.");
                self.raise_for(ConcernKind::RefundFailed, text, amount, by);
            }
            (RefundState::Succeeded, RefundOutcome::Succeeded) | (RefundState::Failed, _) => return then,
        }
        let back = self.refunded_amount();
        debug_assert!(back <= self.amount, "no more goes back than was paid");
        self.status = if back >= self.amount {
            PaymentState::Refunded
        } else if back > Decimal::ZERO {
            PaymentState::PartiallyRefunded
        } else {
            PaymentState::Paid
        };
        if outcome == RefundOutcome::Succeeded {
            self.calm_by_refund(amount, started_at);
        }
        then
    }
}
