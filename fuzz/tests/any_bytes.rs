//! The laws, tried on valid inputs that were damaged: a few hundred of each in every test run. What cargo-fuzz found
//! before is tried first.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fmt;
use std::fs;
use std::path::Path;

use kilim_fuzz::corpus::{Sample, gzip, samples};
use proptest::prelude::*;
use proptest::sample::Index;

/// Pieces that mean something to one of the parsers.
const TOKENS: [&str; 46] = [
    "User-agent: *\n",
    "Disallow: /\n",
    "Content-Usage: train-ai=n\n",
    "*",
    "$",
    "%41",
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    " ",
    "\t",
    ";",
    ",",
    ":",
    "\"",
    "{\"url\":\"https://mfano.ke/\"}\n",
    "[",
    "]",
    "://",
    ")/",
    "?",
    "WARC/1.0\r\n",
    "WARC/1.1\r\nContent-Length: 4\r\n\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "HTTP/1.1 200 OK\r\n\r\n",
    "Content-Encoding: gzip\r\n",
    "Content-Encoding: br\r\n",
    "Content-Encoding: zstd\r\n",
    "Content-Encoding: deflate\r\n",
    "Transfer-Encoding: chunked\r\n",
    "0\r\n\r\n",
    "ffffffffffffffff\r\n",
    "<meta charset=big5>",
    "<!--",
    "-->",
    "<div>",
    "</p>",
    "<font color=red>",
    "<table><td>",
    "<svg>",
    "<select>",
    "<script>",
    "<xmp>",
    "<plaintext>",
    "\u{feff}",
    "\u{fffd}",
];

/// One change to a file.
#[derive(Debug, Clone)]
enum Edit {
    Flip {
        at: Index,
        by: u8,
    },
    Cut {
        at: Index,
        bytes: usize,
    },
    Truncate {
        at: Index,
    },
    Insert {
        at: Index,
        bytes: Vec<u8>,
    },
    Repeat {
        at: Index,
        bytes: usize,
        times: usize,
    },
    /// A part of another sample.
    Splice {
        at: Index,
        sample: Index,
        from: Index,
        bytes: usize,
    },
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    let token = prop::sample::select(TOKENS.as_slice()).prop_map(|token| token.as_bytes().to_vec());
    let noise = prop::collection::vec(any::<u8>(), 1..20);
    prop_oneof![
        3 => (at(), 1..=255u8).prop_map(|(at, by)| Edit::Flip { at, by }),
        2 => (at(), 1..300usize).prop_map(|(at, bytes)| Edit::Cut { at, bytes }),
        1 => at().prop_map(|at| Edit::Truncate { at }),
        3 => (at(), token).prop_map(|(at, bytes)| Edit::Insert { at, bytes }),
        1 => (at(), noise).prop_map(|(at, bytes)| Edit::Insert { at, bytes }),
        1 => (at(), 1..60usize, 1..30usize).prop_map(|(at, bytes, times)| Edit::Repeat { at, bytes, times }),
        2 => (at(), at(), at(), 1..2000usize)
            .prop_map(|(at, sample, from, bytes)| Edit::Splice { at, sample, from, bytes }),
    ]
}

fn apply(file: &mut Vec<u8>, edit: &Edit, samples: &[Sample]) {
    let part = |of: &[u8], from: &Index, bytes: usize| {
        let from = from.index(of.len() + 1);
        of[from..of.len().min(from + bytes)].to_vec()
    };
    match edit {
        Edit::Flip { at, by } if !file.is_empty() => {
            let at = at.index(file.len());
            file[at] ^= by;
        }
        Edit::Flip { .. } => {}
        Edit::Cut { at, bytes } => {
            let at = at.index(file.len() + 1);
            file.drain(at..file.len().min(at + bytes));
        }
        Edit::Truncate { at } => file.truncate(at.index(file.len() + 1)),
        Edit::Insert { at, bytes } => insert(file, *at, bytes),
        Edit::Repeat { at, bytes, times } => {
            let repeated = part(file, at, *bytes).repeat(*times);
            insert(file, *at, &repeated);
        }
        Edit::Splice { at, sample, from, bytes } => {
            let spliced = part(&samples[sample.index(samples.len())].1, from, *bytes);
            insert(file, *at, &spliced);
        }
    }
}

fn insert(file: &mut Vec<u8>, at: Index, bytes: &[u8]) {
    let at = at.index(file.len() + 1);
    file.splice(at..at, bytes.iter().copied());
}

