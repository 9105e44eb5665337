//! Where a record stands in the table's stream, and how far counters have got with it.
//!
//! A shard of the stream is read by one invocation at a time, from its beginning to its end, and
//! its records have sequence numbers that grow. So each item of counters keeps, for each shard that
//! has brought it anything, the last record that is counted in it: in one plain write with the
//! sums, on the condition that this batch is not counted yet. No transaction, and no lock.
//!
//! | attribute | what it says |
//! |---|---|
//! | `=<shard>` | the last record of the shard that is counted here, and when that was, in hours since 1970 |
//!
//! A shard lives for hours, and the stream keeps its records for a day: what is older goes with the
//! next write of the item.

use crate::Item;
use crate::orders::watermarks::{SETTLED_AFTER_HOURS, Watermark, this_hour};
use std::collections::BTreeMap;

/// Before a shard's name in an attribute's.
const LANE: char = '=';
/// How many letters of a hash tell shards apart: 40 bits.
const NAME: usize = 8;
/// How many hexadecimal digits tell those of operators apart, of which there may be many: 44 bits.
const OPERATORS_NAME: usize = 11;
/// How the names of operators' runs begin.
const OPERATOR: char = '!';

/// A shard of the stream, by a short name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(String);

impl Shard {
    /// That of a shard's id.
    #[must_use]
    pub fn new(id: &str) -> Self {
        // FNV-1a: the same in every process, of whatever version.
        let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let letters = (0..NAME).map(|place| (hash >> (24 + 5 * place)) & 31);
        let letters = letters.filter_map(|five_bits| char::from_digit(u32::try_from(five_bits).ok()?, 32));
        Self(letters.collect())
    }

    /// One of a run of an operator, which no shard of the stream has the name of.
    #[must_use]
    pub fn of_operator() -> Self {
        let random = oms_runtime::ids::random_uuid_v7().simple().to_string();
        let letters = random.chars().skip(random.len() - OPERATORS_NAME);
        Self(std::iter::once(OPERATOR).chain(letters).collect())
    }

    /// Whether it is one.
    #[must_use]
    pub fn is_of_operator(&self) -> bool {
        self.0.starts_with(OPERATOR)
    }

    pub(crate) fn stored(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn attribute(&self) -> String {
        format!("{LANE}{}", self.0)
    }
}

/// A record's sequence number, as a text that sorts as the number does: how many digits it has, as
/// one letter, and the digits. DynamoDB's have 21 to 40.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(String);

impl Sequence {
    /// That of a number as the stream writes it.
    #[must_use]
    pub fn new(number: &str) -> Self {
        let digits = number.trim_start_matches('0');
        let length = u8::try_from(digits.len()).unwrap_or(u8::MAX).min(60);
        Self(format!("{}{digits}", char::from(b'0' + length)))
    }

    pub(crate) fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The records of a batch.
#[derive(Clone, Debug)]
pub struct BatchRange {
    /// Its shard.
    pub shard: Shard,
    /// Its first record.
    pub first: Sequence,
    /// Its last record.
    pub last: Sequence,
}

impl BatchRange {
    pub(crate) fn lane(&self) -> String {
        format!("{} {}", self.last.0, this_hour())
    }
}

/// How far an item has got with each shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lanes(BTreeMap<Shard, (Sequence, u64)>);

impl Lanes {
    pub(crate) fn read(item: &Item) -> Self {
        let lanes = item.iter().filter_map(|(name, value)| {
            let shard = Shard::stored(name.strip_prefix(LANE)?);
            let (sequence, hour) = value.as_s().ok()?.split_once(' ')?;
            Some((shard, (Sequence::stored(sequence), hour.parse().ok()?)))
        });
        Self(lanes.collect())
    }

    /// The last record of a shard that is counted.
    #[must_use]
    pub fn of(&self, shard: &Shard) -> Option<&Sequence> {
        self.0.get(shard).map(|(sequence, _)| sequence)
    }

    /// The shards that bring nothing more.
    pub(crate) fn ended(&self) -> impl Iterator<Item = &Shard> {
        let now = this_hour();
        self.0.iter().filter(move |(_, (_, hour))| hour + SETTLED_AFTER_HOURS < now).map(|(shard, _)| shard)
    }

    /// Which version of an order is counted here, by its watermark, which was read just afterwards:
    /// also of an item that few batches write.
    #[must_use]
    pub fn has(&self, mark: &Watermark) -> u64 {
        let claim = mark.claim.as_ref().filter(|claim| !claim.is_settled());
        claim.map_or(mark.version, |claim| claim.version_at(self.of(&claim.shard)))
    }

