//! `serve`: the server itself.

use super::output::Output;
use clap::Args;
use program_server::{App, Error, Result, http};
use serde_json::json;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serve phones until stopped by SIGTERM or Ctrl-C. Requests that have begun are answered first.
#[derive(Debug, Args)]
pub struct Serve {
    /// The address and port to listen on. TLS is the work of a proxy in front.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
}

impl Serve {
    pub async fn run(self, app: &App, output: &Output) -> Result<()> {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_env_filter(
                tracing_subscriber::EnvFilter::try_from_env("VOUCHSAFE_LOG")
                    .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
            )
            .init();
        let unavailable =
            |error: std::io::Error| Error::Unavailable(format!("{}: {error}", self.listen));
        let listener = TcpListener::bind(self.listen).await.map_err(unavailable)?;
        let address = listener.local_addr().map_err(unavailable)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(unavailable)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(unavailable)?;
        output.print(
            &format!("Listening on http://{address}, for phones at {}.", app.config.origin),
            &json!({ "listening": address.to_string() }),
        )?;
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        axum::serve(listener, http::router(app.clone()))
            .with_graceful_shutdown(stop)
            .await
            .map_err(unavailable)?;
        output.info("Stopped; every answer that was begun was given.")
    }
}
