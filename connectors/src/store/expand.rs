//! From what a config says to the files it means.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use futures::{StreamExt, TryStreamExt};
use glob::{MatchOptions, Pattern};

use super::{Location, Scheme, StoreError, Stores};

/// Requests in flight while a list's files are looked up.
const LOOKUPS_AT_ONCE: usize = 32;

/// A list longer than this, unpacked, is not a list of paths (a whole Common Crawl month is 12 MB).
const MAX_LIST_BYTES: u64 = 512 << 20;

/// How patterns match: `*` stays within a folder and passes over hidden files.
const PATTERN_RULES: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// One input of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// Where it is.
    pub location: Location,
    /// Bytes.
    pub size: u64,
    /// Changes when the file does; see [`super::Head::identity`].
    pub identity: String,
}

/// The files that `specs` mean, sorted by canonical URL, each once.
///
/// An entry is a path or URL; a pattern with `*`, `**`, `?` or `[…]` (local, or in a bucket); or a list of paths,
/// known by its name (`*.paths`, `*.paths.gz`). Lines of a list are relative to the list's folder if it is local,
/// else to its bucket or host, as in Common Crawl; blank lines and lines that start with `#` are skipped. A file
/// whose name holds a pattern's characters is taken literally if it exists.
///
/// # Errors
/// The first entry that names nothing readable, in the order of `specs`; two inputs of the same name.
pub async fn expand_inputs(
    specs: &[String],
    base_dir: &Path,
    stores: &Stores,
) -> Result<Vec<InputFile>, StoreError> {
    let mut found: BTreeMap<Location, InputFile> = BTreeMap::new();
    for spec in specs {
        for file in expand_one(spec, base_dir, stores).await? {
            found.entry(file.location.clone()).or_insert(file);
        }
    }
    let mut names: BTreeMap<&str, &Location> = BTreeMap::new();
    for location in found.keys() {
        if names.insert(location.name(), location).is_some() {
            return Err(StoreError::SameName { name: location.name().to_string() });
        }
    }
    Ok(found.into_values().collect())
}

async fn expand_one(spec: &str, base_dir: &Path, stores: &Stores) -> Result<Vec<InputFile>, StoreError> {
    if is_pattern(spec) && !literally_there(spec, base_dir) {
        return if spec.contains("://") && !spec.to_ascii_lowercase().starts_with("file://") {
            expand_remote_pattern(spec, stores).await
        } else {
            expand_local_pattern(spec, base_dir)
        };
    }
    let location = Location::parse(spec, base_dir)?;
    if is_list(location.url().path()) {
        return expand_list(&location, base_dir, stores).await;
    }
    let head = stores.head(&location).await?;
    Ok(vec![InputFile { location, size: head.size, identity: head.identity }])
}

/// Whether a spec is to be matched. The `?` of a web address starts a query, and `[` an IPv6 host.
fn is_pattern(spec: &str) -> bool {
    let lower = spec.to_ascii_lowercase();
    let web = lower.starts_with("http://") || lower.starts_with("https://");
    spec.contains('*') || (!web && spec.contains(['?', '[']))
}

fn literally_there(spec: &str, base_dir: &Path) -> bool {
    !spec.contains("://") && base_dir.join(spec).exists()
}

/// Whether a path is named like a list of paths.
fn is_list(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".paths", ".paths.gz"].iter().any(|end| path.ends_with(end))
}

fn expand_local_pattern(spec: &str, base_dir: &Path) -> Result<Vec<InputFile>, StoreError> {
    let bad = |problem: String| StoreError::BadPattern { pattern: spec.to_string(), problem };
    let spec_path = spec.strip_prefix("file://").unwrap_or(spec);
    let full = if Path::new(spec_path).is_absolute() {
        spec_path.to_string()
    } else {
        let base = std::path::absolute(base_dir).map_err(|e| bad(e.to_string()))?;
        let base = base.to_str().ok_or_else(|| bad("the config's folder is not UTF-8".into()))?;
        format!("{}/{spec_path}", Pattern::escape(base.trim_end_matches('/')))
    };
    let mut files = Vec::new();
    for path in glob::glob_with(&full, PATTERN_RULES).map_err(|e| bad(e.to_string()))? {
        let path = path.map_err(|e| {
            let name = e.path().to_string_lossy().into_owned();
            StoreError::from_io("list", &name, e.into())
        })?;
        if path.is_dir() {
            continue;
        }
        let location = Location::from_path(&path, base_dir)?;
        let head = super::access::local_head(&path, location.name())?;
        files.push(InputFile { location, size: head.size, identity: head.identity });
    }
    if files.is_empty() { Err(StoreError::NoMatch { pattern: spec.to_string() }) } else { Ok(files) }
}

