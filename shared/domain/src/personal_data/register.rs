//! Every struct of the domain that is kept, field by field.

use super::keep_references;
use crate::attention::{Concern, Dispute};
use crate::catalog::{Product, Store, Variant};
use crate::order::{ProductSnapshot, Rating, StoreSnapshot, VariantSnapshot};
use crate::personal_data;
use crate::subscription::Subscription;
use crate::{Address, Change, Line, Order, Payment, PaymentSummary, Refund, User};

personal_data! {
    Order {
        stays: [
            id, version, order_number, status, status_since, payment_status, payment_method,
            payment_reference, subtotal, tax_rate, tax_amount, shipping_cost, discount_amount,
            total_amount, currency, shipping_method, tracking_number, estimated_delivery,
            created_at, updated_at, confirmed_at, shipped_at, delivered_at, cancelled_at,
            deleted_at, erased_at, unpaid_limits, lines_made, payments_made, stored,
        ],
        named: [],
        goes: [customer_id, notes, special_instructions, language, extra_data],
        within: [
            user: User,
            store: StoreSnapshot,
            shipping_address: Address,
            billing_address: Option<Address>,
            rating: Option<Rating>,
            lines = "items": Vec<Line>,
            payments: Vec<Payment>,
            log: Vec<Change>,
        ],
        through: [],
    }
    User {
        stays: [id],
        named: [username],
        goes: [email, first_name, last_name],
        within: [],
        through: [],
    }
    // The country stays: the tax depends on it, and it is far too many people's to name one.
    Address {
        stays: [id, country],
        named: [full_name, address_line1, city],
        goes: [address_line2, state, postal_code, phone_number],
        within: [],
        through: [],
    }
    Rating {
        stays: [stars, created_at],
        named: [],
        goes: [comment],
        within: [],
        through: [],
    }
    StoreSnapshot {
        stays: [id, name, slug, description],
        named: [],
        goes: [],
        within: [],
        through: [],
    }
    ProductSnapshot {
        stays: [id, name, slug, sku, base_price, current_price, status],
        named: [],
        goes: [],
        within: [],
        through: [],
    }
    VariantSnapshot {
        stays: [id, name, sku, current_price],
        named: [],
        goes: [],
        within: [],
        through: [],
    }
    Line {
        stays: [id, quantity, unit_price, total_price, created_at, updated_at],
        named: [],
        goes: [notes, extra_data],
        within: [product: ProductSnapshot, variant: Option<VariantSnapshot>],
        through: [],
    }
    Payment {
        stays: [
            id, transaction_id, amount, status, payment_method, provider = "mover", created_at,
            updated_at, customer_until, processed_at,
        ],
        named: [],
        goes: [payment_details, error_message],
        within: [refunds: Vec<Refund>, attention: Vec<Concern>, dispute: Option<Dispute>],
        through: [gateway_response: keep_references],
    }
    Refund {
        stays: [id, amount, status, created_at, then, awaits_person],
        named: [],
        goes: [reason],
        within: [],
        through: [],
    }
    // In words of ours and of the gateway's.
    Concern {
        stays: [kind, text, since, missing],
        named: [],
        goes: [],
        within: [],
        through: [],
    }
    Dispute {
        stays: [id, status, reason, amount],
        named: [],
        goes: [],
        within: [],
        through: [],
    }
}

// What is not erased field by field: a subscription ends as a whole, and what a store sells is the
// store's, whoever owns it.
personal_data! {
    declared
    Subscription {
        stays: [id, protocol, event_types, store, created_by, created_at, updated_at],
        goes: [endpoint],
    }
    Store {
        stays: [
            id, name, slug, description, owner, currency, tax_rate, shipping_costs, unpaid_limits,
            status, created_at, updated_at,
        ],
        goes: [],
    }
    Product {
        stays: [
            id, store, name, slug, sku, description, base_price, current_price, status, variants,
            created_at, updated_at,
        ],
        goes: [],
    }
    Variant {
        stays: [id, name, sku, current_price],
        goes: [],
    }
    PaymentSummary {
        stays: [number, transaction_id, amount, status, created_at],
        goes: [],
    }
}
