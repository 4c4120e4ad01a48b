//! Reading and writing places.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as StorePath;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use super::remote::{Environment, is_unanswered};
use super::{InputFile, Location, Scheme, StoreError, local};

/// What [`Stores::head`] knows of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Bytes.
    pub size: u64,
    /// Changes when the file does: an entity tag, or size and modification time. Good for deciding whether to
    /// read again, never for an output (it holds a clock).
    pub identity: String,
}

/// What became of a write that must not replace anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// The file is new.
    Written,
    /// The very same bytes were already there.
    AlreadyThere,
}

/// The stores of a run, one per scheme and host, opened at first use.
#[derive(Debug, Default)]
pub struct Stores {
    open: Mutex<BTreeMap<String, Arc<dyn ObjectStore>>>,
    environment: Environment,
}

impl Stores {
    /// No store is opened yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores that find `AWS_*` and `KILIM_STORE_PATIENCE` in `variables` and not in the process's environment.
    pub fn with_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { open: Mutex::default(), environment: Environment::of(variables) }
    }

    /// Serves `root` (scheme and bucket or host, such as `s3://in-node`) from a store of the caller's: a bucket in
    /// memory, a special endpoint.
    ///
    /// # Errors
    /// A `root` that is no URL.
    pub fn with_store(self, root: &str, store: Arc<dyn ObjectStore>) -> Result<Self, StoreError> {
        let root = root_of(&Location::parse(root, Path::new("/"))?);
        self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(root, store);
        Ok(self)
    }

    /// The object store of a place and the place's path in it, for callers who speak object_store.
    pub fn resolve(&self, place: &Location) -> Result<(Arc<dyn ObjectStore>, StorePath), StoreError> {
        let bad = |problem: String| StoreError::BadLocation { name: place.name().to_string(), problem };
        let path = match place.local_path() {
            Some(path) => StorePath::from_absolute_path(path).map_err(|e| bad(e.to_string()))?,
            None => StorePath::from_url_path(place.url().path()).map_err(|e| bad(e.to_string()))?,
        };
        let root = root_of(place);
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(store) = open.get(&root) {
            return Ok((Arc::clone(store), path));
        }
        let store = self.environment.open(place.scheme(), &root, place.name())?;
        open.insert(root, Arc::clone(&store));
        Ok((store, path))
    }

    /// Bytes `range` of a file; fewer if the file ends before.
    pub async fn get_range(&self, place: &Location, range: Range<u64>) -> Result<Bytes, StoreError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let (store, path) = self.resolve(place)?;
        store.get_range(&path, range).await.map_err(|e| error_at(place, "read", e))
    }

    /// A whole file. For lists and manifests; nothing caps its size.
    pub async fn get(&self, place: &Location) -> Result<Bytes, StoreError> {
        let (store, path) = self.resolve(place)?;
        let found = store.get(&path).await.map_err(|e| error_at(place, "read", e))?;
        found.bytes().await.map_err(|e| error_at(place, "read", e))
    }

    /// Size and identity of a file. A local file is opened, so that an unreadable one is found out early.
    pub async fn head(&self, place: &Location) -> Result<Head, StoreError> {
        if let Some(path) = place.local_path() {
            return local_head(path, place.name());
        }
        let (store, path) = self.resolve(place)?;
        let meta = store.head(&path).await.map_err(|e| error_at(place, "look up", e))?;
        Ok(remote_head(&meta))
    }

    /// Whether a file is there.
    pub async fn exists(&self, place: &Location) -> Result<bool, StoreError> {
        match self.head(place).await {
            Ok(_) => Ok(true),
            Err(StoreError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a file whole, replacing what was there. Locally: temporary name, `fsync`, rename.
    pub async fn put(&self, place: &Location, bytes: Bytes) -> Result<(), StoreError> {
        if let Some(path) = place.local_path() {
            return blocking("write", place, path, move |path| local::put(path, &bytes)).await;
        }
        let (store, path) = self.resolve(place)?;
        store.put(&path, PutPayload::from(bytes)).await.map_err(|e| error_at(place, "write", e))?;
        Ok(())
    }

    /// Writes a file unless one is there: the same bytes are a success (a retry), others are
    /// [`StoreError::Conflict`]. Two writers at once: one wins, the other compares.
    pub async fn put_if_absent(&self, place: &Location, bytes: Bytes) -> Result<PutOutcome, StoreError> {
        let written = if let Some(path) = place.local_path() {
            let bytes = bytes.clone();
            blocking("write", place, path, move |path| local::put_if_absent(path, &bytes)).await?
        } else {
            self.create(place, &bytes).await?
        };
        if written {
            return Ok(PutOutcome::Written);
        }
        if self.head(place).await?.size == bytes.len() as u64 && self.get(place).await? == bytes {
            return Ok(PutOutcome::AlreadyThere);
        }
        Err(StoreError::Conflict { name: place.name().to_string() })
    }

    /// Writes an object that must not be there yet; `false` if it is. object_store sends such a request again only if it
    /// surely was not carried out. Here an unanswered one may be sent again too: who finds an object compares it.
    async fn create(&self, place: &Location, bytes: &Bytes) -> Result<bool, StoreError> {
        let (store, path) = self.resolve(place)?;
        let until = Instant::now() + self.environment.patience()?;
        let mut pause = Duration::from_millis(200);
        loop {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match store.put_opts(&path, PutPayload::from(bytes.clone()), options).await {
                Ok(_) => return Ok(true),
                Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                    return Ok(false);
                }
                Err(error) if is_unanswered(&error) && Instant::now() + pause < until => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(20));
                }
                Err(error) => return Err(error_at(place, "write", error)),
            }
        }
    }

    /// Removes a file; that there is none is a success.
    pub async fn delete(&self, place: &Location) -> Result<(), StoreError> {
        let (store, path) = self.resolve(place)?;
        match store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error_at(place, "remove", error)),
        }
    }

    /// Names of the folders directly below a place, sorted; none if nothing is there. In an object store a folder is what
    /// the names of objects share up to a `/`. `http(s)` cannot list.
    pub async fn folders(&self, place: &Location) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = if let Some(folder) = place.local_path() {
            blocking("list", place, folder, local::folders_in).await?
        } else {
            cannot_list(place)?;
            let (store, path) = self.resolve(place)?;
            let listed =
                store.list_with_delimiter(Some(&path)).await.map_err(|e| error_at(place, "list", e))?;
            let names = listed.common_prefixes.iter().filter_map(|prefix| prefix.filename());
            names.map(str::to_owned).collect()
        };
        names.sort_unstable();
        Ok(names)
    }

    /// Every file below a place, sorted by place. `http(s)` cannot list.
    pub async fn list(&self, prefix: &Location) -> Result<Vec<InputFile>, StoreError> {
        if let Some(folder) = prefix.local_path() {
            let files = blocking("list", prefix, folder, local::files_below).await?;
            let mut found = Vec::with_capacity(files.len());
            for file in files {
                let tail = file.strip_prefix(folder).ok().and_then(Path::to_str).ok_or_else(|| {
                    let name = file.to_string_lossy().into_owned();
                    StoreError::BadLocation { name, problem: "the name is not UTF-8".into() }
                })?;
                let location = prefix.join(&tail.replace(std::path::MAIN_SEPARATOR, "/"))?;
                let head = local_head(&file, location.name())?;
                found.push(InputFile { location, size: head.size, identity: head.identity });
            }
            found.sort_by(|a, b| a.location.cmp(&b.location));
            return Ok(found);
        }
        cannot_list(prefix)?;
        let (store, path) = self.resolve(prefix)?;
        let mut found = Vec::new();
        let mut objects = store.list(Some(&path));
        while let Some(meta) = objects.try_next().await.map_err(|e| error_at(prefix, "list", e))? {
            let mut url = prefix.url().clone();
            url.set_path("");
            if let Ok(mut parts) = url.path_segments_mut() {
                parts.clear().extend(meta.location.parts().map(|part| part.as_ref().to_string()));
            }
            let location = Location::parse(url.as_str(), Path::new("/"))?;
            let head = remote_head(&meta);
            found.push(InputFile { location, size: head.size, identity: head.identity });
        }
        found.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(found)
    }
}

