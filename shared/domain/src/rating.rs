//! What a customer thinks of what has arrived.

use crate::order::{Order, Rating};
use crate::{Actor, ChangeKind, RuleViolation, Status};

impl Order {
    /// Keeps what its customer thinks of it.
    ///
    /// # Errors
    /// [`RuleViolation::NotRatable`] until it is delivered, [`RuleViolation::AlreadyRated`] the
    /// second time, [`RuleViolation::Erased`].
    pub fn rate(mut self, stars: u8, comment: &str, by: &Actor) -> Result<Order, RuleViolation> {
        let before = self.state();
        self.check_not_erased()?;
        if self.rating.is_some() {
            return Err(RuleViolation::AlreadyRated);
        }
        if self.status != Status::Delivered {
            return Err(RuleViolation::NotRatable);
        }
        self.rating = Some(Rating { stars, comment: comment.to_owned(), created_at: by.at });
        Ok(self.changed(&before, ChangeKind::Rate, by, ""))
    }
}
