//! TLS to Postgres, by the words libpq uses in the connection URL.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

use crate::Error;

/// How much TLS a connection URL asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsMode {
    /// `sslmode=disable`.
    Disable,
    /// `sslmode=prefer` (the default): encrypted when the server offers it, unverified.
    Prefer,
    /// `sslmode=require`: encrypted, unverified.
    Require,
    /// `sslmode=verify-ca` or `verify-full`: the certificate is checked, host name included.
    Verify { root_certificate_file: Option<PathBuf> },
}

impl TlsMode {
    /// Takes `sslmode` and `sslrootcert` out of a connection URL; the driver knows fewer words than libpq. The rest stays
    /// as it is: libpq's URLs may name several hosts, each with its port, which no general URL can.
    pub(crate) fn split_from(url: &str) -> Result<(Self, String), Error> {
        let (server, query) = url.split_once('?').unwrap_or((url, ""));
        let mut mode = None;
        let mut root_certificate_file = None;
        let mut rest = Vec::new();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "sslmode" => mode = Some(value.into_owned()),
                "sslrootcert" => root_certificate_file = Some(PathBuf::from(&*value)),
                _ => rest.push((key.into_owned(), value.into_owned())),
            }
        }
        let mode = match mode.as_deref() {
            Some("disable") => Self::Disable,
            None | Some("allow" | "prefer") => Self::Prefer,
            Some("require") if root_certificate_file.is_none() => Self::Require,
            Some("require" | "verify-ca" | "verify-full") => Self::Verify { root_certificate_file },
            Some(other) => {
                return Err(Error::Unavailable(format!(
                    "DATABASE_URL: sslmode `{other}` is not one of disable, prefer, require, verify-ca, verify-full"
                )));
            }
        };
        let driver_mode = match mode {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require | Self::Verify { .. } => "require",
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(rest)
            .append_pair("sslmode", driver_mode)
            .finish();
        Ok((mode, format!("{server}?{query}")))
    }

    /// The connector for this mode.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Unavailable(format!("TLS: {error}")))?;
        let config = match self {
            Self::Verify { root_certificate_file } => builder
                .with_root_certificates(root_certificates(root_certificate_file.as_ref())?)
                .with_no_client_auth(),
            Self::Disable | Self::Prefer | Self::Require => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
                .with_no_client_auth(),
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

fn root_certificates(file: Option<&PathBuf>) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    let Some(file) = file else {
        let found = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(found.certs);
        return Ok(store);
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::Unavailable(format!("sslrootcert {}: {error}", file.display()))
    };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        store.add(certificate).map_err(|error| unreadable(&error))?;
    }
    Ok(store)
}

/// What `sslmode=require` without a root certificate means: encrypted, whoever answers.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libpq_words_become_a_mode_and_a_url_the_driver_reads() {
        let (mode, url) =
            TlsMode::split_from("postgres://shop@db:5432/shop?sslmode=verify-full&sslrootcert=/ca.pem")
                .unwrap();
        assert_eq!(mode, TlsMode::Verify { root_certificate_file: Some("/ca.pem".into()) });
        assert_eq!(url, "postgres://shop@db:5432/shop?sslmode=require");
        assert_eq!(TlsMode::split_from("postgres://db/shop").unwrap().0, TlsMode::Prefer);
        assert!(TlsMode::split_from("postgres://db/shop?sslmode=maybe").is_err());
    }

    #[test]
    fn several_hosts_reach_the_driver_each_with_its_port() {
        let (mode, url) = TlsMode::split_from(
            "postgres://shop@db-a:5432,db-b:5433/shop?sslmode=require&target_session_attrs=read-write",
        )
        .unwrap();
        assert_eq!(mode, TlsMode::Require);
        let config: tokio_postgres::Config = url.parse().unwrap();
        let hosts = ["db-a", "db-b"].map(|name| tokio_postgres::config::Host::Tcp(name.to_owned()));
        assert_eq!((config.get_hosts(), config.get_ports()), (&hosts[..], &[5432, 5433][..]));
        assert_eq!(config.get_target_session_attrs(), tokio_postgres::config::TargetSessionAttrs::ReadWrite);
    }
}
