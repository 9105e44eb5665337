//! What a customer thinks of what has arrived.

use crate::order::{Order, Rating};
use crate::{Actor, Deed, Refusal, Status};

impl Order {
    /// Keeps what its customer thinks of it.
    ///
    /// # Errors
    /// [`Refusal::NotRatable`] until it is delivered, [`Refusal::AlreadyRated`] the second time.
    pub fn rate(mut self, stars: u8, comment: &str, by: &Actor) -> Result<Order, Refusal> {
        let before = self.state();
        if self.rating.is_some() {
            return Err(Refusal::AlreadyRated);
        }
        if self.status != Status::Delivered {
            return Err(Refusal::NotRatable);
        }
        self.rating = Some(Rating { stars, comment: comment.to_owned(), created_at: by.at });
        Ok(self.changed(&before, Deed::Rate, by, ""))
    }
}
