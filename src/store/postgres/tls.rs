//! TLS with rustls: the certificates that a server may show.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as RustlsStream;

use crate::store::postgres::problem::Problem;
use crate::store::postgres::wire::Wire;

/// Whether a connection is encrypted, and what the server has to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the modes of PostgreSQL's own clients")]
pub enum PostgresTls {
    /// No encryption. The default if every host is a Unix socket or a loopback address.
    Disable,
    /// Encryption with anybody who answers. It protects from no one who can answer in the server's
    /// place.
    Require,
    /// The certificate comes from an authority that is trusted.
    VerifyCa,
    /// The certificate also names the host. The default.
    VerifyFull,
}

/// The authorities that are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Roots {
    System,
    File(PathBuf),
}

/// The configuration for all connections, or `None` without encryption.
pub(super) fn configure(
    mode: PostgresTls,
    roots: &Roots,
) -> Result<Option<Arc<ClientConfig>>, Problem> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Problem::refused(format!("TLS: {error}")))?;
    let dangerous = |inner| {
        let verifier = Arc::new(LenientVerifier { inner, provider: Arc::clone(&provider) });
        versions.clone().dangerous().with_custom_certificate_verifier(verifier)
    };
    let builder = match mode {
        PostgresTls::Disable => return Ok(None),
        PostgresTls::Require => dangerous(None),
        PostgresTls::VerifyCa => {
            let roots = Arc::new(load(roots)?);
            let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
                .build()
                .map_err(|error| Problem::refused(format!("TLS: {error}")))?;
            dangerous(Some(inner))
        }
        PostgresTls::VerifyFull => versions.with_root_certificates(load(roots)?),
    };
    Ok(Some(Arc::new(builder.with_no_client_auth())))
}

fn load(roots: &Roots) -> Result<RootCertStore, Problem> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs);
            if store.is_empty() {
                return Err(Problem::refused(
                    "sslrootcert: this system has no certificate authorities; name a file",
                ));
            }
        }
        Roots::File(path) => {
            let refuse = |why: &dyn std::fmt::Display| {
                Problem::refused(format!("sslrootcert `{}`: {why}", path.display()))
            };
            for certificate in read_certificates(path).map_err(|error| refuse(&error))? {
                store.add(certificate).map_err(|error| refuse(&error))?;
            }
            if store.is_empty() {
                return Err(refuse(&"no certificate in it"));
            }
        }
    }
    Ok(store)
}

fn read_certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let text = std::fs::read(path)?;
    CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| io::Error::other("not a file of PEM certificates"))
}

/// Accepts a certificate for another name, or any certificate, but only its owner's signature.
#[derive(Debug)]
struct LenientVerifier {
    /// `None` accepts any certificate.
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for LenientVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(inner) = &self.inner else {
            return Ok(ServerCertVerified::assertion());
        };
        match inner.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is checked after the authority.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Encrypts one connection.
pub(super) struct Encryption {
    pub(super) config: Option<Arc<ClientConfig>>,
    pub(super) host: String,
}

impl TlsConnect<Wire> for Encryption {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, wire: Wire) -> Self::Future {
        Box::pin(async move {
            let config = self.config.ok_or_else(|| io::Error::other("TLS is disabled"))?;
            let name = ServerName::try_from(self.host)
                .map_err(|_| io::Error::other("the host is not a name of a server"))?;
            TlsConnector::from(config).connect(name, wire).await.map(Encrypted)
        })
    }
}

/// An encrypted connection.
#[derive(Debug)]
pub(super) struct Encrypted(RustlsStream<Wire>);

impl TlsStream for Encrypted {
    // The server's certificate is checked, which is as good where the mode is to verify it.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
