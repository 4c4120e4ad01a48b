//! An S3 of one process: just enough of the protocol for a run, and trouble on demand.
//!
//! It speaks HTTP/1.1, one request a connection: GET with ranges, HEAD, PUT (also if absent), multipart uploads, ListObjects
//! (version 2) and DeleteObjects, path style. Anyone with the access key id is let in. A [`Trouble`] is planned for the
//! nth request whose line holds some words; [`FakeS3::log`] says what was asked.

#![allow(dead_code, reason = "each test that takes this file in needs another part of it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The id that requests must name.
pub(crate) const ACCESS_KEY: &str = "AKIAMTUMIAJI";
/// A secret that must be found nowhere.
pub(crate) const SECRET_KEY: &str = "siri/kubwa+sana-isionekane-popote";

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection is closed without an answer.
    Drop,
    /// 503 Slow Down.
    Busy,
    /// The body of the answer breaks off in the middle.
    HalfBody,
    /// The request is carried out; its answer never comes.
    LoseAnswer,
    /// Another run commits `v0001` of the bucket before the request is answered.
    Overtake,
    /// From here on no request is answered, until [`FakeS3::revive`].
    Die,
}

struct Plan {
    words: Vec<String>,
    skip: usize,
    times: usize,
    trouble: Trouble,
}

#[derive(Clone)]
struct Object {
    bytes: Vec<u8>,
    e_tag: String,
    digest: Option<String>,
}

/// An object on its way, in parts.
struct Upload {
    key: String,
    digest: Option<String>,
    parts: BTreeMap<u32, Vec<u8>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, Upload>,
    plans: Vec<Plan>,
    log: Vec<String>,
    made: u64,
    dead: bool,
}

/// The server; it ends with the process.
#[derive(Clone)]
pub(crate) struct FakeS3 {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    key: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
}

impl FakeS3 {
    /// A server on a free port of this machine, without objects.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let server = Self { port, state: Arc::default() };
        let all = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = all.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    /// The variables with which a store finds it.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let pairs = [
            ("AWS_ENDPOINT", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", "af-south-1"),
            ("AWS_TIMEOUT", "1s"),
            ("KILIM_STORE_PATIENCE", "3"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an object, `bucket/key`.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        self.state().put(key.to_owned(), bytes.to_vec(), None);
    }

    /// All objects below `prefix`, by what follows it.
    pub(crate) fn objects(&self, prefix: &str) -> BTreeMap<String, Vec<u8>> {
        let state = self.state();
        let found = state
            .objects
            .iter()
            .filter_map(|(key, object)| Some((key.strip_prefix(prefix)?.to_owned(), object.bytes.clone())));
        found.collect()
    }

    /// Removes all objects below `prefix`, and all that was uploaded in part.
    pub(crate) fn clear(&self, prefix: &str) {
        let mut state = self.state();
        state.objects.retain(|key, _| !key.starts_with(prefix));
        state.uploads.clear();
    }

    /// Plans `trouble` for `times` requests, after `skip` others, whose line (`GET bucket/key?query`) holds all `words`.
    pub(crate) fn plan(&self, words: &[&str], skip: usize, times: usize, trouble: Trouble) {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        self.state().plans.push(Plan { words, skip, times, trouble });
    }

    /// Answers again; what was planned is forgotten.
    pub(crate) fn revive(&self) {
        let mut state = self.state();
        state.dead = false;
        state.plans.clear();
    }

    /// Whether it died as planned.
    pub(crate) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// The lines of all requests so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// How many requests' lines hold all `words`.
    pub(crate) fn count(&self, words: &[&str]) -> usize {
        self.log().iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = Request::read(&stream) else { return };
        let line = format!("{} {}?{}", request.method, request.key, request.query);
        let trouble = {
            let mut state = self.state();
            state.log.push(line.clone());
            let trouble = state.trouble(&line);
            state.dead |= trouble == Some(Trouble::Die);
            trouble
        };
        if self.is_dead() {
            // The connection stays open, for as long as a client may be patient.
            for _ in 0..600 {
                std::thread::sleep(Duration::from_millis(100));
                if !self.is_dead() {
                    return;
                }
            }
            return;
        }
        if trouble == Some(Trouble::Drop) {
            return;
        }
        if trouble == Some(Trouble::Overtake) {
            let bucket = request.key.split('/').next().unwrap_or_default();
            self.put(&format!("{bucket}/corpus/v0001/manifest.json"), b"{}");
        }
        let mut answer = match trouble {
            Some(Trouble::Busy) => error("503 Slow Down", "SlowDown"),
            _ => self.state().answer(&request),
        };
        if trouble == Some(Trouble::LoseAnswer) {
            return;
        }
        let length = if request.method == "HEAD" && answer.headers.contains("content-length") {
            String::new()
        } else {
            format!("content-length: {}\r\n", answer.body.len())
        };
        if trouble == Some(Trouble::HalfBody) {
            answer.body.truncate(answer.body.len() / 2);
        }
        let head =
            format!("HTTP/1.1 {}\r\n{length}{}connection: close\r\n\r\n", answer.status, answer.headers);
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer.body));
    }
}

