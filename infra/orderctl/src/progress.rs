//! How far a long reading of all orders has got, for whoever waits.

use oms_core::statistics::verify_all::Reading;
use oms_workspace::console::say;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How often it is told.
const EVERY: Duration = Duration::from_secs(5);

/// Tells every few seconds how many there are by now, to standard error.
pub(crate) struct Progress<'a> {
    tell: Box<dyn Fn(u64) + 'a>,
}

impl<'a> Progress<'a> {
    /// Begins now; `what` is counted.
    pub(crate) fn begin(what: &'a str) -> Self {
        let (began, told) = (Instant::now(), Cell::new(Instant::now()));
        let tell = move |count: u64| {
            if told.get().elapsed() >= EVERY {
                told.set(Instant::now());
                let a_second = count / began.elapsed().as_secs().max(1);
                say(format!("{count} {what}, {a_second} a second"));
            }
        };
        Self { tell: Box::new(tell) }
    }

    /// Tells that there are so many by now.
    pub(crate) fn tell(&self, count: u64) {
        (self.tell)(count);
    }

    /// A reading that tells it, at most so fast.
    pub(crate) fn reading(&self, orders_per_second: Option<u32>) -> Reading<'_> {
        Reading { orders_per_second, progress: &*self.tell }
    }
}
