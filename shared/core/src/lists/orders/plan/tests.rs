//! Plans as a table: what is asked of which list, and which ways lead there.

use super::*;
use jiff::tz::TimeZone;
use oms_domain::{Currency, PaymentMethod, PaymentStatus, ShippingMethod, Status, StoreId, UserId};
use oms_http::query::Query;
use uuid::Uuid;

/// A list with so many hundred orders: most are delivered and paid by card, one in a hundred is
/// processing and paid in bitcoin.
fn base(list: OrderList, hundreds: u64) -> Base {
    let facets = |status, payment_method, shipping_method| OrderFacets {
        status,
        payment_status: PaymentStatus::Paid,
        payment_method,
        shipping_method,
        currency: Currency::USD,
    };
    let cells = [
        (facets(Status::Delivered, PaymentMethod::CreditCard, ShippingMethod::Standard), 90),
        (facets(Status::Shipped, PaymentMethod::Paypal, ShippingMethod::Express), 9),
        (facets(Status::Processing, PaymentMethod::Cryptocurrency, ShippingMethod::Pickup), 1),
    ];
    let cells: Vec<_> = cells.into_iter().map(|(facets, percent)| (facets, percent * hundreds)).collect();
    let counts = Counts {
        statuses: cells.iter().map(|(facets, count)| (facets.status, *count)).collect(),
        cells: cells.into_iter().collect(),
        ..Counts::default()
    };
    let scopes = if matches!(list, OrderList::OfUser(_)) { Vec::new() } else { vec!["scope".to_owned()] };
    let spans = vec![Span::all(Index::All, "list".to_owned())];
    let read = Vec::new();
    let (in_times, in_totals, on_days) = (None, None, None);
    Base { list, is_whole: true, counts, read, in_times, in_totals, on_days, spans, scopes }
}

fn planned(bases: &[Base], query: &str) -> Plan {
    let query = Query::parse(query);
    let filters = Filters::read(&query, &TimeZone::UTC).unwrap();
    let ordering = Ordering::read(&query);
    plan(bases, &PlanInput { filters: &filters, ordering: &ordering, after: None, reach: 21, page: 20 })
}

#[test]
fn each_list_is_read_by_its_cheapest_way() {
    let all = || base(OrderList::All, 1_000);
    let store = || base(OrderList::OfStore(StoreId(Uuid::from_u128(1))), 20);
    let user = || base(OrderList::OfUser(UserId("ada".into())), 1);
    let walk = |count| Method::IndexMerge { count };
    for (base, query, method, way) in [
        (all(), "", walk(100_000), AccessPath::List),
        (all(), "ordering=created_at", walk(100_000), AccessPath::List),
        (all(), "status=shipped", walk(9_000), AccessPath::Statuses),
        (all(), "status=cancelled", walk(0), AccessPath::Facets),
        (all(), "payment_method=credit_card", walk(90_000), AccessPath::List),
        (all(), "payment_status=paid&status=shipped", walk(9_000), AccessPath::Statuses),
        (all(), "payment_method=cryptocurrency", walk(1_000), AccessPath::Methods),
        (all(), "payment_method=cryptocurrency&status=delivered", walk(0), AccessPath::Facets),
        (all(), "shipping_method=pickup", walk(1_000), AccessPath::Methods),
        (all(), "ordering=-total_amount", walk(100_000), AccessPath::Totals),
        (all(), "ordering=status&payment_method=cryptocurrency", Method::Gather, AccessPath::Facets),
        (all(), "ordering=payment_status&payment_method=cryptocurrency", Method::Gather, AccessPath::Methods),
        (
            all(),
            "ordering=-total_amount,created_at&payment_method=cryptocurrency",
            Method::Gather,
            AccessPath::Methods,
        ),
        (all(), "ordering=updated_at&status=processing", Method::Gather, AccessPath::Statuses),
        (all(), "search=x", Method::Gather, AccessPath::List),
        (all(), "search=x&status=processing", Method::Gather, AccessPath::Statuses),
        (all(), "payment_method=cryptocurrency&user=ada", Method::Gather, AccessPath::List),
        (store(), "status=shipped", walk(180), AccessPath::Statuses),
        (store(), "store=00000000-0000-0000-0000-000000000001", walk(2_000), AccessPath::List),
        (user(), "", walk(100), AccessPath::List),
        (user(), "payment_method=paypal", walk(9), AccessPath::List),
        (user(), "ordering=-total_amount", Method::Gather, AccessPath::List),
    ] {
        let plan = planned(&[base], query);
        assert_eq!((plan.method, plan.ways.as_slice()), (method, [way].as_slice()), "{query}");
    }
}