impl State {
    fn trouble(&mut self, line: &str) -> Option<Trouble> {
        for plan in &mut self.plans {
            if !plan.words.iter().all(|word| line.contains(word.as_str())) {
                continue;
            }
            if plan.skip > 0 {
                plan.skip -= 1;
            } else if plan.times > 0 {
                plan.times -= 1;
                return Some(plan.trouble);
            }
        }
        None
    }

    fn put(&mut self, key: String, bytes: Vec<u8>, digest: Option<String>) -> String {
        self.made += 1;
        let e_tag = format!("\"{:032x}\"", self.made);
        self.objects.insert(key, Object { bytes, e_tag: e_tag.clone(), digest });
        e_tag
    }

    fn answer(&mut self, request: &Request) -> Answer {
        if !request.header("authorization").contains(ACCESS_KEY) {
            return error("403 Forbidden", "InvalidAccessKeyId");
        }
        let parameter = |name: &str| {
            let pairs = request.query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
        };
        let upload = parameter("uploadId").unwrap_or_default();
        match request.method.as_str() {
            "GET" if parameter("list-type").is_some() => {
                let prefix = parameter("prefix").unwrap_or_default();
                self.list(&request.key, &prefix, parameter("delimiter").is_some())
            }
            "GET" | "HEAD" => self.get(request),
            "PUT" if !upload.is_empty() => {
                let Some(on_its_way) = self.uploads.get_mut(&upload) else {
                    return error("404 Not Found", "NoSuchUpload");
                };
                let number = parameter("partNumber").and_then(|text| text.parse().ok()).unwrap_or(0);
                on_its_way.parts.insert(number, request.body.clone());
                tagged(&format!("\"sehemu-{number}\""), Vec::new())
            }
            "PUT" if request.header("if-none-match") == "*" && self.objects.contains_key(&request.key) => {
                error("412 Precondition Failed", "PreconditionFailed")
            }
            "PUT" => {
                let e_tag = self.put(request.key.clone(), request.body.clone(), request.digest());
                tagged(&e_tag, Vec::new())
            }
            "POST" if parameter("uploads").is_some() => {
                self.made += 1;
                let id = format!("pakia-{}", self.made);
                let (key, digest) = (request.key.clone(), request.digest());
                self.uploads.insert(id.clone(), Upload { key, digest, parts: BTreeMap::new() });
                xml(&format!(
                    "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                ))
            }
            "POST" if !upload.is_empty() => {
                let Some(Upload { key, digest, parts }) = self.uploads.remove(&upload) else {
                    return error("404 Not Found", "NoSuchUpload");
                };
                let e_tag = self.put(key, parts.into_values().flatten().collect(), digest);
                xml(&format!(
                    "<CompleteMultipartUploadResult><ETag>{e_tag}</ETag></CompleteMultipartUploadResult>"
                ))
            }
            "POST" => {
                let body = String::from_utf8_lossy(&request.body).into_owned();
                let mut gone = String::from("<DeleteResult>");
                for part in body.split("<Key>").skip(1) {
                    let key = part.split("</Key>").next().unwrap_or_default();
                    self.objects.remove(&format!("{}/{key}", request.key));
                    write!(gone, "<Deleted><Key>{key}</Key></Deleted>").expect("a string grows");
                }
                gone.push_str("</DeleteResult>");
                xml(&gone)
            }
            "DELETE" => {
                self.uploads.remove(&upload);
                Answer { status: "204 No Content", headers: String::new(), body: Vec::new() }
            }
            _ => error("405 Method Not Allowed", "MethodNotAllowed"),
        }
    }

    fn get(&self, request: &Request) -> Answer {
        let Some(object) = self.objects.get(&request.key) else { return error("404 Not Found", "NoSuchKey") };
        let range = request.header("range").strip_prefix("bytes=").and_then(|range| {
            let (from, to) = range.split_once('-')?;
            let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
            Some(from..(to + 1).min(object.bytes.len()))
        });
        let mut answer = tagged(&object.e_tag, Vec::new());
        if let Some(digest) = &object.digest {
            write!(answer.headers, "x-amz-meta-sha256: {digest}\r\n").expect("a string grows");
        }
        if request.method == "HEAD" {
            write!(answer.headers, "content-length: {}\r\n", object.bytes.len()).expect("a string grows");
        } else if let Some(range) = range {
            let (last, all) = (range.end.saturating_sub(1), object.bytes.len());
            write!(answer.headers, "content-range: bytes {}-{last}/{all}\r\n", range.start)
                .expect("a string grows");
            answer.status = "206 Partial Content";
            answer.body = object.bytes[range].to_vec();
        } else {
            answer.body.clone_from(&object.bytes);
        }
        answer
    }

    fn list(&self, bucket: &str, prefix: &str, folders: bool) -> Answer {
        let mut body = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
        let start = format!("{bucket}/{prefix}");
        let mut told = std::collections::BTreeSet::new();
        for (key, object) in self.objects.iter().filter(|(key, _)| key.starts_with(&start)) {
            let key = &key[bucket.len() + 1..];
            if let Some((folder, _)) = key[prefix.len()..].split_once('/').filter(|_| folders) {
                if told.insert(folder.to_owned()) {
                    write!(body, "<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>")
                        .expect("a string grows");
                }
                continue;
            }
            let (size, e_tag) = (object.bytes.len(), &object.e_tag);
            write!(
                body,
                "<Contents><Key>{key}</Key><LastModified>2026-11-23T00:00:00.000Z</LastModified>\
                 <ETag>{e_tag}</ETag><Size>{size}</Size></Contents>"
            )
            .expect("a string grows");
        }
        body.push_str("</ListBucketResult>");
        xml(&body)
    }
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let key = decoded(path.trim_matches('/'));
        Some(Self { method, key, query: query.to_owned(), headers, body })
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn digest(&self) -> Option<String> {
        self.headers.get("x-amz-meta-sha256").cloned()
    }
}

fn tagged(e_tag: &str, body: Vec<u8>) -> Answer {
    let headers = format!("etag: {e_tag}\r\nlast-modified: Mon, 23 Nov 2026 00:00:00 GMT\r\n");
    Answer { status: "200 OK", headers, body }
}

fn xml(body: &str) -> Answer {
    let headers = "content-type: application/xml\r\n".to_owned();
    Answer { status: "200 OK", headers, body: body.as_bytes().to_vec() }
}

/// As S3 says it: the id of the key is in the answer.
fn error(status: &'static str, code: &str) -> Answer {
    let body = format!(
        "<Error><Code>{code}</Code><Message>Hapana.</Message><AWSAccessKeyId>{ACCESS_KEY}</AWSAccessKeyId></Error>"
    );
    Answer { status, ..xml(&body) }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = (first == b'%').then(|| tail.get(..2)).flatten();
        let decoded = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
