//! One TLS implementation for every client in the process.

/// Chooses ring for all of rustls. Safe to call again; needed before the first `reqwest` client is built.
pub fn install_crypto_provider() {
    // An error says that one is installed already, which is all that is asked for.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
