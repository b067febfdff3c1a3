//! TLS for the servers, under a certificate of their own.

use std::io::Write;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

/// What a server needs to speak TLS on loopback, and the file by which a client trusts it.
pub fn acceptor() -> (TlsAcceptor, NamedTempFile) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let mut bundle = NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    bundle.write_all(made.cert.pem().as_bytes()).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), bundle)
}
