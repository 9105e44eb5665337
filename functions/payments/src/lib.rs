//! The HTTP function of the payments endpoints.

mod confirm_refund;
mod create;
mod delete;
mod edit;
mod list;
mod news;
mod partial_update;
mod payment_stats;
mod process;
mod refund;
mod retrieve;
mod simulate_action;
mod update;
mod webhook;

use oms_core::payments::settlement::Sent;
use oms_domain::{Caller, Error, Kind, Order, Outcome, PaymentId};
use oms_http::Tagged;
use oms_http::views::payment::{NextActionView, PaymentView};

oms_core::endpoints!(
    list in list,
    create in create,
    payment_stats in payment_stats,
    webhook in webhook,
    retrieve in retrieve,
    update in update,
    partial_update in partial_update,
    delete in delete,
    process_payment in process,
    refund_payment in refund,
    simulate_action in simulate_action,
    confirm_refund in confirm_refund,
);

fn tagged(order: &Order, id: PaymentId) -> Outcome<Tagged<PaymentView>> {
    let payment = order.payment(id).ok_or_else(not_found)?;
    Ok(Tagged::new(order.version, PaymentView::new(order, payment)))
}

/// The same with what its customer has to do, for whoever pays: the order's own customer, or staff
/// in their place. The secret that is in it is nobody else's.
fn tagged_for_payer(caller: &Caller, sent: &Sent, id: PaymentId) -> Outcome<Tagged<PaymentView>> {
    let mut tagged = tagged(&sent.order, id)?;
    if pays(caller, &sent.order) {
        let action = sent.next_action.as_ref();
        tagged.view.next_action =
            action.map(|action| NextActionView::new(&action.kind, &action.client_secret));
    }
    Ok(tagged)
}

/// Whether somebody may do what a bank asks of the order's customer.
fn pays(caller: &Caller, order: &Order) -> bool {
    caller.is_staff() || order.user.id == caller.user.id
}

const fn not_found() -> Error {
    Error::NotFound(Kind::Payment)
}

/// An order that cannot be seen hides its payments too: the answer speaks of what was asked for.
fn of_payment(error: Error) -> Error {
    error.not_found_as(not_found)
}
