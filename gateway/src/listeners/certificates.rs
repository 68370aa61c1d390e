use std::{fs, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{
    client::verify_server_name,
    crypto::aws_lc_rs::sign::any_supported_type,
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};

use crate::config::CertificateFiles;

/// The certificates of one listener. Chosen by the name that a client asks for, and replaced while connections come in.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: Vec<CertificateFiles>,
    current: ArcSwap<Vec<Arc<CertifiedKey>>>,
}

impl Certificates {
    /// Reads all of them.
    ///
    /// # Errors
    /// What is wrong with the first that cannot be used, with its path.
    pub(crate) fn read(files: &[CertificateFiles]) -> Result<Self, String> {
        let keys = read_all(files)?;
        Ok(Self { files: files.to_vec(), current: ArcSwap::from_pointee(keys) })
    }

    /// Reads them again. Whatever was served goes on being served when one cannot be used.
    ///
    /// # Errors
    /// As [`read`](Self::read). `true` when something changed.
    pub(crate) fn refresh(&self) -> Result<bool, String> {
        let keys = read_all(&self.files)?;
        let current = self.current.load();
        let same = keys.len() == current.len() && keys.iter().zip(&**current).all(|(a, b)| a.cert == b.cert);
        if !same {
            self.current.store(Arc::new(keys));
        }
        Ok(!same)
    }

    fn choose(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let current = self.current.load();
        let name = name.and_then(|name| ServerName::try_from(name).ok());
        let named = name.and_then(|name| current.iter().find(|key| is_for(key, &name)));
        named.or_else(|| current.first()).map(Arc::clone)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name())
    }
}

/// One chain with its key.
///
/// # Errors
/// What is wrong, with the path of the file.
pub(crate) fn read_certificate(files: &CertificateFiles) -> Result<CertifiedKey, String> {
    let (chain, key) = (files.chain.display(), files.key.display());
    let text = fs::read(&files.chain).map_err(|error| format!("{chain}: {}", error.kind()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|_| format!("{chain}: not PEM"))?;
    let text = fs::read(&files.key).map_err(|error| format!("{key}: {}", error.kind()))?;
    let private =
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| format!("{key}: not a private key in PEM"))?;
    let signer =
        any_supported_type(&private).map_err(|_| format!("{key}: a kind of key that is not supported"))?;
    let certified = CertifiedKey::new(certificates, signer);
    match certified.keys_match() {
        // Not every kind of key can tell; the handshake will.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(format!("{key}: not the key of {chain}")),
        Err(error) => Err(format!("{chain}: {error}")),
    }
}

fn read_all(files: &[CertificateFiles]) -> Result<Vec<Arc<CertifiedKey>>, String> {
    files.iter().map(|files| read_certificate(files).map(Arc::new)).collect()
}

fn is_for(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let Some(leaf) = key.cert.first() else { return false };
    ParsedCertificate::try_from(leaf).is_ok_and(|leaf| verify_server_name(&leaf, name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &std::path::Path, names: &[&str], file: &str) -> CertificateFiles {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let (chain, key) = (folder.join(format!("{file}.pem")), folder.join(format!("{file}.key")));
        fs::write(&chain, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        CertificateFiles { chain, key }
    }

    #[test]
    fn the_certificate_follows_the_name_and_the_first_is_for_all_others() {
        let folder = tempfile::tempdir().unwrap();
        let one = write(folder.path(), &["one.test"], "one");
        let two = write(folder.path(), &["two.test", "*.two.test"], "two");
        let all = Certificates::read(&[one, two]).unwrap();
        let first = all.choose(None).unwrap();
        let second = all.choose(Some("two.test")).unwrap();
        assert_ne!(first.cert, second.cert);
        assert_eq!(all.choose(Some("one.test")).unwrap().cert, first.cert);
        assert_eq!(all.choose(Some("a.two.test")).unwrap().cert, second.cert);
        assert_eq!(all.choose(Some("other.test")).unwrap().cert, first.cert);
    }

    #[test]
    fn a_renewed_certificate_is_served_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = write(folder.path(), &["one.test"], "one");
        let all = Certificates::read(std::slice::from_ref(&files)).unwrap();
        let before = all.choose(None).unwrap();
        assert!(!all.refresh().unwrap());
        write(folder.path(), &["one.test"], "one");
        assert!(all.refresh().unwrap());
        let renewed = all.choose(None).unwrap();
        assert_ne!(before.cert, renewed.cert);
        fs::write(&files.key, "nonsense").unwrap();
        assert!(all.refresh().unwrap_err().ends_with("one.key: not a private key in PEM"));
        assert_eq!(all.choose(None).unwrap().cert, renewed.cert);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let one = write(folder.path(), &["one.test"], "one");
        let two = write(folder.path(), &["two.test"], "two");
        let mixed = CertificateFiles { chain: one.chain, key: two.key };
        assert!(read_certificate(&mixed).unwrap_err().contains("not the key of"));
    }
}
