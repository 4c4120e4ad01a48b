//! Answers questions about robots.txt files: lines `FILE<TAB>AGENT<TAB>URL` on stdin, `allow` or `disallow` on stdout.
//!
//! ```text
//! printf 'robots.txt\tCCBot\thttps://mfano.co.ke/habari\n' | cargo run -p kilim-connectors --example robots_check
//! ```
#![expect(clippy::print_stdout, reason = "an example that prints is one that shows something")]

use std::collections::BTreeMap;
use std::io::BufRead;

use kilim_connectors::robots::{Path, Robots};

fn main() -> std::io::Result<()> {
    let mut files: BTreeMap<String, Robots> = BTreeMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut fields = line.splitn(3, '\t');
        let (Some(file), Some(agent), Some(url)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(std::io::Error::other(format!("not FILE, AGENT and URL: {line}")));
        };
        if !files.contains_key(file) {
            files.insert(file.to_owned(), Robots::parse(&std::fs::read(file)?));
        }
        println!("{}", if files[file].allows(agent, &Path::of(url)) { "allow" } else { "disallow" });
    }
    Ok(())
}
