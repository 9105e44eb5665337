//! What Stripe tells by itself, written down where it fits what was asked for.

use oms_core::app::App;
use oms_core::payments::gateway::stripe_events::{Disputed, Figures, Reported};
use oms_domain::attention::Dispute;
use oms_domain::payment::{ChargeOutcome, PaymentProvider};
use oms_domain::{Error, Order, Outcome, Payment, PaymentId, PaymentState, UserId};

/// Whose doing it is in an order's history.
const STRIPE: &str = "stripe";

/// Writes down what an event says.
pub(crate) async fn write_down(app: &App, told: Reported) -> Outcome<()> {
    let by = UserId(STRIPE.to_owned());
    match told {
        Reported::Charge(id, outcome, figures) => charge(app, id, &outcome, &figures, &by).await,
        Reported::Refund(id, outcome, figures) => {
            let Some(order) = order_of(app, id.payment()).await? else { return Ok(()) };
            let refund = order.payment(id.payment()).and_then(|payment| payment.refund(id));
            let Some(asked) = refund.map(|refund| refund.amount) else { return Ok(()) };
            match figures.contradict(asked, order.currency, app.gateway().is_live()) {
                Some(text) => contradict(app, order, id.payment(), &text, &by).await,
                None => app.finish_refund(order, id, outcome, &by).await.map(drop),
            }
        }
        Reported::Dispute(disputed, figures) => dispute(app, disputed, &figures, &by).await,
        Reported::Nothing => Ok(()),
    }
}

async fn charge(
    app: &App,
    id: PaymentId,
    outcome: &ChargeOutcome,
    figures: &Figures,
    by: &UserId,
) -> Outcome<()> {
    let Some(order) = order_of(app, id).await? else { return Ok(()) };
    let Some(payment) = order.payment_ever(id) else { return Ok(()) };
    let contradiction = figures.contradict(payment.amount, order.currency, app.gateway().is_live());
    let text = match (was_sent(&payment), outcome) {
        (true, ChargeOutcome::Declined(..)) if order.payment(id).is_none() => return Ok(()),
        (true, _) => contradiction,
        (false, ChargeOutcome::Paid(_)) => {
            Some("Stripe reports a charge that was never asked for.".to_owned())
        }
        // What was never asked for has not been paid either, and what was taken out stays out.
        (false, ChargeOutcome::Declined(..)) => return Ok(()),
    };
    if let Some(text) = text {
        return contradict(app, order, id, &text, by).await;
    }
    let order = app.finish_charge(order, id, outcome, by).await?;
    app.close_failed(&order, id).await;
    app.send_refunds(order, by).await.map(drop)
}

fn was_sent(payment: &Payment) -> bool {
    match payment.status {
        PaymentState::Pending | PaymentState::Cancelled => false,
        PaymentState::Processing
        | PaymentState::Authorized
        | PaymentState::Paid
        | PaymentState::Failed
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded => true,
    }
}

/// A dispute names the PaymentIntent, which names the payment.
async fn dispute(app: &App, told: Disputed, figures: &Figures, by: &UserId) -> Outcome<()> {
    let found = app.gateway().payment_of(&told.intent).await;
    let found = found.map_err(|error| Error::Unavailable(Box::new(error)))?;
    let Some(id) = found else { return Ok(()) };
    let Some(order) = order_of(app, id).await? else { return Ok(()) };
    if let Some(text) = figures.contradict_mode(app.gateway().is_live()) {
        return contradict(app, order, id, &text, by).await;
    }
    let Some(amount) = figures.amount_in(order.currency) else {
        return contradict(app, order, id, "Stripe reports a dispute in another currency.", by).await;
    };
    let dispute = Dispute::new(&told.id, &told.status, &told.reason, amount);
    app.note(order, by, |order, by| order.record_dispute(id, dispute.clone(), by)).await.map(drop)
}

/// Nothing of what was said is believed: a person has to look.
async fn contradict(app: &App, order: Order, id: PaymentId, text: &str, by: &UserId) -> Outcome<()> {
    app.note(order, by, |order, by| order.record_contradiction(id, text.to_owned(), by)).await.map(drop)
}

/// The order of a payment that Stripe was asked for. What names another is no concern of ours:
/// the account may serve other systems too.
async fn order_of(app: &App, id: PaymentId) -> Outcome<Option<Order>> {
    let Some(order) = app.table().order_or_tombstone(id.order()).await? else { return Ok(None) };
    match order.payment_ever(id) {
        Some(payment) => Ok((payment.provider == Some(PaymentProvider::Stripe)).then_some(order)),
        None => {
            tracing::error!(order = %order.id, payment = %id, "Stripe tells of a payment that is not known");
            Ok(None)
        }
    }
}
