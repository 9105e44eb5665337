//! How many orders a second take of one variant.

use super::{EACH_WAY, of_its_own, system};
use crate::functions::Functions;
use futures::future::join_all;
use jiff::SignedDuration;
use oms_core::app::App;
use oms_domain::place::StockMove;
use oms_domain::{Order, ProductId, UserId, VariantId};
use oms_harness::OrderGenerator;
use oms_runtime::clock;
use oms_table::TableError;
use oms_table::catalog::products::StockedProduct;
use oms_table::catalog::stock::StockLevel;
use oms_table::orders::Save;
use oms_workspace::report::Fault;
use std::cell::RefCell;
use tokio::time::{Duration, Instant};

/// What is wanted of the variant.
#[derive(Clone, Copy, Debug)]
pub struct Rush {
    /// Into how many shards its shelf may be split.
    pub shards: u32,
    /// How many pieces lie there.
    pub pieces: u64,
    /// How many orders are placed.
    pub orders: u64,
    /// How many pieces an order takes at most, from 1.
    pub most: i64,
    /// How many customers order at the same time, each the next one when the last is placed.
    pub buyers: u64,
}

/// What became of it.
#[derive(Clone, Debug, Default)]
pub struct Sold {
    /// How many pieces the orders took.
    pub pieces: u64,
    /// What the orders that were refused heard to be available, and what they wanted.
    pub refused: Vec<(u64, u64)>,
    /// How many orders gave up, because others were always faster.
    pub gave_up: u64,
    /// How many pieces are left.
    pub left: u64,
    /// How long it took, by the clock that jumps.
    pub took: Duration,
    /// How long each order took.
    pub waits: Vec<Duration>,
    /// How many calls met a transaction.
    pub conflicts: u64,
}

impl Sold {
    /// Whether no piece was lost and none sold twice, and nobody was refused what there was: of so
    /// many pieces, which nobody brings back.
    #[must_use]
    pub fn adds_up(&self, pieces: u64) -> bool {
        let heard_true = |(available, wanted): &(u64, u64)| available < wanted && *available >= self.left;
        self.pieces + self.left == pieces && self.refused.iter().all(heard_true)
    }
}

/// Has customers order the same thing at the same time, each by an instance of the function
/// `orders` that knows nothing yet.
///
/// # Errors
/// Where it cannot be run.
pub fn rush(rush: Rush) -> Result<Sold, Fault> {
    of_its_own(rush.orders, move || sell(rush))
}

async fn sell(rush: Rush) -> Result<Sold, Fault> {
    let (functions, router, _stay) = system(rush.orders, EACH_WAY)?;
    functions.split_lists([1, 1, rush.shards]);
    let since = clock::now() - SignedDuration::from_hours(24);
    let generator = OrderGenerator::new(rush.buyers, 1, since, SignedDuration::from_secs(1));
    let store = generator.stores.first().ok_or("no store")?;
    let product = OrderGenerator::product(store, 1);
    let shelf = (product.id, Some(VariantId(product.id.0)));
    let stock_levels = vec![StockLevel::new(shelf.1, rush.pieces)];
    let operator = functions.operator()?;
    operator.table().insert_store(store, 1, None).await?;
    let stocked = StockedProduct { product, stock_levels };
    operator.table().insert_product(&stocked, store, 1, None).await?;
    let orders = (0..rush.orders).map(|number| generator.order(number)?.as_of(1).ok_or("no order".into()));
    let orders = orders.collect::<Result<Vec<Order>, String>>()?;

    let before = router.conflicts();
    let began = Instant::now();
    let (next, sold) = (RefCell::new(orders.iter().zip(0_i64..)), RefCell::new(Sold::default()));
    let buyers = (0..rush.buyers).map(|_| buy(&functions, rush, shelf, &next, &sold));
    join_all(buyers).await.into_iter().collect::<Result<(), Fault>>()?;
    let mut sold = sold.take();
    sold.took = began.elapsed();
    sold.conflicts = router.conflicts() - before;
    let seen = operator.table().product(shelf.0).await?.ok_or("no product")?;
    sold.left = seen.entity.available(shelf.1);
    Ok(sold)
}

async fn buy<'a>(
    functions: &Functions,
    rush: Rush,
    (product, variant): (ProductId, Option<VariantId>),
    next: &RefCell<impl Iterator<Item = (&'a Order, i64)>>,
    sold: &RefCell<Sold>,
) -> Result<(), Fault> {
    let app: App = functions.app("orders")?;
    loop {
        let Some((order, number)) = next.borrow_mut().next() else { return Ok(()) };
        let quantity = number % rush.most + 1;
        let taken = [StockMove { product, variant, quantity: -quantity }];
        let by: &UserId = &order.user.id;
        let began = Instant::now();
        let save = Save { stock: &taken, recent_write: Some(by), ..Save::only(order, None) };
        let answer = app.table().save(save).await;
        let (mut sold, quantity) = (sold.borrow_mut(), quantity.unsigned_abs());
        sold.waits.push(began.elapsed());
        match answer {
            Ok(()) => sold.pieces += quantity,
            Err(TableError::InsufficientStock { available }) => sold.refused.push((available, quantity)),
            Err(TableError::Throttled) => sold.gave_up += 1,
            Err(error) => return Err(error.into()),
        }
    }
}
