//! `POST /api/orders/{id}/rate_order/`

use crate::tagged;
use oms_core::app::App;
use oms_domain::{Error, OrderId, Outcome};
use oms_http::Tagged;
use oms_http::responses::Changed;
use oms_http::validation::{Fields, Lines, Mode, Whole};
use oms_http::views::order::OrderView;
use oms_http::{JsonObject, Reply, Target};
use utoipa::ToSchema;

/// What a customer thinks of an order.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct RateOrder {
    /// From 1, bad, to 5, good.
    #[schema(minimum = 1, maximum = 5, example = 5)]
    rating: u8,
    /// In their words.
    #[schema(value_type = Option<String>, max_length = 2_000, example = "Arrived a day early")]
    comment: String,
}

impl RateOrder {
    fn read(body: JsonObject) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Create);
        let rating = fields.required::<Whole<1, 5>>("rating");
        let comment = fields.optional::<Lines<2000>>("comment").unwrap_or_default();
        fields.finish()?;
        let rating = rating.and_then(|rating| u8::try_from(rating.0).ok());
        let rating = rating.ok_or_else(|| Error::internal("the rating was neither read nor refused"))?;
        Ok(Self { rating, comment: comment.0 })
    }
}

/// The customer says what they think of an order that was delivered, once.
#[utoipa::path(
    post, path = "/api/orders/{id}/rate_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    request_body = RateOrder,
    responses(
        Changed<OrderView>,
        (status = 200, description = "The order with its rating", body = OrderView),
        (status = 400, description = "A field is wrong, the order is not delivered, or has been rated"),
        (status = 403, description = "The order is not the caller's own"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn rate_order(
    app: App,
    Target { caller, id, expected }: Target<OrderId>,
    body: JsonObject,
) -> Reply<Tagged<OrderView>> {
    let rated = app.orders(&caller).change(id, |seen, by| {
        if seen.order.user.id != caller.user.id {
            return Err(Error::Forbidden);
        }
        let RateOrder { rating, comment } = RateOrder::read(body.clone())?;
        expected.check(seen.order.version)?;
        Ok(seen.order.rate(rating, &comment, by)?.into())
    });
    Ok(tagged(&rated.await?))
}
