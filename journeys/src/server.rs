//! The programme server of a journey: its home, its commands, and its process, which can be killed.

use crate::command::{Answer, run};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a server may take until it says that it is ready.
const READY: Duration = Duration::from_secs(60);

/// A server's home and address, whether or not it runs.
#[derive(Debug, Clone)]
pub struct Server {
    binary: PathBuf,
    home: PathBuf,
    address: SocketAddr,
}

/// A server that runs. Killed when dropped.
#[derive(Debug)]
pub struct Running(Child);

impl Server {
    /// A server with this home, on a free port of this machine.
    ///
    /// # Errors
    /// When no port is free.
    pub fn new(binary: &Path, home: &Path) -> Result<Self, String> {
        let free = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let address = free.local_addr().map_err(|error| error.to_string())?;
        Ok(Server { binary: binary.to_owned(), home: home.to_owned(), address })
    }

    /// What phones know it by.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs one of its commands to the end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&self, arguments: &[&str]) -> Result<Answer, String> {
        run(self.command().args(arguments))
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends or stays silent instead.
    pub fn start(&self) -> Result<Running, String> {
        let mut child = self
            .command()
            .args(["serve", "--listen", &self.address.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.binary.display()))?;
        let Some(out) = child.stdout.take() else {
            return Err("the server has no output".to_owned());
        };
        let running = Running(child);
        let (said, heard) = mpsc::channel();
        thread::spawn(move || {
            // Reads on after the first line, so that the server never waits for a reader.
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        match heard.recv_timeout(READY) {
            Ok(_) => Ok(running),
            Err(_) => Err("the server did not say that it is ready".to_owned()),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--home").arg(&self.home);
        command
    }
}

impl Running {
    /// Ends it as a power cut would: kill -9.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // A child that has ended cannot be killed, and is reaped all the same.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
