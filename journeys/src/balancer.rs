//! A balancer in front of several servers: one address, behind which whichever server answers takes
//! the connection.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Connections are taken until the process ends.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
}

impl Balancer {
    /// Listens on a free port of this machine for these servers, which need not run yet.
    ///
    /// # Errors
    /// When no port is free.
    pub fn before(servers: Vec<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let servers: Arc<[SocketAddr]> = servers.into();
        let turn = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (servers, turn) = (servers.clone(), turn.fetch_add(1, Ordering::Relaxed));
                thread::spawn(move || pass(&client, &servers, turn));
            }
        });
        Ok(Balancer { address })
    }

    /// What phones know the servers by.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Connects a client with the first server in turn that answers. If none does, the connection ends.
fn pass(client: &TcpStream, servers: &[SocketAddr], turn: usize) {
    let in_turn = (0..servers.len()).map(|nth| servers[(turn + nth) % servers.len()]);
    let Some(server) = in_turn.filter_map(|address| TcpStream::connect(address).ok()).next() else {
        return;
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(client, &server));
        copy(&server, client);
    });
}

/// Copies one direction. Its end, however it came, is told to the other side.
fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let copied = io::copy(&mut from, &mut to);
    // Whoever has gone already needs not be told.
    let _ = to.shutdown(Shutdown::Write);
    if copied.is_err() {
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
