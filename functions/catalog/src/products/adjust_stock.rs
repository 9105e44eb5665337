//! `POST /api/products/{id}/adjust_stock/`

use super::tagged;
use super::view::ProductView;
use crate::access;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::catalog::MAX_STOCK;
use oms_domain::rule_violation::RuleViolation;
use oms_domain::{Caller, Currency, Error, Kind, Outcome, ProductId, VariantId};
use oms_http::Tagged;
use oms_http::etag::IfMatch;
use oms_http::responses::{Changed, WritersOnly};
use oms_http::validation::{BlankText, Fields, Mode, Whole};
use oms_http::{JsonObject, Reply, Target};
use oms_table::catalog::products::StockedProduct;
use oms_table::catalog::stock::Adjustment;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 500;

/// What becomes of a shelf. Either `delta` or `stock` is required, not both.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct AdjustStock {
    /// Whose shelf; the product's own where it is left out.
    #[schema(value_type = Option<Uuid>)]
    variant: Option<VariantId>,
    /// So many pieces more, or fewer where it is negative.
    #[schema(example = -3)]
    delta: Option<i64>,
    /// How many pieces there are from now on, whatever there were.
    #[schema(minimum = 0)]
    stock: Option<u64>,
    /// Why. It stands in the log.
    #[schema(value_type = Option<String>, max_length = 500, example = "Broken in the storeroom")]
    reason: String,
}

impl AdjustStock {
    /// Reads what becomes of a shelf of the product, which holds what was seen.
    fn read(body: JsonObject, seen: &StockedProduct) -> Outcome<(Self, Adjustment)> {
        let mut f = Fields::new(body.0, Mode::Create);
        let variant = f.nullable::<Uuid>("variant").flatten().map(VariantId);
        if variant.is_some_and(|variant| seen.product.variant(variant).is_none()) {
            f.error("variant", "Variant does not belong to the selected product.");
        }
        let delta = f.nullable::<Whole<{ -MAX_STOCK }, MAX_STOCK>>("delta").flatten();
        let stock = f.nullable::<Whole<0, MAX_STOCK>>("stock").flatten();
        let reason = f.optional::<BlankText<MAX_REASON_CHARS>>("reason").unwrap_or_default();
        let stock = stock.and_then(|stock| u64::try_from(stock.0).ok());
        let is_wrong = ["delta", "stock"].into_iter().any(|name| f.has_error(name));
        let adjustment = match (delta, stock) {
            (Some(delta), None) => Some(Adjustment::By(delta.0)),
            (None, Some(stock)) => Some(Adjustment::To(stock)),
            (Some(_), Some(_)) => {
                f.error("non_field_errors", "Give either delta or stock, not both.");
                None
            }
            (None, None) => None,
        };
        if adjustment.is_none() && !is_wrong && delta.is_none() {
            f.error("non_field_errors", "Either delta or stock is required.");
        }
        let available = seen.available(variant);
        if let Some(delta) = delta
            && delta.0 > 0
            && available.saturating_add_signed(delta.0) > MAX_STOCK.unsigned_abs()
        {
            f.error("delta", format!("There may be {MAX_STOCK} pieces at most. Available: {available}"));
        }
        f.finish()?;
        let adjustment = adjustment.ok_or_else(|| Error::internal("a missing adjustment was not refused"))?;
        Ok((Self { variant, delta: delta.map(|delta| delta.0), stock, reason: reason.0 }, adjustment))
    }
}

/// The adjustment of a shelf that holds what was seen, and is not adjusted where it holds anything
/// else.
///
/// # Errors
/// 400 where there are fewer pieces than it takes.
fn from_seen(adjustment: Adjustment, seen: u64) -> Outcome<Adjustment> {
    match adjustment {
        Adjustment::To(to) => Ok(Adjustment::From { seen, to }),
        Adjustment::By(delta) => match seen.checked_add_signed(delta) {
            Some(to) => Ok(Adjustment::From { seen, to }),
            None => Err(RuleViolation::InsufficientStock { available: seen }.into()),
        },
        Adjustment::From { .. } => Ok(adjustment),
    }
}

