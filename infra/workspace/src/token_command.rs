//! The command that prints a token of the local issuer: `cargo dev token`, `orderctl token`.

use clap::Args;

use crate::error::Result;
use crate::places::Places;
use crate::tokens::{Issuer, LIFETIME_S, User};

/// For whom a token is, and for how long.
#[derive(Debug, Clone, Args)]
pub struct TokenCommand {
    /// The user's name; `customer`, `customer2`, `vendor`, `staff` and `admin` are those of the
    /// demo
    #[arg(long)]
    user: String,
    /// staff, admin or vendor; unless given, what the demo user of that name is in
    #[arg(long)]
    group: Option<String>,
    /// The email address; <user>@example.com unless given
    #[arg(long)]
    email: Option<String>,
    /// How long the token lives, in seconds; negative for one that has expired
    #[arg(long, default_value_t = LIFETIME_S, allow_hyphen_values = true)]
    expires_in: i64,
}

impl TokenCommand {
    /// The token, signed with the key of this checkout, whether or not the system runs.
    pub fn issue(self) -> Result<String> {
        let places = Places::make(None)?;
        let demo = User::demo().into_iter().find(|user| user.name == self.user);
        let group = self.group.or(demo.and_then(|user| user.group));
        let user = User { name: self.user, group, email: self.email };
        Issuer::open(&places.shared)?.token(&user, self.expires_in)
    }
}
