//! An axum server over an engine. The engine's calls wait for the disk and sign tokens, so they run
//! on threads that may block.
//!
//! ```text
//! cargo run --manifest-path examples/axum/Cargo.toml -- 127.0.0.1:4566
//! ```
//!
//! Without an address, the program sends itself a few requests and ends.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cognate::Engine;
use cognate::http::{Guard, body_too_long};
use cognate::token::SigningAlgorithm;
use cognate::wire::BODY_LENGTH_MAX;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::spawn_blocking;

struct Server {
    engine: Engine,
    /// Refuses requests of pages of other sites.
    guard: Guard,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let bound = listener.local_addr()?;
    let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    let server = Server { engine, guard: Guard::bound_to(bound.ip()) };
    // The engine has its own paths and answers 404 to all others.
    let app = Router::new().fallback(answer).with_state(Arc::new(server));
    let serving = axum::serve(listener, app).into_future();
    if address.is_some() {
        println!("listening on http://{bound}");
        return Ok(serving.await?);
    }
    tokio::spawn(serving);
    try_out(bound).await
}

async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let verdict = server.guard.judge(&request);
    if let Some(refusal) = verdict.refusal(&server.engine) {
        return refusal.map(Body::from);
    }
    let (head, body) = request.into_parts();
    let Ok(body) = body::to_bytes(body, BODY_LENGTH_MAX).await else {
        return verdict.mark(body_too_long(&server.engine)).map(Body::from);
    };
    let request = Request::from_parts(head, body);
    let answered = spawn_blocking(move || server.guard.handle(&server.engine, &request)).await;
    answered.map_or_else(
        |_panicked| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        |response| response.map(Body::from),
    )
}

async fn try_out(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let settings = json!({ "IdentityPoolName": "game", "AllowUnauthenticatedIdentities": true });
    let pool = call(address, "CreateIdentityPool", &settings).await?;
    let pool = json!({ "IdentityPoolId": pool["IdentityPoolId"] });
    call(address, "GetId", &pool).await?;
    call(address, "DeleteIdentityPool", &pool).await?;
    call(address, "GetId", &pool).await?;
    Ok(())
}

/// Sends a signed request, as an SDK does, and prints the answer.
async fn call(
    address: SocketAddr,
    operation: &str,
    input: &Value,
) -> Result<Value, Box<dyn Error>> {
    let body = input.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-amz-json-1.1\r\n\
         x-amz-target: AWSCognitoIdentityService.{operation}\r\n\
         authorization: AWS4-HMAC-SHA256 \
         Credential=123456789012/20260101/us-east-1/cognito-identity/aws4_request, \
         SignedHeaders=host, Signature={:064}\r\n\r\n{body}",
        body.len(),
        0,
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (head, body) = response.split_once("\r\n\r\n").ok_or("no answer")?;
    println!("{operation}: {}", head.lines().next().unwrap_or_default());
    if body.is_empty() {
        return Ok(Value::Null);
    }
    println!("    {body}");
    Ok(serde_json::from_str(body)?)
}
