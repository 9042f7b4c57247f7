//! The listeners: TLS for reviews, plain for health and metrics; and their end.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};

use super::app::App;
use super::clients::Clients;
use super::connections::Bounded;
use super::routes::{plain_router, router};
use super::tls::{self, TlsError};

/// Sockets that are bound already, so that a taken port is told before anything starts.
#[derive(Debug)]
pub struct Sockets {
    /// For reviews over TLS.
    pub tls: TcpListener,
    /// For health and metrics.
    pub plain: TcpListener,
}

/// Serves reviews to `clients`, or to all, until `stop` comes; then it says not ready, waits `drain` for the news to
/// spread while it still answers, lets requests in flight end, and returns.
///
/// # Errors
/// When TLS cannot be set up, or a socket fails.
pub async fn serve(
    app: Arc<App>,
    sockets: Sockets,
    clients: Option<Clients>,
    drain: Duration,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let limits = app.limits;
    let config = RustlsConfig::from_config(Arc::new(tls::config(app.certificate(), clients)?));
    let handles = [Handle::<SocketAddr>::new(), Handle::new()];

    let mut tls = axum_server::from_tcp(sockets.tls)?
        .acceptor(
            RustlsAcceptor::new(config)
                .handshake_timeout(limits.handshake)
                .acceptor(Bounded::new(&app)),
        )
        .first_request_timeout(limits.first)
        .handle(handles[0].clone());
    bound(tls.http_builder(), &app);
    let mut plain = axum_server::from_tcp(sockets.plain)?
        .acceptor(Bounded::new(&app))
        .first_request_timeout(limits.first)
        .handle(handles[1].clone());
    bound(plain.http_builder(), &app);

    let is_leaving = Arc::new(AtomicBool::new(false));
    let reviews =
        router(Arc::clone(&app)).layer(from_fn_with_state(Arc::clone(&is_leaving), send_on));
    let tls = tls.serve(reviews.into_make_service());
    let plain = plain.serve(plain_router(Arc::clone(&app)).into_make_service());
    let stopping = async {
        stop.await;
        app.not_ready();
        is_leaving.store(true, Ordering::Relaxed);
        tracing::info!(drain_seconds = drain.as_secs_f64(), "not ready; draining");
        tokio::time::sleep(drain).await;
        for handle in &handles {
            handle.graceful_shutdown(Some(limits.stop));
        }
        Ok(())
    };
    tokio::try_join!(tls, plain, stopping)?;
    tracing::info!("stopped");
    Ok(())
}

/// Tells clients of HTTP/1 to go once the server is leaving. One that is not told so by an answer can only
/// see its connection end, perhaps just as it sends the next request, which is lost then. HTTP/2 needs no
/// such word: GOAWAY says which requests are answered still.
async fn send_on(
    State(is_leaving): State<Arc<AtomicBool>>,
    request: Request,
    next: Next,
) -> Response {
    let is_http1 = request.version() < Version::HTTP_2;
    let mut response = next.run(request).await;
    if is_http1 && is_leaving.load(Ordering::Relaxed) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A socket failed.
    #[error("a listening socket failed: {0}")]
    Socket(#[from] io::Error),
}

type Builder = hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>;

fn bound(builder: &mut Builder, app: &App) {
    let limits = &app.limits;
    builder
        .http1()
        .header_read_timeout(limits.head)
        .max_buf_size(64 * 1024);
    builder
        .http2()
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(64 * 1024)
        .keep_alive_interval(Some(Duration::from_secs(30)))
        .keep_alive_timeout(Duration::from_secs(20));
}
