//! The words of an order's life, and the one table that says where an action may lead.

use crate::choices::choices;

/// A word that is none of a set's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of the valid choices")]
pub struct UnknownChoice;

choices! {
    /// Where an order stands.
    // The table keeps its place in this list as a letter: new ones go to the end, and none is taken
    // out.
    Status {
        /// Placed; its items may still change.
        Pending = "pending", "Pending";
        /// Accepted by the store.
        Confirmed = "confirmed", "Confirmed";
        /// Being picked and packed.
        Processing = "processing", "Processing";
        /// Handed to the carrier.
        Shipped = "shipped", "Shipped";
        /// With the courier on the last leg.
        OutForDelivery = "out_for_delivery", "Out for Delivery";
        /// In the customer's hands.
        Delivered = "delivered", "Delivered";
        /// Called off. Final.
        Cancelled = "cancelled", "Cancelled";
        /// Paid back after shipping. Final.
        Refunded = "refunded", "Refunded";
    }
}

choices! {
    /// How the money of an order stands. It follows the payments; nobody writes it.
    // The table keeps its place in this list as a letter: new ones go to the end, and none is taken
    // out.
    PaymentStatus {
        /// Nothing paid yet.
        Pending = "pending", "Pending";
        /// The amount is reserved with the gateway.
        Authorized = "authorized", "Authorized";
        /// Paid in full.
        Paid = "paid", "Paid";
        /// The last attempt was declined.
        Failed = "failed", "Failed";
        /// Some of it was paid back.
        PartiallyRefunded = "partially_refunded", "Partially Refunded";
        /// All of it was paid back.
        Refunded = "refunded", "Refunded";
        /// The payment was called off before any money moved.
        Cancelled = "cancelled", "Cancelled";
    }
}

choices! {
    /// What a customer pays with.
    // The table keeps its place in this list as a letter: new ones go to the end, and none is taken
    // out.
    PaymentMethod {
        /// Credit card.
        CreditCard = "credit_card", "Credit Card";
        /// Debit card.
        DebitCard = "debit_card", "Debit Card";
        /// PayPal.
        Paypal = "paypal", "PayPal";
        /// Bank transfer.
        BankTransfer = "bank_transfer", "Bank Transfer";
        /// Cash on delivery.
        CashOnDelivery = "cash_on_delivery", "Cash on Delivery";
        /// A wallet such as Apple Pay.
        DigitalWallet = "digital_wallet", "Digital Wallet";
        /// Cryptocurrency.
        Cryptocurrency = "cryptocurrency", "Cryptocurrency";
    }
}

impl PaymentStatus {
    /// Whether the order is paid, and not all of that has gone back.
    #[must_use]
    pub const fn is_paid(self) -> bool {
        match self {
            PaymentStatus::Paid | PaymentStatus::PartiallyRefunded => true,
            PaymentStatus::Pending
            | PaymentStatus::Authorized
            | PaymentStatus::Failed
            | PaymentStatus::Refunded
            | PaymentStatus::Cancelled => false,
        }
    }
}

impl PaymentMethod {
    /// Whether people take the money and say so, rather than a gateway.
    #[must_use]
    pub const fn is_manual(self) -> bool {
        match self {
            PaymentMethod::BankTransfer | PaymentMethod::CashOnDelivery => true,
            PaymentMethod::CreditCard
            | PaymentMethod::DebitCard
            | PaymentMethod::Paypal
            | PaymentMethod::DigitalWallet
            | PaymentMethod::Cryptocurrency => false,
        }
    }
}

choices! {
    /// How an order travels.
    // The table keeps its place in this list as a letter: new ones go to the end, and none is taken
    // out.
    ShippingMethod {
        /// Standard.
        Standard = "standard", "Standard Shipping";
        /// Express.
        Express = "express", "Express Shipping";
        /// Overnight.
        Overnight = "overnight", "Overnight Shipping";
        /// Picked up by the customer.
        Pickup = "pickup", "Store Pickup";
        /// Abroad.
        International = "international", "International Shipping";
    }
}

choices! {
    /// What may be done to an order's status.
    Action {
        /// The store accepts the order.
        Confirm = "confirm", "confirmed";
        /// The store begins to pack it.
        Process = "process", "processed";
        /// It is handed to the carrier.
        Ship = "ship", "shipped";
        /// The courier sets out with it.
        SendOutForDelivery = "out_for_delivery", "sent out for delivery";
        /// The customer has it.
        Deliver = "deliver", "delivered";
        /// It is called off.
        Cancel = "cancel", "cancelled";
        /// It is paid back.
        Refund = "refund", "refunded";
    }
}

impl Action {
    /// Whether an order's customer may try it, too; everything else is for those who run the order.
    #[must_use]
    pub const fn is_open_to_customers(self) -> bool {
        match self {
            Action::Cancel => true,
            Action::Confirm
            | Action::Process
            | Action::Ship
            | Action::SendOutForDelivery
            | Action::Deliver
            | Action::Refund => false,
        }
    }
}

