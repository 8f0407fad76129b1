//! Accepts connections on the loopback interface and serves each until it ends.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, future};

use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::exchange::{self, Answer};
use crate::admin::Administration;
use crate::simulation::Simulation;

/// The error with which the service ends a connection. The last bytes to send are in the connection's
/// [`LastBytes`].
#[derive(Debug)]
pub(crate) struct Closed;

/// Bytes that are sent instead of an answer before the connection closes.
pub(crate) type LastBytes = Arc<Mutex<Bytes>>;

/// How long running requests may take to finish once the simulator stops.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(10);

/// Serves connections until `stop` changes, and then lets running requests finish.
pub(crate) async fn serve(
    listener: TcpListener,
    simulation: Arc<Simulation>,
    mut stop: watch::Receiver<bool>,
) {
    let administration = Administration::new(simulation.clone());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            accepted = listener.accept() => {
                // A lack of file descriptors is temporary; a listener that has gone shows itself at shutdown.
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                connections.spawn(connection(stream, simulation.clone(), administration.clone(), stop.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    let finished = async { while connections.join_next().await.is_some() {} };
    // Requests that have not finished by then are aborted when the set is dropped.
    let _ = tokio::time::timeout(GRACE, finished).await;
}

async fn connection(
    stream: TcpStream,
    simulation: Arc<Simulation>,
    administration: Administration,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let last = LastBytes::default();
    let service = {
        let last = last.clone();
        // Boxed, since taking the stream back from hyper requires a future that can be moved.
        service_fn(move |request: Request<Incoming>| -> Pin<Box<dyn Future<Output = Result<Answer, Closed>> + Send>> {
            Box::pin(exchange::exchange(simulation.clone(), administration.clone(), last.clone(), request))
        })
    };
    let mut connection =
        http1::Builder::new().half_close(false).serve_connection(TokioIo::new(stream), service);
    let ended = {
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = future::poll_fn(|context| connection.poll_without_shutdown(context)) => break ended,
                _ = stop.changed(), if !stopping => {
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    };
    let mut stream = connection.into_parts().io.into_inner();
    if ended.is_err() {
        let bytes = std::mem::take(&mut *last.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = stream.write_all(&bytes).await;
    }
    let _ = stream.shutdown().await;
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the simulator closed the connection")
    }
}

impl std::error::Error for Closed {}

impl From<Infallible> for Closed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
