//! The same lives in two other designs, on paper: neither was built or measured.

use super::prices::{BALANCER_HOUR, BALANCER_UNIT, DATABASE, DISK, SERVER};
use oms_domain::Decimal;

/// A command of the design with separate items: how many items its transaction writes, and how
/// many entries of indexes change with them.
pub(super) struct Command {
    pub(super) name: &'static str,
    /// What it writes, in words.
    pub(super) items: &'static str,
    pub(super) count: u64,
    pub(super) times: u64,
    /// Entries of the indexes by time of the user, the store and all, and by status, whose key
    /// changes, which is two writes; one of a payment's or a line's own list.
    pub(super) entries: u64,
}

/// An order, each line, each payment and each entry of the log as an item of its own, of up to 1 KB
/// each.
pub(super) const SEPARATE: [Command; 3] = [
    Command { name: "place", items: "order, 2 lines, entry, 2 stock", count: 6, times: 1, entries: 4 + 2 },
    Command {
        name: "make a payment, begin it, end it",
        items: "order, payment, entry",
        count: 3,
        times: 3,
        entries: 3 + 1,
    },
    Command { name: "confirm, ship, deliver", items: "order, entry", count: 2, times: 3, entries: 3 + 2 },
];

impl Command {
    /// What it writes in a life, in units: two for each item of a transaction, one for each entry.
    pub(super) const fn units(&self) -> u64 {
        self.times * (2 * self.count + self.entries)
    }
}

/// What the commands of a life write with separate items, in units.
pub(super) fn separate_units() -> u64 {
    SEPARATE.iter().map(Command::units).sum()
}

/// Hours in a month.
pub(super) const HOURS: u64 = 730;
/// How many instances answer requests.
pub(super) const SERVERS: u64 = 2;
/// How large the database's disk is, in each of two zones, in GB.
pub(super) const DISK_GB: u64 = 50;

/// What the smallest honest servers cost in a month, part by part.
pub(super) fn servers() -> [(&'static str, Decimal); 4] {
    let hours = Decimal::from(HOURS);
    let server = SERVER.usd() / Decimal::from(4);
    [
        ("two instances t3.small", Decimal::from(SERVERS) * server * hours),
        ("a load balancer with one capacity unit", (BALANCER_HOUR.usd() + BALANCER_UNIT.usd()) * hours),
        ("PostgreSQL on db.t4g.small in two zones", DATABASE.usd() * hours),
        ("50 GB for it in each zone", Decimal::from(2 * DISK_GB) * DISK.usd()),
    ]
}
