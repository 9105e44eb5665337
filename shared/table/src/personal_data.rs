//! The register of what the table keeps beside orders: which of its fields say something of a
//! person. Those that do are removed as a whole ([`crate::people`]); what stays names people by
//! their ids alone.

use crate::catalog::addresses::AddressRecord;
use crate::idempotency::Remembered;
use crate::jobs::erasures::{Erasure, ErasureResult};
use crate::jobs::{BulkUpdate, NotMoved, PieceResult};
use crate::notifications::Notification;
use crate::notifications::subscriptions::SubscriptionRecord;
use crate::orders::watermarks::WatermarkAdvance;
use crate::projections::{line_rows, order_rows};
use crate::recent_writes::RecentWrite;
use oms_domain::{PaymentEntry, personal_data};

// Removed with their person.
personal_data! {
    declared
    AddressRecord {
        stays: [user, created_at, updated_at],
        goes: [address],
    }
    Notification {
        stays: [id, user, order, notification_type, level, is_read, created_at, epoch, version, unknown],
        goes: [title, message, link],
    }
    Remembered {
        stays: [fingerprint, owner, status, manages, busy_until, expires_at],
        goes: [location, body],
    }
    SubscriptionRecord {
        stays: [arn, applied, status],
        goes: [subscription],
    }
    RecentWrite {
        stays: [order, at, version, user, store],
        goes: [],
    }
}

// Nothing of a person but ids.
personal_data! {
    declared
    BulkUpdate {
        stays: [
            id, maker, role, target, total, pieces, created_at, started_at, held_until, version,
            unknown,
        ],
        goes: [],
    }
    PieceResult {
        stays: [piece, updated, failed, at],
        goes: [],
    }
    NotMoved {
        stays: [id, error],
        goes: [],
    }
    Erasure {
        stays: [id, person, maker, created_at, restarted_at],
        goes: [],
    }
    ErasureResult {
        stays: [orders, unfinished, at],
        goes: [],
    }
    PaymentEntry {
        stays: [id, created_at, facets, amount, store, order_number, transaction_id],
        goes: [],
    }
    WatermarkAdvance {
        stays: [order, seen, to],
        goes: [],
    }
}

const _: fn(&order_rows::Facts) = |facts| {
    let order_rows::Facts { id: _, created_at: _, facets: _, total: _ } = facts;
};

const _: fn(&line_rows::Facts) = |facts| {
    let line_rows::Facts {
        product: _,
        variant: _,
        store: _,
        user: _,
        quantity: _,
        unit_price: _,
        total_price: _,
        order_number: _,
        product_name: _,
        variant_name: _,
    } = facts;
};
