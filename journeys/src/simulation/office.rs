//! The office's end: the shipped server, called in process, on an SQLite file of its own.

use super::crash_points::CrashPoint;
use axum::Router;
use axum::body::{Body, Bytes};
use program_server::app::Clock;
use program_server::config::Home;
use program_server::database::Database;
use program_server::{App, Error, http};
use sqlx::sqlite::{SqlitePoolOptions, SqliteSynchronous};
use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use verifier_core::sync::{HttpRequest, HttpResponse};

/// Answers are smaller than this.
const MAX_ANSWER: usize = 64 << 20;

pub struct Office {
    runtime: Rc<Runtime>,
    home: Home,
    clock: Clock,
    pub crash_point: CrashPoint,
    /// Pages by which the database may still grow, while the disk is full.
    room: Option<u32>,
    running: Option<Running>,
}

struct Running {
    app: App,
    router: Router,
}

/// How much of a request's body reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    Whole,
    /// So many bytes, after which the connection breaks.
    Reset(usize),
    /// So many bytes, which something on the way passes off as all.
    Truncated(usize),
}

/// What came of a request.
pub enum Handled {
    Answered(HttpResponse),
    /// The server died over it.
    Died,
}

impl Office {
    /// A new office, as `found` makes it in `home`, running.
    ///
    /// # Errors
    /// When it cannot be made or does not start.
    pub fn found(
        clock: Clock,
        home: &Path,
        found: impl AsyncFnOnce(Home, Clock) -> program_server::Result<App>,
    ) -> Result<Self, String> {
        let made = runtime()?
            .block_on(async { found(Home::at(home), clock.clone()).await?.db.close().await });
        made.map_err(|error| format!("no office can be made: {error}"))?;
        Self::open(home, clock)
    }

    /// The office whose server's home is in `home`, running.
    ///
    /// # Errors
    /// When it does not start.
    pub fn open(home: &Path, clock: Clock) -> Result<Self, String> {
        let mut office = Office {
            runtime: runtime()?,
            home: Home::at(home),
            clock,
            crash_point: CrashPoint::default(),
            room: None,
            running: None,
        };
        office.start()?;
        Ok(office)
    }

