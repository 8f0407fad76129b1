//! Sweeps that are interrupted, and lists in which nothing happens for a long time.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::feed::{Feed, id, settings};

/// How late a row may become visible, and how far polls look back, in seconds.
const OVERLAP: u32 = 60;
/// When no more rows are created.
const END: u32 = 3000;

/// The rows' creation times, and the times at which they become visible.
fn rows() -> impl Strategy<Value = Vec<(u32, u32)>> {
    // The rows come in bursts, with long pauses in between.
    let row = (0_u32..6, 0_u32..8, 0..=OVERLAP)
        .prop_map(|(heap, place, late)| (heap * 500 + place * 5, heap * 500 + place * 5 + late));
    prop::collection::vec(row, 0..60)
}

fn show(feed: &mut Feed, rows: &[(u32, u32)], now: u32) {
    let visible = rows.iter().enumerate().filter(|(_, (_, visible))| *visible <= now);
    feed.show(visible.map(|(number, (created, _))| (number, *created)), now);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn however_long_it_pauses_between_pages_nothing_is_lost(
        rows in rows(), page in 1_u32..8, pauses in prop::collection::vec(0_u32..400, 1..20),
    ) {
        let mut feed = Feed::starting_at_zero();
        let (mut reported, mut checkpoint) = (Vec::new(), None);
        let mut now = 0;
        let mut pauses = pauses.iter().cycle();
        let mut ended = 0;
        let mut polls = 0;
        while ended < 3 {
            show(&mut feed, &rows, now);
            let (events, next, more) = feed.poll(checkpoint.as_deref(), settings(Some(0), OVERLAP, page));
            reported.extend(events);
            checkpoint = Some(next);
            if now > END + OVERLAP {
                ended += u32::from(!more);
            } else {
                // At least a second, or the test might never end.
                now += 1 + pauses.next().copied().unwrap_or_default();
            }
            polls += 1;
            prop_assert!(polls < 20_000, "it makes headway");
        }
        let unique: BTreeSet<&String> = reported.iter().collect();
        prop_assert_eq!(unique.len(), reported.len(), "nothing comes twice: {:?}", reported);
        let all: BTreeSet<String> = (0..rows.len()).map(id).collect();
        let lost: Vec<&String> = all.iter().filter(|id| !unique.contains(id)).collect();
        prop_assert!(lost.is_empty(), "lost {lost:?}");
    }
}

#[test]
fn what_became_visible_behind_an_interrupted_sweep_is_found() {
    let mut feed = Feed::starting_at_zero();
    let many = || (0..1500).map(|number| (number, 1000 + number as u32 / 4));
    feed.show(many(), 1400);
    let (first, checkpoint, more) = feed.poll(None, settings(Some(0), 1800, 1000));
    assert!(more && first.len() == 1000);
    // The next page is read two hours later. A row before it was twenty minutes late.
    feed.show(many().chain([(2000, 1010), (2001, 8590)]), 8600);
    let (mut found, mut checkpoint) = (first, checkpoint);
    for _ in 0..5 {
        let (events, next, _) = feed.poll(Some(&checkpoint), settings(None, 1800, 1000));
        found.extend(events);
        checkpoint = next;
    }
    assert!(found.contains(&id(2000)) && found.contains(&id(2001)));
    assert_eq!(found.len(), 1502);
}

#[test]
fn a_flood_is_not_read_for_ever() {
    let mut feed = Feed::starting_at_zero();
    let flood = || (0..6000).map(|number| (number, 100 + number as u32 / 100));
    let (mut checkpoint, mut pages) = (None, 0);
    for now in (200..10_000).step_by(120) {
        feed.show(flood(), now);
        pages = 0;
        loop {
            let (_, next, more) = feed.poll(checkpoint.as_deref(), settings(Some(0), 1800, 1000));
            checkpoint = Some(next);
            pages += 1;
            if !more {
                break;
            }
        }
    }
    assert_eq!(pages, 1, "it is behind what is looked back on");
    let checkpoint = checkpoint.expect("it was polled");
    assert!(checkpoint.len() < 200, "{checkpoint}");
    // Rows that are late by less than the overlap are still found.
    feed.show(flood().chain([(7000, 8300), (7001, 9990)]), 10_000);
    assert_eq!(feed.poll(Some(&checkpoint), settings(None, 1800, 1000)).0, [id(7000), id(7001)]);
}

#[test]
fn few_rows_are_looked_back_on_for_as_long_as_nothing_new_comes() {
    let mut feed = Feed::starting_at_zero();
    feed.show([(0, 100)], 110);
    let (_, mut checkpoint, _) = feed.poll(None, settings(Some(0), 60, 10));
    // Nothing happens in the list for hours, and then a row comes that is just as late.
    for now in [4000, 8000, 12_000] {
        feed.show([(0, 100)], now);
        checkpoint = feed.poll(Some(&checkpoint), settings(None, 60, 10)).1;
    }
    feed.show([(0, 100), (1, 90), (2, 5000)], 12_001);
    assert_eq!(feed.poll(Some(&checkpoint), settings(None, 60, 10)).0, [id(1), id(2)]);
}

#[test]
fn of_the_time_at_which_it_starts_nothing_later_is_missed() {
    let mut feed = Feed::starting_at_zero();
    let heap = || (0..2500).map(|number| (number, 100));
    feed.show(heap(), 100);
    let (events, mut checkpoint, _) = feed.poll(None, settings(None, 60, 1000));
    assert!(events.is_empty());
    feed.show(heap().chain([(3000, 100), (3001, 101)]), 130);
    let mut found = Vec::new();
    for _ in 0..8 {
        let (events, next, _) = feed.poll(Some(&checkpoint), settings(None, 60, 1000));
        found.extend(events);
        checkpoint = next;
    }
    assert!(found.contains(&id(3000)) && found.contains(&id(3001)), "{}", found.len());
}
