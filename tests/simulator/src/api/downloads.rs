//! The files behind the links that the API returns. The real ones are in another service. Here they are on
//! the same origin, need no token, and expire by the simulator's clock.

use std::io::Write as _;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;
use url::form_urlencoded;
use uuid::Uuid;

use crate::model::live_response::{CommandKind, ParameterKey};
use crate::moment::Moment;
use crate::server::refusal::Refusal;
use crate::server::reply::{Reply, to_json};
use crate::simulation::{Download, Simulation};

/// How long a link is valid.
const LIFETIME: Duration = Duration::from_mins(30);

const PACKAGE: &str = "/safedownload/WDATP_Investigation_Package.zip";
const RESULTS: &str = "/investigation-actions-data/";

pub(super) fn is_download(path: &str) -> bool {
    path == PACKAGE || path.starts_with(RESULTS)
}

/// A link to the package that an action has collected.
pub(super) fn package_link(simulation: &Simulation, action: &str, now: Moment) -> String {
    let key = remember(
        simulation,
        Download { action: action.to_owned(), command: None, expires: now.after(LIFETIME) },
    );
    format!("{}{PACKAGE}?token={key}%3d%3d", simulation.origin)
}

/// A link to the result of one command of a live response.
pub(super) fn result_link(simulation: &Simulation, action: &str, command: usize, now: Moment) -> String {
    let expires = now.after(LIFETIME);
    let key = remember(simulation, Download { action: action.to_owned(), command: Some(command), expires });
    let end: String =
        form_urlencoded::byte_serialize(expires.whole_second().to_string().as_bytes()).collect();
    format!(
        "{}{RESULTS}{action}/CustomPlaybookCommandOutput/{key}?se={end}&sp=r&sv=2019-07-07&sr=b&sig={key}%3D",
        simulation.origin
    )
}

pub(super) fn answer(simulation: &Simulation, parts: &Parts) -> Result<Reply, Refusal> {
    if parts.method != Method::GET {
        return Err(Refusal::Method { method: parts.method.clone(), allowed: "GET" });
    }
    let query = parts.uri.query().unwrap_or_default();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let named = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let key = named("token").or(named("sig")).map(|value| value.trim_end_matches('='));
    let downloads = simulation.downloads.lock().unwrap_or_else(PoisonError::into_inner);
    let download = key.and_then(|key| downloads.get(key));
    let now = simulation.clock.now();
    let download = download.filter(|download| download.expires > now);
    let Some(Download { action, command, .. }) = download.cloned() else {
        return Ok(Reply::typed(StatusCode::FORBIDDEN, XML, Bytes::from_static(REFUSED)));
    };
    drop(downloads);
    match command {
        None => Ok(Reply::typed(StatusCode::OK, ZIP, package(&action))),
        Some(index) => result(simulation, &action, index, now),
    }
}

/// The transcript of a RunScript command. Real transcripts end in NULs too.
#[derive(Serialize)]
struct Transcript<'a> {
    script_name: &'a str,
    exit_code: i32,
    script_output: String,
    script_errors: &'a str,
}

fn result(simulation: &Simulation, action: &str, index: usize, now: Moment) -> Result<Reply, Refusal> {
    let organisation = simulation.organisation.read().unwrap_or_else(PoisonError::into_inner);
    let row =
        organisation.actions.find(action).ok_or_else(|| Refusal::not_found("Machine action", action))?;
    let commands = row.at(now).commands;
    let command = commands.get(index).map(|view| &view.command);
    let command = command.ok_or_else(|| Refusal::not_found("Command", &index.to_string()))?;
    let name = command.subject().unwrap_or_default();
    Ok(match command.kind {
        CommandKind::RunScript => {
            let arguments = command.value(ParameterKey::Args).unwrap_or_default();
            let transcript = Transcript {
                script_name: name,
                exit_code: 0,
                script_output: format!("Transcript started\n{name} {arguments}\ndone\n\0\0\0"),
                script_errors: "",
            };
            Reply::typed(StatusCode::OK, OCTETS, to_json(&transcript).into())
        }
        CommandKind::GetFile | CommandKind::PutFile => {
            Reply::typed(StatusCode::OK, OCTETS, format!("contents of {name}\n").into())
        }
    })
}

/// A ZIP archive that contains nothing but a comment.
fn package(action: &str) -> Bytes {
    let comment = format!("investigation package {action}");
    let mut archive = b"PK\x05\x06".to_vec();
    archive.extend_from_slice(&[0; 16]);
    archive.extend_from_slice(&u16::try_from(comment.len()).unwrap_or(0).to_le_bytes());
    // Writing to a vector cannot fail.
    let _ = archive.write_all(comment.as_bytes());
    archive.into()
}

fn remember(simulation: &Simulation, download: Download) -> String {
    let key = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let mut downloads = simulation.downloads.lock().unwrap_or_else(PoisonError::into_inner);
    let now = simulation.clock.now();
    downloads.retain(|_, download| download.expires > now);
    downloads.insert(key.clone(), download);
    key
}

const ZIP: HeaderValue = HeaderValue::from_static("application/zip");
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
const XML: HeaderValue = HeaderValue::from_static("application/xml");
const REFUSED: &[u8] =
    b"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code></Error>";
