//! What may be written after `watch`, `serve` and `events`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Subcommand};
use connector_host::config::{Since, SinceError};
use connector_host::triggers::{Envelope, UnknownEnvelope};

use super::duration;

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The trigger, one of those that `connector describe` lists
    pub(crate) trigger: String,
    /// Where events go: an https address, `exec:program argument…` (the event on its standard input; exit code 0
    /// acknowledges), or `-` for lines of JSON on standard output
    #[arg(long, value_name = "URL|exec:…|-")]
    pub(crate) to: String,
    /// On the first start, the time from which events count: 2030-01-31T12:00:00Z, a date, or `2h` for two hours ago
    /// [default: the first start]
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<Since>,
    /// Begin anew, as on a first start: forget where the watch left off, and the events that it still has
    #[arg(long)]
    pub(crate) restart: bool,
    /// How often to poll [default: from every 15s while events come to every 2m while none do]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) interval: Option<Duration>,
    /// How far to look back for events that become visible late [default: the connector's own]
    #[arg(long, value_name = "TIME", value_parser = overlap)]
    pub(crate) overlap: Option<Duration>,
    /// The most events to fetch with one request [default: the connector's own]
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page_size: Option<u32>,
    /// Deliver the events that there are now, and end once all are acknowledged
    #[arg(long)]
    pub(crate) once: bool,
    /// The environment variable that holds the signing secret (`whsec_` and base64); repeat it while you change secrets
    #[arg(long, value_name = "NAME")]
    pub(crate) secret_env: Vec<String>,
    /// What an event is wrapped in: `cloudevent`, or `body` for {"body": …}, as triggers of Azure Logic Apps deliver it
    #[arg(long, value_name = "FORMAT", default_value = "cloudevent", value_parser = envelope, hide_default_value = true)]
    pub(crate) format: Envelope,
    /// Send the event's data as the body, and its attributes in headers
    #[arg(long)]
    pub(crate) binary: bool,
    /// Allow a callback address on this machine, also by http
    #[arg(long)]
    pub(crate) allow_loopback_http: bool,
    /// How long one delivery may take [default: 30s, or 60s for a program]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// How long to retry an event before it is dead-lettered
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "3d")]
    pub(crate) give_up: Duration,
    /// How much of the quota polls may take, in per cent; the rest is left for actions
    #[arg(long, value_name = "PERCENT", default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quota_share: u8,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address at which to receive notifications; put a reverse proxy with TLS in front of it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8720")]
    pub(crate) listen: SocketAddr,
    /// The URL by which senders reach that address, such as `https://hooks.example.com` [default: the address, by http]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// The address of /healthz, /readyz and /metrics; keep it from the public
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8721")]
    pub(crate) admin: SocketAddr,
    /// Subscribe this pushed trigger although an earlier request may have been granted; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) resubscribe: Vec<String>,
    /// End the subscriptions when the server ends [default: keep them for the next start]
    #[arg(long)]
    pub(crate) unsubscribe: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// List the watches, with how many of their events wait or are dead
    List,
    /// List the events that wait for delivery
    Pending {
        /// The watch, such as `new-alerts` or `default/new-alerts` [default: all]
        watch: Option<String>,
    },
    /// List the events that could not be delivered
    Dead {
        /// The watch, such as `new-alerts` or `default/new-alerts` [default: all]
        watch: Option<String>,
    },
    /// Deliver dead events again
    Replay {
        /// The watch, such as `new-alerts` or `default/new-alerts`
        watch: String,
        /// All dead events
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// The ids of the events
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<String>,
    },
    /// Deliver again to a receiver that had refused further events (410 Gone)
    Resume {
        /// The watch, such as `new-alerts` or `default/new-alerts`
        watch: String,
    },
    /// Forget a watch: where it would resume, and all its events
    Forget {
        /// The watch, such as `new-alerts` or `default/new-alerts`
        watch: String,
    },
}

fn since(text: &str) -> Result<Since, String> {
    text.parse().map_err(|error: SinceError| format!("{error}; {}", error.hint()))
}

fn envelope(text: &str) -> Result<Envelope, String> {
    text.parse().map_err(|error: UnknownEnvelope| error.to_string())
}

fn overlap(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time > connector_host::config::MOST_OVERLAP {
        return Err("expected at most a day (24h)".to_owned());
    }
    Ok(time)
}