#[test]
fn what_the_counters_do_not_know_is_gathered_from_where_it_may_be() {
    let mut of_a_day = base(OrderList::All, 1_000);
    of_a_day.in_times = Some(300);
    let plan = planned(&[of_a_day.clone()], "created_at__gte=2026-11-01");
    assert_eq!(
        (plan.method, plan.ways.as_slice()),
        (Method::IndexMerge { count: 300 }, [AccessPath::List].as_slice())
    );
    let plan = planned(&[of_a_day], "created_at__gte=2026-11-01&payment_method=paypal");
    assert_eq!((plan.method, plan.ways.as_slice()), (Method::Gather, [AccessPath::Methods].as_slice()));
    assert!(plan.parts.iter().all(|part| part.span.above.as_deref() == Some("2026-11-01T00:00:00.000000Z#")));

    let mut dear = base(OrderList::All, 1_000);
    dear.in_totals = Some(50);
    let plan = planned(&[dear], "total_amount__gte=900&status=shipped");
    assert_eq!((plan.method, plan.ways.as_slice()), (Method::Gather, [AccessPath::Totals].as_slice()));

    let mut hidden = base(OrderList::OfUser(UserId("ada".into())), 1);
    hidden.is_whole = false;
    assert_eq!(planned(&[hidden], "user=ada").method, Method::Gather, "not all of it may be counted");
}

#[test]
fn a_cursor_begins_behind_what_was_seen() {
    let place_of = |text: &str, by: &Ordering| by.read_place(text).unwrap();
    let query = Query::parse("ordering=-total_amount");
    let (filters, by) = (Filters::read(&query, &TimeZone::UTC).unwrap(), Ordering::read(&query));
    let at = r#"["2026-11-22T10:00:00Z","0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000",["75.98"]]"#;
    let after = place_of(at, &by);
    let wish = PlanInput { filters: &filters, ordering: &by, after: Some(&after), reach: 21, page: 20 };
    let plan = plan(&[base(OrderList::All, 1_000)], &wish);
    let below = "00000000759800#2026-11-22T10:00:00.000000Z#0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
    assert_eq!(plan.parts[0].span.below.as_deref(), Some(below));
}

/// A list with so many orders, in which each is whatever it is by chance, as shops have them.
fn shop(orders: u64) -> Base {
    let mut random = 0_u64;
    let mut one_of = |shares: &[u64]| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (at, mut sum) = ((random >> 33) % 100, 0);
        let below = |share: &&u64| {
            sum += **share;
            sum <= at
        };
        shares.iter().take_while(below).count()
    };
    let mut counts = Counts::default();
    for _ in 0..orders {
        let facets = OrderFacets {
            status: Status::ALL[one_of(&[5, 4, 3, 8, 2, 70, 6, 2])],
            payment_status: PaymentStatus::ALL[one_of(&[10, 1, 84, 2, 1, 1, 1])],
            payment_method: PaymentMethod::ALL[one_of(&[30, 28, 30, 3, 3, 3, 3])],
            shipping_method: ShippingMethod::ALL[one_of(&[60, 28, 4, 4, 4])],
            currency: Currency::USD,
        };
        *counts.cells.entry(facets).or_default() += 1;
        *counts.statuses.entry(facets.status).or_default() += 1;
    }
    Base { counts, ..base(OrderList::All, 1) }
}

#[test]
fn a_page_of_any_filters_is_as_cheap_in_a_list_of_any_length() {
    let cost = |base: &[Base], query: &str| planned(base, query).cost;
    let (small, large) = ([shop(10_000)], [shop(100_000)]);
    for status in ["", "&status=delivered", "&status=shipped", "&status=refunded"] {
        for payment_status in
            ["", "&payment_status=paid", "&payment_status=pending", "&payment_status=failed"]
        {
            for method in ["", "&payment_method=paypal", "&payment_method=cryptocurrency"] {
                for shipping in ["", "&shipping_method=express", "&shipping_method=overnight"] {
                    let query = [status, payment_status, method, shipping].concat();
                    let (before, after) = (cost(&small, &query), cost(&large, &query));
                    assert!(after <= 33_000, "{query}: {after}");
                    // Of a few dozen orders all are read; of more, as many as of any number.
                    assert!(after <= 18_000 || after <= before * 2, "{query}: {before} → {after}");
                }
            }
        }
    }
}
