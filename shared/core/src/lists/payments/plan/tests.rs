use super::*;
use oms_domain::{Currency, PaymentMethod, PaymentState};
use oms_http::query::Query;

/// A shop of 20,000 paid payments, 400 failed ones and one by bank transfer.
fn shop() -> Base {
    let of = |status, payment_method, attention| PaymentFacets {
        status,
        payment_method,
        currency: Currency::USD,
        attention,
    };
    let facets = |status, payment_method| of(status, payment_method, false);
    Base {
        spans: vec![Span::all(Index::Payment, "PAYMENTS#0".into())],
        scopes: vec!["PAYMENTS#0".into()],
        counts: BTreeMap::from([
            (facets(PaymentState::Paid, PaymentMethod::CreditCard), 20_000),
            (facets(PaymentState::Failed, PaymentMethod::CreditCard), 300),
            (facets(PaymentState::Failed, PaymentMethod::Paypal), 100),
            (facets(PaymentState::Paid, PaymentMethod::BankTransfer), 1),
            (facets(PaymentState::Pending, PaymentMethod::BankTransfer), 0),
            (of(PaymentState::Paid, PaymentMethod::CreditCard, true), 3),
        ]),
    }
}

fn planned(base: Base, query: &str) -> String {
    let query = PaymentQuery::read(&Query::parse(query)).unwrap();
    let wish = PlanInput { query: &query, sorting: &query.sorting, after: None, reach: 21 };
    let plan = plan(&[base], &wish);
    let spans = plan.parts.iter().map(|Part { span, .. }| format!("{} {}", span.index.name(), span.hash));
    let along = plan.along.map_or("gather".to_owned(), |along| format!("{along:?}"));
    format!("{along} {}", spans.collect::<Vec<_>>().join(", "))
}

#[test]
fn a_page_is_found_the_cheapest_way() {
    for (query, expected) in [
        ("", "Created by-payment PAYMENTS#0"),
        ("ordering=-amount", "Amount by-total PAYMENTS#0"),
        ("status=paid", "Created by-payment PAYMENTS#0"),
        ("status=failed", "Created by-facets PAYMENTS#0#eaUSD, by-facets PAYMENTS#0#ecUSD"),
        ("status=failed&ordering=amount", "gather by-facets PAYMENTS#0#eaUSD, by-facets PAYMENTS#0#ecUSD"),
        ("status=paid&ordering=amount", "Amount by-total PAYMENTS#0"),
        ("payment_method=bank_transfer", "Created by-facets PAYMENTS#0#ddUSD"),
        ("status=pending", "Created "),
        ("attention=true", "Created by-facets PAYMENTS#0#daUSD!"),
        ("attention=true&ordering=-amount", "gather by-facets PAYMENTS#0#daUSD!"),
        ("attention=false", "Created by-payment PAYMENTS#0"),
        ("ordering=status", "gather by-payment PAYMENTS#0"),
        ("search=abc", "gather by-payment PAYMENTS#0"),
        ("search=abc&status=failed", "gather by-facets PAYMENTS#0#eaUSD, by-facets PAYMENTS#0#ecUSD"),
    ] {
        assert_eq!(planned(shop(), query), expected, "{query}");
    }
}

#[test]
fn a_users_payments_stand_by_time_alone() {
    let user = || Base {
        spans: vec![Span::all(Index::User, "PAYMENTS#USER#ada".into())],
        scopes: Vec::new(),
        ..shop()
    };
    assert_eq!(planned(user(), "status=failed"), "Created by-user PAYMENTS#USER#ada");
    assert_eq!(planned(user(), "ordering=amount"), "gather by-user PAYMENTS#USER#ada");
}
