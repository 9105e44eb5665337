//! What a mapping has read of its stream and not delivered yet, lane by lane.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::limits::PAYLOAD;

/// How much may wait in a lane, in bytes of JSON.
const LANE_BYTES: usize = 8 * 1024 * 1024;
/// What a record counts for at least: so that no lane holds more than 8,192 of them.
const RECORD_BYTES: usize = 1024;
/// What an event has around and between its records, in bytes.
const AROUND_RECORDS: usize = 1024;

/// A record that passed the filter.
#[derive(Debug)]
pub(super) struct Record {
    /// The record as the function sees it, JSON.
    pub event: String,
    /// Its sequence number.
    pub number: u128,
    /// When it was made, in seconds since 1970.
    pub at_s: i64,
}

/// Records, and the room in the lane that they take until they are taken out.
type Waiting = (Vec<Record>, OwnedSemaphorePermit);

/// Where the reader puts a lane's records.
pub(super) struct Inlet {
    records: UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
}

/// Where batches are taken out of a lane.
pub(super) struct Outlet {
    records: UnboundedReceiver<Waiting>,
    /// What has been taken out and is in no batch yet.
    next: VecDeque<Record>,
}

/// A lane: at most [`LANE_BYTES`] wait in it, besides what the reader found in one look and the
/// batch in work.
pub(super) fn lane() -> (Inlet, Outlet) {
    let (inlet, outlet) = unbounded_channel();
    let room = Arc::new(Semaphore::new(LANE_BYTES));
    (Inlet { records: inlet, room }, Outlet { records: outlet, next: VecDeque::new() })
}

impl Inlet {
    /// Puts in what comes next in the stream, as soon as the lane has room for it.
    pub(super) async fn put(&self, records: Vec<Record>) {
        let bytes: usize = records.iter().map(|record| record.event.len().max(RECORD_BYTES)).sum();
        let room = u32::try_from(bytes.min(LANE_BYTES)).unwrap_or(u32::MAX);
        // Neither is ever closed while the stack runs.
        if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(room).await {
            let _ = self.records.send((records, room));
        }
    }
}

impl Outlet {
    /// Waits for records, then until the window is over for more of them; at most so many, and no
    /// more than an invocation may carry, but always one. `None` where none will come any more.
    pub(super) async fn take(&mut self, most: usize, window: Duration) -> Option<Vec<Record>> {
        if self.next.is_empty() {
            self.receive().await?;
        }
        let end = Instant::now() + window;
        while self.next.len() < most && self.bytes() < PAYLOAD {
            if !matches!(timeout_at(end, self.receive()).await, Ok(Some(()))) {
                break;
            }
        }
        let mut bytes = AROUND_RECORDS;
        let fitting = self.next.iter().take(most).take_while(|record| {
            bytes += record.event.len() + 1;
            bytes <= PAYLOAD
        });
        let count = fitting.count().max(1);
        Some(self.next.drain(..count).collect())
    }

    async fn receive(&mut self) -> Option<()> {
        let (records, _room) = self.records.recv().await?;
        self.next.extend(records);
        Some(())
    }

    fn bytes(&self) -> usize {
        self.next.iter().map(|record| record.event.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(sizes: &[usize]) -> Vec<Record> {
        let sizes = (1..).zip(sizes);
        sizes.map(|(number, size)| Record { event: " ".repeat(*size), number, at_s: 0 }).collect()
    }

    async fn taken(outlet: &mut Outlet, most: usize) -> Vec<u128> {
        let taken = outlet.take(most, Duration::ZERO).await.unwrap();
        taken.iter().map(|record| record.number).collect()
    }

    #[tokio::test]
    async fn a_batch_is_what_waits_up_to_its_size() {
        let (inlet, mut outlet) = lane();
        inlet.put(records(&[1, 1])).await;
        inlet.put(records(&[1])).await;
        assert_eq!(taken(&mut outlet, 2).await, [1, 2]);
        assert_eq!(taken(&mut outlet, 2).await, [1]);
    }

    #[tokio::test]
    async fn an_invocation_carries_six_megabytes_but_always_one_record() {
        let (inlet, mut outlet) = lane();
        inlet.put(records(&[PAYLOAD + 1, PAYLOAD - AROUND_RECORDS - 1, 1, 1])).await;
        assert_eq!(taken(&mut outlet, 10).await, [1]);
        assert_eq!(taken(&mut outlet, 10).await, [2]);
        assert_eq!(taken(&mut outlet, 10).await, [3, 4]);
    }

    #[tokio::test]
    async fn a_window_waits_for_more_and_ends_when_the_batch_is_full() {
        let (inlet, mut outlet) = lane();
        let (began, window) = (Instant::now(), Duration::from_millis(400));
        let fill = async {
            for _ in 0..3 {
                inlet.put(records(&[1])).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let (batch, ()) = tokio::join!(outlet.take(10, window), fill);
        assert_eq!(batch.unwrap().len(), 3);
        assert!(began.elapsed() >= window);
        inlet.put(records(&[1, 1])).await;
        let full = outlet.take(2, Duration::from_secs(600));
        assert_eq!(tokio::time::timeout(Duration::from_secs(60), full).await.unwrap().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_full_lane_takes_no_more_until_something_is_taken_out() {
        let (inlet, mut outlet) = lane();
        inlet.put(records(&vec![1; LANE_BYTES / RECORD_BYTES])).await;
        let more = inlet.put(records(&[1]));
        tokio::pin!(more);
        assert!(futures::poll!(&mut more).is_pending());
        assert_eq!(taken(&mut outlet, 1).await, [1]);
        more.await;
    }
}
