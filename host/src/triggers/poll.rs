//! A single poll: the input of the connector's function, and its result.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::trigger::{BatchKeys, LatenessKeys, Trigger};
use crate::call::{CallError, DEFAULT_DEADLINE};
use crate::clock::Timestamp;
use crate::connector::Function;
use crate::failure::{Failure, FailureCase};
use crate::manifest::Limit;
use crate::store::Found;
use crate::value::Shape;

/// The maximum length of an event's id, in bytes: it has to fit into a header.
pub(super) const LONGEST_ID: usize = 1024;
/// The maximum length of a checkpoint, in bytes, as the contract specifies it.
const LONGEST_CHECKPOINT: usize = 64 << 10;

/// How a trigger looks for events. Anything left out takes the trigger's own default.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// The start time from which events count, for the first poll. The default is the first start of the
    /// watch.
    pub(super) since: Option<String>,
    /// When the watch was started for the first time.
    pub(super) begun: Option<Timestamp>,
    /// How far to look back for events that become visible late.
    pub(super) overlap: Option<Duration>,
    /// The most events to fetch with one request.
    pub(super) page_size: Option<u32>,
    /// The share of the connection's quota, in per cent, that its polls may take together.
    pub(super) quota_share: u8,
}

/// The result of a poll.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) events: Vec<Found>,
    pub(super) checkpoint: String,
    pub(super) more: bool,
    /// Events that became visible later than the poll looked back.
    pub(super) late: Option<Lateness>,
    /// By how many seconds the API's clock was set back.
    pub(super) clock_set_back: Option<u64>,
}

/// Events that became visible later than the poll looked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lateness {
    pub(super) events: u64,
    pub(super) seconds: u64,
}

/// Asks the connector once for new events since the checkpoint.
pub(super) async fn poll(
    trigger: &Trigger,
    checkpoint: Option<&str>,
    look: &Look,
) -> Result<Batch, CallError> {
    let connection = &trigger.connection;
    let function = connection.connector().find(&trigger.polled.function)?;
    let input = input(function, checkpoint, look, connection.clock().now());
    let share = connection.profile().quota().limit.map(|limit| share(limit, look.quota_share));
    let reply = connection.poll(function, &input, DEFAULT_DEADLINE, share).await?;
    read(&trigger.polled.batch, reply.json()).map_err(|reason| {
        let message = format!("{}: {reason}", trigger.polled.function);
        CallError::Failed(Box::new(Failure::new(FailureCase::PermanentUnexpectedReply, message)))
    })
}

/// Returns a share of a limit: at least one call.
fn share(limit: Limit, per_cent: u8) -> Limit {
    let calls = u64::from(limit.calls) * u64::from(per_cent.min(100)) / 100;
    Limit { calls: u32::try_from(calls).unwrap_or(limit.calls).max(1), ..limit }
}

/// Builds the input of the function, with the options that it supports in the places where it expects them.
fn input(function: &Function, checkpoint: Option<&str>, look: &Look, now: Timestamp) -> Map<String, Value> {
    let begun = look.begun.filter(|_| checkpoint.is_none() && look.since.is_none());
    let options = [
        ("checkpoint", checkpoint.map(Value::from)),
        ("since", look.since.as_deref().map(Value::from)),
        ("overlap-seconds", look.overlap.map(|overlap| json!(overlap.as_secs()))),
        ("page-size", look.page_size.map(Value::from)),
        ("begun-seconds-ago", begun.map(|begun| json!(seconds_up(now.since(begun))))),
    ];
    let mut input = Map::new();
    for parameter in function.signature.parameters() {
        if let Shape::Record(fields) = &parameter.shape {
            let known = options.iter().filter(|(name, _)| fields.iter().any(|f| *f.spelling.name == **name));
            let given = known.filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
            input.insert(parameter.name.to_string(), Value::Object(given.collect()));
        } else if let Some((_, Some(value))) = options.iter().find(|(name, _)| *parameter.name == **name) {
            input.insert(parameter.name.to_string(), value.clone());
        }
    }
    input
}

