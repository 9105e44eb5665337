//! How many orders a second take of one variant.

use super::{EACH_WAY, of_its_own, system};
use crate::functions::Functions;
use futures::future::join_all;
use jiff::SignedDuration;
use oms_core::app::App;
use oms_domain::catalog::Store;
use oms_domain::place::StockMove;
use oms_domain::{Order, ProductId, VariantId};
use oms_harness::OrderGenerator;
use oms_runtime::clock;
use oms_table::TableError;
use oms_table::catalog::products::StockedProduct;
use oms_table::catalog::stock::{Adjustment, StockLevel};
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
    of_its_own(rush.orders, move || async move {
        let (functions, router, _stay) = system(rush.orders, EACH_WAY)?;
        let stall = Stall::open(functions, rush).await?;
        let before = router.conflicts();
        let sold = stall.sell(rush, 0).await?;
        Ok(Sold { conflicts: router.conflicts() - before, ..sold })
    })
}

/// What a vendor sees of a shelf after a rush: it is adjusted, sold from again, and removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Afterwards {
    /// After all that was left was taken off; it lay in several items.
    pub emptied: StockLevel,
    /// After 50 pieces came.
    pub refilled: StockLevel,
    /// After it was counted: 1,000 pieces.
    pub counted: StockLevel,
    /// After the same rush again.
    pub sold: StockLevel,
    /// How many items are there after the product was deleted.
    pub items: usize,
}

/// Has a vendor adjust a shelf after a rush, and remove it.
///
/// # Errors
/// Where it cannot be run.
pub fn afterwards(rush: Rush) -> Result<Afterwards, Fault> {
    of_its_own(rush.orders, move || async move {
        let (functions, _router, _stay) = system(rush.orders, EACH_WAY)?;
        let stall = Stall::open(functions, rush).await?;
        let left = i64::try_from(stall.sell(rush, 0).await?.left)?;
        let emptied = stall.adjust(Adjustment::By(-left)).await?;
        let refilled = stall.adjust(Adjustment::By(50)).await?;
        let counted = stall.adjust(Adjustment::To(1_000)).await?;
        stall.sell(rush, rush.orders).await?;
        let sold = stall.level().await?;
        let table = stall.operator.table();
        let seen = table.product(stall.product).await?.ok_or("no product")?;
        table.delete_products(&[seen], Some(&stall.store)).await?;
        let items = table.collection(format!("PRODUCT#{}", stall.product), "").await?.len();
        Ok(Afterwards { emptied, refilled, counted, sold, items })
    })
}

/// A shop with one product, of one variant.
struct Stall {
    functions: Functions,
    operator: App,
    store: Store,
    product: ProductId,
    variant: Option<VariantId>,
    generator: OrderGenerator,
}

impl Stall {
    async fn open(functions: Functions, rush: Rush) -> Result<Self, Fault> {
        functions.split_lists([1, 1, rush.shards]);
        let since = clock::now() - SignedDuration::from_hours(24);
        let generator = OrderGenerator::new(rush.buyers, 1, since, SignedDuration::from_secs(1));
        let store = generator.stores.first().ok_or("no store")?.clone();
        let product = OrderGenerator::product(&store, 1);
        let (id, variant) = (product.id, Some(VariantId(product.id.0)));
        let stocked = StockedProduct { product, stock_levels: vec![StockLevel::new(variant, rush.pieces)] };
        let operator = functions.operator()?;
        operator.table().insert_store(&store, 1, None).await?;
        operator.table().insert_product(&stocked, &store, 1, None).await?;
        Ok(Self { functions, operator, store, product: id, variant, generator })
    }

    /// Sells, and says who got what.
    async fn sell(&self, rush: Rush, first: u64) -> Result<Sold, Fault> {
        let placed = |number| self.generator.order(number)?.as_of(1).ok_or("no order".to_owned());
        let orders = (first..first + rush.orders).map(placed).collect::<Result<Vec<Order>, String>>()?;
        let began = Instant::now();
        let (next, sold) = (RefCell::new(orders.iter().zip(0_i64..)), RefCell::new(Sold::default()));
        let buyers = (0..rush.buyers).map(|_| self.buy(rush.most, &next, &sold));
        join_all(buyers).await.into_iter().collect::<Result<(), Fault>>()?;
        let mut sold = sold.take();
        sold.took = began.elapsed();
        sold.left = self.level().await?.available;
        Ok(sold)
    }

    async fn level(&self) -> Result<StockLevel, Fault> {
        let seen = self.operator.table().product(self.product).await?.ok_or("no product")?;
        let levels = seen.entity.stock_levels.into_iter();
        levels.into_iter().find(|level| level.variant == self.variant).ok_or_else(|| "no shelf".into())
    }

    /// The vendor's adjustment, and what there is then.
    async fn adjust(&self, adjustment: Adjustment) -> Result<StockLevel, Fault> {
        self.operator.table().adjust_stock(self.product, self.variant, adjustment, None).await?;
        self.level().await
    }

    /// One customer after the other, at an instance of the function that knows nothing yet.
    async fn buy<'a>(
        &self,
        most: i64,
        next: &RefCell<impl Iterator<Item = (&'a Order, i64)>>,
        sold: &RefCell<Sold>,
    ) -> Result<(), Fault> {
        let app = self.functions.app("orders")?;
        let &Self { product, variant, .. } = self;
        loop {
            let Some((order, number)) = next.borrow_mut().next() else { return Ok(()) };
            let quantity = number % most + 1;
            let taken = [StockMove { product, variant, quantity: -quantity }];
            let began = Instant::now();
            let by = Some(&order.user.id);
            let save = Save { stock: &taken, recent_write: by, ..Save::only(order, None) };
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
}
