//! Where something is, in one spelling.

use std::ffi::OsString;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use url::Url;

use super::StoreError;

/// What kind of store a place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// A local file.
    File,
    /// Amazon S3 and what speaks like it.
    S3,
    /// Google Cloud Storage.
    Gs,
    /// Azure Blob Storage.
    Az,
    /// Plain HTTP or HTTPS; cannot list.
    Http,
}

/// One file or object, or a prefix of them.
///
/// Equality, order and hash go by the canonical URL: `./a/../b` is `b`, symbolic links are resolved as far as the
/// path exists, hosts are lower case, credentials are dropped. `Display` and `Debug` show [`Location::name`] only.
#[derive(Clone)]
pub struct Location {
    url: Url,
    name: String,
    scheme: Scheme,
    local: Option<PathBuf>,
}

impl Location {
    /// Reads a path (relative to `base_dir`, the config's folder) or a `file://`, `s3://`, `gs://`, `az://`,
    /// `http://` or `https://` URL. Looks at the local disk to resolve links, never at the network.
    ///
    /// # Errors
    /// An unknown scheme, a URL without a host or bucket, a path that is no UTF-8.
    pub fn parse(text: &str, base_dir: &Path) -> Result<Self, StoreError> {
        let bad =
            |problem: &str| StoreError::BadLocation { name: public_text(text), problem: problem.into() };
        let Some((scheme, _)) = text.split_once("://") else {
            if text.is_empty() {
                return Err(bad("it is empty"));
            }
            return Self::from_path(Path::new(text), base_dir);
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "file" => {
                let url = Url::parse(text).map_err(|e| bad(&e.to_string()))?;
                let path =
                    url.to_file_path().map_err(|()| bad("a file URL needs an absolute path, file:///…"))?;
                return Self::from_path(&path, base_dir);
            }
            "s3" | "s3a" => Scheme::S3,
            "gs" => Scheme::Gs,
            "az" => Scheme::Az,
            "http" | "https" => Scheme::Http,
            other => return Err(StoreError::UnknownScheme { name: public_text(text), scheme: other.into() }),
        };
        let mut url = Url::parse(text).map_err(|e| bad(&e.to_string()))?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err(bad("the host or bucket is missing"));
        }
        url.set_fragment(None);
        // Fails only on URLs without a host, which are refused above.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if scheme == Scheme::S3 && url.scheme() != "s3" {
            let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
            url = Url::parse(&format!("s3://{rest}")).map_err(|e| bad(&e.to_string()))?;
        }
        let name = public_text(url.as_str());
        Ok(Self { url, name, scheme, local: None })
    }

    /// The place of a local path, relative to `base_dir` if it is not absolute.
    ///
    /// # Errors
    /// A path that is no UTF-8.
    pub fn from_path(path: &Path, base_dir: &Path) -> Result<Self, StoreError> {
        let bad = |problem: &str| StoreError::BadLocation {
            name: path.to_string_lossy().into_owned(),
            problem: problem.into(),
        };
        let base =
            resolve(base_dir).map_err(|e| StoreError::from_io("resolve", &base_dir.to_string_lossy(), e))?;
        let full = resolve(&base.join(path))
            .map_err(|e| StoreError::from_io("resolve", &path.to_string_lossy(), e))?;
        let name = relative_name(&full, &base).ok_or_else(|| bad("the name is not UTF-8"))?;
        let url = Url::from_file_path(&full).map_err(|()| bad("it cannot be written as a URL"))?;
        Ok(Self { url, name, scheme: Scheme::File, local: Some(full) })
    }

    /// How the place appears in outputs: for local files the path relative to `base_dir`, with `/` (it may start
    /// with `../`); else the URL without credentials and query.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The identity. May hold a signed query: do not write it to an output.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The kind of store.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The absolute path with links resolved, if the place is local.
    pub fn local_path(&self) -> Option<&Path> {
        self.local.as_deref()
    }

    /// The place below this one: `tail` is a relative path with `/`, such as `v0001/data/swh`.
    ///
    /// # Errors
    /// A `tail` that is absolute or goes up.
    pub fn join(&self, tail: &str) -> Result<Self, StoreError> {
        if tail.is_empty() || tail.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            let problem = "only plain parts can be appended to a place".into();
            return Err(StoreError::BadLocation { name: tail.into(), problem });
        }
        let name = format!("{}/{tail}", self.name.trim_end_matches('/'));
        let mut url = self.url.clone();
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(tail.split('/'));
        }
        let local = self.local.as_ref().map(|path| path.join(tail));
        Ok(Self { url, name, scheme: self.scheme, local })
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Location {}

impl PartialOrd for Location {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Location {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.url.cmp(&other.url)
    }
}

impl std::hash::Hash for Location {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.url.hash(state);
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({})", self.name)
    }
}