/// Refuses to list a web server.
fn cannot_list(place: &Location) -> Result<(), StoreError> {
    if place.scheme() == Scheme::Http {
        let problem = "web servers cannot list their files; use a warc.paths list".into();
        return Err(StoreError::BadLocation { name: place.name().to_string(), problem });
    }
    Ok(())
}

/// Scheme and bucket or host of a place, and its query, which every request to a web server repeats.
fn root_of(place: &Location) -> String {
    let mut root = place.url().clone();
    root.set_path("/");
    root.into()
}

/// Sorts a store's error; local ones carry the operating system's error inside, which knows better.
fn error_at(place: &Location, action: &'static str, error: object_store::Error) -> StoreError {
    match place.local_path() {
        Some(path) => match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => StoreError::IsFolder { name: place.name().to_string() },
            Ok(_) => match std::fs::File::open(path) {
                Err(e) => StoreError::from_io(action, place.name(), e),
                Ok(_) => StoreError::from_remote(action, place.name(), error),
            },
            Err(e) => StoreError::from_io(action, place.name(), e),
        },
        None => StoreError::from_remote(action, place.name(), error),
    }
}

/// Runs file work on a blocking thread.
async fn blocking<T: Send + 'static>(
    action: &'static str,
    place: &Location,
    path: &Path,
    work: impl FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let path = path.to_path_buf();
    let done = tokio::task::spawn_blocking(move || work(&path)).await.map_err(std::io::Error::other);
    done.and_then(|result| result).map_err(|e| StoreError::from_io(action, place.name(), e))
}

