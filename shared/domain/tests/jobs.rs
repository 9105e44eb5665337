//! What a job has done to an order it does not do again.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use oms_domain::place::place;
use oms_domain::{Currency, Decimal, JobId, Order, RuleViolation, Status};
use uuid::Uuid;

fn placed() -> Order {
    let shop = store(Currency::USD, Decimal::ZERO, Decimal::ZERO);
    let new = new_order(shop, vec![line(1, 2)], Decimal::ZERO);
    place(new, &[product(1, Decimal::ONE)], false, &by(0)).expect("a good order")
}

const ONE: JobId = JobId(Uuid::from_u128(1));
const OTHER: JobId = JobId(Uuid::from_u128(2));

#[test]
fn a_job_moves_an_order_once_whatever_has_become_of_it_since() {
    let moved = |order: Order, job| order.move_to_by_job(Status::Confirmed, true, job, &by(1));
    let confirmed = moved(placed(), ONE).expect("it was pending").order;
    assert_eq!((confirmed.status, confirmed.version), (Status::Confirmed, 2));
    assert!(confirmed.was_moved_by(ONE) && !confirmed.was_moved_by(OTHER));

    let cancelled = confirmed.cancel(true, "", &by(2)).expect("it was confirmed").order;
    let again = moved(cancelled.clone(), ONE).expect("the job has done so");
    assert_eq!((&again.order, again.stock.len()), (&cancelled, 0));
    assert!(matches!(moved(cancelled, OTHER), Err(RuleViolation::Status(_))));
}

#[test]
fn stock_goes_back_with_the_first_try_alone() {
    let moved = |order: Order| order.move_to_by_job(Status::Cancelled, true, ONE, &by(1));
    let first = moved(placed()).expect("it was pending");
    assert_eq!(first.stock.len(), 1);
    let again = moved(first.order.clone()).expect("the job has done so");
    assert_eq!((again.order, again.stock.len()), (first.order, 0));
}

#[test]
fn a_job_that_finds_an_order_there_already_leaves_no_trace() {
    let confirmed = placed().confirm(&by(1)).expect("it was pending");
    let seen = confirmed.clone().move_to_by_job(Status::Confirmed, true, ONE, &by(2)).expect("it is there");
    assert_eq!(seen.order, confirmed);
}
