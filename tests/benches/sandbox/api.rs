//! A server on loopback that answers from memory: one alert, or 10,000.

use std::convert::Infallible;
use std::net::TcpListener;
use std::thread;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

/// How many alerts the large reply has.
const MANY: usize = 10_000;

pub(crate) struct Api {
    origin: String,
    alerts_len: usize,
}

impl Api {
    /// Starts the server on a thread of its own; it ends with the process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a listener can be non-blocking");
        let origin = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let one = Bytes::from(alert(0).to_string());
        let many = (0..MANY).map(alert).collect::<Vec<_>>();
        let many = Bytes::from(json!({ "@odata.context": "$metadata#Alerts", "value": many }).to_string());
        let alerts_len = many.len();
        thread::spawn(move || serve(listener, one, many));
        Self { origin, alerts_len }
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn alerts_len(&self) -> usize {
        self.alerts_len
    }
}

fn serve(listener: TcpListener, one: Bytes, many: Bytes) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("the machine has threads");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("the listener is non-blocking");
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let (one, many) = (one.clone(), many.clone());
            let answer = service_fn(move |request: Request<Incoming>| {
                let body = if request.uri().path() == "/api/alerts" { many.clone() } else { one.clone() };
                let response =
                    Response::builder().header("content-type", "application/json").body(Full::new(body));
                async move { Ok::<_, Infallible>(response.expect("the head is well formed")) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
        }
    });
}

/// An alert as the API sends it, with two pieces of evidence.
fn alert(number: usize) -> Value {
    json!({
        "id": format!("da63747290038{number:07}_{}", 1_364_969_609 - number as i64),
        "incidentId": 1_126_093 + number,
        "investigationId": null,
        "assignedTo": null,
        "severity": (["Informational", "Low", "Medium", "High"][number % 4]),
        "status": "New",
        "classification": null,
        "determination": null,
        "investigationState": "Queued",
        "detectionSource": "WindowsDefenderAtp",
        "detectorId": "17e10bbc-3a68-474a-8aad-faef14d43952",
        "category": "Execution",
        "threatFamilyName": null,
        "title": "An executable with a low reputation ran with the rights of an administrator",
        "description": "A signed program started code that few machines have seen. Code that is started like this \
            can hide behind the program that started it, and do what that program is trusted to do, such as \
            \"listen on a port\" or connect to a server from which an attacker controls it.",
        "alertCreationTime": "2026-01-26T20:33:57.7220239Z",
        "firstEventTime": "2026-01-26T20:31:32.9562661Z",
        "lastEventTime": "2026-01-26T20:31:33.0577322Z",
        "lastUpdateTime": "2026-01-26T20:33:59.2Z",
        "resolvedTime": null,
        "machineId": format!("111e6dd8c833c8a052ea231ec1b19adaf{number:07}"),
        "computerDnsName": format!("desktop-{number}.contoso.com"),
        "rbacGroupName": "Workstations",
        "aadTenantId": "a839b112-1253-6432-9bf6-94542403f21c",
        "threatName": null,
        "mitreTechniques": ["T1064", "T1085", "T1220"],
        "relatedUser": { "userName": "jdoe", "domainName": "CONTOSO" },
        "comments": [],
        "evidence": evidence(),
    })
}

/// A process and an address, with all the fields that the API sends.
fn evidence() -> Value {
    let process = json!({
        "entityType": "Process", "evidenceCreationTime": "2026-01-26T20:33:58.6133333Z",
        "sha1": "ff836cfb1af40252bd2a2ea843032e99a5b262ed", "sha256": null,
        "fileName": "rundll32.exe", "filePath": "C:\\Windows\\SysWOW64", "processId": 3276,
        "processCommandLine": "rundll32.exe  c:\\temp\\suspicious.dll,RepeatAfterMe",
        "processCreationTime": "2026-01-26T20:31:32.9581596Z", "parentProcessId": 8420,
        "parentProcessCreationTime": "2026-01-26T20:31:32.9004163Z",
        "parentProcessFileName": "rundll32.exe", "parentProcessFilePath": "C:\\Windows\\System32",
        "ipAddress": null, "url": null, "registryKey": null, "registryHive": null,
        "registryValueType": null, "registryValue": null, "accountName": null, "domainName": null,
        "userSid": null, "aadUserId": null, "userPrincipalName": null, "detectionStatus": "Detected"
    });
    let mut address = process.clone();
    if let Value::Object(fields) = &mut address {
        fields.values_mut().for_each(|value| *value = Value::Null);
        fields.insert("entityType".into(), "Ip".into());
        fields.insert("evidenceCreationTime".into(), "2026-01-26T20:33:58.42Z".into());
        fields.insert("ipAddress".into(), "203.0.113.7".into());
    }
    json!([process, address])
}
