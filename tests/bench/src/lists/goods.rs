//! The stores and products that lists of the catalogue show.

use super::Who;
use oms_domain::catalog::{ProductStatus, Store, Variant};
use oms_domain::{ProductId, UserId, VariantId};
use oms_harness::{Harness, OrderGenerator};
use oms_table::catalog::products::StockedProduct;
use oms_table::catalog::stock::StockLevel;
use oms_workspace::report::Fault;
use uuid::Uuid;

/// How many products each store has.
const PRODUCTS: u64 = 12;
/// Which store a vendor owns: neither the busiest nor the idlest.
const OWNED: usize = 10;

/// Opens the stores and fills their shelves.
pub(super) async fn load(harness: &Harness, generator: &OrderGenerator) -> Result<(), Fault> {
    let table = harness.app.table();
    let vendor = UserId(Who::Vendor.user().id().to_string());
    for (number, store) in generator.stores.iter().enumerate() {
        let mut store = store.clone();
        store.owner = (number == OWNED).then(|| vendor.clone());
        table.insert_store(&store, u32::MAX, None).await?;
    }
    for number in 0..PRODUCTS * generator.stores.len() as u64 {
        let (store, product) = product(generator, number);
        table.insert_product(&product, store, u32::MAX, None).await?;
    }
    Ok(())
}

/// A product: one of ten is not on sale, one of three has variants.
fn product(generator: &OrderGenerator, number: u64) -> (&Store, StockedProduct) {
    let stores = &generator.stores;
    let store = &stores[usize::try_from(number * 7).unwrap_or(0) % stores.len()];
    let mut product = OrderGenerator::product(store, number);
    product.id = ProductId(Uuid::from_u128(0x7000_0000_0000_0000_0000 + u128::from(number)));
    product.created_at = generator.placed_at(number);
    product.description = "Thrown by hand, glazed twice, and safe in any dishwasher.".into();
    product.status = match number % 20 {
        0 => ProductStatus::Draft,
        1 => ProductStatus::Archived,
        _ => ProductStatus::Active,
    };
    if number.is_multiple_of(3) {
        product.variants = ["Blue", "Green"]
            .into_iter()
            .zip(1_u128..)
            .map(|(name, n)| Variant {
                id: VariantId(Uuid::from_u128(product.id.0.as_u128() << 8 | n)),
                name: name.into(),
                sku: format!("{}-{n}", product.sku),
                current_price: product.current_price,
            })
            .collect();
    }
    let variants = product.variants.iter().map(|variant| Some(variant.id)).chain([None]);
    let stock_levels = variants.map(|variant| StockLevel::new(variant, 100)).collect();
    (store, StockedProduct { product, stock_levels })
}