/// Size and identity of a local file that can be opened.
pub(super) fn local_head(path: &Path, name: &str) -> Result<Head, StoreError> {
    let meta = std::fs::metadata(path).map_err(|e| StoreError::from_io("look up", name, e))?;
    if meta.is_dir() {
        return Err(StoreError::IsFolder { name: name.to_string() });
    }
    std::fs::File::open(path).map_err(|e| StoreError::from_io("read", name, e))?;
    let since_epoch = meta.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let nanos = since_epoch.map_or(0, |time| time.as_nanos());
    Ok(Head { size: meta.len(), identity: format!("size:{} mtime:{nanos}", meta.len()) })
}

pub(super) fn remote_head(meta: &ObjectMeta) -> Head {
    let identity = match &meta.e_tag {
        Some(tag) => tagged(meta.size, tag),
        None => format!("size:{} mtime:{}", meta.size, meta.last_modified.timestamp_micros()),
    };
    Head { size: meta.size, identity }
}

/// The identity of an object with an entity tag.
pub(super) fn tagged(size: u64, e_tag: &str) -> String {
    format!("size:{size} etag:{e_tag}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[tokio::test]
    async fn what_is_written_is_read_back_in_ranges() {
        let dir = tempfile::tempdir().unwrap();
        let stores = Stores::new();
        let place = Location::parse("ke/ስም #1 50%.txt", dir.path()).unwrap();
        assert!(!stores.exists(&place).await.unwrap());
        let text = "Habari ya asubuhi, dunia";
        stores.put(&place, Bytes::from_static(text.as_bytes())).await.unwrap();
        assert_eq!(stores.get_range(&place, 7..9).await.unwrap(), "ya");
        assert_eq!(stores.get_range(&place, 19..1000).await.unwrap(), "dunia");
        assert_eq!(stores.get_range(&place, 5..5).await.unwrap(), "");
        assert_eq!(stores.head(&place).await.unwrap().size, text.len() as u64);
        let listed = stores.list(&Location::parse(".", dir.path()).unwrap()).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].location, place);
    }

    #[tokio::test]
    async fn the_same_bytes_twice_are_a_success_and_others_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let stores = Stores::new();
        let place = Location::parse("manifest.json", dir.path()).unwrap();
        let bytes = Bytes::from_static("{\"node\":\"ke\"}".as_bytes());
        assert_eq!(stores.put_if_absent(&place, bytes.clone()).await.unwrap(), PutOutcome::Written);
        assert_eq!(stores.put_if_absent(&place, bytes.clone()).await.unwrap(), PutOutcome::AlreadyThere);
        let error = stores.put_if_absent(&place, Bytes::from_static(b"{\"node\":\"in\"}")).await.unwrap_err();
        assert_eq!(error.to_string(), "manifest.json exists with other content");
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(stores.get(&place).await.unwrap(), bytes);
    }

    #[tokio::test]
    async fn missing_files_and_folders_say_so() {
        let dir = tempfile::tempdir().unwrap();
        let stores = Stores::new();
        std::fs::create_dir(dir.path().join("crawl")).unwrap();
        let folder = Location::parse("crawl", dir.path()).unwrap();
        let missing = Location::parse("hakuna.warc.gz", dir.path()).unwrap();
        for error in
            [stores.head(&folder).await.unwrap_err(), stores.get_range(&folder, 0..9).await.unwrap_err()]
        {
            assert_eq!(error.to_string(), "crawl is a folder, not a file");
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.hint().contains("crawl/*.warc.gz"));
        }
        for error in
            [stores.head(&missing).await.unwrap_err(), stores.get_range(&missing, 0..9).await.unwrap_err()]
        {
            assert_eq!(error.to_string(), "hakuna.warc.gz does not exist");
        }
    }

    #[tokio::test]
    async fn folders_are_named_here_and_in_a_bucket_and_files_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let bucket = Arc::new(object_store::memory::InMemory::new());
        let stores = Stores::new().with_store("s3://in-node", bucket).unwrap();
        for root in [
            Location::parse("corpus", dir.path()).unwrap(),
            Location::parse("s3://in-node/corpus", Path::new("/")).unwrap(),
        ] {
            assert_eq!(stores.folders(&root).await.unwrap(), [""; 0], "nothing is there");
            for name in ["v0010/a/b.txt", "v0002/manifest.json", "நகரம்/c.txt", "v0003"] {
                stores.put(&root.join(name).unwrap(), Bytes::from_static(b"x")).await.unwrap();
            }
            let names = stores.folders(&root).await.unwrap();
            assert_eq!(names[..2], ["v0002", "v0010"], "{root}");
            assert_eq!(names.len(), 3, "{root}");
        }
    }

    #[tokio::test]
    async fn a_web_server_is_never_listed() {
        let place = Location::parse("https://data.example.org/crawl/", Path::new("/")).unwrap();
        assert!(Stores::new().folders(&place).await.is_err());
        let error = Stores::new().list(&place).await.unwrap_err();
        assert!(error.to_string().contains("cannot list"), "{error}");
    }

    #[tokio::test]
    async fn buckets_are_read_listed_and_never_overwritten() {
        let bucket = Arc::new(object_store::memory::InMemory::new());
        let stores = Stores::new().with_store("s3://in-node", bucket).unwrap();
        let place =
            |name: &str| Location::parse(&format!("s3://in-node/corpus/{name}"), Path::new("/")).unwrap();
        for name in ["hin/b.txt", "hin/a.txt", "tam/வணக்கம்.txt"] {
            let bytes = Bytes::copy_from_slice(name.as_bytes());
            assert_eq!(stores.put_if_absent(&place(name), bytes.clone()).await.unwrap(), PutOutcome::Written);
            assert_eq!(stores.put_if_absent(&place(name), bytes).await.unwrap(), PutOutcome::AlreadyThere);
        }
        let other = stores.put_if_absent(&place("hin/a.txt"), Bytes::from_static(b"x")).await.unwrap_err();
        assert!(matches!(other, StoreError::Conflict { .. }), "{other}");
        let listed = stores.list(&place("hin")).await.unwrap();
        let names: Vec<&str> = listed.iter().map(|file| file.location.name()).collect();
        assert_eq!(names, ["s3://in-node/corpus/hin/a.txt", "s3://in-node/corpus/hin/b.txt"]);
        assert_eq!(listed[0].size, 9);
        assert_eq!(stores.get_range(&place("tam/வணக்கம்.txt"), 0..3).await.unwrap(), "tam");
        assert!(!stores.exists(&place("tam/a.txt")).await.unwrap());
        let specs = ["s3://in-node/corpus/*/*.txt".to_string(), "s3://in-node/corpus/hin/a.txt".to_string()];
        let inputs = crate::store::expand_inputs(&specs, Path::new("/"), &stores).await.unwrap();
        assert_eq!(inputs.len(), 3);
        let specs = ["s3://in-node/corpus/*.txt".to_string()];
        let error = crate::store::expand_inputs(&specs, Path::new("/"), &stores).await.unwrap_err();
        assert!(matches!(error, StoreError::NoMatch { .. }), "{error}");
    }

    /// A web server of one thread: `HEAD` and ranged `GET` of one file, 404 for the rest. Answers `requests` times.
    fn serve(body: &'static str, requests: usize) -> String {
        use std::io::{BufRead, BufReader, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(requests) {
                let mut stream = stream.unwrap();
                let lines: Vec<String> = BufReader::new(stream.try_clone().unwrap())
                    .lines()
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty())
                    .collect();
                let range = lines.iter().find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_string)
                });
                let head = "Last-Modified: Mon, 23 Nov 2026 00:00:00 GMT\r\nConnection: close\r\n";
                let known = lines[0].contains("/crawl/a.warc?ufunguo=1 ");
                let answer = match range {
                    _ if !known => format!("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n{head}\r\n"),
                    Some(range) => {
                        let (from, to) = range.split_once('-').unwrap();
                        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                        let part = &body[from..=to];
                        let total = body.len();
                        format!(
                            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{to}/{total}\r\nContent-Length: {}\r\n{head}\r\n{part}",
                            part.len()
                        )
                    }
                    None => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{head}\r\n", body.len()),
                };
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_web_server_is_asked_for_ranges_with_the_query_of_the_address() {
        let server = serve("WARC/1.1 habari", 3);
        let stores = Stores::new();
        let place = Location::parse(&format!("{server}/crawl/a.warc?ufunguo=1"), Path::new("/")).unwrap();
        assert_eq!(stores.head(&place).await.unwrap().size, 15);
        assert_eq!(stores.get_range(&place, 9..12).await.unwrap(), "hab");
        let missing = Location::parse(&format!("{server}/crawl/b.warc"), Path::new("/")).unwrap();
        let error = stores.head(&missing).await.unwrap_err();
        assert_eq!(error.to_string(), format!("{server}/crawl/b.warc does not exist"));
        assert!(error.hint().contains("bucket"));
    }
}
