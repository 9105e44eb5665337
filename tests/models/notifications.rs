//! Every list of notifications against a model that filters and slices all of them in memory: for
//! random notifications over more than a year, read marks, filters and pages.

use crate::cases::{Case, Person};
use jiff::{SignedDuration, Timestamp};
use oms_domain::notice::{NoticeKind, NoticeLevel};
use oms_domain::{NotificationId, OrderId};
use oms_harness::Harness;
use oms_harness::SeededRng;
use oms_table::notifications::News;
use uuid::Uuid;

const NOTIFICATIONS: u64 = 400;
const CASES: u64 = 120;
/// How far back they go: longer than they are kept.
const HOURS: u64 = 500 * 24;

/// A notification as the model has it.
struct One {
    id: NotificationId,
    kind: NoticeKind,
    at: Timestamp,
    is_read: bool,
    message: String,
}

/// What titles and messages are made of.
const WORDS: [&str; 4] = ["Shipped", "Élan", "ORD-20261122-0001", "refund"];

struct World {
    harness: Harness,
    person: Person,
    kept: Vec<One>,
}

impl World {
    async fn new(seed: u64) -> Self {
        let harness = Harness::set_up().unwrap();
        let person = Person::new(&harness, "customer0", None, &[]);
        let stranger = Person::new(&harness, "customer1", None, &[]);
        let now = harness.app.now();
        let mut rng = SeededRng::new(seed);
        let mut all = Vec::new();
        for number in 0..NOTIFICATIONS {
            // Most of them of a few months, and some in the same millisecond.
            let hours = rng.below(HOURS) * rng.below(4) / 3;
            let at = now - SignedDuration::from_hours(i64::try_from(hours / 24 * 24).unwrap());
            let order = OrderId::from_fresh(Uuid::from_u64_pair(rng.below(u64::MAX), number << 32));
            let kind = *rng.of(NoticeKind::ALL).unwrap();
            let id = order.notification(at, 1 + rng.below(9), 0);
            let message = format!("{} {}", rng.of(&WORDS).unwrap(), rng.of(&WORDS).unwrap());
            for person in [&person, &stranger] {
                let news = News {
                    id,
                    user: person.id.clone(),
                    order,
                    title: "Something".into(),
                    message: message.clone(),
                    kind: (kind, NoticeLevel::Info),
                    link: format!("/api/orders/{order}/"),
                    at,
                };
                harness.app.table().put_notification(news, now).await.unwrap();
            }
            all.push(One { id, kind, at, is_read: false, message });
        }
        let kept_since: Timestamp = {
            let first = now.to_zoned(jiff::tz::TimeZone::UTC).date().first_of_month();
            let first = first.checked_sub(jiff::Span::new().months(12)).unwrap();
            first.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
        };
        all.retain(|one| one.at >= kept_since);
        all.sort_by_key(|one| std::cmp::Reverse(one.id));
        Self { harness, person, kept: all }
    }

    async fn mark(&mut self, number: usize, is_read: bool) {
        let (table, now) = (self.harness.app.table(), self.harness.app.now());
        let one = &mut self.kept[number];
        let (seen, inbox) = table.notification(&self.person.id, one.id, now).await.unwrap().unwrap();
        assert_eq!(seen.is_read, one.is_read);
        if seen.is_read != is_read {
            table.mark_notification(&seen, &inbox, is_read).await.unwrap();
            one.is_read = is_read;
        }
    }

    async fn mark_all(&mut self) {
        let (table, now) = (self.harness.app.table(), self.harness.app.now());
        let inbox = table.inbox(&self.person.id, now).await.unwrap();
        table.mark_all_notifications(&self.person.id, &inbox).await.unwrap();
        for one in &mut self.kept {
            one.is_read = true;
        }
    }

    fn case(&self, rng: &mut SeededRng) -> Case {
        let mut parameters = Vec::new();
        let mut wanted: Vec<&One> = self.kept.iter().collect();
        if rng.below(2) == 0 {
            let kind = *rng.of(NoticeKind::ALL).unwrap();
            wanted.retain(|one| one.kind == kind);
            parameters.push(("notification_type".to_owned(), kind.to_string()));
        }
        if rng.below(2) == 0 {
            let is_read = rng.below(2) == 0;
            wanted.retain(|one| one.is_read == is_read);
            parameters.push(("is_read".to_owned(), is_read.to_string()));
        }
        if rng.below(3) == 0 {
            let term = rng.of(&["élan", "ship", "-0001", "SOMETHING", "nothing"]).unwrap().to_lowercase();
            let is_title = term == "something";
            wanted.retain(|one| is_title || one.message.to_lowercase().contains(&term));
            parameters.push(("search".to_owned(), term));
        }
        match rng.below(4) {
            0 => {
                wanted.reverse();
                parameters.push(("ordering".to_owned(), "created_at".to_owned()));
            }
            1 => parameters.push(("ordering".to_owned(), "-created_at,nope".to_owned())),
            _ => {}
        }
        let expected = wanted.iter().map(|one| one.id.to_string()).collect();
        Case { path: "/api/notifications/".to_owned(), parameters, expected }
    }
}

#[tokio::test]
async fn every_list_of_notifications_is_what_a_model_of_it_says() {
    let mut world = World::new(20_261_123).await;
    assert!(world.kept.len() > 200 && world.kept.len() < 400, "{}", world.kept.len());
    for number in 0..CASES {
        let mut rng = SeededRng::new(number);
        for _ in 0..4 {
            let some = usize::try_from(rng.below(world.kept.len() as u64)).unwrap();
            world.mark(some, rng.below(3) > 0).await;
        }
        if number == CASES / 2 {
            world.mark_all().await;
        }
        let case = world.case(&mut rng);
        case.hold(&world.harness, &world.person.token, &mut rng, format!("case {number}")).await;
    }
}
