//! No row is lost, and none is reported twice while the ids fit, whenever rows become visible.

mod clocks;
mod feed;
mod kept;
mod late;
mod once;
mod pauses;

use std::collections::BTreeSet;

use proptest::prelude::*;

use self::feed::{Feed, settings};
use super::checkpoint::{Checkpoint, LONGEST};
use crate::Connector;
use crate::bindings::exports::defender::atp::triggers::{Guest, PollOptions};
use crate::failure::Failure;
use crate::testing::{answer, asked, reply};

/// A row with its creation time, and the time at which it becomes visible, in seconds.
#[derive(Debug, Clone)]
struct Late {
    created: u32,
    visible_at: u32,
}

fn rows() -> impl Strategy<Value = Vec<Late>> {
    // Times often collide, so that whole pages share one. Rows are at most 60 seconds late.
    let row = (0_u32..40, 0_u32..60)
        .prop_map(|(slot, late)| Late { created: slot * 5, visible_at: slot * 5 + late });
    prop::collection::vec(row, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn each_row_is_reported_exactly_once(rows in rows(), page in 1_u32..12, step in 1_u32..40) {
        let mut feed = Feed::starting_at_zero();
        let mut reported = Vec::new();
        let mut checkpoint = None;
        for now in (0..320).step_by(step as usize).chain([400, 400]) {
            feed.show(rows.iter().enumerate().filter(|(_, row)| row.visible_at <= now).map(|(id, row)| (id, row.created)), now);
            let mut polls = 0;
            loop {
                let (events, next, more) = feed.poll(checkpoint.as_deref(), settings(Some(0), 60, page));
                reported.extend(events);
                checkpoint = Some(next);
                polls += 1;
                prop_assert!(polls < 200, "it makes headway");
                // Sometimes rows appear between one page and the next.
                if !more { break }
                feed.show(rows.iter().enumerate().filter(|(_, row)| row.visible_at <= now + polls).map(|(id, row)| (id, row.created)), now);
            }
        }
        let unique: BTreeSet<&String> = reported.iter().collect();
        prop_assert_eq!(unique.len(), reported.len(), "nothing comes twice: {:?}", reported);
        prop_assert_eq!(reported.len(), rows.len(), "nothing is lost");
    }

    #[test]
    fn what_is_there_at_the_start_is_not_reported_and_all_that_follows_is(
        rows in rows(), start in 0_u32..200, page in 1_u32..12,
    ) {
        let mut feed = Feed::starting_at_zero();
        let visible = |now: u32| rows.iter().enumerate().filter(move |(_, row)| row.visible_at <= now).map(|(id, row)| (id, row.created));
        feed.show(visible(start), start);
        let there: BTreeSet<String> = visible(start).map(|(id, _)| feed::id(id)).collect();
        let (events, mut checkpoint, more) = feed.poll(None, settings(None, 60, page));
        prop_assert!(events.is_empty() && !more);
        let mut reported = Vec::new();
        for now in [start + 1, start + 30, 400, 400] {
            feed.show(visible(now), now);
            loop {
                let (events, next, more) = feed.poll(Some(&checkpoint), settings(None, 60, page));
                reported.extend(events);
                checkpoint = next;
                if !more { break }
            }
        }
        let unique: BTreeSet<String> = reported.iter().cloned().collect();
        prop_assert_eq!(unique.len(), reported.len());
        let expected: BTreeSet<String> = (0..rows.len()).map(feed::id).filter(|id| !there.contains(id)).collect();
        prop_assert_eq!(unique, expected);
    }

    #[test]
    fn a_checkpoint_reads_back(text in "\\PC{0,60}", junk in any::<String>()) {
        prop_assert!(Checkpoint::read("t", &text).is_err());
        let text = format!("2 t 2021-01-01T00:00:00Z 2021-01-01T00:00:00Z - - - 5:{junk}");
        if let Ok(read) = Checkpoint::read("t", &text) {
            prop_assert_eq!(Checkpoint::read("t", &read.write("t").0), Ok(read));
        }
    }
}

#[test]
fn more_ids_than_fit_are_reported_again_but_never_lost() {
    let mut feed = Feed::starting_at_zero();
    feed.show((0..6000).map(|id| (id, 100 + (id as u32) / 100)), 200);
    let (mut seen, mut checkpoint) = (BTreeSet::new(), None);
    for _ in 0..30 {
        let (events, next, _) = feed.poll(checkpoint.as_deref(), settings(Some(0), 3600, 1000));
        seen.extend(events);
        assert!(next.len() <= LONGEST, "{}", next.len());
        checkpoint = Some(next);
    }
    assert_eq!(seen.len(), 6000);
    // At the start, rows that do not fit are not reported.
    let (_, mut checkpoint, _) = feed.poll(None, settings(None, 3600, 1000));
    assert!(checkpoint.len() <= LONGEST);
    for _ in 0..3 {
        let (events, next, _) = feed.poll(Some(&checkpoint), settings(None, 3600, 1000));
        assert!(events.is_empty(), "{events:?}");
        checkpoint = next;
    }
    feed.show((0..6000).map(|id| (id, 100 + (id as u32) / 100)).chain([(6001, 159), (6002, 170)]), 210);
    let mut events = Vec::new();
    for _ in 0..3 {
        let (found, next, _) = feed.poll(Some(&checkpoint), settings(None, 3600, 1000));
        events.extend(found);
        checkpoint = next;
    }
    assert_eq!(events, [feed::id(6001), feed::id(6002)]);
}

#[test]
fn a_row_from_the_future_hides_nothing() {
    let mut feed = Feed::starting_at_zero();
    feed.show([(0, 10), (1, 900_000)], 20);
    let (events, checkpoint, _) = feed.poll(None, settings(Some(0), 60, 10));
    assert_eq!(events, [feed::id(0), feed::id(1)]);
    let (events, checkpoint, _) = feed.poll(Some(&checkpoint), settings(Some(0), 60, 10));
    assert!(events.is_empty());
    feed.show([(0, 10), (1, 900_000), (2, 25)], 30);
    assert_eq!(feed.poll(Some(&checkpoint), settings(Some(0), 60, 10)).0, [feed::id(2)]);
}

#[test]
fn a_longer_overlap_does_not_bring_back_what_was_forgotten() {
    let mut feed = Feed::starting_at_zero();
    feed.show([(0, 0), (1, 1000), (2, 2000)], 2000);
    let (events, checkpoint, _) = feed.poll(None, settings(Some(0), 10, 10));
    assert_eq!(events.len(), 3);
    let (events, _, _) = feed.poll(Some(&checkpoint), settings(Some(0), 86_400, 10));
    assert!(events.is_empty());
}

fn options(since: Option<&str>) -> PollOptions {
    PollOptions {
        since: since.map(str::to_owned),
        overlap_seconds: None,
        page_size: None,
        begun_seconds_ago: None,
    }
}

fn parameter<T: std::fmt::Debug>(result: Result<T, Failure>) -> Option<String> {
    match result {
        Err(Failure::PermanentInvalidInput(input)) => input.parameter,
        other => panic!("{other:?}"),
    }
}

#[test]
fn alerts_are_asked_for_with_their_evidence() {
    answer(Ok(reply(
        200,
        r#"{"value":[{"id":"a1","alertCreationTime":"2026-01-31T11:00:00.5Z","evidence":[{}]}]}"#,
    )));
    let batch =
        Connector::poll_new_alerts(None, options(Some("2026-01-31T12:00:00+02:00"))).expect("it is polled");
    assert_eq!((batch.events.len(), batch.more), (1, false));
    assert_eq!(
        (batch.events[0].id.as_str(), batch.events[0].time.as_deref()),
        ("a1", Some("2026-01-31T11:00:00.5Z"))
    );
    assert_eq!(batch.events[0].data.evidence.as_ref().map(Vec::len), Some(1));
    answer(Ok(reply(200, r#"{"value":[{"id":"a1","alertCreationTime":"2026-01-31T11:00:00.5Z"}]}"#)));
    let again = Connector::poll_new_alerts(Some(batch.checkpoint), options(None)).expect("it is polled");
    assert!(again.events.is_empty());
    answer(Ok(reply(200, r#"{"value":[]}"#)));
    Connector::poll_new_alerts(None, options(None)).expect("it is polled");
    let targets: Vec<String> = asked().into_iter().map(|request| request.target).collect();
    let window = |time: &str| {
        format!(
            "/api/alerts?$expand=evidence&$filter=alertCreationTime%20ge%20{time}&$orderby=alertCreationTime%20asc&$top=1000"
        )
    };
    assert_eq!(
        targets,
        [
            window("2026-01-31T10%3A00%3A00.0000000Z"),
            window("2026-01-31T10%3A30%3A00.5000000Z"),
            "/api/alerts?$select=id%2CalertCreationTime&$orderby=alertCreationTime%20desc&$top=2000"
                .to_owned(),
        ]
    );
}

#[test]
fn remediation_activities_are_asked_for_by_their_creation() {
    answer(Ok(reply(200, r#"{"value":[{"id":"r1","createdOn":"2021-02-10T13:20:36.4718166Z"}]}"#)));
    let batch = Connector::poll_new_remediation_activities(None, options(Some("2021-02-10T00:00:00Z")))
        .expect("it is polled");
    assert_eq!((batch.events[0].id.as_str(), batch.events[0].data.id.as_deref()), ("r1", Some("r1")));
    let [request] = asked().try_into().expect("it asks once");
    assert_eq!(
        request.target,
        "/api/remediationtasks?$filter=createdOn%20ge%202021-02-10T00%3A00%3A00.0000000Z&$orderby=createdOn%20asc&$top=1000"
    );
    assert_eq!(
        parameter(Connector::poll_new_alerts(Some(batch.checkpoint), options(None))).as_deref(),
        Some("checkpoint")
    );
}

#[test]
fn a_poll_is_refused_what_makes_no_sense_before_it_asks() {
    let poll = |checkpoint: Option<&str>, options| {
        parameter(Connector::poll_new_alerts(checkpoint.map(str::to_owned), options))
    };
    let long = format!("1 new-alerts {}", "x".repeat(LONGEST));
    for junk in [
        "",
        "junk",
        "{}",
        "3 new-alerts",
        "1",
        "1 new-alerts",
        "1 new-alerts a b -",
        "2 new-alerts a b -",
        &long,
    ] {
        assert_eq!(poll(Some(junk), options(None)).as_deref(), Some("checkpoint"), "{junk:.40}");
    }
    assert_eq!(poll(None, options(Some("yesterday"))).as_deref(), Some("since"));
    assert_eq!(
        poll(None, PollOptions { overlap_seconds: Some(86_401), ..options(None) }).as_deref(),
        Some("overlap-seconds")
    );
    assert_eq!(poll(None, PollOptions { page_size: Some(0), ..options(None) }).as_deref(), Some("page-size"));
    assert_eq!(
        poll(None, PollOptions { page_size: Some(10_001), ..options(None) }).as_deref(),
        Some("page-size")
    );
    assert!(asked().is_empty());
}

#[test]
fn rows_that_make_no_sense_are_an_unexpected_reply() {
    let since = || PollOptions { page_size: Some(2), ..options(Some("2021-01-01T00:00:00Z")) };
    for body in [
        r#"{"value":[{"alertCreationTime":"2021-01-26T20:33:57Z"}]}"#,
        r#"{"value":[{"id":"a","alertCreationTime":"2021-01-27T00:00:00Z"},{"id":"b","alertCreationTime":"2021-01-26T00:00:00Z"}]}"#,
    ] {
        answer(Ok(reply(200, body)));
        let result = Connector::poll_new_alerts(None, since());
        assert!(matches!(result, Err(Failure::PermanentUnexpectedReply(_))), "{result:?}");
    }
}