    /// Starts the server, after a crash or with another amount of room on the disk.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(&mut self) -> Result<(), String> {
        self.stop()?;
        self.crash_point.disarm();
        let (crash_point, room) = (self.crash_point.clone(), self.room);
        let (home, clock) = (self.home.clone(), self.clock.clone());
        let app = self.runtime.block_on(async move {
            let options = Database::sqlite_options(&home.database())?;
            let pool = SqlitePoolOptions::new()
                .max_connections(2)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
                .after_connect(move |connection, _| {
                    let crash_point = crash_point.clone();
                    Box::pin(async move {
                        if let Some(room) = room {
                            limit(connection, room).await?;
                        }
                        connection
                            .lock_handle()
                            .await?
                            .set_commit_hook(move || crash_point.allows_commit());
                        Ok(())
                    })
                })
                .connect_with(options.synchronous(SqliteSynchronous::Off))
                .await
                .map_err(|error| Error::Unavailable(error.to_string()))?;
            App::open_over(home, clock, Database::over(pool)).await
        });
        let app = app.map_err(|error| format!("the server does not start: {error}"))?;
        self.running = Some(Running { router: http::router(app.clone()), app });
        Ok(())
    }

    /// Ends the server.
    ///
    /// # Errors
    /// When its database does not close.
    pub fn stop(&mut self) -> Result<(), String> {
        if let Some(running) = self.running.take() {
            drop(running.router);
            let closed = self.runtime.block_on(running.app.db.close());
            closed.map_err(|error| format!("the server's database does not close: {error}"))?;
        }
        Ok(())
    }

    /// Leaves room for so many pages; `None` ends that.
    ///
    /// # Errors
    /// When the server does not start again.
    pub fn leave_room(&mut self, pages: Option<u32>) -> Result<(), String> {
        self.room = pages;
        self.start()
    }

    /// Whether the disk is full, or nearly so.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.room.is_some()
    }

    /// What the server works with.
    ///
    /// # Errors
    /// When it is not running.
    pub fn app(&self) -> Result<&App, String> {
        let running = self.running.as_ref().ok_or("the server is not running")?;
        Ok(&running.app)
    }

    /// Lets staff do something with the server.
    ///
    /// # Errors
    /// When the server is not running; inside, what came of it.
    pub fn does<T>(&self, work: impl AsyncFnOnce(&App) -> T) -> Result<T, String> {
        let app = self.app()?;
        Ok(self.runtime.block_on(work(app)))
    }

    /// Starts the server again if it died over what staff did.
    ///
    /// # Errors
    /// When it does not start again.
    pub fn revive(&mut self) -> Result<bool, String> {
        let died = self.crash_point.was_hit();
        if died {
            self.start()?;
        }
        Ok(died)
    }

    /// Handles a request. A server that died over it is started again.
    ///
    /// # Errors
    /// When the server cannot be started again.
    pub fn handle(&mut self, request: &HttpRequest, arrival: Arrival) -> Result<Handled, String> {
        let router = self.running.as_ref().ok_or("the server is not running")?.router.clone();
        let path = request.url.find("://").and_then(|at| {
            let host = at + 3;
            request.url[host..].find('/').map(|slash| &request.url[host + slash..])
        });
        let mut sent =
            axum::http::Request::builder().method(request.method.name()).uri(path.unwrap_or("/"));
        for (name, value) in &request.headers {
            sent = sent.header(*name, value);
        }
        let sent = sent.body(body(request, arrival)).map_err(|error| error.to_string())?;
        let answer = self.runtime.block_on(async move {
            let Ok(answer) = router.oneshot(sent).await;
            let (parts, body) = answer.into_parts();
            let body = axum::body::to_bytes(body, MAX_ANSWER).await;
            (parts, body)
        });
        if self.crash_point.was_hit() {
            self.start()?;
            return Ok(Handled::Died);
        }
        let (parts, body) = answer;
        let body = body.map_err(|error| format!("an answer does not end: {error}"))?;
        let headers = parts.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Ok(Handled::Answered(HttpResponse {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: body.to_vec(),
        }))
    }
}

/// What runs this thread's offices, one after the other: its own threads are not made anew for each.
fn runtime() -> Result<Rc<Runtime>, String> {
    thread_local! {
        static RUNTIME: OnceCell<Rc<Runtime>> = const { OnceCell::new() };
    }
    RUNTIME.with(|held| match held.get() {
        Some(runtime) => Ok(runtime.clone()),
        None => {
            let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let made = made.map_err(|error| error.to_string())?;
            Ok(held.get_or_init(|| Rc::new(made)).clone())
        }
    })
}

/// Lets the database grow by so many pages and no more.
async fn limit(connection: &mut sqlx::SqliteConnection, room: u32) -> Result<(), sqlx::Error> {
    let count: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *connection).await?;
    let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", count + i64::from(room)));
    sqlx::query(limit).execute(connection).await?;
    Ok(())
}

fn body(request: &HttpRequest, arrival: Arrival) -> Body {
    let begun = |len: usize| Bytes::copy_from_slice(&request.body[..len.min(request.body.len())]);
    match arrival {
        Arrival::Whole => Body::from(request.body.clone()),
        Arrival::Truncated(len) => Body::from(begun(len)),
        Arrival::Reset(len) => Body::new(ResetBody { begun: Some(begun(len)) }),
    }
}

/// A body whose connection breaks after some bytes.
struct ResetBody {
    begun: Option<Bytes>,
}

impl axum::body::HttpBody for ResetBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        let frame = match self.begun.take() {
            Some(begun) if !begun.is_empty() => Ok(http_body::Frame::data(begun)),
            _ => Err(std::io::ErrorKind::ConnectionReset.into()),
        };
        std::task::Poll::Ready(Some(frame))
    }
}
