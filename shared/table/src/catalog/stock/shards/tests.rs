use super::*;
use proptest::prelude::*;

fn looked(pieces: &[u64]) -> Looked {
    let levels: Vec<(u16, u64)> = (0..).zip(pieces.iter().copied()).collect();
    Looked { shards: u16::try_from(levels.len()).unwrap(), levels, dealt: 0 }
}

/// The shelf after the moves, which take nothing that is not there.
fn after(before: &Looked, moves: &Moves) -> Looked {
    let mut pieces: Vec<u64> = before.levels.iter().map(|(_, pieces)| *pieces).collect();
    for (shard, moved) in moves {
        let shard = usize::from(*shard);
        pieces.resize(pieces.len().max(shard + 1), 0);
        pieces[shard] = pieces[shard].checked_add_signed(*moved).unwrap();
    }
    looked(&pieces)
}

#[test]
fn a_shelf_is_dealt_evenly_if_it_is_worth_it() {
    assert_eq!(looked(&[100]).evened(0, 4), Some(vec![(1, 25), (2, 25), (3, 25), (0, -75)]));
    // At least four pieces each.
    assert_eq!(looked(&[9]).evened(0, 4), Some(vec![(1, 4), (0, -4)]));
    assert_eq!(looked(&[7]).evened(0, 4), None);
    assert_eq!(looked(&[100]).evened(0, 1), None);
    // New pieces come to the first; those of others are left alone.
    assert_eq!(looked(&[80, 5, 60, 15]).evened(0, 4), Some(vec![(1, 35), (3, 5), (0, -40)]));
    assert_eq!(looked(&[30, 20, 25, 25]).evened(0, 4), None);
    assert_eq!(looked(&[30, 20, 25, 25]).evened(1, 4), None);
    // Fewer than it has been in.
    assert_eq!(looked(&[0, 40, 0, 0]).evened(1, 2), Some(vec![(0, 20), (1, -20)]));
}

#[test]
fn pieces_are_gathered_where_most_are() {
    assert_eq!(looked(&[2, 5, 3]).gathered(6), Some((1, vec![(2, -1), (1, 1)])));
    assert_eq!(looked(&[2, 5, 3]).gathered(10), Some((1, vec![(2, -3), (0, -2), (1, 5)])));
    assert_eq!(looked(&[2, 5, 3]).gathered(11), None);
    assert_eq!(looked(&[]).gathered(1), None);
}

proptest! {
    #[test]
    fn moves_lose_and_make_nothing(
        pieces in prop::collection::vec(0_u64..300, 1..16), from in 0_u16..16, most in 1_u16..17, wanted in 1_u64..900,
    ) {
        let before = looked(&pieces);
        if let Some(moves) = before.evened(from, most) {
            let dealt = after(&before, &moves);
            prop_assert_eq!(dealt.total(), before.total());
            prop_assert!(moves.iter().all(|(shard, _)| *shard < most || *shard == from));
            prop_assert!(dealt.at(from) < before.at(from));
            prop_assert_eq!(dealt.evened(from, most), None);
        }
        if before.with(wanted).is_empty() {
            match before.gathered(wanted) {
                Some((to, moves)) => {
                    let gathered = after(&before, &moves);
                    prop_assert_eq!(gathered.total(), before.total());
                    prop_assert_eq!(gathered.at(to), wanted);
                }
                None => prop_assert!(before.total() < wanted),
            }
        }
    }
}
