//! The domain's words and ids, as requests write them.

use crate::ids::PathKey;
use crate::validation::Choice;
use oms_domain::catalog::{ProductStatus, StoreStatus};
use oms_domain::order_events::EventType;
use oms_domain::subscription::Protocol;
use oms_domain::{
    AddressId, Currency, JobId, Kind, LineId, NotificationId, OrderId, PaymentId, PaymentMethod, ProductId,
    RefundId, ShippingMethod, Status, StoreId, SubscriptionId, UserId,
};

macro_rules! choices {
    ($($name:ty),+ $(,)?) => {$(
        impl Choice for $name {
            fn from_name(name: &str) -> Option<Self> { name.parse().ok() }
        }
    )+};
}

choices!(EventType, PaymentMethod, ProductStatus, Protocol, ShippingMethod, Status, StoreStatus);

impl Choice for Currency {
    fn from_name(name: &str) -> Option<Self> {
        Currency::from_code(name)
    }
}

macro_rules! path_keys {
    ($($name:ty = $kind:ident),+ $(,)?) => {$(
        impl PathKey for $name {
            const KIND: Kind = Kind::$kind;
        }
    )+};
}

impl PathKey for JobId {
    const KIND: Kind = Kind::Job;
    const PARAM: &'static str = "job";
}

impl PathKey for RefundId {
    const KIND: Kind = Kind::Refund;
    const PARAM: &'static str = "refund";
}

path_keys!(
    AddressId = Address,
    LineId = OrderItem,
    NotificationId = Notification,
    OrderId = Order,
    PaymentId = Payment,
    ProductId = Product,
    StoreId = Store,
    SubscriptionId = Subscription,
    UserId = User,
);