/// Adjusts the stock of a product or of one of its variants. It never falls below 0, and a sale at
/// the same time is not lost.
#[utoipa::path(
    post, path = "/api/products/{id}/adjust_stock/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    request_body = AdjustStock,
    responses(
        Changed<ProductView>, WritersOnly<ProductView>,
        (status = 400, description = "A field is wrong, there are fewer pieces, or it would be too many"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn adjust_stock(
    app: App,
    Target { caller, id, expected }: Target<ProductId>,
    body: JsonObject,
) -> Reply<Tagged<ProductView>> {
    let (adjust, currency) = retried(|| adjust(&app, &caller, id, &expected, &body)).await?;
    tracing::info!(
        product = %id,
        variant = adjust.variant.map(tracing::field::display),
        delta = adjust.delta,
        stock = adjust.stock,
        reason = adjust.reason,
        "stock adjusted"
    );
    let product = app.table().product(id).await?.ok_or(Error::NotFound(Kind::Product))?;
    Ok(tagged(&product, currency))
}

/// Adjusts the stock as it is seen now: what was sold meanwhile holds back a count that names what
/// its maker saw.
async fn adjust(
    app: &App,
    caller: &Caller,
    id: ProductId,
    expected: &IfMatch,
    body: &JsonObject,
) -> Outcome<(AdjustStock, Currency)> {
    let seen = access::product(app, caller, id).await?.managed()?;
    expected.check_shown(&tagged(&seen.product, seen.currency))?;
    let stocked = &seen.product.entity;
    let (adjust, mut adjustment) = AdjustStock::read(body.clone(), stocked)?;
    if expected.names_what_was_seen() {
        adjustment = from_seen(adjustment, stocked.available(adjust.variant))?;
    }
    app.table().adjust_stock(id, adjust.variant, adjustment, app.request().key()).await?;
    Ok((adjust, seen.currency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::catalog::{Product, ProductStatus, Variant};
    use oms_domain::{Decimal, StoreId};
    use oms_table::catalog::stock::StockLevel;
    use serde_json::{Value, json};

    fn stocked() -> StockedProduct {
        let product = product();
        let of_variants = product.variants.iter().map(|variant| StockLevel::new(Some(variant.id), 5));
        let stock_levels = of_variants.chain([StockLevel::new(None, 5)]).collect();
        StockedProduct { product, stock_levels }
    }

    fn product() -> Product {
        let nil = Uuid::nil();
        let variant = Variant {
            id: VariantId(Uuid::from_u128(1)),
            name: "Blue".into(),
            sku: String::new(),
            current_price: Decimal::ONE,
        };
        Product {
            id: ProductId(nil),
            store: StoreId(nil),
            name: "Mug".into(),
            slug: "mug".into(),
            sku: String::new(),
            description: String::new(),
            base_price: Decimal::ONE,
            current_price: Decimal::ONE,
            status: ProductStatus::Active,
            variants: vec![variant],
            created_at: jiff::Timestamp::UNIX_EPOCH,
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn read(body: Value) -> Result<(Option<VariantId>, Adjustment), Value> {
        let Value::Object(body) = body else { unreachable!() };
        match AdjustStock::read(JsonObject(body), &stocked()) {
            Ok((adjust, adjustment)) => Ok((adjust.variant, adjustment)),
            Err(Error::Invalid(problems)) => Err(problems),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn either_a_delta_or_a_stock_is_given() {
        let blue = VariantId(Uuid::from_u128(1));
        assert_eq!(read(json!({"delta": "-3"})), Ok((None, Adjustment::By(-3))));
        assert_eq!(read(json!({"stock": 0})), Ok((None, Adjustment::To(0))));
        assert_eq!(read(json!({"stock": 0, "delta": null})), Ok((None, Adjustment::To(0))));
        assert_eq!(read(json!({"stock": null, "delta": 2})), Ok((None, Adjustment::By(2))));
        let body = json!({"variant": blue.to_string(), "stock": 7, "reason": "counted"});
        assert_eq!(read(body), Ok((Some(blue), Adjustment::To(7))));
        for (body, words) in [
            (json!({}), "Either delta or stock is required."),
            (json!({"delta": null, "stock": null}), "Either delta or stock is required."),
            (json!({"delta": 1, "stock": 1}), "Give either delta or stock, not both."),
        ] {
            assert_eq!(read(body), Err(json!({"non_field_errors": [words]})));
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let body = json!({"variant": Uuid::nil().to_string(), "stock": -1});
        let problems = json!({
            "variant": ["Variant does not belong to the selected product."],
            "stock": ["Ensure this value is greater than or equal to 0."],
        });
        assert_eq!(read(body), Err(problems));
    }

    #[test]
    fn no_shelf_is_stocked_beyond_what_a_new_one_may_hold() {
        let most = MAX_STOCK - 5;
        assert_eq!(read(json!({ "delta": most })), Ok((None, Adjustment::By(most))));
        let words = "There may be 1000000000 pieces at most. Available: 5";
        assert_eq!(read(json!({ "delta": most + 1 })), Err(json!({ "delta": [words] })));
    }

    #[test]
    fn what_was_seen_must_still_be_there_where_a_tag_names_it() {
        let from = |to| Adjustment::From { seen: 5, to };
        assert_eq!(from_seen(Adjustment::To(1), 5).unwrap(), from(1));
        assert_eq!(from_seen(Adjustment::By(-5), 5).unwrap(), from(0));
        assert_eq!(from_seen(Adjustment::By(7), 5).unwrap(), from(12));
        let refused = from_seen(Adjustment::By(-6), 5).unwrap_err();
        assert_eq!(refused.to_string(), "Insufficient stock. Available: 5");
    }
}
