//! Where a simulation of the whole system puts its own time, chance and network in place of the
//! machine's, on the thread that it runs on. Nothing else does: in a function all three are real.

use aws_sdk_dynamodb::config::SharedHttpClient;
use jiff::Timestamp;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static WORLD: RefCell<Option<Rc<dyn World>>> = const { RefCell::new(None) };
}

/// Time, chance and network.
pub trait World {
    /// The time.
    fn now(&self) -> Timestamp;
    /// Bits that look random.
    fn random(&self) -> u64;
    /// What carries calls of AWS, for clients that are made from now on.
    fn http(&self) -> SharedHttpClient;
}

/// Lives in a world of its own until this is dropped.
#[must_use = "the world ends with it"]
#[derive(Debug)]
pub struct Stay(());

/// Puts this thread into a world.
pub fn enter(world: Rc<dyn World>) -> Stay {
    WORLD.set(Some(world));
    Stay(())
}

impl Drop for Stay {
    fn drop(&mut self) {
        WORLD.set(None);
    }
}

/// Asks this thread's world, if it has one.
pub(crate) fn ask<T>(question: impl FnOnce(&dyn World) -> T) -> Option<T> {
    let world = WORLD.with_borrow(Option::clone);
    world.as_deref().map(question)
}