impl Status {
    /// Where an action may lead from here. The only place that knows.
    #[must_use]
    pub const fn after(self, action: Action) -> Option<Status> {
        match (action, self) {
            (Action::Confirm, Status::Pending) => Some(Status::Confirmed),
            (Action::Process, Status::Confirmed) => Some(Status::Processing),
            (Action::Ship, Status::Confirmed | Status::Processing) => Some(Status::Shipped),
            (Action::SendOutForDelivery, Status::Shipped) => Some(Status::OutForDelivery),
            (Action::Deliver, Status::Shipped | Status::OutForDelivery) => Some(Status::Delivered),
            (
                Action::Cancel,
                Status::Pending
                | Status::Confirmed
                | Status::Processing
                | Status::Shipped
                | Status::OutForDelivery,
            ) => Some(Status::Cancelled),
            (Action::Refund, Status::Shipped | Status::OutForDelivery | Status::Delivered) => {
                Some(Status::Refunded)
            }
            (
                Action::Confirm
                | Action::Process
                | Action::Ship
                | Action::SendOutForDelivery
                | Action::Deliver
                | Action::Cancel
                | Action::Refund,
                _,
            ) => None,
        }
    }

    /// The action that leads to this status; none leads back to `pending`.
    #[must_use]
    pub const fn action(self) -> Option<Action> {
        match self {
            Status::Pending => None,
            Status::Confirmed => Some(Action::Confirm),
            Status::Processing => Some(Action::Process),
            Status::Shipped => Some(Action::Ship),
            Status::OutForDelivery => Some(Action::SendOutForDelivery),
            Status::Delivered => Some(Action::Deliver),
            Status::Cancelled => Some(Action::Cancel),
            Status::Refunded => Some(Action::Refund),
        }
    }

    /// Whether the parcel has not left the store: its stock can be put back on the shelf, and its
    /// customer may still cancel.
    #[must_use]
    pub const fn is_before_shipping(self) -> bool {
        match self {
            Status::Pending | Status::Confirmed | Status::Processing => true,
            Status::Shipped
            | Status::OutForDelivery
            | Status::Delivered
            | Status::Cancelled
            | Status::Refunded => false,
        }
    }

    /// Whether somebody still has something to do before it ends well or badly.
    #[must_use]
    pub const fn is_unfinished(self) -> bool {
        match self {
            Status::Pending
            | Status::Confirmed
            | Status::Processing
            | Status::Shipped
            | Status::OutForDelivery => true,
            Status::Delivered | Status::Cancelled | Status::Refunded => false,
        }
    }

    /// Whether it may be called off: by its customer until it is shipped, by those who run it until
    /// it is delivered.
    #[must_use]
    pub const fn can_cancel(self, as_manager: bool) -> bool {
        self.after(Action::Cancel).is_some() && (as_manager || self.is_before_shipping())
    }

    /// Whether an order's total is revenue: from its shipping on, unless it is called off or paid
    /// back.
    #[must_use]
    pub const fn counts_as_revenue(self) -> bool {
        match self {
            Status::Shipped | Status::OutForDelivery | Status::Delivered => true,
            Status::Pending
            | Status::Confirmed
            | Status::Processing
            | Status::Cancelled
            | Status::Refunded => false,
        }
    }

    /// Whether the parcel is on its way or has arrived.
    #[must_use]
    pub const fn is_shipped(self) -> bool {
        match self {
            Status::Shipped | Status::OutForDelivery | Status::Delivered => true,
            Status::Pending
            | Status::Confirmed
            | Status::Processing
            | Status::Cancelled
            | Status::Refunded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state machine as a specification: a row a status, a column an action.
    #[test]
    fn every_action_on_every_status() {
        let mut table = format!("{:<17}", "from");
        for action in Action::ALL {
            table += &format!("{:<17}", action.as_str());
        }
        for status in Status::ALL {
            table = table.trim_end().to_owned() + &format!("\n{:<17}", status.as_str());
            for action in Action::ALL {
                table += &format!("{:<17}", status.after(*action).map_or("-", Status::as_str));
            }
        }
        insta::assert_snapshot!(table.trim_end(), @r"
        from             confirm          process          ship             out_for_delivery deliver          cancel           refund
        pending          confirmed        -                -                -                -                cancelled        -
        confirmed        -                processing       shipped          -                -                cancelled        -
        processing       -                -                shipped          -                -                cancelled        -
        shipped          -                -                -                out_for_delivery delivered        cancelled        refunded
        out_for_delivery -                -                -                -                delivered        cancelled        refunded
        delivered        -                -                -                -                -                -                refunded
        cancelled        -                -                -                -                -                -                -
        refunded         -                -                -                -                -                -                -
        ");
    }

    #[test]
    fn every_word_reads_back() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(*status));
            assert_eq!(status.action().map(|a| a.as_str().parse()), status.action().map(Ok));
        }
        assert_eq!("nope".parse::<Status>(), Err(UnknownChoice));
    }
}
