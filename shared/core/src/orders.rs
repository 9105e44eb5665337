//! Orders as a caller may see and change them. A handler reaches orders only through here, so
//! that none can forget the question whose they are.

pub mod bulk_update;
pub mod line_body;
pub mod unpaid;

use crate::app::App;
use crate::idempotency::pending::Left;
use oms_domain::lifecycle::OrderChange;
use oms_domain::place::StockMove;
use oms_domain::{Action, Actor, Caller, Error, Kind, Order, OrderId, Outcome, Payment, Status, StoreId};
use oms_runtime::invocation;
use oms_runtime::retry;
use oms_table::TableError;
use oms_table::orders::Save;
use oms_table::orders::unpaid::Pass;

/// The orders that a caller may see.
#[derive(Clone, Copy, Debug)]
pub struct Orders<'a> {
    app: &'a App,
    caller: &'a Caller,
}

/// An order that the caller may see.
#[derive(Clone, Debug)]
pub struct VisibleOrder {
    /// The order.
    pub order: Order,
    /// Whether the caller runs it: staff everywhere, a vendor in the stores they own.
    pub manages: bool,
}

impl VisibleOrder {
    /// The order, for what only those who run it may do.
    ///
    /// # Errors
    /// 403 for its customer.
    pub fn managed(self) -> Outcome<Order> {
        if self.manages { Ok(self.order) } else { Err(Error::Forbidden) }
    }

    /// Whether the caller may try an action at all ([`Action::is_open_to_customers`]); its own
    /// rules come on top.
    ///
    /// # Errors
    /// 403.
    pub const fn may(&self, action: Action) -> Outcome<()> {
        if self.manages || action.is_open_to_customers() { Ok(()) } else { Err(Error::Forbidden) }
    }
}

impl App {
    /// The orders that a caller may see.
    #[must_use]
    pub const fn orders<'a>(&'a self, caller: &'a Caller) -> Orders<'a> {
        Orders { app: self, caller }
    }
}

impl Orders<'_> {
    /// An order, read consistently.
    ///
    /// # Errors
    /// 404 where there is none that the caller may see.
    pub async fn load(self, id: OrderId) -> Outcome<VisibleOrder> {
        if let Some(left) = self.app.request().replayed(id) {
            return self.as_left(left).await;
        }
        invocation::note_order(id);
        let order = self.app.table().order(id).await?.ok_or(Error::NotFound(Kind::Order))?;
        let manages = self.manages(order.store.id).await?;
        if manages || order.user.id == self.caller.user.id {
            Ok(VisibleOrder { order, manages })
        } else {
            Err(Error::NotFound(Kind::Order))
        }
    }

    /// An order whose log reaches back to a version at least, or to its placing where that is 0.
    ///
    /// # Errors
    /// 404 where there is none that the caller may see.
    pub async fn load_since(self, id: OrderId, version: u64) -> Outcome<VisibleOrder> {
        let mut seen = self.load(id).await?;
        self.app.table().recall(&mut seen.order, version).await?;
        Ok(seen)
    }

    /// An order as a request of the caller's has left it, also where it has been deleted since.
    async fn as_left(self, left: Left) -> Outcome<VisibleOrder> {
        let order = self.app.table().order_or_tombstone(left.order).await?;
        let mut order = order.ok_or(Error::NotFound(Kind::Order))?;
        self.app.table().recall(&mut order, left.version).await?;
        let order = order.as_of(left.version).ok_or(Error::NotFound(Kind::Order))?;
        let manages = match left.manages {
            Some(manages) => manages,
            None => self.manages(order.store.id).await?,
        };
        Ok(VisibleOrder { order, manages })
    }

    /// An order with its whole log; for admins also one that has been deleted, whose log stays.
    ///
    /// # Errors
    /// 404 where there is none that the caller may see.
    pub async fn load_history(self, id: OrderId) -> Outcome<VisibleOrder> {
        match self.load_since(id, 0).await {
            Err(Error::NotFound(noun)) if self.caller.is_admin() => {
                let order = self.app.table().order_or_tombstone(id).await?;
                let mut order = order.ok_or(Error::NotFound(noun))?;
                self.app.table().recall(&mut order, 0).await?;
                Ok(VisibleOrder { order, manages: true })
            }
            loaded => loaded,
        }
    }

    /// Changes an order: loads it, lets `decide` say what becomes of it, and saves that if nobody
    /// was faster; else decides again, [`retry::LOST_RACES`] times at most. The saved order comes
    /// back.
    ///
    /// # Errors
    /// 404; what `decide` refuses; 409 after too many lost races.
    pub async fn change(
        self,
        id: OrderId,
        decide: impl Fn(VisibleOrder, &Actor) -> Outcome<OrderChange>,
    ) -> Outcome<VisibleOrder> {
        let ready = |seen| std::future::ready(Ok((seen, ())));
        self.change_with(id, ready, |seen, (), by| decide(seen, by)).await
    }

    /// Like [`change`](Self::change), where `decide` needs what `prepare` reads for the order,
    /// which it hands on.
    ///
    /// # Errors
    /// 404; what `prepare` and `decide` refuse; 409 after too many lost races.
    pub async fn change_with<T, F: Future<Output = Outcome<(VisibleOrder, T)>>>(
        self,
        id: OrderId,
        prepare: impl Fn(VisibleOrder) -> F,
        decide: impl Fn(VisibleOrder, T, &Actor) -> Outcome<OrderChange>,
    ) -> Outcome<VisibleOrder> {
        if let Some(left) = self.app.request().resumed(id) {
            return self.as_left(left).await;
        }
        for races in 1..=retry::LOST_RACES {
            let (seen, prepared) = prepare(self.load(id).await?).await?;
            let manages = seen.manages;
            let version = seen.order.version;
            let from = seen.order.status;
            let decided = decide(seen, prepared, &self.app.acting(&self.caller.user.id));
            log_decision(from, version, &decided);
            let moved = decided?;
            self.app.request().is_about(&moved.order, Some(manages));
            if asks_gateway_to_pay_back(&moved.order) {
                self.app.request().more_to_come();
            }
            match self.app.save(version, &moved).await {
                Ok(()) => {
                    return Ok(VisibleOrder { order: moved.order, manages });
                }
                Err(TableError::Conflict) => retry::backoff(races).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(TableError::Conflict.into())
    }

    /// Whether the caller runs a store, or ran it when it was deleted.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn manages(self, store: StoreId) -> Outcome<bool> {
        if self.caller.is_staff() {
            return Ok(true);
        }
        if !self.caller.is_vendor() {
            return Ok(false);
        }
        let owner = self.app.table().owner_of_store(store).await?;
        Ok(owner.as_ref() == Some(&self.caller.user.id))
    }
}

