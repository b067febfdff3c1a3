//! A certificate authority made at start, and a certificate for whatever name a client asks for.
//!
//! Clients connect to loopback under the real names of AWS, so the names are not known beforehand.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PublicKeyData,
};
use rustls::ServerConfig;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// Names beyond this are not kept, and get a new certificate at every connection.
const MOST_NAMES: usize = 1024;

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    #[error("cannot set TLS up")]
    Tls(#[from] rustls::Error),
}

/// The authority, and the certificates that it has signed.
#[derive(Debug)]
pub(super) struct Certificates {
    pub(super) authority: CertifiedIssuer<'static, KeyPair>,
    /// All certificates are for one key: making a key costs more than signing a certificate.
    key: KeyPair,
    signer: Arc<dyn rustls::sign::SigningKey>,
    /// For clients that name no name: the addresses.
    nameless: Arc<CertifiedKey>,
    named: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Certificates {
    /// `bind` is an address to vouch for besides the loopback ones.
    pub(super) fn new(bind: IpAddr) -> Result<Self, CertificateError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "awscreds-bench lab");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let signer = any_supported_type(&PrivatePkcs8KeyDer::from(key.serialize_der()).into())?;
        let names = ["localhost", "127.0.0.1", "::1", &bind.to_string()].map(str::to_owned);
        let nameless = certify(&authority, &key, &signer, names.to_vec())?;
        Ok(Self {
            authority,
            key,
            signer,
            nameless,
            named: Mutex::default(),
        })
    }

    /// Accepts TLS 1.2 and 1.3 with HTTP/1.1 on top.
    pub(super) fn acceptor(self) -> Result<TlsAcceptor, CertificateError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn of(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let mut known = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known.get(name) {
            return Some(Arc::clone(made));
        }
        let names = vec![name.to_owned()];
        let made = certify(&self.authority, &self.key, &self.signer, names).ok()?;
        if known.len() < MOST_NAMES {
            known.insert(name.to_owned(), Arc::clone(&made));
        }
        Some(made)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match hello.server_name() {
            Some(name) => self.of(name),
            None => Some(Arc::clone(&self.nameless)),
        }
    }
}

fn certify(
    authority: &CertifiedIssuer<'static, KeyPair>,
    key: &impl PublicKeyData,
    signer: &Arc<dyn rustls::sign::SigningKey>,
    names: Vec<String>,
) -> Result<Arc<CertifiedKey>, CertificateError> {
    let mut params = CertificateParams::new(names)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(key, authority)?;
    let chain = vec![certificate.der().clone()];
    Ok(Arc::new(CertifiedKey::new(chain, Arc::clone(signer))))
}
