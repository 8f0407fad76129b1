//! The simulator, as its users hold it.

use std::io;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::handle::Handle;
use crate::notifications;
use crate::options::Options;
use crate::server::connection;
use crate::simulation::Simulation;

/// A running simulator. Dropping it stops it. [`shutdown`](Self::shutdown) also waits for running requests.
#[derive(Debug)]
pub struct Simulator {
    handle: Handle,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    notifier: JoinHandle<()>,
}

impl Simulator {
    /// Starts a simulator on 127.0.0.1, on the caller's Tokio runtime.
    ///
    /// # Errors
    ///
    /// The port could not be bound.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let simulation = Arc::new(Simulation::new(origin, options));
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(connection::serve(listener, simulation.clone(), stopped.clone()));
        let notifier = tokio::spawn(notifications::deliver(simulation.clone(), stopped));
        Ok(Self { handle: Handle::new(simulation), stop, server, notifier })
    }

    /// The controls of the simulator.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Stops accepting connections, and returns once all running requests have finished.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        // A task that was aborted or has panicked is also done.
        let _ = (&mut self.server).await;
        let _ = (&mut self.notifier).await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
        self.notifier.abort();
    }
}

impl Deref for Simulator {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}