    /// Which version of an order is counted in an item that each batch of it writes, by the order's
    /// watermark, which was read afterwards. None where it cannot be told: since then the order was
    /// counted more than once.
    #[must_use]
    pub fn version_of(&self, mark: &Watermark) -> Option<u64> {
        let version = self.has(mark);
        let Some(claim) = mark.claim.as_ref().filter(|_| version != mark.version) else {
            return Some(version);
        };
        let has_before = match &claim.before_by {
            Some(by) => self.of(&claim.shard).is_some_and(|counted| counted >= by),
            None => true,
        };
        has_before.then_some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::watermarks::Claim;
    use aws_sdk_dynamodb::types::AttributeValue;

    #[test]
    fn sequence_numbers_sort_as_numbers() {
        let numbers = ["7", "10", "099", "100", "111111111111111111111", "1111111111111111111110"];
        let texts = numbers.map(Sequence::new);
        assert!(texts.is_sorted());
        assert_ne!(texts[2], texts[3]);
    }

    #[test]
    fn an_item_tells_which_version_of_an_order_it_has() {
        let shard = Shard::new("shardId-00000001");
        assert_ne!(shard, Shard::new("shardId-00000002"));
        let lanes = |counted: &str| {
            let lane = AttributeValue::S(format!("{} {}", Sequence::new(counted).as_str(), this_hour()));
            Lanes::read(&Item::from([(shard.attribute(), lane)]))
        };
        let records = BTreeMap::from([(Sequence::new("20"), 3), (Sequence::new("25"), 5)]);
        let claim = Claim {
            shard: shard.clone(),
            records,
            before: 2,
            before_by: Some(Sequence::new("10")),
            hour: this_hour(),
        };
        let of = |claim: &Claim| Watermark { version: 5, claim: Some(claim.clone()) };
        let counted = |counted| lanes(counted).version_of(&of(&claim));
        assert_eq!(["9", "10", "19"].map(counted), [None, Some(2), Some(2)]);
        assert_eq!(["20", "24", "25", "90"].map(counted), [Some(3), Some(3), Some(5), Some(5)]);
        let has = |counted| lanes(counted).has(&of(&claim));
        assert_eq!(["9", "24", "25"].map(has), [2, 3, 5]);
        let first = Claim { before: 0, before_by: None, ..claim.clone() };
        assert_eq!(Lanes::default().version_of(&of(&first)), Some(0));
        let long_ago = Claim { hour: this_hour() - SETTLED_AFTER_HOURS - 1, ..claim };
        assert_eq!(Lanes::default().version_of(&of(&long_ago)), Some(5));
        assert_eq!(Lanes::default().version_of(&Watermark { version: 3, claim: None }), Some(3));
    }

    #[test]
    fn a_watermark_says_which_records_made_which_version() {
        let shard = Shard::new("shardId-00000001");
        let records = |all: &[(&str, u64)]| {
            all.iter().map(|(record, version)| (Sequence::new(record), *version)).collect::<BTreeMap<_, _>>()
        };
        let begun = Watermark::default().claiming(&shard, &records(&[("10", 1), ("12", 2)]));
        assert_eq!(begun.version, 2);
        // The same comes again, or a part of it.
        assert_eq!(begun.clone().claiming(&shard, &records(&[("10", 1), ("12", 2)])), begun);
        assert_eq!(begun.clone().claiming(&shard, &records(&[("10", 1)])), begun);
        // It comes again with more.
        let longer = begun.clone().claiming(&shard, &records(&[("12", 2), ("15", 4)]));
        let claim = longer.claim.clone().unwrap();
        assert_eq!((claim.before, claim.before_by), (0, None));
        assert_eq!(claim.records, records(&[("10", 1), ("12", 2), ("15", 4)]));
        // What follows is another batch.
        let next = longer.clone().claiming(&shard, &records(&[("16", 5)]));
        let claim = next.claim.clone().unwrap();
        assert_eq!((claim.before, claim.before_by.as_ref()), (4, Some(&Sequence::new("15"))));
        // So is what another shard brings, of which some is known.
        let other = Shard::new("shardId-00000002");
        let elsewhere = next.claiming(&other, &records(&[("7", 4), ("8", 5), ("9", 6)]));
        let claim = elsewhere.claim.clone().unwrap();
        assert_eq!((claim.before, claim.before_by, claim.records), (5, None, records(&[("9", 6)])));
        assert_eq!(elsewhere.clone().claiming(&shard, &records(&[("16", 5)])), elsewhere);
    }

    #[test]
    fn what_a_shard_brought_long_ago_may_go() {
        let at = |hours: u64| {
            AttributeValue::S(format!("{} {}", Sequence::new("7").as_str(), this_hour() - hours))
        };
        let lanes = Lanes::read(&Item::from([
            ("=old".into(), at(26)),
            ("=new".into(), at(25)),
            ("nbUSD".into(), at(99)),
        ]));
        assert_eq!(lanes.ended().collect::<Vec<_>>(), [&Shard::stored("old")]);
    }
}
