//! What the demo proves at the end, from what the stand-in API saw.

use std::collections::BTreeSet;

use connector_host::Connection;
use defender_simulator::Simulator;

use super::{check, say};
use crate::error::CliError;

/// Compares what the connections say they sent with what arrived, and looks for tokens where there must be
/// none.
pub(super) fn show(
    simulator: &Simulator,
    connections: &[&Connection],
    replies: &[String],
) -> Result<(), CliError> {
    let arrivals = simulator.log();
    let calls = arrivals.iter().filter(|arrival| arrival.path.starts_with("/api/")).count();
    let tokens: BTreeSet<&str> = arrivals
        .iter()
        .filter_map(|arrival| arrival.header("authorization"))
        .filter_map(|value| value.strip_prefix("Bearer "))
        .collect();
    let sent: u64 = connections.iter().map(|connection| connection.egress().stats().requests).sum();
    check(sent == calls as u64, &format!("{sent} requests were sent and {calls} arrived"))?;
    check(!tokens.is_empty(), "no request carried a token")?;

    // A component knows only what it is given: its environment and the replies. Everything it says comes from
    // these.
    let given =
        connections.iter().flat_map(|connection| connection.environment()).map(|(_, value)| value.as_str());
    let known: Vec<&str> = given.chain(replies.iter().map(String::as_str)).collect();
    let seen = tokens.iter().filter(|token| known.iter().any(|text| text.contains(**token))).count();
    check(seen == 0, "the component saw a token")?;

    let hosts: BTreeSet<String> = connections
        .iter()
        .flat_map(|connection| connection.egress().stats().origins)
        .map(|origin| origin.to_string())
        .collect();
    check(hosts.len() == 1 && hosts.contains(simulator.url()), "another host was contacted")?;

    say(&format!("requests sent             {sent}, of which {calls} arrived"))?;
    say(&format!("tokens added at the door  {}", tokens.len()))?;
    say(&format!("tokens seen by the guest  {seen}"))?;
    say(&format!("hosts contacted           {}", hosts.into_iter().collect::<Vec<_>>().join(", ")))
}
