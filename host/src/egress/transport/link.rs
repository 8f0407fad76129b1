//! The stream that HTTP runs over. It knows how long its server keeps it open.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::keep_alive::Usable;

/// TCP, or TLS to a proxy.
pub(super) type Wire = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection.
pub(super) struct Link {
    stream: MaybeHttpsStream<Wire>,
    usable: Usable,
}

impl Link {
    pub(super) fn new(stream: MaybeHttpsStream<Wire>) -> Self {
        Self { stream, usable: Usable::default() }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut MaybeHttpsStream<Wire>> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.stream.connected().extra(self.usable.clone())
    }
}

impl Read for Link {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl Write for Link {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}