/// A URL's text without user, password, query and fragment; other text unchanged.
fn public_text(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_string() };
    let rest = rest.split(['?', '#']).next().unwrap_or("");
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// The absolute path with links resolved as far as it exists; what does not exist yet is kept, `.` and `..` undone.
fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut missing: Vec<OsString> = Vec::new();
    let mut existing = absolute.as_path();
    let mut full = loop {
        if let Ok(real) = existing.canonicalize() {
            break real;
        }
        let (Some(parent), Some(last)) = (existing.parent(), existing.components().next_back()) else {
            break existing.to_path_buf();
        };
        missing.push(last.as_os_str().to_os_string());
        existing = parent;
    };
    for part in missing.iter().rev() {
        if part == ".." {
            full.pop();
        } else {
            full.push(part);
        }
    }
    Ok(full)
}

/// `full` seen from `base`, with `/` between the parts and `..` where needed; `None` if it is no UTF-8.
fn relative_name(full: &Path, base: &Path) -> Option<String> {
    let (full, base): (Vec<Component>, Vec<Component>) =
        (full.components().collect(), base.components().collect());
    let shared = full.iter().zip(&base).take_while(|(a, b)| a == b).count();
    let ups = base[shared..].iter().map(|_| Some(".."));
    let downs = full[shared..].iter().map(|part| part.as_os_str().to_str());
    let parts: Option<Vec<&str>> = ups.chain(downs).collect();
    parts.map(|parts| if parts.is_empty() { ".".to_string() } else { parts.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_a_file_are_one_place() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("corpus");
        std::fs::create_dir_all(base.join("mbegu")).unwrap();
        std::fs::write(base.join("habari ya leo.warc"), b"x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(base.join("habari ya leo.warc"), base.join("mbegu/kiungo.warc")).unwrap();
        let plain = Location::parse("habari ya leo.warc", &base).unwrap();
        let mut spellings = vec![
            "./mbegu/../habari ya leo.warc".to_string(),
            format!("file://{}/habari%20ya%20leo.warc", base.display()),
            base.join("habari ya leo.warc").display().to_string(),
        ];
        if cfg!(unix) {
            spellings.push("mbegu/kiungo.warc".into());
        }
        for text in spellings {
            let other = Location::parse(&text, &base).unwrap();
            assert_eq!(other, plain, "{text}");
            assert_eq!(other.name(), "habari ya leo.warc", "{text}");
        }
        let outside = Location::parse("../jirani/ሰላም.warc", &base).unwrap();
        assert_eq!(outside.name(), "../jirani/ሰላም.warc");
        assert_eq!(Location::parse(".", &base).unwrap().name(), ".");
    }

    #[test]
    fn a_place_that_does_not_exist_yet_has_the_same_identity_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let before = Location::parse("ke/v0001/../v0001/data", dir.path()).unwrap();
        std::fs::create_dir_all(dir.path().join("ke/v0001/data")).unwrap();
        assert_eq!(before, Location::parse("ke/v0001/data", dir.path()).unwrap());
    }

    #[test]
    fn credentials_and_queries_stay_out_of_names() {
        let base = Path::new("/");
        let place =
            Location::parse("https://mtu:siri@Data.Example.org/a.warc.gz?Signature=abc#x", base).unwrap();
        assert_eq!(place.name(), "https://data.example.org/a.warc.gz");
        assert_eq!(format!("{place} {place:?}").matches("siri").count(), 0);
        assert!(!place.url().as_str().contains("siri"));
        let error = Location::parse("ftp://mtu:siri@example.org/a?k=v", base).unwrap_err();
        assert_eq!(error.to_string(), "ftp://example.org/a has the unknown scheme ftp");
        assert!(error.hint().contains("s3://"));
    }

    #[test]
    fn buckets_have_one_spelling_and_must_be_named() {
        let base = Path::new("/");
        let one = Location::parse("s3a://in-node/corpus//x", base).unwrap();
        assert_eq!(one.name(), "s3://in-node/corpus//x");
        assert!(matches!(Location::parse("s3:///corpus", base), Err(StoreError::BadLocation { .. })));
        assert!(matches!(Location::parse("", base), Err(StoreError::BadLocation { .. })));
    }

    #[test]
    fn joining_never_leaves_the_place() {
        let base = Location::parse("s3://in-node/corpus/", Path::new("/")).unwrap();
        assert_eq!(base.join("v0001/data/hin").unwrap().name(), "s3://in-node/corpus/v0001/data/hin");
        for tail in ["../x", "/etc", "a//b", "", "a/./b"] {
            assert!(base.join(tail).is_err(), "{tail}");
        }
        let local = Location::parse("/srv", Path::new("/")).unwrap().join("ke/हिन्दी").unwrap();
        assert_eq!(local, Location::parse("/srv/ke/हिन्दी", Path::new("/")).unwrap());
    }
}
