//! A payment, as clients see it.

use super::{money, optional_time, time};
use oms_domain::{Order, Payment, PaymentState, Refund};
use oms_runtime::config::Secret;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// The order of a payment, in short.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderDetails {
    /// The order that the payment is made for.
    pub id: Uuid,
    /// `ORD-YYYYMMDD-NNNN`.
    #[schema(example = "ORD-20261122-0001")]
    pub order_number: String,
    /// Where the order stands.
    #[schema(example = "confirmed")]
    pub status: &'static str,
    /// How its money stands.
    #[schema(example = "paid")]
    pub payment_status: &'static str,
    /// What there is to pay, in the order's currency.
    #[schema(example = "75.98")]
    pub total_amount: String,
}

/// A refund of a payment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RefundView {
    /// Its id, also at the gateway.
    pub id: Uuid,
    /// How much goes back, in the payment's currency.
    #[schema(example = "10.00")]
    pub amount: String,
    /// `pending`, `succeeded` or `failed`.
    #[schema(example = "succeeded")]
    pub status: &'static str,
    /// Why, in the words of who asked for it.
    pub reason: String,
    /// When it was asked for.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub created_at: String,
}

/// What a customer has to do before their bank lets them pay.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NextActionView {
    /// What kind of thing, in the gateway's words.
    #[serde(rename = "type")]
    #[schema(example = "use_stripe_sdk")]
    pub kind: String,
    /// What lets a browser or an app do it: Stripe.js takes it as it is.
    #[schema(example = "pi_3Oa_secret_7f2")]
    pub client_secret: String,
}

impl NextActionView {
    /// What the payer's browser or app needs; nobody else may see it.
    #[must_use]
    pub fn new(kind: &str, client_secret: &Secret) -> Self {
        Self { kind: kind.to_owned(), client_secret: client_secret.reveal().to_owned() }
    }
}

/// The customer's bank wants a payment's money back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DisputeView {
    /// The gateway's name for it.
    #[schema(example = "dp_1MtJUT2eZvKYlo2CNaw2HvEv")]
    pub id: String,
    /// Where it stands, in the gateway's words: `needs_response`, `under_review`, `won`, `lost` and
    /// the like.
    #[schema(example = "needs_response")]
    pub status: String,
    /// Why, in the gateway's words.
    #[schema(example = "fraudulent")]
    pub reason: String,
    /// How much, in the payment's currency.
    #[schema(example = "75.98")]
    pub amount: String,
}

/// A payment of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaymentView {
    /// What paths name the payment by.
    pub id: Uuid,
    /// The order that it pays.
    pub order: Uuid,
    /// That order's number.
    #[schema(example = "ORD-20261122-0001")]
    pub order_number: String,
    /// That order in short.
    pub order_details: OrderDetails,
    /// A short name for people.
    #[schema(example = "TXN-8DDDEEEEFFFF8000")]
    pub transaction_id: String,
    /// How much, in the payment's currency and exactly in its digits.
    #[schema(example = "75.98")]
    pub amount: String,
    /// In which currency, ISO 4217.
    #[schema(example = "USD")]
    pub currency: &'static str,
    /// Where it stands.
    #[schema(example = "paid")]
    pub status: &'static str,
    /// The same for people.
    #[schema(example = "Paid")]
    pub status_display: &'static str,
    /// What it is paid with.
    #[schema(example = "credit_card")]
    pub payment_method: &'static str,
    /// The same for people.
    #[schema(example = "Credit Card")]
    pub payment_method_display: &'static str,
    /// What the client said about it: a token and the like.
    #[schema(value_type = Object)]
    pub payment_details: Map<String, Value>,
    /// What the gateway said.
    #[schema(value_type = Object)]
    pub gateway_response: Map<String, Value>,
    /// What its customer has to do before their bank lets them pay. Only while there is something,
    /// and only for whoever pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_action: Option<NextActionView>,
    /// Why it failed; empty otherwise.
    pub error_message: String,
    /// When it was made.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub updated_at: String,
    /// When the gateway's answer was known.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub processed_at: Option<String>,
    /// Whether the money is ours, all of it or what has not gone back.
    pub is_successful: bool,
    /// Whether it was declined.
    pub is_failed: bool,
    /// Whether all of it has gone back.
    pub is_refunded: bool,
    /// What has gone back, in the payment's currency.
    #[schema(example = "0.00")]
    pub refunded_amount: String,
    /// Its refunds, oldest first.
    pub refunds: Vec<RefundView>,
    /// What a person must look at: a refund that the gateway refused or that waits to be handed
    /// over, a dispute, a charge after a decline, or what the gateway says that cannot be. Null
    /// where nothing is the matter.
    #[schema(example = json!(null))]
    pub attention: Option<String>,
    /// The last dispute over it.
    pub dispute: Option<DisputeView>,
}

impl PaymentView {
    /// A payment of an order.
    #[must_use]
    pub fn new(order: &Order, payment: &Payment) -> Self {
        let amount = |amount| money(amount, order.currency);
        Self {
            id: payment.id.0,
            order: order.id.0,
            order_number: order.order_number.clone(),
            order_details: OrderDetails {
                id: order.id.0,
                order_number: order.order_number.clone(),
                status: order.status.as_str(),
                payment_status: order.payment_status.as_str(),
                total_amount: amount(order.total_amount),
            },
            transaction_id: payment.transaction_id.clone(),
            amount: amount(payment.amount),
            currency: order.currency.code(),
            status: payment.status.as_str(),
            status_display: payment.status.label(),
            payment_method: payment.payment_method.as_str(),
            payment_method_display: payment.payment_method.label(),
            payment_details: payment.payment_details.clone(),
            gateway_response: payment.gateway_response.clone(),
            next_action: None,
            error_message: payment.error_message.clone(),
            created_at: time(payment.created_at),
            updated_at: time(payment.updated_at),
            processed_at: optional_time(payment.processed_at),
            is_successful: payment.is_collected(),
            is_failed: payment.status == PaymentState::Failed,
            is_refunded: payment.status == PaymentState::Refunded,
            refunded_amount: amount(payment.refunded_amount()),
            refunds: payment.refunds.iter().map(|refund| refund_view(refund, amount)).collect(),
            attention: payment.needs_attention().then(|| payment.attention_text(order.currency)),
            dispute: payment.dispute.as_ref().map(|dispute| DisputeView {
                id: dispute.id.clone(),
                status: dispute.status.clone(),
                reason: dispute.reason.clone(),
                amount: amount(dispute.amount),
            }),
        }
    }
}

fn refund_view(refund: &Refund, amount: impl Fn(oms_domain::Decimal) -> String) -> RefundView {
    RefundView {
        id: refund.id.0,
        amount: amount(refund.amount),
        status: refund.status.as_str(),
        reason: refund.reason.clone(),
        created_at: time(refund.created_at),
    }
}
