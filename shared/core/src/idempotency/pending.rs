//! The idempotency key of a request that is at work, and what is to be remembered of it.

use http::{Method, StatusCode};
use jiff::Timestamp;
use oms_domain::{Order, OrderId, PaymentId, UserId};
use oms_runtime::deadline;
use oms_table::idempotency::{RETENTION_S, Remembered, RequestKey};
use oms_table::{Table, TableError, keys};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use uuid::Uuid;

/// The key of the request in progress.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) user: String,
    pub(crate) key: String,
    pub(super) fingerprint: String,
    pub(super) owner: String,
    pub(super) status: u16,
    pub(super) path: String,
    now_s: i64,
    ends_at_s: i64,
    location: Mutex<String>,
    pub(super) answer: Mutex<Option<(u16, String)>>,
    manages: OnceLock<bool>,
    pub(super) more: AtomicBool,
    pub(super) secret: AtomicBool,
    pub(super) written: AtomicBool,
    pub(crate) resumes: Option<Left>,
}

/// Where what was changed can be read: what the path names, or what the order's last change added.
fn location_of(path: &str, order: &Order) -> String {
    let mut segments = path.trim_matches('/').splitn(4, '/').skip(1);
    let (group, id) = (segments.next().unwrap_or_default(), segments.next());
    let added = order.log.last().and_then(|change| {
        let ids = change.changes.keys().filter_map(|path| path.split_once('.'));
        ids.map(|(_, id)| id).find(|id| !id.contains('.'))
    });
    let order_id = order.id.to_string();
    let id = match (group, id) {
        ("orders", _) => order_id.as_str(),
        (_, Some(id)) => id,
        (_, None) => added.unwrap_or_default(),
    };
    format!("/api/{group}/{id}/?as_of={}", order.version)
}

impl Pending {
    pub(super) fn new(
        user: UserId,
        key: String,
        fingerprint: String,
        method: &Method,
        path: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            user: user.0,
            key,
            fingerprint,
            owner: oms_runtime::ids::random_uuid_v7().to_string(),
            status: expected_status(method, path),
            path: path.to_owned(),
            now_s: now.as_second(),
            // Rounded up: a repeat must not begin before its function has been ended.
            ends_at_s: deadline::end(now).as_second() + 1,
            location: Mutex::default(),
            answer: Mutex::default(),
            manages: OnceLock::new(),
            more: AtomicBool::default(),
            secret: AtomicBool::default(),
            written: AtomicBool::default(),
            resumes: None,
        }
    }

    /// Says that there will be another write after the next one.
    pub(crate) fn more_to_come(&self) {
        self.more.store(true, Ordering::Relaxed);
    }

    /// Says that the answer holds what may be kept nowhere.
    pub(crate) fn answer_is_secret(&self) {
        self.secret.store(true, Ordering::Relaxed);
    }

    /// Says what is going to be answered.
    pub(crate) fn will_answer(&self, status: StatusCode, body: String) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some((status.as_u16(), body));
    }

    /// Says which order the next write is of, and whether the caller runs it.
    pub(crate) fn is_about(&self, order: &Order, manages: Option<bool>) {
        if let Some(manages) = manages {
            // The first one stays: a request with a key is about one order.
            let _ = self.manages.set(manages);
        }
        if !self.written.load(Ordering::Relaxed) {
            *self.location.lock().unwrap_or_else(PoisonError::into_inner) = location_of(&self.path, order);
        }
    }

    /// Takes over from an earlier try that was cut off after its first write.
    pub(super) async fn go_on(
        &mut self,
        table: &Table,
        earlier: &Remembered,
        left: Left,
    ) -> Result<(), TableError> {
        let taken = table.take_over(&self.user, &self.key, earlier, &self.owner, self.ends_at_s).await;
        // A conflict: another repeat has taken over.
        let is_taken = |error: &TableError| matches!(error, TableError::Conflict);
        taken.map_err(|error| if is_taken(&error) { TableError::Repeated } else { error })?;
        tracing::warn!(order = %left.order, version = left.version, "a request was cut off: going on with it");
        self.location = Mutex::new(earlier.location.clone());
        self.manages = left.manages.map_or_else(OnceLock::new, OnceLock::from);
        self.more = AtomicBool::new(true);
        self.written = AtomicBool::new(true);
        self.resumes = Some(left);
        Ok(())
    }
}

impl RequestKey for Pending {
    fn user(&self) -> &str {
        &self.user
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn record(&self, pk: &str, sk: &str) -> Remembered {
        let mut location = self.location.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if location.is_empty() {
            location = keys::path_of(pk, sk).unwrap_or_else(|| self.path.clone());
        }
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (status, body) = answer.map_or((self.status, None), |(status, body)| (status, Some(body)));
        Remembered {
            fingerprint: self.fingerprint.clone(),
            owner: self.owner.clone(),
            status,
            location,
            body,
            manages: self.manages.get().copied(),
            busy_until: if self.more.load(Ordering::Relaxed) { self.ends_at_s } else { 0 },
            expires_at: self.now_s + RETENTION_S,
        }
    }

    fn wrote(&self) {
        self.written.store(true, Ordering::Relaxed);
    }
}

/// An order as a request left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// The order.
    pub(crate) order: OrderId,
    /// Its version then.
    pub(crate) version: u64,
    /// Whether the caller ran it then, where that was noted.
    pub(crate) manages: Option<bool>,
}

/// What a request has left of an order, if that is what it wrote to. Lines and payments have their
/// order's id in their own.
pub(crate) fn left_of(earlier: &Remembered) -> Option<Left> {
    let (path, version) = earlier.location.split_once("?as_of=")?;
    let id: Uuid = path.trim_end_matches('/').rsplit('/').next()?.parse().ok()?;
    Some(Left { order: PaymentId(id).order(), version: version.parse().ok()?, manages: earlier.manages })
}

/// A POST to a collection makes something; everything else changes something.
fn expected_status(method: &Method, path: &str) -> u16 {
    let is_collection =
        path.trim_matches('/').split('/').count() == 2 || path == "/api/notifications/subscriptions/";
    if *method == Method::POST && is_collection { 201 } else { 200 }
}
