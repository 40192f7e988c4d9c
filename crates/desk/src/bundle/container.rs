//! The file that bundles and returns are kept in: a zip archive, uncompressed, with a manifest that names every part with its
//! size and SHA-256, and a signature of the manifest (HMAC-SHA256 with the bundle's key). Parts are streamed; memory does not
//! grow with them. The same content gives the same bytes.
//!
//! Order of the archive: `manifest.json`, `signature`, then the parts.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::problem::BundleProblem;
use crate::{Error, Result, audit::chain::hex};

const MANIFEST: &str = "manifest.json";
const SIGNATURE: &str = "signature";
/// A manifest holds some words and a line for each part.
const MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// As long as a row of an import may be, with what stands around it.
const LINE_BYTES_MAX: u64 = 2 * crate::import::ROW_BYTES_MAX as u64;

/// A part as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name in the archive.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

/// A part that is to be written.
pub(super) struct Source {
    pub(super) part: Part,
    /// Where its bytes lie.
    pub(super) path: PathBuf,
}

impl Source {
    /// A file under a name of its own.
    pub(super) fn of(name: impl Into<String>, path: PathBuf) -> Result<Self> {
        let file = File::open(&path).map_err(Error::io(&path))?;
        let (bytes, sha256) = hashed(file).map_err(Error::io(&path))?;
        let part = Part { name: name.into(), bytes, sha256 };
        Ok(Self { part, path })
    }
}

/// Does work with a file that takes longer than others should wait for.
pub(super) async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Io { path: path.to_owned(), source: error.into() })?
}

/// How many bytes there are, and their SHA-256.
fn hashed(mut reader: impl Read) -> io::Result<(u64, String)> {
    let (mut hasher, mut total) = (Sha256::new(), 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok((total, hex(&hasher.finalize())));
        }
        hasher.update(&buffer[..read]);
        total += read as u64;
    }
}

/// The signature of a manifest.
fn sign(key: &[u8], manifest: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(manifest);
    mac
}

/// Writes an archive beside `path` and puts it there when it is whole and on disk; gives the fingerprint of its manifest.
pub(super) fn write(
    path: &Path,
    manifest: &impl Serialize,
    key: &[u8],
    sources: &[Source],
) -> Result<String> {
    let next = path.with_extension("part");
    let written = write_to(&next, manifest, key, sources).and_then(|fingerprint| {
        fs::rename(&next, path).map_err(Error::io(path))?;
        Ok(fingerprint)
    });
    if written.is_err() {
        let _gone = fs::remove_file(&next);
    }
    written
}

fn write_to(path: &Path, manifest: &impl Serialize, key: &[u8], sources: &[Source]) -> Result<String> {
    let failed = |error: zip::result::ZipError| Error::Io { path: path.to_owned(), source: error.into() };
    let manifest =
        serde_json::to_vec(manifest).map_err(|error| Error::invalid("bundle", error.to_string()))?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .large_file(true);
    let file = File::create(path).map_err(Error::io(path))?;
    let mut archive = ZipWriter::new(BufWriter::new(file));
    let signature = hex(&sign(key, &manifest).finalize().into_bytes());
    for (name, bytes) in [(MANIFEST, manifest.as_slice()), (SIGNATURE, signature.as_bytes())] {
        archive.start_file(name, options).map_err(failed)?;
        archive.write_all(bytes).map_err(Error::io(path))?;
    }
    for source in sources {
        archive.start_file(source.part.name.as_str(), options).map_err(failed)?;
        let mut part = File::open(&source.path).map_err(Error::io(&source.path))?;
        io::copy(&mut part, &mut archive).map_err(Error::io(path))?;
    }
    let file = archive.finish().map_err(failed)?.into_inner().map_err(|e| Error::io(path)(e.into_error()))?;
    file.sync_all().map_err(Error::io(path))?;
    Ok(hex(&Sha256::digest(&manifest)))
}

/// An archive that is read.
pub(super) struct Container {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    manifest: Vec<u8>,
}

/// What every manifest begins with.
#[derive(Deserialize)]
struct Beginning {
    kind: String,
    format: u32,
}