/// Bytes that are shown as text.
#[derive(Clone)]
struct File(Vec<u8>);

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// A sample of a law after some edits, often none.
fn damaged(law: &'static str) -> impl Strategy<Value = File> {
    let samples = samples(law);
    (any::<Index>(), prop::collection::vec(edit(), 0..6)).prop_map(move |(sample, edits)| {
        let mut file = samples[sample.index(samples.len())].1.clone();
        for edit in &edits {
            apply(&mut file, edit, &samples);
        }
        File(file)
    })
}

/// A crawl file whose records were damaged before they were packed, cut into members anywhere.
fn damaged_then_packed() -> impl Strategy<Value = File> {
    (damaged("warc"), 20..2000usize, 0..7u32, prop::collection::vec(edit(), 0..3)).prop_map(
        |(plain, size, level, edits)| {
            let mut file = plain.0.chunks(size).flat_map(|part| gzip(part, level)).collect();
            for edit in &edits {
                apply(&mut file, edit, &samples("warc"));
            }
            File(file)
        },
    )
}

/// `PROPTEST_CASES` asks for more, or fewer.
fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok());
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(asked.unwrap_or(cases)) }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_damaged_crawl_file_is_tiled_the_same_in_any_partition(file in damaged("warc")) {
        kilim_fuzz::warc::holds(&file.0);
    }

    #[test]
    fn records_damaged_before_they_were_packed_are_tiled_too(file in damaged_then_packed()) {
        kilim_fuzz::warc::holds(&file.0);
    }

    #[test]
    fn a_damaged_answer_is_read_within_its_caps_or_refused(block in damaged("http")) {
        kilim_fuzz::http::holds(&block.0);
    }

    #[test]
    fn a_damaged_page_in_any_charset_becomes_text(page in damaged("charset")) {
        kilim_fuzz::charset::holds(&page.0);
    }

    #[test]
    fn a_damaged_seed_list_costs_its_bad_lines_only(list in damaged("seeds")) {
        kilim_fuzz::seeds::holds(&list.0);
    }

    #[test]
    fn a_damaged_file_of_a_host_is_read_or_says_nothing(body in damaged("robots")) {
        kilim_fuzz::robots::holds(&body.0);
    }

    #[test]
    fn a_damaged_text_has_a_language_or_none(text in damaged("langid")) {
        kilim_fuzz::langid::holds(&text.0);
    }

    #[test]
    fn a_damaged_model_is_refused_or_answers(file in damaged("model")) {
        kilim_fuzz::model::holds(&file.0);
    }

    #[test]
    fn noise_is_no_harder_than_files(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        kilim_fuzz::warc::holds(&noise);
        kilim_fuzz::http::holds(&noise);
        kilim_fuzz::charset::holds(&noise);
        kilim_fuzz::seeds::holds(&noise);
        kilim_fuzz::robots::holds(&noise);
        kilim_fuzz::langid::holds(&noise);
        kilim_fuzz::model::holds(&noise);
    }
}

#[cfg(feature = "html")]
proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_damaged_page_costs_no_more_than_its_bytes_allow(page in damaged("html")) {
        kilim_fuzz::html::holds(&page.0);
    }

    #[test]
    fn damaged_evidence_proves_nothing(file in damaged("evidence")) {
        kilim_fuzz::evidence::holds(&file.0);
    }
}

#[test]
fn what_fuzzing_found_once_holds_for_good() {
    findings("warc", kilim_fuzz::warc::holds);
    findings("http", kilim_fuzz::http::holds);
    findings("charset", kilim_fuzz::charset::holds);
    findings("seeds", kilim_fuzz::seeds::holds);
    findings("robots", kilim_fuzz::robots::holds);
    findings("langid", kilim_fuzz::langid::holds);
    findings("model", kilim_fuzz::model::holds);
    #[cfg(feature = "html")]
    findings("evidence", kilim_fuzz::evidence::holds);
    #[cfg(feature = "html")]
    findings("html", kilim_fuzz::html::holds);
}

fn findings(law: &str, holds: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("findings").join(law);
    // Git keeps no empty folders: none means that nothing was found.
    let Ok(files) = fs::read_dir(folder) else { return };
    for file in files {
        let file = file.unwrap().path();
        let held = std::panic::catch_unwind(|| holds(&fs::read(&file).unwrap()));
        assert!(held.is_ok(), "{}", file.display());
    }
}
