//! Accepts a limited number of connections, and serves each within limits of time and size.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::asked;
use super::reserve::Reserve;

/// How long the head of a request may take, from the time the connection is ready for it.
const HEAD: Duration = Duration::from_secs(10);
/// The maximum size of a request's head, in bytes.
const HEAD_BYTES: usize = 16 << 10;
/// The maximum number of headers of a request.
const HEADERS: usize = 64;
/// The pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` changes, then lets requests in progress finish. With a reserve, there is room for a
/// connection even when the process has reached its limit of open files.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    mut reserve: Option<Reserve>,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(connections));
    let mut open = JoinSet::new();
    let told = stop.clone();
    loop {
        if let Some(reserve) = &mut reserve {
            reserve.refill();
        }
        tokio::select! {
            () = asked(&mut stop) => break,
            Some(_) = open.join_next() => {}
            accepted = accept(&listener, &room, reserve.as_mut()) => match accepted {
                Some((stream, place)) => {
                    open.spawn(connection(stream, router.clone(), place, told.clone()));
                }
                // A shortage of file descriptors is temporary.
                None => tokio::time::sleep(PAUSE).await,
            },
        }
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

/// Returns the next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    mut reserve: Option<&mut Reserve>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Some((stream, place)),
            // Other code may take the room first, so make room again for as long as possible.
            Err(error) if reserve.as_mut().is_some_and(|reserve| reserve.makes_room(&error)) => {}
            Err(_) => return None,
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    _place: OwnedSemaphorePermit,
    mut stop: watch::Receiver<bool>,
) {
    // This only makes answers arrive sooner, so a failure does not matter.
    let _ = stream.set_nodelay(true);
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = pin!(served);
    // Errors of the other end are its own concern.
    tokio::select! {
        _ = served.as_mut() => return,
        () = asked(&mut stop) => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = served.await;
}
