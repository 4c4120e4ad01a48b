//! A store that is not ours and speaks S3: an endpoint named by `KILIM_TEST_S3`, or PyPI's `moto_server`, started here from
//! `KILIM_MOTO_SERVER` or the `PATH`. Without either a test says that it was skipped. See pipeline/tests/stores/README.md.

#![allow(dead_code, reason = "each test that takes this file in needs another part of it")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A secret that must be found nowhere.
pub(crate) const SECRET_KEY: &str = "siri+ya/moto-isionekane-popote";

/// The store; a server that was started here ends with it.
pub(crate) struct Moto {
    /// `http://host:port`.
    pub(crate) endpoint: String,
    child: Option<Child>,
}

impl Moto {
    /// The store, with `buckets` in it; `None`, and a line on stderr, if there is none to test with.
    pub(crate) fn start(buckets: &[&str]) -> Option<Self> {
        let store = match std::env::var("KILIM_TEST_S3") {
            Ok(endpoint) => Self { endpoint: endpoint.trim_end_matches('/').to_owned(), child: None },
            Err(_) => Self::serve()?,
        };
        for bucket in buckets {
            store.ask("PUT", bucket);
        }
        Some(store)
    }

    fn serve() -> Option<Self> {
        let program = std::env::var("KILIM_MOTO_SERVER").unwrap_or_else(|_| "moto_server".to_owned());
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port().to_string();
        let started = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            eprintln!("skipped: neither KILIM_TEST_S3 nor `{program}`; see pipeline/tests/stores/README.md");
            return None;
        };
        let store = Self { endpoint: format!("http://127.0.0.1:{port}"), child: Some(child) };
        let until = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(store.address()).is_err() {
            assert!(Instant::now() < until, "`{program}` never listened on port {port}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(store)
    }

    fn address(&self) -> &str {
        self.endpoint.split_once("://").map_or(self.endpoint.as_str(), |(_, address)| address)
    }

    /// A request without a body or signature: moto asks for none.
    fn ask(&self, method: &str, path: &str) {
        let address = self.address();
        let mut stream = TcpStream::connect(address).expect("the store answers");
        let head = format!(
            "{method} /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("the store listens");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
    }

    /// The variables with which a store finds it; keys that the environment names are used.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let pairs = [
            ("AWS_ENDPOINT", self.endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "AKIAMOTO"),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", "us-east-1"),
            ("KILIM_STORE_PATIENCE", "20"),
        ];
        let own = |name: &str| std::env::var(name).ok().filter(|_| self.child.is_none());
        pairs.map(|(name, value)| (name.to_owned(), own(name).unwrap_or_else(|| value.to_owned()))).into()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
