use std::{
    fs,
    path::{Path, PathBuf},
};

use portreeve_diagnostics::{Diagnostic, Report, Spanned};
use rustls_pki_types::{CertificateDer, pem::PemObject};

/// The folder that relative paths of a configuration start from: the one that the file is in.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The folder of this file.
    pub(crate) fn of(file: &Path) -> Self {
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        Self(parent.unwrap_or(Path::new(".")).to_owned())
    }

    /// Where a path leads that was written in the configuration.
    pub(crate) fn path(&self, written: &str) -> PathBuf {
        self.0.join(written)
    }

    /// The certificates of a PEM file.
    pub(crate) fn certificates(
        &self,
        file: &Spanned<String>,
        report: &mut Report,
    ) -> Option<Vec<CertificateDer<'static>>> {
        let text = self.read(file, report)?;
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let sound = read.ok().filter(|read| !read.is_empty()).filter(|read| read.iter().all(is_certificate));
        if sound.is_none() {
            let message = format!("`{}` holds no certificates in PEM", file.value);
            report.push(
                Diagnostic::error("config/not-certificates", message).at(file.span, "not certificates"),
            );
        }
        sound
    }

    fn read(&self, file: &Spanned<String>, report: &mut Report) -> Option<Vec<u8>> {
        match fs::read(self.path(&file.value)) {
            Ok(text) => Some(text),
            Err(error) => {
                let message = format!("`{}` cannot be read: {}", file.value, error.kind());
                report.push(
                    Diagnostic::error("config/unreadable-file", message)
                        .at(file.span, "this file")
                        .help("paths are relative to the folder of the configuration"),
                );
                None
            }
        }
    }
}

/// Whether it can be parsed at all. What is trusted is parsed again, by code that takes it for granted.
fn is_certificate(der: &CertificateDer<'static>) -> bool {
    x509_parser::parse_x509_certificate(der).is_ok()
}
