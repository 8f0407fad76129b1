//! Old checkpoints stay readable for ever: engines keep them when the component is replaced.

use super::feed::{Feed, id, settings};
use crate::instant::Instant;
use crate::triggers::checkpoint::{Checkpoint, Seen, Sweep};
use crate::triggers::lateness::Reach;
use crate::triggers::question::Ask;
use crate::triggers::settings::Settings;
use crate::triggers::sweep::Plan;

/// A checkpoint of the first version, between two pages.
const FIRST: &str = "1 new-alerts 2026-01-31T12:00:00.1234567Z 2026-01-31T11:30:00.0000000Z \
                     2026-01-31T11:45:00.5000000Z/3/2026-01-31T12:01:00.0000000Z 1769860800:b%2C1 1769860799:%C3%A4,a";
/// A later checkpoint of version 1, between two pages.
const LATER: &str = "1 new-alerts 2026-01-31T12:00:00.1234567Z 2026-01-31T11:30:00.0000000Z \
                   2026-01-31T11:45:00.5000000Z/3/2026-01-31T12:01:00.0000000Z/2026-01-31T12:02:00.0000000Z \
                   1769860800:b%2C1 1769860799:%C3%A4,a";
/// A checkpoint of the first version, between two sweeps.
const BETWEEN: &str = "1 new-alerts 2026-01-31T12:00:00.1234567Z 2026-01-31T11:30:00.0000000Z - 1769860800:b%2C1 \
                       1769860799:%C3%A4,a";

/// Checkpoints of the current version: between two sweeps, and between two pages.
const NOW: &str = "2 new-alerts 2026-01-31T12:00:00.1234567Z 2026-01-31T11:30:00.0000000Z 2026-01-31T12:00:01.0000000Z \
                   21600/2026-02-07T12:00:00.0000000Z - 1769860800:b%2C1 1769860799:%C3%A4,a";
const NOW_BETWEEN_PAGES: &str = "2 new-alerts 2026-01-31T12:00:00.1234567Z 2026-01-31T11:30:00.0000000Z - - \
     2026-01-31T11:45:00.5000000Z/3/2026-01-31T12:01:00.0000000Z/2026-01-31T12:02:00.0000000Z \
     1769860800:b%2C1 1769860799:%C3%A4,a";

fn time(text: &str) -> Instant {
    Instant::parse(text).expect("it is a time")
}

fn meant(began: Option<&str>, sweep: bool) -> Checkpoint {
    let mut seen = Seen::default();
    for (id, second) in [("b,1", "12:00:00"), ("a", "11:59:59"), ("ä", "11:59:59")] {
        seen.add(id, time(&format!("2026-01-31T{second}.7Z")));
    }
    let sweep = sweep.then(|| Sweep {
        cursor: time("2026-01-31T11:45:00.5Z"),
        skip: 3,
        newest: time("2026-01-31T12:01:00Z"),
        began: began.map(time),
    });
    let high = time("2026-01-31T12:00:00.1234567Z");
    Checkpoint { floor: time("2026-01-31T11:30:00Z"), swept: None, sweep, seen, ..Checkpoint::since(high) }
}

#[test]
fn what_earlier_versions_wrote_is_read() {
    for (text, meant) in [
        (FIRST, meant(None, true)),
        (LATER, meant(Some("2026-01-31T12:02:00Z"), true)),
        (BETWEEN, meant(None, false)),
    ] {
        assert_eq!(Checkpoint::read("new-alerts", text).as_ref(), Ok(&meant));
    }
}

#[test]
fn the_text_of_a_checkpoint_is_this() {
    let reach = Reach { seconds: 21_600, until: time("2026-02-07T12:00:00Z") };
    let swept = Some(time("2026-01-31T12:00:01Z"));
    for (text, meant) in [
        (NOW, Checkpoint { swept, reach: Some(reach), ..meant(None, false) }),
        (NOW_BETWEEN_PAGES, meant(Some("2026-01-31T12:02:00Z"), true)),
    ] {
        assert_eq!(Checkpoint::read("new-alerts", text).as_ref(), Ok(&meant));
        assert_eq!(meant.write("new-alerts"), (text.to_owned(), None));
    }
}

#[test]
fn a_sweep_of_the_first_version_goes_on_where_it_was() {
    let settings = Settings { since: None, begun: None, overlap: 1800, page: 10 };
    let plan = Plan::new("new-alerts", Some(FIRST), settings).expect("it is read");
    assert_eq!(plan.ask(), Ask::From { from: time("2026-01-31T11:45:00.5Z"), skip: 3, top: 10 });
}

#[test]
fn a_sweep_of_the_first_version_hides_nothing_behind_it() {
    // The sweep was interrupted at 210 and continues at 5000. Rows behind it became visible in between.
    let mut feed = Feed::starting_at_zero();
    feed.show([(0, 100), (1, 150), (2, 200)], 210);
    let (_, checkpoint, more) = feed.poll(None, settings(Some(0), 60, 2));
    assert!(more);
    let mut words: Vec<&str> = checkpoint.split(' ').collect();
    words[6] = words[6].rsplit_once('/').expect("it says when it began").0;
    words.drain(4..6);
    words[0] = "1";
    let first = words.join(" ");
    feed.show([(0, 100), (3, 149), (1, 150), (2, 200), (4, 4990)], 5000);
    let (mut found, mut checkpoint, _) = feed.poll(Some(&first), settings(None, 60, 2));
    for _ in 0..20 {
        let (events, next, _) = feed.poll(Some(&checkpoint), settings(None, 60, 2));
        found.extend(events);
        checkpoint = next;
    }
    found.sort();
    let mut expected = [2, 3, 4].map(id);
    expected.sort();
    assert_eq!(found, expected);
}
