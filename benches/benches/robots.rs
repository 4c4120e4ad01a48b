//! robots.txt: reading a file, choosing what concerns a list of agents, asking it about pages. Bytes are those of the files;
//! without others, a file of 600 rules in 40 groups made here.
//!
//! ```text
//! KILIM_BENCH_ROBOTS=FOLDER cargo bench -p kilim-benches --bench robots
//! ```

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use kilim_connectors::robots::{AgentList, Asked, Path, Reading, Robots};

fn main() {
    divan::main();
}

/// The files of a folder, or one of ours.
fn files() -> Vec<Vec<u8>> {
    let Some(folder) = std::env::var_os("KILIM_BENCH_ROBOTS") else { return vec![made().into_bytes()] };
    let entries = std::fs::read_dir(folder).expect("the folder was named by hand");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("its files can be read")).collect()
}

fn made() -> String {
    let mut body = String::new();
    for group in 0..40 {
        let agent = ["*", "CCBot", "GPTBot", "Googlebot", "AhrefsBot/1.0"][group % 5];
        let _ = writeln!(body, "User-agent: {agent}");
        for rule in 0..15 {
            let path = ["/habari/", "/*.php$", "/செய்தி/", "/a*b*c", "/tafuta?q="][rule % 5];
            let _ = writeln!(body, "Disallow: {path}{group}{rule}");
        }
    }
    body + "Sitemap: https://mfano.co.ke/sitemap.xml\n"
}

fn tokens() -> Vec<String> {
    AgentList::shipped().tokens(&["train", "data"])
}

#[divan::bench]
fn parse(bencher: Bencher) {
    let files = files();
    let bytes: usize = files.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(files.len())).bench_local(|| {
        files.iter().map(|file| Robots::parse(file).groups(Reading::Rfc9309).len()).sum::<usize>()
    });
}

#[divan::bench]
fn parse_for_agents(bencher: Bencher) {
    let (files, tokens) = (files(), tokens());
    let bytes: usize = files.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(files.len())).bench_local(|| {
        files.iter().filter(|file| !Asked::new(&Robots::parse(file), &tokens).is_empty()).count()
    });
}

/// Items are pages: one path asked of every file, on behalf of all agents that train.
#[divan::bench]
fn ask_for_a_page(bencher: Bencher) {
    let tokens = tokens();
    let asked: Vec<Asked> = files().iter().map(|file| Asked::new(&Robots::parse(file), &tokens)).collect();
    let urls: Vec<String> =
        (0..100).map(|number| format!("https://mfano.co.ke/habari/2026/{number}/mvua.html?p=1")).collect();
    bencher.counter(ItemsCount::new(asked.len() * urls.len())).bench_local(|| {
        let refused = |asked: &&Asked, url: &String| asked.refusals(&Path::of(url)).next().is_some();
        asked.iter().map(|asked| urls.iter().filter(|url| refused(&asked, url)).count()).sum::<usize>()
    });
}