/// Returns a duration in seconds, rounded up.
fn seconds_up(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Reads the result of a poll. The data of events is kept verbatim.
fn read(keys: &BatchKeys, json: &str) -> Result<Batch, String> {
    let unreadable = |error: serde_json::Error| format!("its result cannot be read ({error})");
    let batch: Object<'_> = serde_json::from_str(json).map_err(unreadable)?;
    let part = |key: &str| batch.get(key).ok_or_else(|| format!("its result has no `{key}`"));
    let rows: Vec<Object<'_>> = serde_json::from_str(part(&keys.events)?.get()).map_err(unreadable)?;
    let checkpoint: String = serde_json::from_str(part(&keys.checkpoint)?.get()).map_err(unreadable)?;
    if checkpoint.len() > LONGEST_CHECKPOINT {
        return Err(format!("its checkpoint has {} bytes, over {LONGEST_CHECKPOINT}", checkpoint.len()));
    }
    let optional = |key: &Option<Arc<str>>| key.as_deref().and_then(|key| batch.get(key));
    let clock_set_back = optional(&keys.clock_set_back).map(|seconds| serde_json::from_str(seconds.get()));
    Ok(Batch {
        late: optional(&keys.late.key).map(|late| lateness(&keys.late, late)).transpose()?,
        clock_set_back: clock_set_back.transpose().map_err(unreadable)?,
        events: rows.iter().map(|row| event(keys, row)).collect::<Result<_, _>>()?,
        checkpoint,
        more: serde_json::from_str(part(&keys.more)?.get()).map_err(unreadable)?,
    })
}

fn lateness(keys: &LatenessKeys, json: &RawValue) -> Result<Lateness, String> {
    let unreadable = |error: serde_json::Error| format!("its result cannot be read ({error})");
    let fields: BTreeMap<String, u64> = serde_json::from_str(json.get()).map_err(unreadable)?;
    let field = |key: &Option<Arc<str>>| key.as_deref().and_then(|key| fields.get(key)).copied();
    Ok(Lateness {
        events: field(&keys.events).unwrap_or_default(),
        seconds: field(&keys.seconds).unwrap_or_default(),
    })
}

fn event(keys: &BatchKeys, row: &Object<'_>) -> Result<Found, String> {
    let text = |key: &str| row.get(key).map(|text| serde_json::from_str::<String>(text.get()));
    let id = match text(&keys.id) {
        Some(Ok(id)) if !id.is_empty() && id.len() <= LONGEST_ID => id,
        Some(Ok(id)) => return Err(format!("an event has an id of {} bytes", id.len())),
        _ => return Err("an event has no id".into()),
    };
    let data = row.get(&*keys.data).ok_or("an event has no data")?;
    // A line break in valid JSON is white space, so it can be replaced to keep each event on one line.
    let data = data.get().replace(['\n', '\r'], " ");
    Ok(Found { id, time: keys.time.as_deref().and_then(text).and_then(Result::ok), data })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> BatchKeys {
        BatchKeys {
            events: "events".into(),
            checkpoint: "checkpoint".into(),
            more: "more".into(),
            id: "id".into(),
            time: Some("time".into()),
            data: "data".into(),
            late: LatenessKeys {
                key: Some("late".into()),
                events: Some("events".into()),
                seconds: Some("seconds".into()),
            },
            clock_set_back: Some("clockSetBackSeconds".into()),
        }
    }

    #[test]
    fn what_a_poll_tells_of_late_events_and_of_the_clock_is_read() {
        let text = "{\"events\":[],\"checkpoint\":\"c\",\"more\":false,\"late\":{\"events\":3,\"seconds\":7200},\
                    \"clockSetBackSeconds\":90}";
        let batch = read(&keys(), text).unwrap();
        assert_eq!(batch.late, Some(Lateness { events: 3, seconds: 7200 }));
        assert_eq!(batch.clock_set_back, Some(90));
        let quiet = read(&keys(), "{\"events\":[],\"checkpoint\":\"c\",\"more\":false}").unwrap();
        assert_eq!((quiet.late, quiet.clock_set_back), (None, None));
    }

    #[test]
    fn data_stays_what_it_is() {
        let text = "{\"events\":[{\"id\":\"a\",\"time\":\"t\",\"data\":{\"n\":1.10,\n \"big\":18446744073709551617}},\
                    {\"id\":\"b\",\"data\":null}],\"checkpoint\":\"c\",\"more\":true}";
        let batch = read(&keys(), text).unwrap();
        assert_eq!(batch.events[0].data, "{\"n\":1.10,  \"big\":18446744073709551617}");
        assert_eq!(batch.events[0].time.as_deref(), Some("t"));
        assert_eq!((batch.events[1].data.as_str(), &batch.events[1].time), ("null", &None));
        assert_eq!((batch.checkpoint.as_str(), batch.more), ("c", true));
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        let long = format!(
            "{{\"events\":[{{\"id\":\"{}\",\"data\":1}}],\"checkpoint\":\"\",\"more\":false}}",
            "x".repeat(1025)
        );
        let checkpoint =
            format!("{{\"events\":[],\"checkpoint\":\"{}\",\"more\":false}}", "x".repeat(65_537));
        for (text, expected) in [
            ("[]", "cannot be read"),
            ("{\"events\":[],\"more\":false}", "no `checkpoint`"),
            ("{\"events\":[{\"data\":1}],\"checkpoint\":\"\",\"more\":false}", "no id"),
            ("{\"events\":[{\"id\":\"\",\"data\":1}],\"checkpoint\":\"\",\"more\":false}", "0 bytes"),
            ("{\"events\":[{\"id\":\"a\"}],\"checkpoint\":\"\",\"more\":false}", "no data"),
            (&long, "1025 bytes"),
            (&checkpoint, "65537 bytes"),
        ] {
            let reason = read(&keys(), text).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }

    #[test]
    fn a_share_is_at_least_one_call() {
        let limit = Limit { calls: 100, period_seconds: 60 };
        assert_eq!(share(limit, 50).calls, 50);
        assert_eq!(share(limit, 0).calls, 1);
        assert_eq!(share(limit, 255).calls, 100);
    }
}
