//! The AWS SDK for Rust over an engine in the same process: no server, no port, no network.
//!
//! The SDK signs and sends each request as it does for the service, but its HTTP client passes the
//! request to the engine. Tests of a backend that uses the SDK can run against the engine in this
//! way.

use std::error::Error;

use aws_sdk_cognitoidentity::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cognitoidentity::operation::get_open_id_token_for_developer_identity as token;
use aws_sdk_cognitoidentity::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use cognate::Engine;
use cognate::token::SigningAlgorithm;
use token::GetOpenIdTokenForDeveloperIdentityError::DeveloperUserAlreadyRegisteredException;
use token::builders::GetOpenIdTokenForDeveloperIdentityFluentBuilder as GetToken;
use tokio::task::spawn_blocking;

#[derive(Debug, Clone)]
struct InProcess(Engine);

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = self.0.clone();
        HttpConnectorFuture::new(async move {
            let answered = spawn_blocking(move || answer(&engine, request)).await;
            answered
                .unwrap_or_else(|panicked| Err(panicked.into()))
                .map_err(|error| ConnectorError::other(error, None))
        })
    }
}

fn answer(
    engine: &Engine,
    request: HttpRequest,
) -> Result<HttpResponse, Box<dyn Error + Send + Sync>> {
    let request = request.try_into_http1x()?;
    // Inputs of this service are in memory, never streams.
    let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
    let response = cognate::http::handle(engine, &request);
    Ok(response.map(SdkBody::from).try_into()?)
}

fn http_client(engine: Engine) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(InProcess(engine));
    http_client_fn(move |_, _| connector.clone())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::builder().signing_algorithm(SigningAlgorithm::EdDsa).in_memory()?;
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        // An access key id of twelve digits is the account id.
        .credentials_provider(Credentials::new("123456789012", "secret", None, None, "example"))
        .http_client(http_client(engine.clone()))
        .build();
    let client = Client::from_conf(config);

    let pool = client
        .create_identity_pool()
        .identity_pool_name("game")
        .allow_unauthenticated_identities(false)
        .developer_provider_name("login.game")
        .send()
        .await?;
    println!("pool     {}", pool.identity_pool_id());

    let token = |user| token(&client, pool.identity_pool_id(), user);
    let alice = token("alice").send().await?;
    let alice = alice.identity_id().ok_or("no identity")?;
    println!("alice    {alice}  registered");
    let again = token("alice").send().await?;
    println!("alice    {}  the same", again.identity_id().ok_or("no identity")?);
    let claims = engine.verify_token(again.token().ok_or("no token")?)?;
    println!("token    {}  verified", claims.identity_id());

    let bob = token("bob").send().await?;
    println!("bob      {}  registered", bob.identity_id().ok_or("no identity")?);
    let refused = token("bob").identity_id(alice).send().await;
    match refused.map_err(aws_sdk_cognitoidentity::error::SdkError::into_service_error) {
        Err(DeveloperUserAlreadyRegisteredException(refused)) => {
            println!("refused  {}", refused.message().unwrap_or_default());
        }
        Err(other) => return Err(other.into()),
        Ok(_) => return Err("bob was given alice's identity".into()),
    }
    Ok(())
}

fn token(client: &Client, pool: &str, user: &str) -> GetToken {
    let call = client.get_open_id_token_for_developer_identity();
    call.identity_pool_id(pool).logins("login.game", user)
}
