//! Which shard of a stream a record is in, and which lane of the shard.
//!
//! DynamoDB splits a stream as it splits its table, by a hash of the partition key, and Lambda
//! splits a shard's records once more by the same key where `ParallelizationFactor` says so. A lane
//! is what is delivered in order, one batch at a time.

use serde_json::Value;

use super::hash;

/// How many shards a stream is delivered as.
const SHARDS: usize = 4;

/// The shards of a stream, each with as many lanes.
#[derive(Clone, Copy, Debug)]
pub struct Shards {
    factor: usize,
}

impl Shards {
    /// With a `ParallelizationFactor`.
    pub fn new(factor: usize) -> Self {
        Self { factor: factor.max(1) }
    }

    /// How many lanes there are.
    pub const fn lanes(self) -> usize {
        SHARDS * self.factor
    }

    /// The lane of a partition key, an attribute value: the same in every run.
    pub fn lane_of(self, partition_key: &Value) -> usize {
        let text = partition_key.as_object().and_then(|typed| typed.values().next());
        let hash = hash(text.and_then(Value::as_str).unwrap_or_default());
        let lane = hash % u64::try_from(self.lanes()).unwrap_or(1);
        usize::try_from(lane).unwrap_or_default()
    }

    /// The id of the shard that a lane belongs to.
    pub fn id_of(self, lane: usize) -> String {
        let shard = lane % SHARDS;
        format!("shardId-{shard:020}-{:08x}", hash(&shard.to_string()) >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_keeps_its_shard_whatever_the_factor_and_the_shards_fill_alike() {
        let (one, three) = (Shards::new(1), Shards::new(3));
        let mut filled = vec![0; three.lanes()];
        for order in 0..6_000_u64 {
            let key = json!({ "S": format!("ORDER#{:032x}", hash(&order.to_string())) });
            assert_eq!(one.id_of(one.lane_of(&key)), three.id_of(three.lane_of(&key)));
            filled[three.lane_of(&key)] += 1;
        }
        assert!(filled.iter().all(|records| (400..600).contains(records)), "{filled:?}");
        assert_eq!(one.lane_of(&json!({ "S": "ORDER#1" })), 2);
    }

    #[test]
    fn each_shard_has_an_id_of_its_own() {
        let shards = Shards::new(2);
        let mut ids: Vec<String> = (0..shards.lanes()).map(|lane| shards.id_of(lane)).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), SHARDS);
    }
}
