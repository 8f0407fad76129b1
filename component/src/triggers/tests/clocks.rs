//! A list whose clock is fast and is then set back.

use super::feed::{Feed, id, settings};

const HOUR: u32 = 3600;

#[test]
fn a_clock_that_was_ahead_and_is_set_back_hides_nothing() {
    let mut feed = Feed::starting_at_zero();
    let look = settings(None, 1800, 10);
    // The clock is an hour fast.
    feed.show([], 2 * HOUR);
    let (_, checkpoint) = feed.sweep(None, look);
    feed.show([(0, 2 * HOUR + 10)], 2 * HOUR + 20);
    let (events, checkpoint) = feed.sweep(Some(&checkpoint), look);
    assert_eq!(events, [id(0)]);
    // The clock is corrected, and two rows arrive.
    feed.show([(0, 2 * HOUR + 10), (1, HOUR + 30), (2, HOUR + 40)], HOUR + 50);
    let (events, conclusion) = feed.conclude(Some(&checkpoint), look);
    assert_eq!((conclusion.clock_set_back, conclusion.more), (Some(i64::from(HOUR) - 30), true));
    assert!(events.is_empty() && conclusion.late.is_none());
    let (events, checkpoint) = feed.sweep(Some(&conclusion.checkpoint), look);
    assert_eq!(events, [id(1), id(2)], "what was seen comes no second time");
    // This is reported once, and later rows are found as usual.
    feed.show([(0, 2 * HOUR + 10), (1, HOUR + 30), (2, HOUR + 40), (3, HOUR + 100)], HOUR + 110);
    let (events, conclusion) = feed.conclude(Some(&checkpoint), look);
    assert_eq!((events, conclusion.clock_set_back), (vec![id(3)], None));
}

#[test]
fn a_clock_that_is_set_back_between_two_pages_hides_nothing() {
    let mut feed = Feed::starting_at_zero();
    let look = settings(Some(2 * HOUR), 1800, 2);
    feed.show([(0, 2 * HOUR), (1, 2 * HOUR + 5)], 2 * HOUR + 10);
    let (_, checkpoint) = feed.sweep(None, look);
    feed.show([(0, 2 * HOUR), (1, 2 * HOUR + 5), (2, 2 * HOUR + 20)], 2 * HOUR + 30);
    let (_, checkpoint, more) = feed.poll(Some(&checkpoint), look);
    assert!(more);
    let rows = || [(0, 2 * HOUR), (1, 2 * HOUR + 5), (2, 2 * HOUR + 20), (3, HOUR + 60)];
    feed.show(rows(), HOUR + 70);
    let (mut found, checkpoint) = feed.sweep(Some(&checkpoint), look);
    found.extend(feed.sweep(Some(&checkpoint), look).0);
    assert_eq!(found, [id(2), id(3)]);
}

#[test]
fn machines_whose_clocks_differ_by_seconds_are_one_clock() {
    let mut feed = Feed::starting_at_zero();
    let look = settings(None, 60, 10);
    feed.show([], 1000);
    let (_, checkpoint) = feed.sweep(None, look);
    feed.show([], 970);
    let (_, conclusion) = feed.conclude(Some(&checkpoint), look);
    assert_eq!(conclusion.clock_set_back, None);
}

#[test]
fn a_beginning_that_lies_ahead_stays_where_it_is() {
    let mut feed = Feed::starting_at_zero();
    let look = settings(Some(5000), 1800, 10);
    feed.show([(0, 900)], 1000);
    let (events, checkpoint) = feed.sweep(None, look);
    assert!(events.is_empty());
    feed.show([(0, 900), (1, 500)], 600);
    assert!(feed.sweep(Some(&checkpoint), look).0.is_empty());
    feed.show([(0, 900), (2, 5000)], 5001);
    assert_eq!(feed.sweep(Some(&checkpoint), look).0, [id(2)]);
}