/// Says in the log how it was decided.
fn log_decision(from: Status, version: u64, decided: &Outcome<OrderChange>) {
    match decided {
        Ok(OrderChange { order, stock }) => {
            let change = order.log.last().filter(|change| change.version > version);
            let action = change.map_or("none", |change| change.action.as_str());
            tracing::debug!(version, action, %from, to = %order.status, stock_levels = stock.len(), "decided");
            let fields = change.map(|change| change.changes.keys().map(String::as_str).collect::<Vec<_>>());
            tracing::trace!(version, action, fields = fields.map(|fields| fields.join(" ")), "what changes");
        }
        Err(error) => tracing::debug!(version, %from, refusal = error.code(), "refused"),
    }
}

/// Whether a gateway is to be asked for a refund.
fn asks_gateway_to_pay_back(order: &Order) -> bool {
    let mut refunds = order.payments.iter().flat_map(Payment::pending_refunds);
    refunds.any(|refund| !refund.awaits_person)
}

/// Says in the log what was done to an order since it was seen in a version.
fn log_changes(order: &Order, seen: u64) {
    for change in order.log.iter().filter(|change| change.version > seen) {
        let status = change.of("status").and_then(|status| status.to.as_str());
        let (version, action) = (change.version, change.action.as_str());
        tracing::info!(order = %order.id, version, action, status, "order changed");
    }
}

impl App {
    /// Saves a decision about an order that was seen in `version`; nothing where it changed
    /// nothing.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody was faster.
    pub async fn save(&self, version: u64, moved: &OrderChange) -> Result<(), TableError> {
        if moved.order.version == version && moved.stock.is_empty() {
            return Ok(());
        }
        self.request().is_about(&moved.order, None);
        let by = self.request().user();
        let saved = self.table().save(Save {
            stock: &moved.stock,
            idempotency: self.request().key(),
            recent_write: by.as_ref(),
            ..Save::only(&moved.order, Some(version))
        });
        let saved = saved.await;
        match &saved {
            Ok(()) => log_changes(&moved.order, version),
            Err(TableError::Conflict) => tracing::warn!(order = %moved.order.id, "somebody was faster"),
            Err(_) => {}
        }
        saved
    }

    /// Saves a placed order and takes its stock. With a pass it is counted among its user's unpaid
    /// orders.
    ///
    /// # Errors
    /// [`TableError::InsufficientStock`]; [`TableError::Conflict`] where others have used up the
    /// pass.
    pub async fn save_placed(
        &self,
        order: &Order,
        manages: bool,
        pass: Option<&Pass>,
    ) -> Result<(), TableError> {
        let stock: Vec<_> = order.lines.iter().map(StockMove::taken_by).collect();
        let (idempotency, by) = (self.request().key(), self.request().user());
        self.request().is_about(order, Some(manages));
        let expected_version = None;
        let recent_write = by.as_ref();
        let save = Save { order, expected_version, stock: &stock, pass, idempotency, recent_write };
        self.table().save(save).await
    }
}
