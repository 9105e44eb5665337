//! `POST /api/products/{id}/adjust_stock/`

use super::view::ProductView;
use super::{MAX_STOCK, tagged};
use crate::access;
use oms_core::app::App;
use oms_domain::catalog::Product;
use oms_domain::{Error, Kind, Outcome, ProductId, VariantId};
use oms_http::Tagged;
use oms_http::responses::{Changed, WritersOnly};
use oms_http::validation::{BlankText, Fields, Mode, Whole};
use oms_http::{JsonObject, Reply, Target};
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
    fn read(body: JsonObject, product: &Product) -> Outcome<(Self, Adjustment)> {
        let mut f = Fields::new(body.0, Mode::Create);
        let variant = f.nullable::<Uuid>("variant").flatten().map(VariantId);
        if variant.is_some_and(|variant| product.variant(variant).is_none()) {
            f.error("variant", "Variant does not belong to the selected product.");
        }
        let names = ["delta", "stock"];
        let given = names.into_iter().filter(|name| f.has(name)).count();
        let delta = f.optional::<Whole<{ -MAX_STOCK }, MAX_STOCK>>("delta");
        let stock = f.optional::<Whole<0, MAX_STOCK>>("stock");
        let reason = f.optional::<BlankText<MAX_REASON_CHARS>>("reason").unwrap_or_default();
        let stock = stock.and_then(|stock| u64::try_from(stock.0).ok());
        let adjustment = match (delta, stock) {
            (Some(delta), None) => Some(Adjustment::By(delta.0)),
            (None, Some(stock)) => Some(Adjustment::To(stock)),
            (Some(_), Some(_)) | (None, None) => None,
        };
        let is_wrong = names.into_iter().any(|name| f.has_error(name));
        if adjustment.is_none() && !is_wrong {
            let words = if given > 1 {
                "Give either delta or stock, not both."
            } else {
                "Either delta or stock is required."
            };
            f.error("non_field_errors", words);
        }
        f.finish()?;
        let adjustment = adjustment.ok_or_else(|| Error::internal("a missing adjustment was not refused"))?;
        Ok((Self { variant, delta: delta.map(|delta| delta.0), stock, reason: reason.0 }, adjustment))
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
        (status = 400, description = "A field is wrong, or there are fewer pieces"),
        (status = 409, description = "It was deleted at the same time"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn adjust_stock(
    app: App,
    Target { caller, id, expected }: Target<ProductId>,
    body: JsonObject,
) -> Reply<Tagged<ProductView>> {
    let seen = access::product(&app, &caller, id).await?.managed()?;
    expected.check(seen.product.version)?;
    let (adjust, adjustment) = AdjustStock::read(body, &seen.product.entity.product)?;
    app.table().adjust_stock(id, adjust.variant, adjustment, app.request().key()).await?;
    tracing::info!(
        product = %id,
        variant = adjust.variant.map(tracing::field::display),
        delta = adjust.delta,
        stock = adjust.stock,
        reason = adjust.reason,
        "stock adjusted"
    );
    let product = app.table().product(id).await?.ok_or(Error::NotFound(Kind::Product))?;
    Ok(tagged(&product, seen.currency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::catalog::{ProductStatus, Variant};
    use oms_domain::{Decimal, StoreId};
    use serde_json::{Value, json};

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
        match AdjustStock::read(JsonObject(body), &product()) {
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
        let no_null = json!({"delta": ["This field may not be null."]});
        assert_eq!(read(json!({"stock": 0, "delta": null})), Err(no_null));
        let body = json!({"variant": blue.to_string(), "stock": 7, "reason": "counted"});
        assert_eq!(read(body), Ok((Some(blue), Adjustment::To(7))));
        for (body, words) in [
            (json!({}), "Either delta or stock is required."),
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
}
