//! Rows that become visible later than polls look back, and rows from before a watch was first answered.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::feed::{Feed, id, settings};
use crate::triggers::settings::Settings;

const HOUR: u32 = 3600;

#[test]
fn an_index_six_hours_behind_with_a_flood_loses_nothing_and_is_told() {
    // 30 rows an hour for four hours. Each becomes visible six hours after its creation. Pages have ten rows.
    let rows: Vec<u32> = (0..120).map(|number| 100 + number * 120).collect();
    let mut feed = Feed::starting_at_zero();
    let show = |feed: &mut Feed, now: u32| {
        let visible = rows.iter().enumerate().filter(|(_, created)| **created + 6 * HOUR <= now);
        feed.show(visible.map(|(number, created)| (number, *created)), now);
    };
    let look = settings(None, 1800, 10);
    show(&mut feed, 0);
    let (_, mut checkpoint) = feed.sweep(None, look);
    let (mut reported, mut told) = (Vec::new(), Vec::new());
    for now in (60..12 * HOUR).step_by(60) {
        show(&mut feed, now);
        loop {
            let (events, conclusion) = feed.conclude(Some(&checkpoint), look);
            reported.extend(events);
            told.extend(conclusion.late.map(|late| (late.events, late.seconds)));
            checkpoint = conclusion.checkpoint;
            if !conclusion.more {
                break;
            }
        }
    }
    let unique: BTreeSet<&String> = reported.iter().collect();
    assert_eq!((unique.len(), reported.len()), (120, 120), "nothing is lost, and nothing comes twice");
    assert_eq!(told.iter().map(|(events, _)| events).sum::<i64>(), 120);
    let late = i64::from(6 * HOUR);
    assert!(told.iter().all(|(_, seconds)| (late - 120..=late).contains(seconds)), "{told:?}");
}

#[test]
fn after_one_late_row_sweeps_look_back_further_for_a_week() {
    let mut feed = Feed::starting_at_zero();
    let look = settings(Some(0), 60, 10);
    feed.show([(0, 100)], HOUR);
    let (_, checkpoint) = feed.sweep(None, look);
    // The newest row is old, so that a row that is an hour late is met.
    feed.show([(0, 100), (1, 90)], HOUR + 10);
    let (events, found) = feed.conclude(Some(&checkpoint), look);
    assert_eq!(events, [id(1)]);
    assert_eq!(
        found.late.map(|late| (late.events, late.seconds)),
        Some((1, 3510)),
        "it was not there before"
    );
    feed.show([(2, 5000)], 5000);
    let (_, checkpoint) = feed.sweep(Some(&found.checkpoint), look);
    let mut sweep = |row: u32, now: u32, checkpoint: &str| {
        feed.show([(2, 5000), (3, row)], now);
        feed.sweep(Some(checkpoint), look)
    };
    // Found up to a lateness of 3570 seconds: that of the earlier row, plus the look-back that the sweeps are
    // given.
    assert_eq!(sweep(5000 - 3570, 5001, &checkpoint).0, [id(3)]);
    assert!(sweep(5000 - 3571, 5001, &checkpoint).0.is_empty());
    let (_, checkpoint) = sweep(0, 5000 + 8 * 86_400, &checkpoint);
    let (_, checkpoint) = sweep(800_000, 800_000, &checkpoint);
    feed.show([(3, 800_000), (4, 799_930)], 800_001);
    assert!(feed.sweep(Some(&checkpoint), look).0.is_empty(), "a week later it is forgotten");
}

#[test]
fn rows_in_time_are_not_called_late_nor_is_what_came_before_the_watch() {
    let mut feed = Feed::starting_at_zero();
    feed.show((0..91).map(|number| (number, number as u32 * 1000)), 90_000);
    let (events, conclusion) = feed.conclude(None, settings(Some(0), 60, 100));
    assert_eq!((events.len(), conclusion.late.is_some()), (91, false));
    // After a long pause, rows are old but could not have been found before.
    feed.show((0..200).map(|number| (number, number as u32 * 1000)), 300_000);
    let (events, conclusion) = feed.conclude(Some(&conclusion.checkpoint), settings(Some(0), 60, 200));
    assert_eq!((events.len(), conclusion.late.is_some()), (109, false));
}

#[test]
fn what_happens_between_the_first_start_and_the_first_answer_is_reported() {
    let mut feed = Feed::starting_at_zero();
    let look = Settings { begun: Some(400), ..settings(None, 60, 10) };
    feed.show([(0, 500), (1, 560), (2, 599), (3, 600), (4, 700), (5, 1000)], 1000);
    let (events, conclusion) = feed.conclude(None, look);
    assert!(events.is_empty() && conclusion.more);
    assert_eq!(feed.sweep(Some(&conclusion.checkpoint), look).0, [id(3), id(4), id(5)]);
}

#[test]
fn days_before_the_first_answer_are_reported_however_much_happened() {
    let mut feed = Feed::starting_at_zero();
    let look = Settings { begun: Some(90_000), ..settings(None, 1800, 1000) };
    feed.show((0..5000).map(|number| (number, number as u32 * 20)), 100_000);
    let (events, checkpoint) = feed.sweep(None, look);
    assert_eq!(events.len(), 4500);
    assert!(feed.sweep(Some(&checkpoint), look).0.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn lists_that_compare_by_the_second_lose_nothing(
        rows in prop::collection::vec((0_u64..6, 0_u64..1_000_000_000), 0..60),
        page in 1_u32..9,
    ) {
        let mut feed = Feed::by_the_second();
        let times = rows.iter().map(|(second, fraction)| second * 1_000_000_000 + fraction);
        feed.show_fractions(times.enumerate(), 10);
        let look = settings(Some(0), 60, page);
        let (mut reported, checkpoint) = feed.sweep(None, look);
        reported.extend(feed.sweep(Some(&checkpoint), look).0);
        let unique: BTreeSet<&String> = reported.iter().collect();
        prop_assert_eq!((unique.len(), reported.len()), (rows.len(), rows.len()));
    }
}
