//! `GET /api/orders/{id}/`

use crate::tagged;
use oms_core::app::App;
use oms_core::orders::VisibleOrder;
use oms_domain::{Error, Kind, OrderId, Outcome};
use oms_http::Tagged;
use oms_http::responses::Read;
use oms_http::validation::Moment;
use oms_http::views::order::OrderView;
use oms_http::{Authenticated, PathId, Query, Reply};

/// Which past state of an order is asked for.
#[derive(Clone, Copy, Debug)]
enum AsOf {
    Version(u64),
    Time(jiff::Timestamp),
}

impl AsOf {
    /// Reads a version or a time. The plus sign of an offset may have come as the space that it
    /// means in a query.
    fn read(text: &str) -> Outcome<Self> {
        if let Ok(version) = text.parse() {
            return Ok(AsOf::Version(version));
        }
        let moment = Moment::parse(text).or_else(|| Moment::parse(&text.replace(' ', "+")));
        let wrong = || Error::field("as_of", "Enter a version or a date and time.");
        moment.map(|moment| AsOf::Time(moment.0)).ok_or_else(wrong)
    }
}

/// An order in full, as it is or as it was.
#[utoipa::path(
    get, path = "/api/orders/{id}/", tag = "orders",
    params(
        ("id" = uuid::Uuid, Path, description = "The order"),
        ("as_of" = Option<String>, Query, description = "As it was in this version, or at this time"),
    ),
    responses(
        Read<OrderView>,
        (status = 400, description = "`as_of` is neither a version nor a time"),
        (status = 404, description = "No such order for the caller, or not yet then"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<OrderId>,
    query: Query,
) -> Reply<Tagged<OrderView>> {
    let seen = app.orders(&caller).load(id).await?;
    match query.filled("as_of") {
        None => Ok(tagged(&seen)),
        Some(text) => Ok(tagged(&then(&app, seen, AsOf::read(text)?).await?)),
    }
}

/// What the order was then. One older than its log is found in the older log.
async fn then(
    app: &App,
    VisibleOrder { mut order, manages }: VisibleOrder,
    as_of: AsOf,
) -> Outcome<VisibleOrder> {
    let not_yet = || Error::NotFound(Kind::Order);
    let version = loop {
        let version = match as_of {
            AsOf::Version(version) => version,
            AsOf::Time(at) => order.version_at(at).ok_or_else(not_yet)?,
        };
        if version == 0 || order.log.first().is_none_or(|first| first.version <= version) {
            break version;
        }
        app.table().recall(&mut order, 0).await?;
    };
    let order = order.as_of(version).ok_or_else(not_yet)?;
    Ok(VisibleOrder { order, manages })
}
