//! A server with key sets, and tokens of the keys in them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// The expiration of the tokens: the year 2100.
const EXP: u64 = 4_102_444_800;

/// A key pair with a name.
pub(crate) struct Key {
    kid: &'static str,
    pair: Ed25519KeyPair,
}

impl Key {
    pub(crate) fn new(kid: &'static str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self { kid, pair: Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key") }
    }

    /// The key set with this key alone.
    pub(crate) fn set(&self) -> String {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key());
        let key = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.kid, "x": x});
        json!({"keys": [key]}).to_string()
    }

    /// An identity token of Alice for the application `game`.
    pub(crate) fn token(&self, issuer: &str) -> String {
        let header = json!({"alg": "EdDSA", "kid": self.kid});
        let claims = json!({"iss": issuer, "sub": "alice", "aud": "game", "exp": EXP});
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A server of documents. Others are 404.
#[derive(Clone)]
pub(crate) struct KeyServer {
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    documents: Arc<Mutex<HashMap<String, String>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl KeyServer {
    pub(crate) fn start() -> Self {
        Self::on("127.0.0.1:0", None)
    }

    /// The same on an address that is known before.
    pub(crate) fn start_on(address: &str) -> Self {
        Self::on(address, None)
    }

    /// The same with TLS, as `localhost`.
    pub(crate) fn start_tls() -> Self {
        let chain = vec![CertificateDer::from(&include_bytes!("../keys/localhost.der")[..])];
        let key = PrivateKeyDer::try_from(&include_bytes!("../keys/localhost.p8")[..]);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key.expect("a key"));
        Self::on("127.0.0.1:0", Some(Arc::new(config.expect("a certificate"))))
    }

    fn on(address: &str, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let server = Self { address, documents: Arc::default(), requests: Arc::default() };
        let serving = server.clone();
        // Ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (serving, tls) = (serving.clone(), tls.clone());
                thread::spawn(move || serving.attend(stream, tls));
            }
        });
        server
    }

    fn attend(&self, stream: TcpStream, tls: Option<Arc<ServerConfig>>) {
        match tls {
            None => self.answer(stream),
            Some(config) => {
                let connection = ServerConnection::new(config).expect("a connection");
                self.answer(StreamOwned::new(connection, stream));
            }
        }
    }

    fn answer(&self, stream: impl Read + Write) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        // A client that distrusts the certificate sends no request.
        if stream.read_line(&mut line).is_err() {
            return;
        }
        let path = line.split(' ').nth(1).expect("a path").to_owned();
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).expect("a head");
        }
        self.requests.lock().expect("no panic").push(path.clone());
        let document = self.documents.lock().expect("no panic").get(&path).cloned();
        let (status, body) = document.map_or((404, "{}".to_owned()), |body| (200, body));
        let length = body.len();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n");
        let stream = stream.get_mut();
        stream.write_all(format!("{head}{body}").as_bytes()).expect("written");
        stream.flush().expect("written");
    }

    pub(crate) fn serve(&self, path: &str, key: &Key) {
        self.documents.lock().expect("no panic").insert(path.to_owned(), key.set());
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.lock().expect("no panic").len()
    }
}
