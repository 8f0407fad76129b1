//! The whole path of a request, against a scripted server on this machine.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;

use super::*;
use crate::clock::SystemClock;
use crate::connection::{ProfileBuilder, Trust};
use crate::manifest::Manifest;
use crate::store::MemoryStore;
use crate::vault::MemoryVault;

mod certificate;
mod changes;
mod credentials;
mod door;
mod given;
mod giving_up;
mod login;
mod logins;
mod platform;
mod retrying;
mod reusing;
mod secrets;
mod server;
mod sharing;
mod stepping_up;
mod timing;

use server::{Act, Server};

/// A clock on which every sleep ends at once and is recorded.
#[derive(Debug, Default)]
struct Leaping {
    ahead: Mutex<Duration>,
    slept: Mutex<Vec<Duration>>,
}

impl Leaping {
    fn advance(&self, by: Duration) {
        *self.ahead.lock().unwrap() += by;
    }

    fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }
}

impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        SystemClock.now().saturating_add(*self.ahead.lock().unwrap())
    }

    fn sleep_until(&self, time: Timestamp) -> BoxFuture<'static, ()> {
        let wait = time.since(self.now());
        self.slept.lock().unwrap().push(wait);
        self.advance(wait);
        futures::future::ready(()).boxed()
    }
}

fn manifest() -> Manifest {
    let text = r#"{"contract":"workflow:connector@0.1.0","name":"test","version":"0.1.0","title":"Test","actions":[],
        "clouds":{"public":{"api":"https://api.example.com","authority":"https://login.example.com","scope":"api/.default"},
                  "us":{"api":"https://us.api.example.com","authority":"https://login.example.com","scope":"api/.default"}},
        "quota":{"calls":100,"periodSeconds":60}}"#;
    Manifest::parse(text.as_bytes()).unwrap()
}

fn profile(server: &Server) -> ProfileBuilder {
    Profile::builder().api_url(server.origin()).allow_loopback_http(true).token("canary-token".to_owned())
}

fn door(builder: ProfileBuilder, clock: &Arc<Leaping>) -> Egress {
    let profile = builder.trust(Trust::Connector).build(&manifest()).unwrap();
    Egress::new(&profile, Arc::new(MemoryStore::default()), Arc::new(MemoryVault::default()), clock.clone())
        .unwrap()
}

fn purpose(effect: Effect) -> Purpose {
    Purpose { action: "an-action".into(), effect, limits: Arc::new([]), lane: None, deadline: None }
}

fn get(server: &Server, path: &str) -> Request<Bytes> {
    Request::get(format!("{}{path}", server.origin())).body(Bytes::new()).unwrap()
}

fn post(server: &Server, path: &str) -> Request<Bytes> {
    Request::post(format!("{}{path}", server.origin())).body(Bytes::from_static(b"{\"a\":1}")).unwrap()
}

async fn text(response: Response<ReplyBody>) -> Result<String, EgressError> {
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().into()).unwrap())
}