async fn expand_remote_pattern(spec: &str, stores: &Stores) -> Result<Vec<InputFile>, StoreError> {
    let bad = |problem: String| StoreError::BadPattern { pattern: spec.to_string(), problem };
    let literal = spec.find(['*', '?', '[']).map_or(spec, |at| &spec[..at]);
    let folder = literal.rfind('/').map_or(literal, |at| &literal[..=at]);
    let prefix = Location::parse(folder, Path::new("/"))?;
    if prefix.scheme() == Scheme::Http {
        return Err(bad("web servers cannot list their files; use a warc.paths list".into()));
    }
    let key = spec.splitn(4, '/').nth(3).unwrap_or("");
    let pattern = Pattern::new(key).map_err(|e| bad(e.to_string()))?;
    let mut files = stores.list(&prefix).await?;
    let mut kept = Vec::new();
    for file in files.drain(..) {
        let (_, path) = stores.resolve(&file.location)?;
        if pattern.matches_with(path.as_ref(), PATTERN_RULES) {
            kept.push(file);
        }
    }
    if kept.is_empty() { Err(StoreError::NoMatch { pattern: spec.to_string() }) } else { Ok(kept) }
}

async fn expand_list(
    list: &Location,
    base_dir: &Path,
    stores: &Stores,
) -> Result<Vec<InputFile>, StoreError> {
    let bad = |problem: String| StoreError::BadList { name: list.name().to_string(), problem };
    // A missing or unreadable list is an error of the config, before it is one of reading.
    stores.head(list).await?;
    let text = unpack_list(&stores.get(list).await?).map_err(|e| bad(e.to_string()))?;
    let mut places = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place =
            place_of_line(line, list, base_dir).map_err(|e| bad(format!("line {}: {e}", number + 1)))?;
        places.push(place);
    }
    if places.is_empty() {
        return Err(bad("it names no file".into()));
    }
    let lookups = places.into_iter().map(|location| async move {
        match stores.head(&location).await {
            Ok(head) => Ok(InputFile { location, size: head.size, identity: head.identity }),
            Err(StoreError::Missing { name, .. }) => {
                Err(StoreError::Missing { name, listed_in: Some(list.name().to_string()) })
            }
            Err(error) => Err(error),
        }
    });
    futures::stream::iter(lookups).buffered(LOOKUPS_AT_ONCE).try_collect().await
}

/// Where a line of a list points.
fn place_of_line(line: &str, list: &Location, base_dir: &Path) -> Result<Location, StoreError> {
    if line.contains("://") {
        return Location::parse(line, base_dir);
    }
    if let Some(path) = list.local_path() {
        let folder = path.parent().unwrap_or(Path::new("/"));
        return Location::from_path(&folder.join(line), base_dir);
    }
    let mut root = list.url().clone();
    root.set_path("/");
    Location::parse(
        &root.join(line.trim_start_matches('/')).map_or(line.to_string(), |url| url.to_string()),
        base_dir,
    )
}