impl Container {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| unreadable(path, &error))?;
        let mut container = Self { path: path.to_owned(), archive, manifest: Vec::new() };
        container.manifest = container.small(MANIFEST)?;
        Ok(container)
    }

    /// The manifest, which is of this kind and of a format up to `known`.
    pub(super) fn manifest<T: DeserializeOwned>(&self, wanted: &'static str, known: u32) -> Result<T> {
        let bad =
            |error: serde_json::Error| self.refuse(BundleProblem::Manifest { reason: error.to_string() });
        let Beginning { kind, format } = serde_json::from_slice(&self.manifest).map_err(bad)?;
        if kind != wanted {
            return Err(self.refuse(BundleProblem::WrongKind { found: kind, wanted }));
        }
        if format > known {
            return Err(self.refuse(BundleProblem::NewerFormat { found: format, known }));
        }
        serde_json::from_slice(&self.manifest).map_err(bad)
    }

    /// Which kind of file it is.
    pub(super) fn kind(&self) -> Result<String> {
        let beginning: Beginning = serde_json::from_slice(&self.manifest)
            .map_err(|error| self.refuse(BundleProblem::Manifest { reason: error.to_string() }))?;
        Ok(beginning.kind)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the manifest, which names everything else.
    pub(super) fn fingerprint(&self) -> String {
        hex(&Sha256::digest(&self.manifest))
    }

    /// Checks the signature, and that the parts are those that the manifest names, byte for byte.
    pub(super) fn verify(&mut self, key: &[u8], parts: &[Part]) -> Result<()> {
        let signature = self.small(SIGNATURE)?;
        let expected = hex(&sign(key, &self.manifest).finalize().into_bytes());
        // The comparison of two hashes of them tells nothing about how much of the signature fits.
        if Sha256::digest(&signature) != Sha256::digest(expected.as_bytes()) {
            return Err(self.refuse(BundleProblem::Forged));
        }
        self.verify_parts(parts)
    }

    /// Checks that the parts are those that the manifest names, byte for byte.
    pub(super) fn verify_parts(&mut self, parts: &[Part]) -> Result<()> {
        let named = parts.iter().map(|part| part.name.as_str()).chain([MANIFEST, SIGNATURE]);
        let named: BTreeSet<String> = named.map(str::to_owned).collect();
        let found: BTreeSet<String> =
            self.archive.file_names().filter_map(|n| n.ok().map(Into::into)).collect();
        if let Some(name) = named.symmetric_difference(&found).next() {
            return Err(self.refuse(BundleProblem::Parts { name: name.clone() }));
        }
        if self.archive.len() != named.len() {
            return Err(self.refuse(BundleProblem::Parts { name: "one of them twice".to_owned() }));
        }
        for part in parts {
            let found = hashed(self.part(&part.name)?);
            if !found.is_ok_and(|(bytes, sha256)| bytes == part.bytes && sha256 == part.sha256) {
                return Err(self.refuse(BundleProblem::PartChanged { name: part.name.clone() }));
            }
        }
        Ok(())
    }

    /// The bytes of a part.
    pub(super) fn part(&mut self, name: &str) -> Result<impl Read + '_> {
        let path = self.path.clone();
        self.archive.by_name(name).map_err(|error| unreadable(&path, &error))
    }

    /// Gives the lines of a part, each read from JSON, until `take` has had all of them.
    pub(super) fn lines<T: DeserializeOwned>(
        &mut self,
        part: &'static str,
        mut take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let path = self.path.clone();
        let mut reader = BufReader::new(self.part(part)?);
        let (mut text, mut line) = (Vec::new(), 0);
        loop {
            text.clear();
            line += 1;
            let bad = || Error::Bundle { path: path.clone(), problem: BundleProblem::Line { part, line } };
            let read =
                reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut text).map_err(|_| bad())?;
            if read == 0 {
                return Ok(());
            }
            take(serde_json::from_slice(&text).map_err(|_| bad())?)?;
        }
    }

    /// This file is refused whole.
    pub(super) fn refuse(&self, problem: BundleProblem) -> Error {
        Error::Bundle { path: self.path.clone(), problem }
    }

    /// A part that is held in memory.
    fn small(&mut self, name: &str) -> Result<Vec<u8>> {
        let path = self.path.clone();
        let mut bytes = Vec::new();
        let read = self.part(name)?.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes);
        read.map_err(|error| Error::Bundle {
            path,
            problem: BundleProblem::Unreadable { reason: error.to_string() },
        })?;
        Ok(bytes)
    }
}

fn unreadable(path: &Path, error: &zip::result::ZipError) -> Error {
    let problem = BundleProblem::Unreadable { reason: error.to_string() };
    Error::Bundle { path: path.to_owned(), problem }
}
