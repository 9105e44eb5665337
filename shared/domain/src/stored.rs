//! What whoever stores an order keeps with it, and the domain knows nothing of.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What a store of orders found beside an order's fields and wants to have again when the order is
/// saved, whatever has become of it meanwhile: what its record says of earlier saves, and what a
/// newer version of this code has written into it. It is no part of what an order is: orders that
/// differ in nothing else are equal.
#[derive(Clone, Default)]
pub struct Stored(Option<Arc<dyn Any + Send + Sync>>);

impl Stored {
    /// Something to be kept with an order.
    #[must_use]
    pub fn new<T: Any + Send + Sync>(kept: T) -> Self {
        Self(Some(Arc::new(kept)))
    }

    /// What is kept, if it is such.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.as_deref()?.downcast_ref()
    }
}

impl PartialEq for Stored {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Stored(…)" } else { "Stored" })
    }
}