/// The text of a list: gzip (several members too) or plain, capped.
fn unpack_list(bytes: &Bytes) -> std::io::Result<String> {
    let mut out = Vec::new();
    let mut rest: &[u8] = bytes;
    if rest.starts_with(&[0x1f, 0x8b]) {
        while !rest.is_empty() {
            let mut member = GzDecoder::new(rest);
            let left = MAX_LIST_BYTES + 1 - out.len() as u64;
            (&mut member).take(left).read_to_end(&mut out)?;
            if out.len() as u64 > MAX_LIST_BYTES {
                return Err(std::io::Error::other("it is larger than any list of paths"));
            }
            rest = member.into_inner();
        }
    } else {
        out.extend_from_slice(rest);
    }
    String::from_utf8(out)
        .map_err(|e| std::io::Error::other(format!("it is not text (byte {})", e.utf8_error().valid_up_to())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use std::io::Write;

    fn crawl() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in
            ["crawl/ke/a.warc.gz", "crawl/ke/b.warc.gz", "crawl/in/हिन्दी.warc.gz", "crawl/.siri.warc.gz"]
        {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        dir
    }

    async fn names(specs: &[&str], base: &Path) -> Result<Vec<String>, StoreError> {
        let specs: Vec<String> = specs.iter().map(ToString::to_string).collect();
        let files = expand_inputs(&specs, base, &Stores::new()).await?;
        Ok(files.iter().map(|file| file.location.name().to_string()).collect())
    }

    #[tokio::test]
    async fn the_same_file_named_twice_counts_once_and_order_does_not_matter() {
        let dir = crawl();
        let all = ["crawl/in/हिन्दी.warc.gz", "crawl/ke/a.warc.gz", "crawl/ke/b.warc.gz"];
        assert_eq!(names(&["crawl/**/*.warc.gz"], dir.path()).await.unwrap(), all);
        let specs =
            ["crawl/ke/b.warc.gz", "crawl/in/*", "./crawl/in/../ke/b.warc.gz", "crawl/ke/[ab].warc.gz"];
        assert_eq!(names(&specs, dir.path()).await.unwrap(), all);
        assert_eq!(names(&["crawl/ke/?.warc.gz"], dir.path()).await.unwrap(), all[1..]);
    }

    #[tokio::test]
    async fn a_list_of_paths_is_read_plain_or_packed() {
        let dir = crawl();
        std::fs::write(
            dir.path().join("crawl/warc.paths"),
            "# njia\n\nke/b.warc.gz\r\n./ke/../ke/a.warc.gz\n",
        )
        .unwrap();
        let wanted = ["crawl/ke/a.warc.gz", "crawl/ke/b.warc.gz"];
        assert_eq!(names(&["crawl/warc.paths", "crawl/ke/a.warc.gz"], dir.path()).await.unwrap(), wanted);
        let mut packed = Vec::new();
        for line in ["ke/a.warc.gz\n", "ke/b.warc.gz\n"] {
            let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            member.write_all(line.as_bytes()).unwrap();
            packed.extend(member.finish().unwrap());
        }
        std::fs::write(dir.path().join("crawl/warc.paths.gz"), packed).unwrap();
        assert_eq!(names(&["crawl/warc.paths.gz"], dir.path()).await.unwrap(), wanted);
    }

    #[tokio::test]
    async fn what_names_nothing_readable_is_refused_with_a_hint() {
        let dir = crawl();
        std::fs::write(dir.path().join("a.paths"), "ke/hakuna.warc.gz\n").unwrap();
        std::fs::write(dir.path().join("b.paths"), "# tupu\n").unwrap();
        std::fs::write(dir.path().join("c.paths"), [0xff, 0xfe, b'\n']).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("hakuna", dir.path().join("kiungo.warc")).unwrap();
        for (spec, message, kind) in [
            ("hakuna.warc.gz", "hakuna.warc.gz does not exist", ErrorKind::Config),
            ("crawl", "crawl is a folder, not a file", ErrorKind::Config),
            ("crawl/*.arc", "no file matches crawl/*.arc", ErrorKind::Config),
            ("crawl/ke/[", "crawl/ke/[ is not a pattern: ", ErrorKind::Config),
            (
                "https://data.example.org/*.warc.gz",
                "https://data.example.org/*.warc.gz is not a pattern",
                ErrorKind::Config,
            ),
            ("hdfs://namenode/x", "hdfs://namenode/x has the unknown scheme hdfs", ErrorKind::Config),
            ("a.paths", "ke/hakuna.warc.gz does not exist", ErrorKind::Input),
            ("b.paths", "b.paths is not a list of paths: it names no file", ErrorKind::Input),
            ("c.paths", "c.paths is not a list of paths: it is not text (byte 0)", ErrorKind::Input),
        ] {
            let error = names(&[spec], dir.path()).await.unwrap_err();
            assert!(error.to_string().starts_with(message), "{spec}: {error}");
            assert_eq!(error.kind(), kind, "{spec}");
            assert!(!error.hint().is_empty(), "{spec}");
        }
        if cfg!(unix) {
            let error = names(&["kiungo.warc"], dir.path()).await.unwrap_err();
            assert!(error.to_string().ends_with("does not exist"), "{error}");
        }
    }

    #[test]
    fn remote_lists_are_relative_to_their_bucket_or_host() {
        let base = Path::new("/srv");
        for (list, line, place) in [
            (
                "s3://commoncrawl/crawl-data/CC-MAIN-2026-38/warc.paths.gz",
                "crawl-data/x.warc.gz",
                "s3://commoncrawl/crawl-data/x.warc.gz",
            ),
            (
                "https://data.example.org/m/warc.paths",
                "/crawl-data/x.warc.gz",
                "https://data.example.org/crawl-data/x.warc.gz",
            ),
            ("https://data.example.org/m/warc.paths", "s3://b/x.warc.gz", "s3://b/x.warc.gz"),
        ] {
            let list = Location::parse(list, base).unwrap();
            assert_eq!(place_of_line(line, &list, base).unwrap().name(), place);
        }
    }
}
